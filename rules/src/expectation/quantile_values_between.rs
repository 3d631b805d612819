//! Quantiles of the values lie each in its range.

use super::aggregate::Aggregate;
use super::bounds::Bounds;
use super::quantiles;
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::python;
use crate::report::{Judgement, Outcome, Status};
use crate::sketch::{Interpolation, Sketch, Spec};
use crate::time::Time;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "quantile_values_between",
    gx: "expect_column_quantile_values_to_be_between",
    in_gx: true,
    since: "0.1.0",
    summary: "quantiles of the values to lie each in its range",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("quantiles", ParamType::Mapping, "The range `[min, max]` of each quantile.")
            .gx("quantile_ranges")
            .required(),
        Param::new("interpolation", ParamType::FalseOr(quantiles::WORDS), "What a quantile between two values is.")
            .gx("allow_relative_error")
            .default("nearest"),
    ],
    main: None,
    page: include_str!("quantile_values_between.md"),
    compile,
};

/// GX lets a value pass that is this near to a bound, relative to the bound and absolutely.
const NEAR: (f64, f64) = (1e-4, 1e-8);

struct Ranges {
    id: SketchId,
    types: Option<SketchId>,
    quantiles: Vec<f64>,
    bounds: Vec<Bounds>,
    by: Interpolation,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    let id = binder.sketch(Spec::Values { rows: false, budget });
    // Only GX's form tells booleans from 0 and 1.
    let types = args.is_gx().then(|| binder.sketch(Spec::Types));
    let mapping = args.get("quantiles").unwrap_or(&Value::Null);
    let (quantiles, ranges) = read(mapping, args.is_gx())?;
    let by = quantiles::interpolation(args.text("interpolation")).unwrap_or(Interpolation::Nearest);
    Ok(Check::Window(Box::new(Ranges { id, types, quantiles, bounds: ranges, by })))
}

/// `{quantiles: [..], value_ranges: [[..], ..]}`, or in the short form `{0.5: [1, 2]}`.
fn read(mapping: &Value, gx: bool) -> Result<(Vec<f64>, Vec<Bounds>), String> {
    let Value::Map(members) = mapping else { return Err("`quantiles` must be a mapping".to_owned()) };
    let lists = mapping.get("quantiles").zip(mapping.get("value_ranges"));
    let (quantiles, ranges): (Vec<Option<f64>>, Vec<&Value>) = match lists {
        Some((Value::List(quantiles), Value::List(ranges))) => {
            if ranges.len() > quantiles.len() || !gx && ranges.len() < quantiles.len() {
                return Err(format!("there are {} quantiles and {} ranges", quantiles.len(), ranges.len()));
            }
            (quantiles.iter().map(Value::as_f64).collect(), ranges.iter().collect())
        }
        None if !gx => members.iter().map(|(name, range)| (name.parse().ok(), range)).unzip(),
        _ => return Err("`quantile_ranges` needs the lists `quantiles` and `value_ranges`".to_owned()),
    };
    let within = |it: Option<f64>| it.filter(|it| (0.0..=1.0).contains(it));
    let quantiles: Option<Vec<f64>> = quantiles.into_iter().map(within).collect();
    let quantiles = quantiles.ok_or("a quantile is a number from 0 to 1")?;
    if quantiles.is_empty() && !gx {
        return Err("no quantile is named".to_owned());
    }
    let ranges: Result<Vec<_>, _> = ranges.into_iter().map(range).collect();
    let ranges = ranges?;
    if !gx && ranges.iter().any(Bounds::are_reversed) {
        return Err("a range ends before it begins".to_owned());
    }
    Ok((quantiles, ranges))
}

fn range(it: &Value) -> Result<Bounds, String> {
    let wrong = || "a range is a list of two bounds, `[min, max]`, each a number, a date or null".to_owned();
    let bound = |it: &Value| match it {
        Value::Null => Ok(None),
        Value::Str(text) => Time::parse(text).map(|it| Some(Value::Time(it))).ok_or_else(wrong),
        it if it.is_number() => Ok(Some(it.to_owned())),
        _ => Err(wrong()),
    };
    let Value::List(ends) = it else { return Err(wrong()) };
    let [min, max] = ends.as_slice() else { return Err(wrong()) };
    Ok(Bounds { min: bound(min)?, max: bound(max)?, ..Bounds::default() })
}

impl WindowCheck for Ranges {
    fn judge(&self, view: &View) -> Judgement {
        let Sketch::Values(values) = view.sketch(self.id) else { return Judgement::skip("there is no value to judge") };
        let gx = view.form == Form::Gx;
        let found = match quantiles::observe(view, values, &self.quantiles, self.by) {
            Ok(found) => found,
            Err(why) if gx => return Judgement::error(why).bound(self.bound()),
            Err(why) => return Judgement::new(Status::Fail).why(why).bound(self.bound()),
        };
        if !gx && values.numbers.n + values.numbers.nan == 0 {
            return Judgement::skip("there is no value to judge").bound(self.bound());
        }
        let holds: Vec<bool> = found.iter().zip(&self.bounds).map(|(it, range)| holds(it, range, gx)).collect();
        let details = Value::List(holds.iter().map(|it| Value::Bool(*it)).collect());
        let judgement = Judgement::new(Status::of(holds.iter().all(|it| *it)))
            .bound(self.bound())
            .observed(self.observed(&found, view))
            .details(Value::Map(vec![("success_details".into(), details)]))
            .within(values.error_bound());
        if judgement.status == Status::Pass { judgement } else { judgement.why(self.why(&found, &holds)) }
    }
}

impl Ranges {
    fn bound(&self) -> String {
        let ranges = self.quantiles.iter().zip(&self.bounds).map(|(q, it)| format!("{q}: {}", it.describe()));
        ranges.collect::<Vec<_>>().join("; ")
    }

    fn observed(&self, found: &[Aggregate], view: &View) -> Value<'static> {
        let whole = !matches!(self.by, Interpolation::Linear | Interpolation::Midpoint);
        let booleans = whole && quantiles::are_booleans(self.types.map(|it| view.sketch(it)));
        let shown = |it: &Aggregate| match it.value.clone().unwrap_or(Value::Null) {
            Value::Int(it @ (0 | 1)) if booleans => Value::Bool(it == 1),
            it => it,
        };
        Value::Map(vec![
            ("quantiles".into(), Value::List(self.quantiles.iter().map(|it| Value::Num(*it)).collect())),
            ("values".into(), Value::List(found.iter().map(shown).collect())),
        ])
    }

    fn why(&self, found: &[Aggregate], holds: &[bool]) -> String {
        let wrong = self.quantiles.iter().zip(&self.bounds).zip(found).zip(holds).filter(|it| !it.1);
        let wrong = wrong.map(|(((q, range), it), _)| {
            let value = it.value.as_ref().map_or("missing".into(), python::text);
            format!("the {q} quantile is {value}, not {}", range.describe())
        });
        wrong.collect::<Vec<_>>().join("; ")
    }
}

fn holds(found: &Aggregate, range: &Bounds, gx: bool) -> bool {
    let Some(value) = &found.value else { return false };
    let near = |bound: &Option<Value>| {
        let Some((a, b)) = value.as_f64().zip(bound.as_ref().and_then(Value::as_f64)) else { return false };
        (a - b).abs() <= NEAR.1 + NEAR.0 * b.abs()
    };
    range.judge(value) == Outcome::Pass
        || found.error.is_some_and(|it| range.hold_near(value, it))
        || gx && (near(&range.min) || near(&range.max))
}
