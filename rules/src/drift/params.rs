//! Parameters of a drift test, as `--param` and suites give them.

use serde_json::{Map, Value};

/// Parameters by name. What a test does not know is an error of whoever gave it, said before the test runs.
#[derive(Clone, Debug, Default)]
pub struct Params(pub Map<String, Value>);

impl Params {
    /// A number; the error says what stands there instead.
    pub fn number(&self, name: &str, otherwise: f64) -> Result<f64, String> {
        match self.0.get(name) {
            None => Ok(otherwise),
            Some(it) => it.as_f64().ok_or_else(|| format!("`{name}` must be a number, not {it}")),
        }
    }

    /// Yes or no.
    pub fn flag(&self, name: &str, otherwise: bool) -> Result<bool, String> {
        match self.0.get(name) {
            None => Ok(otherwise),
            Some(it) => it.as_bool().ok_or_else(|| format!("`{name}` must be true or false, not {it}")),
        }
    }

    /// One of some words; the first is meant when none is given.
    pub fn word(&self, name: &str, words: &'static [&'static str]) -> Result<&'static str, String> {
        let Some(given) = self.0.get(name) else { return Ok(words[0]) };
        let found = given.as_str().and_then(|it| words.iter().find(|word| **word == it));
        found.copied().ok_or_else(|| format!("`{name}` must be one of {}, not {given}", words.join(", ")))
    }
}
