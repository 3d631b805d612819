//! The laws of the Kolmogorov-Smirnov statistic of one sample: for `n` numbers, and in the limit.
//!
//! The regions of the law and the method in each follow R. Simard and P. L'Ecuyer, "Computing the two-sided
//! Kolmogorov-Smirnov distribution" (Journal of Statistical Software 39, 2011), as scipy's `kstwo` does.

use super::{Tail, durbin, stirling_rest};

/// The probability that `n` numbers of a continuous distribution lie at least as far from it as `d`, on either side.
pub fn one_sample(n: u64, d: f64) -> Tail {
    if n == 0 || d.is_nan() {
        return Tail { p: f64::NAN, ln_p: f64::NAN };
    }
    let size = n as f64;
    let reach = size * d;
    let square = reach * d;
    if d >= 1.0 {
        Tail { p: 0.0, ln_p: f64::NEG_INFINITY }
    } else if reach <= 0.5 {
        Tail::ONE
    } else if reach <= 1.0 {
        Tail::of(1.0 - near_zero(n, 2.0 * reach - 1.0))
    } else if d >= 0.5 || (n <= 140 && square > 4.0) || (n > 140 && square >= 2.2) {
        // Both sides cannot be far at once, or so seldom that the last digit does not show it.
        one_sided(n, d).twice()
    } else if n <= 140 || (n <= 100_000 && size * d.powf(1.5) <= 1.4 && (n <= 1000 || square > 0.04)) {
        // The matrix is for what comes next, the series in powers of the root, where its relative error shows; where
        // hardly anything is missing to certainty it does not.
        Tail::of(1.0 - durbin::cdf(n, d))
    } else {
        Tail::of(1.0 - pelz_good(size, d))
    }
}

/// The limit of the law: the probability that the root of `n` times the distance is at least `x`.
pub fn limit(x: f64) -> Tail {
    use std::f64::consts::{LN_2, PI};
    if x.is_nan() || x <= 0.0 {
        return Tail::ONE;
    }
    if x < 1.0 {
        // Jacobi's transformation of the series below, which converges quickly where that does not.
        let weight = |k: u32| (-(f64::from(2 * k - 1) * PI / x).powi(2) / 8.0).exp();
        let cdf = (2.0 * PI).sqrt() / x * (1..=4).map(weight).sum::<f64>();
        return Tail { p: 1.0 - cdf, ln_p: (-cdf).ln_1p() };
    }
    let first = -2.0 * x * x;
    let rest: f64 = (2..=6)
        .map(f64::from)
        .map(|k| {
            let sign = if k % 2.0 == 0.0 { -1.0 } else { 1.0 };
            sign * (first * (k * k - 1.0)).exp()
        })
        .sum();
    Tail::of_ln(LN_2 + first + rest.ln_1p())
}

/// `n! ((2 n d - 1) / n)^n`, the law where `n d` lies between a half and one.
fn near_zero(n: u64, twice: f64) -> f64 {
    // At most `n! / n^n`, which is below the smallest float then.
    if n > 800 {
        return 0.0;
    }
    (1..=n).map(|k| k as f64 / n as f64 * twice).product()
}

/// The probability that the empirical distribution of `n` numbers is above the true one by `d` somewhere.
///
/// The sum of Z. W. Birnbaum and F. H. Tingey (1951); all terms are positive, so nothing cancels. Their large parts
/// are taken together before anything is rounded. Of many terms, which change slowly, it takes every so many-th: the
/// error of that falls exponentially with the number of terms within the width of the bell that they form.
pub fn one_sided(n: u64, d: f64) -> Tail {
    let size = n as f64;
    if d <= 0.0 {
        return Tail::ONE;
    }
    if d >= 1.0 {
        return Tail { p: 0.0, ln_p: f64::NEG_INFINITY };
    }
    // U. R. Maag and G. Dicaire (1971), off by a share of the order of 1 / n.
    if n > 10_000_000_000 {
        return Tail::of_ln(-(6.0 * size * d + 1.0).powi(2) / (18.0 * size));
    }
    let stride = if n < 4000 { 1.0 } else { (size * d / STRIDE).min(size.sqrt() / (8.0 * d)).floor().max(1.0) };
    let ln_term = |j: f64| {
        let rest = size - j;
        if j == 0.0 {
            return size * (-d).ln_1p();
        }
        if rest <= size * d {
            return f64::NEG_INFINITY;
        }
        let entropy = j * (d * size / j).ln_1p() + rest * (-d * size / rest).ln_1p();
        entropy + 0.5 * (size / (std::f64::consts::TAU * j * rest)).ln() + stirling_rest(size)
            - stirling_rest(j)
            - stirling_rest(rest)
            + (d / (d + j / size)).ln()
    };
    let last = size * (1.0 - d);
    let start = (stride / 2.0).floor();
    let steps = ((last - start) / stride).floor().max(0.0) as u64;
    let terms: Vec<f64> = (0..=steps).map(|it| ln_term(start + it as f64 * stride)).collect();
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Tail::of_ln(most + (stride * terms.iter().map(|it| (it - most).exp()).sum::<f64>()).ln())
}

/// How many of the terms that are left out lie within the reach of the law's edge, `n d`.
const STRIDE: f64 = 16.0;

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
            let got = one_sample(*n, *d).p;
            assert!((got - p).abs() <= 1e-9 * p.max(1e-3), "{n} {d}: {got} {p}");
        }
    }

    #[test]
    fn the_limit_is_that_of_mpmath_with_forty_digits() {
        let cases = [
            (0.05, 1.0, 0.0),
            (0.83, 0.4961909953505058, -0.7007943551069432),
            (1.0, 0.2699996716773545, -1.3093345359942996),
            (1.36, 0.04948587675537788, -3.006067968191612),
            (2.0, 0.0006709252557796953, -7.306852819477806),
            (12.0, 1.6757885067638739e-125, -287.30685281944005),
            (20.0, 0.0, -799.3068528194401),
        ];
        for (x, p, ln) in cases {
            let got = limit(x);
            assert!(
                (got.p - p).abs() <= 1e-12 * p && (got.ln_p - ln).abs() <= 1e-12 * ln.abs() + 1e-200,
                "{x}: {got:?}"
            );
        }
        assert!((limit(1.0 - 1e-13).p - limit(1.0).p).abs() < 1e-12);
    }

    #[test]
    fn terms_may_be_left_out() {
        // scipy.stats.ksone.sf(d, n), which takes all of them, scipy 1.17.1.
        for (n, d, p) in ONE_SIDED {
            let got = one_sided(*n, *d);
            assert!((got.p / p - 1.0).abs() < 1e-9, "{n} {d}: {got:?} {p}");
            assert!((got.ln_p - p.ln()).abs() < 1e-9, "{n} {d}: {got:?} {p}");
        }
    }

    const ONE_SIDED: &[(u64, f64, f64)] = &[
        (4001, 0.03, 0.000729722656408078),
        (5000, 0.0211, 0.011488474277908983),
        (50000, 0.0067, 0.011181534688608335),
        (50000, 0.02, 4.177939367710235e-18),
        (100000, 0.0055, 0.002349168311838724),
        (20000, 0.1, 7.361910020827287e-175),
        (20000, 0.11, 1.5957788840219434e-211),
        (1000000, 0.0015, 0.011097879215320433),
    ];
}
