//! The values could come from the distribution of a partition of values.

use statrs::function::gamma::checked_gamma_ur;

use super::numbers::refuse_nan;
use super::partition::{self, Categorical, Compared, PARTITION, Partition, TAIL_HOLDOUT, TooMany};
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::sketch::{Counts, Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "chisquare_test_p_value",
    gx: "expect_column_chisquare_test_p_value_to_be_greater_than",
    in_gx: false,
    since: "0.1.0",
    summary: "the values to be distributed as those of a partition, as far as a chi-squared test tells",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        PARTITION.required(),
        Param::new("p", ParamType::Ratio, "The p that must be exceeded.").default("0.05"),
        TAIL_HOLDOUT,
    ],
    main: None,
    page: include_str!("chisquare_test_p_value.md"),
    compile,
};

struct ChiSquare {
    expected: Categorical,
    p: f64,
    tail: f64,
    counts: SketchId,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let Some(Partition::Categorical(expected)) = args.get("partition").map(partition::read).transpose()? else {
        return Err("the partition must have `values`".to_owned());
    };
    let counts = binder.sketch(Spec::Counts { budget: binder.budget });
    let tail = args.number("tail_weight_holdout").unwrap_or(0.0);
    Ok(Check::Window(Box::new(ChiSquare { expected, p: args.number("p").unwrap_or(0.05), tail, counts })))
}

impl WindowCheck for ChiSquare {
    fn judge(&self, view: &View) -> Judgement {
        let Sketch::Counts(counts) = view.sketch(self.counts) else {
            return Judgement::error("no summary was kept");
        };
        let (Ok(it) | Err(it)) = self.judge_counts(view, counts);
        it.bound(format!("the partition's values with p above {}", self.p))
    }
}

impl ChiSquare {
    fn judge_counts(&self, view: &View, counts: &Counts) -> Result<Judgement, Judgement> {
        refuse_nan(view, counts.nan)?;
        if counts.n == 0 {
            let why = "there is no value to judge";
            return Err(match view.form {
                Form::Short => Judgement::skip(why),
                Form::Gx => Judgement::new(Status::Fail).observed(Value::Null).why(why),
            });
        }
        let compared = match self.expected.compare(counts, self.tail) {
            Ok(it) => it,
            // A value of weight 0 that occurs leaves no doubt, whatever the others are.
            Err(TooMany { has_new: true }) if self.tail == 0.0 => return Ok(self.concluded(0.0, f64::INFINITY)),
            Err(_) => return Err(Judgement::error("there are more distinct values than were kept")),
        };
        let Compared { values, counts: found, weights } = &compared;
        let n = counts.n as f64;
        let sum: f64 = weights.iter().sum();
        let expected: Vec<f64> = weights.iter().map(|it| it / sum).collect();
        let observed: Vec<f64> = found.iter().map(|it| it / n).collect();
        let (p, statistic) = chi_square(found, &expected);
        let details = partition::details(
            partition::written("values", values, &observed, None),
            partition::written("values", values, &expected, None),
        );
        Ok(self.concluded(p, statistic).details(details))
    }

    fn concluded(&self, p: f64, statistic: f64) -> Judgement {
        let status = Status::of(p > self.p);
        let why = format!("the statistic is {statistic}, p is {p}");
        Judgement { why: (status == Status::Fail).then_some(why), ..Judgement::new(status).observed(Value::Num(p)) }
    }
}

/// Pearson's test of counts against shares: p and the statistic. Values that are neither expected nor found
/// are no part of it.
fn chi_square(counts: &[f64], shares: &[f64]) -> (f64, f64) {
    let n: f64 = counts.iter().sum();
    let terms = counts.iter().zip(shares).filter(|(count, share)| **count != 0.0 || **share != 0.0);
    let mut statistic = 0.0;
    let mut n_terms = 0.0;
    for (count, share) in terms {
        n_terms += 1.0;
        statistic += (count - n * share).powi(2) / (n * share);
    }
    if statistic.is_infinite() {
        return (0.0, statistic);
    }
    // One value alone always fits.
    let p = if n_terms < 2.0 || statistic == 0.0 { 1.0 } else { upper_tail((n_terms - 1.0) / 2.0, statistic / 2.0) };
    (p, statistic)
}

fn upper_tail(half_freedom: f64, half_statistic: f64) -> f64 {
    checked_gamma_ur(half_freedom, half_statistic).unwrap_or(f64::NAN)
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, clippy::approx_constant, reason = "as scipy prints them")]
mod tests {
    use super::*;

    #[test]
    fn the_test_is_that_of_scipy() {
        // `scipy.stats.chisquare`, scipy 1.17.1.
        let cases: [(&[f64], &[f64], [f64; 2]); 3] = [
            (&[43.0, 52.0, 105.0], &[0.25, 0.25, 0.5], [1.31, 0.5194420625870482]),
            (&[13.0, 20.0, 30.0, 40.0], &[0.1, 0.2, 0.3, 0.4], [0.7864077669902911, 0.8527152774888132]),
            (&[5.0, 0.0, 100.0, 7.0], &[0.3, 0.1, 0.4, 0.2], [114.14583333333331, 1.4059609915491568e-24]),
        ];
        for (counts, shares, wanted) in cases {
            let (p, statistic) = chi_square(counts, shares);
            assert!(
                (p - wanted[1]).abs() <= 1e-9 * wanted[1] && (statistic - wanted[0]).abs() <= 1e-9 * wanted[0],
                "{p} {wanted:?}"
            );
        }
    }
}
