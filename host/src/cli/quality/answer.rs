//! What was measured, as JSON whose members are named as in scikit-learn and fairlearn, and as lines for people.

mod estimate;
mod scores;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use driftline_rules::quality::confusion::Class;
use driftline_rules::quality::fairness::{Fairness, Group};
use driftline_rules::quality::interval::{Interval, jackknife, normal, reach, wilson};
use driftline_rules::quality::regression::{MeanOf, quantile_loss};
use driftline_rules::quality::scores::Bin;
use driftline_rules::quality::{Average, Confusion, Label, Measure, Regression};
use serde_json::{Map, Value as Json, json};

use super::table::{self, Table};
use super::{Args, Task};

/// Different whole numbers that are still taken for classes.
const MOST_CLASSES: usize = 100;

/// What was measured.
pub struct Answer {
    /// Everything.
    pub json: Json,
    /// The figures, in order: name, value, interval.
    pub figures: Vec<(String, Option<f64>, Option<Interval>)>,
    /// What is undefined, and why.
    pub undefined: Vec<(String, String)>,
    /// In words: which records were measured.
    pub about: String,
    /// By class.
    pub classes: Vec<(Label, Class)>,
    /// By group.
    pub groups: Vec<Group>,
    /// The reliability table.
    pub bins: Vec<Bin>,
}

/// What is gathered while measuring.
struct Gathered<'a> {
    args: &'a Args,
    z: f64,
    json: Map<String, Json>,
    intervals: Map<String, Json>,
    answer: Answer,
}

impl Answer {
    /// Measures all that the columns allow.
    pub fn of(args: &Args, table: &Table) -> anyhow::Result<Self> {
        let mut to = Gathered::new(args, about(table));
        let [classes, numbers] = tasks(args.task, table)?;
        to.json.insert("n".into(), json!(table.pairs.len()));
        to.json.insert("unlabelled".into(), json!(table.unlabelled));
        to.json.insert("unpredicted".into(), json!(table.unpredicted));
        if !args.labels.is_empty() {
            to.json.insert("unmatched_labels".into(), json!(table.unmatched));
        }
        let positive = if classes { to.positive(table)? } else { None };
        if classes {
            to.classification(table);
            to.scores(table, positive.as_ref())?;
            if args.group.is_some() {
                to.fairness(table, positive.as_ref())?;
            }
        }
        if numbers {
            to.regression(table);
        }
        Ok(to.answer())
    }

    /// Estimates what cannot be measured, since `data` has no truth, from a reference that has.
    pub fn estimated(args: &Args, reference: &Table, data: &Table) -> anyhow::Result<Self> {
        let mut to = Gathered::new(args, String::new());
        to.estimate(reference, data)?;
        Ok(to.answer())
    }
}

fn about(table: &Table) -> String {
    let counted = |n: u64, what: &str| if n > 0 { format!(", {n} {what}") } else { String::new() };
    format!(
        "{} predictions with a truth{}{}{}",
        table.pairs.len(),
        counted(table.unlabelled, "without one"),
        counted(table.unpredicted, "truths without a prediction"),
        counted(table.unmatched, "labels of no record")
    )
}

/// Whether classes are compared, and whether numbers are.
fn tasks(asked: Task, table: &Table) -> anyhow::Result<[bool; 2]> {
    let both = || table.pairs.iter().flat_map(|it| [Some(&it.truth), it.prediction.as_ref()]).flatten();
    let is_number = |it: &Label| matches!(it, Label::Number(it) if it.is_finite());
    let all_numbers = both().all(is_number) && table.pairs.iter().any(|it| it.prediction.is_some());
    match asked {
        Task::Classification => Ok([true, false]),
        Task::Regression if all_numbers => Ok([false, true]),
        Task::Regression => {
            let other =
                both().find(|it| !is_number(it)).map_or_else(|| "no prediction".to_owned(), ToString::to_string);
            bail!("regression compares numbers, and there is `{other}`")
        }
        Task::Auto => {
            let whole = both().all(|it| !matches!(it, Label::Number(it) if it.fract() != 0.0));
            let classes: BTreeSet<&Label> = if whole { both().collect() } else { BTreeSet::new() };
            let is_flag = classes.iter().all(|it| **it == Label::Number(0.0) || **it == Label::Number(1.0));
            let few = whole && (!all_numbers || classes.len() <= MOST_CLASSES);
            // Few whole numbers may be either; 0 and 1 are classes.
            Ok([few, all_numbers && !(few && is_flag)])
        }
    }
}

impl<'a> Gathered<'a> {
    fn new(args: &'a Args, about: String) -> Self {
        let answer = Answer {
            json: Json::Null,
            figures: Vec::new(),
            undefined: Vec::new(),
            about,
            classes: Vec::new(),
            groups: Vec::new(),
            bins: Vec::new(),
        };
        let z = reach(args.confidence).unwrap_or(f64::NAN);
        Gathered { args, z, json: Map::new(), intervals: Map::new(), answer }
    }

