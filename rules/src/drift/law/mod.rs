//! Laws of test statistics: the probability to exceed a value, and its logarithm where that underflows.

pub mod binomial;
pub mod chi_square;
pub mod hypergeometric;
pub mod durbin;
pub mod eigen;
pub mod kolmogorov;
pub mod normal;
pub mod precedence;
pub mod quadratic;
pub mod rank_sum;
pub mod smirnov;
pub mod squared_gaps;
pub mod student;
pub mod ties;
pub mod area;

/// A probability with its natural logarithm, which is right where the probability itself underflows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// The probability.
    pub p: f64,
    /// Its natural logarithm.
    pub ln_p: f64,
}

impl Tail {
    /// Certainty.
    pub const ONE: Tail = Tail { p: 1.0, ln_p: 0.0 };

    /// From a probability that is known to its last digits.
    pub fn of(p: f64) -> Self {
        let p = p.clamp(0.0, 1.0);
        Tail { p, ln_p: p.ln() }
    }

    /// From a logarithm, which is at most 0.
    pub fn of_ln(ln: f64) -> Self {
        let ln = ln.min(0.0);
        Tail { p: ln.exp(), ln_p: ln }
    }

    /// Both tails, when one of them is this.
    #[must_use]
    pub fn twice(self) -> Self {
        Tail { p: (2.0 * self.p).min(1.0), ln_p: (self.ln_p + std::f64::consts::LN_2).min(0.0) }
    }
}

/// `ln(n!)` less Stirling's first terms, `(n + 1/2) ln n - n + ln(2 pi) / 2`: what is left of a factorial when its
/// large part is taken out by hand, so that differences of large logarithms keep their digits. `n` is at least 1.
pub(crate) fn stirling_rest(n: f64) -> f64 {
    if n < 16.0 {
        let ln_factorial: f64 = (2..=n as u32).map(f64::from).product::<f64>().ln();
        return ln_factorial - (n + 0.5) * n.ln() + n - 0.5 * std::f64::consts::TAU.ln();
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square) / n
}

/// The natural logarithm of `n` over `k`, to about the last digit even where the factorials are large.
pub(crate) fn ln_choose(n: f64, k: f64) -> f64 {
    let rest = n - k;
    if k <= 0.0 || rest <= 0.0 {
        return 0.0;
    }
    let entropy = k * (n / k).ln() + rest * (n / rest).ln();
    entropy + 0.5 * (n / (std::f64::consts::TAU * k * rest)).ln() + stirling_rest(n)
        - stirling_rest(k)
        - stirling_rest(rest)
}
