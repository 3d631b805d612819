//! The report of a check: everything that the output formats show.

use std::time::Duration;

use driftline_rules::plan::{Expectation, Plan};
use driftline_rules::report::{Severity, Status};
use driftline_rules::run::Finding;

use crate::files::{Broken, Fault};
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
    /// One an expectation of the plan, in its order; the implicit ones first.
    pub findings: Vec<Finding>,
    /// Which slots held numbers and nothing else but nulls: pandas has NaN for null there.
    pub numeric: Vec<bool>,
    /// Where rows stand.
    pub places: Places,
    /// How long it took.
    pub elapsed: Duration,
    /// The time of checking, microseconds since 1970.
    pub now: i64,
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
        self.all().skip(self.plan.n_implicit)
    }

    /// How many of the shown expectations ended so.
    pub fn count(&self, status: Status) -> usize {
        self.shown().filter(|(_, it)| it.judgement.status == status).count()
    }

    /// The gravest severity among failed expectations.
    pub fn worst_failure(&self) -> Option<Severity> {
        self.shown().filter(|(_, it)| it.judgement.status == Status::Fail).map(|(it, _)| it.severity).max()
    }

    /// 0 all held, 1 a critical check failed, 2 only warnings failed, 3 something could not be
    /// evaluated or read.
    pub fn exit_code(&self) -> u8 {
        let cannot = !self.faults.is_empty() || self.count(Status::Error) > 0;
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
        if !self.faults.is_empty() || self.count(Status::Error) > 0 {
            Status::Error
        } else if self.count(Status::Fail) > 0 {
            Status::Fail
        } else if self.count(Status::Pass) == 0 && self.count(Status::Skip) > 0 {
            Status::Skip
        } else {
            Status::Pass
        }
    }
}
