//! `not_worse_than`: a figure beside that of another model, of another segment, or of training.

use serde_json::Value as Json;

use super::{Nothing, Quality, Told};
use crate::binder::Binder;
use crate::expectation::aggregate::count;
use crate::kind::{Args, Beside, View};
use crate::quality::Metric;
use crate::quality::compare::apart::apart;
use crate::quality::figure::Figure;
use crate::quality::known::Offline;
use crate::report::{Chance, Judgement, Status};
use crate::suite::problem::did_you_mean;
use crate::value::Value;

/// What a figure must not be worse than.
pub(super) struct NotWorse {
    side: Side,
    margin: Margin,
    /// The chance to be wrong that is taken.
    alpha: f64,
    prove: Prove,
    is_loss: bool,
    /// The bound in words.
    pub words: String,
}

/// Where the other figure comes from.
enum Side {
    /// A segment of the same records.
    Segment(String),
    /// What the suite's `drift:` compares with.
    Reference,
    /// The suite says it.
    Known(Figure, Option<f64>),
}

#[derive(Clone, Copy)]
enum Margin {
    Amount(f64),
    /// Of the other figure.
    Share(f64),
}

/// What has to be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prove {
    /// That it is worse, for an alarm.
    Nothing,
    /// That it is not worse, to pass.
    NotWorse,
    /// That it is better, to pass.
    Better,
}

const MEMBERS: [&str; 8] = ["segment", "version", "baseline", "metrics", "margin", "alpha", "prove", "better"];
const SIDES: &str = "`segment: NAME`, `version: VERSION`, `baseline: true`, `metrics: FILE`";

impl NotWorse {
    pub(super) fn new(args: &Args, binder: &Binder, metric: Metric, name: &str) -> Result<Option<Self>, String> {
        let Some(Value::Map(members)) = args.get("not_worse_than") else { return Ok(None) };
        let unknown = members.iter().find(|it| !MEMBERS.contains(&it.0.as_ref()));
        if let Some((member, _)) = unknown {
            let hint = match member.as_ref() {
                "sequential" => {
                    "windows are watched together by the suite's `drift: { sequential: {since: DATE} }`".into()
                }
                it => did_you_mean(it, MEMBERS).unwrap_or_else(|| format!("it holds {}", MEMBERS.join(", "))),
            };
            return Err(format!("`not_worse_than` has no `{member}` ({hint})"));
        }
        let get = |wanted: &str| members.iter().find(|it| it.0 == wanted).map(|it| &it.1).filter(|it| !it.is_null());
        let is_loss = match (get("better").map(Value::as_str), metric.is_loss()) {
            (None, Some(it)) => it,
            (None, None) => {
                return Err(match metric {
                    Metric::OutcomeSum => {
                        "`outcome_sum` grows with the records; compare `outcome_mean` by `not_worse_than`".to_owned()
                    }
                    _ => format!("`{name}` is not better when it is lower or higher; bound it by `min` and `max`"),
                });
            }
            (Some(Some("lower")), Some(_)) if is_outcome(metric) => true,
            (Some(Some("higher")), Some(_)) if is_outcome(metric) => false,
            (Some(Some("lower" | "higher")), _) => {
                return Err("`better` is for `outcome_mean` and `outcome_rate`".into());
            }
            _ => return Err("`better` is `lower` or `higher`".into()),
        };
        let margin = margin(get("margin"))?;
        let alpha = match get("alpha").map(Value::as_f64) {
            None => 0.05,
            Some(Some(it)) if it > 0.0 && it <= 0.5 => it,
            _ => return Err("`alpha` must be a number above 0 and at most 0.5".to_owned()),
        };
        let prove = match get("prove").map(Value::as_str) {
            None => Prove::Nothing,
            Some(Some("not_worse" | "not-worse")) => Prove::NotWorse,
            Some(Some("better")) => Prove::Better,
            _ => return Err("`prove` is `not_worse` or `better`".to_owned()),
        };
        let given: Vec<&str> = MEMBERS.into_iter().take(4).filter(|it| get(it).is_some()).collect();
        let ([which], Some(value)) = (given.as_slice(), given.first().and_then(|it| get(it))) else {
            return Err(format!("`not_worse_than` needs one of {SIDES}"));
        };
        let (side, told) = side(args, binder, (metric, name), which, value)?;
        let within = match margin {
            Margin::Amount(0.0) => String::new(),
            Margin::Amount(it) => format!(" by more than {it}"),
            Margin::Share(it) => format!(" by more than {} %", (it * 1e6).round() / 1e4),
        };
        let words = match prove {
            Prove::Nothing => format!("not worse than that of {told}{within}"),
            Prove::NotWorse => format!("shown not to be worse than that of {told}{within}"),
            Prove::Better => format!("shown to be better than that of {told}"),
        };
        Ok(Some(NotWorse { side, margin, alpha, prove, is_loss, words }))
    }

