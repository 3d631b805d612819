//! The Kolmogorov-Smirnov statistic of one sample, and its law.
//!
//! The regions of the law and the method in each follow R. Simard and P. L'Ecuyer, "Computing the two-sided
//! Kolmogorov-Smirnov distribution" (Journal of Statistical Software 39, 2011), as scipy's `kstwo` does.

use statrs::function::gamma::ln_gamma;

use super::numbers::refuse;
use crate::args::Form;
use crate::kind::View;
use crate::report::{Judgement, Status};
use crate::sketch::Values;
use crate::value::Value;

/// The test of a window's values against a distribution function.
#[derive(Clone, Debug)]
pub struct Test {
    /// The numbers in increasing order, each with its count.
    pub sorted: Vec<(f64, u64)>,
    /// The largest distance from the distribution function.
    pub distance: f64,
    /// The probability of a distance that is at least as large.
    pub p: f64,
    /// The same for the smallest distance that the error of the sketch leaves open: what decides.
    pub most: f64,
}

/// Tests the values, or says why that cannot be.
pub fn test(view: &View, values: &Values, cdf: impl Fn(f64) -> f64) -> Result<Test, Judgement> {
    refuse(view, &values.numbers)?;
    let n = values.numbers.n;
    if n == 0 {
        let why = "there is no value to judge";
        return Err(match view.form {
            Form::Short => Judgement::skip(why),
            Form::Gx => Judgement::new(Status::Fail).observed(Value::Null).why(why),
        });
    }
    let sorted = sorted(values);
    let distance = distance_between(&sorted, 0.0, &cdf);
    let p = p_value(n, distance);
    let most = values.error_bound().map_or(p, |it| p_value(n, distance_between(&sorted, it, &cdf)));
    Ok(Test { sorted, distance, p, most })
}

/// The numbers in increasing order, each with its count.
pub fn sorted(values: &Values) -> Vec<(f64, u64)> {
    let exact = values.exact().map(|it| it.into_iter().map(|it| (it, 1)).collect());
    exact.unwrap_or_else(|| values.sketch().map_or_else(Vec::new, |it| it.iter().collect()))
}

/// The largest distance between the empirical distribution of `sorted` numbers, each with its count, and the
/// distribution function `cdf`. Numbers that are known up to a relative `error` may lie where they fit best,
/// so that the true distance is not smaller than the answer.
fn distance_between(sorted: &[(f64, u64)], error: f64, cdf: impl Fn(f64) -> f64) -> f64 {
    let n: u64 = sorted.iter().map(|it| it.1).sum();
    let mut before = 0;
    let mut largest = 0.0_f64;
    for (value, count) in sorted {
        let give = if value.is_finite() { error * value.abs() } else { 0.0 };
        let below = before as f64 / n as f64;
        before += count;
        let above = before as f64 / n as f64;
        largest = largest.max(cdf(value - give) - below).max(above - cdf(value + give));
    }
    largest.min(1.0)
}

/// The probability that `n` numbers of a continuous distribution lie at least as far from it as `d`.
fn p_value(n: u64, d: f64) -> f64 {
    if n == 0 || d.is_nan() {
        return f64::NAN;
    }
    let size = n as f64;
    let reach = size * d;
    let square = reach * d;
    let p = if d >= 1.0 {
        0.0
    } else if reach <= 0.5 {
        1.0
    } else if reach <= 1.0 {
        1.0 - near_zero(n, 2.0 * reach - 1.0)
    } else if d >= 0.5 || (n <= 140 && square > 4.0) || (n > 140 && square >= 2.2) {
        // Both sides cannot be far at once, or so seldom that the last digit does not show it.
        2.0 * one_sided(n, d)
    } else if n <= 140 || (n <= 100_000 && size * d.powf(1.5) <= 1.4) {
        1.0 - durbin(n, d)
    } else {
        1.0 - pelz_good(size, d)
    };
    p.clamp(0.0, 1.0)
}

/// `n! ((2 n d - 1) / n)^n`, the law where `n d` lies between a half and one.
fn near_zero(n: u64, twice: f64) -> f64 {
    // At most `n! / n^n`, which is below the smallest float then.
    if n > 800 {
        return 0.0;
    }
    (1..=n).map(|k| k as f64 / n as f64 * twice).product()
}

