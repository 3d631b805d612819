//! How many values are there at all.

use crate::value::Value;

/// Counts of rows and of the ways a value can be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Rows seen.
    pub rows: u64,
    /// Rows whose record has no such member.
    pub missing: u64,
    /// Rows with `null`.
    pub null: u64,
    /// Rows with NaN.
    pub nan: u64,
    /// Rows with the text of length 0.
    pub empty: u64,
    /// Rows with text of white space alone, the empty text included.
    pub blank: u64,
}

impl Presence {
    #[inline]
    pub(super) fn update(&mut self, value: &Value) {
        self.rows += 1;
        match value {
            Value::Missing => self.missing += 1,
            Value::Null => self.null += 1,
            Value::Num(it) if it.is_nan() => self.nan += 1,
            Value::Str(it) => {
                self.empty += u64::from(it.is_empty());
                // A letter, digit or sign at the start settles it for nearly every text.
                if !it.as_bytes().first().is_some_and(u8::is_ascii_graphic) {
                    self.blank += u64::from(it.trim().is_empty());
                }
            }
            _ => {}
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.missing += other.missing;
        self.null += other.null;
        self.nan += other.nan;
        self.empty += other.empty;
        self.blank += other.blank;
    }

    /// Rows that hold a value: neither missing nor null nor NaN, which Great Expectations counts as null.
    pub fn present(&self) -> u64 {
        self.rows - self.absent()
    }

    /// Rows that are missing, null or NaN.
    pub fn absent(&self) -> u64 {
        self.missing + self.null + self.nan
    }
}
