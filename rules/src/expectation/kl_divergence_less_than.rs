//! The values are distributed as a partition says.

use super::numbers::{refuse, refuse_nan};
use super::partition::{self, Categorical, Compared, Continuous, PARTITION, Partition, TAIL_HOLDOUT, TooMany};
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::sketch::{Bins, Counts, Sketch, Spec};
use crate::value::Value;

mod itself;
mod layout;

use layout::Layout;

/// The kind.
pub static KIND: Kind = Kind {
    name: "kl_divergence_less_than",
    gx: "expect_column_kl_divergence_to_be_less_than",
    in_gx: true,
    since: "0.1.0",
    summary: "the distribution of the values to be near an expected one",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        PARTITION,
        Param::new("threshold", ParamType::Positive, "The largest divergence that passes.")
            .default("none: report only"),
        TAIL_HOLDOUT,
        Param::new("internal_weight_holdout", ParamType::Ratio, "The weight that is kept back for bins of weight 0.")
            .default("0"),
        Param::new("bucketize_data", ParamType::Bool, "Whether numbers are counted in bins.").default("true"),
        Param::new("min", ParamType::Bound, "Means nothing; GX accepts it.").gx("min_value"),
        Param::new("max", ParamType::Bound, "Means nothing; GX accepts it.").gx("max_value"),
    ],
    main: None,
    page: include_str!("kl_divergence_less_than.md"),
    compile,
};

struct KlDivergence {
    threshold: Option<f64>,
    tail: f64,
    internal: f64,
    sketch: SketchId,
    expected: Expected,
}

enum Expected {
    Values(Categorical),
    Bins(Continuous, Layout),
    /// What is observed is expected: the divergence is 0, and the partition is reported.
    ItsBins,
    ItsValues,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    if !args.is_gx() && ["min", "max"].iter().any(|it| args.get(it).is_some()) {
        return Err("`min` and `max` mean nothing here; the bound is `threshold`".to_owned());
    }
    let tail = args.number("tail_weight_holdout").unwrap_or(0.0);
    let internal = args.number("internal_weight_holdout").unwrap_or(0.0);
    let buckets = args.get("bucketize_data") != Some(&Value::Bool(false));
    let budget = binder.budget;
    let partition = args.get("partition").map(partition::read).transpose()?;
    let expected = match partition {
        Some(Partition::Categorical(it)) => Expected::Values(it),
        Some(Partition::Continuous(_)) if !buckets => {
            return Err("a partition with `bins` needs `bucketize_data`, which is false".to_owned());
        }
        Some(Partition::Continuous(it)) => {
            let layout = Layout::new(&it, tail)?;
            Expected::Bins(it, layout)
        }
        None if buckets && tail > 0.0 => {
            return Err("`tail_weight_holdout` must be 0 without a `partition`".to_owned());
        }
        None if buckets => Expected::ItsBins,
        None => Expected::ItsValues,
    };
    let sketch = match &expected {
        Expected::Values(_) | Expected::ItsValues if internal > 0.0 => {
            return Err("`internal_weight_holdout` is about bins; there are none among values".to_owned());
        }
        Expected::Values(_) | Expected::ItsValues => binder.sketch(Spec::Counts { budget }),
        Expected::Bins(it, _) => binder.sketch(Spec::Bins { edges: it.edges.clone() }),
        Expected::ItsBins => binder.sketch(Spec::Values { rows: false, budget }),
    };
    Ok(Check::Window(Box::new(KlDivergence { threshold: args.number("threshold"), tail, internal, sketch, expected })))
}

impl WindowCheck for KlDivergence {
    fn judge(&self, view: &View) -> Judgement {
        let judged = match (&self.expected, view.sketch(self.sketch)) {
            (Expected::Values(it), Sketch::Counts(counts)) => self.by_value(view, it, counts),
            (Expected::Bins(it, layout), Sketch::Bins(bins)) => self.by_bin(view, it, layout, bins),
            (Expected::ItsBins, Sketch::Values(values)) => itself::by_bin(self, view, values),
            (Expected::ItsValues, Sketch::Counts(counts)) => itself::by_value(self, view, counts),
            _ => Err(Judgement::error("no summary was kept")),
        };
        let (Ok(it) | Err(it)) = judged;
        it.bound(
            self.threshold.map_or_else(|| "any divergence".to_owned(), |it| format!("a divergence of at most {it}")),
        )
    }
}

