//! What the three verbs answer: plain data.

use crate::value::Value;

/// What one rule says of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rule holds.
    Pass,
    /// The rule does not hold.
    Fail,
    /// There is nothing to judge: the value is null, or the rule's own condition leaves the record out.
    Skip,
    /// The value is of a type that the rule cannot judge. A failure of the record; in a suite of
    /// Great Expectations' form an error of the whole expectation, as it is there.
    Mismatch,
    /// The rule, a plugin's, could not judge the record, which is not a failure of the record.
    Error,
}

impl Outcome {
    /// `Pass` or `Fail`.
    pub const fn of(holds: bool) -> Self {
        if holds { Outcome::Pass } else { Outcome::Fail }
    }
}

/// How an expectation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It holds.
    Pass,
    /// There was nothing to judge, which is not a success.
    Skip,
    /// It does not hold.
    Fail,
    /// It could not be evaluated, which is not a failure of the data.
    Error,
}

impl Status {
    /// `Pass` or `Fail`.
    pub const fn of(holds: bool) -> Self {
        if holds { Status::Pass } else { Status::Fail }
    }

    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Skip => "skip",
            Status::Fail => "fail",
            Status::Error => "error",
        }
    }
}

/// How much a failed expectation matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// For the record; never changes the verdict.
    Info,
    /// Someone should look.
    Warning,
    /// The data must not be used.
    #[default]
    Critical,
}

impl Severity {
    /// All, the gravest first.
    pub const ALL: [Severity; 3] = [Severity::Critical, Severity::Warning, Severity::Info];

    /// The word in suites and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// How the records fared under one expectation.
///
/// `seen = skipped + failed + mismatched + passed`, and the records of a trouble; records that a `when:` leaves out are not seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records judged or skipped.
    pub seen: u64,
    /// Null, or left out by `ignore_row_if`.
    pub skipped: u64,
    /// The rule does not hold.
    pub failed: u64,
    /// The value has a type that the rule cannot judge.
    pub mismatched: u64,
    /// The first mismatch: row and type.
    pub mismatch: Option<(u64, &'static str)>,
    /// Records that a plugin could not judge.
    pub trouble: Option<Box<Trouble>>,
}

/// Records that could not be judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// How many.
    pub records: u64,
    /// The first of them.
    pub row: u64,
    /// Why that one could not.
    pub why: String,
}

impl Tally {
    /// Adds the counts of other records.
    pub fn merge(&mut self, other: &Tally) {
        self.seen += other.seen;
        self.skipped += other.skipped;
        self.failed += other.failed;
        self.mismatched += other.mismatched;
        self.mismatch = match (self.mismatch, other.mismatch) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        if let Some(trouble) = &other.trouble {
            self.troubled(trouble);
        }
    }

    /// Counts a value that the rule cannot judge.
    pub fn mismatch_at(&mut self, row: u64, of_type: &'static str) {
        self.mismatched += 1;
        if self.mismatch.is_none_or(|(it, _)| row < it) {
            self.mismatch = Some((row, of_type));
        }
    }

    /// Records that are judged, one way or the other.
    pub fn judged(&self) -> u64 {
        self.seen - self.skipped - self.trouble.as_ref().map_or(0, |it| it.records)
    }

    /// Adds records that could not be judged.
    pub fn troubled(&mut self, other: &Trouble) {
        let Some(mine) = &mut self.trouble else {
            self.trouble = Some(Box::new(other.clone()));
            return;
        };
        mine.records += other.records;
        if other.row < mine.row {
            mine.row = other.row;
            mine.why.clone_from(&other.why);
        }
    }
}

/// A record that an expectation did not hold for.
#[derive(Clone, Debug, PartialEq)]
pub struct Unexpected {
    /// Its position, counted from 0.
    pub row: u64,
    /// The value: the cell; `[a, b]` of a pair; an object of a rule on several fields.
    pub value: Value<'static>,
}

/// Counts of records behind a judgement, in the terms of Great Expectations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records concerned.
    pub elements: u64,
    /// Those without a value; `None` for rules about null itself, which leave none out.
    pub missing: Option<u64>,
    /// Those that the rule does not hold for.
    pub unexpected: u64,
}

/// What a rule says of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub status: Status,
    /// The number, text or list that was judged; `Missing` when there is none.
    pub observed: Value<'static>,
    /// What stands beside the observed value in Great Expectations' result, member by member.
    pub extra: Vec<(&'static str, Value<'static>)>,
    /// Great Expectations' `details`; `Missing` when there are none.
    pub details: Value<'static>,
    /// The bound in words, such as `between 0 and 1`.
    pub bound: String,
    /// Why it failed, was skipped or could not be evaluated.
    pub why: Option<String>,
    /// For rules about records: how many.
    pub counts: Option<Counts>,
    /// The records it does not hold for, where the rule finds them itself; in row order.
    pub unexpected: Vec<Unexpected>,
    /// `None`: exact. Else the error bound or standard error of the sketch that answered, relative.
    pub error: Option<f64>,
    /// For a test of significance: how likely chance alone is.
    pub chance: Option<Chance>,
}

/// How likely chance alone gives what was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// The p-value.
    pub p: f64,
    /// The level below which it is an alarm.
    pub alpha: f64,
}

impl Judgement {
    /// A judgement with nothing but its verdict.
    pub fn new(status: Status) -> Self {
        Judgement {
            status,
            observed: Value::Missing,
            extra: Vec::new(),
            details: Value::Missing,
            bound: String::new(),
            why: None,
            counts: None,
            unexpected: Vec::new(),
            error: None,
            chance: None,
        }
    }

    /// Could not be evaluated.
    pub fn error(why: impl Into<String>) -> Self {
        Judgement { why: Some(why.into()), ..Judgement::new(Status::Error) }
    }

    /// Nothing to judge.
    pub fn skip(why: impl Into<String>) -> Self {
        Judgement { why: Some(why.into()), ..Judgement::new(Status::Skip) }
    }

    /// With the value that was judged.
    #[must_use]
    pub fn observed(mut self, value: Value<'static>) -> Self {
        self.observed = value;
        self
    }

    /// With the bound in words.
    #[must_use]
    pub fn bound(mut self, bound: impl Into<String>) -> Self {
        self.bound = bound.into();
        self
    }

    /// With the reason.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// With what stands beside the observed value.
    #[must_use]
    pub fn extra(mut self, name: &'static str, value: Value<'static>) -> Self {
        self.extra.push((name, value));
        self
    }

    /// With details.
    #[must_use]
    pub fn details(mut self, details: Value<'static>) -> Self {
        self.details = details;
        self
    }

    /// With the error of the sketch that answered.
    #[must_use]
    pub fn within(mut self, error: Option<f64>) -> Self {
        self.error = error;
        self
    }
}
