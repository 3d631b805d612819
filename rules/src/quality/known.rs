//! Figures that were measured elsewhere: in a baseline, or in a file of metrics.

use serde_json::{Value as Json, json};

use super::figure::{Figure, Spread};
use super::interval::reach;
use super::label::Label;

/// What a figure is of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// The metric's name.
    pub metric: String,
    /// The fields that it is measured on, in the order of `truth`, `prediction`, `score`, `group`; or the outcome.
    pub fields: Vec<String>,
    /// The class that the suite names.
    pub class: Option<Label>,
    /// The `k` of top-k accuracy, the quantile of the quantile loss, the bins of a calibration error.
    pub amount: Option<f64>,
    /// Which records it is of, as the suite's `when:` says in words; `None`: all.
    pub when: Option<String>,
}

/// A figure that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What it is of.
    pub about: About,
    /// The records that it was measured on.
    pub n: u64,
    /// The figure; its interval is not kept, since it follows from the spread.
    pub figure: Figure,
}

impl Kept {
    /// As JSON: what it is of, `value`, `n`, and the standard `error` with its degrees of freedom `df` where it is no share
    /// of the records. Infinitely many degrees are not written.
    pub fn to_json(&self) -> Json {
        let About { metric, fields, class, amount, when } = &self.about;
        let mut out = json!({"metric": metric, "fields": fields, "value": self.figure.value, "n": self.n});
        let mut put = |name: &str, it: Option<Json>| {
            if let (Some(it), Some(members)) = (it, out.as_object_mut()) {
                members.insert(name.to_owned(), it);
            }
        };
        put("class", class.as_ref().map(Label::to_json));
        put("amount", amount.map(Json::from));
        put("when", when.as_deref().map(Json::from));
        match self.figure.spread {
            Some(Spread::Share(of)) => put("share_of", Some(json!(of))),
            Some(Spread::Error { error, df }) => {
                put("error", Some(json!(error)));
                put("df", df.is_finite().then(|| json!(df)));
            }
            None => {}
        }
        out
    }

    /// Reads what [`Kept::to_json`] gives. The error says what is wrong.
    pub fn read(json: &Json) -> Result<Self, String> {
        let number = |name: &str| match json.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(it) => it.as_f64().map(Some).ok_or_else(|| format!("`{name}` is {it}, not a number")),
        };
        let needed = |name: &str| number(name)?.ok_or_else(|| format!("`{name}` is missing"));
        let not_negative = |name: &str| match number(name)? {
            Some(it) if it < 0.0 => Err(format!("`{name}` must not be negative")),
            it => Ok(it),
        };
        let metric = json["metric"].as_str().ok_or("`metric` must be text")?.to_owned();
        let fields = json["fields"].as_array().ok_or("`fields` must be an array")?;
        let fields: Option<_> = fields.iter().map(|it| Some(it.as_str()?.to_owned())).collect();
        let class = json.get("class").and_then(|it| Label::of(&crate::value::Value::from_json(it.clone())));
        let when = json.get("when").and_then(Json::as_str).map(str::to_owned);
        let df = number("df")?.unwrap_or(f64::INFINITY);
        let spread = match (not_negative("share_of")?.filter(|it| *it > 0.0), not_negative("error")?) {
            (Some(of), _) => Some(Spread::Share(of)),
            (None, Some(error)) => Some(Spread::Error { error, df }),
            (None, None) => None,
        };
        let value = needed("value")?;
        if df <= 0.0 {
            return Err("`df` must be above 0".to_owned());
        }
        if matches!(spread, Some(Spread::Share(_))) && !(0.0..=1.0).contains(&value) {
            return Err(format!("`value` is {value}, and a share lies between 0 and 1"));
        }
        Ok(Kept {
            about: About {
                metric,
                fields: fields.ok_or("`fields` must be names")?,
                class,
                amount: number("amount")?,
                when,
            },
            n: json["n"].as_u64().ok_or("`n` must be a whole number")?,
            figure: Figure { value, interval: None, spread },
        })
    }
}

/// What a file of metrics says: an object of metrics by name, as `driftline quality --format json` writes it, or one that
/// has such an object under `metrics`.
#[derive(Clone, Copy, Debug)]
pub struct Offline<'j>(pub &'j Json);

/// A figure of a file of metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// Its value.
    pub value: f64,
    /// Its standard error, if an interval was told.
    pub error: Option<f64>,
    /// The records that it was measured on, if that was told.
    pub n: Option<f64>,
}