impl KlDivergence {
    fn by_value(&self, view: &View, expected: &Categorical, counts: &Counts) -> Result<Judgement, Judgement> {
        refuse_nan(view, counts.nan)?;
        match expected.compare(counts, self.tail) {
            Ok(it) => Ok(self.compared(view, &it, counts.n)),
            // A single new value without a holdout is infinitely far, whatever the others are.
            Err(TooMany { has_new: true }) if self.tail == 0.0 => Ok(self.concluded(view, counts.n, f64::INFINITY)),
            Err(_) => Err(Judgement::error("there are more distinct values than were kept")),
        }
    }

    fn compared(&self, view: &View, it: &Compared, n: u64) -> Judgement {
        // Of no values every share is 0, as in GX.
        let observed: Vec<f64> = it.counts.iter().map(|it| it / n.max(1) as f64).collect();
        let details = partition::details(
            partition::written("values", &it.values, &observed, None),
            partition::written("values", &it.values, &it.weights, None),
        );
        self.concluded(view, n, entropy(&observed, &it.weights)).details(details)
    }

    fn by_bin(&self, view: &View, it: &Continuous, layout: &Layout, bins: &Bins) -> Result<Judgement, Judgement> {
        refuse(view, &bins.numbers)?;
        let n = bins.numbers.n;
        let share = |it: u64| it as f64 / n as f64;
        let observed: Vec<f64> = bins.counts().into_iter().map(share).collect();
        let outside = [share(bins.below()), share(bins.above())];
        Ok(self.laid_out(view, layout, &it.shown, (&observed, outside), (&it.weights, layout.tails), n))
    }

    /// Weights of bins and of what lies outside them, observed and expected.
    fn laid_out(
        &self,
        view: &View,
        layout: &Layout,
        bins: &[Value<'static>],
        observed: (&[f64], [f64; 2]),
        expected: (&[f64], [f64; 2]),
        n: u64,
    ) -> Judgement {
        let mut weights: Vec<f64> = expected.0.iter().map(|it| it * (1.0 - self.tail - self.internal)).collect();
        let empty = weights.iter().filter(|it| **it == 0.0).count();
        if self.internal > 0.0 {
            weights.iter_mut().filter(|it| **it == 0.0).for_each(|it| *it = self.internal / empty as f64);
        }
        let (observed, expected) = (layout.cut(observed.0, observed.1), layout.cut(&weights, expected.1));
        let inner = layout.inner(bins);
        let details = partition::details(
            partition::written("bins", inner, observed.inner, Some(&observed.tails)),
            partition::written("bins", inner, expected.inner, Some(&expected.tails)),
        );
        self.concluded(view, n, entropy(&observed.all, &expected.all)).details(details)
    }

    fn concluded(&self, view: &View, n: u64, divergence: f64) -> Judgement {
        let shown = if divergence.is_finite() { Value::Num(divergence) } else { Value::Null };
        let status = match (view.form, self.threshold) {
            (Form::Short, _) if n == 0 => Status::Skip,
            (_, Some(threshold)) => Status::of(divergence <= threshold),
            (_, None) => Status::Pass,
        };
        let why = match status {
            Status::Pass => None,
            _ if n == 0 => Some("there is no value to judge".to_owned()),
            _ if divergence.is_finite() => Some(format!("the divergence is {divergence}")),
            _ => Some("there are values where the partition has no weight: the divergence is infinite".to_owned()),
        };
        Judgement { why, ..Judgement::new(status).observed(shown) }
    }
}

/// `scipy.stats.entropy(p, q)`: the divergence in nats of two vectors of weights, each brought to the sum 1.
fn entropy(p: &[f64], q: &[f64]) -> f64 {
    let (sum_p, sum_q): (f64, f64) = (p.iter().sum(), q.iter().sum());
    let term = |(p, q): (&f64, &f64)| {
        let (p, q) = (p / sum_p, q / sum_q);
        match () {
            () if p.is_nan() || q.is_nan() => f64::NAN,
            () if p > 0.0 && q > 0.0 => p * (p / q).ln(),
            () if p == 0.0 && q >= 0.0 => 0.0,
            () => f64::INFINITY,
        }
    };
    p.iter().zip(q).map(term).sum()
}