    /// What has to be at hand when it is judged.
    pub(super) fn beside(&self) -> Beside<'_> {
        match &self.side {
            Side::Segment(name) => Beside::Segment(name),
            Side::Reference => Beside::Reference,
            Side::Known(..) => Beside::Nothing,
        }
    }
}

const fn is_outcome(metric: Metric) -> bool {
    matches!(metric, Metric::OutcomeMean | Metric::OutcomeRate)
}

fn margin(it: Option<&Value>) -> Result<Margin, String> {
    let wrong = || Err("`margin` must be a number of at least 0, or a share such as `5%`".to_owned());
    match it {
        None => Ok(Margin::Amount(0.0)),
        Some(Value::Str(it)) => match it.trim().strip_suffix('%').and_then(|it| it.trim().parse::<f64>().ok()) {
            Some(it) if it.is_finite() && it >= 0.0 => Ok(Margin::Share(it / 100.0)),
            _ => wrong(),
        },
        Some(Value::Bool(_)) => wrong(),
        Some(it) => match it.as_f64() {
            Some(it) if it.is_finite() && it >= 0.0 => Ok(Margin::Amount(it)),
            _ => wrong(),
        },
    }
}

/// The other side, and what it is called.
fn side(
    args: &Args,
    binder: &Binder,
    (metric, name): (Metric, &str),
    which: &str,
    value: &Value<'static>,
) -> Result<(Side, String), String> {
    match (which, value) {
        ("segment", Value::Str(it)) if !it.is_empty() => {
            Ok((Side::Segment(it.to_string()), format!("the segment `{it}`")))
        }
        ("segment", _) => Err("`segment` is the name of a segment, such as `region=eu`".to_owned()),
        ("version", it) => {
            let field = binder.record.role("version");
            let field = field.ok_or("`version` needs `record: { version: FIELD }`, and `segments: [FIELD]`")?;
            let Some(version) = crate::sketch::name_of(it).filter(|it| !it.is_empty()) else {
                return Err("`version` is the version of a model".to_owned());
            };
            let is_plain = |it: char| !it.is_control() && !matches!(it, '\\' | ',' | '=' | '"');
            if !version.chars().all(is_plain) || version.len() > 80 {
                return Err(
                    "`version` has characters that names of segments write otherwise; name it as `segment`".into()
                );
            }
            Ok((Side::Segment(format!("{field}={version}")), format!("the version `{version}`")))
        }
        ("baseline", Value::Bool(true)) => Ok((Side::Reference, "the baseline".to_owned())),
        ("baseline", _) => Err("`baseline` is `true`; which one the suite's `drift:` says".to_owned()),
        (_, it) => {
            let (json, told) = match it {
                Value::Map(_) => (it.to_json(), "the suite's own `metrics`".to_owned()),
                Value::Str(file) => match binder.metrics.iter().find(|it| it.0 == *file) {
                    // It could not be read, as has been said.
                    Some(it) if it.1.is_null() => return Err(String::new()),
                    Some(it) => (it.1.clone(), format!("`{file}`")),
                    None => return Err(format!("the metrics `{file}` are not there")),
                },
                _ => return Err("`metrics` is the name of a file, or `{accuracy: 0.95, n: 10000}`".to_owned()),
            };
            let (figure, n) = known(args, (metric, name), &json).ok_or_else(|| {
                let names = Offline(&json).names().join(", ");
                format!("{told} hold no number of `{name}`; there are {names}")
            })?;
            let (least, most) = metric.range();
            if !(least..=most).contains(&figure.value) {
                return Err(format!(
                    "{told} say that `{name}` is {}, and it lies between {least} and {most}",
                    figure.value
                ));
            }
            Ok((Side::Known(figure, n), told))
        }
    }
}

