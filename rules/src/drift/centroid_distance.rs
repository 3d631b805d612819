//! The distance between the means of vectors.

use super::chance::Chance;
use super::law::Tail;
use super::rows::{Rows, both_rows};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "centroid_distance",
    aliases: &["embedding_centroid_distance"],
    summary: "the distance between the mean vectors of the two sides",
    takes: Takes::Vectors,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[
        ("distance", "euclidean"),
        ("permutations", "300"),
        ("sample", "1000"),
        ("seed", "0"),
        ("centroid", "mean over rows"),
    ],
    page: include_str!("centroid_distance.md"),
    run,
};

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let (reference, current) = both_rows(sides)?;
    let name = params.word("distance", &["euclidean", "cosine", "cityblock", "chebyshev"])?;
    params.word("centroid", &["mean over rows"])?;
    let most = params.count("sample", 1000, 2..=100_000)? as usize;
    let rounds = params.count("permutations", 300, 0..=10_000)?;
    let mut chance = Chance::new(params.count("seed", 0, 0..=u64::MAX)?);
    let whole = Rows::sampled(reference, current, usize::MAX, &mut chance);
    let (a, b) = (mean(whole.rows.get(..whole.n)), mean(whole.rows.get(whole.n..)));
    let mut more: std::collections::BTreeMap<_, _> = [
        ("euclidean", euclidean(&a, &b)),
        ("cosine", cosine(&a, &b)),
        ("cityblock", cityblock(&a, &b)),
        ("chebyshev", chebyshev(&a, &b)),
        ("effect", euclidean(&a, &b) / spread(&whole, &a, &b)),
    ]
    .into();
    more.retain(|_, it| it.is_finite());
    let statistic = more.get(name).copied().ok_or("a mean vector is zero, and has no direction")?;
    let distance = match name {
        "cosine" => cosine,
        "cityblock" => cityblock,
        "chebyshev" => chebyshev,
        _ => euclidean,
    };
    let rows = Rows::sampled(reference, current, most, &mut chance);
    let tail = (rounds > 0).then(|| permuted(&rows, distance, rounds, &mut chance));
    Ok(Found {
        statistic,
        p_value: tail.map(|it| it.p),
        ln_p_value: tail.map(|it| it.ln_p),
        n: reference.len() as u64,
        m: current.len() as u64,
        exact: true,
        more,
        bins: Vec::new(),
    })
}

fn mean(rows: Option<&[&[f64]]>) -> Vec<f64> {
    let rows = rows.unwrap_or_default();
    let n = rows.len() as f64;
    sum(rows.iter().copied()).into_iter().map(|it| it / n).collect()
}

fn sum<'r>(rows: impl Iterator<Item = &'r [f64]>) -> Vec<f64> {
    let mut sum: Vec<f64> = Vec::new();
    for row in rows {
        if sum.is_empty() {
            sum.resize(row.len(), 0.0);
        }
        sum.iter_mut().zip(row).for_each(|(sum, it)| *sum += it);
    }
    sum
}

/// How far rows lie from the mean of their side: the root of the mean square.
fn spread(rows: &Rows, a: &[f64], b: &[f64]) -> f64 {
    let square = |(at, row): (usize, &&[f64])| euclidean(row, if at < rows.n { a } else { b }).powi(2);
    (rows.rows.iter().enumerate().map(square).sum::<f64>() / rows.rows.len() as f64).sqrt()
}

/// The p-value over random divisions of the rows (B. Phipson and G. K. Smyth, 2010).
fn permuted(rows: &Rows, distance: fn(&[f64], &[f64]) -> f64, rounds: u64, chance: &mut Chance) -> Tail {
    let all = rows.rows.len();
    let whole = sum(rows.rows.iter().copied());
    let size = rows.n.min(all - rows.n);
    let measured = |part: &[usize]| {
        let of_part = sum(part.iter().filter_map(|it| rows.rows.get(*it).copied()));
        let rest = (all - part.len()) as f64;
        let other: Vec<f64> = whole.iter().zip(&of_part).map(|(whole, it)| (whole - it) / rest).collect();
        let own: Vec<f64> = of_part.into_iter().map(|it| it / part.len() as f64).collect();
        distance(&own, &other)
    };
    let mut order: Vec<usize> = (0..all).collect();
    let smaller = if size == rows.n { 0..rows.n } else { rows.n..all };
    let found = measured(&smaller.collect::<Vec<_>>());
    let mut reached = 1;
    for _ in 0..rounds {
        chance.shuffle(&mut order, size);
        // Divisions that measure the same may differ by rounding; a direction that is missing is as extreme as any.
        let drawn = measured(order.get(..size).unwrap_or_default());
        reached += u64::from(drawn.is_nan() || drawn >= found - 1e-12 * found.abs());
    }
    Tail::of(reached as f64 / (rounds + 1) as f64)
}

fn euclidean(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn cityblock(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
}

fn chebyshev(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// One minus the cosine of the angle; not a number where a vector is zero.
fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    1.0 - (dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt())).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_needs_more_than_chance() {
        let mut chance = Chance::new(4);
        let mut rows = |n: usize, shift: f64| -> Vec<Vec<f64>> {
            let mut one = || vec![chance.below(1000) as f64 / 1000.0 + shift, chance.below(1000) as f64];
            (0..n).map(|_| one()).collect()
        };
        let params = Params::default();
        let alike = run(&Sides::Vectors(rows(40, 0.0), rows(25, 0.0)), &params).unwrap();
        assert!(alike.p_value.unwrap() > 0.01, "{alike:?}");
        // A shift of many standard errors in a direction that the other hides, but the cosine's is hidden too.
        let shifted = run(&Sides::Vectors(rows(40, 0.0), rows(25, 5000.0)), &params).unwrap();
        assert!(shifted.p_value.unwrap() < 0.005 && shifted.more["effect"] > 3.0, "{shifted:?}");
        let lonely = Sides::Vectors(vec![vec![0.0, 0.0]], vec![vec![1.0, 0.0]]);
        assert!(run(&lonely, &Params(serde_json::from_str(r#"{"distance": "cosine"}"#).unwrap())).is_err());
    }
}
