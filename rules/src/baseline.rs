//! What windows are compared with: the distributions of fields as they were in training, or in another window.
//!
//! A baseline knows nothing of plans, so it outlives changes of the suite. It is JSON that a person can read: the
//! numbers and categories themselves with their counts, and what follows from them beside.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::binder::{Bindings, Of};
use crate::drift::{Categories, Moments, Numbers, Share, Sides};
use crate::quality::known::Kept;
use crate::sketch::{self, NumberKind, Quantiles, Sketch, Spec, Values};
use crate::value::Value;
use crate::window::Window;

mod sample;
mod written;

pub use sample::{Comparable, RowSample};
pub use written::{number_json, number_of};

/// What a baseline's `driftline_baseline` says: the version of the format.
pub const VERSION: u64 = 1;

/// Different categories that a baseline keeps of a field.
const MOST_CATEGORIES: usize = 10_000;

/// The distributions of some fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// Records that were seen.
    pub records: u64,
    /// By path, as suites write it.
    pub fields: BTreeMap<String, Distribution>,
    /// Sampled rows, of the fields of which tests need the values themselves.
    pub samples: Vec<RowSample>,
    /// How right predictions were.
    pub quality: Vec<Kept>,
}

/// The distribution of a field's values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// Values that are neither null nor NaN.
    pub n: u64,
    /// Missing values and nulls.
    pub null: u64,
    /// NaN.
    pub nan: u64,
    /// The numbers, when all values are numbers and not all of them are `true` or `false`.
    pub numbers: Option<Numbers>,
    /// Else the values as JSON text with their counts, by text, when they are few enough to know all of them.
    pub categories: Option<Vec<(String, u64)>>,
}

impl Baseline {
    /// Of a window: the fields of which it keeps both numbers and categories for all records, and those that it
    /// samples. How right predictions were a plan says: [`figures`](crate::run::figures).
    pub fn of_window(bindings: &Bindings, window: &Window) -> Self {
        let mut fields = BTreeMap::new();
        for (path, values, categories) in kept(bindings) {
            let (Some(Sketch::Values(values)), Some(Sketch::Categories(categories))) =
                (window.sketches.get(values), window.sketches.get(categories))
            else {
                continue;
            };
            fields.insert(path, Distribution::of(values, categories));
        }
        let sampled = bindings.sketches.iter().zip(&window.sketches).filter_map(|(plan, sketch)| {
            let (Sketch::BottomK(it), None) = (sketch, plan.guard) else { return None };
            let path = |slot: &crate::row::Slot| bindings.paths.get(usize::from(slot.0)).map(ToString::to_string);
            Some(RowSample::of(plan.slots.iter().map(path).collect::<Option<_>>()?, it))
        });
        Baseline { records: window.rows, fields, samples: sampled.collect(), quality: Vec::new() }
    }

    /// The sampled rows of these fields; of two samples the one of more rows.
    pub fn sample(&self, fields: &[String]) -> Option<&RowSample> {
        self.samples.iter().filter(|it| it.fields == fields).max_by_key(|it| it.len())
    }

