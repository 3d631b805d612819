//! A metric of predictions beside what turned out to be true lies within bounds.

mod beside;
mod compared;
mod fields;
mod measured;
mod scored;
mod tables;

use std::sync::Arc;

use beside::NotWorse;
use compared::Limits;
use fields::Fields;

use crate::kind::{Args, Beside, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::quality::interval::reach;
use crate::quality::known::{About, Kept};
use crate::quality::metric::{Metric, NAMES, Needs};
use crate::quality::{Average, Figure, Label};
use crate::report::{Judgement, Status};
use crate::sketch::{Sketch, Spec, name_of};
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
        Param::new(
            "outcome",
            ParamType::Field,
            "The field of what came of it, of the metrics that begin with `outcome`.",
        ),
        Param::new("group", ParamType::Field, "The field by whose values records are compared."),
        Param::new("class", ParamType::Class, "The class that the metric is about.")
            .default("1, true or the greater of two"),
        Param::new("classes", ParamType::SomeValues, "The classes of a list of scores, in its order.")
            .default("whole numbers from 0 on"),
        Param::new("k", ParamType::Int, "How many of the best scores `top_k_accuracy` looks at."),
        Param::new("quantile", ParamType::Ratio, "The quantile that `quantile_loss` is of.").default("0.5"),
        Param::new("not_worse_than", ParamType::Mapping, "What the metric is compared with."),
        Param::new("significant", ParamType::Bool, "Whether to fail only when the whole interval is beyond the bound.")
            .default("false"),
        Param::new("confidence", ParamType::Ratio, "The confidence of the interval.").default("0.95"),
        Param::new("min_records", ParamType::Int, "The fewest records, of each group too, that are judged.")
            .default("30"),
        Param::new("bins", ParamType::Int, "The bins of one width of `ece` and `confidence_ece`.").default("10"),
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
    not_worse: Option<NotWorse>,
    /// The class that the suite names.
    class: Option<Label>,
    /// The `k`, the quantile or the number of bins of those that have one.
    amount: Option<f64>,
    summary: SketchId,
    /// How many records have a label, or an outcome; `None`: the metric needs none.
    labels: Option<SketchId>,
    /// What it is measured on, for a baseline.
    fields: Vec<String>,
    when: Option<String>,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let (name, metric) = args.text("metric").and_then(Metric::find).ok_or("`metric` is needed")?;
    binder.called = Some(name);
    let mut limits = Limits::new(args, name, metric)?;
    let not_worse = NotWorse::new(args, binder, metric, name)?;
    if let Some(it) = &not_worse {
        let and = if limits.words.is_empty() { format!("{name} ") } else { format!("{}, and ", limits.words) };
        limits.words = and + &it.words;
    }
    let class = args.get("class");
    if class.is_some() && !metric.is_of_class() {
        return Err(format!("`{name}` is not about one class, and takes no `class`"));
    }
    let amount = amount(args, metric)?;
    let names = names(args, metric, name)?;
    let fields = Fields::find(args, binder, metric, name)?;
    let budget = binder.budget;
    let spec = match metric.needs() {
        Needs::Classes | Needs::Groups { .. } | Needs::OutcomeClasses => Spec::Counts { budget },
        Needs::Scores => Spec::Scored { positive: class.cloned(), budget },
        Needs::Confidences => Spec::Scored { positive: Some(Value::Bool(true)), budget },
        Needs::Rankings { by_class } => Spec::Ranked { names, by_class, budget },
        Needs::Numbers => Spec::Errors,
        Needs::Outcomes => Spec::Moments,
    };
    let labels = fields.own(binder)?;
    let summary = Fields::summary(binder, spec);
    Ok(Check::Window(Box::new(Quality {
        metric,
        limits,
        not_worse,
        class: class.and_then(Label::of),
        amount,
        summary,
        labels,
        fields: fields.names(),
        when: binder.when.clone(),
    })))
}

