//! Partitions: the distribution that is expected, as GX writes it in `partition_object`.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::args::{Param, ParamType};
use crate::sketch::Counts;
use crate::value::Value;

/// `partition`.
pub const PARTITION: Param = Param::new(
    "partition",
    ParamType::Mapping,
    "The expected distribution: `values` and `weights`, or `bins`, `weights` and perhaps `tail_weights`.",
)
.gx("partition_object");
/// `tail_weight_holdout`.
pub const TAIL_HOLDOUT: Param = Param::new(
    "tail_weight_holdout",
    ParamType::Ratio,
    "The weight that is kept back for values the partition does not know.",
)
.default("0");

/// An expected distribution.
#[derive(Clone, Debug)]
pub enum Partition {
    /// Of values.
    Categorical(Categorical),
    /// Of numbers between edges.
    Continuous(Continuous),
}

/// Weights of values.
#[derive(Clone, Debug, Default)]
pub struct Categorical {
    /// The values, each once.
    pub values: Vec<Value<'static>>,
    /// A weight for each; the sum is 1.
    pub weights: Vec<f64>,
}

/// Weights of the bins between edges.
#[derive(Clone, Debug, Default)]
pub struct Continuous {
    /// The edges, strictly increasing; the first and the last may be infinite.
    pub edges: Vec<f64>,
    /// The edges as they were written.
    pub shown: Vec<Value<'static>>,
    /// A weight for each bin.
    pub weights: Vec<f64>,
    /// The weights of what lies below and above all bins.
    pub tails: Option<[f64; 2]>,
}

/// Reads a partition; GX's rules of validity.
pub fn read(it: &Value) -> Result<Partition, String> {
    let weights = numbers(it.get("weights"), "weights")?;
    if let Some(Value::List(values)) = it.get("values")
        && values.len() == weights.len()
        && is_one(&weights)
    {
        let mut seen = HashSet::new();
        if let Some(twice) = values.iter().find(|it| !seen.insert(key(it))) {
            return Err(format!("the partition has the value `{}` twice", crate::python::text(twice)));
        }
        let values = values.iter().map(Value::to_owned).collect();
        return Ok(Partition::Categorical(Categorical { values, weights }));
    }
    let Some(bins) = it.get("bins") else {
        return Err("a partition needs as many `values` as `weights`, and weights whose sum is 1".to_owned());
    };
    let edges = numbers(Some(bins), "bins")?;
    let tails = match it.get("tail_weights") {
        None => None,
        Some(it) => match numbers(Some(it), "tail_weights")?.as_slice() {
            [below, above] => Some([*below, *above]),
            _ => return Err("`tail_weights` are two: below and above the bins".to_owned()),
        },
    };
    if edges.len() != weights.len() + 1 {
        return Err("a partition needs one edge in `bins` more than `weights`".to_owned());
    }
    if edges.iter().zip(edges.iter().skip(1)).any(|(a, b)| a.partial_cmp(b) != Some(Ordering::Less)) {
        return Err("the edges in `bins` must increase".to_owned());
    }
    let all: Vec<f64> = tails.iter().flatten().chain(&weights).copied().collect();
    if !is_one(&all) {
        return Err("the sum of the partition's weights must be 1".to_owned());
    }
    let shown = match bins {
        Value::List(it) => it.iter().map(Value::to_owned).collect(),
        _ => Vec::new(),
    };
    Ok(Partition::Continuous(Continuous { edges, shown, weights, tails }))
}

fn numbers(it: Option<&Value>, name: &str) -> Result<Vec<f64>, String> {
    let wrong = || format!("`{name}` of the partition must be a list of numbers");
    let Some(Value::List(items)) = it else { return Err(wrong()) };
    items.iter().map(|it| it.as_f64().ok_or_else(wrong)).collect()
}

/// `numpy.allclose(sum, 1)`.
fn is_one(weights: &[f64]) -> bool {
    (weights.iter().sum::<f64>() - 1.0).abs() <= 1e-8 + 1e-5
}

/// A column's values beside those of a partition.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The partition's values, then those of the column that it does not know, in their order.
    pub values: Vec<Value<'static>>,
    /// How often each occurs.
    pub counts: Vec<f64>,
    /// The expected weight of each.
    pub weights: Vec<f64>,
}

/// The column has more distinct values than were kept.
#[derive(Clone, Copy, Debug)]
pub struct TooMany {
    /// Whether one of those kept is not in the partition.
    pub has_new: bool,
}

impl Categorical {
    /// Lays the counts of a column beside the partition. Values that it does not know share the holdout,
    /// for which the others make room; when there are none nothing is held out.
    pub fn compare(&self, counts: &Counts, holdout: f64) -> Result<Compared, TooMany> {
        let known: HashSet<Vec<u8>> = self.values.iter().map(key).collect();
        let new = counts.sorted().into_iter().filter(|it| !known.contains(&key(&it.value)));
        let mut new: Vec<_> = new.map(|it| (it.value.clone(), it.count as f64)).collect();
        if !counts.is_exact() {
            return Err(TooMany { has_new: !new.is_empty() });
        }
        // As pandas sorts an index, which it leaves alone when two values have no order.
        if new.iter().all(|it| new.first().is_some_and(|first| first.0.compare(&it.0).is_some())) {
            new.sort_by(|a, b| a.0.compare(&b.0).unwrap_or(Ordering::Equal));
        }
        let share = holdout / new.len() as f64;
        let room = if new.is_empty() { 1.0 } else { 1.0 - holdout };
        let count = |it: &Value| counts.get(it).unwrap_or(0) as f64;
        let mut compared = Compared {
            values: self.values.clone(),
            counts: self.values.iter().map(count).collect(),
            weights: self.weights.iter().map(|it| it * room).collect(),
        };
        for (value, count) in new {
            compared.values.push(value);
            compared.counts.push(count);
            compared.weights.push(share);
        }
        Ok(compared)
    }
}

fn key(it: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    it.key_into(&mut out);
    out
}

/// GX's `details`: two partitions beside each other.
pub fn details(observed: Value<'static>, expected: Value<'static>) -> Value<'static> {
    Value::Map(vec![("observed_partition".into(), observed), ("expected_partition".into(), expected)])
}

/// A partition as GX writes it.
pub fn written(names: &'static str, of: &[Value<'static>], weights: &[f64], tails: Option<&[f64]>) -> Value<'static> {
    let mut members = vec![(names.into(), Value::List(of.to_vec())), ("weights".into(), list(weights))];
    if let Some(tails) = tails {
        members.push(("tail_weights".into(), list(tails)));
    }
    Value::Map(members)
}

/// Numbers as a list.
pub fn list(numbers: &[f64]) -> Value<'static> {
    Value::List(numbers.iter().copied().map(Value::Num).collect())
}
