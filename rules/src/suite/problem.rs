//! What is wrong with a suite: always a list, each with its place and, where one is known, the mend.

use std::fmt;

/// A place in a file; both numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl At {
    /// The beginning of a file.
    pub const START: At = At { line: 1, column: 1 };
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub at: At,
    /// The path of the node, such as `expectations[2].between.min`; empty at the top.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub fn new(at: At, message: impl Into<String>) -> Self {
        Problem { at, path: String::new(), message: message.into(), hint: None }
    }

    /// Says how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says to what in the suite it belongs, unless a nearer place is known.
    #[must_use]
    pub fn within(mut self, path: &str) -> Self {
        if self.path.is_empty() {
            path.clone_into(&mut self.path);
        } else if !path.is_empty() {
            self.path = format!("{path}.{}", self.path);
        }
        self
    }
}

/// `3:5: expectations[2]: unknown kind `beetween` (did you mean `between`?)`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.at.line, self.at.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// The candidate that `given` was probably meant to be, as a hint: ``did you mean `between`?``
pub fn did_you_mean<'c>(given: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    let given = given.to_lowercase();
    candidates
        .into_iter()
        .map(|it| (strsim::damerau_levenshtein(&given, &it.to_lowercase()), it))
        .filter(|(distance, it)| *distance <= 1 + it.chars().count().min(given.chars().count()) / 4)
        .min()
        .map(|(_, it)| format!("did you mean `{it}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_guessed() {
        assert_eq!(did_you_mean("beetween", ["unique", "between"]).as_deref(), Some("did you mean `between`?"));
        assert_eq!(did_you_mean("zebra", ["unique", "between"]), None);
    }
}
