//! Windows one after the other: detectors watch what expectations find in them.

use std::borrow::Cow;

use super::Finding;
use crate::detector::{Detector, Memory, Step, Watch};
use crate::kind::Check;
use crate::plan::{Expectation, Plan};
use crate::report::{Judgement, Status};
use crate::value::Value;

/// What a watch says of a single window, a batch or a file.
pub(super) fn alone(watch: &Watch) -> Judgement {
    Judgement::skip("changes are seen from window to window, which a service watches").bound(bound(watch))
}

fn bound(watch: &Watch) -> String {
    format!("no change from window to window, by {}", watch.words())
}

/// Gives the detectors of the plan what the expectations that they watch have found in the window that follows the one
/// which `memory` is of, and puts what they say in the place of their findings. Windows are to be given in order, those
/// of one length and one segment; `memory` is what is to be kept with this one.
pub fn watch(plan: &Plan, findings: &mut [Finding], memory: &mut Memory) {
    let watches = plan.expectations.iter().enumerate().filter_map(|(i, it)| match &it.check {
        Check::Watch(watch) => Some((i, watch)),
        _ => None,
    });
    for (n, (i, watch)) in watches.enumerate() {
        // What is watched stands right before the watch.
        let target = i.checked_sub(1).and_then(|at| Some((plan.expectations.get(at)?, at)));
        let Some((expectation, at)) = target else { continue };
        let Some(found) = findings.iter().find(|it| it.expectation == at).map(|it| metric(&it.judgement)) else {
            continue;
        };
        let judgement = match found {
            Err(why) => Judgement::skip(format!("there is nothing to watch: {why}")),
            Ok(value) => match memory.update(n, watch, value) {
                Some((step, detector)) => told(expectation, watch, value, step, detector),
                None => Judgement::error(format!("the parameters of {} do not go together", watch.words())),
            },
        };
        if let Some(it) = findings.iter_mut().find(|it| it.expectation == i) {
            it.judgement = judgement.bound(bound(watch));
        }
    }
}

/// The number that an expectation found: what it observed or, of a rule on records, the share of those that it does not
/// hold for. The error says why there is none.
fn metric(judgement: &Judgement) -> Result<f64, String> {
    if matches!(judgement.status, Status::Skip | Status::Error) {
        return Err(judgement.why.clone().unwrap_or_else(|| judgement.status.name().to_owned()));
    }
    let observed = match &judgement.observed {
        Value::Bool(it) => Some(f64::from(u8::from(*it))),
        it => it.as_f64(),
    };
    let share = || {
        let counts = judgement.counts.as_ref()?;
        let judged = counts.elements - counts.missing.unwrap_or(0).min(counts.elements);
        (judged > 0).then(|| counts.unexpected as f64 / judged as f64)
    };
    let found = observed.or_else(share).filter(|it| it.is_finite());
    found.ok_or_else(|| "what it finds is no number".to_owned())
}

fn told(expectation: &Expectation, watch: &Watch, value: f64, step: Step, detector: &Detector) -> Judgement {
    let title = expectation.title();
    let (name, n) = (detector.kind().name, detector.n());
    let what =
        if matches!(expectation.check, Check::Window(_)) { title } else { format!("the share that fails `{title}`") };
    let judgement = if step.drift {
        Judgement::new(Status::Fail).why(format!("{what} has changed, says {name}: it is {} now", short(value)))
    } else if !detector.kind().takes.admits(value) {
        Judgement::skip(format!("{name} takes {}, and it is {}", detector.kind().takes.describe(), short(value)))
    } else if n < watch.warm_up() {
        Judgement::skip(format!("{n} of the {} windows were seen that {name} needs", watch.warm_up()))
    } else if step.warning {
        Judgement::new(Status::Pass).why(format!("{what} may be changing, warns {name}"))
    } else {
        Judgement::new(Status::Pass)
    };
    let mut details: Vec<(Cow<'static, str>, Value<'static>)> = vec![
        ("detector".into(), Value::text(name)),
        ("windows".into(), Value::Int(n as i64)),
        ("drift".into(), Value::Bool(step.drift)),
        ("warning".into(), Value::Bool(step.warning)),
    ];
    details.extend(detector.figures().into_iter().map(|(name, it)| (name.into(), Value::Num(it))));
    judgement.observed(Value::Num(value)).details(Value::Map(details))
}

