//! The windows of the changed suite, one span after the other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use driftline_rules::plan::Expectation;
use driftline_rules::suite::Length;
use driftline_rules::suite::Of;

use super::firing::{Fired, Firing};
use super::records::{Filled, Log};
use super::references::{Against, Earlier};
use super::{Asked, Known};
use crate::service::app::now;
use crate::service::closing::new_row;
use crate::service::closing::together::{Judged, Together};
use crate::service::sums::Sum;
use crate::store;
use crate::store::rows::{FindingRow, Micros};
use crate::store::windows::{WindowKey, WindowRow};

/// How many windows are read at once.
const AT_ONCE: usize = 50;

/// A window that is being added up.
struct Open {
    row: WindowRow,
    sum: Sum,
    /// Expectations that it cannot answer.
    unanswered: BTreeSet<usize>,
}

/// The windows of one span, by segment.
type Span = BTreeMap<String, Open>;

/// A window that was judged.
pub struct Window {
    pub row: WindowRow,
    pub findings: Vec<FindingRow>,
    /// Of the findings those that could not be answered, by place.
    pub unanswered: BTreeSet<i64>,
}

/// What a changed suite would have found.
pub struct Replayed {
    /// The windows within the span that was asked for.
    pub windows: Vec<Window>,
    /// The incidents.
    pub incidents: Vec<Fired>,
    /// By expectation, in how many windows it could not be answered.
    pub unanswered: BTreeMap<usize, u64>,
    /// What was folded of the log of predictions.
    pub filled: Filled,
}

pub struct Replay<'r> {
    asked: &'r Asked<'r>,
    known: &'r BTreeMap<String, Option<Known>>,
    /// Longer windows that are not over, by end, the later start first.
    longer: BTreeMap<(Micros, Reverse<Micros>, String), Span>,
    earlier: Earlier,
    memories: HashMap<(String, String), Vec<u8>>,
    firing: Firing<'r>,
    log: Log<'r>,
    first: Micros,
    done: Replayed,
}

impl<'r> Replay<'r> {
    pub fn new(asked: &'r Asked<'r>, known: &'r BTreeMap<String, Option<Known>>) -> Self {
        let done = Replayed {
            windows: Vec::new(),
            incidents: Vec::new(),
            unanswered: BTreeMap::new(),
            filled: Filled::default(),
        };
        Replay {
            asked,
            known,
            longer: BTreeMap::new(),
            earlier: Earlier::default(),
            memories: HashMap::new(),
            firing: Firing::new(asked),
            log: Log::new(asked, known),
            first: Micros::MIN,
            done,
        }
    }

    /// Judges all windows, in the order of their ends.
    pub async fn run(mut self, panes: BTreeMap<(Micros, Micros), Vec<WindowRow>>) -> Result<Replayed, store::Error> {
        let plan = &self.asked.new.loaded.plan;
        self.first = super::begin(self.asked);
        let Some(pane) = plan.windows.pane() else { return Ok(self.done) };
        for ((start, end), rows) in panes {
            self.close_longer(start).await?;
            let span = self.span(pane, (start, end), &rows).await?;
            for (start, end, of) in self.around(pane, start) {
                let into = self.longer.entry((end, Reverse(start), of.to_string())).or_default();
                for (segment, it) in &span {
                    add(self.asked, into, segment, &it.row, it.sum.clone(), &it.unanswered);
                }
            }
            self.judge(pane.to_string(), (start, end), span).await?;
        }
        self.close_longer(self.asked.to).await?;
        self.done.incidents = self.firing.end(self.asked.to);
        self.done.filled = self.log.filled;
        Ok(self.done)
    }

    /// The longer spans that hold a pane and of which all panes are read.
    fn around(&self, pane: Length, start: Micros) -> Vec<(Micros, Micros, Of)> {
        let windows = &self.asked.new.loaded.plan.windows;
        let mut found: Vec<(Micros, Micros, Of)> = Vec::new();
        let mut bases = vec![(pane, start)];
        while let Some((base, start)) = bases.pop() {
            for it in windows.longer(base, start) {
                if let Of::Length(length) = it.of {
                    bases.push((length, it.start));
                }
                if !found.contains(&(it.start, it.end, it.of)) {
                    found.push((it.start, it.end, it.of));
                }
            }
        }
        found.retain(|it| it.0 >= self.first);
        found
    }

    /// The windows of a pane, carried over.
    async fn span(&mut self, pane: Length, of: (Micros, Micros), rows: &[WindowRow]) -> Result<Span, store::Error> {
        let (plan, mut span) = (&self.asked.new.loaded.plan, Span::new());
        for rows in rows.chunks(AT_ONCE) {
            let ids: Vec<_> = rows.iter().map(|it| it.id).collect();
            let kept = self.asked.store.kept_windows(&ids).await?;
            for it in kept {
                let Some(Some(known)) = self.known.get(&it.row.suite_hash) else { continue };
                let is_kept = it.row.segment.is_empty() || plan.segments.could_be(&it.row.segment);
                let Some(state) = it.state.filter(|_| is_kept) else { continue };
                let most = self.asked.settings.values(&it.row.segment);
                let mut sum = Sum::new(&known.version.loaded.plan);
                sum.add(&known.version.loaded.plan, &known.version.hash, &state, 1, most);
                let mut unanswered = BTreeSet::new();
                let mut of_labels = None;
                let mut carried = sum.carried(|window| {
                    let it = known.carry.window(plan, window);
                    // Windows of records come behind those of labels here.
                    of_labels.get_or_insert_with(Vec::new).push(it.unanswered);
                    it.window
                });
                unanswered.extend(of_labels.into_iter().flatten().flatten());
                let waits = plan.bindings.label_waits.difference(&known.version.loaded.plan.bindings.label_waits);
                // What the new suite waits for has come by now, if its time is over.
                let over = waits.filter(|it| it.saturating_add(of.1) <= now()).max();
                if let Some(it) = over {
                    carried.wait(*it);
                }
                let filled = self.log.fill(&it.row, &mut unanswered).await?;
                if let Some(more) = filled {
                    more.put(plan, &known.carry, &mut carried);
                }
                let row = WindowRow { start: of.0, end: of.1, length: pane.to_string(), ..it.row };
                add(self.asked, &mut span, &row.segment.clone(), &row, carried, &unanswered);
            }
        }
        Ok(span)
    }

