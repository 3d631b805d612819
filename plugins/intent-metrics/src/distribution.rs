//! How predictions spread over intents.

use driftline_plugin::prelude::*;

use crate::counts::{self, Counts, PREDICTION};

/// The entropy of the predicted intents.
pub struct Entropy;

impl Summary for Entropy {
    const ABOUT: Capability =
        Capability::new("entropy", "the entropy of the predicted intents").inputs(&[PREDICTION]).outputs(&[
            Output::new("entropy", "0 if all are one intent, ln k if k intents are equally frequent").unit("nats"),
            Output::new("evenness", "entropy as a share of its greatest value, ln k; 1 if there is one intent only"),
            Output::new("intents", "how many different intents were predicted"),
        ]);
    type Params = NoParams;
    type State = Counts<String>;

    fn open(_: NoParams, _: &Inputs) -> Result<Self> {
        Ok(Entropy)
    }

    fn observe(&self, state: &mut Self::State, rows: &Rows) -> Result<()> {
        counts::observe(state, &rows.texts("prediction")?)
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) -> Result<()> {
        counts::merge(state, other, "intents")
    }
}

impl Metric for Entropy {
    fn finish(&self, _: &Context, window: &Window<Self::State>) -> Result<Measurements> {
        let total = counts::total(&window.state)?;
        let shares = window.state.values().map(|count| *count as f64 / total);
        // Adding 0 takes the sign from the -0 of a single intent.
        let entropy = shares.map(|share| -share * share.ln()).sum::<f64>() + 0.0;
        let intents = window.state.len() as f64;
        let mut measured = Measurements::new();
        measured.add("entropy", entropy);
        measured.add("evenness", if intents > 1.0 { entropy / intents.ln() } else { 1.0 });
        measured.add("intents", intents);
        Ok(measured)
    }
}

/// The share of each intent.
pub struct Share(ShareParams);

/// Which intents are listed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShareParams {
    /// How many of the most frequent intents are listed; the others are counted together in `others`.
    #[schemars(range(min = 1, max = 1000))]
    top: usize,
    /// These are listed, instead of the most frequent, even where their share is 0.
    #[schemars(length(min = 1, max = 1000))]
    intents: Option<Vec<String>>,
}

impl Default for ShareParams {
    fn default() -> ShareParams {
        ShareParams { top: 20, intents: None }
    }
}

impl Summary for Share {
    const ABOUT: Capability =
        Capability::new("share", "the share of each predicted intent").inputs(&[PREDICTION]).outputs(&[
            Output::new("share", "of the rows with a prediction, by `intent`"),
            Output::new("others", "the share of all intents that are not listed"),
        ]);
    type Params = ShareParams;
    type State = Counts<String>;

    fn open(params: ShareParams, _: &Inputs) -> Result<Self> {
        Ok(Share(params))
    }

    fn observe(&self, state: &mut Self::State, rows: &Rows) -> Result<()> {
        counts::observe(state, &rows.texts("prediction")?)
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) -> Result<()> {
        counts::merge(state, other, "intents")
    }
}

impl Metric for Share {
    fn finish(&self, _: &Context, window: &Window<Self::State>) -> Result<Measurements> {
        let total = counts::total(&window.state)?;
        let listed: Vec<(&String, u64)> = match &self.0.intents {
            Some(intents) => {
                let mut intents: Vec<_> = intents.iter().collect();
                intents.sort();
                intents.dedup();
                intents.into_iter().map(|it| (it, window.state.get(it).copied().unwrap_or(0))).collect()
            }
            None => counts::ranked(&window.state).into_iter().take(self.0.top).collect(),
        };
        let mut measured = Measurements::new();
        for (intent, count) in &listed {
            measured.add_of("share", *count as f64 / total, &[("intent", intent)]);
        }
        let inside: u64 = listed.iter().map(|(_, count)| count).sum();
        measured.add("others", (total - inside as f64) / total);
        Ok(measured)
    }
}
