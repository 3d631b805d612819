//! `adwin`: a window that shrinks when its older and its newer part differ in mean.

use std::collections::VecDeque;

use super::parts::Tape;
use super::{Change, DetectorKind, Param, Range, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "adwin",
    aliases: &["ADWIN"],
    summary: "a change of the mean, in a window that grows while there is none",
    takes: Takes::Numbers,
    params: &[
        Param::number("delta", &[], 0.002, Range::Above(0.0, 1.0)).doc("confidence: how readily two means differ"),
        Param::count("clock", &[], 32, 1, 1 << 32).doc("how many values lie between two looks at the window"),
        Param::count("max_buckets", &["m"], 5, 1, 1000).doc("buckets of one size before the two oldest become one"),
        Param::count("min_window_length", &["min_window_size"], 5, 1, 1 << 32).doc("the least values of a part"),
        Param::count("grace_period", &["min_num_instances"], 10, 0, 1 << 32)
            .doc("no look at a window up to this width"),
    ],
    page: include_str!("adwin.md"),
    make: |settings| {
        Ok(Box::new(Adwin {
            delta: settings.number("delta"),
            clock: settings.count("clock"),
            max_buckets: settings.count("max_buckets") as usize,
            min_length: settings.count("min_window_length") as f64,
            grace: settings.count("grace_period"),
            ticks: 0,
            rows: Vec::new(),
            all: Bucket::default(),
            width: 0,
        }))
    },
};

/// Consecutive values: their sum, and the sum of squares of their distances from their mean.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    sum: f64,
    squares: f64,
}

#[derive(Clone, Debug)]
struct Adwin {
    delta: f64,
    clock: u64,
    max_buckets: usize,
    min_length: f64,
    grace: u64,
    /// Values since the beginning.
    ticks: u64,
    /// Of each row the buckets of `2^row` values, the oldest first; the last row holds the oldest of all.
    rows: Vec<VecDeque<Bucket>>,
    /// The whole window.
    all: Bucket,
    width: u64,
}

/// By how much the sum of squares grows when two groups of values become one (Chan et al. 1979).
fn between(n: f64, mean: f64, m: f64, other: f64) -> f64 {
    n * m * (mean - other).powi(2) / (n + m)
}

const fn size(row: usize) -> f64 {
    // More rows than 64 would hold more values than can be counted.
    (1_u64 << (row as u32 & 63)) as f64
}

impl Adwin {
    fn insert(&mut self, value: f64) {
        if self.width > 0 {
            let n = self.width as f64;
            self.all.squares += between(n, self.all.sum / n, 1.0, value);
        }
        self.all.sum += value;
        self.width += 1;
        let mut carried = Bucket { sum: value, squares: 0.0 };
        for row in 0..=self.rows.len() {
            if row == self.rows.len() {
                self.rows.push(VecDeque::new());
            }
            let Some(buckets) = self.rows.get_mut(row) else { return };
            buckets.push_back(carried);
            if buckets.len() <= self.max_buckets {
                return;
            }
            let (Some(a), Some(b)) = (buckets.pop_front(), buckets.pop_front()) else { return };
            let n = size(row);
            carried =
                Bucket { sum: a.sum + b.sum, squares: a.squares + b.squares + between(n, a.sum / n, n, b.sum / n) };
        }
    }

    /// Whether some boundary of buckets parts the window in two whose means differ: theorem 3.2 of the paper with
    /// the variance of the whole window.
    fn differs(&self) -> bool {
        let width = self.width as f64;
        let d = (2.0 * width.ln() / self.delta).ln();
        let variance = self.all.squares.max(0.0) / width;
        let (mut n, mut sum) = (0.0, 0.0);
        let oldest_first = self.rows.iter().enumerate().rev();
        for (row, bucket) in oldest_first.flat_map(|(row, buckets)| buckets.iter().map(move |it| (row, it))) {
            n += size(row);
            sum += bucket.sum;
            let m = width - n;
            // Behind the newest bucket there is nothing to compare with.
            if n < self.min_length || m < self.min_length || m < 1.0 {
                continue;
            }
            let harmonic = 1.0 / (n - self.min_length + 1.0) + 1.0 / (m - self.min_length + 1.0);
            let cut = (2.0 * harmonic * variance * d).sqrt() + 2.0 / 3.0 * d * harmonic;
            if (sum / n - (self.all.sum - sum) / m).abs() > cut {
                return true;
            }
        }
        false
    }

    fn drop_oldest(&mut self) {
        let Some(row) = self.rows.len().checked_sub(1) else { return };
        let Some(gone) = self.rows.last_mut().and_then(VecDeque::pop_front) else { return };
        if self.rows.last().is_some_and(VecDeque::is_empty) {
            self.rows.pop();
        }
        let n = size(row);
        self.width -= (n as u64).min(self.width);
        self.all.sum -= gone.sum;
        let left = self.width as f64;
        self.all.squares -= gone.squares + between(n, gone.sum / n, left, self.all.sum / left);
    }
}

impl Change for Adwin {
    fn update(&mut self, value: f64) -> Step {
        self.insert(value);
        self.ticks += 1;
        let mut drift = false;
        if self.ticks.is_multiple_of(self.clock) && self.width > self.grace {
            while self.width > 1 && self.differs() {
                drift = true;
                self.drop_oldest();
            }
        }
        Step { drift, warning: false }
    }

    fn reset(&mut self) {
        self.ticks = 0;
        self.rows.clear();
        self.all = Bucket::default();
        self.width = 0;
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        tape.count(&mut self.ticks)?;
        tape.count(&mut self.width)?;
        tape.numbers([&mut self.all.sum, &mut self.all.squares])?;
        let rows = tape.length(self.rows.len(), 48)?;
        self.rows.resize(rows, VecDeque::new());
        let mut width = 0.0;
        for (row, buckets) in self.rows.iter_mut().enumerate() {
            let n = tape.length(buckets.len(), self.max_buckets)?;
            buckets.resize(n, Bucket::default());
            for it in buckets {
                tape.numbers([&mut it.sum, &mut it.squares])?;
            }
            width += n as f64 * size(row);
        }
        let whole = self.rows.last().is_none_or(|it| !it.is_empty()) && width == self.width as f64;
        whole.then_some(())
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        let width = self.width as f64;
        vec![("width", width), ("estimation", self.all.sum / width), ("variance_sum", self.all.squares)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
