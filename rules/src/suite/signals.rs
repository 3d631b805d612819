//! `signals:`, metrics that are made of records, labels, findings and the registry of models.

mod names;
mod reading;
#[cfg(test)]
mod tests;
mod values;

pub use names::exposed;

use super::node::Node;
use super::problem::At;
use super::triggers::Wanted;
use crate::family::FamilyType;
use crate::time::Timestamp;

/// One entry of `signals:`, which feeds a family of metrics. Several may feed the same one.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Where it stands.
    pub at: At,
    /// Its path: `signals[2]`.
    pub path: String,
    /// What its numbers mean.
    pub kind: FamilyType,
    /// The name of the family.
    pub name: String,
    /// What it says, in a sentence, if the suite says it.
    pub help: Option<String>,
    /// Its labels, in order, without that of [`Amount::Each`].
    pub labels: Vec<(String, LabelOf)>,
    /// Which records count.
    pub when: Option<Node>,
    /// What it is about, if the suite says it.
    pub on: Option<On>,
    /// What is counted, summed up or shown.
    pub amount: Amount,
    /// Upper bounds of the buckets of a histogram, rising.
    pub buckets: Vec<f64>,
    /// Which of several values a gauge shows.
    pub keep: Keep,
    /// Microseconds after which a value counts no more: of a gauge, or of an info.
    pub span: Option<Timestamp>,
    /// Series that are kept apart; `None`: the usual number.
    pub most: Option<usize>,
}

/// What a signal is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum On {
    /// Records as they come.
    #[default]
    Records,
    /// Records of the log of predictions, each once: when its first label is joined.
    Labels,
    /// What expectations say of windows and batches.
    Findings,
}

impl On {
    /// All, the first to happen first.
    pub const ALL: [On; 3] = [On::Records, On::Labels, On::Findings];

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            On::Records => "records",
            On::Labels => "labels",
            On::Findings => "findings",
        }
    }
}

/// What is counted, summed up or shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// Each event by itself.
    Event,
    /// A number of each.
    Of(Number),
    /// Several numbers, each in a series of its own: the name of the label, its values, the numbers.
    Each(String, Vec<(String, Number)>),
    /// What an expectation observed, of windows of this length; `None`: of the shortest.
    Finding(Wanted, Option<String>),
    /// Each finding of these expectations, of windows of this length; `None`: of all.
    Findings(Option<Wanted>, Option<String>),
    /// When the deployed version of each model of the suite was deployed, in seconds since 1970; of one model only
    /// where it is named.
    DeployedAt(Option<String>),
    /// That a version of a model is deployed.
    Deployed(Option<String>),
}

/// A number of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// A field's value: a number, a boolean as 0 or 1, a time as seconds since 1970.
    Field(String, At),
    /// Always this.
    Constant(f64),
    /// How long a field's value is: characters of a text, items of a list.
    Length(String, At),
    /// All of these multiplied.
    Product(Vec<Number>),
    /// All of these added.
    Sum(Vec<Number>),
    /// The first less the second.
    Difference(Box<(Number, Number)>),
    /// The first divided by the second.
    Quotient(Box<(Number, Number)>),
}

/// What a label's value is.
#[derive(Clone, Debug, PartialEq)]
pub enum LabelOf {
    /// A field's value; empty where there is none.
    Field(String, At),
    /// The name of the bucket that a number lies in; empty where there is none.
    Bucket(Number, Buckets),
    /// Always this.
    Constant(String),
    /// Of the verdict on the record.
    Verdict(OfVerdict, At),
    /// Of the finding.
    Finding(OfFinding, At),
    /// A field of the segment that a finding is of; empty where the segment is not by this field.
    Segment(String, At),
    /// Of the registered version.
    Model(OfModel, At),
}

/// Where numbers are divided, and what the parts are called.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// Where they are divided, rising; a number that is equal to one lies above it.
    pub at: Vec<f64>,
    /// What each part is called; one more than there are places.
    pub names: Vec<String>,
}

impl Buckets {
    /// What the part is called in which a number lies.
    pub fn name_of(&self, number: f64) -> &str {
        let at = self.at.partition_point(|it| *it <= number);
        self.names.get(at).map_or("", String::as_str)
    }
}

/// What of a verdict is a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfVerdict {
    /// `pass`, `warn`, `fail` or `unreadable`.
    Outcome,
    /// The title of an expectation that the record failed; one count for each.
    Expectation,
    /// The kind of that expectation.
    Kind,
    /// Its fields, joined by `, `.
    Field,
    /// Its severity.
    Severity,
}

impl OfVerdict {
    /// All of them.
    pub const ALL: [OfVerdict; 5] =
        [OfVerdict::Outcome, OfVerdict::Expectation, OfVerdict::Kind, OfVerdict::Field, OfVerdict::Severity];

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            OfVerdict::Outcome => "outcome",
            OfVerdict::Expectation => "expectation",
            OfVerdict::Kind => "kind",
            OfVerdict::Field => "field",
            OfVerdict::Severity => "severity",
        }
    }
}

/// What of a finding is a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfFinding {
    /// The expectation's title.
    Expectation,
    /// Its kind.
    Kind,
    /// Its fields, joined by `, `.
    Field,
    /// Its severity.
    Severity,
    /// How it ended.
    Status,
    /// The name of the segment; empty: all records.
    Segment,
    /// The length of the window; empty: a batch.
    Length,
}

impl OfFinding {
    /// All of them.
    pub const ALL: [OfFinding; 7] = [
        OfFinding::Expectation,
        OfFinding::Kind,
        OfFinding::Field,
        OfFinding::Severity,
        OfFinding::Status,
        OfFinding::Segment,
        OfFinding::Length,
    ];

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            OfFinding::Expectation => "expectation",
            OfFinding::Kind => "kind",
            OfFinding::Field => "field",
            OfFinding::Severity => "severity",
            OfFinding::Status => "status",
            OfFinding::Segment => "segment",
            OfFinding::Length => "length",
        }
    }
}

/// What of a registered version of a model is a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfModel {
    /// The model's name.
    Name,
    /// The version.
    Version,
    /// The hash of its bytes.
    Hash,
}

impl OfModel {
    /// All of them.
    pub const ALL: [OfModel; 3] = [OfModel::Name, OfModel::Version, OfModel::Hash];

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            OfModel::Name => "name",
            OfModel::Version => "version",
            OfModel::Hash => "hash",
        }
    }
}

/// Which of several values a gauge shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The one that came last.
    #[default]
    Last,
    /// Their mean over the span.
    Mean,
    /// The greatest of the span.
    Max,
    /// The least of the span.
    Min,
}

impl Keep {
    /// All of them.
    pub const ALL: [Keep; 4] = [Keep::Last, Keep::Mean, Keep::Max, Keep::Min];

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            Keep::Last => "last",
            Keep::Mean => "mean",
            Keep::Max => "max",
            Keep::Min => "min",
        }
    }
}

impl Signal {
    /// Series of a family that are kept apart unless the suite says how many.
    pub const MOST: usize = 1_000;
    /// As many as a suite may ask for.
    pub const MOST_OF_ALL: usize = 100_000;
    /// Upper bounds of buckets where the suite says none: those of Prometheus' client libraries, for seconds.
    pub const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    /// Over how long a gauge shows a mean, a maximum or a minimum unless the suite says it: five minutes.
    pub const SPAN: Timestamp = 300_000_000;
    /// What signals of one name need, for messages.
    pub const ALIKE: &str = "signals that feed one name have the same type, help, labels, buckets, `keep` and `span`, and either all count events or all add numbers";
}
