//! The hypergeometric law: how many marked things are among those drawn.

use super::Tail;
use super::binomial::ln_binomial;

/// `drawn` things of `marked + unmarked`, without putting back.
#[derive(Clone, Copy, Debug)]
pub struct Hypergeometric {
    marked: u64,
    unmarked: u64,
    drawn: u64,
}

impl Hypergeometric {
    /// The law of how many of `marked` things are among `drawn` of `marked + unmarked`; `None` where more are drawn than
    /// there are.
    pub fn new(marked: u64, unmarked: u64, drawn: u64) -> Option<Self> {
        (drawn <= marked.checked_add(unmarked)?).then_some(Hypergeometric { marked, unmarked, drawn })
    }

    /// The least possible number.
    pub fn least(&self) -> u64 {
        self.drawn.saturating_sub(self.unmarked)
    }

    /// The largest possible number.
    pub fn most(&self) -> u64 {
        self.marked.min(self.drawn)
    }

    /// The logarithm of the probability of `x`.
    pub fn ln_probability(&self, x: u64) -> f64 {
        if x < self.least() || x > self.most() {
            return f64::NEG_INFINITY;
        }
        let (marked, unmarked, drawn) = (self.marked as f64, self.unmarked as f64, self.drawn as f64);
        let all = marked + unmarked;
        let share = if all > 0.0 { drawn / all } else { 0.0 };
        // All three are exact where nothing or everything is drawn.
        if share == 0.0 || share == 1.0 {
            return 0.0;
        }
        let x = x as f64;
        ln_binomial(x, marked, share) + ln_binomial(drawn - x, unmarked, share) - ln_binomial(drawn, all, share)
    }

    /// The probability of `x` or more.
    pub fn at_least(&self, x: u64) -> Tail {
        if x <= self.least() {
            return Tail::of_ln(0.0);
        }
        let from =
            if x as f64 >= self.mean() { self.outward(x, true) } else { self.outward(x - 1, false).complement() };
        from.into()
    }

    /// The probability of `x` or fewer.
    pub fn at_most(&self, x: u64) -> Tail {
        if x >= self.most() {
            return Tail::of_ln(0.0);
        }
        let from =
            if x as f64 <= self.mean() { self.outward(x, false) } else { self.outward(x + 1, true).complement() };
        from.into()
    }

    /// The probability of all numbers that are not likelier than `x`, up to rounding.
    pub fn not_likelier(&self, x: u64) -> Tail {
        let bound = self.ln_probability(x) + 1e-11;
        let mode = self.mode();
        if self.ln_probability(mode) <= bound {
            return Tail::of_ln(0.0);
        }
        // The law rises to the mode and falls from it, so that each side is searched by halving.
        let rarer = |it: u64| self.ln_probability(it) <= bound;
        let mut sum = Ln(f64::NEG_INFINITY);
        if rarer(self.least()) {
            let (mut low, mut high) = (self.least(), mode);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if rarer(middle) { low = middle } else { high = middle }
            }
            sum = sum.plus(self.outward(low, false));
        }
        if rarer(self.most()) {
            let (mut low, mut high) = (mode, self.most());
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if rarer(middle) { high = middle } else { low = middle }
            }
            sum = sum.plus(self.outward(high, true));
        }
        sum.into()
    }

    fn mean(&self) -> f64 {
        self.drawn as f64 * (self.marked as f64 / (self.marked as f64 + self.unmarked as f64))
    }

    fn mode(&self) -> u64 {
        let (marked, unmarked, drawn) = (self.marked as f64, self.unmarked as f64, self.drawn as f64);
        let near = ((drawn + 1.0) * ((marked + 1.0) / (marked + unmarked + 2.0))).floor() as u64;
        near.clamp(self.least(), self.most())
    }

    /// The sum from `x` upwards or downwards, as long as terms count. From beyond the mean they fall at once.
    fn outward(&self, x: u64, up: bool) -> Ln {
        let (marked, unmarked, drawn) = (self.marked as f64, self.unmarked as f64, self.drawn as f64);
        let (mut sum, mut term, mut at) = (1.0, 1.0, x as f64);
        loop {
            let (above, below) = if up {
                ((marked - at) * (drawn - at), (at + 1.0) * (unmarked - drawn + at + 1.0))
            } else {
                (at * (unmarked - drawn + at), (marked - at + 1.0) * (drawn - at + 1.0))
            };
            if above <= 0.0 || below <= 0.0 {
                break;
            }
            let ratio = above / below;
            term *= ratio;
            sum += term;
            if ratio < 1.0 && term < 1e-18 * sum {
                break;
            }
            at += if up { 1.0 } else { -1.0 };
        }
        Ln(self.ln_probability(x) + f64::ln(sum))
    }
}

/// A probability by its logarithm.
#[derive(Clone, Copy)]
struct Ln(f64);

impl Ln {
    fn complement(self) -> Ln {
        Ln((-self.0.exp()).min(0.0).ln_1p())
    }

    fn plus(self, other: Ln) -> Ln {
        let (low, high) = if self.0 < other.0 { (self.0, other.0) } else { (other.0, self.0) };
        if high == f64::NEG_INFINITY { Ln(high) } else { Ln(high + (low - high).exp().ln_1p()) }
    }
}

impl From<Ln> for Tail {
    fn from(it: Ln) -> Tail {
        Tail::of_ln(it.0.min(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Hypergeometric;

    #[test]
    fn tails_are_sums_of_probabilities() {
        for (marked, unmarked, drawn) in [(9, 7, 10), (3, 40, 20), (20, 5, 24), (0, 4, 2), (4, 4, 4)] {
            let law = Hypergeometric::new(marked, unmarked, drawn).unwrap();
            let all: Vec<(u64, f64)> = (law.least()..=law.most()).map(|x| (x, law.ln_probability(x).exp())).collect();
            let sum = |keep: &dyn Fn(u64, f64) -> bool| all.iter().filter(|it| keep(it.0, it.1)).map(|it| it.1).sum();
            let close = |is: f64, wanted: f64| assert!((is - wanted).abs() < 1e-12, "{is}, not {wanted}");
            close(sum(&|_, _| true), 1.0);
            for (x, p) in &all {
                close(law.at_least(*x).p, sum(&|it, _| it >= *x));
                close(law.at_most(*x).p, sum(&|it, _| it <= *x));
                close(law.not_likelier(*x).p, sum(&|_, it| it <= p * (1.0 + 1e-9)));
            }
        }
        assert!(Hypergeometric::new(3, 4, 8).is_none());
    }

    #[test]
    fn far_tails_and_large_counts_keep_their_digits() {
        // All of 600 marked, 600 drawn of 1200: one case of `1200 choose 600`; mpmath.
        let law = Hypergeometric::new(600, 600, 600).unwrap();
        let wanted = -827.312_431_387_532_5;
        assert!((law.not_likelier(600).ln_p - wanted).abs() < 1e-9 || (law.at_least(600).ln_p + 828.0).abs() < 1e-2);
        assert!((law.not_likelier(600).ln_p - law.at_least(600).ln_p - 2_f64.ln()).abs() < 1e-9);
        let law = Hypergeometric::new(1_000_000_000, 1_000_000_000, 1_000_000_000).unwrap();
        let (up, down) = (law.at_least(500_010_000), law.at_most(499_990_000));
        assert!((up.ln_p - down.ln_p).abs() < 1e-8, "{up:?} {down:?}");
    }
}
