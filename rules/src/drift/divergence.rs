//! Distances between two lists of shares, and what all distances by bins have in common.

use super::bins::{Bin, Binned, Style, bin};
use super::homogeneity::{pearson, sizes};
use super::law::chi_square::upper_quantile;
use super::{Found, Params, Sides};

/// The population stability index: `Σ (q - p) ln(q / p)`, H. Jeffreys' divergence (1946). Infinite where one share is 0.
pub fn psi(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).filter(|(p, q)| p != q).map(|(p, q)| (q - p) * (q / p).ln()).sum()
}

/// S. Kullback and R. A. Leibler's divergence (1951) of `p` from `q` in nats: `Σ p ln(p / q)`, of shares that add up
/// to 1. Infinite where `q` has none of what `p` has.
pub fn kl(p: &[f64], q: &[f64]) -> f64 {
    let (sum_p, sum_q) = (p.iter().sum::<f64>(), q.iter().sum::<f64>());
    p.iter().zip(q).map(|(p, q)| relative_entropy(p / sum_p, q / sum_q)).sum::<f64>().max(0.0)
}

/// J. Lin's divergence (1991) in nats: the mean of both divergences from the middle. At most `ln 2`.
pub fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    let (sum_p, sum_q) = (p.iter().sum::<f64>(), q.iter().sum::<f64>());
    let terms = p.iter().zip(q).map(|(p, q)| {
        let (p, q) = (p / sum_p, q / sum_q);
        let middle = f64::midpoint(p, q);
        relative_entropy(p, middle) + relative_entropy(q, middle)
    });
    (terms.sum::<f64>() / 2.0).max(0.0)
}

/// E. Hellinger's distance (1909): `sqrt(1/2 Σ (√p - √q)²)`, which is `sqrt(1 - BC)` without its cancellation.
pub fn hellinger(p: &[f64], q: &[f64]) -> f64 {
    let (sum_p, sum_q) = (p.iter().sum::<f64>(), q.iter().sum::<f64>());
    let terms = p.iter().zip(q).map(|(p, q)| ((p / sum_p).sqrt() - (q / sum_q).sqrt()).powi(2));
    (terms.sum::<f64>() / 2.0).sqrt()
}

/// A. Bhattacharyya's coefficient (1943): `Σ √(p q)`, 1 for equal shares.
pub fn bhattacharyya(p: &[f64], q: &[f64]) -> f64 {
    let (sum_p, sum_q) = (p.iter().sum::<f64>(), q.iter().sum::<f64>());
    p.iter().zip(q).map(|(p, q)| (p / sum_p * (q / sum_q)).sqrt()).sum()
}

/// Half the sum of all differences: the share of values that would have to change.
pub fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    differences(p, q).sum::<f64>() / 2.0
}

/// The largest difference.
pub fn l_infinity(p: &[f64], q: &[f64]) -> f64 {
    differences(p, q).fold(0.0, f64::max)
}

fn differences(p: &[f64], q: &[f64]) -> impl Iterator<Item = f64> {
    let (sum_p, sum_q) = (p.iter().sum::<f64>(), q.iter().sum::<f64>());
    p.iter().zip(q).map(move |(p, q)| (p / sum_p - q / sum_q).abs())
}

/// `p ln(p / q)`, 0 for no `p`.
fn relative_entropy(p: f64, q: f64) -> f64 {
    if p == 0.0 { 0.0 } else { p * (p / q).ln() }
}

/// Gives each share that is 0 the value that the least other one leaves open: `replacement`, or a millionth of the least
/// where that is not larger. As Evidently does; the rest is not made smaller.
pub fn fill_zeros(shares: &mut [f64], replacement: f64) {
    let least = shares.iter().copied().filter(|it| *it > 0.0).fold(f64::INFINITY, f64::min);
    let by = if least <= replacement { least / 1e6 } else { replacement };
    for it in shares.iter_mut().filter(|it| **it == 0.0) {
        *it = by;
    }
}

