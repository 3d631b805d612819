//! Intervals hold the value of the population as often as they say, nearly.

use std::collections::BTreeMap;

use driftline_rules::quality::compare::apart::apart;
use driftline_rules::quality::confusion::Class;
use driftline_rules::quality::fairness::Group;
use driftline_rules::quality::figure::{
    of_classes, of_groups, of_numbers, of_one_against_others, of_outcomes, of_rankings, of_scores, of_share,
};
use driftline_rules::quality::interval::reach;
use driftline_rules::quality::metric::{METRICS, Metric, Needs};
use driftline_rules::quality::{Average, Confusion, Figure, Label, Measure, Scores};
use driftline_rules::sketch::{Sketch, Spec};
use driftline_rules::value::Value;

/// A stream of numbers from 0 to 1, the same ever (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((it ^ (it >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// A metric of `n` records: classes 0 to 2 of which one is rare, scores of 1 that rank, numbers with noise, two groups.
fn measured(metric: Metric, n: usize, chance: &mut Chance, z: f64) -> Figure {
    let label = |it: u8| Label::Number(f64::from(it));
    match metric.needs() {
        Needs::Classes => {
            let mut record = || {
                let truth = [0, 0, 0, 1, 1, 2][(chance.next() * 6.0) as usize];
                let predicted = if chance.next() < 0.8 { truth } else { (chance.next() * 3.0) as u8 };
                (label(truth), label(predicted), 1)
            };
            of_classes(metric, &Confusion::of((0..n).map(|_| record())), Some(&label(1)), z)
        }
        Needs::Scores => {
            let mut record = || {
                let is = chance.next() < 0.3;
                let score = 1.0 / (1.0 + (-(chance.normal() + if is { 0.8 } else { -0.8 })).exp());
                (score, is)
            };
            of_scores(metric, &Scores::of((0..n).map(|_| record())), 10, z)
        }
        Needs::Numbers => {
            let mut sketch = Sketch::new(&Spec::Errors);
            for row in 0..n {
                let truth = 20.0 + 3.0 * chance.normal();
                let prediction = truth + 0.5 + 1.5 * chance.normal();
                sketch.update_many([Value::Num(truth), Value::Num(prediction)].iter(), row as u64);
            }
            let Sketch::Errors(it) = sketch else { panic!("another sketch") };
            of_numbers(metric, &it, 0.9, z)
        }
        Needs::Confidences => {
            let mut record = || {
                let score = 0.3 + 0.7 * chance.next();
                (score, chance.next() < score - 0.1)
            };
            of_scores(metric, &Scores::of((0..n).map(|_| record())), 10, z)
        }
        Needs::Rankings { .. } => {
            // Three classes of which one is rare, with scores that sum to 1.
            let mut ranked = Sketch::new(&Spec::Ranked { names: None, by_class: true, budget: 1 << 20 });
            for row in 0..n {
                let truth = [0, 0, 0, 1, 1, 2][(chance.next() * 6.0) as usize];
                let mut each = |i: usize| (chance.normal() + if i == truth { 1.2 } else { 0.0 }).exp();
                let scores = [each(0), each(1), each(2)];
                let sum: f64 = scores.iter().sum();
                let scores = Value::List(scores.iter().map(|it| Value::Num(it / sum)).collect());
                ranked.update_many([Value::Int(truth as i64), scores].iter(), row as u64);
            }
            let Sketch::Ranked(it) = ranked else { panic!("another sketch") };
            if metric.needs() == (Needs::Rankings { by_class: false }) {
                of_rankings(metric, &it, 2, z)
            } else {
                let one = |(name, _, own, others): (&str, u64, Vec<_>, Vec<_>)| {
                    let own = own.into_iter().map(|it: (f64, f64, u64)| (it.0, it.2 as f64, 0.0));
                    let others = others.into_iter().map(|it: (f64, f64, u64)| (it.0, 0.0, it.2 as f64));
                    (name.to_owned(), Scores::weighted(own.chain(others)))
                };
                let classes: Vec<_> = it.classes().expect("classes").map(one).collect();
                of_one_against_others(metric, &classes, z)
            }
        }
        Needs::Outcomes => {
            let mut sketch = Sketch::new(&Spec::Moments);
            (0..n).for_each(|row| sketch.update(&Value::Num(20.0 + 3.0 * chance.normal()), row as u64));
            let Sketch::Moments(it) = sketch else { panic!("another sketch") };
            of_outcomes(metric, &it, z)
        }
        Needs::OutcomeClasses => of_share(metric, (0..n).filter(|_| chance.next() < 0.07).count() as f64, n as f64, z),
        Needs::Groups { .. } => {
            let mut groups: BTreeMap<u8, Class> = BTreeMap::new();
            for _ in 0..n {
                let group = u8::from(chance.next() < 0.4);
                let truth = chance.next() < 0.5;
                let rate = [[0.3, 0.8], [0.15, 0.6]][usize::from(group)][usize::from(truth)];
                let class = groups.entry(group).or_default();
                match (truth, chance.next() < rate) {
                    (true, true) => class.tp += 1.0,
                    (false, true) => class.fp += 1.0,
                    (true, false) => class.r#fn += 1.0,
                    (false, false) => class.tn += 1.0,
                }
            }
            let groups: Vec<Group> =
                groups.into_iter().map(|(name, class)| Group { name: label(name), class }).collect();
            of_groups(metric, &groups, z)
        }
    }
    .expect("a figure")
}

