//! What no window keeps is folded of the records that the log of predictions keeps.

use std::collections::{BTreeMap, BTreeSet};

use driftline_rules::binder::Side;
use driftline_rules::kind::Check;
use driftline_rules::path::Path;
use driftline_rules::plan::Plan;
use driftline_rules::plan::carry::Carry;
use driftline_rules::record::Reader;
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::suite::LABEL;
use driftline_rules::window::Window;

use super::{Asked, Known, PAGE};
use crate::service::joins::joined_text;
use crate::service::segments::names_of_kept;
use crate::service::sums::Sum;
use crate::service::version::Version;
use crate::store;
use crate::store::predictions::{Logged, Wanted};
use crate::store::rows::{Cursor, Micros};
use crate::store::windows::WindowRow;

const KEEP: Keep = Keep { values: 0, all_rows: false };

/// What was folded of the log.
#[derive(Default)]
pub struct Filled {
    /// By expectation, why windows did not answer it.
    pub why: BTreeMap<usize, String>,
    /// By expectation, of how many windows the log answered it.
    pub windows: BTreeMap<usize, u64>,
    /// Records of these windows, and those that the log had.
    records: (u64, u64),
}

impl Filled {
    /// The share of records that the log had.
    pub fn sample(&self) -> Option<f64> {
        let (all, kept) = self.records;
        (all > 0).then(|| (kept as f64 / all as f64).min(1.0))
    }
}

/// The log of predictions.
pub struct Log<'l> {
    asked: &'l Asked<'l>,
    known: &'l BTreeMap<String, Option<Known>>,
    /// By version, the expectations that read nothing but what its log kept.
    can: BTreeMap<&'l str, BTreeSet<usize>>,
    reader: Reader,
    /// The predictions of the span that was asked for last.
    last: (Micros, Micros, Vec<Logged>),
    pub filled: Filled,
}

/// What the log adds to a window.
pub struct More {
    which: Vec<usize>,
    records: Window,
    labels: Window,
}

impl<'l> Log<'l> {
    pub fn new(asked: &'l Asked<'l>, known: &'l BTreeMap<String, Option<Known>>) -> Self {
        let mut can: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (hash, it) in known.iter().filter_map(|it| Some((it.0, it.1.as_ref()?))) {
            can.insert(hash, answerable(&asked.new.loaded.plan, &it.version));
        }
        let reader = Reader::new(&asked.new.loaded.plan.shape, asked.new.limits);
        Log { asked, known, can, reader, last: (0, 0, Vec::new()), filled: Filled::default() }
    }

    /// What the log adds to the window of these records; the expectations that it answers are taken out of those that
    /// nothing answers yet.
    pub async fn fill(
        &mut self,
        row: &WindowRow,
        unanswered: &mut BTreeSet<usize>,
    ) -> Result<Option<More>, store::Error> {
        if unanswered.is_empty() {
            return Ok(None);
        }
        let known = self.known.get(&row.suite_hash).and_then(Option::as_ref);
        for i in unanswered.iter() {
            let why = known.and_then(|it| it.carry.needs_records(*i));
            let why = why.unwrap_or("windows kept no count of it, and not all values of the field");
            self.filled.why.entry(*i).or_insert_with(|| why.to_owned());
        }
        let can = self.can.get(row.suite_hash.as_str());
        let which: Vec<usize> = can.map(|it| it.intersection(unanswered).copied().collect()).unwrap_or_default();
        if which.is_empty() {
            return Ok(None);
        }
        self.read(row).await?;
        let (new, plan) = (&self.asked.new, &self.asked.new.loaded.plan);
        let (mut records, mut labels) = (Fold::new(plan, KEEP), Fold::new(plan, KEEP));
        for it in self.last.2.iter().filter(|it| it.prediction.suite_hash == row.suite_hash) {
            let mut cells = Vec::with_capacity(plan.bindings.paths.len());
            if self.reader.fill(&it.prediction.record, &mut cells).is_err() {
                continue;
            }
            if !row.segment.is_empty() && !names_of_kept(new, &cells).contains(&row.segment) {
                continue;
            }
            let (at, n) = (it.prediction.at, records.window.rows);
            run::check(plan, &mut cells, n, at, &mut records);
            let Some(text) = joined_text(it) else { continue };
            let mut cells = Vec::with_capacity(plan.bindings.paths.len());
            if self.reader.fill(&text, &mut cells).is_ok() {
                let n = labels.window.joined;
                run::join(plan, &mut cells, n, at, &mut labels);
            }
        }
        run::flush(&mut records);
        run::flush(&mut labels);
        if records.window.rows == 0 {
            return Ok(None);
        }
        self.filled.records.0 += u64::try_from(row.records).unwrap_or(0);
        self.filled.records.1 += records.window.rows;
        for i in &which {
            unanswered.remove(i);
            *self.filled.windows.entry(*i).or_default() += 1;
        }
        Ok(Some(More { which, records: records.window, labels: labels.window }))
    }