/// The probability that the empirical distribution is above the true one by `d` somewhere.
/// Z. W. Birnbaum and F. H. Tingey (1951); all terms are positive, so nothing cancels.
fn one_sided(n: u64, d: f64) -> f64 {
    let size = n as f64;
    // U. R. Maag and G. Dicaire (1971), off by a share of the order of 1 / n.
    if n > 1_000_000 {
        return (-(6.0 * size * d + 1.0).powi(2) / (18.0 * size)).exp();
    }
    let whole = ln_gamma(size + 1.0);
    let last = (size * (1.0 - d)).floor() as u64;
    let term = |j: u64| {
        let j = j as f64;
        let (low, high) = (d + j / size, 1.0 - d - j / size);
        if high <= 0.0 {
            // 0^0 in the last term of all.
            return if j == size { low.powf(j - 1.0) } else { 0.0 };
        }
        let choices = whole - ln_gamma(j + 1.0) - ln_gamma(size - j + 1.0);
        (choices + (j - 1.0) * low.ln() + (size - j) * high.ln()).exp()
    };
    d * (0..=last).map(term).sum::<f64>()
}

/// The exact law: G. Marsaglia, W. W. Tsang and J. Wang, "Evaluating Kolmogorov's distribution" (2003), after
/// J. Durbin. The power of the matrix is kept in range by powers of ten.
fn durbin(n: u64, d: f64) -> f64 {
    let size = n as f64;
    let k = (size * d).floor() + 1.0;
    let h = k - size * d;
    let k = k as usize;
    let m = 2 * k - 1;
    let mut step = Matrix::new(m, |i, j| if i + 1 < j { 0.0 } else { 1.0 });
    for i in 0..m {
        step.add(i, 0, -h.powi(i as i32 + 1));
        step.add(m - 1, i, -h.powi((m - i) as i32));
    }
    step.add(m - 1, 0, if 2.0 * h > 1.0 { (2.0 * h - 1.0).powi(m as i32) } else { 0.0 });
    for i in 0..m {
        for j in 0..=i.min(m - 1) {
            let factorial: f64 = (1..=i + 1 - j).map(|it| it as f64).product();
            step.divide(i, j, factorial);
        }
    }
    let power = step.power(n);
    let mut p = power.at(k - 1, k - 1);
    let mut exponent = power.exponent;
    for i in 1..=n {
        p *= i as f64 / size;
        if p < 1e-140 {
            p *= 1e140;
            exponent -= 140;
        }
    }
    p * 10_f64.powi(exponent)
}

/// A square matrix times a power of ten.
#[derive(Clone)]
struct Matrix {
    size: usize,
    cells: Vec<f64>,
    exponent: i32,
}

impl Matrix {
    fn new(size: usize, cell: impl Fn(usize, usize) -> f64) -> Self {
        let cells = (0..size * size).map(|at| cell(at / size, at % size)).collect();
        Matrix { size, cells, exponent: 0 }
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.cells.get(i * self.size + j).copied().unwrap_or(0.0)
    }

    fn add(&mut self, i: usize, j: usize, it: f64) {
        if let Some(cell) = self.cells.get_mut(i * self.size + j) {
            *cell += it;
        }
    }

    fn divide(&mut self, i: usize, j: usize, by: f64) {
        if let Some(cell) = self.cells.get_mut(i * self.size + j) {
            *cell /= by;
        }
    }

    fn times(&self, other: &Matrix) -> Matrix {
        let mut out = Matrix::new(self.size, |_, _| 0.0);
        out.exponent = self.exponent + other.exponent;
        let rows = self.cells.chunks_exact(self.size).zip(out.cells.chunks_exact_mut(self.size));
        for (row, sums) in rows {
            for (factor, line) in row.iter().zip(other.cells.chunks_exact(self.size)) {
                sums.iter_mut().zip(line).for_each(|(sum, it)| *sum += factor * it);
            }
        }
        let middle = self.size / 2;
        if out.at(middle, middle) > 1e140 {
            out.cells.iter_mut().for_each(|it| *it *= 1e-140);
            out.exponent += 140;
        }
        out
    }

