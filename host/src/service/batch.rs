//! A batch of records: checked chunk by chunk as it comes, each chunk journalled before its verdicts
//! are sent, and judged as a whole at its end. Memory is bounded however long the batch is.

mod answer;
mod apart;
mod ended;
mod kinds;
mod panes;
mod parts;
mod pending;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use driftline_rules::report::Tally;
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::signal::{Board, Noted};
use driftline_rules::value::Value;
use uuid::Uuid;

use super::app::App;
use super::comparing::Compared;
use super::version::{Version, Who};
use super::windows::Told;
use crate::files::csv::Nulls;
use crate::files::{Format, Input};
use crate::intake::Intake;
use crate::intake::entry::{Count, FailureNote, FindingNote, KeyNote, Origin, PredictionNote};
use crate::metrics::{self, Stage};
use crate::records::{Record, Records, Stop};
use crate::store::rows::{Labels, Micros, Verdict};
pub use ended::{Cut, Ended};

use apart::Apart;
use panes::Panes;
use pending::Pending;

/// Bytes that are checked at a time.
const CHUNK: usize = 1 << 20;
/// Bytes, or time, after which what was checked is journalled and answered.
const PART: (u64, Duration) = (1 << 20, Duration::from_millis(100));

/// Which verdicts are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// One a record.
    #[default]
    All,
    /// Those of records that failed something.
    Failed,
    /// None: only the sums and findings.
    None,
}

/// A batch to check.
pub struct Batch {
    /// What it is checked with.
    pub version: Arc<Version>,
    /// What the whole is compared with.
    pub compared: Compared,
    /// The request's id.
    pub id: Uuid,
    /// When it came.
    pub at: Micros,
    /// Source and token.
    pub origin: Origin,
    /// The trace that the request is part of.
    pub trace_id: Option<String>,
    /// Its format.
    pub format: Format,
    /// Which verdicts are answered.
    pub wanted: Wanted,
    /// What is done with a failing record: `accept`, `tag` or `reject`.
    pub action: &'static str,
    /// Its `Idempotency-Key`. Then it is journalled as one, and answered after that: what is cut short and
    /// sent again counts once.
    pub key: Option<KeyNote>,
    /// Bounds.
    pub limits: Limits,
    /// Whose signals its records feed.
    pub app: Arc<App>,
}

/// What a batch may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a record.
    pub record: usize,
    /// Bytes in all, decompressed.
    pub body: u64,
    /// Records.
    pub records: u64,
    /// Failures that are kept.
    pub failures: u64,
    /// Time, from the first byte to the last verdict.
    pub time: Duration,
}

/// What is left to answer when all verdicts are sent.
#[derive(Debug)]
pub struct Done {
    /// Sums over all parts.
    pub sums: Sums,
    /// What the expectations say of the whole.
    pub findings: Vec<FindingNote>,
    /// The worst finding.
    pub verdict: Verdict,
    /// Why the rest of the body was not checked.
    pub cut: Option<Cut>,
    /// What [`Intake::stored`] waits for; 0 when nothing is stored.
    pub number: u64,
}

/// Counts of records.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    /// Records.
    pub records: u64,
    /// Failed, or unreadable.
    pub failed: u64,
    /// Failed warnings only.
    pub warned: u64,
    /// Unreadable.
    pub unreadable: u64,
}

/// Failed records are noted one by one, as far as they are kept.
const KEEP: Keep = Keep { values: 0, all_rows: false };

struct Work<'w> {
    batch: &'w Batch,
    /// What is judged at the end: all but what came since the last part.
    fold: Fold,
    /// What came since the last part.
    part: Fold,
    told: Told,
    panes: Panes,
    /// What came since the last part, by segment.
    apart: Apart,
    before: Vec<Tally>,
    by_labels: BTreeMap<Labels, Vec<Count>>,
    has_labels: bool,
    sums: Sums,
    journalled: Sums,
    failures: Vec<FailureNote>,
    n_failures: u64,
    n_left_out: u64,
    parts: u64,
    out: Vec<u8>,
    n_out: u64,
    /// Verdicts that are sent when the whole is journalled.
    held: Option<File>,
    /// Whether any were journalled or sent.
    is_told: bool,
    /// Whether somebody reads the verdicts. A batch that was sent counts, whoever hears of it.
    is_read: bool,
    started: Instant,
    /// Records that wait for plugins.
    pending: Vec<Pending>,
    /// What is kept of records so that labels can be joined.
    predictions: Vec<PredictionNote>,
    /// What came since the last part adds to signals.
    board: Board,
    noted: Noted,
}

