//! Data without drift, from a seed: both sides of one law.

use driftline_rules::drift::chance::Chance;
use driftline_rules::drift::{Categories, Numbers, Share, Sides};

/// A law, and how samples of it are compared.
pub struct Law {
    pub name: &'static str,
    pub what: What,
}

/// What is drawn.
#[derive(Clone, Copy)]
pub enum What {
    /// Numbers.
    Numbers(fn(&mut Chance) -> f64),
    /// Categories by their weights.
    Categories(fn(usize) -> f64, usize),
    /// A share of missing values.
    Missing(f64),
    /// Vectors of five normal numbers.
    Vectors,
    /// Texts of eight words of a hundred, the first of them often.
    Texts,
}

/// Numbers without ties, skewed with a long tail, with few different values, mostly 0 and 1, and mostly one value;
/// categories of equal shares, and of shares that fall as 1 / rank.
pub const LAWS: &[Law] = &[
    Law { name: "normal numbers", what: What::Numbers(normal) },
    Law { name: "lognormal numbers", what: What::Numbers(|it| normal(it).exp()) },
    Law { name: "numbers of ten different values", what: What::Numbers(|it| (uniform(it) * 10.0).floor()) },
    Law { name: "a flag, 1 in 10 %", what: What::Numbers(|it| f64::from(u8::from(uniform(it) < 0.1))) },
    Law {
        name: "0 in 70 %, else lognormal",
        what: What::Numbers(|it| if uniform(it) < 0.7 { 0.0 } else { normal(it).exp() }),
    },
    Law { name: "2 categories of equal shares", what: What::Categories(|_| 1.0, 2) },
    Law { name: "2 categories, one of 0.3 %", what: What::Categories(|rank| if rank == 1 { 997.0 } else { 3.0 }, 2) },
    Law { name: "10 categories of equal shares", what: What::Categories(|_| 1.0, 10) },
    Law { name: "10 categories, shares as 1 / rank", what: What::Categories(falling, 10) },
    Law { name: "50 categories of equal shares", what: What::Categories(|_| 1.0, 50) },
    Law { name: "50 categories, shares as 1 / rank", what: What::Categories(falling, 50) },
    Law { name: "150 categories of equal shares", what: What::Categories(|_| 1.0, 150) },
    Law { name: "150 categories, shares as 1 / rank", what: What::Categories(falling, 150) },
    Law { name: "1 % missing", what: What::Missing(0.01) },
    Law { name: "10 % missing", what: What::Missing(0.1) },
    Law { name: "vectors of five normal numbers", what: What::Vectors },
    Law { name: "texts of eight words", what: What::Texts },
];

fn falling(rank: usize) -> f64 {
    1.0 / rank as f64
}

fn uniform(chance: &mut Chance) -> f64 {
    (chance.bits() >> 11) as f64 / (1_u64 << 53) as f64
}

fn normal(chance: &mut Chance) -> f64 {
    let (u, v) = (1.0 - uniform(chance), uniform(chance));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// A sample of a law.
#[derive(Clone)]
pub enum Sample {
    Numbers(Numbers),
    Counts(Vec<u64>),
    Missing(Share),
    Vectors(Vec<Vec<f64>>),
    Texts(Vec<String>),
}

impl Sample {
    /// `n` values.
    pub fn draw(what: What, n: usize, chance: &mut Chance) -> Self {
        match what {
            What::Numbers(one) => Sample::Numbers(Numbers::of(&(0..n).map(|_| one(chance)).collect::<Vec<_>>())),
            What::Categories(weight, k) => {
                let edges: Vec<f64> = (1..=k)
                    .scan(0.0, |sum, rank| {
                        *sum += weight(rank);
                        Some(*sum)
                    })
                    .collect();
                let mut counts = vec![0; k];
                for _ in 0..n {
                    let drawn = uniform(chance) * edges[k - 1];
                    counts[edges.partition_point(|it| *it <= drawn).min(k - 1)] += 1;
                }
                Sample::Counts(counts)
            }
            What::Missing(share) => {
                let count = (0..n).filter(|_| uniform(chance) < share).count() as u64;
                Sample::Missing(Share { count, of: n as u64 })
            }
            What::Vectors => Sample::Vectors((0..n).map(|_| (0..5).map(|_| normal(chance)).collect()).collect()),
            What::Texts => {
                let word = |chance: &mut Chance| format!("word{}", (uniform(chance).powi(2) * 100.0) as u32);
                let text = |chance: &mut Chance| (0..8).map(|_| word(chance)).collect::<Vec<_>>().join(" ");
                Sample::Texts((0..n).map(|_| text(chance)).collect())
            }
        }
    }

    /// Both sides, as tests take them.
    pub fn against(&self, current: &Self) -> Sides {
        match (self.clone(), current.clone()) {
            (Sample::Numbers(a), Sample::Numbers(b)) => Sides::Numbers(a, b),
            (Sample::Missing(a), Sample::Missing(b)) => Sides::Missing(a, b),
            (Sample::Vectors(a), Sample::Vectors(b)) => Sides::Vectors(a, b),
            (Sample::Texts(a), Sample::Texts(b)) => Sides::Texts(a, b),
            (Sample::Counts(a), Sample::Counts(b)) => {
                let named = a.into_iter().zip(b).enumerate().map(|(at, (a, b))| (format!("{at:04}"), a, b));
                Sides::Categories(Categories { counts: named.filter(|it| it.1 + it.2 > 0).collect(), exact: true })
            }
            _ => unreachable!("samples of one law"),
        }
    }
}
