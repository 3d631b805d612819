//! Few of the values are outliers.

use super::aggregate::{Aggregate, all_numbers};
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Counts, Judgement, Status, Unexpected};
use crate::sketch::{Interpolation, NumberKind, Sketch, Spec, Values};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "outlier_share",
    gx: "expect_column_outlier_share_to_be_at_most",
    in_gx: false,
    since: "0.1.0",
    summary: "few of the values to be outliers",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("method", ParamType::Choice(&["z_score", "iqr", "mad"]), "How far a value is off.")
            .default("z_score"),
        Param::new("threshold", ParamType::Positive, "From where on a value is an outlier.")
            .default("3 for `z_score`, 1.5 for `iqr`, 3.5 for `mad`"),
        Param::new("max", ParamType::Ratio, "The largest share of outliers.").gx("max_share").default("0"),
    ],
    main: None,
    page: include_str!("outlier_share.md"),
    compile,
};

struct Outliers {
    id: SketchId,
    method: Method,
    threshold: f64,
    max: f64,
    bound: String,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    let id = binder.sketch(Spec::Values { rows: true, budget });
    let name = args.text("method").unwrap_or("z_score");
    let (method, usual) = match name {
        "iqr" => (Method::Iqr, 1.5),
        "mad" => (Method::Mad, 3.5),
        _ => (Method::ZScore(binder.sketch(Spec::Moments)), 3.0),
    };
    let threshold = args.number("threshold").unwrap_or(usual);
    let max = args.number("max").unwrap_or(0.0);
    let bound = format!("at most {max} of the values beyond {threshold} by {name}");
    Ok(Check::Window(Box::new(Outliers { id, method, threshold, max, bound })))
}

impl WindowCheck for Outliers {
    fn judge(&self, view: &View) -> Judgement {
        let Sketch::Values(values) = view.sketch(self.id) else { return Judgement::skip("there is no value to judge") };
        let judgement = match refusal(values, view.form) {
            Some(why) if view.form == Form::Gx => Judgement::error(why),
            Some(why) => Judgement::new(Status::Fail).why(why),
            None if values.numbers.n == 0 => Judgement::skip("there is no value to judge"),
            None => self.judge_numbers(values, view),
        };
        judgement.bound(self.bound.clone())
    }
}

/// Why the values cannot be judged.
fn refusal(values: &Values, form: Form) -> Option<String> {
    let numbers = &values.numbers;
    if let Err(why) = all_numbers(numbers) {
        return Some(why);
    }
    if form == Form::Short && numbers.nan > 0 {
        return Some(format!("{} of the values are not a number (NaN)", numbers.nan));
    }
    (numbers.finite() < numbers.n).then(|| "infinite values lie beyond every measure".to_owned())
}

impl Outliers {
    fn judge_numbers(&self, values: &Values, view: &View) -> Judgement {
        let numbers = &values.numbers;
        let Fences { lo, hi, slack } = self.fences(values, view);
        let error = values.error_bound().unwrap_or(0.0);
        // A sketch gives a value near the true one, and fences near the true ones.
        let beyond = |it: f64| it + it.abs() * error < lo - slack || it - it.abs() * error > hi + slack;
        let n_outliers = values.count_where(&beyond);
        let share = n_outliers as f64 / numbers.n as f64;
        let holds = share <= self.max;
        let mut judgement = Judgement::new(Status::of(holds)).observed(Value::Num(share)).within(values.error_bound());
        if !holds {
            judgement.why = Some(format!("{n_outliers} of {} values lie outside {lo} to {hi}", numbers.n));
        }
        let shown = |it: f64| match numbers.kind() {
            NumberKind::Integers if it.abs() < 9e15 => Value::Int(it as i64),
            _ => Aggregate::of_numbers(view, Some(it), numbers).value.unwrap_or(Value::Null),
        };
        let named = values.rows_where(&beyond).unwrap_or_default().into_iter();
        judgement.unexpected = named.map(|(row, it)| Unexpected { row, value: shown(it) }).collect();
        let missing = numbers.null + numbers.nan;
        judgement.counts =
            Some(Counts { elements: numbers.n + missing, missing: Some(missing), unexpected: n_outliers });
        judgement
    }

    fn fences(&self, values: &Values, view: &View) -> Fences {
        self.spread(values, view).unwrap_or(Fences { lo: f64::NEG_INFINITY, hi: f64::INFINITY, slack: 0.0 })
    }

    /// `None` when the values do not spread.
    fn spread(&self, values: &Values, view: &View) -> Option<Fences> {
        let error = values.error_bound().unwrap_or(0.0);
        let (lo, hi, reach, slack) = match self.method {
            Method::ZScore(id) => {
                let Sketch::Moments(moments) = view.sketch(id) else { return None };
                let mean = moments.mean()?;
                (mean, mean, moments.standard_deviation(1)? * self.threshold, 0.0)
            }
            Method::Iqr => {
                let found = values.quantiles(&[0.25, 0.75], Interpolation::Linear);
                let [Some(q1), Some(q3)] = *found.as_slice() else { return None };
                let slack = error * (1.0 + 2.0 * self.threshold) * q1.abs().max(q3.abs());
                if q3 <= q1 {
                    return None;
                }
                (q1, q3, (q3 - q1) * self.threshold, slack)
            }
            Method::Mad => {
                let (median, distance) = median_distance(values)?;
                let scale = self.threshold / NORMAL;
                (median, median, distance * scale, error * (median.abs() + scale * (2.0 * median.abs() + distance)))
            }
        };
        (reach > 0.0 || lo < hi).then_some(Fences { lo: lo - reach, hi: hi + reach, slack })
    }
}

#[derive(Clone, Copy)]
enum Method {
    ZScore(SketchId),
    Iqr,
    /// B. Iglewicz and D. Hoaglin, "How to detect and handle outliers" (1993).
    Mad,
}

/// Beyond these a value is an outlier.
struct Fences {
    lo: f64,
    hi: f64,
    /// How far off they may be for the sketch's error.
    slack: f64,
}

/// The median distance from the median of a normal distribution, in standard deviations.
const NORMAL: f64 = 0.6745;

/// The median, and the median distance from it.
fn median_distance(values: &Values) -> Option<(f64, f64)> {
    let median = values.quantile(0.5, Interpolation::Midpoint)?;
    let counted: Vec<(f64, u64)> = match values.exact() {
        Some(all) => all.into_iter().map(|it| (it, 1)).collect(),
        None => values.sketch()?.iter().collect(),
    };
    let mut distances: Vec<(f64, u64)> = counted.into_iter().map(|(it, n)| ((it - median).abs(), n)).collect();
    distances.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let at = |rank: u64| {
        let mut before = 0;
        distances.iter().find_map(|(it, n)| {
            before += n;
            (rank < before).then_some(*it)
        })
    };
    let last = values.numbers.n.checked_sub(1)?;
    Some((median, at(last / 2)? / 2.0 + at(last.div_ceil(2))? / 2.0))
}
