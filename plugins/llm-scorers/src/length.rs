//! Bounds on the length of a text.

use driftline_plugin::prelude::*;

/// Expects texts between two lengths.
pub struct Length(LengthParams);

/// The bounds; both belong to the range.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LengthParams {
    /// The least length.
    min: usize,
    /// The greatest length.
    max: Option<usize>,
    /// What is counted.
    unit: Unit,
}

impl Default for LengthParams {
    fn default() -> LengthParams {
        LengthParams { min: 1, max: None, unit: Unit::Words }
    }
}

/// What is counted.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Runs of characters between white space.
    Words,
    /// Unicode characters, white space included.
    Characters,
}

impl RecordCheck for Length {
    const ABOUT: Capability = Capability::new("length", "texts of `min` to `max` words").inputs(&[crate::TEXT]);
    type Params = LengthParams;

    fn open(params: LengthParams, _: &Inputs) -> Result<Self> {
        match params.max {
            Some(max) if max < params.min => {
                Err(Error::params(format!("`min` is {}, above `max`, which is {max}", params.min)))
            }
            _ => Ok(Length(params)),
        }
    }

    fn check(&self, _: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()> {
        verdicts.judge(&rows.texts("text")?, |text| {
            let (length, unit) = match self.0.unit {
                Unit::Words => (text.split_whitespace().count(), "words"),
                Unit::Characters => (text.chars().count(), "characters"),
            };
            if length < self.0.min {
                return Some(Failure::new(
                    "too-short",
                    format!("{length} {unit}, at least {} are expected", self.0.min),
                ));
            }
            let max = self.0.max.filter(|max| length > *max)?;
            Some(Failure::new("too-long", format!("{length} {unit}, at most {max} are expected")))
        });
        Ok(())
    }
}
