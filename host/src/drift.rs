//! Columns that are compared, of files or of stored windows: which test each is given, and what it found.

use driftline_rules::drift::effect::effect;
use driftline_rules::drift::multiplicity::Correction;
use driftline_rules::drift::{Alarm, DriftTest, Found, Numbers, Params, Sides, TESTS, Takes, alarm, choose, find};
use driftline_rules::suite::problem::did_you_mean;
use serde_json::json;

/// Two columns of one type.
#[derive(Debug)]
pub struct Compared {
    /// Their values.
    pub sides: Sides,
    /// What tests of that type take.
    pub takes: Takes,
    /// Different values of both.
    pub distinct: u64,
}

/// What is said of a column.
#[derive(Debug, Default)]
pub struct Entry {
    /// The column.
    pub column: String,
    /// The test, as far as one was named or chosen.
    pub test: Option<&'static str>,
    /// Alpha, or the threshold of a distance.
    pub threshold: Option<f64>,
    /// Values of the reference that are not missing.
    pub n: u64,
    /// Values of the current side that are not missing.
    pub m: u64,
    /// What the test found.
    pub found: Option<Found>,
    /// The p-value, corrected for all columns.
    pub corrected: Option<f64>,
    /// What has changed, in words.
    pub effect: Option<String>,
    /// Whether it drifted; `None`: it could not be compared.
    pub drifted: Option<bool>,
    /// Why it could not be compared.
    pub error: Option<String>,
}

/// Which test is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// Ours for each type and size.
    Chosen,
    /// That of Evidently 0.7, with its thresholds.
    Evidently,
    /// This one.
    Named(&'static DriftTest),
}

/// What is asked for by Evidently's own choice of a test.
const EVIDENTLY: [&str; 2] = ["evidently", "evidently_auto_drift"];

impl Asked {
    /// The test of a name, with parameters that it takes; without a name one is chosen for each column. The error says
    /// what is wrong for every column.
    pub fn new(name: Option<&str>, params: &Params) -> Result<Self, String> {
        let asked = match name {
            None => Asked::Chosen,
            Some(it) if EVIDENTLY.contains(&it) => Asked::Evidently,
            Some(it) => Asked::Named(named(it)?),
        };
        if let Asked::Named(test) = asked {
            alarm::sound(test, params)?;
        }
        Ok(asked)
    }

    /// The name of a test that was named.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Asked::Named(it) => Some(it.name),
            Asked::Chosen | Asked::Evidently => None,
        }
    }

    /// Whether shares of missing values are compared, which every column has.
    pub fn is_missing(self) -> bool {
        matches!(self, Asked::Named(it) if it.takes == Takes::Missing)
    }
}

fn named(name: &str) -> Result<&'static DriftTest, String> {
    find(name).ok_or_else(|| {
        let all = || TESTS.iter().flat_map(|it| std::iter::once(&it.name).chain(it.aliases)).copied();
        let names = || TESTS.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
        let hint = did_you_mean(name, all()).unwrap_or_else(|| format!("there are {}", names()));
        format!("unknown test `{name}` ({hint})")
    })
}

impl Entry {
    /// Of a column with `n` and `m` values; `fit` makes of its sides what the test takes.
    pub fn of(
        (column, n, m): (String, u64, u64),
        compared: Result<Compared, String>,
        asked: Asked,
        params: &Params,
        fit: impl FnOnce(Sides, &DriftTest) -> Result<Sides, String>,
    ) -> Self {
        let mut it = Entry { column, test: asked.name(), n, m, ..Entry::default() };
        match compared.and_then(|compared| it.judge(compared, asked, params, fit)) {
            Ok(()) => it,
            Err(why) => Entry { error: Some(why), found: None, drifted: None, ..it },
        }
    }

