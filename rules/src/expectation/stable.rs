//! The values are distributed as those of the baseline.

use serde_json::{Map, Value as Json};

use crate::baseline::Distribution;
use crate::drift::effect::{effect, moved_most};
use crate::drift::{self, DriftTest, Found, Params, Sides, Takes, alarm, choose};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Chance, Judgement, Status};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "stable",
    gx: "expect_column_distribution_to_be_stable",
    in_gx: false,
    since: "0.1.0",
    summary: "the values to be distributed as those of the baseline",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("test", ParamType::Text, "The drift test; `driftline kinds` lists them.")
            .default("one that suits type and size"),
        Param::new("alpha", ParamType::Ratio, "The level: how often chance alone may give an alarm.").default("0.05"),
        Param::new("threshold", ParamType::Positive, "The distance from which on it is an alarm.")
            .default("that of the test"),
        Param::new("min_effect", ParamType::Positive, "The smallest statistic that is an alarm, however sure it is.")
            .default("0.1 for `ks`, else 0"),
        Param::new("min_records", ParamType::Int, "The fewest values of either side that are judged.").default("30"),
        Param::new("params", ParamType::Mapping, "Further parameters of the test."),
    ],
    main: Some("test"),
    page: include_str!("stable.md"),
    compile,
};

struct Stable {
    values: SketchId,
    counts: SketchId,
    path: String,
    test: Option<&'static DriftTest>,
    params: Params,
    min_effect: Option<f64>,
    min_records: u64,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    if binder.guard.is_some() {
        return Err("compares all records with those of the baseline, and takes no `when`".to_owned());
    }
    let test = args.text("test").map(|name| drift::find(name).ok_or_else(|| unknown(name))).transpose()?;
    if let Some(it) = test.filter(|it| matches!(it.takes, Takes::Vectors | Takes::Texts)) {
        return Err(format!(
            "`{}` needs the records themselves, which windows do not keep; `driftline drift` runs it",
            it.name
        ));
    }
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
    let budget = binder.budget;
    Ok(Check::Window(Box::new(Stable {
        values: binder.sketch(Spec::Values { rows: false, budget }),
        counts: binder.sketch(Spec::Counts { budget }),
        path: binder.bindings.paths.get(usize::from(binder.slot().0)).map(ToString::to_string).unwrap_or_default(),
        test,
        params,
        min_effect: args.number("min_effect"),
        min_records,
    })))
}

fn unknown(name: &str) -> String {
    let names: Vec<_> = drift::TESTS.iter().map(|it| it.name).collect();
    let near = crate::suite::problem::did_you_mean(name, names.iter().copied());
    let hint = near.unwrap_or_else(|| format!("there are {}", names.join(", ")));
    format!("there is no drift test `{name}`; {hint}")
}

impl WindowCheck for Stable {
    fn judge(&self, view: &View) -> Judgement {
        let bound = match self.test {
            Some(it) => format!("distributed as in the baseline, by {}", it.name),
            None => "distributed as in the baseline".to_owned(),
        };
        self.compare(view).unwrap_or_else(Judgement::skip).bound(bound)
    }
}

impl Stable {
    /// The error says why there is nothing to judge.
    fn compare(&self, view: &View) -> Result<Judgement, String> {
        let Some(baseline) = view.baseline else {
            return Err(view.absent.unwrap_or("there is no baseline to compare with").to_owned());
        };
        let Some(reference) = baseline.field(&self.path) else {
            return Err(format!("the baseline does not have the field `{}`", self.path));
        };
        let (Sketch::Values(values), Sketch::Counts(counts)) = (view.sketch(self.values), view.sketch(self.counts))
        else {
            return Err("there is no value to judge".to_owned());
        };
        let current = Distribution::of(values, counts);
        let fewest = reference.n.min(current.n);
        if fewest < self.min_records {
            let side = if reference.n < current.n { "the baseline has" } else { "there are" };
            return Err(format!("{side} only {fewest} values, and `min_records` is {}", self.min_records));
        }
        let is_missing = self.test.is_some_and(|it| it.takes == Takes::Missing);
        let sides = if is_missing { reference.missing_against(&current) } else { reference.against(&current)? };
        let test = self.test.unwrap_or_else(|| choose::of_sides(&sides));
        let found = alarm::run(test, &sides, &self.params)?;
        let drifted = alarm::drifted(test, &found, &self.params)?;
        let least = self.min_effect.unwrap_or(if test.name == "ks" { 0.1 } else { 0.0 });
        let matters = found.statistic.abs() >= least;
        let mut judgement = Judgement::new(Status::of(!(drifted && matters)))
            // A sum of nothing may be -0.
            .observed(Value::Num(found.statistic + 0.0))
            .details(details(test, &found, &sides, alarm::level(test, &self.params)?, drifted))
            .within((!found.exact && is_sketched(&sides)).then_some(0.0));
        if drifted {
            let effect = effect(&sides, &found);
            judgement = judgement.why(if matters {
                effect
            } else {
                format!("{effect}; sure, but less than `min_effect` {least}")
            });
        }
        // Whoever writes the rule of the alarm down means it as it is written, whatever else is tested beside.
        if !self.params.0.contains_key("drift_if") {
            judgement.chance =
                found.p_value.map(|p| Chance { p, alpha: self.params.number("alpha", 0.05).unwrap_or(0.05) });
        }
        Ok(judgement)
    }
}

fn is_sketched(sides: &Sides) -> bool {
    matches!(sides, Sides::Numbers(a, b) if a.error > 0.0 || b.error > 0.0)
}

/// How many categories or intervals are told of an alarm.
const MOST_MOVED: usize = 5;

fn details(test: &DriftTest, found: &Found, sides: &Sides, level: f64, drifted: bool) -> Value<'static> {
    let mut out: Vec<(std::borrow::Cow<'static, str>, Value<'static>)> = vec![
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
    out.push(("effect".into(), Value::Str(effect(sides, found).into())));
    // Of what is as it was, no part has moved further than chance moves it.
    if drifted {
        let moved = moved_most(sides, found, MOST_MOVED).into_iter().map(|it| {
            let shares = [("before", it.before), ("now", it.now)].map(|(name, it)| (name.into(), Value::Num(it)));
            Value::Map([("bin".into(), Value::Str(it.label.into()))].into_iter().chain(shares).collect())
        });
        out.push(("bins".into(), Value::List(moved.collect())));
    }
    out.extend(found.more.iter().map(|(name, it)| ((*name).into(), Value::Num(*it))));
    Value::Map(out)
}
