//! What it costs to compare two samples of numbers: from raw values, and from sides that are sorted already.
//! `cargo bench -p driftline-rules --bench drift`.

#![allow(missing_docs, clippy::unwrap_used)]

use divan::{Bencher, black_box};
use driftline_rules::drift::{Numbers, Params, Sides, TESTS, alarm, find};

/// Numbers that look drawn: about normal, `by` to the right.
fn values(n: usize, seed: u64, by: f64) -> Vec<f64> {
    let mut state = seed;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (state ^ (state >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..n).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0 + by).collect()
}

const SIZE: usize = 100_000;

#[divan::bench(args = [1000, SIZE])]
fn sort(bencher: Bencher, n: usize) {
    let values = values(n, 1, 0.0);
    bencher.bench(|| Numbers::of(black_box(&values)));
}

/// Raw values to p-value: what `scipy.stats.ks_2samp` does.
#[divan::bench(args = [0.0, 0.02, 1.0])]
fn ks_of_values(bencher: Bencher, by: f64) {
    let (reference, current) = (values(SIZE, 1, 0.0), values(SIZE, 2, by));
    let test = find("ks").unwrap();
    bencher.bench(|| {
        let sides = Sides::Numbers(Numbers::of(black_box(&reference)), Numbers::of(black_box(&current)));
        alarm::run(test, &sides, &Params::default())
    });
}

/// The exact law, up to the size at which it gives way to its limit.
#[divan::bench(args = [(1000, 900), (10_000, 9_999), (10_000, 5_000)])]
fn ks_exact(bencher: Bencher, (n, m): (usize, usize)) {
    let sides = Sides::Numbers(Numbers::of(&values(n, 1, 0.0)), Numbers::of(&values(m, 2, 0.02)));
    let test = find("ks").unwrap();
    bencher.bench(|| alarm::run(test, black_box(&sides), &Params::default()));
}

#[divan::bench(args = TESTS.iter().filter(|it| it.takes == driftline_rules::drift::Takes::Numbers).map(|it| it.name))]
fn sorted_sides(bencher: Bencher, name: &str) {
    let sides = Sides::Numbers(Numbers::of(&values(SIZE, 1, 0.0)), Numbers::of(&values(SIZE, 2, 0.01)));
    let test = find(name).unwrap();
    bencher.bench(|| alarm::run(test, black_box(&sides), &Params::default()));
}

fn main() {
    divan::main();
}
