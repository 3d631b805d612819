//! The values could come from the distribution that a partition describes.

use super::kolmogorov::{self, Test};
use super::partition::{self, Continuous, PARTITION, Partition, list};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "bootstrapped_ks_test_p_value",
    gx: "expect_column_bootstrapped_ks_test_p_value_to_be_greater_than",
    in_gx: false,
    since: "0.1.0",
    summary: "the values to be distributed as the bins of a partition, as far as a Kolmogorov-Smirnov test tells",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        PARTITION.required(),
        Param::new("p", ParamType::Ratio, "The p that must be exceeded.").default("0.05"),
        Param::new("bootstrap_samples", ParamType::Int, "Means nothing: no samples are drawn."),
        Param::new("bootstrap_sample_size", ParamType::Int, "Means nothing: no samples are drawn."),
    ],
    main: None,
    page: include_str!("bootstrapped_ks_test_p_value.md"),
    compile,
};

struct KsTest {
    expected: Continuous,
    /// The distribution function at the edges.
    steps: Vec<f64>,
    p: f64,
    values: SketchId,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let Some(Partition::Continuous(expected)) = args.get("partition").map(partition::read).transpose()? else {
        return Err("the partition must have `bins`".to_owned());
    };
    if expected.edges.iter().any(|it| it.is_infinite()) || expected.tails.is_some_and(|it| it[0] + it[1] > 0.0) {
        return Err("the ends of the partition must be finite, without tails".to_owned());
    }
    let mut sum = 0.0;
    let mut steps = vec![0.0];
    steps.extend(expected.weights.iter().map(|it| {
        sum += it;
        sum
    }));
    let values = binder.sketch(Spec::Values { rows: false, budget: binder.budget });
    let p = args.number("p").unwrap_or(0.05);
    Ok(Check::Window(Box::new(KsTest { expected, steps, p, values })))
}

impl WindowCheck for KsTest {
    fn judge(&self, view: &View) -> Judgement {
        let bound = format!("the partition's bins with p above {}", self.p);
        let Sketch::Values(values) = view.sketch(self.values) else {
            return Judgement::error("no summary was kept");
        };
        let test = match kolmogorov::test(view, values, |it| self.cdf(it)) {
            Ok(test) => test,
            Err(judgement) => return judgement.bound(bound),
        };
        let status = Status::of(test.most > self.p);
        let why = format!("the distribution of the values is up to {:.4} from the partition's", test.distance);
        let judgement = Judgement { why: (status == Status::Fail).then_some(why), ..Judgement::new(status) };
        let judgement = judgement.observed(Value::Num(test.p)).details(self.details(&test));
        judgement.bound(bound).within(values.error_bound())
    }
}

impl KsTest {
    /// The line through the steps, flat outside the edges: `numpy.interp`.
    fn cdf(&self, it: f64) -> f64 {
        let edges = &self.expected.edges;
        let above = edges.partition_point(|edge| *edge <= it);
        let step = |at: usize| self.steps.get(at).copied().unwrap_or(0.0);
        match (above.checked_sub(1).and_then(|at| edges.get(at)), edges.get(above)) {
            (None, _) => 0.0,
            (_, None) => self.steps.last().copied().unwrap_or(1.0),
            (Some(low), Some(high)) => {
                let (from, to) = (step(above - 1), step(above));
                from + (to - from) * ((it - low) / (high - low))
            }
        }
    }

    /// As GX reports them: the observed partition reaches as far as the values do.
    fn details(&self, test: &Test) -> Value<'static> {
        let edges = &self.expected.edges;
        let (first, last) = (edges.first().copied().unwrap_or(0.0), edges.last().copied().unwrap_or(0.0));
        let n: u64 = test.sorted.iter().map(|it| it.1).sum();
        // Below, the bins, above.
        let mut weights = vec![0.0; edges.len() + 1];
        for (value, count) in &test.sorted {
            let at = edges.partition_point(|edge| edge <= value);
            let at = if *value == last { at.saturating_sub(1) } else { at };
            if let Some(it) = weights.get_mut(at) {
                *it += *count as f64 / n as f64;
            }
        }
        let mut shown = self.expected.shown.clone();
        let smallest = test.sorted.first().map_or(first, |it| it.0);
        let largest = test.sorted.last().map_or(last, |it| it.0);
        if largest > last {
            shown.push(Value::Num(largest));
        } else {
            weights.pop();
        }
        if smallest < first {
            shown.insert(0, Value::Num(smallest));
        } else {
            weights.remove(0);
        }
        let mut sum = 0.0;
        let mut cumulated = vec![0.0];
        cumulated.extend(weights.iter().map(|it| {
            sum += it;
            sum
        }));
        let curve = |x: &[Value<'static>], y: &[f64]| {
            Value::Map(vec![("x".into(), Value::List(x.to_vec())), ("cdf_values".into(), list(y))])
        };
        let observed = partition::written("bins", &shown, &weights, None);
        let expected = partition::written("bins", &self.expected.shown, &self.expected.weights, None);
        let details = partition::details(observed, expected);
        let Value::Map(mut members) = details else { return details };
        members.push(("observed_cdf".into(), curve(&shown, &cumulated)));
        members.push(("expected_cdf".into(), curve(&self.expected.shown, &self.steps)));
        Value::Map(members)
    }
}