    fn power(&self, mut n: u64) -> Matrix {
        let mut out = Matrix::new(self.size, |i, j| if i == j { 1.0 } else { 0.0 });
        let mut square = self.clone();
        while n > 0 {
            if n & 1 == 1 {
                out = out.times(&square);
            }
            n >>= 1;
            if n > 0 {
                square = square.times(&square);
            }
        }
        out
    }
}

/// W. Pelz and I. J. Good, "Approximating the lower tail-areas of the Kolmogorov-Smirnov one-sample
/// statistic" (1976): the limit law and three corrections in powers of the root of `n`.
fn pelz_good(n: f64, d: f64) -> f64 {
    use std::f64::consts::{FRAC_PI_2, PI};
    let z = d * n.sqrt();
    let (z2, z4, z6) = (z.powi(2), z.powi(4), z.powi(6));
    let pi2 = PI * PI;
    let mut sums = [0.0_f64; 4];
    let [zeroth, first, second, third] = &mut sums;
    for k in 0..20 {
        let half = f64::from(k) + 0.5;
        let (h2, h4, h6) = (pi2 * half.powi(2), pi2 * pi2 * half.powi(4), pi2.powi(3) * half.powi(6));
        // The terms of k and of -k - 1 are the same.
        let weight = 2.0 * (-h2 / (2.0 * z2)).exp();
        *zeroth += weight;
        *first += weight * (h2 - z2);
        *second += weight * (6.0 * z6 + 2.0 * z4 + h2 * (2.0 * z4 - 5.0 * z2) + h4 * (1.0 - 2.0 * z2));
        *third += weight
            * (h6 * (5.0 - 30.0 * z2) + h4 * (212.0 * z4 - 60.0 * z2) + h2 * (135.0 * z4 - 96.0 * z6)
                - 30.0 * z6
                - 90.0 * z2 * z6);
    }
    let (mut second_whole, mut third_whole) = (0.0, 0.0);
    for k in 1..20 {
        let k2 = pi2 * f64::from(k).powi(2);
        let weight = 2.0 * (-k2 / (2.0 * z2)).exp();
        second_whole += weight * k2;
        third_whole += weight * (3.0 * k2 * z2 - k2 * k2);
    }
    let root = FRAC_PI_2.sqrt();
    let [zeroth, first, second, third] = sums;
    let corrections = [
        zeroth * root / z,
        first * root / (6.0 * z4),
        root * (second / (72.0 * z6 * z) - second_whole / (36.0 * z2 * z)),
        root * (third / (6480.0 * z6 * z4) + third_whole / (216.0 * z6)),
    ];
    corrections.iter().zip([1.0, n.sqrt(), n, n * n.sqrt()]).map(|(it, by)| it / by).sum()
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, clippy::approx_constant, reason = "as scipy prints them")]
mod tests {
    use super::*;

