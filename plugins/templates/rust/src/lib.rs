//! What this plugin is for, in a sentence.

use driftline_plugin::prelude::*;

/// Expects each text to have at most so many words.
pub struct MaxWords(usize);

/// What a suite may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The most words that hold.
    most: usize,
}

impl RecordCheck for MaxWords {
    const ABOUT: Capability = Capability::new("max-words", "each text to have at most `most` words")
        .inputs(&[Input::required("text", &[ColumnType::Text], "The text.")]);
    type Params = Params;

    fn open(params: Params, _: &Inputs) -> Result<Self> {
        Ok(MaxWords(params.most))
    }

    fn check(&self, _: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()> {
        verdicts.judge(&rows.texts("text")?, |text| {
            let words = text.split_whitespace().count();
            let message = || format!("{words} words, at most {} hold", self.0);
            (words > self.0).then(|| Failure::new("too-many-words", message()))
        });
        Ok(())
    }
}

driftline_plugin::export! { page: include_str!("../page.md"), record_checks: [MaxWords] }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted() {
        let columns = Columns::new().texts("text", [Some("yes"), Some("as you like it"), None]);
        let judged = testing::check::<MaxWords>(&json!({ "most": 3 }), &columns).expect("it opens");
        assert_eq!(judged.verdicts, [Verdict::Pass, Verdict::Fail, Verdict::Skip]);
    }
}
