//! What all kinds share that are about the distinct values of a field.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::aggregate::{self, Aggregate};
use crate::args::{Args, Form};
use crate::binder::{Binder, SketchId};
use crate::kind::{Check, View, WindowCheck};
use crate::python;
use crate::report::{Judgement, Status};
use crate::sketch::{Counts, Sketch, Spec};
use crate::time::Time;
use crate::value::Value;

/// How many values a report lists, as in GX.
const SHOWN: usize = 20;

/// How many distinct values there are.
pub struct Distinct {
    /// The number.
    pub value: Aggregate,
    /// The number as a share of all values.
    pub share: Aggregate,
}

/// Counts distinct values. NaN is null in GX's form, else one more value.
pub fn count(counts: &Counts, view: &View) -> Result<Distinct, String> {
    let gx = view.form == Form::Gx;
    if let (true, Some(it)) = (gx, counts.unhashable()) {
        return Err(format!("values of type {} cannot be counted", it.name()));
    }
    let nan = if gx { 0 } else { counts.nan };
    let all = counts.n + nan;
    if all == 0 {
        let none = || Aggregate::exact(gx.then_some(Value::Int(0)));
        return Ok(Distinct { value: none(), share: none() });
    }
    let distinct = counts.distinct();
    // No more distinct values than values.
    let number = distinct.estimate.round().min(counts.n as f64) + f64::from(u8::from(nan > 0));
    let error = error(counts);
    Ok(Distinct {
        value: Aggregate::count(number as u64).within(error),
        share: Aggregate::exact(Some(Value::Num(number / all as f64))).within(error),
    })
}

/// Three standard errors: what one estimate in 300 is off by at most.
pub fn error(counts: &Counts) -> Option<f64> {
    (!counts.is_exact()).then(|| 3.0 * counts.distinct().error)
}

/// How the distinct values must lie to the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Each value is in the set.
    Within,
    /// Each member of the set is a value.
    Contains,
    /// Both.
    Equals,
}

/// Compares the distinct values with the parameter `values`.
pub fn check(args: &Args, binder: &mut Binder, relation: Relation) -> Result<Check, String> {
    let budget = binder.budget;
    let id = binder.sketch(Spec::Counts { budget });
    let values = args.values("values").unwrap_or_default().to_vec();
    if !args.is_gx() && values.iter().any(Value::is_null) {
        return Err("null is no value that could be found; `not_null` is about it".to_owned());
    }
    if !args.is_gx() && values.is_empty() {
        return Err("`values` is empty".to_owned());
    }
    Ok(Check::Window(Box::new(Compare { id, values, relation, budget })))
}

struct Compare {
    id: SketchId,
    values: Vec<Value<'static>>,
    relation: Relation,
    budget: usize,
}

/// What differs.
struct Difference {
    unexpected: Vec<Value<'static>>,
    n_unexpected: u64,
    missing: Vec<Value<'static>>,
    /// How many members of the set may or may not occur: they are outside the sample.
    unknown: usize,
}

impl WindowCheck for Compare {
    fn judge(&self, view: &View) -> Judgement {
        let gx = view.form == Form::Gx;
        let Sketch::Counts(counts) = view.sketch(self.id) else { return Judgement::skip("there is no value to judge") };
        if let (true, Some(it)) = (gx, counts.unhashable()) {
            return Judgement::error(format!("values of type {} cannot be counted", it.name())).bound(self.bound());
        }
        if !gx && counts.n + counts.nan == 0 {
            return Judgement::skip("there is no value to judge").bound(self.bound());
        }
        let difference = self.difference(counts, view);
        let mut judgement = self.verdict(&difference).bound(self.bound()).within(error(counts));
        if self.relation != Relation::Contains {
            judgement = judgement
                .extra("unexpected_count", aggregate::count(difference.n_unexpected))
                .extra("partial_unexpected_list", Value::List(first(difference.unexpected.iter().collect())));
        }
        if self.relation != Relation::Within {
            judgement = judgement
                .extra("missing_count", aggregate::count(difference.missing.len() as u64))
                .extra("partial_missing_list", Value::List(first(difference.missing.iter().collect())));
        }
        let all = || counts.sorted().into_iter().map(|it| &it.value).collect();
        judgement.observed(if gx { Value::Null } else { Value::List(first(all())) })
    }
}