impl Batch {
    /// Checks the batch. `send` is given the verdicts, as the elements of a JSON array without its
    /// brackets, or as lines when `lines`; it is false when nobody reads them any more.
    /// Without `intake` nothing is journalled or stored.
    pub fn run(
        &self,
        body: Box<dyn Read + Send>,
        intake: Option<&Intake>,
        lines: bool,
        send: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Result<Done, Ended> {
        let plan = &self.version.loaded.plan;
        let mut work = Work {
            batch: self,
            fold: Fold::new(plan, KEEP),
            part: Fold::new(plan, KEEP),
            told: self.version.keeping.begin(plan),
            panes: Panes::new(plan.windows.around(self.at)),
            apart: Apart::default(),
            before: vec![Tally::default(); plan.expectations.len()],
            by_labels: BTreeMap::new(),
            has_labels: plan.model.is_some() || plan.version.is_some() || !plan.label_segments.is_empty(),
            sums: Sums::default(),
            journalled: Sums::default(),
            failures: Vec::new(),
            n_failures: 0,
            n_left_out: 0,
            parts: 0,
            out: Vec::new(),
            n_out: 0,
            held: None,
            is_told: false,
            is_read: true,
            started: Instant::now(),
            pending: Vec::new(),
            predictions: Vec::new(),
            board: Board::new(&plan.signals),
            noted: Noted::default(),
        };
        if self.key.is_some() && intake.is_some() {
            work.held = Some(tempfile::tempfile().map_err(Ended::Held)?);
        }
        let cut = work.read(body, intake, lines, send)?;
        work.conclude_pending(lines);
        work.finish(intake, cut, send)
    }
}

impl Work<'_> {
    /// Goes through the body. What is returned is why its rest could not be read.
    fn read(
        &mut self,
        body: Box<dyn Read + Send>,
        intake: Option<&Intake>,
        lines: bool,
        send: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Result<Option<Cut>, Ended> {
        let batch = self.batch;
        let plan = &batch.version.loaded.plan;
        let input = match batch.format {
            // The kinds of its columns are found before the first verdict.
            Format::Csv => Input::kept("body", body),
            _ => Ok(Input::flow("body", body)),
        };
        let input = match input {
            Ok(it) => it,
            Err(error) => return Ok(Some(Cut::unread(error.to_string()))),
        };
        let kinds = match batch.kinds(&input) {
            Ok(it) => Arc::new(it),
            Err(error) => return Ok(Some(Cut::unread(error))),
        };
        let mut reader = Records::new(plan, kinds, Nulls::default()).within(batch.version.limits);
        let (mut bytes, mut told) = (0, 0);
        let begun = Instant::now();
        for chunk in batch.source(&input) {
            if begun.elapsed() > batch.limits.time {
                return Ok(Some(Cut::unread(format!("the batch took longer than {} s", batch.limits.time.as_secs()))));
            }
            let chunk = match chunk {
                Ok(it) => it,
                Err(fault) => return Ok(Some(Cut::unread(fault.to_string()))),
            };
            bytes += chunk.size();
            if bytes > batch.limits.body {
                let most = batch.limits.body;
                return Ok(Some(Cut::too_large(format!("the body is longer than {most} bytes when decompressed"))));
            }
            if let Some(columns) = chunk.file.columns().filter(|_| self.sums.records == 0) {
                for (place, name) in columns.iter().enumerate() {
                    self.fold.window.columns.see(name, 0, place as u32);
                }
            }
            let mut too_many = false;
            let (checking, before) = (Instant::now(), self.sums.records);
            let went = reader.each(&chunk, &mut |record| {
                too_many = self.sums.records >= batch.limits.records;
                if !too_many {
                    self.record(record, lines);
                }
            });
            metrics::took_many(Stage::Check, checking.elapsed(), self.sums.records - before);
            if bytes - told >= PART.0 || self.started.elapsed() >= PART.1 {
                told = bytes;
                self.conclude_pending(lines);
                if self.held.is_none() {
                    self.store(intake, None)?;
                    self.is_told = true;
                }
                self.answer(send)?;
            }
            if too_many {
                return Ok(Some(Cut::too_large(format!("the batch has more than {} records", batch.limits.records))));
            }
            match went {
                Ok(()) => {}
                Err(Stop::Fault(fault)) => return Ok(Some(Cut::unread(fault.to_string()))),
                Err(Stop::Widen(_)) => return Ok(Some(Cut::unread("a column changed while it was read"))),
            }
        }
        for (name, row, place) in reader.json_columns() {
            self.fold.window.columns.see(name, row, place as u32);
        }
        Ok(None)
    }

    fn record(&mut self, record: Record, lines: bool) {
        let batch = self.batch;
        let version = &batch.version;
        let n = self.sums.records;
        if version.loaded.plan.time.is_some() {
            self.move_to(&record, lines);
        }
        if self.apart.is_full() {
            // What waits for plugins belongs to the windows that are noted.
            self.conclude_pending(lines);
            self.apart.close(version);
        }
        let within = self.part.window.rows;
        self.sums.records += 1;
        let is_text = !matches!(batch.format, Format::Parquet | Format::Arrow);
        let pending = match record {
            Record::Broken(broken) => {
                run::unreadable(&broken.reason, within, &mut self.part);
                self.sums.unreadable += 1;
                self.note(n, None, &[0]);
                if let Some(place) = self.panes.last() {
                    self.apart.unreadable(version, place, &broken.reason);
                }
                if self.has_labels
                    && let Some(readable) = self.counts_of(Labels::default()).first_mut()
                {
                    readable.seen += 1;
                    readable.failed += 1;
                }
                let reason =
                    if version.privacy.keeps_all() { broken.reason } else { "the record cannot be read".into() };
                let note = FailureNote { bound: "readable".into(), message: reason, ..FailureNote::default() };
                let line = is_text.then_some(broken.line);
                let who = Who::default();
                Pending {
                    n,
                    within,
                    line,
                    who,
                    failed: vec![0],
                    notes: vec![note],
                    errors: Vec::new(),
                    apart: None,
                    cells: None,
                }
            }
            Record::Read { line, cells, .. } => {
                let is_wanted = run::check(&version.loaded.plan, cells, within, batch.at, &mut self.part);
                self.told.fold(&version.loaded.plan, &version.privacy, cells, within);
                let apart = match self.panes.last().filter(|_| is_wanted) {
                    Some(place) => self.apart.fold(version, place, batch.at, cells, &self.part),
                    None => None,
                };
                let labels = if self.has_labels { self.by_labels(cells) } else { Labels::default() };
                if is_wanted {
                    self.predictions.extend(version.prediction(cells, batch.at, &labels));
                }
                let failed = std::mem::take(&mut self.part.failed);
                let is_asked = !self.part.waiting.is_empty();
                let mut waiting = None;
                if is_wanted && is_asked && !version.loaded.plan.signals.is_empty() {
                    waiting = Some(cells.iter().map(Value::to_owned).collect());
                } else if is_wanted {
                    self.note(n, Some(cells), &failed);
                }
                let wants = self.wants_notes() && (is_asked || !failed.is_empty());
                let wants_id = wants || batch.wanted == Wanted::All;
                let record_id = if wants_id { version.record_id(cells) } else { None };
                let trace_id = if wants { version.trace_id(cells) } else { None };
                let who = Who { record_id, trace_id, labels };
                let notes = if wants { version.failures(cells, batch.at, &failed, &who) } else { Vec::new() };
                Pending {
                    n,
                    within,
                    line: is_text.then_some(line),
                    who,
                    failed,
                    notes,
                    errors: Vec::new(),
                    apart,
                    cells: waiting,
                }
            }
        };
        self.pend(pending, lines);
    }
}
