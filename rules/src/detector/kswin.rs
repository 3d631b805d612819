//! `kswin`: the newest values of a window against some of the older ones, by Kolmogorov and Smirnov's test.

use std::collections::VecDeque;

use super::mersenne::Mersenne;
use super::params::MOST;
use super::parts::Tape;
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "kswin",
    aliases: &["KSWIN"],
    summary: "a change of the distribution, by a Kolmogorov-Smirnov test in a window of fixed length",
    takes: Takes::Numbers,
    params: &[
        Param::number("alpha", &[], 0.005, Range::Number(0.0, 1.0)).doc("a p-value up to this is a drift"),
        Param::count("window_size", &["min_num_instances"], 100, 2, MOST).doc("values of the window"),
        Param::count("stat_size", &["num_test_instances"], 30, 1, MOST)
            .doc("the newest of them, and as many older ones, are compared"),
        Param::count("seed", &[], 0, 0, 1 << 53)
            .doc("of the drawing of the older ones, as Python's `random.Random` takes it"),
    ],
    page: include_str!("kswin.md"),
    make: |settings| {
        let it = Kswin::new(settings);
        if it.size < 2 * it.sample {
            return Err(format!("`window_size` ({}) must be at least twice `stat_size` ({})", it.size, it.sample));
        }
        Ok(Box::new(it))
    },
};

#[derive(Clone, Debug)]
struct Kswin {
    size: usize,
    sample: usize,
    seed: u64,
    /// The least gap, in values, that is a drift.
    critical: usize,
    window: VecDeque<f64>,
    random: Mersenne,
    /// The gap that was found last.
    gap: Option<usize>,
}

/// The least statistic that is a drift however small its p-value is; river's, against large samples.
const LEAST_DISTANCE: f64 = 0.1;

/// The probability that the distribution functions of two samples of `n` values differ somewhere by `gap` of them or
/// more, when nothing has changed: the reflection principle (Gnedenko and Korolyuk 1951), exact without ties.
fn p_value(n: usize, gap: usize) -> f64 {
    if gap == 0 {
        return 1.0;
    }
    let (mut sum, mut term, mut at) = (0.0, 1.0, 0);
    for (turn, to) in (gap..=n).step_by(gap).enumerate() {
        while at < to {
            term *= (n - at) as f64 / (n + at + 1) as f64;
            at += 1;
        }
        sum += if turn % 2 == 0 { term } else { -term };
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

/// The greatest difference of two sorted samples' distribution functions, in values.
fn gap(a: &[f64], b: &[f64]) -> usize {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let (mut difference, mut most) = (0_isize, 0);
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => x.min(**y),
            (Some(x), None) => **x,
            (None, Some(y)) => **y,
            (None, None) => return most,
        };
        // Ties count together.
        while a.next_if(|it| **it <= next).is_some() {
            difference += 1;
        }
        while b.next_if(|it| **it <= next).is_some() {
            difference -= 1;
        }
        most = most.max(difference.unsigned_abs());
    }
}

impl Kswin {
    fn new(settings: &Settings) -> Self {
        let (sample, seed) = (settings.count("stat_size") as usize, settings.count("seed"));
        let alpha = settings.number("alpha");
        // The p-value falls as the gap grows, so the first gap that is a drift is found by halving.
        let gaps: Vec<usize> = (1..=sample).collect();
        let none = |it: &usize| p_value(sample, *it) > alpha || *it as f64 / sample as f64 <= LEAST_DISTANCE;
        Kswin {
            size: settings.count("window_size") as usize,
            sample,
            seed,
            critical: gaps.partition_point(none) + 1,
            window: VecDeque::new(),
            random: Mersenne::new(seed),
            gap: None,
        }
    }
}

impl Change for Kswin {
    fn update(&mut self, value: f64) -> Step {
        if self.window.len() >= self.size {
            self.window.pop_front();
        }
        self.window.push_back(value + 0.0);
        if self.window.len() < self.size {
            return Step::default();
        }
        let n_older = self.size - self.sample;
        let drawn = self.random.sample(n_older, self.sample);
        let mut older: Vec<f64> = drawn.iter().filter_map(|at| self.window.get(*at)).copied().collect();
        let mut newer: Vec<f64> = self.window.iter().skip(n_older).copied().collect();
        older.sort_unstable_by(f64::total_cmp);
        newer.sort_unstable_by(f64::total_cmp);
        let gap = gap(&older, &newer);
        self.gap = Some(gap);
        Step { drift: gap >= self.critical, warning: false }
    }

    fn reset(&mut self) {
        self.window.clear();
        self.random = Mersenne::new(self.seed);
        self.gap = None;
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        tape.window(&mut self.window, self.size)?;
        self.random.state(tape)?;
        // One more than the gap, 0 for none.
        let mut gap = self.gap.map_or(0, |it| it as u64 + 1);
        tape.count(&mut gap)?;
        self.gap = (gap as usize).checked_sub(1).filter(|it| *it <= self.sample);
        (gap <= self.sample as u64 + 1 && self.window.iter().all(|it| it.is_finite())).then_some(())
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        let mut figures = vec![("width", self.window.len() as f64)];
        if let Some(gap) = self.gap {
            figures.push(("statistic", gap as f64 / self.sample as f64));
            figures.push(("p_value", p_value(self.sample, gap)));
        }
        figures
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_is_that_of_scipy() {
        // scipy.stats.ks_2samp(.., method="exact") of two samples of this size.
        for (n, gap, p) in [(1, 1, 1.0), (2, 2, 1.0 / 3.0), (3, 3, 0.1), (5, 4, 20.0 / 252.0), (30, 30, 1.69e-17)] {
            let got = p_value(n, gap);
            assert!((got - p).abs() <= 1e-3 * p, "n = {n}, gap = {gap}: {got} instead of {p}");
        }
        for gap in 1..30 {
            assert!(p_value(30, gap + 1) < p_value(30, gap) || gap < 5, "the p-value falls as the gap {gap} grows");
        }
    }
}
