//! What is measured of scores.

use std::collections::BTreeSet;

use anyhow::bail;
use driftline_rules::quality::interval::{Interval, normal, wilson};
use driftline_rules::quality::scores::Bin;
use driftline_rules::quality::{Label, Metric, Multiclass, Scores, figure};
use serde_json::json;

use super::Gathered;
use crate::cli::quality::table::{Pair, Score, Table};

impl Gathered<'_> {
    /// Of scores: how well they rank, and whether they are probabilities.
    pub(super) fn scores(&mut self, table: &Table, positive: Option<&Label>) -> anyhow::Result<()> {
        let scored: Vec<&Pair> = table.pairs.iter().filter(|it| it.score.is_some()).collect();
        if self.args.score.is_none() {
            return Ok(());
        }
        if scored.is_empty() {
            bail!("no record with a truth has a score");
        }
        if scored.iter().all(|it| matches!(it.score, Some(Score::One(_)))) {
            let Some(positive) = positive else {
                if scored.iter().all(|it| it.prediction.is_some()) {
                    self.confidence(&scored);
                    return Ok(());
                }
                bail!(
                    "there are more than two classes: say with `--positive` of which one the score is the probability, or \
                     with `--prediction` which one was predicted"
                );
            };
            let one = |it: &&Pair| match it.score {
                Some(Score::One(score)) => Some((score, it.truth == *positive)),
                _ => None,
            };
            self.binary(&Scores::of(scored.iter().filter_map(one)), positive);
            return Ok(());
        }
        self.multiclass(&scored, positive)
    }

    /// Of one score a record and more classes than two: how sure the model was of what it predicted.
    fn confidence(&mut self, scored: &[&Pair]) {
        let one = |it: &&Pair| match it.score {
            Some(Score::One(score)) => Some((score, it.prediction.as_ref() == Some(&it.truth))),
            _ => None,
        };
        let scores = Scores::of(scored.iter().filter_map(one));
        if !scores.are_probabilities() {
            let why = "some score is below 0 or above 1, so scores are no probabilities";
            self.figure("confidence_ece", None, None, (None, why));
            return;
        }
        let (bins, z) = (self.args.bins, self.z);
        let found = figure::of_scores(Metric::ConfidenceEce, &scores, bins, z).ok();
        self.figure("mean_confidence", scores.mean(), None, (None, ""));
        self.figure("confidence_ece", found.map(|it| it.value), found.and_then(|it| it.interval), (None, ""));
        let Some(it) = scores.calibration(bins) else { return };
        let edge = |i: usize| i as f64 / bins as f64;
        let bin = |(i, it): (usize, &Bin)| {
            let interval = it.fraction_positive.and_then(|share| wilson(share, it.n, z));
            json!({
                "above": edge(i), "up_to": edge(i + 1), "n": it.n, "mean_confidence": it.mean_predicted,
                "accuracy": it.fraction_positive, "interval": interval,
            })
        };
        let there = it.bins.iter().enumerate().filter(|it| it.1.n > 0.0);
        self.json.insert("by_confidence".into(), there.map(bin).collect());
        self.answer.bins = it.bins;
    }

    fn binary(&mut self, scores: &Scores, positive: &Label) {
        let z = self.z;
        self.json.insert("positive".into(), positive.to_json());
        let one_class = "all records are of one class";
        let auc = scores.roc_auc();
        let sure = auc.zip(scores.roc_auc_variance()).and_then(|(it, variance)| normal(it, variance.sqrt(), z));
        let within = |it: Option<Interval>| it.map(|(low, high)| (low.max(0.0), high.min(1.0)));
        self.figure("roc_auc", auc, within(sure), (None, one_class));
        let no_positive = (Some(0.0), "no record is of the positive class");
        let bins = self.args.bins;
        let interval = |metric: Metric| figure::of_scores(metric, scores, bins, z).ok().and_then(|it| it.interval);
        let of_precision = interval(Metric::AveragePrecision);
        self.figure("average_precision", scores.average_precision(), of_precision, no_positive);
        self.figure("ks_statistic_pos_vs_neg", scores.ks_statistic(), None, (None, one_class));
        if !scores.are_probabilities() {
            let why = "some score is below 0 or above 1, so scores are no probabilities";
            for name in ["log_loss", "brier", "ece", "mce"] {
                self.figure(name, None, None, (None, why));
            }
            return;
        }
        let errors = scores.loss_errors();
        let about =
            |value: Option<f64>, error: Option<f64>| value.zip(error).and_then(|(it, error)| normal(it, error, z));
        let (log_loss, brier) = (scores.log_loss(), scores.brier());
        self.figure("log_loss", log_loss, about(log_loss, errors.map(|it| it.0)), (None, ""));
        self.figure("brier", brier, about(brier, errors.map(|it| it.1)), (None, ""));
        if let Some(it) = scores.calibration(self.args.bins) {
            self.figure("ece", Some(it.ece), interval(Metric::Ece), (None, ""));
            self.figure("mce", Some(it.mce), None, (None, ""));
            let bin = |it: &Bin| json!({"n": it.n, "mean_predicted": it.mean_predicted, "fraction_positive": it.fraction_positive});
            self.json.insert("bins".into(), it.bins.iter().map(bin).collect());
            self.answer.bins = it.bins;
        }
    }

    fn multiclass(&mut self, scored: &[&Pair], positive: Option<&Label>) -> anyhow::Result<()> {
        let mut classes: BTreeSet<Label> = scored.iter().map(|it| it.truth.clone()).collect();
        for it in scored {
            classes.extend(it.prediction.clone());
            if let Some(Score::Named(each)) = &it.score {
                classes.extend(each.iter().map(|(name, _)| named(&classes, name)).collect::<Vec<_>>());
            }
        }
        let classes: Vec<Label> = classes.into_iter().collect();
        let k = classes.len();
        let mut rows = Vec::with_capacity(scored.len());
        for it in scored {
            let Some(truth) = classes.iter().position(|class| *class == it.truth) else { continue };
            let row = match &it.score {
                Some(Score::Each(each)) if each.len() == k => each.clone(),
                Some(Score::Each(each)) => bail!(
                    "a list has {} scores and there are {k} classes; write scores as an object by class",
                    each.len()
                ),
                Some(Score::Named(each)) => {
                    let of = |class: &Label| each.iter().find(|it| it.0 == class.to_string()).map_or(0.0, |it| it.1);
                    classes.iter().map(of).collect()
                }
                _ => bail!("some scores are numbers and some are lists or objects"),
            };
            rows.push((truth, row));
        }
        if k == 2 {
            let at = positive.and_then(|it| classes.iter().position(|class| class == it)).unwrap_or(1);
            let scores = Scores::of(rows.iter().filter_map(|(truth, row)| Some((*row.get(at)?, *truth == at))));
            if let Some(class) = classes.get(at) {
                self.binary(&scores, class);
            }
            return Ok(());
        }
        let all = Multiclass::of(k, rows);
        let absent = "some class is true of no record, or of all";
        let (ovr, ovo) = (all.roc_auc_ovr(), all.roc_auc_ovo());
        self.figure("log_loss", all.log_loss(), None, (None, ""));
        self.figure("brier_multiclass", all.brier(), None, (None, ""));
        let n = all.n() as f64;
        for (name, value) in [("accuracy_argmax", all.accuracy())]
            .into_iter()
            .map(|(name, it)| (name.to_owned(), it))
            .chain((1..=5.min(k.saturating_sub(1))).map(|it| (format!("top_{it}_accuracy"), all.top(it))))
        {
            let interval = value.and_then(|it| wilson(it, n, self.z));
            self.figure(&name, value, interval, (None, ""));
        }
        self.figure("roc_auc_ovr_macro", ovr.map(|it| it.0), None, (None, absent));
        self.figure("roc_auc_ovr_weighted", ovr.map(|it| it.1), None, (None, absent));
        self.figure("roc_auc_ovo_macro", ovo.map(|it| it.0), None, (None, absent));
        self.figure("roc_auc_ovo_weighted", ovo.map(|it| it.1), None, (None, absent));
        Ok(())
    }
}

/// The class that a member of an object names: one that is known, else a text.
fn named(classes: &BTreeSet<Label>, name: &str) -> Label {
    classes.iter().find(|it| it.to_string() == name).cloned().unwrap_or_else(|| Label::Text(name.to_owned()))
}
