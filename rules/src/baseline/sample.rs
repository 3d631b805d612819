//! The sampled rows of some fields, as a baseline keeps them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::drift::chance::Chance;
use crate::drift::{Records, Sides, Takes};
use crate::sketch::{BottomK, SampledRow};
use crate::value::Value;

/// A sample of the rows of some fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowSample {
    /// The paths of the fields, as suites write them.
    pub fields: Vec<String>,
    /// Rows of which some cell was there.
    pub n: u64,
    /// Rows of which none was.
    pub null: u64,
    /// The lowest hash that was left out; `None`: all rows are here.
    below: Option<u64>,
    rows: Vec<SampledRow>,
}

/// Rows of two samples that can be compared.
#[derive(Clone, Debug, Default)]
pub struct Comparable {
    /// Those of the reference.
    pub reference: Vec<Vec<Value<'static>>>,
    /// Current ones.
    pub current: Vec<Vec<Value<'static>>>,
    /// Whether these are all rows of both sides.
    pub is_all: bool,
}

/// Rows of a side that are compared at most; tests take no more than some thousand.
const MOST: u64 = 10_000;
/// The share of repeated rows up to which each different row counts once.
const FEW_REPEATED: f64 = 0.05;

impl RowSample {
    /// Of the summary that a window keeps of these fields.
    pub fn of(fields: Vec<String>, sketch: &BottomK) -> Self {
        RowSample { fields, n: sketch.n, null: sketch.null, below: sketch.below(), rows: sketch.iter().collect() }
    }

    /// How many different rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows that can be compared with those of `current`.
    ///
    /// Where both samples hold all rows, that is all of them. Where one does not, a row that occurs often is in it with
    /// all of its occurrences or with none, by its hash. So of rows that hardly repeat each different one counts once,
    /// which changes their distribution by no more than the share of those that do; and of others those count that are
    /// below the thresholds of both samples, of which either side has every one.
    pub fn against(&self, current: &RowSample) -> Comparable {
        let is_all = self.below.is_none() && current.below.is_none();
        let mut chance = Chance::new(0);
        let mut drawn = |of: &RowSample, below: Option<u64>, once: bool| {
            let rows = of.rows.iter().filter(|it| below.is_none_or(|below| it.hash < below));
            let rows: Vec<(&SampledRow, u64)> = rows.map(|it| (it, if once { 1 } else { it.count })).collect();
            expanded(&rows, &mut chance)
        };
        if is_all {
            let (reference, current) = (drawn(self, None, false), drawn(current, None, false));
            return Comparable { reference, current, is_all };
        }
        if self.repeated().max(current.repeated()) <= FEW_REPEATED {
            let (reference, current) = (drawn(self, None, true), drawn(current, None, true));
            return Comparable { reference, current, is_all };
        }
        let below = [self.below, current.below].into_iter().flatten().min();
        let (reference, current) = (drawn(self, below, false), drawn(current, below, false));
        Comparable { reference, current, is_all }
    }

    /// The share of the sampled rows that are not the first of their like.
    fn repeated(&self) -> f64 {
        let all: u64 = self.rows.iter().map(|it| it.count).fold(0, u64::saturating_add);
        1.0 - self.rows.len() as f64 / all.max(1) as f64
    }

    /// What a test compares; the error says why it cannot.
    pub fn sides(&self, current: &RowSample, takes: Takes) -> Result<(Sides, bool), String> {
        let Comparable { reference, current: now, is_all } = self.against(current);
        let all = || reference.iter().chain(&now);
        let sides = match takes {
            Takes::Texts => {
                let text = |row: &Vec<Value>| match row.as_slice() {
                    [Value::Str(it)] => Some(it.to_string()),
                    _ => None,
                };
                let of = |rows: &[Vec<Value>]| rows.iter().map(text).collect::<Option<Vec<_>>>();
                let both = of(&reference).zip(of(&now));
                let (a, b) = both.ok_or("the test compares texts, and the field holds other values too")?;
                Sides::Texts(a, b)
            }
            Takes::Rows if all().any(|it| !matches!(it.as_slice(), [Value::List(_)])) => {
                let records = |rows| Records { fields: self.fields.clone(), rows };
                Sides::Records(records(reference), records(now))
            }
            _ => {
                let vector = |row: &Vec<Value>| match row.as_slice() {
                    [Value::List(it)] => it.iter().map(number).collect::<Option<Vec<f64>>>(),
                    _ => None,
                };
                let of = |rows: &[Vec<Value>]| rows.iter().map(vector).collect::<Option<Vec<_>>>();
                let both = of(&reference).zip(of(&now));
                let (a, b) =
                    both.ok_or("the test compares vectors of numbers, and the field holds other values too")?;
                Sides::Vectors(a, b)
            }
        };
        Ok((sides, is_all))
    }

