//! What must never be printed, logged or answered.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::redact::{HIDDEN, redacted};

/// What every token that Driftline makes begins with, so that scanners for secrets find it.
pub const TOKEN_PREFIX: &str = "dl_";

/// A secret text: it is written as `***`, whatever writes it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Secret(String);

/// The address of a database, of which everything but the password is written.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct DatabaseUrl(String);

/// An address that something is sent to: of it the host alone is written, since paths of webhooks are often secrets.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct TargetUrl(String);

/// Any text that is written as `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Hidden(String);

/// A SHA-256, given as 64 hexadecimal digits; written as `***`, since a short token could be guessed from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Secret {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl DatabaseUrl {
    /// The address with its password.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl TargetUrl {
    /// The whole address.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `https://hooks.example.com/***`
    pub fn told(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else { return HIDDEN.to_owned() };
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let host = authority.rsplit_once('@').map_or(authority, |it| it.1);
        let tail = if tail.len() > 1 { format!("/{HIDDEN}") } else { tail.to_owned() };
        format!("{scheme}://{host}{tail}")
    }
}

impl Hidden {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Digest {
    /// The digest of 64 hexadecimal digits.
    pub fn of_hex(text: &str) -> Option<Self> {
        let digit = |it: u8| char::from(it).to_digit(16).map(|it| it as u8);
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Digest(bytes))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

macro_rules! written_as {
    ($type:ty, $how:expr) => {
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(&$how(self))
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&$how(self))
            }
        }
    };
}

written_as!(Secret, |_: &Secret| HIDDEN.to_owned());
written_as!(DatabaseUrl, |it: &DatabaseUrl| redacted(&it.0));
written_as!(TargetUrl, TargetUrl::told);
written_as!(Hidden, |_: &Hidden| HIDDEN.to_owned());
written_as!(Digest, |_: &Digest| HIDDEN.to_owned());

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Digest::of_hex(&text).ok_or_else(|| de::Error::custom("not 64 hexadecimal digits"))
    }
}

/// `writeOnly` is what keeps a value out of problems, and of what is shown.
macro_rules! described_as {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

described_as!(Secret, "Secret", {
    "type": "string",
    "writeOnly": true,
    "minLength": 16,
    "x-expected": "a secret text of at least 16 characters",
});
described_as!(DatabaseUrl, "DatabaseUrl", {
    "type": "string",
    "writeOnly": true,
    "pattern": "^(postgres|postgresql)://.|^sqlite:.",
    "x-expected": "`postgres://USER:PASSWORD@HOST/DATABASE` or `sqlite:FILE`",
});
described_as!(TargetUrl, "TargetUrl", {
    "type": "string",
    "writeOnly": true,
    "pattern": "^https?://[^/?#@]",
    "x-expected": "an address such as `https://hooks.example.com/..`",
});
described_as!(Hidden, "Hidden", {
    "type": "string",
    "writeOnly": true,
    "minLength": 1,
    "x-expected": "text",
});
described_as!(Digest, "Digest", {
    "type": "string",
    "writeOnly": true,
    "pattern": "^[0-9a-fA-F]{64}$",
    "x-expected": "the SHA-256 of the token, 64 hexadecimal digits, as `driftline token hash` prints it",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_written() {
        assert_eq!(format!("{:?}", DatabaseUrl("postgres://me:pw@db/dl".to_owned())), "postgres://me:***@db/dl");
        assert_eq!(format!("{:?}", Secret("abc".to_owned())), "***");
        for (url, told) in [
            ("https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com/***"),
            ("https://me:pw@h:8443?k=v", "https://h:8443/***"),
            ("http://h/", "http://h/"),
            ("nonsense", "***"),
        ] {
            assert_eq!(format!("{:?}", TargetUrl(url.to_owned())), told);
        }
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits() {
        let text = "0f".repeat(31) + "Aa";
        assert_eq!(Digest::of_hex(&text).unwrap().bytes()[31], 0xaa);
        assert!(Digest::of_hex(&text[1..]).is_none());
        assert!(Digest::of_hex(&("xy".to_owned() + &text[2..])).is_none());
        assert!(Digest::of_hex(&("é".to_owned() + &text[2..])).is_none());
    }
}