impl Compare {
    fn bound(&self) -> String {
        let listed = list(&self.values);
        match self.relation {
            Relation::Within => format!("none but {listed}"),
            Relation::Contains => format!("all of {listed}"),
            Relation::Equals => format!("exactly {listed}"),
        }
    }

    fn difference(&self, counts: &Counts, view: &View) -> Difference {
        let kept = counts.sorted();
        let mut keys = HashSet::new();
        let mut set = as_types_of(kept.iter().map(|it| &it.value), &self.values);
        set.retain(|it| keys.insert(key(it)));
        let mut unexpected: Vec<_> =
            kept.iter().filter(|it| !keys.contains(&key(&it.value))).map(|it| it.value.clone()).collect();
        let mut n_unexpected = (unexpected.len() as f64 * counts.scale()).round() as u64;
        if !counts.is_exact() {
            // More distinct values than the budget are known to be there, whatever the sample holds.
            n_unexpected = n_unexpected.max((self.budget as u64 + 1).saturating_sub(set.len() as u64));
        }
        if view.form == Form::Short && counts.nan > 0 {
            unexpected.push(Value::Num(f64::NAN));
            n_unexpected += 1;
        }
        let unknown = set.iter().filter(|it| counts.get(it).is_none()).count();
        set.retain(|it| counts.get(it) == Some(0));
        Difference { unexpected, n_unexpected, missing: set, unknown }
    }

    fn verdict(&self, difference: &Difference) -> Judgement {
        let mut why = Vec::new();
        if self.relation != Relation::Contains && difference.n_unexpected > 0 {
            let named = first(difference.unexpected.iter().collect());
            let named = if named.is_empty() { String::new() } else { format!(": {}", list(&named)) };
            why.push(format!("{} distinct values are not in the set{named}", difference.n_unexpected));
        }
        if self.relation != Relation::Within && !difference.missing.is_empty() {
            why.push(format!("{} of the set do not occur: {}", difference.missing.len(), list(&difference.missing)));
        }
        if !why.is_empty() {
            return Judgement::new(Status::Fail).why(why.join("; "));
        }
        if self.relation != Relation::Within && difference.unknown > 0 {
            let n = difference.unknown;
            return Judgement::error(format!(
                "whether {n} of the set occur is not known: there are more than {} distinct values",
                self.budget
            ));
        }
        Judgement::new(Status::Pass)
    }
}

/// The set as values of the types found: text that is a date meets dates.
pub fn as_types_of<'v>(
    mut found: impl Iterator<Item = &'v Value<'static>>,
    set: &[Value<'static>],
) -> Vec<Value<'static>> {
    if !found.any(|it| matches!(it, Value::Time(_))) {
        return set.to_vec();
    }
    let dated = |it: &Value<'static>| it.as_str().and_then(Time::parse).map_or_else(|| it.clone(), Value::Time);
    set.iter().map(dated).collect()
}

/// Bytes that equal values share.
pub fn key(value: &Value) -> Vec<u8> {
    let mut key = Vec::new();
    value.key_into(&mut key);
    key
}

/// The first few in order, if they have one.
pub fn first(mut values: Vec<&Value<'static>>) -> Vec<Value<'static>> {
    let rank = |it: &Value| match it {
        Value::Bool(_) | Value::Int(_) | Value::Big(_) => 1,
        Value::Num(it) if !it.is_nan() => 1,
        Value::Str(_) => 2,
        Value::Time(_) => 3,
        _ => 0,
    };
    let rank_of_first = values.first().map_or(0, |it| rank(it));
    // Sorting wants a total order, which only values of one of these kinds have.
    if rank_of_first > 0 && values.iter().all(|it| rank(it) == rank_of_first) {
        let order = |a: &&Value<'static>, b: &&Value<'static>| a.compare(b).unwrap_or(Ordering::Equal);
        if values.len() > SHOWN {
            values.select_nth_unstable_by(SHOWN, order);
            values.truncate(SHOWN);
        }
        values.sort_by(order);
    }
    values.into_iter().take(SHOWN).cloned().collect()
}

/// Values in words, the first few.
pub fn list(values: &[Value]) -> String {
    let shown: Vec<_> = values.iter().take(10).map(|it| python::text(it).into_owned()).collect();
    let more = values.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("[{}{more}]", shown.join(", "))
}
