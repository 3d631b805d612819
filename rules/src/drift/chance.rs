//! Chance from a seed, for tests that resample.

/// Pseudo-random numbers, the same for the same seed on every machine: `SplitMix64` (G. L. Steele, D. Lea and
/// C. H. Flood, 2014).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Chance from this seed.
    pub fn new(seed: u64) -> Self {
        Chance(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    /// From 0 up to, but not including, `n`; 0 where `n` is 0. Multiplying instead of dividing favours some numbers
    /// by no more than `n / 2^64`.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Brings the first `wanted` places of a list into random order, with things of the whole list: a sample without
    /// putting back. All of it where `wanted` is not smaller than the list.
    pub fn shuffle<T>(&mut self, list: &mut [T], wanted: usize) {
        let n = list.len();
        for at in 0..wanted.min(n) {
            let other = at + self.below(n - at);
            list.swap(at, other);
        }
    }

    /// `wanted` of the numbers below `n`, in increasing order; all of them where there are not more.
    pub fn sample(&mut self, n: usize, wanted: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..n).collect();
        if n > wanted {
            self.shuffle(&mut all, wanted);
            all.truncate(wanted);
            all.sort_unstable();
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn a_sample_favours_nobody() {
        let mut chance = Chance::new(5);
        let mut hits = [0; 10];
        for _ in 0..10_000 {
            for it in chance.sample(10, 3) {
                hits[it] += 1;
            }
        }
        // 3000 each, with a standard deviation of 46.
        assert!(hits.iter().all(|it| (2800..3200).contains(it)), "{hits:?}");
        assert_eq!(Chance::new(1).sample(4, 9), [0, 1, 2, 3]);
        assert_eq!(Chance::new(1).below(0), 0);
    }
}