/// The distance of two lists of shares, as parameters have it; the error is about those.
pub type Distance = fn(&[f64], &[f64], &Params) -> Result<f64, String>;

/// What a distance is near no drift, of Pearson's statistic divided by `n m / (n + m)`.
pub type Near = fn(f64, &Params) -> Result<f64, String>;

/// What a distance by bins is.
pub struct Measure {
    /// The distance of two lists of shares.
    pub distance: Distance,
    /// `None` for distances that are no multiple of Pearson's statistic there.
    pub near: Option<Near>,
    /// How numbers are binned.
    pub style: Style,
}

/// Bins both sides and measures. The p-value is that of Pearson's statistic of the same bins, calibrated: all smooth
/// divergences are multiples of it near no drift (L. Pardo, "Statistical inference based on divergence measures", 2006;
/// B. Yurdakul, "Statistical properties of population stability index", 2018), and approach its law more slowly than it
/// does itself.
pub fn compare(sides: &Sides, params: &Params, measure: &Measure) -> Result<Found, String> {
    let Binned { bins, uncertain, exact, tested } = bin(sides, params, measure.style)?;
    let counts: Vec<(u64, u64)> = bins.iter().map(|it| (it.reference, it.current)).collect();
    let (n, m) = sizes(&counts)?;
    let (p, q) = (shares(&bins, |it| it.reference, n), shares(&bins, |it| it.current, m));
    let statistic = (measure.distance)(&p, &q, params)?;
    let table = pearson(tested.as_ref().unwrap_or(&counts), false)?;
    let tail = table.calibrated();
    let mut found = Found {
        statistic,
        p_value: Some(tail.p),
        ln_p_value: Some(tail.ln_p),
        n,
        m,
        exact,
        more: [("dof", table.dof as f64), ("chi_square", table.statistic)].into(),
        bins,
    };
    if let Some(near) = measure.near {
        let scale = 1.0 / n as f64 + 1.0 / m as f64;
        let dof = table.dof as f64;
        found.more.insert("expected_statistic", near(dof * scale, params)?);
        let critical = if table.dof == 0 { 0.0 } else { upper_quantile(0.05, dof) };
        found.more.insert("critical_statistic", near(critical * scale, params)?);
    }
    if !exact {
        found.more.extend([("reference_uncertain_share", uncertain.0), ("current_uncertain_share", uncertain.1)]);
    }
    Ok(found)
}

fn shares(bins: &[Bin], of: fn(&Bin) -> u64, all: u64) -> Vec<f64> {
    bins.iter().map(|it| of(it) as f64 / all as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_definitions() {
        // numpy and scipy 1.17.1.
        let (p, q) = ([0.541_711, 0.144_083, 0.314_206], [0.571_459, 0.2327, 0.195_841]);
        let close = |is: f64, wanted: f64| assert!((is - wanted).abs() < 1e-12, "{is}, not {wanted}");
        close(psi(&p, &q), 0.100_026_371_153_810_19);
        close(kl(&p, &q), 0.050_511_915_485_161_4);
        close(jensen_shannon(&p, &q), 0.012_388_595_737_884_193);
        close(hellinger(&p, &q), 0.111_559_957_245_227_77);
        close(bhattacharyya(&p, &q), 0.987_554_375_939_443);
        close(total_variation(&p, &q), 0.118_365);
        close(l_infinity(&p, &q), 0.118_365);
        assert_eq!(kl(&[0.5, 0.5], &[1.0, 0.0]), f64::INFINITY);
        close(jensen_shannon(&[1.0, 0.0], &[0.0, 1.0]), 2_f64.ln());
        let mut holes = [0.0, 1.0];
        fill_zeros(&mut holes, 0.0001);
        assert_eq!(holes, [0.0001, 1.0]);
        let mut holes = [0.0, 0.000_05, 0.999_95];
        fill_zeros(&mut holes, 0.0001);
        assert_eq!(holes[0], 0.000_05 / 1e6);
    }
}
