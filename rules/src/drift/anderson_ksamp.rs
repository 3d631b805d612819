//! The k-sample Anderson-Darling test with the p-value of a table, as scipy gives it.

use super::anderson_darling::{Statistic, tail};
use super::law::Tail;
use super::significance::CALIBRATED;
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "anderson_ksamp",
    aliases: &["anderson"],
    summary: "the same as `anderson_darling`, with a p-value from a table, between 0.001 and 0.25",
    takes: Takes::Numbers,
    alarm: Alarm::PValue { alpha: 0.05, closed: false },
    params: &[("variant", "midrank"), ("extra_samples", "[]"), ("infinite", "keep")],
    page: include_str!("anderson_ksamp.md"),
    run,
};

/// Level, and the critical value as `b0 + b1 / root(dof) + b2 / dof`: table 2 of Scholz and Stephens (1987), with
/// scipy's two levels more.
const TABLE: [(f64, [f64; 3]); 7] = [
    (0.25, [0.675, -0.245, -0.105]),
    (0.1, [1.281, 0.25, -0.305]),
    (0.05, [1.645, 0.678, -0.362]),
    (0.025, [1.96, 1.149, -0.391]),
    (0.01, [2.326, 1.822, -0.396]),
    (0.005, [2.573, 2.364, -0.345]),
    (0.001, [3.085, 3.615, -0.154]),
];

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let it = Statistic::of(sides, params)?;
    let points = TABLE.map(|(level, [b0, b1, b2])| (b0 + b1 / it.dof.sqrt() + b2 / it.dof, level.ln()));
    let least = points.iter().fold(f64::INFINITY, |least, it| least.min(it.0));
    let most = points.iter().fold(f64::NEG_INFINITY, |most, it| most.max(it.0));
    let calibrated = tail(&it).p;
    let tail = if it.standard < least {
        Tail::of(0.25)
    } else if it.standard > most {
        Tail::of(0.001)
    } else {
        Tail::of_ln(parabola(&points, it.standard))
    };
    let (reference, current) = sides.numbers()?;
    let found = Found::of_p(it.standard, tail).with("a2", it.raw).with("dof", it.dof);
    Ok(found.with(CALIBRATED, calibrated).between(reference, current))
}

/// The parabola of least squares through points, at `x`: the sum of projections on polynomials that are orthogonal
/// over the points.
fn parabola(points: &[(f64, f64)], x: f64) -> f64 {
    let n = points.len() as f64;
    let mean = points.iter().map(|it| it.0).sum::<f64>() / n;
    let first = |at: f64| at - mean;
    let squares: f64 = points.iter().map(|it| first(it.0).powi(2)).sum();
    let tilt = points.iter().map(|it| first(it.0).powi(3)).sum::<f64>() / squares;
    let second = |at: f64| first(at).powi(2) - tilt * first(at) - squares / n;
    let zeroth = points.iter().map(|it| it.1).sum::<f64>() / n;
    let slope = points.iter().map(|it| first(it.0) * it.1).sum::<f64>() / squares;
    let bend = points.iter().map(|it| second(it.0) * it.1).sum::<f64>()
        / points.iter().map(|it| second(it.0).powi(2)).sum::<f64>();
    zeroth + slope * first(x) + bend * second(x)
}