impl Offline<'_> {
    /// The metric of this name, or that of the class.
    pub fn find(&self, name: &str, class: Option<&Label>) -> Option<Told> {
        let Offline(json) = self;
        let inner = &json["metrics"];
        let of_class = class.map(|it| format!("per_class.{it}.{name}"));
        let value = json[name]
            .as_f64()
            .or_else(|| inner[name].as_f64())
            .or_else(|| json["per_class"][class?.to_string()][name].as_f64())?;
        let intervals = &json["intervals"];
        let mut intervals_of = [name, of_class.as_deref().unwrap_or(name)].into_iter().map(|it| &intervals[it]);
        let width = intervals_of.find_map(|it| Some(it[1].as_f64()? - it[0].as_f64()?));
        let error = width.and_then(|width| {
            let confidence = json["confidence"].as_f64().unwrap_or(0.95);
            Some(width / 2.0 / reach(confidence)?).filter(|it| it.is_finite() && *it > 0.0)
        });
        let n = json["n"].as_f64().or_else(|| inner["n"].as_f64()).filter(|it| *it > 0.0);
        Some(Told { value, error, n })
    }

    /// The names of all numbers, for messages.
    pub fn names(&self) -> Vec<&str> {
        let all = [self.0.as_object(), self.0["metrics"].as_object()].into_iter().flatten().flatten();
        all.filter(|it| it.1.is_number()).map(|it| it.0.as_str()).collect()
    }
}

impl Told {
    /// As a figure: of `accuracy` its `n` is used, of others the standard error; a number without either is taken as exact.
    pub fn figure(&self, is_share: bool) -> Figure {
        let spread = match (self.n.filter(|_| is_share), self.error) {
            (Some(n), _) => Some(Spread::Share(n)),
            (None, error) => error.and_then(Spread::error),
        };
        Figure { value: self.value, interval: None, spread }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let about = About { metric: "recall".into(), fields: vec!["y".into(), "p".into()], ..About::default() };
        for (class, amount, when, spread) in [
            (None, None, None, None),
            (Some(Label::Text("a".into())), Some(0.9), Some("x > 1".to_owned()), Some(Spread::Share(30.0))),
            (Some(Label::Flag(true)), None, None, Spread::error(0.01)),
            (Some(Label::Number(3.0)), None, None, Some(Spread::Error { error: 0.5, df: 29.0 })),
        ] {
            let about = About { class, amount, when, ..about.clone() };
            let kept = Kept { about, n: 40, figure: Figure { value: 0.75, interval: None, spread } };
            assert_eq!(Kept::read(&kept.to_json()), Ok(kept));
        }
    }

    #[test]
    fn what_is_no_figure_is_refused() {
        let whole = json!({"metric": "accuracy", "fields": ["y", "p"], "value": 0.9, "n": 10, "share_of": 10});
        assert!(Kept::read(&whole).is_ok());
        for (member, it) in [
            ("metric", json!(3)),
            ("fields", json!("y")),
            ("fields", json!([1])),
            ("value", json!("high")),
            ("value", json!(95)),
            ("value", Json::Null),
            ("n", json!(-1)),
            ("share_of", json!(-5)),
            ("error", json!(-0.1)),
            ("df", json!(0)),
        ] {
            let mut broken = whole.clone();
            broken[member] = it;
            assert!(Kept::read(&broken).is_err(), "{broken}");
        }
        assert!(Kept::read(&json!([])).is_err());
    }

    #[test]
    fn a_file_of_metrics_is_what_the_command_writes() {
        let json = json!({
            "n": 200, "accuracy": 0.9, "confidence": 0.9, "intervals": {"mae": [1.0, 3.0], "per_class.a.recall": [0.7, 0.9]},
            "mae": 2.0, "per_class": {"a": {"recall": 0.8}}, "metrics": {"f1": 0.5},
        });
        let (file, class) = (Offline(&json), Label::Text("a".into()));
        let told = |name: &str| file.find(name, Some(&class));
        assert_eq!(told("accuracy").map(|it| it.figure(true).spread), Some(Some(Spread::Share(200.0))));
        let error = told("mae").and_then(|it| it.error).unwrap();
        assert!((error - 1.0 / 1.644_853_626_951_472_2).abs() < 1e-9, "{error}");
        assert!(told("recall").is_some_and(|it| it.value == 0.8 && it.error.is_some()));
        assert_eq!(told("f1").map(|it| it.figure(false).spread), Some(None));
        assert_eq!(told("r2"), None);
        assert_eq!(file.names(), ["n", "accuracy", "confidence", "mae", "f1"]);
    }
}
