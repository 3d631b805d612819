//! Laws of test statistics: the probability to exceed a value, and its logarithm where that underflows.

pub mod binomial;
pub mod chi_square;
pub mod hypergeometric;

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
