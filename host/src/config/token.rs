//! The tokens of the configuration.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::Digest;
use super::words::Scope;

/// A token; `driftline token new` makes one and prints these lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// Name of the token in logs and of whom changes are by; unique.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))]
    #[schemars(extend("x-expected" = "a name of up to 64 letters, digits, `.`, `_` and `-`"))]
    pub name: String,
    /// SHA-256 of the token, 64 hexadecimal digits; the token itself is kept nowhere.
    pub sha256: Digest,
    /// What the token allows.
    #[schemars(length(min = 1))]
    pub scopes: Vec<Scope>,
    /// Requests in a second, over a longer time; null: any number.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub rate: Option<NonZeroU32>,
    /// Requests at once before `rate` counts; null: as many as `rate`.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub burst: Option<NonZeroU32>,
}
