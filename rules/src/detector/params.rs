//! Parameters of a detector: what there are, and reading what `--param` and suites give.

use serde_json::{Map, Value};

use super::DetectorKind;

/// A parameter.
#[derive(Debug)]
pub struct Param {
    /// Its name, river's where river has the detector.
    pub name: &'static str,
    /// Other libraries' names of it, accepted too.
    pub aliases: &'static [&'static str],
    /// What it may be.
    pub range: Range,
    /// What it is when it is not given, or null: flags are 0 or 1, words stand for their place, NaN is for nothing.
    pub default: f64,
    /// What it does.
    pub doc: &'static str,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// A number between two bounds, which belong to it.
    Number(f64, f64),
    /// A number between two bounds, of which the lower does not belong to it.
    Above(f64, f64),
    /// An integer between two bounds, which belong to it.
    Count(u64, u64),
    /// True or false.
    Flag,
    /// One of some words.
    Word(&'static [&'static str]),
}

/// The most values of a stream that a detector may be told to keep.
pub(super) const MOST: u64 = 100_000;

/// What all detectors take: for how many values after a drift no other is reported.
pub static COOLDOWN: Param = Param {
    name: "cooldown",
    aliases: &[],
    range: Range::Count(0, 1 << 32),
    default: 0.0,
    doc: "values after a reported drift in which no other is reported; the detector begins anew all the same",
};

/// The parameters of a detector, all with their values.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) kind: &'static DetectorKind,
    /// One a parameter in their order, then the cooldown.
    pub(super) values: Vec<f64>,
}

impl Param {
    const fn new(name: &'static str, aliases: &'static [&'static str], default: f64, range: Range) -> Self {
        Param { name, aliases, range, default, doc: "" }
    }

    /// A number.
    pub(super) const fn number(
        name: &'static str,
        aliases: &'static [&'static str],
        default: f64,
        range: Range,
    ) -> Self {
        Self::new(name, aliases, default, range)
    }

    /// An integer.
    pub(super) const fn count(
        name: &'static str,
        aliases: &'static [&'static str],
        default: u64,
        least: u64,
        most: u64,
    ) -> Self {
        Self::new(name, aliases, default as f64, Range::Count(least, most))
    }

    /// False when it is not given.
    pub(super) const fn flag(name: &'static str, aliases: &'static [&'static str]) -> Self {
        Self::new(name, aliases, 0.0, Range::Flag)
    }

    /// What it does.
    pub(super) const fn doc(self, doc: &'static str) -> Self {
        Param { doc, ..self }
    }

    /// As JSON, which [`Settings::read`] reads; null for nothing.
    pub fn to_json(&self, value: f64) -> Value {
        match self.range {
            _ if value.is_nan() => Value::Null,
            Range::Number(..) | Range::Above(..) => Value::from(value),
            Range::Count(..) => Value::from(value as u64),
            Range::Flag => Value::from(value == 1.0),
            Range::Word(words) => Value::from(words.get(value as usize).copied()),
        }
    }

    fn is(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }

    fn read(&self, given: &Value) -> Result<f64, String> {
        let read = match self.range {
            _ if given.is_null() => Some(self.default),
            // 50.0 is an integer that was written by a library.
            Range::Number(..) | Range::Above(..) | Range::Count(..) => given.as_f64(),
            Range::Flag => given.as_bool().map(|it| f64::from(u8::from(it))),
            Range::Word(words) => {
                given.as_str().and_then(|it| words.iter().position(|word| *word == it)).map(|it| it as f64)
            }
        };
        let read = read.filter(|it| given.is_null() || self.range.holds(*it));
        read.ok_or_else(|| format!("`{}` must be {}, not {given}", self.name, self.range.describe()))
    }

    pub(super) fn may_be(&self, value: f64) -> bool {
        self.range.holds(value) || value.to_bits() == self.default.to_bits()
    }
}

impl Range {
    fn holds(self, value: f64) -> bool {
        match self {
            Range::Number(least, most) => (least..=most).contains(&value),
            Range::Above(least, most) => value > least && value <= most,
            Range::Count(least, most) => value.fract() == 0.0 && (least as f64..=most as f64).contains(&value),
            Range::Flag => value == 0.0 || value == 1.0,
            Range::Word(words) => value.fract() == 0.0 && (0.0..words.len() as f64).contains(&value),
        }
    }

    /// In words, for messages and pages.
    pub fn describe(self) -> String {
        let most = |it: f64| if it == f64::MAX { String::new() } else { format!(" and at most {it}") };
        match self {
            Range::Number(least, to) => format!("a number of at least {least}{}", most(to)),
            Range::Above(least, to) => format!("a number above {least}{}", most(to)),
            Range::Count(least, most) => format!("an integer from {least} to {most}"),
            Range::Flag => "true or false".to_owned(),
            Range::Word(words) => format!("one of {}", words.join(", ")),
        }
    }
}

/// NaN stands for nothing, and is the same as itself.
impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
        self.kind.name == other.kind.name && self.values.iter().zip(&other.values).all(same)
    }
}

impl Settings {
    /// The parameters as given, and by default. The error names the parameter, and what may stand there.
    pub fn read(kind: &'static DetectorKind, given: &Map<String, Value>) -> Result<Self, String> {
        let params = || kind.params.iter().chain([&COOLDOWN]);
        let mut values: Vec<f64> = params().map(|it| it.default).collect();
        let mut by: Vec<Option<&str>> = vec![None; values.len()];
        for (name, value) in given {
            let found = params().zip(&mut values).zip(&mut by).find(|((it, _), _)| it.is(name));
            let Some(((param, slot), before)) = found else {
                let known: Vec<_> = params().map(|it| it.name).collect();
                return Err(format!("`{}` has no parameter `{name}`; it has {}", kind.name, known.join(", ")));
            };
            if let Some(before) = before {
                return Err(format!("`{}` is given twice, as `{before}` and as `{name}`", param.name));
            }
            *before = Some(name);
            *slot = param.read(value).map_err(|why| format!("`{}`: {why}", kind.name))?;
        }
        Ok(Settings { kind, values })
    }

    /// Each parameter with its value, the cooldown last.
    pub fn all(&self) -> impl Iterator<Item = (&'static Param, f64)> {
        self.kind.params.iter().chain([&COOLDOWN]).zip(self.values.iter().copied())
    }

    /// The detector.
    pub const fn kind(&self) -> &'static DetectorKind {
        self.kind
    }

    /// As JSON.
    pub fn to_json(&self) -> Map<String, Value> {
        self.all().map(|(param, value)| (param.name.to_owned(), param.to_json(value))).collect()
    }

    /// A number by its name; NaN for a parameter that has no value.
    pub(super) fn number(&self, name: &str) -> f64 {
        debug_assert!(self.all().any(|it| it.0.name == name), "{name} is a parameter");
        self.all().find(|it| it.0.name == name).map_or(f64::NAN, |it| it.1)
    }

    /// An integer by its name; 0 for a parameter that has no value.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.number(name) as u64
    }

    /// A flag by its name.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.number(name) == 1.0
    }

    pub(super) fn cooldown(&self) -> u64 {
        self.values.last().map_or(0, |it| *it as u64)
    }
}
