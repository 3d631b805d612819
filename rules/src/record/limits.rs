//! What a record may be, and what is said of one that is not.

use std::fmt;

/// Why a text is not a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// Where, in bytes from the start of the given text.
    pub offset: usize,
    /// What, without a full stop: "expected `,` or `}`".
    pub message: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for ReadError {}

/// What a text may demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep arrays and objects may nest, the record itself included; 128 unless set, never more
    /// than 512, whose recursion fits the stack of any thread.
    pub depth: usize,
    /// How many different names of members a [`Reader`](super::Reader) remembers for one object; 65,536 unless set.
    /// Further ones are read as well, but more slowly, and are not among [`Reader::columns`](super::Reader::columns).
    pub names: usize,
}

impl Limits {
    pub(crate) fn depth(self) -> usize {
        self.depth.min(512)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 128, names: 65_536 }
    }
}
