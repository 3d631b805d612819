//! How much the classifier has no intent for.

use driftline_plugin::prelude::*;

use crate::counts::PREDICTION;

/// The share of rows that are out of scope.
pub struct OutOfScope(ScopeParams);

/// What is out of scope.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScopeParams {
    /// The intents that stand for "none of mine", whatever the case of their letters.
    intents: Vec<String>,
    /// A score below this is out of scope too, whatever the intent.
    min_score: Option<f64>,
}

impl Default for ScopeParams {
    fn default() -> ScopeParams {
        let intents = ["out_of_scope", "out-of-scope", "oos", "none", "fallback", "unknown"];
        ScopeParams { intents: intents.map(str::to_owned).to_vec(), min_score: None }
    }
}

/// Rows with a prediction, and how many of them are out of scope.
#[derive(Default, Serialize, Deserialize)]
pub struct Scope {
    rows: u64,
    outside: u64,
}

impl Summary for OutOfScope {
    const ABOUT: Capability = Capability::new("out-of-scope", "the share of rows that are out of scope")
        .inputs(&[
            PREDICTION,
            Input::optional("score", &[ColumnType::Number], "the score of the prediction, for `min_score`"),
        ])
        .outputs(&[Output::new("out_of_scope_share", "of the rows with a prediction")]);
    type Params = ScopeParams;
    type State = Scope;

    fn open(params: ScopeParams, inputs: &Inputs) -> Result<Self> {
        if params.min_score.is_some() && !inputs.is_bound("score") {
            return Err(Error::params("`min_score` needs a field bound to `score`"));
        }
        let intents = params.intents.iter().map(|it| it.to_lowercase()).collect();
        Ok(OutOfScope(ScopeParams { intents, ..params }))
    }

    fn observe(&self, state: &mut Scope, rows: &Rows) -> Result<()> {
        let predictions = rows.texts("prediction")?;
        let scores: Option<Numbers> = rows.find("score")?;
        for (row, prediction) in predictions.iter().enumerate() {
            let Some(prediction) = prediction else { continue };
            let score = scores.and_then(|it| it.get(row));
            let weak = self.0.min_score.is_some_and(|least| score.is_some_and(|score| score < least));
            state.rows += 1;
            state.outside += u64::from(weak || self.is_outside(prediction));
        }
        Ok(())
    }

    fn merge(&self, state: &mut Scope, other: Scope) -> Result<()> {
        state.rows += other.rows;
        state.outside += other.outside;
        Ok(())
    }
}

impl OutOfScope {
    fn is_outside(&self, intent: &str) -> bool {
        self.0
            .intents
            .iter()
            .any(|it| if intent.is_ascii() { it.eq_ignore_ascii_case(intent) } else { *it == intent.to_lowercase() })
    }
}

impl Metric for OutOfScope {
    fn finish(&self, _: &Context, window: &Window<Scope>) -> Result<Measurements> {
        let Scope { rows, outside } = window.state;
        if rows == 0 {
            return Err(Error::too_little("no row has a prediction"));
        }
        let mut measured = Measurements::new();
        measured.add("out_of_scope_share", outside as f64 / rows as f64);
        Ok(measured)
    }
}
