//! Phrases by which a model declines to answer.

use driftline_plugin::prelude::*;

/// Expects texts that do not refuse.
pub struct NoRefusal {
    phrases: Vec<String>,
    within: usize,
}

/// What counts as a refusal.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RefusalParams {
    /// Further phrases, in any language.
    phrases: Vec<String>,
    /// Whether the built-in phrases, which are English, are looked for too.
    builtin: bool,
    /// A phrase must begin within so many characters of the text's start: refusals open an answer, and later on the
    /// same words are mostly quoted. 0: anywhere.
    within: usize,
}

impl Default for RefusalParams {
    fn default() -> RefusalParams {
        RefusalParams { phrases: Vec::new(), builtin: true, within: 200 }
    }
}

/// In the form that `normal` gives.
const BUILTIN: [&str; 30] = [
    "as a language model",
    "as a large language model",
    "as an ai assistant, i",
    "as an ai language model",
    "as an ai model",
    "as an ai, i",
    "against my guidelines",
    "against my programming",
    "i am not able to assist",
    "i am not able to help",
    "i am not able to provide",
    "i am unable to",
    "i can't assist",
    "i can't help",
    "i can't provide",
    "i can't fulfill",
    "i can't comply",
    "i cannot assist",
    "i cannot help",
    "i must decline",
    "i won't be able to",
    "i will not be able to",
    "i'm not able to assist",
    "i'm not able to help",
    "i'm not able to provide",
    "i'm sorry, but i can",
    "i'm sorry, i can't",
    "i'm unable to",
    "my apologies, but i can",
    "sorry, but i can't",
];

impl RecordCheck for NoRefusal {
    const ABOUT: Capability =
        Capability::new("no-refusal", "texts that do not refuse to answer").inputs(&[crate::TEXT]);
    type Params = RefusalParams;

    fn open(params: RefusalParams, _: &Inputs) -> Result<Self> {
        let builtin = if params.builtin { BUILTIN.as_slice() } else { &[] };
        let own = params.phrases.iter().map(|it| normal(it, usize::MAX));
        let phrases: Vec<_> = builtin.iter().map(|it| (*it).to_owned()).chain(own).collect();
        if phrases.is_empty() || phrases.iter().any(String::is_empty) {
            return Err(Error::params("without `builtin`, `phrases` must name one, and none may be empty"));
        }
        let within = if params.within == 0 { usize::MAX } else { params.within };
        Ok(NoRefusal { phrases, within })
    }

    fn check(&self, _: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()> {
        // A phrase that begins within the bound may end behind it.
        let longest = self.phrases.iter().map(|it| it.chars().count()).max().unwrap_or(0);
        verdicts.judge(&rows.texts("text")?, |text| {
            let text = normal(text, self.within.saturating_add(longest));
            let found = self.phrases.iter().find(|phrase| {
                text.match_indices(phrase.as_str()).any(|(at, _)| {
                    let before = &text[..at];
                    // "pi cannot help" holds "i cannot help", but does not refuse.
                    let whole = !before.ends_with(char::is_alphanumeric);
                    whole && before.chars().count() < self.within
                })
            })?;
            Some(Failure::new("refusal", format!("the text refuses: \"{found}\"")))
        });
        Ok(())
    }
}

/// Lower case, plain apostrophes, single spaces; no more than so many characters.
fn normal(text: &str, most: usize) -> String {
    let mut normal = String::new();
    let mut count = 0;
    for word in text.split_whitespace() {
        if count >= most {
            break;
        }
        if !normal.is_empty() {
            normal.push(' ');
            count += 1;
        }
        for it in word.chars().take(most - count.min(most)) {
            normal.extend(if matches!(it, '\u{2019}' | '\u{2bc}' | '`') { '\'' } else { it }.to_lowercase());
            count += 1;
        }
    }
    normal
}