/// A metric as a file has it, by the names that `driftline quality` has for it.
fn known(args: &Args, (metric, name): (Metric, &str), json: &Json) -> Option<(Figure, Option<f64>)> {
    let other = match metric {
        Metric::TopKAccuracy => format!("top_{}_accuracy", args.int("k")?),
        Metric::LogLossMulticlass => "log_loss".to_owned(),
        _ => name.to_owned(),
    };
    let class = args.get("class").and_then(crate::quality::Label::of);
    let told = [name, &other].into_iter().find_map(|it| Offline(json).find(it, class.as_ref()))?;
    let is_share = matches!(metric, Metric::Accuracy | Metric::TopKAccuracy | Metric::OutcomeRate);
    Some((told.figure(is_share), told.n))
}

impl Quality {
    /// The figure beside the other one.
    pub(super) fn compare(&self, by: &NotWorse, it: &Figure, view: &View, told: &mut Told) -> Judgement {
        let observed = Value::Num(it.value);
        let (other, n) = match self.other(by, view) {
            Ok(it) => it,
            Err(why) => return Judgement::skip(why).observed(observed),
        };
        let Some(difference) = apart(it, &other, told.n, by.is_loss) else {
            let why = format!("how chance moves `{}` is not known, so it is compared with nothing", self.limits.name);
            return Judgement::skip(why).observed(observed);
        };
        let margin = match by.margin {
            Margin::Amount(it) => it,
            Margin::Share(it) => it * other.value.abs(),
        };
        let found = difference.evidence(margin, by.alpha);
        let higher = it.value - other.value;
        let (low, high) = if by.is_loss { (-found.bounds.1, -found.bounds.0) } else { found.bounds };
        let number = |it: f64| if it.is_finite() { Value::Num(it) } else { Value::Null };
        let mut members = vec![
            ("value", number(other.value)),
            ("n", n.map_or(Value::Null, |it| if it.is_finite() { count(it as u64) } else { Value::Null })),
            ("difference", number(higher)),
            ("interval", Value::List(vec![number(low), number(high)])),
            ("margin", number(margin)),
            ("p_worse", number(found.p_worse)),
            ("p_not_worse", number(found.p_not_worse)),
            ("p_better", number(found.p_better)),
        ];
        members.extend(difference.detectable(margin, by.alpha, 0.8).map(|it| ("detectable", number(it))));
        told.add("compared", Value::Map(members.into_iter().map(|(name, it)| (name.into(), it)).collect()));
        let is_worse = found.p_worse < by.alpha;
        let (is_good, p) = match by.prove {
            Prove::Nothing => (!is_worse, found.p_worse),
            Prove::NotWorse => (found.p_not_worse < by.alpha, found.p_not_worse),
            Prove::Better => (found.p_better < by.alpha, found.p_better),
        };
        let sizes = format!("of {} records is {:.4}, and the other is {:.4}", told.n, it.value, other.value);
        let apart =
            format!("difference {higher:+.4}, {} % interval {low:+.4} to {high:+.4}", percent(1.0 - 2.0 * by.alpha));
        let name = self.limits.name;
        let mut judgement = Judgement::new(if is_good { Status::Pass } else { Status::Fail }).observed(observed);
        if !is_good {
            let what = match by.prove {
                _ if is_worse => "it is worse",
                Prove::NotWorse => "it is not shown not to be worse",
                _ => "it is not shown to be better",
            };
            judgement = judgement.why(format!("{name} {sizes}; {what} ({apart}, p {p:.2e})"));
        }
        if by.prove == Prove::Nothing {
            // One alarm among many fields, segments and windows may be chance; what has to be shown of all needs no correction.
            judgement.chance = Some(Chance { p: found.p_worse, alpha: by.alpha });
        }
        judgement
    }

