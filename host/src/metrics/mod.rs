//! Metrics: what this process counts of its own work, what each of its metrics is ([`list`]), and how families are
//! written ([`text`]).
//!
//! What is counted is the process', not a host's: two services in one process count together, as the client libraries
//! of Prometheus do it.

mod accept;
mod counts;
pub mod list;
mod process;
mod requests;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use driftline_rules::family::{Family, FamilyType, Sample, Series};

pub use accept::wanted;
pub use counts::{Durations, Table};
pub use list::{METRICS, find};
pub use requests::{Answering, Kind, Requests};

/// Bounds in seconds of everything that takes a time: from a record's check to a window's.
pub const TIMES: &[f64] = &[
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Beginnings of names that are the host's own; no signal of a suite has such a name.
pub const RESERVED: [&str; 2] = ["driftline_", "process_"];

/// Where the numbers of a metric come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// From this process: each host has its own, which are added up.
    Process,
    /// From the store: all hosts tell the same.
    Store,
    /// From a run of `driftline check`, into a file for `node_exporter`.
    Run,
}

/// What a metric of the host is.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What its numbers mean.
    pub kind: FamilyType,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// Where its numbers come from.
    pub from: From,
    /// What it says, in a sentence.
    pub help: &'static str,
}

impl Metric {
    /// The family without series.
    pub fn family(&self) -> Family {
        Family { name: self.name.to_owned(), help: self.help.to_owned(), kind: self.kind, series: Vec::new() }
    }

    /// The family of one series without labels.
    pub fn single(&self, value: f64) -> Family {
        self.of(vec![self.series(&[], value)])
    }

    /// The family of these series.
    pub fn of(&self, series: Vec<Series>) -> Family {
        Family { series, ..self.family() }
    }

    /// A series with these values of its labels, in their order.
    pub fn series(&self, labels: &[&str], value: f64) -> Series {
        Series { labels: self.labelled(labels), sample: Sample::Number(value, None) }
    }

    /// Labels by their names.
    pub fn labelled(&self, values: &[&str]) -> Vec<(String, String)> {
        debug_assert_eq!(values.len(), self.labels.len(), "{} has other labels", self.name);
        self.labels.iter().zip(values).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}

/// A part of the work whose time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Checking a record; of a batch, its part of the time.
    Check,
    /// Writing a request, or a part of a batch, to the journal.
    Journal,
    /// Committing a segment of the journal.
    Flush,
    /// Closing the windows of a span, judging them included.
    Close,
    /// Judging a window.
    Judge,
    /// Deciding about the triggers of a suite.
    Decide,
    /// Sending a notice.
    Deliver,
    /// Joining labels that came.
    Join,
}

impl Stage {
    /// All, in the order in which a record meets them.
    pub const ALL: [Stage; 8] = [
        Stage::Check,
        Stage::Journal,
        Stage::Flush,
        Stage::Join,
        Stage::Close,
        Stage::Judge,
        Stage::Decide,
        Stage::Deliver,
    ];

    /// The value of the label.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Check => "check",
            Stage::Journal => "journal",
            Stage::Flush => "flush",
            Stage::Close => "close",
            Stage::Judge => "judge",
            Stage::Decide => "decide",
            Stage::Deliver => "deliver",
            Stage::Join => "join",
        }
    }
}

/// What the process counts.
pub struct Counted {
    /// Requests.
    pub requests: Requests,
    /// Everything that has labels and is not counted for each record.
    pub table: Table,
    stages: [Durations; Stage::ALL.len()],
}

static PROCESS: LazyLock<Counted> = LazyLock::new(|| Counted {
    requests: Requests::default(),
    table: Table::default(),
    stages: std::array::from_fn(|_| Durations::new(TIMES)),
});

/// What this process has counted.
pub fn here() -> &'static Counted {
    &PROCESS
}

/// Adds to a counter of this process.
pub fn add(metric: &'static Metric, labels: &[&str], n: u64) {
    here().table.add(metric, labels, n);
}

/// Counts the time that a part of the work took.
pub fn took(stage: Stage, time: Duration) {
    took_many(stage, time, 1);
}

/// The same of so many things together.
pub fn took_many(stage: Stage, time: Duration, n: u64) {
    if let Some(durations) = here().stages.get(stage as usize) {
        durations.observe_many(time, n);
    }
}

/// What was counted by now, and what is known of the process.
pub fn families() -> Vec<Family> {
    let here = here();
    let mut all = process::families();
    all.push(list::BUILD.of(vec![list::BUILD.series(&[env!("CARGO_PKG_VERSION"), REVISION, RUSTC], 1.0)]));
    all.extend(here.requests.families());
    let stage = |it: &Stage| {
        let sample = here.stages.get(*it as usize)?.now()?;
        Some(Series { labels: list::STAGES.labelled(&[it.name()]), sample })
    };
    all.push(list::STAGES.of(Stage::ALL.iter().filter_map(stage).collect()));
    let by_name: BTreeMap<_, _> = here.table.now();
    all.extend(by_name.into_iter().filter_map(|(name, series)| Some(find(name)?.of(series))));
    all
}

/// The commit that the program was built of; `unknown` where the build was not told.
const REVISION: &str = match option_env!("BUILD_REVISION") {
    Some(it) => it,
    None => "unknown",
};

/// The compiler; `unknown` where the build was not told.
const RUSTC: &str = match option_env!("BUILD_RUSTC") {
    Some(it) => it,
    None => "unknown",
};
