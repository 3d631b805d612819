//! Windows that are watched together (`drift: { sequential: }`): how often any of a thousand windows alarms when
//! nothing has changed, and how soon a change is found.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on fails, and shows its table")]

use std::fmt::Write as _;

use driftline_rules::baseline::Baseline;
use driftline_rules::drift::chance::Chance;
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::plugin::Context;
use driftline_rules::report::Status;
use driftline_rules::run::{self, Finding, Fold, References};
use driftline_rules::samples::Keep;
use driftline_rules::suite::read;
use driftline_rules::time::{Time, Timestamp};
use driftline_rules::value::Value;

const MINUTE: Timestamp = 60_000_000;

fn plan(drift: &str, tests: &[&str]) -> Plan {
    let mut text = format!("drift: {drift}\nwindows: {{ length: 1m }}\nexpectations:\n");
    for it in tests {
        writeln!(text, "- {{ field: x, stable: {{ test: {it}, min_effect: 0 }} }}").unwrap();
    }
    let (suite, mut problems) = read(&text);
    let (plan, more) = compile(&suite, &Options::default());
    problems.extend(more);
    assert!(problems.is_empty(), "{problems:?}");
    plan
}

/// The sum of four uniform numbers, in standard deviations.
fn draw(chance: &mut Chance, shift: f64) -> f64 {
    let uniform = |chance: &mut Chance| (chance.bits() >> 11) as f64 / (1_u64 << 53) as f64;
    ((0..4).map(|_| uniform(chance)).sum::<f64>() - 2.0) * 3_f64.sqrt() + shift
}

fn fold(plan: &Plan, chance: &mut Chance, n: u64, shift: f64) -> Fold {
    let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
    for row in 0..n {
        run::check(plan, &mut [Value::Num(draw(chance, shift))], row, 0, &mut fold);
    }
    fold
}

fn judged(plan: &Plan, baseline: &Baseline, fold: &Fold, number: i64) -> Vec<Finding> {
    let start = Time::parse("2024-05-01").unwrap().micros + number * MINUTE;
    let spends = plan.drift.spends(&plan.windows, (start, start + MINUTE));
    let references = References { baseline: Some(baseline), spends, ..References::default() };
    run::judge_against(plan, fold, 0, &Context::default(), references)
}

fn alarms(plan: &Plan, baseline: &Baseline, fold: &Fold, number: i64) -> bool {
    judged(plan, baseline, fold, number).iter().any(|it| it.judgement.status == Status::Fail)
}

const TOGETHER: &str = "{ sequential: { since: 2024-05-01 } }";

/// All windows of a run are compared with one baseline, so that their tests hang together.
#[test]
fn of_a_thousand_windows_without_drift_hardly_any_run_has_an_alarm() {
    let runs = if std::env::var_os("MANY").is_some() { 400 } else { 12 };
    let mut chance = Chance::new(12);
    let (together, alone) = (plan(TOGETHER, &["ks", "welch"]), plan("{}", &["ks", "welch"]));
    let (mut hits, mut hits_alone) = (0, 0);
    for _ in 0..runs {
        let baseline = Baseline::of_window(&together.bindings, &fold(&together, &mut chance, 300, 0.0).window);
        let (mut any, mut any_alone) = (false, false);
        for number in 0..1000 {
            let window = fold(&together, &mut chance, 40, 0.0);
            any |= alarms(&together, &baseline, &window, number);
            // One is enough to know.
            any_alone = any_alone || alarms(&alone, &baseline, &window, number);
        }
        hits += u32::from(any);
        hits_alone += u32::from(any_alone);
    }
    eprintln!("any alarm in 1,000 windows: together {hits} of {runs} runs, each by itself {hits_alone}");
    let runs = f64::from(runs);
    assert!(f64::from(hits) <= 0.05 * runs + 3.0 * (0.05 * runs).sqrt(), "{hits}");
    assert!(f64::from(hits_alone) > 0.9 * runs, "{hits_alone}: the levels of single windows add up");
}

#[test]
fn a_change_is_found_a_little_later() {
    let mut chance = Chance::new(13);
    let (together, alone) = (plan(TOGETHER, &["ks"]), plan("{}", &["ks"]));
    for (shift, most) in [(0.5, 15), (1.0, 1)] {
        let mut delays = Vec::new();
        for _ in 0..15 {
            let baseline = Baseline::of_window(&together.bindings, &fold(&together, &mut chance, 1000, 0.0).window);
            let (mut one, mut all) = (None, None);
            for at in 0..200 {
                let window = fold(&together, &mut chance, 100, shift);
                // The change comes with window 501.
                one = one.or(alarms(&alone, &baseline, &window, 500 + at).then_some(at + 1));
                all = all.or(alarms(&together, &baseline, &window, 500 + at).then_some(at + 1));
                if all.is_some() {
                    break;
                }
            }
            delays.push((all.unwrap_or(999), one.unwrap_or(999)));
        }
        delays.sort_unstable();
        let mut alone: Vec<_> = delays.iter().map(|it| it.1).collect();
        alone.sort_unstable();
        eprintln!(
            "a shift of {shift} sd: found after {} windows, the median; each by itself {}",
            delays[7].0, alone[7]
        );
        assert!(delays[7].0 <= most, "{delays:?}");
    }
}

#[test]
fn what_is_not_sure_enough_says_so() {
    let mut chance = Chance::new(14);
    let plan = plan(TOGETHER, &["ks"]);
    let baseline = Baseline::of_window(&plan.bindings, &fold(&plan, &mut chance, 1000, 0.0).window);
    let window = fold(&plan, &mut chance, 60, 0.5);
    let first = judged(&plan, &baseline, &window, 0).pop().unwrap().judgement;
    assert_eq!(first.status, Status::Fail, "{first:?}");
    let later = judged(&plan, &baseline, &window, 1_000_000).pop().unwrap().judgement;
    assert_eq!(later.status, Status::Pass);
    assert!(later.why.as_ref().unwrap().contains("likely chance among all windows (p "), "{later:?}");
    let Value::Map(details) = &later.details else { panic!("{later:?}") };
    let level = details.iter().find(|it| it.0 == "level").and_then(|it| it.1.as_f64()).unwrap();
    assert!((1e-10..1e-8).contains(&level), "{level}");
    // Windows before that time are judged by themselves.
    assert_eq!(judged(&plan, &baseline, &window, -1).pop().unwrap().judgement.status, Status::Fail);
}