    fn judge(
        &mut self,
        Compared { sides, takes, distinct }: Compared,
        asked: Asked,
        params: &Params,
        fit: impl FnOnce(Sides, &DriftTest) -> Result<Sides, String>,
    ) -> Result<(), String> {
        let mut params = params.clone();
        let test = match asked {
            Asked::Named(test) => test,
            Asked::Chosen => choose::choose(takes, self.n, self.m, distinct),
            Asked::Evidently => evidently(&sides, distinct, &mut params)?,
        };
        self.test = Some(test.name);
        self.threshold = Some(alarm::level(test, &params)?);
        let effect = effect(&sides, &Found::default());
        let found = alarm::run(test, &fit(sides, test)?, &params)?;
        self.effect = Some(effect);
        self.drifted = Some(alarm::drifted(test, &found, &params)?);
        (self.n, self.m) = (found.n, found.m);
        self.found = Some(found);
        Ok(())
    }
}

/// The test that Evidently takes, with its rule of alarm. `column_type` says what the values are, as there.
fn evidently(sides: &Sides, of_all: u64, params: &mut Params) -> Result<&'static DriftTest, String> {
    let kind = params.word("column_type", &["auto", "num", "cat", "numerical", "categorical"])?;
    params.0.remove("column_type");
    params.0.remove("rule");
    let (n, distinct, is_number) = match sides {
        Sides::Numbers(a, b) => {
            let (a, b) = (a.finite(), b.finite());
            (a.n, distinct(&a, &b), true)
        }
        Sides::Categories(it) => (it.n(), of_all, false),
        _ => return Err("Evidently's choice is for numbers and categories".to_owned()),
    };
    let numerical = matches!(kind, "num" | "numerical") || kind == "auto" && is_number;
    let chosen = choose::evidently(numerical, n, distinct);
    let limit = if chosen.drift_if.starts_with('p') { "alpha" } else { "threshold" };
    params.0.entry(limit).or_insert_with(|| json!(chosen.threshold));
    params.0.entry("drift_if").or_insert_with(|| json!(chosen.drift_if));
    for (name, value) in chosen.params {
        params.0.entry(*name).or_insert_with(|| json!(value));
    }
    find(chosen.test).ok_or_else(|| format!("there is no test `{}`", chosen.test))
}

/// Different numbers of both sides.
pub fn distinct(a: &Numbers, b: &Numbers) -> u64 {
    let mut common = 0;
    let mut others = b.sorted.iter().map(|it| it.0).peekable();
    for (it, _) in &a.sorted {
        while others.next_if(|other| other < it).is_some() {}
        common += u64::from(others.next_if(|other| other == it).is_some());
    }
    (a.sorted.len() + b.sorted.len()) as u64 - common
}

/// Why a test does not take these sides.
pub fn misfit(sides: &Sides, test: &DriftTest) -> String {
    let is = match sides {
        Sides::Numbers(..) => "numbers",
        Sides::Categories(_) => "categories",
        Sides::Vectors(..) => "vectors",
        Sides::Texts(..) => "texts",
        Sides::Missing(..) => "shares of missing values",
    };
    let takes = match test.takes {
        Takes::Numbers => "numbers",
        Takes::Categories => "categories",
        Takes::Either => "numbers or categories",
        Takes::Vectors => "vectors",
        Takes::Texts => "texts",
        Takes::Missing => "shares of missing values",
    };
    format!("`{}` compares {takes}, and the values are {is}", test.name)
}

/// A column whose corrected p-value is above the level has not drifted, whatever its own says.
pub fn correct(correction: Correction, entries: &mut [Entry], params: &Params) {
    let mut tested: Vec<(&mut Entry, f64)> =
        entries.iter_mut().filter_map(|it| it.found.as_ref()?.p_value.map(|p| (it, p))).collect();
    let p_values: Vec<f64> = tested.iter().map(|it| it.1).collect();
    let corrected = correction.adjust(&p_values);
    for ((it, _), p) in tested.iter_mut().zip(corrected) {
        let own = match it.test.and_then(find).map(|it| it.alarm) {
            Some(Alarm::PValue { alpha, .. }) => alpha,
            _ => 0.05,
        };
        it.corrected = Some(p);
        let level = params.number("alpha", own).unwrap_or(own);
        it.drifted = it.drifted.map(|drifted| drifted && p <= level);
    }
}
