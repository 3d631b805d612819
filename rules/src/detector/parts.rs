//! What detectors are made of: running means, windows of bits, and the tape that their states are written to.

use std::collections::VecDeque;

use crate::bytes::{MOST_ROWS, byte, get, put, take};

/// Where a state goes to, or comes from. One walk over a state serves for both, so that they cannot differ.
pub(super) enum Tape<'t, 'b> {
    /// Appends to bytes.
    Write(&'t mut Vec<u8>),
    /// Takes from bytes.
    Read(&'t mut &'b [u8]),
}

impl Tape<'_, '_> {
    /// A count.
    pub fn count(&mut self, it: &mut u64) -> Option<()> {
        match self {
            Tape::Write(out) => put(*it, out),
            Tape::Read(from) => *it = get(from).filter(|it| *it <= MOST_ROWS)?,
        }
        Some(())
    }

    /// A number, which may be infinite but not NaN.
    pub fn number(&mut self, it: &mut f64) -> Option<()> {
        match self {
            Tape::Write(out) => out.extend_from_slice(&it.to_bits().to_le_bytes()),
            Tape::Read(from) => {
                *it = Some(f64::from_bits(u64::from_le_bytes(take(from)?))).filter(|it| !it.is_nan())?;
            }
        }
        Some(())
    }

    /// Numbers.
    pub fn numbers<const N: usize>(&mut self, them: [&mut f64; N]) -> Option<()> {
        them.into_iter().try_for_each(|it| self.number(it))
    }

    /// Yes or no.
    pub fn flag(&mut self, it: &mut bool) -> Option<()> {
        match self {
            Tape::Write(out) => out.push(u8::from(*it)),
            Tape::Read(from) => *it = byte(from).filter(|it| *it <= 1)? == 1,
        }
        Some(())
    }

    /// How many things follow, at most `most`.
    pub fn length(&mut self, it: usize, most: usize) -> Option<usize> {
        let mut n = it as u64;
        self.count(&mut n)?;
        usize::try_from(n).ok().filter(|it| *it <= most)
    }

    /// A window of at most `most` numbers.
    pub fn window(&mut self, window: &mut VecDeque<f64>, most: usize) -> Option<()> {
        let n = self.length(window.len(), most)?;
        // It grows with the bytes that are there, not with what they promise.
        for at in 0..n {
            let mut it = window.get(at).copied().unwrap_or_default();
            self.number(&mut it)?;
            if at == window.len() {
                window.push_back(it);
            }
        }
        Some(())
    }
}

/// A running mean.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    pub n: u64,
    pub mean: f64,
}

impl Mean {
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        self.mean += (value - self.mean) / self.n as f64;
    }

    /// The standard error of a share.
    pub fn share_error(&self) -> f64 {
        (self.mean * (1.0 - self.mean) / self.n as f64).max(0.0).sqrt()
    }

    pub fn state(&mut self, tape: &mut Tape) -> Option<()> {
        tape.count(&mut self.n)?;
        tape.number(&mut self.mean)
    }
}

/// The last bits of a stream, and how many of them are ones.
#[derive(Clone, Debug)]
pub(super) struct Bits {
    last: VecDeque<bool>,
    ones: usize,
    most: usize,
}

impl Bits {
    pub fn new(most: u64) -> Self {
        Bits { last: VecDeque::new(), ones: 0, most: most as usize }
    }

    pub fn push(&mut self, it: bool) {
        if self.last.len() >= self.most {
            self.ones -= usize::from(self.last.pop_front() == Some(true));
        }
        self.last.push_back(it);
        self.ones += usize::from(it);
    }

    pub fn clear(&mut self) {
        self.last.clear();
        self.ones = 0;
    }

    pub fn len(&self) -> usize {
        self.last.len()
    }

    pub fn is_full(&self) -> bool {
        self.last.len() == self.most
    }

    pub fn ones(&self) -> usize {
        self.ones
    }

    pub fn iter(&self) -> impl Iterator<Item = bool> {
        self.last.iter().copied()
    }

    /// Eight a byte, the oldest lowest; the bits beyond the last are 0.
    pub fn state(&mut self, tape: &mut Tape) -> Option<()> {
        let n = tape.length(self.last.len(), self.most)?;
        match tape {
            Tape::Write(out) => {
                let bits: Vec<bool> = self.iter().collect();
                out.extend(bits.chunks(8).map(|it| it.iter().rev().fold(0, |byte, it| byte << 1 | u8::from(*it))));
            }
            Tape::Read(from) => {
                self.clear();
                let bytes = from.split_off(..n.div_ceil(8))?;
                let bits = bytes.iter().flat_map(|byte| (0..8).map(move |at| byte >> at & 1 == 1));
                bits.take(n).for_each(|it| self.push(it));
            }
        }
        Some(())
    }
}
