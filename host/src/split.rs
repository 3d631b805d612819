//! The input in two: the records that fail, each with every reason, and the others as they were.
//!
//! A second pass with the same plan, when the windows are judged: rules on windows that name records,
//! such as `unique`, then count too. Order is kept, and neither threads nor chunks change a byte.

mod good;
mod record;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use driftline_rules::plan::Plan;
use driftline_rules::report::{Outcome, Severity};
use driftline_rules::run::{self, Explanation, Finding, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::time::Timestamp;
use serde::Serialize;

use crate::files::csv::{Kinds, Nulls};
use crate::files::parquet::Batch;
use crate::files::writer::Writer;
use crate::files::{self, Chunk, Fault, FileInfo, Input, Layout, Source};
use crate::output::json_value::Json;
use crate::records::{Record, Records, Stop};
use good::Good;

/// How the input is gone through, as in the first pass.
pub struct Options {
    /// How files are read.
    pub files: files::Options,
    /// What means null in CSV.
    pub nulls: Nulls,
    /// What is known of undeclared CSV columns.
    pub kinds: Arc<Kinds>,
    /// Workers.
    pub threads: usize,
    /// The time of checking.
    pub now: Timestamp,
}

/// Where the records go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paths<'p> {
    /// Those that fail a check of severity critical or warning, as NDJSON with every reason.
    pub bad: Option<&'p Path>,
    /// The others, in the input's own form.
    pub good: Option<&'p Path>,
}

impl Paths<'_> {
    /// Whether anything is to be written.
    pub const fn any(self) -> bool {
        self.bad.is_some() || self.good.is_some()
    }

    /// Refuses to overwrite what is being read, or one output by the other.
    pub fn check(self, inputs: &[Input]) -> Result<(), Fault> {
        // What is not there yet is compared by its folder.
        let real = |it: &Path| match (it.canonicalize(), it.parent(), it.file_name()) {
            (Ok(it), ..) => it,
            (_, Some(folder), Some(name)) => {
                let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).join(name)
            }
            _ => it.to_owned(),
        };
        for path in self.bad.into_iter().chain(self.good) {
            let is_input = |it: &Input| matches!(it, Input::File(input) if real(input) == real(path));
            if inputs.iter().any(is_input) {
                return Err(Fault::new(&path.display().to_string(), "is an input; name another file"));
            }
        }
        match (self.bad, self.good) {
            (Some(bad), Some(good)) if real(bad) == real(good) => {
                Err(Fault::new(&bad.display().to_string(), "cannot take both the bad and the good rows"))
            }
            _ => Ok(()),
        }
    }
}

/// What becomes of a record.
enum Fate {
    /// The plan's filter leaves it out.
    Left,
    /// It passes.
    Good,
    /// It fails: the reasons, as a JSON array.
    Bad(String),
}

/// One reason why a record is bad.
#[derive(Serialize)]
struct Failure<'f> {
    expectation: String,
    kind: &'f str,
    field: serde_json::Value,
    severity: &'f str,
    value: Json<'f, 'static>,
    bound: &'f str,
    why: Option<&'f str>,
}

/// What the workers share.
struct Job<'j> {
    plan: &'j Plan,
    findings: &'j [Finding],
    options: &'j Options,
    paths: Paths<'j>,
}

/// What a worker keeps from chunk to chunk.
struct Worker<'j> {
    job: &'j Job<'j>,
    records: Records<'j>,
    fold: Fold,
}

/// The lines and rows that a chunk became.
#[derive(Default)]
struct Done {
    bad: Vec<Vec<u8>>,
    good: Vec<Vec<u8>>,
    rows: Vec<(Batch, Vec<bool>)>,
}

