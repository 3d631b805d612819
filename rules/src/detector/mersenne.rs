//! Python's random numbers: MT19937 (Matsumoto and Nishimura 1998), seeded and drawn from as `random.Random` does, so
//! that a seed gives the samples that river draws with it.

use super::parts::Tape;

const N: usize = 624;
const M: usize = 397;

#[derive(Clone, Debug)]
pub(super) struct Mersenne {
    words: [u32; N],
    /// How many of the words were given out.
    at: u64,
}

impl Mersenne {
    /// As `random.Random(seed)`: the seed's words, the lowest first, are the key of the initialisation by array.
    pub fn new(seed: u64) -> Self {
        let key = [seed as u32, (seed >> 32) as u32];
        let key = if key[1] == 0 { &key[..1] } else { &key[..] };
        let mut words = [0_u32; N];
        let mut last = 19_650_218_u32;
        for (i, it) in words.iter_mut().enumerate() {
            if i > 0 {
                last = (last ^ last >> 30).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
            }
            *it = last;
        }
        let mut it = Mersenne { words, at: N as u64 };
        let mut i = 1;
        for (j, key) in (0..N).map(|step| step % key.len()).zip(key.iter().cycle()) {
            it.mix(i, 1_664_525, |mixed| mixed.wrapping_add(*key).wrapping_add(j as u32));
            i = it.following(i);
        }
        for _ in 1..N {
            it.mix(i, 1_566_083_941, |mixed| mixed.wrapping_sub(i as u32));
            i = it.following(i);
        }
        it.put(0, 1 << 31);
        it
    }

    fn get(&self, i: usize) -> u32 {
        self.words.get(i % N).copied().unwrap_or_default()
    }

    fn put(&mut self, i: usize, word: u32) {
        if let Some(it) = self.words.get_mut(i % N) {
            *it = word;
        }
    }

    fn mix(&mut self, i: usize, factor: u32, and: impl Fn(u32) -> u32) {
        let before = self.get(i - 1);
        self.put(i, and(self.get(i) ^ (before ^ before >> 30).wrapping_mul(factor)));
    }

    /// The next place of the initialisation, which wraps over the first word.
    fn following(&mut self, i: usize) -> usize {
        if i + 1 < N {
            return i + 1;
        }
        self.put(0, self.get(N - 1));
        1
    }

    fn next(&mut self) -> u32 {
        if self.at as usize >= N {
            for i in 0..N {
                let y = self.get(i) & 0x8000_0000 | self.get(i + 1) & 0x7fff_ffff;
                let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.put(i, self.get(i + M) ^ y >> 1 ^ odd);
            }
            self.at = 0;
        }
        let mut y = self.get(self.at as usize);
        self.at += 1;
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c_5680;
        y ^= y << 15 & 0xefc6_0000;
        y ^ y >> 18
    }

    /// A number below `n`, which is from 1 to 2^31: as many bits as `n` has, drawn until they are below it.
    fn below(&mut self, n: u32) -> usize {
        let bits = u32::BITS - n.leading_zeros();
        loop {
            let it = self.next() >> (u32::BITS - bits);
            if it < n {
                return it as usize;
            }
        }
    }

    /// `k` different numbers below `n`, as `random.sample(range(n), k)` gives them: from a shrinking pool where that
    /// is small, else drawn again while they repeat.
    pub fn sample(&mut self, n: usize, k: usize) -> Vec<usize> {
        let mut beyond = 21;
        if k > 5 {
            // 4 to the power of log4(3 k), rounded up.
            let mut power = 1;
            while power < 3 * k {
                power *= 4;
            }
            beyond += power;
        }
        if n <= beyond {
            let mut pool: Vec<usize> = (0..n).collect();
            let draw = |left: usize| {
                let at = self.below((n - left) as u32);
                pool.swap_remove(at)
            };
            return (0..k.min(n)).map(draw).collect();
        }
        let mut drawn = std::collections::BTreeSet::new();
        let mut out = Vec::with_capacity(k);
        while out.len() < k {
            let it = self.below(n as u32);
            if drawn.insert(it) {
                out.push(it);
            }
        }
        out
    }

    pub fn state(&mut self, tape: &mut Tape) -> Option<()> {
        tape.count(&mut self.at)?;
        for word in &mut self.words {
            let mut it = u64::from(*word);
            tape.count(&mut it)?;
            *word = u32::try_from(it).ok()?;
        }
        (self.at as usize <= N).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_draws_the_same() {
        // [random.Random(0).getrandbits(32) for _ in range(2)], and so on, of CPython 3.
        let mut it = Mersenne::new(0);
        assert_eq!([it.next(), it.next()], [3_626_764_237, 1_654_615_998]);
        assert_eq!(Mersenne::new(7).sample(70, 8), [41, 19, 50, 6, 9, 12, 46, 37]);
        assert_eq!(Mersenne::new(7).sample(1000, 6), [331, 970, 154, 404, 666, 49]);
        assert_eq!(Mersenne::new(1 << 40).sample(10, 4), [1, 5, 9, 3]);
    }
}
