//! What is counted while the service works: times in buckets, without a lock, and counters by label where a lock costs
//! nothing beside what is counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use driftline_rules::family::{Exemplar, Histogram, Sample, Series};
use driftline_rules::time::Timestamp;

use super::Metric;

/// Times by upper bounds.
#[derive(Debug)]
pub struct Durations {
    bounds: &'static [f64],
    counts: Box<[AtomicU64]>,
    nanos: AtomicU64,
    /// By bucket, the last one that was told.
    exemplars: Mutex<Vec<Option<Exemplar>>>,
}

impl Durations {
    /// None yet; bounds are seconds and rise.
    pub fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Durations { bounds, counts, nanos: AtomicU64::new(0), exemplars: Mutex::default() }
    }

    /// Counts one.
    pub fn observe(&self, time: Duration) {
        self.observe_many(time, 1);
    }

    /// Counts so many things that took as long together, each the same part of it.
    pub fn observe_many(&self, time: Duration, n: u64) {
        if n == 0 {
            return;
        }
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get(self.bucket(nanos as f64 / n as f64 / 1e9)) {
            count.fetch_add(n, Ordering::Relaxed);
        }
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Counts one that was part of a trace.
    pub fn observe_traced(&self, time: Duration, trace_id: &str, at: Timestamp) {
        self.observe(time);
        let value = time.as_secs_f64();
        // Whoever comes at the same moment may have its place.
        let Ok(mut exemplars) = self.exemplars.try_lock() else { return };
        exemplars.resize(self.counts.len(), None);
        if let Some(place) = exemplars.get_mut(self.bucket(value)) {
            *place = Some(Exemplar { trace_id: trace_id.to_owned(), value, at });
        }
    }

    fn bucket(&self, seconds: f64) -> usize {
        self.bounds.partition_point(|it| *it < seconds)
    }

    /// What was counted by now; `None`: nothing.
    pub fn now(&self) -> Option<Sample> {
        let counts: Vec<_> = self.counts.iter().map(|it| it.load(Ordering::Relaxed)).collect();
        if counts.iter().all(|it| *it == 0) {
            return None;
        }
        let sum = self.nanos.load(Ordering::Relaxed) as f64 / 1e9;
        let exemplars = self.exemplars.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(Sample::Histogram(Histogram { bounds: self.bounds.to_vec(), counts, sum, exemplars }))
    }
}

/// Counters and histograms by metric and labels.
#[derive(Debug, Default)]
pub struct Table {
    counters: Mutex<BTreeMap<Key, f64>>,
    durations: Mutex<BTreeMap<Key, Durations>>,
}

/// A metric's name, and the values of its labels in their order.
type Key = (&'static str, Vec<String>);

impl Table {
    /// Adds to a counter; 0 makes its series known.
    pub fn add(&self, metric: &'static Metric, labels: &[&str], n: u64) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        *counters.entry(key(metric, labels)).or_default() += n as f64;
    }

    /// Raises a gauge to a number, if it is below it.
    pub fn raise(&self, metric: &'static Metric, labels: &[&str], to: f64) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let at = counters.entry(key(metric, labels)).or_default();
        *at = at.max(to);
    }

    /// Moves a gauge by a number.
    pub fn shift(&self, metric: &'static Metric, labels: &[&str], by: f64) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        *counters.entry(key(metric, labels)).or_default() += by;
    }

    /// Sets a gauge.
    pub fn set(&self, metric: &'static Metric, labels: &[&str], to: f64) {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).insert(key(metric, labels), to);
    }

    /// Adds a time to a histogram.
    pub fn observe(&self, metric: &'static Metric, labels: &[&str], time: Duration) {
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        let of = durations.entry(key(metric, labels)).or_insert_with(|| Durations::new(super::TIMES));
        of.observe(time);
    }

    /// All series by the name of their metric.
    pub fn now(&self) -> BTreeMap<&'static str, Vec<Series>> {
        let mut all: BTreeMap<&'static str, Vec<Series>> = BTreeMap::new();
        for ((name, labels), value) in &*self.counters.lock().unwrap_or_else(PoisonError::into_inner) {
            all.entry(name).or_default().push(series(name, labels, Sample::Number(*value, None)));
        }
        for ((name, labels), times) in &*self.durations.lock().unwrap_or_else(PoisonError::into_inner) {
            let sample = times.now();
            all.entry(name).or_default().extend(sample.map(|it| series(name, labels, it)));
        }
        all
    }
}

fn key(metric: &'static Metric, labels: &[&str]) -> Key {
    debug_assert_eq!(labels.len(), metric.labels.len(), "{} has other labels", metric.name);
    (metric.name, labels.iter().map(|it| (*it).to_owned()).collect())
}

fn series(name: &str, labels: &[String], sample: Sample) -> Series {
    let names = super::find(name).map_or(&[][..], |it| it.labels);
    let labels = names.iter().zip(labels).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Series { labels, sample }
}

#[cfg(test)]
mod tests {
    use super::super::list;
    use super::*;

    fn histogram(it: &Durations) -> Histogram {
        match it.now() {
            Some(Sample::Histogram(it)) => it,
            it => panic!("{it:?}"),
        }
    }

    #[test]
    fn times_lie_in_their_buckets_and_the_sum_holds_all() {
        let it = Durations::new(&[0.01, 0.1]);
        assert_eq!(it.now(), None);
        for millis in [1, 10, 11, 100, 101, 5000] {
            it.observe(Duration::from_millis(millis));
        }
        it.observe_many(Duration::from_millis(80), 4);
        it.observe_many(Duration::from_millis(80), 0);
        let found = histogram(&it);
        assert_eq!((found.counts, found.exemplars.len()), (vec![2, 6, 2], 0));
        assert!((found.sum - 5.303).abs() < 1e-9, "{}", found.sum);
    }

    #[test]
    fn the_last_trace_of_a_bucket_is_kept() {
        let it = Durations::new(&[0.01]);
        it.observe_traced(Duration::from_millis(5), "a", 1);
        it.observe_traced(Duration::from_millis(6), "b", 2);
        let kept = Some(Exemplar { trace_id: "b".into(), value: 0.006, at: 2 });
        assert_eq!(histogram(&it).exemplars, [kept, None]);
    }

    #[test]
    fn series_are_told_by_their_labels() {
        let it = Table::default();
        it.add(&list::REFUSED, &["busy"], 1);
        it.add(&list::REFUSED, &["busy"], 2);
        it.add(&list::REFUSED, &["full"], 0);
        let of = |reason: &str, n| Series {
            labels: vec![("reason".into(), reason.into())],
            sample: Sample::Number(n, None),
        };
        assert_eq!(it.now()["driftline_requests_refused_total"], [of("busy", 3.0), of("full", 0.0)]);
    }
}
