//! What kinds share that compare a window with a baseline by a drift test.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::drift::effect::{effect, explained, moved_most};
use crate::drift::records::left_out;
use crate::drift::significance::p_value;
use crate::drift::{self, DriftTest, Found, Params, Sides, alarm, choose};
use crate::kind::{Args, Param, ParamType};
use crate::report::{Chance, Judgement, Status};
use crate::value::Value;

/// The parameters that are the same for all of them.
pub const ALPHA: Param =
    Param::new("alpha", ParamType::Ratio, "The level: how often chance alone may give an alarm.").default("0.05");
/// See [`ALPHA`].
pub const THRESHOLD: Param = Param::new("threshold", ParamType::Positive, "The distance from which on it is an alarm.")
    .default("that of the test");
/// See [`ALPHA`].
pub const PARAMS: Param = Param::new("params", ParamType::Mapping, "Further parameters of the test.");
/// See [`ALPHA`].
pub const SAMPLE_ROWS: Param =
    Param::new("sample_rows", ParamType::Int, "Different rows that a window keeps a sample of.").default("2000");

/// How sides are compared.
pub struct Comparison {
    /// The test; `None`: one that suits the sides.
    pub test: Option<&'static DriftTest>,
    /// The test's parameters.
    pub params: Params,
    /// The smallest statistic that is an alarm.
    pub min_effect: Option<f64>,
    /// The fewest values of either side.
    pub min_records: u64,
}

impl Comparison {
    /// From the entry's parameters, with the test that it names or this one.
    pub fn new(args: &Args, otherwise: Option<&'static DriftTest>) -> Result<Self, String> {
        let test = args.text("test").map(|name| drift::find(name).ok_or_else(|| unknown(name))).transpose()?;
        let test = test.or(otherwise);
        let mut params = match args.get("params").map(Value::to_json) {
            Some(Json::Object(it)) => it,
            _ => Map::new(),
        };
        for name in ["alpha", "threshold"] {
            if let Some(it) = args.number(name) {
                params.insert(name.to_owned(), Json::from(it));
            }
        }
        let params = Params(params);
        if let Some(test) = test {
            // What is wrong with the parameters is known without values.
            alarm::sound(test, &params)?;
        } else if params.0.keys().any(|it| it != "alpha" && it != "threshold") {
            return Err("`params` are those of a test: name the `test`".to_owned());
        }
        let min_records = args.int("min_records").unwrap_or(30);
        let min_records = u64::try_from(min_records).map_err(|_| "`min_records` must not be negative".to_owned())?;
        Ok(Comparison { test, params, min_effect: args.number("min_effect"), min_records })
    }

    /// Whether the test can alarm where windows are watched together; the error says why not.
    pub fn may_be_sequential(&self) -> Result<(), String> {
        match self.test.filter(|it| it.params.iter().any(|it| it.0 == "permutations")) {
            Some(it) if !self.params.0.contains_key("drift_if") => Err(format!(
                "`{}` finds its p-value by random divisions, which is never as small as `drift: {{ sequential: }}` needs \
                 after some windows; take another test",
                it.name
            )),
            _ => Ok(()),
        }
    }

    /// Whether the sides have enough values; the error says which has not.
    pub fn enough(&self, reference: u64, current: u64) -> Result<(), String> {
        let fewest = reference.min(current);
        if fewest >= self.min_records {
            return Ok(());
        }
        let side = if reference < current { "the baseline has" } else { "there are" };
        Err(format!("{side} only {fewest} values, and `min_records` is {}", self.min_records))
    }

    /// Compares the sides; the error says why there is nothing to judge.
    pub fn judge(&self, sides: &Sides) -> Result<Judgement, String> {
        let test = self.test.unwrap_or_else(|| choose::of_sides(sides));
        let found = alarm::run(test, sides, &self.params)?;
        let drifted = alarm::drifted(test, &found, &self.params)?;
        let least = self.min_effect.unwrap_or(if test.name == "ks" { 0.1 } else { 0.0 });
        let matters = found.statistic.abs() >= least;
        let effect = effect(sides, &found);
        let mut judgement = Judgement::new(Status::of(!(drifted && matters)))
            // A sum of nothing may be -0.
            .observed(Value::Num(found.statistic + 0.0))
            .details(details((test, alarm::level(test, &self.params)?), &found, sides, &effect, drifted))
            .within((!found.exact && is_sketched(sides)).then_some(0.0));
        if drifted {
            let why = explained(test, sides, &found, &self.params).unwrap_or(effect);
            judgement =
                judgement.why(if matters { why } else { format!("{why}; sure, but less than `min_effect` {least}") });
        }
        // Whoever writes the rule of the alarm down means it as it is written, whatever else is tested beside.
        if !self.params.0.contains_key("drift_if") {
            judgement.chance = p_value(&found, &self.params)
                .map(|p| Chance { p, alpha: self.params.number("alpha", 0.05).unwrap_or(0.05) });
        }
        Ok(judgement)
    }
}

