//! How many records and expectations fared how since the start, for metrics: what shards hold anyway, added up when a
//! shard is taken to be committed, so that no record costs more for it.

use std::collections::BTreeMap;

use super::{Key, Shard, Tally};
use crate::intake::entry::PlanNote;

/// Counts by suite.
#[derive(Clone, Debug, Default)]
pub struct Counted(pub BTreeMap<String, SuiteCounts>);

/// Counts of one suite, of all its versions.
#[derive(Clone, Debug, Default)]
pub struct SuiteCounts {
    /// Records.
    pub records: RecordCounts,
    /// By title and severity of the expectation.
    pub checks: BTreeMap<(String, String), CheckCounts>,
}

/// Records by their verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// Passed.
    pub pass: u64,
    /// Failed warnings only.
    pub warn: u64,
    /// Failed a critical expectation.
    pub fail: u64,
    /// Could not be read.
    pub unreadable: u64,
}

/// Records by how one expectation fared with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckCounts {
    /// It held.
    pub pass: u64,
    /// It did not.
    pub fail: u64,
    /// There was nothing to judge.
    pub skip: u64,
    /// It could not be judged.
    pub error: u64,
}

impl RecordCounts {
    /// Adds records as requests count them: those that failed include the unreadable ones.
    pub fn add(&mut self, records: u64, failed: u64, warned: u64, unreadable: u64) {
        self.pass += records.saturating_sub(failed).saturating_sub(warned);
        self.warn += warned;
        self.fail += failed.saturating_sub(unreadable);
        self.unreadable += unreadable;
    }
}

impl Counted {
    /// Adds records that expectations, by their place in the plan, could not be judged with.
    pub fn troubled(&mut self, plan: &PlanNote, counts: impl Iterator<Item = (usize, u64)>) {
        let suite = self.of(&plan.suite);
        for (place, n) in counts.filter(|it| it.1 > 0) {
            if let Some(check) = plan.checks.get(place) {
                suite.checks.entry((check.title.clone(), check.severity.clone())).or_default().error += n;
            }
        }
    }

    fn of(&mut self, suite: &str) -> &mut SuiteCounts {
        if !self.0.contains_key(suite) {
            self.0.insert(suite.to_owned(), SuiteCounts::default());
        }
        self.0.entry(suite.to_owned()).or_default()
    }
}

impl Shard {
    /// Adds what this shard holds.
    pub fn add_to(&self, counted: &mut Counted) {
        let mut sums: BTreeMap<u32, (RecordCounts, Vec<Tally>)> = BTreeMap::new();
        for (Key(plan, ..), group) in &self.groups {
            let (records, tallies) = sums.entry(*plan).or_default();
            let n = [group.requests, group.failed, group.warned, group.unreadable].map(|it| it as u64);
            records.add(n[0], n[1], n[2], n[3]);
            tallies.resize(group.tallies.len().max(tallies.len()), Tally::default());
            for (sum, tally) in tallies.iter_mut().zip(&group.tallies) {
                sum.seen += tally.seen;
                sum.failed += tally.failed;
                sum.skipped += tally.skipped;
            }
        }
        for (place, plan) in self.plans.iter().enumerate() {
            let (singles, tallies) = sums.remove(&(place as u32)).unwrap_or_default();
            let requests = self.records.get(&(place as u32)).copied().unwrap_or_default();
            let suite = counted.of(&plan.suite);
            for it in [singles, requests] {
                suite.records.pass += it.pass;
                suite.records.warn += it.warn;
                suite.records.fail += it.fail;
                suite.records.unreadable += it.unreadable;
            }
            // Records as a whole, which stand behind all expectations, are counted above.
            let checks = plan.checks.iter().take(plan.checks.len().saturating_sub(1));
            for (check, tally) in checks.zip(tallies).filter(|it| it.0.by_record && it.1.seen > 0) {
                let counts = suite.checks.entry((check.title.clone(), check.severity.clone())).or_default();
                counts.pass += (tally.seen - tally.failed - tally.skipped).max(0) as u64;
                counts.fail += tally.failed as u64;
                counts.skip += tally.skipped as u64;
            }
        }
    }
}