/// A number as it is said in a sentence.
fn short(value: f64) -> String {
    if value != 0.0 && (value.abs() < 1e-3 || value.abs() >= 1e7) {
        format!("{value:.3e}")
    } else {
        format!("{}", (value * 1e4).round() / 1e4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Options, compile};
    use crate::run::{Fold, check, judge};
    use crate::samples::Keep;
    use crate::suite::read;

    fn plan(entry: &str) -> Plan {
        let (plan, problems) = compile(&read(&format!("expectations:\n- {entry}")).0, &Options::default());
        assert!(problems.is_empty(), "{problems:?}");
        plan
    }

    /// What the watch says of windows of these values, one after the other; between two, the memory goes to bytes and
    /// back.
    fn over(plan: &Plan, windows: &[&[Value<'static>]]) -> Vec<Judgement> {
        let mut kept = Vec::new();
        let each = |values: &&[Value<'static>]| {
            let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
            for (row, value) in values.iter().enumerate() {
                check(plan, &mut [value.clone()], row as u64, 0, &mut fold);
            }
            let mut findings = judge(plan, &fold, 0);
            let mut memory = Memory::from_bytes(&kept);
            watch(plan, &mut findings, &mut memory);
            kept = memory.to_bytes();
            findings.pop().map_or_else(|| Judgement::skip(""), |it| it.judgement)
        };
        windows.iter().map(each).collect()
    }

    fn statuses(of: &[Judgement]) -> String {
        let letter = |it: &Judgement| match it.status {
            Status::Pass => 'p',
            Status::Skip => 's',
            Status::Fail => 'F',
            Status::Error => 'e',
        };
        of.iter().map(letter).collect()
    }

    #[test]
    fn a_mean_that_rises_is_found_and_told() {
        let plan = plan(
            "{ field: a, mean_between: { min: 0 }, watch: { detector: page_hinkley, min_instances: 3, threshold: 4 } }",
        );
        let (low, high) = ([Value::Int(1), Value::Int(2)], [Value::Num(9.5)]);
        let windows: [&[Value]; 7] = [&low, &low, &low, &[Value::Null], &low, &high, &low];
        let said = over(&plan, &windows);
        assert_eq!(statuses(&said), "sspspFp");
        assert_eq!(said[0].why.as_deref(), Some("1 of the 3 windows were seen that page_hinkley needs"));
        assert!(
            said[3].why.as_deref().is_some_and(|it| it.starts_with("there is nothing to watch: ")),
            "{:?}",
            said[3]
        );
        assert_eq!(said[5].why.as_deref(), Some("a mean_between has changed, says page_hinkley: it is 9.5 now"));
        assert_eq!(said[5].observed, Value::Num(9.5));
        assert_eq!(said[5].bound, "no change from window to window, by page_hinkley (min_instances 3, threshold 4.0)");
    }

    #[test]
    fn of_a_rule_on_records_the_share_that_fails_is_watched() {
        let plan = plan(
            "{ field: a, between: { min: 0 }, mostly: 0.1, watch: { detector: cusum, min_instances: 2, threshold: 0.3, delta: 0 } }",
        );
        let (good, bad) = ([Value::Int(1), Value::Int(2), Value::Null], [Value::Int(1), Value::Int(-2)]);
        let said = over(&plan, &[&good, &good, &good, &bad, &bad]);
        assert_eq!(statuses(&said), "sppFp");
        assert_eq!(
            said[3].why.as_deref(),
            Some("the share that fails `a between` has changed, says cusum: it is 0.5 now")
        );
    }

    #[test]
    fn one_window_alone_shows_no_change() {
        let plan = plan("{ field: a, mean_between: { min: 0 }, watch: adwin }");
        let findings = judge(&plan, &Fold::new(&plan, Keep { values: 0, all_rows: false }), 0);
        assert_eq!(findings.last().map(|it| it.judgement.status), Some(Status::Skip));
    }

    #[test]
    fn what_cannot_be_remembered_begins_anew() {
        let adwin = plan("{ field: a, mean_between: { min: 0 }, watch: adwin }");
        let Some(Check::Watch(watch)) = adwin.expectations.last().map(|it| &it.check) else { panic!("no watch") };
        let mut memory = Memory::default();
        for _ in 0..50 {
            memory.update(1, watch, 1.0);
        }
        let bytes = memory.to_bytes();
        let n = |bytes: &[u8]| Memory::from_bytes(bytes).update(1, watch, 1.0).map(|it| it.1.n());
        assert_eq!(n(&bytes), Some(51));
        // Other bytes and other parameters.
        for cut in 0..bytes.len() {
            assert_eq!(n(&bytes[..cut]), Some(1), "{cut}");
        }
        let other = plan("{ field: a, mean_between: { min: 0 }, watch: { detector: adwin, delta: 0.5 } }");
        let Some(Check::Watch(other)) = other.expectations.last().map(|it| &it.check) else { panic!("no watch") };
        assert_eq!(Memory::from_bytes(&bytes).update(1, other, 1.0).map(|it| it.1.n()), Some(1));
    }
}
