//! What waits for the next transaction: rows, and sums where a row a request would be too many.

mod counted;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};
use uuid::Uuid;

use super::entry::{
    CheckNote, Entry, Mark, Origin, PlanNote, PredictionNote, Request, Single, WindowNote, WindowsNote,
};
use crate::store::predictions::PredictionRow;
use crate::store::rows::{Batch, FailureRow, FindingRow, KeyRow, Labels, Micros, ResultRow, TallyRow, Verdict, id_at};
use crate::store::streams::StreamPart;
use crate::store::windows::WindowPart;
pub use counted::{CheckCounts, Counted, RecordCounts, SuiteCounts};

const MINUTE: Micros = 60_000_000;

/// What one segment of the journal says, folded as its entries come.
#[derive(Debug, Default)]
pub struct Shard {
    plans: Vec<Arc<PlanNote>>,
    groups: IndexMap<Key, Group>,
    results: BTreeMap<(Micros, Uuid), ResultRow>,
    failures: Vec<FailureRow>,
    findings: Vec<FindingRow>,
    keys: Vec<KeyRow>,
    windows: BTreeMap<(u32, Micros), Windows>,
    predictions: Vec<PredictionRow>,
    /// By plan: the segments that are told apart.
    names: HashMap<u32, HashSet<String>>,
    /// By plan: the latest time of a record.
    newest: BTreeMap<u32, Option<Micros>>,
    /// By plan: how the records of requests fared that have a row of their own.
    records: BTreeMap<u32, RecordCounts>,
    /// Requests folded in.
    pub outcomes: usize,
    /// Bytes held, about.
    pub bytes: usize,
}

/// The windows of one span.
#[derive(Debug, Default)]
struct Windows {
    /// Of all records.
    total: Option<WindowPart>,
    segments: HashMap<String, WindowPart>,
}

/// What requests that are summed up have in common: plan, minute, who asked.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key(u32, Micros, Origin);

/// A [`Key`] that is only looked up, so that a request costs no copy of its names.
struct Sought<'o>(u32, Micros, &'o Origin);

impl Hash for Sought<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.hash(state);
        self.2.hash(state);
    }
}

impl Equivalent<Key> for Sought<'_> {
    fn equivalent(&self, it: &Key) -> bool {
        self.0 == it.0 && self.1 == it.1 && *self.2 == it.2
    }
}

#[derive(Debug, Default)]
struct Group {
    /// Of the requests of one record: the first, how many, how they fared, and the time spent on them.
    first: Micros,
    requests: i64,
    failed: i64,
    warned: i64,
    unreadable: i64,
    verdict: Verdict,
    duration_us: i64,
    /// By expectation, of all requests.
    tallies: Vec<Tally>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    seen: i64,
    failed: i64,
    skipped: i64,
}

impl Shard {
    /// The number under which entries of this segment name a plan, if it was noted.
    pub fn plan(&self, note: &Arc<PlanNote>) -> Option<u32> {
        self.plans.iter().position(|it| Arc::ptr_eq(it, note) || it == note).map(|it| it as u32)
    }

    /// Notes a plan.
    pub fn note(&mut self, note: Arc<PlanNote>) -> u32 {
        self.bytes += note.checks.len() * 100;
        self.plans.push(note);
        (self.plans.len() - 1) as u32
    }

