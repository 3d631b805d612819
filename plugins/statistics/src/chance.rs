//! Chance from a seed.

/// Pseudo-random numbers, the same for the same seed on every machine: `SplitMix64` (Steele et al. 2014).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Chance from this seed.
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ it >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ it >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ it >> 31
    }

    /// From 0 up to, but not including, 1.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal, by the polar form of Box and Muller.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }

    /// How many of `n` trials succeed, each with this probability. Above 1024 trials by the normal approximation.
    pub fn binomial(&mut self, n: u64, probability: f64) -> u64 {
        if n <= 1024 {
            return (0..n).filter(|_| self.uniform() < probability).count() as u64;
        }
        let mean = n as f64 * probability;
        let drawn = mean + self.normal() * (mean * (1.0 - probability)).max(0.0).sqrt();
        (drawn.round().max(0.0) as u64).min(n)
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn it_has_its_moments() {
        let mut chance = Chance::new(7);
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|_| chance.normal()).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let square = draws.iter().map(|it| it * it).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.015 && (square - 1.0).abs() < 0.02, "mean {mean}, mean square {square}");
        for trials in [100, 5000] {
            let mean = (0..2000).map(|_| chance.binomial(trials, 0.2) as f64).sum::<f64>() / 2000.0;
            assert!((mean / trials as f64 - 0.2).abs() < 0.003, "{trials} trials: {mean}");
        }
        assert_eq!(Chance::new(1).bits(), Chance::new(1).bits());
    }
}
