//! Texts as both databases take them.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// The most bytes of a text that is part of an index.
///
/// An entry of a Postgres index holds at most 2,704 bytes, and the widest key here has seven such texts.
/// Labels and record ids come from clients: one that is too long must not make a batch fail for ever.
const LONGEST: usize = 255;

/// A text without U+0000, which Postgres cannot hold.
pub fn kept(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// A text that is part of an index: what is too long is cut, and ends in its own hash, so that two that begin alike
/// stay two.
pub fn indexed(text: &str) -> Cow<'_, str> {
    let text = kept(text);
    if text.len() <= LONGEST {
        return text;
    }
    let hash = Sha256::digest(text.as_bytes()).iter().take(8).fold(0, |sum, it| sum << 8 | u64::from(*it));
    let end = text.floor_char_boundary(LONGEST - '…'.len_utf8() - 16);
    Cow::Owned(format!("{}…{hash:016x}", &text[..end]))
}

/// A JSON document without U+0000, in names too.
pub fn kept_json(document: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match document {
        Value::String(text) => Value::String(kept(text).into_owned()),
        Value::Array(items) => Value::Array(items.iter().map(kept_json).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, it)| (kept(name).into_owned(), kept_json(it))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_stay_distinct() {
        let (a, b) = ("ä".repeat(300) + "a", "ä".repeat(300) + "b");
        assert!(indexed(&a).len() <= LONGEST && indexed(&a).starts_with("ää"));
        assert_ne!(indexed(&a), indexed(&b));
        assert_eq!(indexed(&"x".repeat(LONGEST)), "x".repeat(LONGEST));
    }
}
