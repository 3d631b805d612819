use super::{Bounds, Condition, Mode, Per, Quorum, Silence, Source, Test, When};
use crate::plan::{Options, Plan, compile};
use crate::report::{Severity, Status};
use crate::suite::problem::Problem;
use crate::suite::read;

const SUITE: &str = "\
windows: { lengths: [5m, 1h] }
record: { version: model_version }
segments: [region, [model_version]]
expectations:
- { field: amount, mean_between: { max: 50 }, name: mean amount, watch: adwin }
- { field: amount, between: { max: 100 } }
- { field: amount, stable: {} }
- { field: age, stable: {} }
";

fn compiled(triggers: &str) -> (Plan, Vec<Problem>) {
    let (suite, mut problems) = read(&format!("{SUITE}triggers:\n{triggers}"));
    let (plan, more) = compile(&suite, &Options::default());
    problems.extend(more);
    (plan, problems)
}

/// With all that a trigger may say.
const FULL: &str = "\
- name: mean is up
  when: { finding: mean amount, length: 1h, above: 50, clear_below: 45, quorum: { failing: 3, of: 5 }, min_records: 500 }
  for: 30m
  cooldown: 6h
  repeat: 12h
  severity: warning
  per: [version]
  mode: approve
  silence:
  - { from: 2026-12-24T00:00Z, to: 2026-12-27T00:00Z }
  - { schedule: '0 2 * * 0', lasts: 2h }
  verify: { within: 24h, finding: mean amount, below: 45 }
  give_up: { after: 3, gain: 0.5 }
  actions: [retrain]
  notify: [slack]
- { name: weekly, schedule: '0 3 * * 1' }
- { name: by hand }
";

#[test]
fn a_trigger_is_read_with_all_that_it_says() {
    let (plan, problems) = compiled(FULL);
    assert!(problems.is_empty(), "{problems:?}");
    let [it, weekly, by_hand] = plan.triggers.as_slice() else { panic!("{:?}", plan.triggers) };
    let minute = 60_000_000;
    assert_eq!((it.hold, it.cooldown, it.repeat), (30 * minute, 360 * minute, Some(720 * minute)));
    assert_eq!(
        (it.severity, it.mode, &it.per),
        (Severity::Warning, Mode::Approve, &Per::Fields(vec!["model_version".into()]))
    );
    assert_eq!((it.actions.as_slice(), it.notify.as_slice()), (&["retrain".to_owned()][..], &["slack".to_owned()][..]));
    let leaf = &it.leaves[0];
    let bounds = Bounds { above: Some(50.0), clear_below: Some(45.0), ..Bounds::default() };
    assert_eq!((leaf.test, leaf.quorum, leaf.min_records), (Test::Bounds(bounds), Quorum { failing: 3, of: 5 }, 500));
    assert_eq!((leaf.length.as_deref(), leaf.checks[0].0.as_str()), (Some("1h"), "mean amount"));
    let (verify, give_up) = (it.verify.unwrap(), it.give_up.unwrap());
    assert_eq!((verify.leaf, give_up.after, give_up.gain), (Some(1), 3, 0.5));
    // The leaf of `verify` is of the shortest windows, since it names no others.
    assert_eq!(it.leaves[1].length.as_deref(), Some("5m"));
    let at = |text: &str| crate::time::Time::parse(text).unwrap().micros;
    let [between, every] = it.silence.as_slice() else { panic!("{:?}", it.silence) };
    assert_eq!(between.until(at("2026-12-25T00:00Z")), Some(at("2026-12-27T00:00Z")));
    assert_eq!(between.until(at("2026-12-27T00:00Z")), None);
    // A Sunday.
    assert_eq!(every.until(at("2026-11-22T03:59:59Z")), Some(at("2026-11-22T04:00Z")));
    assert_eq!((every.until(at("2026-11-22T04:00Z")), every.until(at("2026-11-23T03:00Z"))), (None, None));
    let Silence::Every(schedule, _) = every else { panic!("{every:?}") };
    assert_eq!(schedule.next(at("2026-11-21T21:00Z")), Some(at("2026-11-22T02:00Z")));
    assert!(matches!((&weekly.when, &by_hand.when), (When::Schedule(_), When::Demand)));
}

/// With all that conditions may be.
const JOINED: &str = "  drift: { when: [{ finding: { kind: stable } }, { not: { trigger: late } }] }
  late: { any: [{ pass_rate: amount between, below: 0.99 }, { watch: mean amount }] }
  wide: { at_least: { n: 1, of: [{ drifted: { fields: 2 } }, { drifted: { share: 0.5, of: [age] } }] }, per: segment }
";

