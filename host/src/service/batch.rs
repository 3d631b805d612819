//! A batch of records: checked chunk by chunk as it comes, each chunk journalled before its verdicts
//! are sent, and judged as a whole at its end. Memory is bounded however long the batch is.

mod held;
mod parts;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use driftline_rules::report::Tally;
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use uuid::Uuid;

use held::Held;

use super::version::{Version, Who};
use crate::files::csv::{Kinds, Nulls};
use crate::files::{self, Format, Input, Source};
use crate::intake::entry::{Count, FailureNote, FindingNote, Origin};
use crate::intake::{Intake, Refused};
use crate::records::{Record, Records, Stop, wanted};
use crate::store::rows::{Labels, Micros, Verdict};
use crate::wire::{Failure, Finding, RecordVerdict, Summary, Word};

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
    /// The request's id.
    pub id: Uuid,
    /// When it came.
    pub at: Micros,
    /// Source and token.
    pub origin: Origin,
    /// Its format.
    pub format: Format,
    /// Which verdicts are answered.
    pub wanted: Wanted,
    /// What is done with a failing record: `accept`, `tag` or `reject`.
    pub action: &'static str,
    /// The `Idempotency-Key` and the hash of the body.
    pub key: Option<(String, String)>,
    /// Bounds.
    pub limits: Limits,
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

