//! A baseline as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::{Baseline, Distribution, RowSample, VERSION};
use crate::drift::Numbers;
use crate::quality::known::Kept;

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    n: u64,
    null: u64,
    #[serde(default)]
    nan: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    integers: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    numbers: Option<Vec<(Json, u64)>>,
    /// The relative error of each number, when they come from a sketch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<(Json, u64)>>,
}

impl Baseline {
    /// Reads what [`Baseline::to_json`] gives. The error is all that is wrong, a line each.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let json: Json = serde_json::from_slice(text).map_err(|it| format!("the baseline is no JSON: {it}"))?;
        match json.get("driftline_baseline").and_then(Json::as_u64) {
            Some(VERSION) => {}
            Some(it) => {
                return Err(format!("the baseline is of format {it}, and this program reads format {VERSION}"));
            }
            None => {
                return Err("this is no baseline: it has no `driftline_baseline`; `driftline profile` makes one".into());
            }
        }
        let records = json.get("records").and_then(Json::as_u64);
        let mut wrong = Vec::new();
        if records.is_none() {
            wrong.push("`records` must be a whole number".to_owned());
        }
        let mut fields = BTreeMap::new();
        match json.get("fields").and_then(Json::as_object) {
            None => wrong.push("`fields` must be an object".to_owned()),
            Some(members) => {
                for (path, member) in members {
                    match Distribution::read(member) {
                        Ok(it) => drop(fields.insert(path.clone(), it)),
                        Err(why) => wrong.push(format!("`fields.{path}`: {why}")),
                    }
                }
            }
        }
        let mut samples = Vec::new();
        match json.get("samples") {
            None => {}
            Some(Json::Array(all)) => {
                for (at, it) in all.iter().enumerate() {
                    match RowSample::read(it) {
                        Ok(it) => samples.push(it),
                        Err(why) => wrong.push(format!("`samples[{at}]`: {why}")),
                    }
                }
            }
            Some(_) => wrong.push("`samples` must be an array".to_owned()),
        }
        let mut quality = Vec::new();
        match json.get("quality") {
            None => {}
            Some(Json::Array(all)) => {
                for (at, it) in all.iter().enumerate() {
                    match Kept::read(it) {
                        Ok(it) => quality.push(it),
                        Err(why) => wrong.push(format!("`quality[{at}]`: {why}")),
                    }
                }
            }
            Some(_) => wrong.push("`quality` must be an array".to_owned()),
        }
        if wrong.is_empty() {
            Ok(Baseline { records: records.unwrap_or(0), fields, samples, quality })
        } else {
            Err(wrong.join("\n"))
        }
    }

    /// As JSON: each field with its values, from which [`Baseline::read`] makes the same, and a `summary`.
    pub fn to_json(&self) -> Json {
        let fields: Map<_, _> = self.fields.iter().map(|(path, it)| (path.clone(), it.to_json(true))).collect();
        let mut json = json!({"driftline_baseline": VERSION, "records": self.records, "fields": fields});
        self.add_samples(&mut json, RowSample::to_json);
        json
    }

    /// The same without the values themselves.
    pub fn summary(&self) -> Json {
        let fields: Map<_, _> = self.fields.iter().map(|(path, it)| (path.clone(), it.to_json(false))).collect();
        let mut json = json!({"records": self.records, "fields": fields});
        self.add_samples(&mut json, RowSample::summary);
        json
    }

    /// A baseline without samples or figures does not speak of them.
    fn add_samples(&self, json: &mut Json, of: impl Fn(&RowSample) -> Json) {
        if let (false, Some(members)) = (self.quality.is_empty(), json.as_object_mut()) {
            members.insert("quality".to_owned(), self.quality.iter().map(Kept::to_json).collect());
        }
        if let (false, Some(members)) = (self.samples.is_empty(), json.as_object_mut()) {
            members.insert("samples".to_owned(), self.samples.iter().map(of).collect());
        }
    }
}

impl Distribution {
    /// As JSON without the values themselves: counts, and a `summary` for readers.
    pub fn told(&self) -> Json {
        self.to_json(false)
    }

    fn to_json(&self, with_values: bool) -> Json {
        let list = |it: &[(String, u64)]| {
            let value = |it: &str| serde_json::from_str(it).unwrap_or(Json::Null);
            it.iter().map(|(name, count)| (value(name), *count)).collect::<Vec<_>>()
        };
        let categories = self.categories.as_deref();
        let written = Written {
            n: self.n,
            null: self.null,
            nan: self.nan,
            integers: self.numbers.as_ref().map(|it| it.integers),
            numbers: self
                .numbers
                .as_ref()
                .filter(|_| with_values)
                .map(|it| it.sorted.iter().map(|(value, count)| (number_json(*value), *count)).collect()),
            error: self.numbers.as_ref().map(|it| it.error).filter(|it| *it > 0.0),
            categories: categories.filter(|_| with_values).map(list),
        };
        let mut json = serde_json::to_value(written).unwrap_or_default();
        if let Some(members) = json.as_object_mut() {
            members.insert("summary".to_owned(), self.summary());
        }
        json
    }

