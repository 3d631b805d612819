//! No value lies far outside the others.

use super::departure;
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::Judgement;
use crate::sketch::{Interpolation, Moments, NumberKind, Sketch, Spec, Values};

/// The kind.
pub static KIND: Kind = Kind {
    name: "not_outliers",
    gx: "expect_column_values_to_not_be_outliers",
    in_gx: true,
    since: "0.1.0",
    summary: "no value to lie far outside the others",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: true,
    params: &[
        Param::new(
            "method",
            ParamType::Choice(&["iqr", "std"]),
            "How far is measured: from the quartiles or the mean.",
        )
        .default("`iqr`"),
        Param::new("multiplier", ParamType::Positive, "How many interquartile ranges or standard deviations are far.")
            .default("1.5"),
    ],
    main: Some("method"),
    page: include_str!("not_outliers.md"),
    compile,
};

struct NotOutliers {
    multiplier: f64,
    values: SketchId,
    /// For the method `std`.
    moments: Option<SketchId>,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    let values = binder.sketch(Spec::Values { rows: true, budget });
    let moments = (args.text("method") == Some("std")).then(|| binder.sketch(Spec::Moments));
    let multiplier = args.number("multiplier").unwrap_or(1.5);
    Ok(Check::Window(Box::new(NotOutliers { multiplier, values, moments })))
}

impl WindowCheck for NotOutliers {
    fn judge(&self, view: &View) -> Judgement {
        let Sketch::Values(values) = view.sketch(self.values) else {
            return Judgement::error("no summary was kept");
        };
        if view.form == Form::Gx && matches!(values.numbers.kind(), NumberKind::Times(_)) && values.numbers.n > 0 {
            return Judgement::error("the values are times, not numbers").bound(self.bound());
        }
        match self.moments.map(|it| view.sketch(it)) {
            Some(Sketch::Moments(moments)) => self.by_deviation(view, values, moments),
            _ => self.by_quartiles(view, values),
        }
    }
}

impl NotOutliers {
    /// Tukey's fences, which belong to the inside.
    fn by_quartiles(&self, view: &View, values: &Values) -> Judgement {
        let quartiles = values.quantiles(&[0.25, 0.75], Interpolation::Linear);
        let finite = |it: Option<&Option<f64>>| it.copied().flatten().filter(|it| it.is_finite());
        let (Some(low), Some(high)) = (finite(quartiles.first()), finite(quartiles.get(1))) else {
            return departure::judge(view, self.bound(), values, no_spread(view));
        };
        let reach = self.multiplier * (high - low);
        // A fence is off by the error of its quartile, and by that of the range between them.
        let fence = low.abs().max(high.abs()) * (1.0 + 2.0 * self.multiplier);
        departure::judge(view, self.bound(), values, |it, error| {
            let give = if error > 0.0 { error * (it.abs() + fence) } else { 0.0 };
            it < low - reach - give || it > high + reach + give
        })
    }

    /// The threshold itself is outside.
    fn by_deviation(&self, view: &View, values: &Values, moments: &Moments) -> Judgement {
        let finite = |it: Option<f64>| it.filter(|it| it.is_finite());
        let (Some(mean), Some(deviation)) = (finite(moments.mean()), finite(moments.standard_deviation(1))) else {
            return departure::judge(view, self.bound(), values, no_spread(view));
        };
        let reach = self.multiplier * deviation;
        departure::judge(view, self.bound(), values, |it, error| {
            let distance = (it - mean).abs() - error * it.abs();
            if reach <= 0.0 { distance > 0.0 } else { distance >= reach }
        })
    }

    fn bound(&self) -> String {
        match self.moments {
            Some(_) => format!("fewer than {} standard deviations from the mean", self.multiplier),
            None => format!("at most {} interquartile ranges outside the quartiles", self.multiplier),
        }
    }
}

/// Where nothing can be measured only infinities are far, and GX lets them pass too.
fn no_spread(view: &View) -> impl Fn(f64, f64) -> bool + use<> {
    let short = view.form == Form::Short;
    move |it, _| short && it.is_infinite()
}