/// Why checking ended before the batch did.
#[derive(Debug)]
pub enum Ended {
    /// The journal does not take it.
    Refused(Refused),
    /// Nobody reads the answer.
    Gone,
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
    /// Why the rest of the body could not be read.
    pub error: Option<String>,
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

struct Work<'w> {
    batch: &'w Batch,
    fold: Fold,
    before: Vec<Tally>,
    by_labels: BTreeMap<Labels, Vec<Count>>,
    has_labels: bool,
    sums: Sums,
    told: Sums,
    failures: Vec<FailureNote>,
    n_failures: u64,
    n_left_out: u64,
    parts: u64,
    out: Vec<u8>,
    n_out: u64,
    started: Instant,
    /// Records that wait for plugins.
    held: Vec<Held>,
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
            fold: Fold::new(plan, Keep { values: 0, all_rows: false }),
            before: vec![Tally::default(); plan.expectations.len()],
            by_labels: BTreeMap::new(),
            has_labels: plan.model.is_some() || plan.version.is_some() || !plan.segments.is_empty(),
            sums: Sums::default(),
            told: Sums::default(),
            failures: Vec::new(),
            n_failures: 0,
            n_left_out: 0,
            parts: 0,
            out: Vec::new(),
            n_out: 0,
            started: Instant::now(),
            held: Vec::new(),
        };
        let error = work.read(body, intake, lines, send)?;
        work.finish(intake, error)
    }

    fn source(&self, input: &Input) -> Source {
        let options =
            files::Options { format: Some(self.format), max_record: self.limits.record, ..files::Options::default() };
        Source::new(vec![input.clone()], options)
    }

    /// What undeclared CSV columns hold, found from all of them: verdicts that were sent cannot be taken back.
    fn kinds(&self, input: &Input) -> Result<Kinds, String> {
        let mut kinds = Kinds::default();
        if self.format != Format::Csv {
            return Ok(kinds);
        }
        let plan = &self.version.loaded.plan;
        let columns = wanted(plan);
        input.hold();
        'again: loop {
            let mut reader: Option<Records> = None;
            let mut bytes = 0;
            for chunk in self.source(input) {
                let chunk = chunk.map_err(|it| it.to_string())?;
                bytes += chunk.size();
                if bytes > self.limits.body {
                    // The pass that answers says so.
                    return Ok(kinds);
                }
                let reader = reader.get_or_insert_with(|| {
                    kinds.learn(&chunk, &columns, &Nulls::default());
                    Records::new(plan, Arc::new(kinds.clone()), Nulls::default())
                });
                match reader.each(&chunk, &mut |_| {}) {
                    Ok(()) | Err(Stop::Fault(_)) => {}
                    Err(Stop::Widen(widen)) => {
                        // Kinds only ever widen, so this ends.
                        kinds.widen(&widen);
                        continue 'again;
                    }
                }
            }
            return Ok(kinds);
        }
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
    ) -> Result<Option<String>, Ended> {
        let batch = self.batch;
        let plan = &batch.version.loaded.plan;
        let input = match batch.format {
            // The kinds of its columns are found before the first verdict.
            Format::Csv => Input::kept("body", body),
            _ => Ok(Input::flow("body", body)),
        };
        let input = match input {
            Ok(it) => it,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let kinds = match batch.kinds(&input) {
            Ok(it) => Arc::new(it),
            Err(error) => return Ok(Some(error)),
        };
        let mut reader = Records::new(plan, kinds, Nulls::default()).within(batch.version.limits);
        let mut bytes = 0;
        let begun = Instant::now();
        for chunk in batch.source(&input) {
            if begun.elapsed() > batch.limits.time {
                return Ok(Some(format!("the batch took longer than {} s", batch.limits.time.as_secs())));
            }
            let chunk = match chunk {
                Ok(it) => it,
                Err(fault) => return Ok(Some(fault.to_string())),
            };
            bytes += chunk.size();
            if bytes > batch.limits.body {
                return Ok(Some(format!("the body is longer than {} bytes when decompressed", batch.limits.body)));
            }
            if let Some(columns) = chunk.file.columns().filter(|_| self.sums.records == 0) {
                for (place, name) in columns.iter().enumerate() {
                    self.fold.window.columns.see(name, 0, place as u32);
                }
            }
            let mut too_many = false;
            let went = reader.each(&chunk, &mut |record| {
                too_many = self.sums.records >= batch.limits.records;
                if !too_many {
                    self.record(record, lines);
                }
            });
            self.settle(lines);
            self.store(intake, Vec::new(), None, Verdict::Pass)?;
            if !self.out.is_empty() && !send(std::mem::take(&mut self.out)) {
                return Err(Ended::Gone);
            }
            if too_many {
                return Ok(Some(format!("the batch has more than {} records", batch.limits.records)));
            }
            match went {
                Ok(()) => {}
                Err(Stop::Fault(fault)) => return Ok(Some(fault.to_string())),
                Err(Stop::Widen(_)) => return Ok(Some("a column changed while it was read".to_owned())),
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
        self.sums.records += 1;
        let is_text = !matches!(batch.format, Format::Parquet | Format::Arrow);
        let held = match record {
            Record::Broken(broken) => {
                run::unreadable(&broken.reason, n, &mut self.fold);
                self.sums.unreadable += 1;
                let reason =
                    if version.privacy.keeps_all() { broken.reason } else { "the record cannot be read".into() };
                let note = FailureNote { bound: "readable".into(), message: reason, ..FailureNote::default() };
                let line = is_text.then_some(broken.line);
                Held { n, line, who: Who::default(), failed: vec![0], notes: vec![note], errors: Vec::new() }
            }
            Record::Read { line, cells, .. } => {
                run::check(&version.loaded.plan, cells, n, batch.at, &mut self.fold);
                if self.has_labels {
                    self.by_labels(cells);
                }
                let failed = std::mem::take(&mut self.fold.failed);
                let is_asked = !self.fold.waiting.is_empty();
                let wants = self.wants_notes() && (is_asked || !failed.is_empty());
                let who = if wants || is_asked && self.has_labels { version.who(cells) } else { Who::default() };
                let notes = if wants { version.failures(cells, batch.at, &failed, &who) } else { Vec::new() };
                let record_id = if batch.wanted == Wanted::None || who.record_id.is_some() {
                    who.record_id
                } else {
                    version.record_id(cells)
                };
                let who = Who { record_id, ..who };
                Held { n, line: is_text.then_some(line), who, failed, notes, errors: Vec::new() }
            }
        };
        self.held(held, lines);
    }

    /// Writes a record's verdict, and keeps its failures.
    fn tell(&mut self, held: &Held, verdict: Verdict, lines: bool) {
        let batch = self.batch;
        let Held { n, line, who, notes, errors, .. } = held;
        let is_wanted = match batch.wanted {
            Wanted::All => true,
            Wanted::Failed => !notes.is_empty() || !errors.is_empty(),
            Wanted::None => false,
        };
        if is_wanted {
            let answer = RecordVerdict {
                record: *n,
                line: *line,
                record_id: who.record_id.as_deref(),
                valid: verdict != Verdict::Fail,
                verdict: Word(verdict),
                action: if verdict == Verdict::Fail { batch.action } else { "accept" },
                failures: Failure::all(&batch.version.note, notes),
                errors: Failure::all(&batch.version.note, errors),
            };
            if self.n_out > 0 && !lines {
                self.out.push(b',');
            }
            self.n_out += 1;
            // Writing to memory does not fail, and nothing in it cannot be JSON.
            let _ = serde_json::to_writer(&mut self.out, &answer);
            if lines {
                self.out.push(b'\n');
            }
        }
        for note in notes {
            if self.n_failures < batch.limits.failures {
                self.failures.push(FailureNote { n: self.n_failures, record: *n, ..note.clone() });
            } else {
                self.n_left_out += 1;
            }
            self.n_failures += 1;
        }
    }
}

impl Done {
    /// What is answered behind the verdicts.
    pub fn summary<'d>(&'d self, batch: &'d Batch, repeated: bool) -> Summary<'d> {
        Summary {
            result_id: batch.id,
            suite: &batch.version.name,
            suite_hash: &batch.version.hash,
            verdict: Word(self.verdict),
            records: self.sums.records,
            failed: self.sums.failed,
            warned: self.sums.warned,
            unreadable: self.sums.unreadable,
            findings: self.findings.iter().filter_map(|it| Finding::new(&batch.version.note, it)).collect(),
            repeated,
            error: self.error.clone(),
        }
    }
}