    /// Folds an entry in: when it is written, and when it is read back.
    pub fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Plan(note) => {
                self.note(Arc::new(note.clone()));
            }
            Entry::Single(it) => self.single(it),
            Entry::Request(it) => self.request(it),
        }
    }

    fn single(&mut self, it: &Single) {
        self.outcomes += 1;
        if let Some(window) = &it.window {
            self.window(it.plan, window);
        }
        self.predictions(it.plan, it.prediction.as_deref());
        let group = self.group(it.plan, it.at, &it.origin);
        for (tally, mark) in group.tallies.iter_mut().zip(it.marks.iter()) {
            tally.seen += i64::from(mark != Mark::Unseen);
            tally.failed += i64::from(mark == Mark::Failed);
            tally.skipped += i64::from(mark == Mark::Skipped);
        }
        group.first = if group.requests == 0 { it.at } else { group.first.min(it.at) };
        group.requests += 1;
        group.failed += i64::from(it.verdict == Verdict::Fail);
        group.warned += i64::from(it.verdict == Verdict::Warn);
        group.unreadable += i64::from(it.unreadable);
        group.verdict = group.verdict.max(it.verdict);
        group.duration_us += i64::from(it.duration_us);
    }

    fn request(&mut self, it: &Request) {
        self.outcomes += 1;
        let Some(plan) = self.plans.get(it.plan as usize).cloned() else { return };
        it.windows.iter().for_each(|window| self.window(it.plan, window));
        self.predictions(it.plan, &it.predictions);
        for (labels, counts) in &it.tallies {
            let origin = Origin { labels: labels.clone(), ..it.origin.clone() };
            let group = self.group(it.plan, it.at, &origin);
            for (tally, count) in group.tallies.iter_mut().zip(counts) {
                tally.seen += count.seen as i64;
                tally.failed += count.failed as i64;
                tally.skipped += count.skipped as i64;
            }
        }
        self.bytes += 400
            + it.failures.len() * 400
            + it.findings.iter().map(|it| 300 + it.details.as_ref().map_or(0, String::len)).sum::<usize>();
        self.records.entry(it.plan).or_default().add(it.records, it.failed, it.warned, it.unreadable);
        let row = self.results.entry((it.at, it.id)).or_insert_with(|| ResultRow {
            id: it.id,
            at: it.at,
            suite: plan.suite.clone(),
            suite_hash: plan.hash.clone(),
            source: it.origin.source.clone(),
            token: it.origin.token.clone(),
            labels: it.origin.labels.clone(),
            trace_id: it.trace_id.clone(),
            ..ResultRow::default()
        });
        row.requests += i64::from(it.requests);
        row.records += it.records as i64;
        row.failed += it.failed as i64;
        row.warned += it.warned as i64;
        row.unreadable += it.unreadable as i64;
        row.verdict = row.verdict.max(it.verdict);
        row.duration_us += it.duration_us as i64;
        row.failures_left_out += it.failures_left_out as i64;
        if let Some(statistics) = &it.statistics {
            row.statistics = serde_json::from_str(statistics).ok();
        }
        let unknown = CheckNote::default();
        let check = |i: u32| plan.checks.get(i as usize).unwrap_or(&unknown);
        self.failures.extend(it.failures.iter().map(|failure| {
            let CheckNote { title, kind, severity, field, .. } = check(failure.check);
            FailureRow {
                result_id: it.id,
                n: failure.n as i64,
                at: it.at,
                suite: plan.suite.clone(),
                suite_hash: plan.hash.clone(),
                check: title.clone(),
                kind: kind.clone(),
                severity: severity.clone(),
                field: field.clone(),
                record: failure.record as i64,
                record_id: failure.record_id.clone(),
                trace_id: failure.trace_id.as_ref().or(it.trace_id.as_ref()).cloned(),
                labels: failure.labels.clone(),
                observed: failure.observed.clone(),
                bound: failure.bound.clone(),
                message: failure.message.clone(),
            }
        }));
        self.findings
            .extend(it.findings.iter().enumerate().map(|(n, finding)| plan.finding(it.id, it.at, "", n, finding)));
        if let Some(note) = &it.key {
            self.bytes += 300;
            self.keys.push(KeyRow {
                suite: plan.suite.clone(),
                key: note.key.clone(),
                body_hash: note.body_hash.clone(),
                result_id: it.id,
                at: it.at,
                suite_hash: plan.hash.clone(),
                came: note.came,
            });
        }
    }

    /// Puts what records add to a window behind what others have added: to that of all records, and to those of their
    /// segments.
    fn window(&mut self, plan: u32, note: &WindowNote) {
        let Some(of) = self.plans.get(plan as usize) else { return };
        let newest = self.newest.entry(plan).or_default();
        *newest = (*newest).max(note.newest);
        let windows = self.windows.entry((plan, note.start)).or_default();
        if note.in_total {
            let total = windows.total.get_or_insert_with(|| begin(of, note, &mut self.bytes));
            add(total, note, &mut self.bytes);
        }
        let Some(WindowsNote { others, most, .. }) = &of.windows else { return };
        for (segment, other) in note.segments.iter().zip(others) {
            if let Some(part) = windows.segments.get_mut(segment) {
                add(part, note, &mut self.bytes);
                continue;
            }
            let names = self.names.entry(plan).or_default();
            let is_apart = names.contains(segment) || segment != other && names.len() < *most as usize;
            if is_apart {
                names.insert(segment.clone());
            }
            let segment = if is_apart { segment } else { other };
            let part = windows.segments.entry(segment.clone()).or_insert_with(|| {
                let (segment, other, most) = (segment.clone(), other.clone(), i64::from(*most));
                WindowPart { segment, other, most, ..begin(of, note, &mut self.bytes) }
            });
            add(part, note, &mut self.bytes);
        }
    }

    fn predictions<'n>(&mut self, plan: u32, notes: impl IntoIterator<Item = &'n PredictionNote>) {
        let Some(of) = self.plans.get(plan as usize) else { return };
        for it in notes {
            self.bytes += 400 + it.record.len();
            self.predictions.push(PredictionRow {
                key: it.key,
                at: it.at,
                suite: of.suite.clone(),
                suite_hash: of.hash.clone(),
                id: it.id.clone(),
                labels: it.labels.clone(),
                prediction: it.prediction.clone(),
                score: it.score,
                record: it.record.clone(),
            });
        }
    }

    fn group(&mut self, plan: u32, at: Micros, origin: &Origin) -> &mut Group {
        let minute = at - at.rem_euclid(MINUTE);
        let place = self.groups.get_index_of(&Sought(plan, minute, origin)).unwrap_or_else(|| {
            let n = self.plans.get(plan as usize).map_or(0, |it| it.checks.len());
            self.bytes += 400 + n * size_of::<Tally>();
            let group = Group { tallies: vec![Tally::default(); n], ..Group::default() };
            self.groups.insert_full(Key(plan, minute, origin.clone()), group).0
        });
        &mut self.groups[place]
    }

    /// The rows, for one transaction.
    pub fn into_batch(self, segment: Uuid) -> Batch {
        let Shard { plans, groups, results, failures, findings, keys, windows, newest, predictions, .. } = self;
        let mut results: Vec<_> = results.into_values().collect();
        let mut sums: BTreeMap<(u32, usize, Micros, Labels), Tally> = BTreeMap::new();
        for (Key(number, minute, origin), group) in groups {
            for (i, tally) in group.tallies.iter().enumerate().filter(|it| it.1.seen > 0) {
                let sum = sums.entry((number, i, minute, origin.labels.clone())).or_default();
                sum.seen += tally.seen;
                sum.failed += tally.failed;
                sum.skipped += tally.skipped;
            }
            let Some(plan) = plans.get(number as usize).filter(|_| group.requests > 0) else { continue };
            results.push(ResultRow {
                id: id_at(group.first),
                at: group.first,
                suite: plan.suite.clone(),
                suite_hash: plan.hash.clone(),
                source: origin.source,
                token: origin.token,
                labels: origin.labels,
                requests: group.requests,
                records: group.requests,
                failed: group.failed,
                warned: group.warned,
                unreadable: group.unreadable,
                verdict: group.verdict,
                duration_us: group.duration_us,
                ..ResultRow::default()
            });
        }
        results.sort_unstable_by_key(|it| (it.at, it.id));
        // Two expectations of one title are one row: the store knows them by it.
        let mut rows: BTreeMap<(Micros, String, String, String, Labels), TallyRow> = BTreeMap::new();
        for ((number, i, minute, labels), tally) in sums {
            let Some(plan) = plans.get(number as usize) else { continue };
            let Some(check) = plan.checks.get(i) else { continue };
            let key = (minute, plan.suite.clone(), plan.hash.clone(), check.title.clone(), labels.clone());
            let row = rows.entry(key).or_insert_with(|| TallyRow {
                minute,
                suite: plan.suite.clone(),
                suite_hash: plan.hash.clone(),
                check: check.title.clone(),
                kind: check.kind.clone(),
                severity: check.severity.clone(),
                field: check.field.clone(),
                labels,
                ..TallyRow::default()
            });
            row.seen += tally.seen;
            row.failed += tally.failed;
            row.skipped += tally.skipped;
        }
        let stream = |(number, newest): (u32, Option<Micros>)| {
            let plan = plans.get(number as usize)?;
            let windows = plan.windows.as_ref()?;
            Some(StreamPart {
                suite: plan.suite.clone(),
                suite_hash: plan.hash.clone(),
                watermark: newest.map(|it| it.saturating_sub(windows.patience)),
                idle: windows.idle,
            })
        };
        let streams = newest.into_iter().filter_map(stream).collect();
        let windows = windows.into_values().flat_map(|it| {
            let mut segments: Vec<_> = it.segments.into_values().collect();
            segments.sort_unstable_by(|a, b| a.segment.cmp(&b.segment));
            it.total.into_iter().chain(segments)
        });
        let (tallies, windows) = (rows.into_values().collect(), windows.collect());
        Batch { segment, results, failures, findings, tallies, keys, windows, streams, predictions }
    }

    /// Whether there is nothing to store.
    pub const fn is_empty(&self) -> bool {
        self.outcomes == 0
    }

    /// Whether so many combinations of model, version, segment and source are told apart that a further
    /// one should not be.
    pub fn is_full_of(&self, most: usize) -> bool {
        self.groups.len() >= most
    }

    /// Whether a request of this combination came before.
    pub fn knows(&self, plan: u32, at: Micros, origin: &Origin) -> bool {
        self.groups.contains_key(&Sought(plan, at - at.rem_euclid(MINUTE), origin))
    }
}

/// The part of a window that nothing was added to.
fn begin(of: &PlanNote, note: &WindowNote, bytes: &mut usize) -> WindowPart {
    *bytes += 400;
    let (suite, suite_hash) = (of.suite.clone(), of.hash.clone());
    let windows = of.windows.as_ref();
    let close_at = windows.and_then(|it| note.end.checked_add(it.lateness?));
    let length = windows.map(|it| it.length.clone()).unwrap_or_default();
    WindowPart { suite, suite_hash, start: note.start, end: note.end, length, close_at, ..WindowPart::default() }
}

fn add(part: &mut WindowPart, note: &WindowNote, bytes: &mut usize) {
    part.records += note.records as i64;
    part.unreadable += note.unreadable as i64;
    part.untimed += note.untimed as i64;
    // An entry is shorter than four gigabytes.
    part.state.extend_from_slice(&(note.state.len() as u32).to_le_bytes());
    part.state.extend_from_slice(&note.state);
    *bytes += note.state.len() + 4;
}