    fn answer(self) -> Answer {
        let Gathered { args, mut json, intervals, mut answer, .. } = self;
        json.insert("confidence".into(), json!(args.confidence));
        json.insert("intervals".into(), Json::Object(intervals));
        let undefined = answer.undefined.iter().map(|(name, why)| (name.clone(), json!(why))).collect();
        json.insert("undefined".into(), Json::Object(undefined));
        answer.json = Json::Object(json);
        answer
    }
}

impl Gathered<'_> {
    /// A figure; `undefined` is what libraries have in its place, if they have any, and why there is none.
    fn figure(&mut self, name: &str, value: Option<f64>, interval: Option<Interval>, undefined: (Option<f64>, &str)) {
        if value.is_none() {
            self.answer.undefined.push((name.to_owned(), undefined.1.to_owned()));
        }
        self.json.insert(name.to_owned(), json!(value.or(undefined.0)));
        let interval = interval.filter(|_| value.is_some());
        if let Some((low, high)) = interval {
            self.intervals.insert(name.to_owned(), json!([low, high]));
        }
        self.answer.figures.push((name.to_owned(), value, interval));
    }

    /// The class that scores and fairness are about, where there are two; else the one that was asked for.
    fn positive(&self, table: &Table) -> anyhow::Result<Option<Label>> {
        let classes: BTreeSet<Label> =
            table.pairs.iter().flat_map(|it| [Some(&it.truth), it.prediction.as_ref()]).flatten().cloned().collect();
        table::positive(&classes, self.args.positive.as_deref())
    }

    fn classification(&mut self, table: &Table) {
        let pairs = table.pairs.iter().filter_map(|it| Some((it.truth.clone(), it.prediction.clone()?, 1)));
        let confusion = Confusion::of(pairs);
        let n = confusion.n();
        if n == 0.0 {
            return;
        }
        let z = self.z;
        let labels: Vec<_> = confusion.labels().iter().map(Label::to_json).collect();
        self.json.insert("labels".into(), json!(labels));
        self.json.insert("confusion_matrix_rows_true".into(), json!(confusion.matrix()));
        let accuracy = confusion.accuracy();
        let sure = |share: Option<f64>, n: f64| share.and_then(|it| wilson(it, n, z));
        self.figure("accuracy", accuracy, sure(accuracy, n), (None, ""));
        let near = |of: &dyn Fn(&Confusion) -> Option<f64>| {
            let (low, high) = normal(of(&confusion)?, jackknife(&confusion, of)?, z)?;
            Some((low.max(-1.0), high.min(1.0)))
        };
        let one_class = "all records are of one class, or predicted to be";
        self.figure(
            "balanced_accuracy",
            confusion.balanced_accuracy(),
            near(&Confusion::balanced_accuracy),
            (None, one_class),
        );
        self.figure("mcc", confusion.mcc(), near(&Confusion::mcc), (Some(0.0), one_class));
        self.figure("cohen_kappa", confusion.cohen_kappa(), near(&Confusion::cohen_kappa), (None, one_class));
        let averages = [("micro", Average::Micro), ("macro", Average::Macro), ("weighted", Average::Weighted)];
        for (average, of) in averages {
            for (name, what) in MEASURES {
                let value = confusion.measure(what, of);
                let interval = match of {
                    Average::Micro => sure(value, n),
                    _ => near(&move |it: &Confusion| it.measure(what, of)).map(|(low, high)| (low.max(0.0), high)),
                };
                self.figure(&format!("{name}_{average}"), value, interval, (Some(0.0), "no class has any"));
            }
        }
        let mut per_class = Map::new();
        for (label, class) in confusion.labels().iter().zip(confusion.classes()) {
            let mut of = Map::new();
            let (support, predicted) = (class.tp + class.r#fn, class.tp + class.fp);
            for (name, what) in MEASURES {
                let value = class.measure(what);
                if value.is_none() {
                    let why = if predicted == 0.0 { "nothing was predicted to be it" } else { "nothing is of it" };
                    self.answer.undefined.push((format!("per_class.{label}.{name}"), why.to_owned()));
                }
                of.insert(name.to_owned(), json!(value.unwrap_or(0.0)));
                let whole = match what {
                    Measure::Precision => predicted,
                    Measure::Recall => support,
                    Measure::F1 => 0.0,
                };
                if let Some((low, high)) = sure(value, whole) {
                    self.intervals.insert(format!("per_class.{label}.{name}"), json!([low, high]));
                }
            }
            of.insert("support".into(), json!(support));
            per_class.insert(label.to_string(), Json::Object(of));
            self.answer.classes.push((label.clone(), class));
        }
        self.json.insert("per_class".into(), Json::Object(per_class));
    }

    fn fairness(&mut self, table: &Table, positive: Option<&Label>) -> anyhow::Result<()> {
        let Some(positive) = positive else {
            bail!("there are more than two classes: say with `--positive` which one is the good outcome");
        };
        let mut groups: BTreeMap<Label, Class> = BTreeMap::new();
        let mut ungrouped = 0_u64;
        for it in &table.pairs {
            let (Some(Some(group)), Some(prediction)) = (it.groups.first(), &it.prediction) else {
                ungrouped += 1;
                continue;
            };
            let class = groups.entry(group.clone()).or_default();
            match (it.truth == *positive, prediction == positive) {
                (true, true) => class.tp += 1.0,
                (false, true) => class.fp += 1.0,
                (true, false) => class.r#fn += 1.0,
                (false, false) => class.tn += 1.0,
            }
        }
        let groups: Vec<Group> = groups.into_iter().map(|(name, class)| Group { name, class }).collect();
        let (Some(defined), Some(counted)) = (Fairness::of(&groups, None), Fairness::of(&groups, Some(0.0))) else {
            bail!("no record has a prediction and a group");
        };
        self.json.insert("positive".into(), positive.to_json());
        self.json.insert("ungrouped".into(), json!(ungrouped));
        let why = "some group has no record of the class, or none of the others; its rate counts as 0";
        for (name, of) in FAIRNESS {
            self.figure(name, of(&defined), None, (of(&counted), why));
        }
        self.json.insert("four_fifths_rule_violated".into(), json!(counted.violates_four_fifths()));
        let mut by_group = Map::new();
        for it in &groups {
            let (tpr, fpr) = (it.class.measure(Measure::Recall), it.class.false_positive_rate());
            for (name, rate) in [("tpr", tpr), ("fpr", fpr)] {
                if rate.is_none() {
                    let why = "the group has no such record; counted as 0";
                    self.answer.undefined.push((format!("by_group.{}.{name}", it.name), why.to_owned()));
                }
            }
            let rates = json!({
                "selection_rate": it.class.selection_rate(), "tpr": tpr.unwrap_or(0.0), "fpr": fpr.unwrap_or(0.0),
                "accuracy": it.class.accuracy(), "count": it.n(),
            });
            by_group.insert(it.name.to_string(), rates);
        }
        self.json.insert("by_group".into(), Json::Object(by_group));
        self.answer.groups = groups;
        Ok(())
    }

    fn regression(&mut self, table: &Table) {
        let number = |it: &Label| match it {
            Label::Number(it) => Some(*it),
            _ => None,
        };
        let pairs: Vec<(f64, f64)> =
            table.pairs.iter().filter_map(|it| Some((number(&it.truth)?, number(it.prediction.as_ref()?)?))).collect();
        let Some(it) = Regression::of(&pairs) else { return };
        let z = self.z;
        let sure = |of: MeanOf| {
            let (value, error) = it.mean(of);
            normal(value, error, z)
        };
        let positive = |it: Option<Interval>| it.map(|(low, high)| (low.max(0.0), high));
        let squared = positive(sure(MeanOf::Squared));
        self.figure("mae", Some(it.mae), positive(sure(MeanOf::Absolute)), (None, ""));
        self.figure("mse", Some(it.mse), squared, (None, ""));
        self.figure("rmse", Some(it.rmse), squared.map(|(low, high)| (low.sqrt(), high.sqrt())), (None, ""));
        self.figure("mape", Some(it.mape), positive(sure(MeanOf::Relative)), (None, ""));
        self.figure("median_absolute_error", Some(it.median_absolute_error), None, (None, ""));
        self.figure("max_error", Some(it.max_error), None, (None, ""));
        self.figure("mean_error_pred_minus_true", Some(it.mean_error), sure(MeanOf::Plain), (None, ""));
        let constant = "the truth does not vary";
        let perfect = |is: bool| Some(f64::from(u8::from(is)));
        self.figure("r2", it.r2, None, (perfect(it.mse == 0.0), constant));
        let explained = perfect(it.error_variance == 0.0);
        self.figure("explained_variance", it.explained_variance, None, (explained, constant));
        if let Some(q) = self.args.quantile {
            self.figure("quantile_loss", quantile_loss(&pairs, q), None, (None, ""));
        }
        self.figure("rmsle", it.rmsle, None, (None, "some number is -1 or less"));
    }
}

const MEASURES: [(&str, Measure); 3] =
    [("precision", Measure::Precision), ("recall", Measure::Recall), ("f1", Measure::F1)];

type OfFairness = fn(&Fairness) -> Option<f64>;

const FAIRNESS: [(&str, OfFairness); 6] = [
    ("demographic_parity_difference", |it| it.demographic_parity_difference),
    ("demographic_parity_ratio", |it| it.demographic_parity_ratio),
    ("equalized_odds_difference", |it| it.equalized_odds_difference),
    ("equalized_odds_ratio", |it| it.equalized_odds_ratio),
    ("equal_opportunity_difference", |it| it.equal_opportunity_difference),
    ("accuracy_difference", |it| it.accuracy_difference),
];