    fn read(json: &Json) -> Result<Self, String> {
        let it: Written = serde_json::from_value(json.clone()).map_err(|it| it.to_string())?;
        let numbers = match it.numbers {
            None => None,
            Some(pairs) => {
                let mut sorted = Vec::with_capacity(pairs.len());
                for (value, count) in pairs {
                    sorted.push((number_of(&value).ok_or_else(|| format!("{value} is no number"))?, count));
                }
                sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
                let n = sum(sorted.iter().map(|it| it.1))?;
                let error = it.error.unwrap_or(0.0);
                if !(0.0..1.0).contains(&error) {
                    return Err(format!("`error` must be from 0 to 1, not {error}"));
                }
                Some(Numbers { sorted, n, error, integers: it.integers.unwrap_or(false) })
            }
        };
        let categories = it.categories.filter(|_| numbers.is_none()).map(|all| {
            let mut all: Vec<_> = all.into_iter().map(|(value, count)| (value.to_string(), count)).collect();
            all.sort_unstable();
            all
        });
        if let Some(all) = &categories {
            sum(all.iter().map(|it| it.1))?;
        }
        sum([it.n, it.null, it.nan].into_iter())?;
        Ok(Distribution { n: it.n, null: it.null, nan: it.nan, numbers, categories })
    }
}

/// A number as JSON, which has no infinities: they are the texts `Infinity` and `-Infinity`.
pub fn number_json(it: f64) -> Json {
    match it {
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        it => json!(it),
    }
}

/// What [`number_json`] wrote.
pub fn number_of(json: &Json) -> Option<f64> {
    match json.as_str() {
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => json.as_f64(),
    }
}

pub(super) fn sum(mut counts: impl Iterator<Item = u64>) -> Result<u64, String> {
    // As many as no store will ever hold; sums of a few of them are still counts.
    const MOST: u64 = 1 << 53;
    let total = counts.try_fold(0_u64, |sum, it| sum.checked_add(it).filter(|it| *it <= MOST));
    total.ok_or_else(|| "the counts are larger than any store".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Options, compile};
    use crate::run::{self, Fold};
    use crate::samples::Keep;

    fn baseline(records: &[&str]) -> Baseline {
        let (suite, problems) = crate::suite::read("expectations: [{field: x, stable: {}}, {field: y.z, stable: {}}]");
        assert!(problems.is_empty(), "{problems:?}");
        let (plan, problems) = compile(&suite, &Options::default());
        assert!(problems.is_empty(), "{problems:?}");
        let mut fold = Fold::new(&plan, Keep { values: 0, all_rows: false });
        let mut reader = crate::record::Reader::new(&plan.shape, crate::record::Limits::default());
        let mut cells = Vec::new();
        for (i, record) in records.iter().enumerate() {
            reader.fill(record, &mut cells).unwrap();
            run::check(&plan, &mut cells, i as u64, 0, &mut fold);
        }
        Baseline::of_window(&plan.bindings, &fold.window)
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written() {
        let it = baseline(&[
            r#"{"x": 1, "y": {"z": "a"}}"#,
            r#"{"x": 2.5, "y": {"z": true}}"#,
            r#"{"x": 1, "y": {"z": "a"}}"#,
            r#"{"x": null, "y": {"z": 3}}"#,
        ]);
        let json = it.to_json();
        assert_eq!(Baseline::read(json.to_string().as_bytes()), Ok(it.clone()));
        let x = it.field("x").unwrap();
        assert_eq!((x.n, x.null), (3, 1));
        assert_eq!(x.numbers.as_ref().unwrap().sorted, [(1.0, 2), (2.5, 1)]);
        let z = it.field("y.z").unwrap();
        assert_eq!(z.numbers, None);
        assert_eq!(
            z.categories.as_deref().unwrap(),
            [("\"a\"".to_owned(), 2), ("3".to_owned(), 1), ("true".to_owned(), 1)]
        );
        assert_eq!(json["fields"]["x"]["summary"]["mean"], 1.5);
        assert_eq!(it.summary()["fields"]["x"].get("numbers"), None);
        assert_eq!(x.told(), it.summary()["fields"]["x"]);
    }

    #[test]
    fn what_is_no_baseline_is_refused_with_all_reasons() {
        for (text, why) in [
            ("{", "no JSON"),
            ("{}", "no `driftline_baseline`"),
            (r#"{"driftline_baseline": 9}"#, "of format 9"),
            (r#"{"driftline_baseline": 1}"#, "`records` must be a whole number\n`fields` must be"),
            (
                r#"{"driftline_baseline": 1, "records": 1, "fields": {"a": {"n": 1, "null": 0, "numbers": [["x", 1]]}}}"#,
                "`fields.a`: \"x\" is no number",
            ),
            (
                r#"{"driftline_baseline": 1, "records": 1, "fields": {"a": {"n": 18446744073709551615, "null": 1}}}"#,
                "larger than any store",
            ),
        ] {
            let said = Baseline::read(text.as_bytes()).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
