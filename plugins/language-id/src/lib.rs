//! Whether a text is in the language that it is said to be in. See `page.md`.

mod model;
mod script;

pub use model::{LANGUAGES, Model};

use std::borrow::Cow;
use std::sync::OnceLock;

use driftline_plugin::prelude::*;

/// Expects texts in the declared language.
pub struct LanguageIs(LanguageParams);

/// Which language is expected, and how sure a verdict must be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LanguageParams {
    /// The language of all texts, where no field declares it: an ISO 639-1 code such as `en`.
    language: Option<String>,
    /// A text with fewer letters is skipped: it may be of any language.
    min_letters: usize,
    /// How much likelier another language must be, as the natural logarithm of the ratio, before a text fails.
    #[schemars(range(min = 0))]
    certainty: f64,
}

impl Default for LanguageParams {
    fn default() -> LanguageParams {
        LanguageParams { language: None, min_letters: 20, certainty: 5.0 }
    }
}

impl RecordCheck for LanguageIs {
    const ABOUT: Capability = Capability::new("language-is", "texts in the language that is declared or expected")
        .inputs(&[
            Input::required("text", &[ColumnType::Text, ColumnType::Category], "the text"),
            Input::optional(
                "declared",
                &[ColumnType::Category, ColumnType::Text],
                "the code of its language: `en`, `de-AT`",
            ),
        ]);
    type Params = LanguageParams;

    fn open(params: LanguageParams, inputs: &Inputs) -> Result<Self> {
        if params.language.is_some() == inputs.is_bound("declared") {
            return Err(Error::params("say `language`, or bind a field to `declared`: one of the two"));
        }
        if let Some(language) = &params.language
            && !is_known(&code(language))
        {
            let known: Vec<_> = known().collect();
            return Err(Error::params(format!("the language `{language}` is unknown; known are {}", known.join(", "))));
        }
        Ok(LanguageIs(params))
    }

    fn check(&self, _: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()> {
        let texts = rows.texts("text")?;
        let declared: Option<Texts> = rows.find("declared")?;
        for (row, text) in texts.iter().enumerate() {
            let language = self.0.language.as_deref().or_else(|| declared.and_then(|it| it.get(row)));
            // A language that the model has not learnt is nothing to judge by.
            let judged = text.zip(language.map(code).filter(|it| is_known(it)));
            let Some((text, language)) = judged.filter(|(text, _)| letters(text) >= self.0.min_letters) else {
                verdicts.skip(row);
                continue;
            };
            if let Some(found) = other_than(&language, text, self.0.certainty) {
                verdicts.fail(row, texts.column(), "wrong-language", || {
                    format!("the text is in `{found}`, `{language}` was declared")
                });
            }
        }
        Ok(())
    }
}

/// The language of a text, as an ISO 639-1 code; none if it has no letters.
pub fn identify(text: &str) -> Option<&'static str> {
    script::language(text).map_or_else(|| model().scores(text).and_then(|it| best(&it)), Some)
}

/// The codes of all languages that are known.
pub fn known() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(code, _)| *code).chain(script::LANGUAGES)
}

/// The language that a text is in rather than in this one.
fn other_than(language: &str, text: &str, certainty: f64) -> Option<&'static str> {
    if let Some(found) = script::language(text) {
        return (found != language).then_some(found);
    }
    let scores = model().scores(text)?;
    let found = best(&scores)?;
    let of = |code: &str| LANGUAGES.iter().position(|(it, _)| *it == code).map(|it| scores[it]);
    // A language with a script of its own has no score: in another script the text is not in it.
    let ahead = of(found)? - of(language).unwrap_or(f64::NEG_INFINITY);
    (found != language && ahead >= certainty).then_some(found)
}

fn best(scores: &[f64]) -> Option<&'static str> {
    let best = scores.iter().zip(LANGUAGES).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, (code, _))| code)
}

/// Learnt once in an instance: it takes tens of milliseconds.
fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(Model::learn)
}

/// The code of the language alone: `en` of `en-GB`.
fn code(declared: &str) -> Cow<'_, str> {
    let code = declared.trim().split(['-', '_']).next().unwrap_or_default();
    if code.chars().any(char::is_uppercase) { Cow::Owned(code.to_lowercase()) } else { Cow::Borrowed(code) }
}

fn is_known(code: &str) -> bool {
    known().any(|it| it == code)
}

fn letters(text: &str) -> usize {
    // A sign of Chinese, Japanese or Korean says about as much as three letters.
    text.chars().filter(|it| it.is_alphabetic()).map(|it| if script::is_dense(it) { 3 } else { 1 }).sum()
}

driftline_plugin::export! {
    page: include_str!("../page.md"),
    record_checks: [LanguageIs],
}
