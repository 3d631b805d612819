//! The hash under which equal values meet.

use std::hash::{BuildHasherDefault, Hasher};

use indexmap::IndexMap;
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

use crate::value::Value;

/// 128 bits that are equal for two values when [`Value::same`] holds for them, and else, but for a
/// collision (one in 2^128 for two values that nobody chose to collide), differ. The format is
/// stable: xxh3 of the text under a seed of its own, or of the key of any other value.
///
/// `key` is working space.
#[inline]
pub(super) fn hash(value: &Value, key: &mut Vec<u8>) -> u128 {
    if let Value::Str(text) = value {
        return xxh3_128_with_seed(text.as_bytes(), u64::from(b's'));
    }
    key.clear();
    value.key_into(key);
    xxh3_128(key)
}

/// The same for the cells of a compound key, one after the other; NaN is equal to null in it.
#[inline]
pub(super) fn hash_many<'v, 'r: 'v>(cells: impl Iterator<Item = &'v Value<'r>>, key: &mut Vec<u8>) -> u128 {
    key.clear();
    for cell in cells {
        if cell.is_nan() { Value::Null.key_into(key) } else { cell.key_into(key) }
    }
    xxh3_128(key)
}

/// A table by numbers that are hashes already, or as good as.
pub(super) type Table<T, K = u128> = IndexMap<K, T, BuildHasherDefault<Plain>>;

/// Takes the lower half of the hash: a sample keeps hashes whose upper bits are 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    /// Neighbouring numbers are spread over the top bits, which the table looks at first.
    fn write_i32(&mut self, it: i32) {
        self.0 = (it as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u128(&mut self, it: u128) {
        self.0 = it as u64;
    }
}
