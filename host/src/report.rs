//! The report of a check: everything that the output formats show.

use std::time::Duration;

use driftline_rules::plan::{Expectation, Plan};
use driftline_rules::report::{Severity, Status};
use driftline_rules::run::Finding;
use driftline_rules::segments::Judged;

use crate::files::{Broken, Fault};
use crate::output::plots::bars::Bars;
use crate::places::Places;

/// A finished check.
pub struct Report<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// The suite's file.
    pub suite_file: String,
    /// The names of all inputs, unreadable ones included, by the number that [`Places`] gives.
    pub files: Vec<String>,
    /// Records, unreadable ones included.
    pub records: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// The first of those.
    pub broken: Vec<Broken>,
    /// Files that could not be read, or not to their end.
    pub faults: Vec<Fault>,
    /// One an expectation that is judged of all records, in the order of the plan; the implicit ones first.
    pub findings: Vec<Finding>,
    /// The same of each segment.
    pub segments: Vec<Judged>,
    /// Which slots held numbers and nothing else but nulls: pandas has NaN for null there.
    pub numeric: Vec<bool>,
    /// Where rows stand.
    pub places: Places,
    /// How long it took.
    pub elapsed: Duration,
    /// The time of checking, microseconds since 1970.
    pub now: i64,
    /// Of each expectation of the plan, whether the suite's privacy forbids that values are told; pages that are handed
    /// on heed it.
    pub withheld: Vec<bool>,
    /// How the values of fields are distributed, where the check keeps it and privacy lets it be told.
    pub distributions: Vec<FieldBars>,
}

/// How the values of a field are distributed beside the baseline.
#[derive(Clone, Debug)]
pub struct FieldBars {
    /// The field, or `length(field)`.
    pub field: String,
    /// The distributions.
    pub bars: Bars,
    /// Missing values of the baseline, of how many.
    pub missing_before: Option<(u64, u64)>,
    /// Missing values, of how many.
    pub missing_now: (u64, u64),
}

impl Report<'_> {
    /// Expectations with their findings: the suite's own, and those implicit ones that did not hold.
    pub fn shown(&self) -> impl Iterator<Item = (&Expectation, &Finding)> {
        self.all().filter(|(_, finding)| {
            finding.expectation >= self.plan.n_implicit || finding.judgement.status == Status::Fail
        })
    }

    /// All expectations with their findings.
    pub fn all(&self) -> impl Iterator<Item = (&Expectation, &Finding)> {
        self.findings.iter().map(|it| (&self.plan.expectations[it.expectation], it))
    }

    /// The suite's own expectations with their findings.
    pub fn own(&self) -> impl Iterator<Item = (&Expectation, &Finding)> {
        self.all().filter(|(_, it)| it.expectation >= self.plan.n_implicit)
    }

    /// What is shown of all records, then of each segment with its name.
    pub fn by_segment(&self) -> impl Iterator<Item = (Option<&str>, &Expectation, &Finding)> {
        let total = self.shown().map(|(a, b)| (None, a, b));
        let segments = self.segments.iter();
        total.chain(segments.flat_map(|it| it.shown(self.plan).map(|(a, b)| (Some(it.name.as_str()), a, b))))
    }

    /// What is shown of all records and of every segment.
    fn everything(&self) -> impl Iterator<Item = (&Expectation, &Finding)> {
        self.by_segment().map(|(_, expectation, finding)| (expectation, finding))
    }

    fn is_any(&self, status: Status) -> bool {
        self.everything().any(|(_, it)| it.judgement.status == status)
    }

    /// How many of the shown expectations ended so, of all records.
    pub fn count(&self, status: Status) -> usize {
        self.shown().filter(|(_, it)| it.judgement.status == status).count()
    }

    /// The gravest severity among failed expectations, of all records or of a segment.
    pub fn worst_failure(&self) -> Option<Severity> {
        self.everything().filter(|(_, it)| it.judgement.status == Status::Fail).map(|(it, _)| it.severity).max()
    }

    /// 0 all held, 1 a critical check failed, 2 only warnings failed, 3 something could not be
    /// evaluated or read.
    pub fn exit_code(&self) -> u8 {
        let cannot = !self.faults.is_empty() || self.is_any(Status::Error);
        match self.worst_failure() {
            _ if cannot => 3,
            Some(Severity::Critical) => 1,
            Some(Severity::Warning) => 2,
            Some(Severity::Info) | None => 0,
        }
    }

    /// The file and the line of a row.
    pub fn location(&self, row: u64) -> Option<(&str, u64)> {
        let (file, line) = self.places.of(row)?;
        Some((self.files.get(file)?, line))
    }

    /// `file:line` of a row.
    pub fn place(&self, row: u64) -> String {
        self.location(row).map_or_else(|| format!("row {row}"), |(file, line)| format!("{file}:{line}"))
    }

    /// The verdict in a word: `error` when something could not be read or evaluated, `fail` when a
    /// check of any severity failed, `skip` when nothing was judged, else `pass`.
    pub fn status(&self) -> Status {
        if !self.faults.is_empty() || self.is_any(Status::Error) {
            Status::Error
        } else if self.is_any(Status::Fail) {
            Status::Fail
        } else if !self.is_any(Status::Pass) && self.is_any(Status::Skip) {
            Status::Skip
        } else {
            Status::Pass
        }
    }
}
