//! The values are distributed as those of the baseline.

use super::comparing::{ALPHA, Comparison, PARAMS, SAMPLE_ROWS, THIN, THRESHOLD, sample_rows, sizes};
use crate::baseline::{Baseline, Distribution, RowSample, name};
use crate::binder::Of;
use crate::drift::{Sides, Takes};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::Judgement;
use crate::sketch::{Sketch, Spec};

/// The kind.
pub static KIND: Kind = Kind {
    name: "stable",
    gx: "expect_column_distribution_to_be_stable",
    in_gx: false,
    since: "0.1.0",
    summary: "the values to be distributed as those of the baseline",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("test", ParamType::Text, "The drift test; `driftline kinds` lists them.")
            .default("one that suits type and size"),
        Param::new("of", ParamType::Text, "What is compared: `values`, or the `length` of texts in characters.")
            .default("values"),
        ALPHA,
        THRESHOLD,
        Param::new("min_effect", ParamType::Positive, "The smallest statistic that is an alarm, however sure it is.")
            .default("0.1 for `ks`, else 0"),
        Param::new("min_records", ParamType::Int, "The fewest values of either side that are judged.").default("30"),
        SAMPLE_ROWS,
        PARAMS,
    ],
    main: Some("test"),
    page: include_str!("stable.md"),
    compile,
};

struct Stable {
    summaries: Summaries,
    path: String,
    comparison: Comparison,
}

/// What a window keeps of the field.
enum Summaries {
    Distribution {
        values: SketchId,
        categories: SketchId,
    },
    /// For tests that need the values themselves.
    Sample(SketchId, Takes),
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    if binder.guard.is_some() {
        return Err("compares all records with those of the baseline, and takes no `when`".to_owned());
    }
    let comparison = Comparison::new(args, None)?;
    if binder.is_sequential {
        comparison.may_be_sequential()?;
    }
    let of = match args.text("of").unwrap_or("values") {
        "values" => Of::Value,
        "length" => Of::Length,
        other => return Err(format!("`of` is `values` or `length`, not `{other}`")),
    };
    let sampled = comparison.test.map(|it| it.takes);
    let sampled = sampled.filter(|it| matches!(it, Takes::Vectors | Takes::Texts | Takes::Rows));
    if of == Of::Length && sampled.is_some() {
        return Err("lengths are numbers: name a test on numbers, or none".to_owned());
    }
    if sampled.is_none() && args.get("sample_rows").is_some() {
        return Err("`sample_rows` is for tests on texts and vectors: name the `test`".to_owned());
    }
    let budget = binder.budget;
    let summaries = match sampled {
        Some(takes) => Summaries::Sample(binder.sketch(Spec::BottomK { k: sample_rows(args)? }), takes),
        None => Summaries::Distribution {
            values: binder.sketch_by(of, Spec::Values { rows: false, budget }),
            categories: binder.sketch_by(of, Spec::Categories { budget }),
        },
    };
    let path = binder.bindings.paths.get(usize::from(binder.slot().0)).map(ToString::to_string).unwrap_or_default();
    let path = name(&path, of);
    Ok(Check::Window(Box::new(Stable { summaries, path, comparison })))
}

impl WindowCheck for Stable {
    fn judge(&self, view: &View) -> Judgement {
        let bound = match self.comparison.test {
            Some(it) => format!("distributed as in the baseline, by {}", it.name),
            None => "distributed as in the baseline".to_owned(),
        };
        self.compare(view).unwrap_or_else(Judgement::skip).bound(bound)
    }
}

impl Stable {
    /// The error says why there is nothing to judge.
    fn compare(&self, view: &View) -> Result<Judgement, String> {
        let Some(baseline) = view.baseline else {
            return Err(view.absent.unwrap_or("there is no baseline to compare with").to_owned());
        };
        let sides = match &self.summaries {
            Summaries::Distribution { values, categories } => {
                self.distributions(baseline, view, *values, *categories)?
            }
            Summaries::Sample(id, takes) => self.samples(baseline, view, *id, *takes)?,
        };
        self.comparison.judge(&sides)
    }

    fn distributions(
        &self,
        baseline: &Baseline,
        view: &View,
        values: SketchId,
        categories: SketchId,
    ) -> Result<Sides, String> {
        let Some(reference) = baseline.field(&self.path) else {
            return Err(format!("the baseline does not have the field `{}`", self.path));
        };
        let (Sketch::Values(values), Sketch::Categories(counted)) = (view.sketch(values), view.sketch(categories))
        else {
            return Err("there is no value to judge".to_owned());
        };
        let current = Distribution::of(values, counted);
        self.comparison.enough(reference.n, current.n)?;
        let is_missing = self.comparison.test.is_some_and(|it| it.takes == Takes::Missing);
        if is_missing { Ok(reference.missing_against(&current)) } else { reference.against(&current) }
    }

    fn samples(&self, baseline: &Baseline, view: &View, id: SketchId, takes: Takes) -> Result<Sides, String> {
        let fields = [self.path.clone()];
        let Some(reference) = baseline.sample(&fields) else {
            return Err(format!("the baseline has no sample of the field `{}`: {HOW}", self.path));
        };
        let Sketch::BottomK(current) = view.sketch(id) else { return Err("there is no value to judge".to_owned()) };
        let current = RowSample::of(fields.to_vec(), current);
        let (sides, is_all) = reference.sides(&current, takes)?;
        let (n, m) = sizes(&sides);
        let thin = |it: String| {
            if is_all || reference.n.min(current.n) < self.comparison.min_records {
                it
            } else {
                format!("{it}; {THIN}")
            }
        };
        self.comparison.enough(n, m).map_err(thin)?;
        Ok(sides)
    }
}

/// How a baseline comes to have a sample.
pub(super) const HOW: &str = "`driftline profile --suite` makes one with it";
