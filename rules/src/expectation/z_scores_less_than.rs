//! No value lies many standard deviations from the mean.

use super::departure;
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::Judgement;
use crate::sketch::{NumberKind, Sketch, Spec};
use crate::time::Zone;

/// The kind.
pub static KIND: Kind = Kind {
    name: "z_scores_less_than",
    gx: "expect_column_value_z_scores_to_be_less_than",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to lie fewer standard deviations from the mean than a threshold",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: true,
    params: &[
        Param::new("threshold", ParamType::Number, "The number of standard deviations that no value reaches.")
            .required(),
        Param::new("double_sided", ParamType::Bool, "Whether values below the mean are judged too; must be given.")
            .required(),
    ],
    main: None,
    page: include_str!("z_scores_less_than.md"),
    compile,
};

struct ZScores {
    threshold: f64,
    double_sided: bool,
    values: SketchId,
    moments: SketchId,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    let values = binder.sketch(Spec::Values { rows: true, budget });
    let moments = binder.sketch(Spec::Moments);
    let threshold = args.number("threshold").unwrap_or(f64::NAN);
    let double_sided = args.flag("double_sided");
    Ok(Check::Window(Box::new(ZScores { threshold, double_sided, values, moments })))
}

impl WindowCheck for ZScores {
    fn judge(&self, view: &View) -> Judgement {
        let (Sketch::Values(values), Sketch::Moments(moments)) = (view.sketch(self.values), view.sketch(self.moments))
        else {
            return Judgement::error("no summary was kept");
        };
        // pandas has no mean of dates, and no deviation of a single time.
        let n = values.numbers.n;
        let is_measured = match values.numbers.kind() {
            NumberKind::Times(zone) => n == 0 || zone != Zone::Date && n > 1,
            _ => true,
        };
        if view.form == Form::Gx && !is_measured {
            return Judgement::error("the values are dates, or a single time, not numbers").bound(self.bound());
        }
        let mean = moments.mean().unwrap_or(f64::NAN);
        // pandas: the sample's deviation, undefined for one value.
        let deviation = moments.standard_deviation(1).unwrap_or(f64::NAN);
        let short = view.form == Form::Short;
        departure::judge(view, self.bound(), values, |it, error| {
            let slack = error * it.abs();
            // An infinity leaves no deviation to measure with; GX lets everything pass then.
            if short && it.is_infinite() {
                return self.double_sided || it > 0.0;
            }
            if deviation == 0.0 || deviation.is_nan() {
                return false;
            }
            if self.double_sided {
                ((it - mean).abs() - slack) / deviation >= self.threshold.abs()
            } else {
                (it - mean - slack) / deviation >= self.threshold
            }
        })
    }
}

impl ZScores {
    fn bound(&self) -> String {
        if self.double_sided {
            format!("z-scores between -{0} and {0}, both excluded", self.threshold.abs())
        } else {
            format!("z-scores below {}", self.threshold)
        }
    }
}