    /// As JSON, from which [`RowSample::read`] makes the same, but for values that JSON has not: times become texts.
    pub(super) fn to_json(&self) -> Json {
        let row = |it: &SampledRow| Row {
            hash: format!("{:016x}", it.hash),
            count: it.count,
            cells: it.cells.iter().map(json_of).collect(),
        };
        let written = Written {
            fields: self.fields.clone(),
            n: self.n,
            null: self.null,
            below: self.below.map(|it| format!("{it:016x}")),
            rows: self.rows.iter().map(row).collect(),
        };
        serde_json::to_value(written).unwrap_or_default()
    }

    /// What there is, without the rows.
    pub(super) fn summary(&self) -> Json {
        let distinct = self.rows.len();
        json!({
            "fields": self.fields, "n": self.n, "null": self.null, "rows": distinct, "all": self.below.is_none(),
        })
    }

    pub(super) fn read(json: &Json) -> Result<Self, String> {
        let it: Written = serde_json::from_value(json.clone()).map_err(|it| it.to_string())?;
        let hash = |it: &str| u64::from_str_radix(it, 16).map_err(|_| format!("`{it}` is no hash"));
        let below = it.below.as_deref().map(hash).transpose()?;
        let mut rows = Vec::with_capacity(it.rows.len());
        super::written::sum(it.rows.iter().map(|it| it.count).chain([it.n, it.null]))?;
        for Row { hash: text, count, cells } in it.rows {
            if cells.len() != it.fields.len() {
                return Err(format!("a row has {} cells, and there are {} fields", cells.len(), it.fields.len()));
            }
            if count == 0 {
                return Err("a row cannot occur no times".to_owned());
            }
            rows.push(SampledRow {
                hash: hash(&text)?,
                count,
                cells: cells.into_iter().map(Value::from_json).collect(),
            });
        }
        rows.sort_by_key(|it| it.hash);
        Ok(RowSample { fields: it.fields, n: it.n, null: it.null, below, rows })
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    fields: Vec<String>,
    n: u64,
    null: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    below: Option<String>,
    rows: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    hash: String,
    count: u64,
    #[serde(rename = "row")]
    cells: Vec<Json>,
}

/// JSON has numbers for decimals, and none for what is not finite.
fn json_of(value: &Value) -> Json {
    match value {
        Value::Dec(_) => json!(value.as_f64()),
        Value::List(it) => Json::Array(it.iter().map(json_of).collect()),
        it => it.to_json(),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|it| it.is_finite() && !matches!(value, Value::Bool(_) | Value::Str(_)))
}

/// Each row as often as it is to count; where that is too often, some by chance, each occurrence as likely as any.
fn expanded(rows: &[(&SampledRow, u64)], chance: &mut Chance) -> Vec<Vec<Value<'static>>> {
    let all: u64 = rows.iter().map(|it| it.1).fold(0, u64::saturating_add);
    let mut chosen = BTreeSet::new();
    if all > MOST {
        // R. W. Floyd's way: J. Bentley, "Programming pearls: a sample of brilliance", 1987.
        for at in all - MOST..all {
            let drawn = chance.below(usize::try_from(at + 1).unwrap_or(usize::MAX)) as u64;
            if !chosen.insert(drawn) {
                chosen.insert(at);
            }
        }
    }
    let mut before = 0;
    let mut out = Vec::new();
    for (row, count) in rows {
        let end = before + count;
        let times = if all > MOST { chosen.range(before..end).count() } else { *count as usize };
        out.extend(std::iter::repeat_n(&row.cells, times).cloned());
        before = end;
    }
    out
}