/// The number that some metrics have beside their name.
fn amount(args: &Args, metric: Metric) -> Result<Option<f64>, String> {
    let whole = |name: &str, most: i64| match args.int(name) {
        Some(it) if !(1..=most).contains(&it) => Err(format!("`{name}` must lie between 1 and {most}")),
        it => Ok(it.map(|it| it as f64)),
    };
    for (name, is_there, of) in [
        ("bins", matches!(metric, Metric::Ece | Metric::ConfidenceEce), "`ece` and `confidence_ece`"),
        ("k", metric == Metric::TopKAccuracy, "`top_k_accuracy`"),
        ("quantile", metric == Metric::QuantileLoss, "`quantile_loss`"),
    ] {
        if args.get(name).is_some() && !is_there {
            return Err(format!("`{name}` is for {of}"));
        }
    }
    match metric {
        Metric::Ece | Metric::ConfidenceEce => Ok(Some(whole("bins", 1000)?.unwrap_or(10.0))),
        Metric::TopKAccuracy => whole("k", 999)?.map(Some).ok_or_else(|| "`top_k_accuracy` needs `k`".to_owned()),
        Metric::QuantileLoss => match args.number("quantile").unwrap_or(0.5) {
            it if it > 0.0 && it < 1.0 => Ok(Some(it)),
            _ => Err("`quantile` must lie between 0 and 1".to_owned()),
        },
        _ => Ok(None),
    }
}

/// The classes of a list of scores.
fn names(args: &Args, metric: Metric, name: &str) -> Result<Option<Arc<[String]>>, String> {
    let Some(classes) = args.values("classes") else { return Ok(None) };
    if !matches!(metric.needs(), Needs::Rankings { .. }) {
        return Err(format!("`{name}` is not of a list of scores, and takes no `classes`"));
    }
    let names: Option<Vec<String>> = classes.iter().map(name_of).collect();
    let names = names.ok_or("`classes` are texts, numbers, true or false")?;
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < names.len() { Err("`classes` names one twice".to_owned()) } else { Ok(Some(names.into())) }
}

impl WindowCheck for Quality {
    fn judge(&self, view: &View) -> Judgement {
        let mut told = Told::default();
        let judgement = match self.measure(view, &mut told) {
            Ok(it) => {
                let mut judgement = self.limits.compare(&it, told.n, told.error);
                match it.interval {
                    Some((low, high)) => {
                        told.add("interval", Value::List(vec![Value::Num(low), Value::Num(high)]));
                        told.add("confidence", Value::Num(self.limits.confidence));
                    }
                    None => told.add("no_interval", Value::text(self.no_interval())),
                }
                if let (Some(by), Status::Pass) = (&self.not_worse, judgement.status) {
                    judgement = self.compare(by, &it, view, &mut told);
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

    fn beside(&self) -> Beside<'_> {
        self.not_worse.as_ref().map_or(Beside::Nothing, NotWorse::beside)
    }

    fn figure(&self, view: &View) -> Option<Kept> {
        let mut told = Told::default();
        let figure = self.measure(view, &mut told).ok()?;
        Some(Kept { about: self.about(), n: told.n, figure: Figure { interval: None, ..figure } })
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
    /// What the figure is of.
    fn about(&self) -> About {
        About {
            metric: self.limits.name.to_owned(),
            fields: self.fields.clone(),
            class: self.class.clone(),
            amount: self.amount,
            when: self.when.clone(),
        }
    }

    /// Why a figure has no interval.
    const fn no_interval(&self) -> &'static str {
        match self.metric {
            Metric::RocAucOvr(Average::Micro) | Metric::AveragePrecisionOvr(Average::Micro) => {
                "the scores of a record for several classes are not independent of each other"
            }
            Metric::R2 => "there are too few records, or the truth varies too little beside its mean",
            _ => "there are too few records",
        }
    }

    fn measure(&self, view: &View, told: &mut Told) -> Result<Figure, Nothing> {
        let z = reach(self.limits.confidence).unwrap_or(f64::NAN);
        match view.sketch(self.summary) {
            Sketch::Counts(it) => match self.metric.needs() {
                Needs::Groups { truth } => self.groups(it, truth, z, told),
                Needs::OutcomeClasses => self.outcomes(it, z, told),
                _ => self.classes(it, z, told),
            },
            Sketch::Scored(it) => self.scores(it, z, told),
            Sketch::Ranked(it) => self.rankings(it, z, told),
            Sketch::Errors(it) => self.numbers(it, z, told),
            Sketch::Moments(it) => self.amounts(it, z, told),
            _ => Err(Nothing::Sound("no summary was kept".to_owned())),
        }
    }

    /// Whether there are records enough.
    fn enough(&self, n: u64, told: &mut Told) -> Result<(), Nothing> {
        told.n = n;
        let what = match self.metric.needs() {
            Needs::Classes | Needs::Numbers => "a label and a prediction",
            Needs::Scores => "a label and a score",
            Needs::Confidences => "a label, a prediction and a score",
            Needs::Rankings { .. } => "a label and scores",
            Needs::Outcomes | Needs::OutcomeClasses => "an outcome",
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