/// Splits the inputs; `findings` are those of the first pass, with the rows of all records named.
/// Files that cannot be read were told of there.
pub fn split(
    plan: &Plan,
    inputs: &[Input],
    findings: &[Finding],
    options: &Options,
    paths: Paths,
) -> Result<(), Fault> {
    let job = Job { plan, findings, options, paths };
    let lines = FileInfo { name: String::new(), index: 0, layout: Layout::Ndjson };
    let mut bad = paths.bad.map(|path| Writer::create(path, &lines)).transpose()?;
    let mut good: Option<Good> = None;
    let mut workers: Vec<Worker> = (0..options.threads.max(1)).map(|_| Worker::new(&job)).collect();
    let mut source = Source::new(inputs.to_vec(), options.files.clone());
    loop {
        // A fault was told of in the first pass.
        let round: Vec<Chunk> = source.by_ref().filter_map(Result::ok).take(workers.len() * 2).collect();
        if round.is_empty() {
            break;
        }
        for (chunk, done) in round.iter().zip(work(&mut workers, &round)) {
            let done = done?;
            if let Some(bad) = &mut bad {
                done.bad.iter().try_for_each(|it| bad.append(it))?;
            }
            if let Some(path) = paths.good {
                let good = match &mut good {
                    Some(it) => it,
                    None => good.insert(Good::create(path, &chunk.file)?),
                };
                good.append(&chunk.file, &done.good, &done.rows)?;
            }
        }
    }
    if let (Some(path), None) = (paths.good, &good) {
        // Without records there is still a header to write.
        good = Some(Good::create(path, source.files().first().map_or(&lines, |it| it))?);
    }
    bad.map_or(Ok(()), Writer::finish)?;
    good.map_or(Ok(()), Good::finish)
}

/// Each chunk of a round, by whichever worker is free; in the order of the chunks.
fn work(workers: &mut [Worker], round: &[Chunk]) -> Vec<Result<Done, Fault>> {
    let waiting = Mutex::new(round.iter().enumerate());
    let waiting = &waiting;
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let mut done: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = workers
            .iter_mut()
            .map(|worker| {
                scope.spawn(move || {
                    std::iter::from_fn(next).map(|(i, chunk)| (i, worker.chunk(chunk))).collect::<Vec<_>>()
                })
            })
            .collect();
        started.into_iter().flat_map(|it| it.join().unwrap_or_default()).collect()
    });
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, it)| it).collect()
}

impl<'j> Worker<'j> {
    fn new(job: &'j Job<'j>) -> Self {
        let mut fold = Fold::new(job.plan, Keep { values: 0, all_rows: false });
        // Windows are judged already; here only the verdicts on records are wanted.
        fold.window.sketches.clear();
        // Nor are plugins asked again: the first pass names the records that fail their rules.
        fold.waiting.clear();
        let records = Records::new(job.plan, Arc::clone(&job.options.kinds), job.options.nulls.clone());
        Worker { job, records, fold }
    }

    fn chunk(&mut self, chunk: &Chunk) -> Result<Done, Fault> {
        let fates = self.fates(chunk)?;
        record::write(self.job, chunk, &fates)
    }

    /// What becomes of each record of a chunk, in order.
    fn fates(&mut self, chunk: &Chunk) -> Result<Vec<Fate>, Fault> {
        let Worker { job, records, fold } = self;
        let mut fates = Vec::new();
        let went = records.each(chunk, &mut |record| {
            fates.push(match record {
                Record::Read { row, cells, .. } => {
                    if run::check(job.plan, cells, row, job.options.now, fold) {
                        job.fate(row, &fold.failed, || run::explain(job.plan, cells, job.options.now, &fold.failed))
                    } else {
                        Fate::Left
                    }
                }
                Record::Broken(it) => Fate::Bad(job.unreadable(&it.reason)),
            });
        });
        match went {
            Ok(()) | Err(Stop::Fault(_)) => Ok(fates),
            Err(Stop::Widen(_)) => Err(Fault::new(&chunk.file.name, "changed while it was read")),
        }
    }
}

