//! The values of a window, all of them or none.

use driftline_plugin::prelude::*;

/// All values until they are too many, then only how many they were. So what is kept of a window does not depend on how
/// it was split: parts that are too many together are too many in whatever order they are merged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    count: u64,
    #[serde(with = "as_bytes")]
    values: Vec<f64>,
}

impl Kept {
    /// Adds values, of which at most `most` are kept.
    pub fn extend(&mut self, values: impl Iterator<Item = f64>, most: usize) {
        let before = self.values.len();
        self.values.reserve(values.size_hint().1.unwrap_or(0));
        self.values.extend(values);
        let added = (self.values.len() - before) as u64;
        self.count_in(added, most);
    }

    /// Adds those of another part.
    pub fn merge(&mut self, mut other: Kept, most: usize) {
        // The longer one is the one that need not be copied.
        if other.values.len() > self.values.len() {
            std::mem::swap(&mut self.values, &mut other.values);
        }
        self.values.append(&mut other.values);
        self.count_in(other.count, most);
    }

    fn count_in(&mut self, added: u64, most: usize) {
        self.count = self.count.saturating_add(added);
        if self.count > most as u64 {
            self.values = Vec::new();
        }
    }

    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them in order, unless they were too many.
    pub fn sorted(&self) -> Option<Vec<f64>> {
        if self.values.len() as u64 != self.count {
            return None;
        }
        // Whole numbers are compared in one step, floats in several.
        let mut keys: Vec<i64> = self.values.iter().map(|it| turned(it.to_bits().cast_signed())).collect();
        keys.sort_unstable();
        Some(keys.into_iter().map(|it| f64::from_bits(turned(it).cast_unsigned())).collect())
    }
}

/// From the bits of a float to a whole number of the same order, that of `f64::total_cmp`, and back: of negative
/// numbers all bits but the sign are turned.
const fn turned(bits: i64) -> i64 {
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// Numbers as the bytes that they are: there may be a million of them.
mod as_bytes {
    use std::fmt::{Formatter, Result as Written};

    use driftline_plugin::serde::de::{Error, Visitor};
    use driftline_plugin::serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(values: &[f64], to: S) -> Result<S::Ok, S::Error> {
        let mut bytes = vec![0; values.len() * 8];
        for (place, it) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
            *place = it.to_le_bytes();
        }
        to.serialize_bytes(&bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        from.deserialize_bytes(Numbers)
    }

    struct Numbers;

    impl Visitor<'_> for Numbers {
        type Value = Vec<f64>;

        fn expecting(&self, out: &mut Formatter<'_>) -> Written {
            out.write_str("eight bytes for each number")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<f64>, E> {
            match bytes.as_chunks() {
                (numbers, []) => Ok(numbers.iter().map(|it| f64::from_le_bytes(*it)).collect()),
                _ => Err(E::invalid_length(bytes.len(), &self)),
            }
        }
    }
}