#[test]
fn intervals_cover_what_they_say() {
    let z = reach(0.95).expect("a confidence");
    let mut wrong = Vec::new();
    for metric in [
        Metric::Accuracy,
        Metric::BalancedAccuracy,
        Metric::Mcc,
        Metric::OfClass(Measure::Precision),
        Metric::OfClass(Measure::Recall),
        Metric::OfClass(Measure::F1),
        Metric::RocAuc,
        Metric::AveragePrecision,
        Metric::LogLoss,
        Metric::Brier,
        Metric::Mae,
        Metric::Rmse,
        Metric::Mape,
        Metric::Bias,
        Metric::R2,
        Metric::QuantileLoss,
        Metric::OutcomeMean,
        Metric::OutcomeRate,
        Metric::TopKAccuracy,
        Metric::LogLossMulticlass,
        Metric::BrierMulticlass,
        Metric::RocAucOvr(Average::Macro),
        Metric::RocAucOvr(Average::Weighted),
        Metric::AveragePrecisionOvr(Average::Macro),
        Metric::DemographicParityDifference,
        Metric::DemographicParityRatio,
        Metric::EqualOpportunityDifference,
    ] {
        let mut chance = Chance(metric.range().1.to_bits() ^ 7);
        let truth = measured(metric, 100_000, &mut chance, z).value;
        let rounds = 400;
        let covered = (0..rounds).filter(|_| {
            let (low, high) = measured(metric, 300, &mut chance, z).interval.expect("an interval");
            (low..=high).contains(&truth)
        });
        let share = covered.count() as f64 / f64::from(rounds);
        eprintln!("{metric:?} of {truth:.4}: {share:.3}");
        // Those of averages over classes are wider than they need to be.
        let is_wide = matches!(metric.needs(), Needs::Rankings { by_class: true });
        if !(0.92..=if is_wide { 1.0 } else { 0.98 }).contains(&share) {
            wrong.push(format!("{metric:?}: {share}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Of two samples of one population hardly more are found to be worse than the level says, and of one that is much worse
/// than the margin most are.
#[test]
fn equal_models_are_rarely_told_apart() {
    let z = reach(0.95).expect("a confidence");
    let mut wrong = Vec::new();
    for (name, metric) in METRICS {
        let Some(is_loss) = metric.is_loss() else { continue };
        let mut chance = Chance(metric.range().1.to_bits() ^ name.len() as u64);
        let rounds = 300;
        let (mut alarms, mut compared) = (0, 0);
        for _ in 0..rounds {
            let (a, b) = (measured(*metric, 300, &mut chance, z), measured(*metric, 300, &mut chance, z));
            let Some(difference) = apart(&a, &b, 300, is_loss) else { continue };
            compared += 1;
            alarms += i32::from(difference.evidence(0.0, 0.05).p_worse < 0.05);
        }
        let share = f64::from(alarms) / f64::from(compared.max(1));
        eprintln!("{name}: {share:.3} of {compared}");
        // Three standard deviations of 300 draws.
        if share > 0.088 {
            wrong.push(format!("{name}: {share}"));
        }
        let is_micro = name.ends_with("_micro") && matches!(metric.needs(), Needs::Rankings { .. });
        assert_eq!(compared == 0, is_micro, "{name}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
