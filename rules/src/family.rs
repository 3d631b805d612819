//! Metric families, as Prometheus and OpenTelemetry know them: plain data that a host shows in their formats.
//!
//! Names are those of Prometheus' text format: a counter's ends in `_total`, an info's in `_info` or whatever its author
//! says, a histogram's has no suffix.

use crate::time::Timestamp;

/// What the numbers of a family mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FamilyType {
    /// A sum that only grows, from the start of the process.
    Counter,
    /// A number as it is now.
    Gauge,
    /// Counts of values by upper bounds, and their sum.
    Histogram,
    /// Always 1: what is to be known is in the labels.
    Info,
}

impl FamilyType {
    /// All of them.
    pub const ALL: [FamilyType; 4] = [FamilyType::Counter, FamilyType::Gauge, FamilyType::Histogram, FamilyType::Info];

    /// The word of `OpenMetrics`.
    pub const fn name(self) -> &'static str {
        match self {
            FamilyType::Counter => "counter",
            FamilyType::Gauge => "gauge",
            FamilyType::Histogram => "histogram",
            FamilyType::Info => "info",
        }
    }
}

/// A metric with all its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Its name, `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    pub name: String,
    /// What it says, in a sentence.
    pub help: String,
    /// What its numbers mean.
    pub kind: FamilyType,
    /// Its series; their labels differ.
    pub series: Vec<Series>,
}

/// One series of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Names and values of its labels, names in the order in which they are shown; no name twice.
    pub labels: Vec<(String, String)>,
    /// What it is now.
    pub sample: Sample,
}

/// What a series is now.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// Of counters, gauges and infos: the number, and for a counter one of the events that it counts.
    Number(f64, Option<Exemplar>),
    /// Of histograms.
    Histogram(Histogram),
}

/// Counts of values by upper bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Upper bounds, rising, all finite; a value that is equal to a bound lies below it.
    pub bounds: Vec<f64>,
    /// Values in each bucket, not summed up over buckets; one more than bounds, the last for values above all of them.
    pub counts: Vec<u64>,
    /// The sum of the values.
    pub sum: f64,
    /// One of the values of each bucket; empty, or as many as counts.
    pub exemplars: Vec<Option<Exemplar>>,
}

impl Histogram {
    /// One without values, over bounds that rise.
    pub fn new(bounds: &[f64]) -> Self {
        Histogram { bounds: bounds.to_vec(), counts: vec![0; bounds.len() + 1], sum: 0.0, exemplars: Vec::new() }
    }

    /// Counts a value; one that is not finite is counted as `OpenMetrics` says, and NaN above all bounds.
    pub fn observe(&mut self, value: f64, exemplar: Option<Exemplar>) {
        let at = self.bounds.partition_point(|it| *it < value || value.is_nan());
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
        }
        self.sum += value;
        if exemplar.is_some() {
            self.exemplars.resize(self.counts.len(), None);
            if let Some(place) = self.exemplars.get_mut(at) {
                *place = exemplar;
            }
        }
    }

    /// All values that were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// One of the events behind a number, so that somebody can look at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// The trace it was part of, 32 hexadecimal digits.
    pub trace_id: String,
    /// Its value.
    pub value: f64,
    /// When it was.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lies_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let mut it = Histogram::new(&[0.1, 0.5, 1.0]);
        for value in [-1.0, 0.1, 0.100_001, 0.5, 1.0, 1.1, f64::INFINITY] {
            it.observe(value, None);
        }
        assert_eq!((it.counts, it.sum), (vec![2, 2, 1, 2], f64::INFINITY));
        let mut it = Histogram::new(&[0.1]);
        it.observe(f64::NAN, None);
        assert_eq!((it.counts.clone(), it.count()), (vec![0, 1], 1));
    }

    #[test]
    fn the_latest_exemplar_of_a_bucket_is_kept() {
        let of = |value| Some(Exemplar { trace_id: "0af7651916cd43dd8448eb211c80319c".into(), value, at: 0 });
        let mut it = Histogram::new(&[1.0]);
        it.observe(0.5, of(0.5));
        it.observe(0.7, of(0.7));
        it.observe(3.0, None);
        assert_eq!(it.exemplars, [of(0.7), None]);
    }
}
