//! What is to be expected of records without a truth, from calibrated scores.

use anyhow::bail;
use driftline_rules::quality::estimate::{Estimate, Judged};
use driftline_rules::quality::interval::normal;
use driftline_rules::quality::isotonic::Isotonic;
use driftline_rules::quality::usual::Usual;
use driftline_rules::quality::{Label, Measure, Scores};
use serde_json::json;

use super::Gathered;
use crate::cli::quality::table::{Pair, Score, Table};

/// Records with a truth that are needed to calibrate scores and to see what that is worth.
const FEWEST: usize = 100;

/// What is further than so many standard deviations from the mean is not usual, as `NannyML` has it.
const DEVIATIONS: f64 = 3.0;
/// Chunks of the reference that show what is usual.
const CHUNKS: usize = 5;

/// Scores as probabilities: by a function that was fitted, or as they are.
struct Calibrated {
    function: Option<Isotonic>,
    /// The calibration error of the scores as they are, and of what is taken, on records that nothing was fitted to.
    errors: [f64; 2],
}

impl Gathered<'_> {
    /// Confidence-based performance estimation: `data` has scores, `reference` has them and the truth too.
    pub(super) fn estimate(&mut self, reference: &Table, data: &Table) -> anyhow::Result<()> {
        let Some(positive) = self.positive(reference)? else {
            bail!("an estimate is of two classes, and the reference has more: name one with `--positive`");
        };
        let scored: Vec<(f64, bool)> =
            reference.pairs.iter().filter_map(|it| Some((one(it)?, it.truth == positive))).collect();
        if scored.len() < FEWEST {
            bail!(
                "the reference has {} records with a truth and a score that is one number, and {FEWEST} are needed",
                scored.len()
            );
        }
        if scored.iter().any(|it| !(0.0..=1.0).contains(&it.0)) {
            bail!("some score of the reference is below 0 or above 1, so scores are no probabilities");
        }
        let calibrated = self.calibrated(&scored);
        let records: Vec<Judged> = data.pairs.iter().filter_map(|it| judged(it, &positive, &calibrated)).collect();
        let (Some(it), Some(deviation)) = (Estimate::of(&records), Estimate::accuracy_deviation(&records)) else {
            bail!("no record has a score that is one number");
        };
        self.json.insert("estimated".into(), json!(true));
        self.json.insert("positive".into(), positive.to_json());
        self.json.insert("n".into(), json!(records.len()));
        self.json.insert("without_score".into(), json!(data.unlabelled));
        let [raw, taken] = calibrated.errors;
        self.json.insert(
            "reference".into(),
            json!({"n": scored.len(), "calibrated": calibrated.function.is_some(), "ece_raw": raw, "ece": taken}),
        );
        let accuracy = it.accuracy();
        let sure =
            accuracy.and_then(|it| normal(it, deviation, self.z)).map(|(low, high)| (low.max(0.0), high.min(1.0)));
        self.figure("accuracy", accuracy, sure, (None, ""));
        let none = "no record is predicted to be of the class, or expected to be";
        for (name, what) in [("precision", Measure::Precision), ("recall", Measure::Recall), ("f1", Measure::F1)] {
            self.figure(name, it.measure(what), None, (Some(0.0), none));
        }
        self.figure("specificity", it.specificity(), None, (Some(0.0), "all records are expected to be of the class"));
        self.figure("roc_auc", it.roc_auc, None, (None, "all records are expected to be of one class"));
        self.figure(
            "average_precision",
            it.average_precision,
            None,
            (None, "no record is expected to be of the class"),
        );
        let usual = usual(reference, &positive, records.len());
        if let Some(it) = &usual {
            let (low, high) = (it.below(DEVIATIONS).max(0.0), it.above(DEVIATIONS).min(1.0));
            let alert = accuracy.is_some_and(|it| it < low || it > high);
            self.json.insert(
                "usual".into(),
                json!({"accuracy": {"mean": it.mean, "low": low, "high": high, "chunks": it.n}, "alert": alert}),
            );
        }
        let how = if calibrated.function.is_some() { "calibrated" } else { "taken as they are" };
        self.answer.about = format!(
            "{} records without a truth, estimated from scores that are {how} (calibration error on held-out records of \
             the reference {taken:.4}).\nIt holds as long as the scores mean what they meant there: it cannot see that \
             the same features stand for another outcome.",
            records.len(),
        );
        Ok(())
    }

    /// Whether scores are calibrated is decided by cross-fitting, as `NannyML` decides it on folds: only where a function
    /// of each half makes the error of the other half smaller, on average.
    fn calibrated(&self, scored: &[(f64, bool)]) -> Calibrated {
        let half = |which: usize| scored.iter().skip(which).step_by(2).copied();
        let error = |of: &mut dyn Iterator<Item = (f64, bool)>| {
            Scores::of(of).calibration_by_count(self.args.bins).map_or(f64::NAN, |it| it.ece)
        };
        let raw = f64::midpoint(error(&mut half(0)), error(&mut half(1)));
        let across = |from: usize, to: usize| {
            let function = fit(half(from))?;
            Some(error(&mut half(to).map(|(it, is)| (function.at(it), is))))
        };
        let after = across(0, 1).zip(across(1, 0)).map(|(a, b)| f64::midpoint(a, b));
        match after.filter(|it| *it < raw) {
            Some(after) => Calibrated { function: fit(scored.iter().copied()), errors: [raw, after] },
            None => Calibrated { function: None, errors: [raw, raw] },
        }
    }
}

/// How right the predictions of the reference were, in chunks of as many records as are estimated; `None`: there are too
/// few of them.
fn usual(reference: &Table, positive: &Label, n: usize) -> Option<Usual> {
    let right = |it: &Pair| {
        let predicted = it.prediction.as_ref().map_or(one(it)? >= 0.5, |label| label == positive);
        Some(predicted == (it.truth == *positive))
    };
    let right: Vec<bool> = reference.pairs.iter().filter_map(right).collect();
    let chunks = right.chunks_exact(n.max(1));
    let shares = chunks.map(|it| it.iter().filter(|it| **it).count() as f64 / it.len() as f64);
    Usual::of(shares).filter(|it| it.n >= CHUNKS)
}

fn fit(scored: impl Iterator<Item = (f64, bool)>) -> Option<Isotonic> {
    Isotonic::fit(scored.map(|(it, is)| (it, f64::from(u8::from(is)))))
}

fn one(pair: &Pair) -> Option<f64> {
    match pair.score {
        Some(Score::One(it)) => Some(it),
        _ => None,
    }
}

/// Without a prediction, a score of one half or more predicts the class.
fn judged(pair: &Pair, positive: &Label, by: &Calibrated) -> Option<Judged> {
    let score = one(pair)?;
    let probability = by.function.as_ref().map_or(score, |it| it.at(score)).clamp(0.0, 1.0);
    let predicted = pair.prediction.as_ref().map_or(score >= 0.5, |it| it == positive);
    Some(Judged { predicted, probability, score })
}
