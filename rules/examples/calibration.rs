//! How often each test with a p-value alarms when nothing has drifted: a table, by test, sizes and kind of data.
//! `cargo run --release -p driftline-rules --example calibration [windows] [test]`.
//!
//! A test is sound when it alarms in no more than its level of windows, give or take chance.

#![allow(clippy::print_stdout, reason = "an example prints")]

use driftline_rules::drift::{Alarm, Numbers, Params, Sides, TESTS, Takes, alarm};

/// A seeded stream of numbers (splitmix64).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((it ^ (it >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

/// Kinds of data: without ties, skewed with a heavy tail, few values, and mostly one value.
type Kind = (&'static str, fn(&mut Random) -> f64);
const KINDS: &[Kind] = &[
    ("normal", Random::normal),
    ("lognormal", |it| it.normal().exp()),
    ("ten values", |it| (it.uniform() * 10.0).floor()),
    ("rare flag", |it| f64::from(u8::from(it.uniform() < 0.1))),
    ("mostly 0", |it| if it.uniform() < 0.7 { 0.0 } else { it.normal().exp() }),
];

const SIZES: &[(usize, usize)] = &[
    (30, 30),
    (100, 30),
    (100, 100),
    (500, 100),
    (2000, 100),
    (2000, 2000),
    (20_000, 500),
    (20_000, 20_000),
    (200_000, 2000),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let windows: u32 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(1000);
    let only = arguments.next();
    println!("alarms in {windows} windows without drift, in percent, at the levels 5 % and 1 %");
    let chosen = |name: &str| only.as_ref().is_none_or(|it| it == name);
    let tests = || {
        let fits = |it: &&&driftline_rules::drift::DriftTest| {
            it.takes == Takes::Numbers && matches!(it.alarm, Alarm::PValue { .. }) && chosen(it.name)
        };
        TESTS.iter().filter(fits)
    };
    for (kind, draw) in KINDS {
        let sizes: Vec<String> = SIZES.iter().map(|(n, m)| format!("{:>16}", format!("{n}/{m}"))).collect();
        println!("\n{kind:<22}{}", sizes.concat());
        let mut alarms = vec![vec![[0_u32; 3]; SIZES.len()]; tests().count()];
        for (column, (n, m)) in SIZES.iter().enumerate() {
            let most = (40_000_000 / (n + m)) as u32;
            for window in 0..windows.min(most) {
                let mut random = Random(u64::from(window) * 1_000_003 + column as u64);
                let mut sample = |n: &usize| Numbers::of(&(0..*n).map(|_| draw(&mut random)).collect::<Vec<_>>());
                let sides = Sides::Numbers(sample(n), sample(m));
                for (test, row) in tests().zip(&mut alarms) {
                    let found = alarm::run(test, &sides, &Params::default());
                    // What cannot be computed is no alarm.
                    let p = found.ok().and_then(|it| it.p_value).unwrap_or(1.0);
                    let [five, one, all] = &mut row[column];
                    *five += u32::from(p <= 0.05);
                    *one += u32::from(p <= 0.01);
                    *all += 1;
                }
            }
        }
        for (test, row) in tests().zip(&alarms) {
            let share = |it: u32, all: u32| 100.0 * f64::from(it) / f64::from(all);
            let cell = |[five, one, all]: &[u32; 3]| format!("{:>8.1}{:>8.2}", share(*five, *all), share(*one, *all));
            let cells: Vec<String> = row.iter().map(cell).collect();
            println!("{:<22}{}", test.name, cells.concat());
        }
    }
}