    /// `scipy.stats.kstwo.sf(d, n)`, scipy 1.17.1.
    const LAW: &[(u64, f64, f64)] = &[
        (1, 0.4, 1.0),
        (1, 0.3, 1.0),
        (2, 0.2, 1.0),
        (2, 0.21213203435596423, 1.0),
        (2, 0.8485281374238569, 0.045887450304571954),
        (3, 0.33, 0.7908462222222222),
        (3, 0.34641016151377546, 0.7425910632832378),
        (3, 0.9237604307034013, 0.0008862807124545703),
        (5, 0.08944271909999159, 1.0),
        (5, 0.38013155617496425, 0.3662053126186503),
        (5, 0.8944271909999159, 2.6229522294832813e-05),
        (10, 0.06324555320336758, 0.9999999993823193),
        (10, 0.2687936011143122, 0.3944471895446141),
        (10, 0.6324555320336759, 0.000209088213448878),
        (20, 0.0495, 0.9999999845101855),
        (20, 0.13416407864998736, 0.8184093562059918),
        (20, 0.35777087639996635, 0.008489188319532603),
        (50, 0.008, 1.0),
        (50, 0.04242640687119285, 0.9999555282293853),
        (50, 0.1697056274847714, 0.09960275827669895),
        (50, 0.35355339059327373, 4.2690060009890896e-06),
        (100, 0.009899999999999999, 1.0),
        (100, 0.06, 0.8428847956274123),
        (100, 0.16, 0.010543506724453174),
        (139, 0.0028776978417266188, 1.0),
        (139, 0.025445667890399128, 0.999973562810141),
        (139, 0.10178267156159651, 0.10465971783449032),
        (139, 0.21204723241999274, 5.8003797951012264e-06),
        (140, 0.002857142857142857, 1.0),
        (140, 0.005, 1.0),
        (140, 0.007071428571428571, 1.0),
        (140, 0.016903085094570332, 0.9999999999861334),
        (140, 0.025354627641855497, 0.9999736451248569),
        (140, 0.03803194146278325, 0.9828236424314067),
        (140, 0.050709255283710994, 0.8461062544735598),
        (140, 0.0718381116519239, 0.4446946006719244),
        (140, 0.10141851056742199, 0.10468682507194148),
        (140, 0.11494097864307826, 0.04559450483891349),
        (140, 0.13522468075656266, 0.01077801009055065),
        (140, 0.1690308509457033, 0.0005761521040005592),
        (140, 0.21128856368212914, 5.807997673785573e-06),
        (140, 0.3380617018914066, 8.902790584947527e-15),
        (141, 0.0028368794326241137, 1.0),
        (141, 0.004964539007092198, 1.0),
        (141, 0.007021276595744681, 1.0),
        (141, 0.01684303842133038, 0.9999999999862573),
        (141, 0.025264557631995567, 0.9999737264249865),
        (141, 0.037896836447993354, 0.9828404337900783),
        (141, 0.050529115263991134, 0.846171510746462),
        (141, 0.07158291329065411, 0.4447634019095903),
        (141, 0.10105823052798227, 0.10471366448734887),
        (141, 0.11453266126504659, 0.045609192585224445),
        (141, 0.13474430737064305, 0.010782502579705781),
        (141, 0.1684303842133038, 0.0005765489591390132),
        (141, 0.21053798026662973, 5.81552565761188e-06),
        (141, 0.3368607684266076, 8.965618570567486e-15),
        (200, 0.0049499999999999995, 1.0),
        (200, 0.04242640687119285, 0.8490088598168303),
        (200, 0.1131370849898476, 0.010982278087095754),
        (500, 0.0008, 1.0),
        (500, 0.013416407864998738, 0.9999831029091724),
        (500, 0.05366563145999495, 0.10824335474199998),
        (500, 0.11180339887498948, 6.715937887322478e-06),
        (1000, 0.00099, 1.0),
        (1000, 0.018973665961010275, 0.8573684410456419),
        (1000, 0.05059644256269407, 0.011534825282457833),
        (5000, 8e-05, 1.0),
        (5000, 0.004242640687119285, 0.9999886201459484),
        (5000, 0.01697056274847714, 0.11098122447398728),
        (5000, 0.035355339059327376, 7.258404360512366e-06),
        (20000, 4.95e-05, 1.0),
        (20000, 0.004242640687119285, 0.862725448514327),
        (20000, 0.01131370849898476, 0.011861181044890123),
        (100000, 4e-06, 1.0),
        (100000, 0.0009486832980505137, 0.9999902553169786),
        (100000, 0.003794733192202055, 0.11196588953063102),
        (100000, 0.007905694150420948, 7.413045381065036e-06),
        (100001, 9.89990100098999e-06, 1.0),
        (100001, 0.0018973571093391975, 0.8635855392420047),
        (100001, 0.005059618958237861, 0.011911586801793524),
        (1000000, 4.0000000000000003e-07, 1.0),
        (1000000, 0.0003, 0.9999905569330594),
        (1000000, 0.0012, 0.11215991901443556),
        (1000000, 0.0025, 7.4407859767776965e-06),
    ];

    #[test]
    fn the_law_is_that_of_scipy() {
        for (n, d, p) in LAW {
            let got = p_value(*n, *d);
            assert!((got - p).abs() <= 1e-9 * p.max(1e-3), "{n} {d}: {got} {p}");
        }
    }

    #[test]
    fn numbers_known_roughly_are_never_farther_than_they_are() {
        let values: Vec<_> = (1..50).map(|it| (f64::from(it) / 50.0, 1)).collect();
        let cdf = |it: f64| (it * 0.8).clamp(0.0, 1.0);
        let exact = distance_between(&values, 0.0, cdf);
        let moved: Vec<_> = values.iter().map(|it| (it.0 * 1.001, it.1)).collect();
        assert!(distance_between(&moved, 0.001, cdf) <= exact && exact > 0.15);
    }
}