impl Job<'_> {
    fn fate(&self, row: u64, failed: &[u16], explain: impl FnOnce() -> Vec<Explanation>) -> Fate {
        let named = self.findings.iter().filter(|it| it.sample.rows.binary_search(&row).is_ok());
        let mut failed: Vec<usize> = failed.iter().map(|it| usize::from(*it)).collect();
        failed.extend(named.map(|it| it.expectation));
        failed.sort_unstable();
        failed.dedup();
        if !failed.iter().any(|it| self.plan.expectations[*it].severity > Severity::Info) {
            return Fate::Good;
        }
        let explained = explain();
        let failures: Vec<_> = failed.iter().filter_map(|it| Some(self.failure(explained.get(*it)?))).collect();
        Fate::Bad(to_text(&failures))
    }

    fn failure<'f>(&'f self, it: &'f Explanation) -> Failure<'f> {
        let expectation = &self.plan.expectations[it.expectation];
        let of_window = !matches!(it.outcome, Some(Outcome::Fail | Outcome::Mismatch));
        let (bound, why) = match self.findings.iter().find(|finding| finding.expectation == it.expectation) {
            Some(finding) if of_window => (&finding.judgement.bound, &finding.judgement.why),
            _ => (&it.bound, &it.why),
        };
        let field = match expectation.fields.as_slice() {
            [] => serde_json::Value::Null,
            [field] => field.as_str().into(),
            fields => fields.into(),
        };
        Failure {
            expectation: expectation.title(),
            kind: expectation.kind_name(),
            field,
            severity: expectation.severity.name(),
            value: Json(&it.value),
            bound,
            why: why.as_deref(),
        }
    }

    /// The one reason of a record that could not be read.
    fn unreadable(&self, reason: &str) -> String {
        let readable = &self.plan.expectations[0];
        to_text(&[Failure {
            expectation: readable.title(),
            kind: readable.kind.name,
            field: serde_json::Value::Null,
            severity: readable.severity.name(),
            value: Json(&driftline_rules::value::Value::Null),
            bound: "readable",
            why: Some(reason),
        }])
    }
}

fn to_text(failures: &[Failure]) -> String {
    serde_json::to_string(failures).unwrap_or_else(|_| "[]".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use driftline_rules::plan::compile;
    use driftline_rules::report::{Judgement, Status};
    use driftline_rules::samples::Sample;
    use driftline_rules::suite::read;

    #[test]
    fn records_that_a_rule_on_windows_names_are_bad() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [data, bad, good] = ["d.csv", "bad.ndjson.gz", "good.csv"].map(|it| folder.path().join(it));
        std::fs::write(&data, "x\n1\n2\n3\n").expect("it is written");
        let (suite, _) = read("- { field: x, mean_between: { max: 1 }, severity: warning }");
        let (plan, problems) = compile(&suite, &driftline_rules::plan::Options::default());
        assert_eq!(problems, []);
        let judgement = Judgement::new(Status::Fail).bound("unique").why("2 occurs twice");
        let sample = Sample { rows: vec![1], ..Sample::default() };
        let findings = [
            Finding { expectation: 0, judgement: judgement.clone(), sample: Sample::default() },
            Finding { expectation: 1, judgement, sample },
        ];
        let mut kinds = Kinds::default();
        let columns = crate::records::wanted(&plan);
        for chunk in Source::new(vec![Input::File(data.clone())], files::Options::default()) {
            kinds.learn(&chunk.expect("it can be read"), &columns, &Nulls::default());
        }
        let options = Options {
            files: files::Options::default(),
            nulls: Nulls::default(),
            kinds: Arc::new(kinds),
            threads: 2,
            now: 0,
        };
        let paths = Paths { bad: Some(&bad), good: Some(&good) };
        split(&plan, &[Input::File(data)], &findings, &options, paths).expect("it is split");
        assert_eq!(std::fs::read_to_string(good).expect("it was written"), "x\n1\n3\n");
        let bad = std::fs::File::open(bad).expect("it was written");
        let line: serde_json::Value = serde_json::from_reader(flate2::read::GzDecoder::new(bad)).expect("one line");
        assert_eq!(line["failed"][0]["why"], "2 occurs twice");
        assert_eq!((&line["row"], &line["failed"][0]["value"]), (&1.into(), &2.into()));
    }
}
