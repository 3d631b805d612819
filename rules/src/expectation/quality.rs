//! A metric of predictions beside what turned out to be true lies within bounds.

mod compared;
mod measured;

use compared::Limits;
use measured::Fields;

use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::quality::interval::reach;
use crate::quality::metric::{Metric, NAMES, Needs};
use crate::quality::{Figure, Label};
use crate::report::{Judgement, Status};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "quality",
    gx: "expect_table_prediction_quality_to_be_between",
    in_gx: false,
    since: "0.1.0",
    summary: "a metric of predictions beside what turned out to be true to lie within bounds",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("metric", ParamType::Choice(NAMES), "What is measured.").required(),
        Param::new("min", ParamType::Number, "The smallest value that is expected.").gx("min_value"),
        Param::new("max", ParamType::Number, "The largest value that is expected.").gx("max_value"),
        Param::new("truth", ParamType::Field, "The field that says what was true.").default("`record: { label: }`"),
        Param::new("prediction", ParamType::Field, "The field of the prediction.").default("`record: { prediction: }`"),
        Param::new("score", ParamType::Field, "The field of the class's score.").default("`record: { score: }`"),
        Param::new("group", ParamType::Field, "The field by whose values records are compared."),
        Param::new("class", ParamType::Class, "The class that the metric is about.")
            .default("1, true or the greater of two"),
        Param::new("significant", ParamType::Bool, "Whether to fail only when the whole interval is beyond the bound.")
            .default("false"),
        Param::new("confidence", ParamType::Ratio, "The confidence of the interval.").default("0.95"),
        Param::new("min_records", ParamType::Int, "The fewest records, of each group too, that are judged.")
            .default("30"),
        Param::new("bins", ParamType::Int, "The bins of one width of `ece`.").default("10"),
    ],
    main: None,
    page: include_str!("quality.md"),
    compile,
};

/// The metrics, each of which stands for the kind with that metric.
pub const SHORT: &[&str] = NAMES;

struct Quality {
    metric: Metric,
    limits: Limits,
    /// The class that the suite names.
    class: Option<Label>,
    bins: usize,
    summary: SketchId,
    /// How many records have a label; `None`: the metric needs none.
    labels: Option<SketchId>,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let (name, metric) = args.text("metric").and_then(Metric::find).ok_or("`metric` is needed")?;
    binder.called = Some(name);
    let limits = Limits::new(args, name, metric)?;
    let class = args.get("class");
    if class.is_some() && !metric.is_of_class() {
        return Err(format!("`{name}` is not about one class, and takes no `class`"));
    }
    let bins = match args.int("bins") {
        Some(_) if metric != Metric::Ece => return Err("`bins` is for `ece`".to_owned()),
        Some(it) if !(1..=1000).contains(&it) => return Err("`bins` must lie between 1 and 1000".to_owned()),
        it => it.map_or(10, |it| it as usize),
    };
    let fields = Fields::find(args, binder, metric, name)?;
    let budget = binder.budget;
    let spec = match metric.needs() {
        Needs::Classes | Needs::Groups { .. } => Spec::Counts { budget },
        Needs::Scores => Spec::Scored { positive: class.cloned(), budget },
        Needs::Numbers => Spec::Errors,
    };
    let labels = fields.own(binder)?;
    let summary = Fields::summary(binder, spec);
    Ok(Check::Window(Box::new(Quality { metric, limits, class: class.and_then(Label::of), bins, summary, labels })))
}

impl WindowCheck for Quality {
    fn judge(&self, view: &View) -> Judgement {
        let mut told = Told::default();
        let judgement = match self.measure(view, &mut told) {
            Ok(it) => {
                let judgement = self.limits.compare(&it, told.n, told.error);
                if let Some((low, high)) = it.interval {
                    told.add("interval", Value::List(vec![Value::Num(low), Value::Num(high)]));
                    told.add("confidence", Value::Num(self.limits.confidence));
                }
                judgement.within(told.error.filter(|_| it.value != 0.0).map(|error| error / it.value.abs()))
            }
            Err(Nothing::ToJudge(why)) => Judgement::skip(why),
            Err(Nothing::Readable(why)) => Judgement::new(Status::Fail).why(why),
            Err(Nothing::Sound(why)) => Judgement::error(why),
        };
        judgement.details(self.details(view, told)).bound(self.limits.words.clone())
    }

    fn is_of_equality(&self) -> bool {
        self.class.is_none() && matches!(self.metric.needs(), Needs::Classes) && !self.metric.is_of_class()
    }
}

/// Why there is no figure.
enum Nothing {
    /// There is too little, or the metric is undefined.
    ToJudge(String),
    /// Values are not what they must be.
    Readable(String),
    /// The expectation asks for what cannot be had.
    Sound(String),
}

/// What is told beside the figure.
#[derive(Default)]
struct Told {
    /// Records that were judged.
    n: u64,
    /// How far the figure may be off for the buckets that scores lie in.
    error: Option<f64>,
    details: Vec<(&'static str, Value<'static>)>,
}

impl Told {
    fn add(&mut self, name: &'static str, it: Value<'static>) {
        self.details.push((name, it));
    }
}

impl Quality {
    fn measure(&self, view: &View, told: &mut Told) -> Result<Figure, Nothing> {
        let z = reach(self.limits.confidence).unwrap_or(f64::NAN);
        match view.sketch(self.summary) {
            Sketch::Counts(it) => match self.metric.needs() {
                Needs::Groups { truth } => self.groups(it, truth, z, told),
                _ => self.classes(it, z, told),
            },
            Sketch::Scored(it) => self.scores(it, z, told),
            Sketch::Errors(it) => self.numbers(it, z, told),
            _ => Err(Nothing::Sound("no summary was kept".to_owned())),
        }
    }

    /// Whether there are records enough.
    fn enough(&self, n: u64, told: &mut Told) -> Result<(), Nothing> {
        told.n = n;
        let what = match self.metric.needs() {
            Needs::Classes | Needs::Numbers => "a label and a prediction",
            Needs::Scores => "a label and a score",
            Needs::Groups { truth: true } => "a label, a prediction and a group",
            Needs::Groups { truth: false } => "a prediction and a group",
        };
        match n {
            0 => Err(Nothing::ToJudge(format!("no record has {what}"))),
            n if n < self.limits.min_records => Err(Nothing::ToJudge(format!(
                "only {n} records have {what}, and `min_records` is {}",
                self.limits.min_records
            ))),
            _ => Ok(()),
        }
    }

    fn details(&self, view: &View, told: Told) -> Value<'static> {
        let count = super::aggregate::count;
        let mut all = vec![("metric", Value::text(self.limits.name)), ("n", count(told.n))];
        all.push(("records", count(view.tally.seen)));
        if let Some(Sketch::Presence(it)) = self.labels.map(|it| view.sketch(it)) {
            all.push(("labelled", count(it.present())));
        }
        all.extend(told.details);
        Value::Map(all.into_iter().map(|(name, it)| (name.into(), it)).collect())
    }
}
