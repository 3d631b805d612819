//! Windows of one span that are judged together, so that `drift.correction` holds over fields and segments.
//!
//! What each test says is held until all windows of the span are judged; then they are corrected, and written page by
//! page. States are held too, up to a bound, and those beyond it are made a second time.

use std::time::{Duration, Instant};

use driftline_rules::detector::Memory;
use driftline_rules::report::Status;
use driftline_rules::run::{self, Finding};
use tracing::error;

use crate::metrics::{self, Stage};
use crate::service::comparing::Compared;
use crate::service::judging::{Judgements, judgements};
use crate::service::sums::Sum;
use crate::service::version::Version;
use crate::service::windows::judge;
use crate::store::rows::FindingRow;
use crate::store::windows::{Closed, Kept, WindowKey, WindowRow};

/// Bytes of encoded windows that are held until they are written.
const HELD: usize = 64 << 20;

/// Work after which a rest is taken.
const WORK: Duration = Duration::from_millis(2);

/// Rests as long as it works, so that thousands of windows leave checks the processor that they need.
pub(super) struct Pace(Option<Instant>);

impl Pace {
    /// Of a few windows, which need no rest, or of many.
    pub(super) fn new(is_many: bool) -> Self {
        Pace(is_many.then(Instant::now))
    }

    /// Rests if it is time to. Called where blocking is allowed.
    pub(super) fn breathe(&mut self) {
        if let Some(since) = &mut self.0 {
            let worked = since.elapsed();
            if worked >= WORK {
                std::thread::sleep(worked);
                *since = Instant::now();
            }
        }
    }
}

/// The windows of one span, as they are judged.
#[derive(Default)]
pub(in crate::service) struct Together {
    windows: Vec<Judged>,
    held: usize,
    /// Whether of segments only what fails is told.
    tells_failures: bool,
}

/// A window that was judged: what is to be written of it, but for the correction.
pub(in crate::service) struct Judged {
    key: WindowKey,
    row: WindowRow,
    found: Vec<Finding>,
    /// What detectors remember, this window included.
    memory: Option<Vec<u8>>,
    /// `None`: it is made again.
    state: Option<Vec<u8>>,
}

impl Judged {
    /// Judges a window that is whole, unless something of it is missing. `before` is what detectors remember of the
    /// window before it; `None`: it is not watched.
    pub(in crate::service) fn new(
        version: &Version,
        key: WindowKey,
        compared: &Compared,
        mut row: WindowRow,
        sum: Sum,
        before: Option<Vec<u8>>,
    ) -> Self {
        let state = Some(sum.state(&key.suite_hash));
        row.labels += sum.n_labels as i64;
        if let Some(problem) = &sum.problem {
            row.message.get_or_insert_with(|| format!("some of its records are missing, since {problem}"));
        }
        if let Some(message) = row.message.as_deref() {
            error!(suite = row.suite, hash = row.suite_hash, window = %row.id, message, "a window cannot be judged");
            "error".clone_into(&mut row.status);
            // As if it had not been there.
            return Judged { key, row, found: Vec::new(), memory: before, state };
        }
        let begun = Instant::now();
        let mut found = judge(&version.loaded.plan, sum.into_window(), &key.segment, key.end, compared.references());
        let memory = before.map(|it| watched(version, &mut found, &it));
        metrics::took(Stage::Judge, begun.elapsed());
        row.baseline.clone_from(&compared.told);
        Judged { key, row, found, memory, state }
    }

    /// What is written, the state as `again` makes it if it was not held.
    fn closed(self, version: &Version, again: impl FnOnce(&WindowKey) -> Vec<u8>) -> Closed {
        let Judged { key, mut row, found, memory, state } = self;
        let state = Some(state.unwrap_or_else(|| again(&key)));
        let is_undecided = !version.loaded.plan.triggers.is_empty();
        if row.message.is_some() {
            return Closed { kept: Kept { row, state }, memory, is_undecided, ..Closed::default() };
        }
        let Judgements { findings, statistics, verdict } = judgements(version, found, true);
        let finding = |(n, it)| FindingRow {
            length: key.length.clone(),
            ..version.note.finding(row.id, row.start, &row.segment, n, it)
        };
        let findings = findings.iter().enumerate().map(finding).collect();
        verdict.name().clone_into(&mut row.status);
        row.statistics = Some(statistics);
        Closed { kept: Kept { row, state }, findings, memory, is_unjudged: false, is_undecided }
    }
}

/// Lets the detectors of a version watch what was found in the window after the one that `before` is of; what they
/// remember now. Where privacy keeps fields out of windows, what watches them is skipped when findings are told.
fn watched(version: &Version, found: &mut [Finding], before: &[u8]) -> Vec<u8> {
    let mut memory = Memory::from_bytes(before);
    run::watch(&version.loaded.plan, found, &mut memory);
    memory.to_bytes()
}

impl Together {
    /// Adds a window, behind those that are there.
    pub(in crate::service) fn add(&mut self, mut judged: Judged) {
        let bytes = judged.state.as_ref().map_or(0, Vec::len);
        if self.held + bytes > HELD {
            judged.state = None;
        } else {
            self.held += bytes;
        }
        self.windows.push(judged);
    }

    /// When all are judged: corrects what was found for the number of all tests. When more findings of segments hold
    /// than `passes`, none of these is told.
    pub(in crate::service) fn correct(&mut self, version: &Version, passes: usize) {
        let plan = &version.loaded.plan;
        // All of them span the same time.
        let span = self.windows.first().map(|it| (it.key.start, it.key.end));
        let spends = span.and_then(|it| plan.drift.spends(&plan.windows, it));
        let mut found: Vec<_> = self.windows.iter_mut().map(|it| it.found.as_mut_slice()).collect();
        run::correct(plan, spends, &mut found);
        let of_segments = self.windows.iter().filter(|it| !it.key.segment.is_empty()).flat_map(|it| &it.found);
        let holds = |it: &&Finding| matches!(it.judgement.status, Status::Pass | Status::Skip);
        self.tells_failures = of_segments.filter(holds).nth(passes).is_some();
    }

    /// Whether the states of the first windows are all held.
    pub(super) fn holds(&self, n: usize) -> bool {
        self.windows.iter().take(n).all(|it| it.state.is_some())
    }

    /// What is written of the first windows, which are taken out.
    pub(in crate::service) fn closed(
        &mut self,
        version: &Version,
        n: usize,
        again: impl Fn(&WindowKey) -> Vec<u8>,
    ) -> Vec<Closed> {
        let (n, mut pace) = (n.min(self.windows.len()), Pace::new(n > 1));
        let closed = self.windows.drain(..n).map(|it| {
            pace.breathe();
            let tells_failures = self.tells_failures && !it.key.segment.is_empty();
            let mut closed = it.closed(version, &again);
            if tells_failures {
                let names = [Status::Fail, Status::Error].map(Status::name);
                closed.findings.retain(|it| names.contains(&it.status.as_str()));
            }
            closed
        });
        closed.collect()
    }

    /// The keys of the first windows whose state is not held.
    pub(super) fn missing(&self, n: usize) -> Vec<WindowKey> {
        self.windows.iter().take(n).filter(|it| it.state.is_none()).map(|it| it.key.clone()).collect()
    }
}
