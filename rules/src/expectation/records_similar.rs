//! Records, taken together over some fields, are like those of the baseline.

use super::comparing::{ALPHA, Comparison, PARAMS, SAMPLE_ROWS, THIN, THRESHOLD, sample_rows, sizes};
use super::stable::HOW;
use crate::baseline::RowSample;
use crate::drift::{Takes, domain_classifier};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::Judgement;
use crate::sketch::{Sketch, Spec};

/// The kind.
pub static KIND: Kind = Kind {
    name: "records_similar",
    gx: "expect_table_records_to_be_similar",
    in_gx: false,
    since: "0.1.0",
    summary: "the records, over some fields together, to be like those of the baseline",
    subject: Subject::Fields(2),
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new(
            "test",
            ParamType::Choice(&["domain_classifier", "pca_reconstruction"]),
            "How records are compared.",
        )
        .default("`domain_classifier`"),
        ALPHA,
        THRESHOLD,
        Param::new("min_effect", ParamType::Positive, "The smallest statistic that is an alarm, however sure it is.")
            .default("0"),
        Param::new("min_records", ParamType::Int, "The fewest records of either side that are judged.").default("30"),
        SAMPLE_ROWS,
        PARAMS,
    ],
    main: Some("test"),
    page: include_str!("records_similar.md"),
    compile,
};

struct Similar {
    sample: SketchId,
    paths: Vec<String>,
    comparison: Comparison,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    if binder.guard.is_some() {
        return Err("compares all records with those of the baseline, and takes no `when`".to_owned());
    }
    let comparison = Comparison::new(args, Some(&domain_classifier::TEST))?;
    let slots = binder.slots.clone();
    let path = |it: &crate::row::Slot| binder.bindings.paths.get(usize::from(it.0)).map(ToString::to_string);
    let paths = slots.iter().filter_map(path).collect();
    let sample = binder.sketch_of(slots, Spec::BottomK { k: sample_rows(args)? });
    Ok(Check::Window(Box::new(Similar { sample, paths, comparison })))
}

impl WindowCheck for Similar {
    fn judge(&self, view: &View) -> Judgement {
        let by = self.comparison.test.map_or("", |it| it.name);
        let bound = format!("{} together like those of the baseline, by {by}", self.paths.join(", "));
        self.compare(view).unwrap_or_else(Judgement::skip).bound(bound)
    }
}

impl Similar {
    /// The error says why there is nothing to judge.
    fn compare(&self, view: &View) -> Result<Judgement, String> {
        let Some(baseline) = view.baseline else {
            return Err(view.absent.unwrap_or("there is no baseline to compare with").to_owned());
        };
        let Some(reference) = baseline.sample(&self.paths) else {
            let fields = self.paths.join("`, `");
            return Err(format!("the baseline has no sample of the records over `{fields}`: {HOW}"));
        };
        let Sketch::BottomK(current) = view.sketch(self.sample) else {
            return Err("there is no record to judge".to_owned());
        };
        let current = RowSample::of(self.paths.clone(), current);
        let (sides, is_all) = reference.sides(&current, Takes::Rows)?;
        let (n, m) = sizes(&sides);
        let few = reference.n.min(current.n) < self.comparison.min_records;
        let thin = |it: String| if is_all || few { it } else { format!("{it}; {THIN}") };
        self.comparison.enough(n, m).map_err(thin)?;
        self.comparison.judge(&sides)
    }
}