/// How many rows are sampled.
pub fn sample_rows(args: &Args) -> Result<usize, String> {
    let most = crate::sketch::BottomK::MOST;
    let given = args.int("sample_rows").unwrap_or(2000);
    let rows = usize::try_from(given).ok().filter(|it| (20..=most).contains(it));
    rows.ok_or_else(|| format!("`sample_rows` must be from 20 to {most}, not {given}"))
}

/// Samples of which little can be compared.
pub const THIN: &str = "of samples of rows that often repeat only those are compared of which both windows keep all; \
    a baseline of fewer records, or a larger `sample_rows`, has more of them";

fn unknown(name: &str) -> String {
    let names: Vec<_> = drift::TESTS.iter().map(|it| it.name).collect();
    let near = crate::suite::problem::did_you_mean(name, names.iter().copied());
    let hint = near.unwrap_or_else(|| format!("there are {}", names.join(", ")));
    format!("there is no drift test `{name}`; {hint}")
}

/// Values of either side.
pub fn sizes(sides: &Sides) -> (u64, u64) {
    match sides {
        Sides::Numbers(a, b) => (a.n, b.n),
        Sides::Categories(it) => (it.n(), it.m()),
        Sides::Missing(a, b) => (a.of, b.of),
        Sides::Vectors(a, b) => (a.len() as u64, b.len() as u64),
        Sides::Texts(a, b) => (a.len() as u64, b.len() as u64),
        Sides::Records(a, b) => (a.rows.len() as u64, b.rows.len() as u64),
    }
}

fn is_sketched(sides: &Sides) -> bool {
    matches!(sides, Sides::Numbers(a, b) if a.error > 0.0 || b.error > 0.0)
}

/// How many categories or intervals are told of an alarm.
const MOST_MOVED: usize = 5;

fn details(
    (test, level): (&DriftTest, f64),
    found: &Found,
    sides: &Sides,
    effect: &str,
    drifted: bool,
) -> Value<'static> {
    let mut out: Vec<(Cow<'static, str>, Value<'static>)> = vec![
        ("test".into(), Value::text(test.name)),
        ("statistic".into(), Value::Num(found.statistic + 0.0)),
        ("threshold".into(), Value::Num(level)),
        ("n".into(), Value::Int(found.n as i64)),
        ("m".into(), Value::Int(found.m as i64)),
        ("exact".into(), Value::Bool(found.exact)),
    ];
    if let Some(p) = found.p_value {
        out.push(("p_value".into(), Value::Num(p)));
    }
    if let Some(p) = found.ln_p_value {
        out.push(("ln_p_value".into(), Value::Num(p)));
    }
    out.push(("effect".into(), Value::Str(effect.to_owned().into())));
    // Of what is as it was, no part has moved further than chance moves it.
    if drifted {
        let moved = moved_most(sides, found, MOST_MOVED).into_iter().map(|it| {
            let shares = [("before", it.before), ("now", it.now)].map(|(name, it)| (name.into(), Value::Num(it)));
            Value::Map([("bin".into(), Value::Str(it.label.into()))].into_iter().chain(shares).collect())
        });
        out.push(("bins".into(), Value::List(moved.collect())));
    }
    out.extend(found.more.iter().map(|(name, it)| ((*name).into(), Value::Num(*it))));
    if let Sides::Records(a, b) = sides {
        let left_out: Vec<_> = left_out(a, b).into_iter().map(|(name, why)| (name.into(), Value::text(why))).collect();
        if !left_out.is_empty() {
            out.push(("left_out".into(), Value::Map(left_out)));
        }
    }
    Value::Map(out)
}