    /// Reads the predictions of a span, unless they are there.
    async fn read(&mut self, row: &WindowRow) -> Result<(), store::Error> {
        if (self.last.0, self.last.1) == (row.start, row.end) {
            return Ok(());
        }
        let wanted = Wanted {
            suite: Some(row.suite.clone()),
            since: Some(row.start),
            until: Some(row.end),
            ..Wanted::default()
        };
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.asked.store.predictions(&wanted, after, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            after = page.last().map(|it| Cursor { at: it.prediction.at, id: it.prediction.key, n: 0 });
            all.extend(page);
            if is_last {
                break;
            }
        }
        all.reverse();
        self.last = (row.start, row.end, all);
        Ok(())
    }
}

/// The expectations of a plan that read nothing but what the log of a version kept as it was.
fn answerable(plan: &Plan, old: &Version) -> BTreeSet<usize> {
    let Some(log) = old.log() else { return BTreeSet::new() };
    let fields = log.fields.iter().filter(|it| old.privacy.keeps(&it.0));
    let fields: Vec<Path> = fields.filter_map(|it| Path::parse(&it.0).ok()).collect();
    let mut found = BTreeSet::new();
    for (i, it) in plan.expectations.iter().enumerate() {
        if matches!(it.check, Check::Watch(_)) {
            if i.checked_sub(1).is_some_and(|it| found.contains(&it)) {
                found.insert(i);
            }
            continue;
        }
        let is_kept = |path: &Path| {
            let of_label = path.segments().first().is_some_and(|it| it == LABEL) && it.side == Side::Label;
            of_label || fields.iter().any(|it| path.segments().starts_with(it.segments()))
        };
        let mut paths = it.reads.iter().filter_map(|it| plan.bindings.paths.get(usize::from(it.0)));
        if !it.reads.is_empty() && !it.reads_columns && paths.all(is_kept) {
            found.insert(i);
        }
    }
    found
}

impl More {
    /// Puts what the log adds where windows had nothing.
    pub fn put(&self, plan: &Plan, carry: &Carry, sum: &mut Sum) {
        sum.change(plan, |window, is_labels| {
            let from = if is_labels { &self.labels } else { &self.records };
            for i in &self.which {
                let Some(it) = plan.expectations.get(*i).filter(|it| (it.side == Side::Label) == is_labels) else {
                    continue;
                };
                if let (Some(to), Some(tally)) = (window.tallies.get_mut(*i), from.tallies.get(*i)) {
                    to.clone_from(tally);
                }
                for at in it.sketches.iter().map(|it| usize::from(it.0)).filter(|it| !carry.has_summary(*it)) {
                    if let (Some(to), Some(sketch)) = (window.sketches.get_mut(at), from.sketches.get(at)) {
                        to.clone_from(sketch);
                    }
                }
                for at in it.reads.iter().map(|it| usize::from(it.0)) {
                    if let (Some(to), Some(held)) = (window.held.get_mut(at), from.held.get(at))
                        && !to.anything()
                    {
                        *to = *held;
                    }
                }
            }
        });
    }
}