    /// Judges longer windows that end by a time.
    async fn close_longer(&mut self, until: Micros) -> Result<(), store::Error> {
        while let Some(first) = self.longer.first_entry().filter(|it| it.key().0 <= until) {
            let ((end, Reverse(start), length), span) = first.remove_entry();
            self.judge(length, (start, end), span).await?;
        }
        Ok(())
    }

    async fn judge(&mut self, length: String, (start, end): (Micros, Micros), span: Span) -> Result<(), store::Error> {
        let (asked, version) = (self.asked, &self.asked.new);
        let plan = &version.loaded.plan;
        let key = WindowKey {
            suite: version.name.clone(),
            suite_hash: version.hash.clone(),
            start,
            end,
            length,
            is_over: true,
            ..WindowKey::default()
        };
        let mut rows = BTreeMap::new();
        let mut sums = BTreeMap::new();
        for (segment, it) in span {
            sums.insert(segment.clone(), it.sum);
            rows.insert(segment, (it.row, it.unanswered));
        }
        // The window of all records comes last, as the service has it.
        let mut names: Vec<String> = sums.keys().cloned().collect();
        names.sort_by_key(String::is_empty);
        let against = Against::new(plan, &self.earlier, &sums);
        let mut together = Together::default();
        for name in &names {
            let (key, Some(sum)) = (key.of_segment(name), sums.get(name)) else { continue };
            let row = rows.get(name).map(|it| it.0.clone()).unwrap_or_default();
            let compared = against.of(asked, &key, asked.settings.values(name)).await?;
            let before = if plan.watches() { Some(self.memory(&key).await?) } else { None };
            let WindowRow { id, suite, suite_hash, length, segment, .. } = key.row();
            let row = WindowRow { id, suite, suite_hash, start, end, length, segment, ..row };
            together.add(Judged::new(version, key, &compared, row, sum.clone(), before));
        }
        together.correct(version, asked.settings.segment_passes);
        for name in &names {
            let Some(closed) = together.closed(version, 1, |_| Vec::new()).pop() else { continue };
            let row = closed.kept.row;
            if let Some(memory) = closed.memory {
                self.memories.insert((row.length.clone(), name.clone()), memory);
            }
            let missing = rows.remove(name).map(|it| it.1).unwrap_or_default();
            let mut findings = closed.findings;
            let unanswered = self.unanswered(&row, &mut findings, &missing);
            self.firing.window(&row, &findings);
            if let Some(sum) = sums.remove(name) {
                self.earlier.keep(plan, &row, sum);
            }
            if row.start >= asked.from && row.end <= asked.to {
                self.done.windows.push(Window { row, findings, unanswered });
            }
        }
        Ok(())
    }

    /// Findings that nothing is known of say so.
    fn unanswered(&mut self, row: &WindowRow, findings: &mut [FindingRow], missing: &BTreeSet<usize>) -> BTreeSet<i64> {
        let plan = &self.asked.new.loaded.plan;
        let is_segment = !row.segment.is_empty();
        let judged: Vec<usize> = plan
            .expectations
            .iter()
            .enumerate()
            .filter(|it: &(usize, &Expectation)| it.1.over.takes(is_segment))
            .map(|it| it.0)
            .collect();
        let mut places = BTreeSet::new();
        for (n, i) in judged.into_iter().enumerate().filter(|it| missing.contains(&it.1)) {
            places.insert(n as i64);
            if row.start >= self.asked.from {
                *self.done.unanswered.entry(i).or_default() += 1;
            }
            if let Some(it) = findings.iter_mut().find(|it| it.n == n as i64) {
                "skip".clone_into(&mut it.status);
                (it.observed, it.statistic) = (None, None);
                "it needs records".clone_into(&mut it.message);
            }
        }
        places
    }

    /// What detectors remember of the window before.
    async fn memory(&self, key: &WindowKey) -> Result<Vec<u8>, store::Error> {
        if let Some(it) = self.memories.get(&(key.length.clone(), key.segment.clone())) {
            return Ok(it.clone());
        }
        // Those of this very version go on where they were.
        let mut found = self.asked.store.memories(key, &[&key.segment]).await?;
        Ok(found.remove(&key.segment).unwrap_or_default())
    }
}

/// Adds a window to that of a longer span.
fn add(asked: &Asked<'_>, span: &mut Span, segment: &str, row: &WindowRow, sum: Sum, unanswered: &BTreeSet<usize>) {
    let plan = &asked.new.loaded.plan;
    let into = span.entry(segment.to_owned()).or_insert_with(|| Open {
        row: new_row(&WindowKey { segment: segment.to_owned(), ..WindowKey::default() }),
        sum: Sum::new(plan),
        unanswered: BTreeSet::new(),
    });
    into.row.records += row.records;
    into.row.unreadable += row.unreadable;
    into.row.untimed += row.untimed;
    into.row.late += row.late;
    into.row.labels += row.labels;
    if into.row.message.is_none() {
        into.row.message.clone_from(&row.message);
    }
    into.sum.merge(sum, asked.settings.values(segment));
    into.unanswered.extend(unanswered);
}
