//! What all kinds share that look at the text of a value.

use std::borrow::Cow;

use super::naming;
use crate::args::{Args, Param, ParamType};
use crate::kind::{Check, Kind, ValueCheck};
use crate::python::{self, like::Like, regex::Pattern};
use crate::report::Outcome;
use crate::value::Value;

/// `match_on`: whether one pattern is enough.
pub const MATCH_ON: Param = Param::new(
    "match_on",
    ParamType::Choice(&["any", "all"]),
    "Whether the text must match `any` one of the patterns or `all` of them.",
)
.default("any");

/// `escape` of the LIKE kinds.
pub const ESCAPE: Param =
    Param::new("escape", ParamType::Text, "The character that takes the meaning from a `%` or `_` after it.")
        .default("a backslash");

/// The text that a value is judged by: Python's `str(value)`, as in Great Expectations. `None` where
/// that is not a sensible question, which is for the short form to say: NaN, arrays and objects.
pub fn text_of<'v>(value: &'v Value<'_>, gx: bool) -> Option<Cow<'v, str>> {
    match value {
        Value::List(_) | Value::Map(_) if !gx => None,
        Value::Num(it) if it.is_nan() && !gx => None,
        _ => Some(python::text(value)),
    }
}

/// Something that a text matches or does not.
pub trait Matcher: Send + Sync + 'static {
    /// Reads a pattern, with the character that escapes where the language has one.
    fn read(pattern: &str, escape: Option<char>) -> Result<Self, String>
    where
        Self: Sized;

    /// Whether a text matches.
    fn is_match(&self, text: &str) -> bool;

    /// What the language of patterns is called.
    const WORDS: &str;

    /// Whether GX judges values that are not text by their text; in SQL, `LIKE` refuses them.
    const READS_ALL: bool;
}

impl Matcher for Pattern {
    fn read(pattern: &str, _: Option<char>) -> Result<Self, String> {
        Pattern::new(pattern)
    }

    fn is_match(&self, text: &str) -> bool {
        Pattern::is_match(self, text)
    }

    const WORDS: &str = "the regular expression";
    const READS_ALL: bool = true;
}

impl Matcher for Like {
    fn read(pattern: &str, escape: Option<char>) -> Result<Self, String> {
        Like::new(pattern, escape)
    }

    fn is_match(&self, text: &str) -> bool {
        Like::is_match(self, text)
    }

    const WORDS: &str = "the pattern";
    const READS_ALL: bool = false;
}

/// How many of the patterns must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// At least one.
    Any,
    /// Each.
    All,
    /// None.
    None,
}

impl Wanted {
    /// As the parameter `match_on` says.
    pub fn from_args(args: &Args) -> Self {
        if args.text("match_on") == Some("all") { Wanted::All } else { Wanted::Any }
    }
}

/// The check of all the pattern kinds; `param` is the parameter that the patterns come from.
pub fn check<M: Matcher>(
    args: &Args,
    kind: &Kind,
    param: &str,
    patterns: &[&str],
    wanted: Wanted,
) -> Result<Check, String> {
    let escape = args.text("escape").map(|it| {
        let mut chars = it.chars();
        match (chars.next(), chars.next()) {
            (Some(it), None) => Ok(it),
            _ => Err(format!("`escape` must be one character, found `{it}`")),
        }
    });
    let escape = escape.transpose()?;
    let matchers: Result<Vec<M>, String> = patterns.iter().map(|it| M::read(it, escape)).collect();
    let matchers = matchers.map_err(|it| naming::about(args, kind, param, &it))?;
    if matchers.is_empty() {
        return Err(naming::about(args, kind, param, "it is empty"));
    }
    let listed = patterns.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let bound = match (wanted, patterns.len()) {
        (Wanted::None, 1) => format!("not matching {} {listed}", M::WORDS),
        (_, 1) => format!("matching {} {listed}", M::WORDS),
        (Wanted::Any, _) => format!("matching any of {listed}"),
        (Wanted::All, _) => format!("matching all of {listed}"),
        (Wanted::None, _) => format!("matching none of {listed}"),
    };
    Ok(Check::Value(Box::new(Texts { matchers, wanted, gx: args.is_gx(), bound })))
}

struct Texts<M> {
    matchers: Vec<M>,
    wanted: Wanted,
    gx: bool,
    bound: String,
}

impl<M: Matcher> ValueCheck for Texts<M> {
    fn check(&self, value: &Value) -> Outcome {
        if self.gx && !M::READS_ALL && !matches!(value, Value::Str(_)) {
            return Outcome::Mismatch;
        }
        let Some(text) = text_of(value, self.gx) else { return Outcome::Mismatch };
        let mut matches = self.matchers.iter().map(|it| it.is_match(&text));
        Outcome::of(match self.wanted {
            Wanted::Any => matches.any(|it| it),
            Wanted::All => matches.all(|it| it),
            Wanted::None => !matches.any(|it| it),
        })
    }

    fn bound(&self) -> String {
        self.bound.clone()
    }
}