#[test]
fn conditions_mean_expectations_by_name_title_kind_field_and_detector() {
    let (plan, problems) = compiled(JOINED);
    assert!(problems.is_empty(), "{problems:?}");
    // One that names another stands behind it.
    let names: Vec<_> = plan.triggers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["late", "wide", "drift"]);
    let checks = |i: usize, leaf: usize| -> Vec<&str> {
        plan.triggers[i].leaves[leaf].checks.iter().map(|it| it.0.as_str()).collect()
    };
    assert_eq!(checks(0, 0), ["amount between"]);
    assert_eq!(checks(0, 1), ["mean amount, adwin"]);
    assert_eq!(checks(1, 0), ["amount stable", "age stable"]);
    assert_eq!(checks(1, 1), ["age stable"]);
    assert_eq!(checks(2, 0), ["amount stable", "age stable"]);
    assert_eq!(plan.triggers[2].leaves[0].test, Test::Status(Status::Fail));
    assert!(matches!(plan.triggers[1].leaves[1].source, Source::DriftedShare(_)));
    assert!(matches!(plan.triggers[2].condition(), Some(Condition::All(_))));
    assert_eq!(plan.triggers[1].per, Per::Segment);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_all_at_once() {
    for (trigger, message) in [
        ("5", "expected a trigger, found a number"),
        ("{ when: { finding: mean amount } }", "a trigger needs a name"),
        ("{ name: a, wen: 5 }", "unknown member `wen`"),
        ("{ name: a, when: { finding: mean amont } }", "there is no expectation `mean amont`"),
        ("{ name: a, when: { finding: stable } }", "`stable` may be any of `amount stable`, `age stable`"),
        ("{ name: a, when: { finding: mean amount, below: 5, clear_above: 4 } }", "`clear_above` stands beside"),
        ("{ name: a, when: { finding: mean amount, clear_above: 4 } }", "it says when all is well again"),
        ("{ name: a, when: { finding: mean amount, length: 60 } }", "`length` must be text, found a number"),
        ("{ name: a, when: { finding: mean amount, length: 1d } }", "the suite has no windows of 1d"),
        ("{ name: a, when: { finding: mean amount, quorum: { failing: 6, of: 5 } } }", "expected a whole number"),
        ("{ name: a, when: { finding: mean amount, below: 5, status: fail } }", "bounds are on the number"),
        ("{ name: a, when: { pass_rate: mean amount, below: 5 } }", "`mean amount` is about windows"),
        ("{ name: a, when: { pass_rate: amount between } }", "a pass rate needs a bound"),
        ("{ name: a, when: { watch: amount between } }", "no detector watches it"),
        ("{ name: a, when: { drifted: { fields: 2, of: [colour] } } }", "nothing tells whether `colour` drifts"),
        ("{ name: a, when: { trigger: b } }", "there is no trigger `b`"),
        ("{ name: a, when: { trigger: a } }", "triggers wait for each other: `a`"),
        ("{ name: a, when: { all: [] } }", "expected conditions, found none"),
        (
            "{ name: a, when: { finding: mean amount }, schedule: '0 3 * * 1' }",
            "`when` and `schedule` stand side by side",
        ),
        ("{ name: a, schedule: '0 25 * * *' }", "not a schedule as cron writes it"),
        ("{ name: a, schedule: '0 0 30 2 *' }", "not a schedule as cron writes it: it never comes"),
        ("{ name: a, schedule: '0 3 * * 1', for: 5m }", "only a condition can hold for some time"),
        ("{ name: a, when: { finding: mean amount }, for: soon }", "expected a length of time"),
        ("{ name: a, when: { finding: mean amount }, mode: autmatic }", "unknown word `autmatic`"),
        (
            "{ name: a, when: { finding: mean amount }, per: [colour] }",
            "the suite does not divide its records by colour",
        ),
        ("{ name: a, when: { finding: mean amount }, mode: suggest, actions: [x] }", "`mode: suggest` runs no actions"),
        (
            "{ name: a, when: { finding: mean amount }, silence: { from: 2026-12-24 } }",
            "expected a time to be silent in",
        ),
        ("{ name: a, when: { finding: mean amount }, verify: {} }", "`within` is missing"),
        ("{ name: a, when: { finding: mean amount }, give_up: { gain: 1 } }", "`after` is missing"),
        ("{ name: a, when: { finding: mean amount }, cooldown: 2h, repeat: 1h }", "it must be longer than nothing"),
        (
            "{ name: a, when: { finding: mean amount, segment: 'colour=red' } }",
            "the suite divides its records into no segment",
        ),
    ] {
        let (_, problems) = compiled(&format!("- {trigger}\n"));
        let [problem] = problems.as_slice() else { panic!("{trigger}: {problems:?}") };
        assert!(problem.message.starts_with(message), "{trigger}: {}", problem.message);
        assert!(problem.path.starts_with("triggers"), "{trigger}: {problem:?}");
        assert_eq!(problem.at.line, 10.max(problem.at.line), "{problem:?}");
    }
    let (_, problems) = compiled("- { name: a, when: { finding: x }, for: y, cooldown: z }\n- { name: a, mode: w }\n");
    assert_eq!(problems.len(), 5, "{problems:?}");
}

#[test]
fn the_schema_for_editors_takes_what_is_read_and_refuses_what_is_not() {
    let schema = jsonschema::validator_for(&crate::suite_schema::suite_schema()).unwrap();
    let is_valid = |triggers: &str| {
        let node = crate::suite::node::parse(&format!("{SUITE}triggers:\n{triggers}")).unwrap();
        schema.is_valid(&node.to_value().to_json())
    };
    assert!(is_valid(FULL) && is_valid(JOINED));
    for bad in [
        "- 5",
        "- { when: { finding: a } }",
        "- { name: a, wen: 5 }",
        "- { name: a, mode: never }",
        "- { name: a, when: { finding: a, belo: 5 } }",
        "- { name: a, when: { finding: a, pass_rate: b } }",
        "- { name: a, when: { at_least: { n: 0, of: [{ finding: a }] } } }",
        "- { name: a, silence: { from: 2026-12-24 } }",
        "- { name: a, verify: { finding: a } }",
        "- { name: a, give_up: { gain: 1 } }",
    ] {
        assert!(!is_valid(bad), "{bad}");
    }
}
