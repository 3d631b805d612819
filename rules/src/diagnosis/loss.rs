//! What was lost, and whether it is more than chance.

use serde::Serialize;

use super::words::{percent, probability, short};
use super::{Figures, Input, Losses};
use crate::drift::law::normal::sf;

/// The level at which a loss is more than chance.
const LEVEL: f64 = 0.01;
/// Metrics of which less is better.
const LESS_IS_BETTER: &[&str] = &[
    "log_loss",
    "log_loss_multiclass",
    "brier",
    "brier_multiclass",
    "ece",
    "confidence_ece",
    "mae",
    "mse",
    "rmse",
    "mape",
    "quantile_loss",
    "demographic_parity_difference",
    "equal_opportunity_difference",
    "equalized_odds_difference",
    "accuracy_difference",
];

/// What was lost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loss {
    /// What was measured: `error rate`, `mean absolute error`, or the title of a metric's expectation.
    pub measure: String,
    /// In the reference.
    pub before: f64,
    /// In the suspect span.
    pub now: f64,
    /// Labelled predictions of the reference.
    pub n_before: u64,
    /// Labelled predictions of the suspect span.
    pub n: u64,
    /// The probability of so large a loss, if nothing has changed; `None`: there are too few windows to tell.
    pub p_value: Option<f64>,
    /// Whether it is a loss that is more than chance.
    pub is_clear: bool,
    /// Losses above what was to be expected; `None`: single predictions are not known.
    pub excess: Option<f64>,
}

impl Loss {
    /// In words.
    pub fn told(&self) -> String {
        let is_rate = self.measure == "error rate";
        let number = |it: f64| if is_rate { percent(it) } else { short(it) };
        let p = self.p_value.map_or_else(String::new, |it| format!(", {}", probability(it)));
        let verdict = if self.is_clear { "" } else { "; that is no loss that stands out from chance" };
        format!(
            "{} {} -> {} ({} and {} labelled predictions{p}){verdict}",
            self.measure,
            number(self.before),
            number(self.now),
            self.n_before,
            self.n
        )
    }
}

/// The loss, of single predictions where they are known, else of the metric that fell most.
pub(super) fn measured(input: &Input) -> Option<Loss> {
    let mut sides = [Losses::default(), Losses::default()];
    for row in &input.rows {
        if let Some(loss) = row.loss {
            sides[usize::from(row.is_now)].add(loss);
        }
    }
    let [before, now] = sides;
    if before.n > 0 && now.n > 0 {
        let error = (before.variance() / before.n as f64 + now.variance() / now.n as f64).sqrt();
        let p = sf((now.mean() - before.mean()) / error.max(f64::MIN_POSITIVE)).p;
        return Some(Loss {
            measure: input.measure.clone(),
            before: before.mean(),
            now: now.mean(),
            n_before: before.n,
            n: now.n,
            p_value: Some(p),
            is_clear: p < LEVEL,
            excess: Some(now.sum - now.n as f64 * before.mean()),
        });
    }
    let metrics = input.figures.iter().filter(|it| !matches!(it.metric.as_str(), "ece" | "confidence_ece"));
    let found = metrics.filter_map(|it| fell(it).map(|fall| (fall, it)));
    // Of metrics that fell alike the first.
    let (_, it) = found.fold(None, |best: Option<(f64, &Figures)>, (fall, it)| match best {
        Some((most, _)) if most >= fall => best,
        _ => Some((fall, it)),
    })?;
    let n = |all: &[(f64, u64)]| all.iter().map(|it| it.1).sum();
    let p_value = worsened(it);
    Some(Loss {
        measure: it.check.clone(),
        before: mean(&it.before)?,
        now: mean(&it.now)?,
        n_before: n(&it.before),
        n: n(&it.now),
        p_value,
        is_clear: p_value.is_some_and(|it| it < LEVEL),
        excess: None,
    })
}

/// The mean of figures, by labels.
pub(super) fn mean(all: &[(f64, u64)]) -> Option<f64> {
    let n: f64 = all.iter().map(|it| it.1 as f64).sum();
    (n > 0.0).then(|| all.iter().map(|it| it.0 * it.1 as f64).sum::<f64>() / n)
}

/// By how much a metric is worse, relative to what it was.
fn fell(it: &Figures) -> Option<f64> {
    let (before, now) = (mean(&it.before)?, mean(&it.now)?);
    let change = (now - before) / before.abs().max(1e-9);
    Some(if LESS_IS_BETTER.contains(&it.metric.as_str()) { change } else { -change })
}

/// The probability of a metric as bad as now, judged by how it differed from window to window before (Student's law with
/// as many degrees of freedom as windows, less one).
pub(super) fn worsened(it: &Figures) -> Option<f64> {
    let (before, now) = (mean(&it.before)?, mean(&it.now)?);
    let k = it.before.len() as f64;
    if k < 3.0 {
        return None;
    }
    let spread = it.before.iter().map(|it| (it.0 - before).powi(2)).sum::<f64>() / (k - 1.0);
    let error = (spread * (1.0 / it.now.len() as f64 + 1.0 / k)).sqrt().max(1e-9);
    let fall = if LESS_IS_BETTER.contains(&it.metric.as_str()) { now - before } else { before - now };
    Some(crate::drift::law::student::sf(fall / error, k - 1.0).p)
}
