//! Models that say the same again and again.

use std::collections::HashMap;

use driftline_plugin::prelude::*;

/// Expects texts that do not repeat themselves.
pub struct NoRepetition(RepetitionParams);

/// How much repetition holds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RepetitionParams {
    /// How many words in a row are compared.
    #[schemars(range(min = 1, max = 20))]
    n: usize,
    /// The greatest share of these runs that occurred before in the text.
    #[schemars(range(min = 0, max = 1))]
    max_share: f64,
    /// Shorter texts are skipped: in a few words chance repeats.
    min_words: usize,
}

impl Default for RepetitionParams {
    fn default() -> RepetitionParams {
        RepetitionParams { n: 3, max_share: 0.2, min_words: 20 }
    }
}

impl RecordCheck for NoRepetition {
    const ABOUT: Capability =
        Capability::new("no-repetition", "texts that do not repeat themselves").inputs(&[crate::TEXT]);
    type Params = RepetitionParams;

    fn open(params: RepetitionParams, _: &Inputs) -> Result<Self> {
        // The schema says the same; who opens without it is told too.
        if params.n == 0 || !(0.0..=1.0).contains(&params.max_share) {
            return Err(Error::params("`n` must be at least 1, and `max_share` between 0 and 1"));
        }
        Ok(NoRepetition(params))
    }

    fn check(&self, _: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()> {
        let texts = rows.texts("text")?;
        for (row, text) in texts.iter().enumerate() {
            let words: Option<Vec<String>> = text.map(words).filter(|it| it.len() >= self.0.min_words.max(self.0.n));
            let Some(words) = words else {
                verdicts.skip(row);
                continue;
            };
            let mut seen: HashMap<&[String], usize> = HashMap::new();
            for run in words.windows(self.0.n) {
                *seen.entry(run).or_default() += 1;
            }
            let runs = words.len() - self.0.n + 1;
            let share = 1.0 - seen.len() as f64 / runs as f64;
            if share > self.0.max_share {
                verdicts.fail(row, texts.column(), "repetition", || message(share, &seen));
            }
        }
        Ok(())
    }
}

fn message(share: f64, seen: &HashMap<&[String], usize>) -> String {
    // Of equally frequent runs the first in order of letters: the message must not depend on the map.
    let most = seen.iter().max_by(|(a, n), (b, m)| n.cmp(m).then_with(|| b.cmp(a)));
    let (run, times) = most.map_or((String::new(), 0), |(run, times)| (run.join(" "), *times));
    format!("{:.0} % of the runs of words occurred before, \"{run}\" {times} times", share * 100.0)
}

/// The words in lower case, without the punctuation around them.
fn words(text: &str) -> Vec<String> {
    let words = text.split_whitespace().map(|it| it.trim_matches(|it: char| !it.is_alphanumeric()));
    words.filter(|it| !it.is_empty()).map(str::to_lowercase).collect()
}