    /// The other figure, with the records that it was measured on. The error says why there is none.
    fn other(&self, by: &NotWorse, view: &View) -> Result<(Figure, Option<f64>), String> {
        let of_window = |window, what: &str| {
            let mut told = Told::default();
            match self.measure(&View { window, ..*view }, &mut told) {
                Ok(it) => Ok((it, Some(told.n as f64))),
                Err(Nothing::ToJudge(why) | Nothing::Readable(why) | Nothing::Sound(why)) => {
                    Err(format!("{what} has nothing to compare with: {why}"))
                }
            }
        };
        match &by.side {
            Side::Known(it, n) => Ok((*it, *n)),
            Side::Segment(name) => match view.context.segment.as_deref() {
                Some(own) if own == name => Err("it is the segment that others are compared with".to_owned()),
                // All records are those of the other segment, too.
                None => Err(format!("segments are compared with `{name}`, and not all records together")),
                Some(own) if fields(own) != fields(name) => Err(format!("it shares records with the segment `{name}`")),
                Some(_) => match view.segments.and_then(|it| it.get(name)) {
                    Some(window) => of_window(window, &format!("the segment `{name}`")),
                    None => {
                        Err(format!("no record of this time lies in the segment `{name}`, or it is among `(other)`"))
                    }
                },
            },
            Side::Reference => {
                let about = self.about();
                let found = view.baseline.and_then(|it| it.quality.iter().find(|it| it.about == about));
                match (found, view.reference) {
                    (Some(it), _) if it.n < self.limits.min_records => Err(format!(
                        "the baseline has {} records, and `min_records` is {}",
                        it.n, self.limits.min_records
                    )),
                    (Some(it), _) => Ok((it.figure, Some(it.n as f64))),
                    (None, Some(window)) => of_window(window, "the window that it is compared with"),
                    (None, None) => Err(match (view.baseline, view.absent) {
                        (Some(_), _) => format!(
                            "the baseline does not have this `{}`: `driftline profile --suite` makes one with it",
                            self.limits.name
                        ),
                        (None, Some(why)) => why.to_owned(),
                        (None, None) => "there is no baseline to compare with".to_owned(),
                    }),
                }
            }
        }
    }
}

/// The fields in the name of a segment, as [`Split::name_into`](crate::plan::Split::name_into) writes it: a backslash
/// stands before what is not between two values.
fn fields(segment: &str) -> Vec<&str> {
    let (parts, is_other) = segment.strip_prefix("(other) by ").map_or((segment, false), |it| (it, true));
    let unescaped = |text: &str, wanted: &str| {
        let mut after_backslash = false;
        text.char_indices().find_map(|(at, it)| {
            let is_here = !after_backslash && text.get(at..).is_some_and(|it| it.starts_with(wanted));
            after_backslash = it == '\\' && !after_backslash;
            is_here.then_some(at)
        })
    };
    let (mut all, mut rest) = (Vec::new(), Some(parts));
    while let Some(text) = rest {
        let (part, after) = match unescaped(text, ", ") {
            Some(at) => (text.get(..at), text.get(at + 2..)),
            None => (Some(text), None),
        };
        let part = part.unwrap_or_default();
        let end = if is_other { None } else { unescaped(part, "=") };
        all.push(end.and_then(|it| part.get(..it)).unwrap_or(part));
        rest = after;
    }
    all
}

/// `95`, `99.9`.
fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn segments_are_known_by_their_fields() {
        assert_eq!(fields("region=eu"), ["region"]);
        assert_eq!(fields("model_version=3, region=eu"), ["model_version", "region"]);
        assert_eq!(fields("(other) by model_version, region"), ["model_version", "region"]);
        assert_eq!(fields("region=a\\, b=c"), ["region"], "a comma within a value");
        assert_eq!(fields("a\\=b=c"), ["a\\=b"], "an equals sign within a field");
    }
}