    /// The fields that [`Baseline::of_window`] finds in windows of a plan, by path and in their order.
    pub fn fields_of(bindings: &Bindings) -> Vec<String> {
        let mut fields: Vec<_> = kept(bindings).map(|it| it.0).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// The field of a path.
    pub fn field(&self, path: &str) -> Option<&Distribution> {
        self.fields.get(path)
    }
}

/// The fields of which windows keep both numbers and categories for all records: path, place of the one, place of the
/// other.
fn kept(bindings: &Bindings) -> impl Iterator<Item = (String, usize, usize)> {
    bindings.sketches.iter().enumerate().filter_map(|(place, plan)| {
        let ([slot], Spec::Values { .. }, None) = (plan.slots.as_slice(), &plan.spec, plan.guard) else { return None };
        let other = bindings.sketches.iter().position(|other| {
            other.slots == plan.slots
                && other.of == plan.of
                && other.guard.is_none()
                && matches!(other.spec, Spec::Categories { .. })
        })?;
        let path = bindings.paths.get(usize::from(slot.0))?.to_string();
        Some((name(&path, plan.of), place, other))
    })
}

/// What the distribution of a field is called: that of the lengths of `prompt` is `length(prompt)`.
pub fn name(path: &str, of: Of) -> String {
    match of {
        Of::Value => path.to_owned(),
        Of::Length => format!("length({path})"),
    }
}

/// The field that a distribution of this name is of.
pub fn field_of(name: &str) -> &str {
    name.strip_prefix("length(").and_then(|it| it.strip_suffix(')')).unwrap_or(name)
}

impl Distribution {
    /// Of the summaries that a window keeps of a field.
    pub fn of(values: &Values, counted: &sketch::Categories) -> Self {
        let (met, others) = (&values.numbers, &counted.others);
        let numbers = (met.n > 0 && met.refused == 0 && !counted.are_flags()).then(|| Numbers {
            integers: met.kind() == NumberKind::Integers,
            ..match (values.exact(), values.sketch()) {
                (Some(exact), _) => Numbers::of(&exact),
                (None, Some(sketch)) => in_buckets(sketch),
                (None, None) => Numbers::default(),
            }
        });
        let categories = (counted.n() > 0 && numbers.is_none()).then(|| {
            let numbers =
                counted.numbers().filter(|_| others.is_exact() && others.kept().count() <= MOST_CATEGORIES)?;
            let numbers = numbers.iter().map(|(it, count)| (text(&Value::Num(*it)), *count));
            let mut all: Vec<_> = others.kept().map(|it| (text(&it.value), it.count)).chain(numbers).collect();
            // Values that are written alike are one category.
            all.sort_unstable();
            all.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                kept.1 += if is_same { next.1 } else { 0 };
                is_same
            });
            Some(all)
        });
        Distribution { n: counted.n(), null: others.null, nan: others.nan, numbers, categories: categories.flatten() }
    }

    /// This as the reference of `current`. The error says why they cannot be compared.
    pub fn against(&self, current: &Distribution) -> Result<Sides, String> {
        if self.n == 0 {
            return Err("the baseline has no value of the field".to_owned());
        }
        if current.n == 0 {
            return Err("there is no value to compare".to_owned());
        }
        if let (Some(reference), Some(current)) = (&self.numbers, &current.numbers) {
            return Ok(Sides::Numbers(reference.clone(), current.clone()));
        }
        let (Some(reference), Some(now)) = (self.by_text(), current.by_text()) else {
            return Err(
                "the field has too many different values that are no numbers to compare their shares; `of: length` \
                 compares how long they are, `test: text_classifier` a sample of texts"
                    .to_owned(),
            );
        };
        let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (name, count) in reference.iter() {
            counts.entry(name).or_default().0 += count;
        }
        for (name, count) in now.iter() {
            counts.entry(name).or_default().1 += count;
        }
        let counts = counts.into_iter().map(|(name, it)| (name.to_owned(), it.0, it.1)).collect();
        Ok(Sides::Categories(Categories { counts, exact: true }))
    }

    /// How much is missing, this as the reference of `current`.
    pub fn missing_against(&self, current: &Distribution) -> Sides {
        let share = |it: &Distribution| Share { count: it.null, of: it.n + it.null + it.nan };
        Sides::Missing(share(self), share(current))
    }

    /// The values by text, numbers too.
    fn by_text(&self) -> Option<Cow<'_, [(String, u64)]>> {
        if let Some(it) = &self.categories {
            return Some(Cow::Borrowed(it));
        }
        let numbers = self.numbers.as_ref().filter(|it| it.error == 0.0 && it.sorted.len() <= MOST_CATEGORIES)?;
        let texts = numbers.sorted.iter().map(|(value, count)| (text(&Value::Num(*value)), *count));
        Some(Cow::Owned(texts.collect()))
    }

    /// What a person wants to know of it.
    fn summary(&self) -> Json {
        let all = self.n + self.null + self.nan;
        let mut out = Map::new();
        out.insert("null_share".into(), json!(if all == 0 { 0.0 } else { self.null as f64 / all as f64 }));
        if let Some(numbers) = &self.numbers {
            let finite = numbers.finite();
            let moments = Moments::of(&finite);
            let quantiles = finite.quantiles(&[0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0]);
            out.insert("mean".into(), json!(moments.map(|it| it.mean)));
            out.insert("sd".into(), json!(moments.and_then(|it| it.variance(1)).map(f64::sqrt)));
            if let Some(quantiles) = quantiles {
                let names = ["min", "p01", "p05", "p25", "p50", "p75", "p95", "p99", "max"];
                out.extend(names.iter().zip(quantiles).map(|(name, it)| ((*name).to_owned(), json!(it))));
            }
            if let Some(bins) = histogram(&finite) {
                out.insert("histogram".into(), bins);
            }
        } else if let Some(categories) = &self.categories {
            let mut top: Vec<_> = categories.iter().collect();
            top.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let value = |it: &str| serde_json::from_str::<Json>(it).unwrap_or(Json::Null);
            let top: Vec<_> = top.iter().take(20).map(|it| json!([value(&it.0), it.1])).collect();
            out.insert("distinct".into(), json!(categories.len()));
            out.insert("top".into(), json!(top));
        }
        Json::Object(out)
    }
}

/// Twenty bins of one width between the smallest and the largest number.
fn histogram(numbers: &Numbers) -> Option<Json> {
    const BINS: usize = 20;
    let (low, high) = (numbers.sorted.first()?.0, numbers.sorted.last()?.0);
    let width = (high - low) / BINS as f64;
    if !(width > 0.0 && width.is_finite()) {
        return None;
    }
    let mut counts = [0_u64; BINS];
    for (value, count) in &numbers.sorted {
        let at = (((value - low) / width) as usize).min(BINS - 1);
        if let Some(it) = counts.get_mut(at) {
            *it += count;
        }
    }
    let edges: Vec<f64> = (0..=BINS).map(|i| if i == BINS { high } else { low + width * i as f64 }).collect();
    Some(json!({"edges": edges, "counts": counts}))
}

fn in_buckets(sketch: &Quantiles) -> Numbers {
    let mut sorted: Vec<_> = sketch.iter().collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = sorted.iter().map(|it| it.1).sum();
    Numbers { sorted, n, error: Quantiles::ERROR, integers: false }
}

/// A value as the name of a category: equal numbers are one, however they were written.
fn text(value: &Value) -> String {
    match value {
        Value::Num(it) if it.fract() == 0.0 && it.abs() < 9e15 => (*it as i64).to_string(),
        Value::Num(it) => number_json(*it).to_string(),
        it => it.to_json().to_string(),
    }
}
