//! Why a batch is not checked to its end.

use std::io;

use crate::intake::Refused;

/// Why checking ended before the batch did.
#[derive(Debug)]
pub enum Ended {
    /// The journal does not take it.
    Refused(Refused),
    /// Nothing of it could be checked, and nothing is counted.
    Unread(Cut),
    /// Verdicts could not be kept until they may be sent.
    Held(io::Error),
}

/// Why the rest of a body is not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// In a sentence.
    pub why: String,
    /// Whether it is longer than it may be; else it cannot be read.
    pub too_large: bool,
}

impl Cut {
    pub(super) fn unread(why: impl Into<String>) -> Self {
        Cut { why: why.into(), too_large: false }
    }

    pub(super) const fn too_large(why: String) -> Self {
        Cut { why, too_large: true }
    }
}
