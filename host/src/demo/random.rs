//! Random numbers from a seed, the same on every machine: for what shows what Driftline does, and for its examples.

/// `SplitMix64` (Steele, Lea and Flood 2014), begun at a seed.
#[derive(Clone, Debug)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// Evenly of all 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    /// Evenly from 0 to below `n`, which is not 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.draw() % n
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Of mean 0 and standard deviation 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// The position of one, by their weights.
    pub fn pick(&mut self, all: &[(&str, f64)]) -> usize {
        let mut left = self.unit() * all.iter().map(|it| it.1).sum::<f64>();
        for (i, (_, weight)) in all.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return i;
            }
        }
        all.len() - 1
    }
}
