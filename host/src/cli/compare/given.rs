//! What was asked for, made sure of: all problems at once.

use anyhow::bail;
use driftline_rules::suite::problem::did_you_mean;

use super::metric::{METRICS, Metric};
use super::{Args, Samples};

/// How much worse is still not worse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// In the units of the metric.
    Amount(f64),
    /// As a share of the baseline's value.
    Share(f64),
}

impl Margin {
    /// In the units of the metric.
    pub fn amount(self, baseline: f64) -> f64 {
        match self {
            Margin::Amount(it) => it,
            Margin::Share(it) => it * baseline.abs(),
        }
    }
}

/// The metrics with their margins.
pub struct Asked {
    /// In the order that they were asked for.
    pub metrics: Vec<(&'static Metric, Margin)>,
    /// Whether both models predicted in one input.
    pub is_shadow: bool,
}

impl Asked {
    /// All that is wrong at once.
    pub fn of(args: &Args) -> anyhow::Result<Self> {
        let mut wrong = Vec::new();
        let mut metrics: Vec<(&'static Metric, Margin)> = Vec::new();
        for name in &args.metrics {
            match Metric::find(name.trim()) {
                Some(it) if metrics.iter().any(|known| known.0.name == it.name) => {}
                Some(it) => metrics.push((it, Margin::Amount(0.0))),
                None => {
                    let names = || METRICS.iter().map(|it| it.name);
                    let hint = did_you_mean(name, names())
                        .unwrap_or_else(|| format!("there are {}", names().collect::<Vec<_>>().join(", ")));
                    wrong.push(format!("there is no test for a metric `{name}` ({hint})"));
                }
            }
        }
        for text in &args.margins {
            let (name, amount) = text.split_once('=').map_or((None, text.as_str()), |(name, it)| (Some(name), it));
            let Some(margin) = margin(amount) else {
                wrong.push(format!(
                    "`--margin {text}` must be an amount such as 0.01, a share such as 5%, or `METRIC=` and one, and not negative"
                ));
                continue;
            };
            let fits = |it: &Metric| name.is_none_or(|name| name.trim() == it.name);
            // What is said of one metric holds over what is said of all.
            let is_known = name.is_some() || args.margins.iter().filter(|it| !it.contains('=')).count() < 2;
            if !is_known || !metrics.iter().any(|it| fits(it.0)) {
                wrong.push(format!("`--margin {text}` is of no metric that is compared, or is given twice"));
            }
            let own = |it: &Metric| {
                args.margins.iter().any(|text| text.split_once('=').is_some_and(|own| own.0.trim() == it.name))
            };
            for it in metrics.iter_mut().filter(|it| fits(it.0) && (name.is_some() || !own(it.0))) {
                it.1 = margin;
            }
        }
        if !(args.alpha > 0.0 && args.alpha < 0.5) {
            wrong.push(format!("`--alpha` must be above 0 and below 0.5, not {}", args.alpha));
        }
        let is_shadow = !args.data.is_empty();
        inputs(args, is_shadow, &mut wrong);
        columns(args, is_shadow, &metrics, &mut wrong);
        if args.sequential {
            sequential(args, &metrics, &mut wrong);
        }
        if !wrong.is_empty() {
            bail!("{}", wrong.join("\n       "));
        }
        Ok(Asked { metrics, is_shadow })
    }
}

fn margin(text: &str) -> Option<Margin> {
    let number = |text: &str| text.trim().parse().ok().filter(|it: &f64| it.is_finite() && *it >= 0.0);
    match text.trim().strip_suffix('%') {
        Some(share) => number(share).map(|it| Margin::Share(it / 100.0)),
        None => number(text).map(Margin::Amount),
    }
}

fn inputs(args: &Args, is_shadow: bool, wrong: &mut Vec<String>) {
    if is_shadow {
        if !(args.candidate.is_empty() && args.baseline.is_empty() && args.baseline_metrics.is_none()) {
            wrong.push(
                "one input with both models, or `--candidate` and `--baseline` with one each: both are given"
                    .to_owned(),
            );
        }
        if args.on.is_some() && args.labels.is_empty() {
            wrong.push("`--on` names the ids of labels: name their files with `--labels`".to_owned());
        }
        if args.samples == Samples::Independent {
            wrong.push("two columns of one input are of the same records, not `--samples independent`".to_owned());
        }
        return;
    }
    if args.candidate.is_empty() {
        wrong.push("nothing to compare: name the candidate's records with `--candidate`, or one input".to_owned());
    }
    if args.baseline.is_empty() && args.baseline_metrics.is_none() {
        wrong.push("nothing to compare with: name `--baseline` or `--baseline-metrics`".to_owned());
    }
    if args.candidate == ["-"] && args.baseline == ["-"] {
        wrong.push("standard input (`-`) cannot be both the candidate and the baseline".to_owned());
    }
    if args.samples == Samples::Paired && args.on.is_none() {
        wrong.push("`--samples paired` needs `--on`, the column of ids".to_owned());
    }
    if args.on.is_some() && args.labels.is_empty() && args.baseline_metrics.is_some() {
        wrong.push("`--on` names the ids of labels: name their files with `--labels`".to_owned());
    }
}

fn columns(args: &Args, is_shadow: bool, metrics: &[(&'static Metric, Margin)], wrong: &mut Vec<String>) {
    let has = |both: &Option<String>, candidate: &Option<String>, baseline: &Option<String>| {
        let both = both.is_some() && !is_shadow;
        let needs_baseline = args.baseline_metrics.is_none();
        (both || candidate.is_some()) && (both || baseline.is_some() || !needs_baseline)
    };
    let [predicted, scored] = [
        has(&args.prediction, &args.candidate_prediction, &args.baseline_prediction),
        has(&args.score, &args.candidate_score, &args.baseline_score),
    ];
    for (what, is_there, of_score) in [("prediction", predicted, false), ("score", scored, true)] {
        let Some((metric, _)) = metrics.iter().find(|it| it.0.is_of_score() == of_score) else { continue };
        if !is_there {
            let one = if is_shadow { String::new() } else { format!("`--{what}`, or ") };
            wrong.push(format!(
                "`{}` is of a {what}: name {one}`--candidate-{what}` and `--baseline-{what}`",
                metric.name
            ));
        }
    }
}

fn sequential(args: &Args, metrics: &[(&'static Metric, Margin)], wrong: &mut Vec<String>) {
    if args.loss_bound.is_some_and(|it| !(it > 0.0 && it.is_finite())) {
        wrong.push("`--loss-bound` must be above 0".to_owned());
    }
    for (metric, margin) in metrics {
        if !metric.is_mean() {
            wrong.push(format!(
                "`--sequential` is of means over records, which `{}` is none: accuracy, brier, log_loss, mae, mse, mape",
                metric.name
            ));
        } else if metric.bound().is_none() && args.loss_bound.is_none() {
            wrong.push(format!("`--sequential` of `{}` needs `--loss-bound`, which no loss may exceed", metric.name));
        }
        if matches!(margin, Margin::Share(_)) {
            // The share would be of a value that changes from record to record.
            wrong.push(format!("`--sequential` needs the margin of `{}` as an amount, not as a share", metric.name));
        }
    }
}
