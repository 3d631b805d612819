//! Suites that nobody would write, over records that nobody would send: nothing panics, and the laws of every
//! kind hold.

mod chance;
mod stored;

use chance::{FIELDS, entry, records};

use driftline_rules::expectation::KINDS;
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::report::Judgement;
use driftline_rules::run::{self, Finding, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::suite;
use driftline_rules::value::Value;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value as Json, json};

/// 2024-01-01T00:00:00Z.
const NOW: i64 = 1_704_067_200_000_000;

/// A suite of one entry, or of several, compiled with a budget that some windows exceed.
fn plan(entries: &[Json], budget: usize) -> Plan {
    let (suite, _) = suite::read(&json!({ "expectations": entries }).to_string());
    compile(&suite, &Options { budget, ..Options::default() }).0
}

fn fold(plan: &Plan, records: &[Value<'static>], first: usize) -> Fold {
    let mut fold = Fold::new(plan, Keep { values: 5, all_rows: true });
    for (i, record) in records.iter().enumerate() {
        let number = (first + i) as u64;
        let Value::Map(members) = record else { continue };
        // In one order, whatever that of the members: only rules about columns may ask for it.
        for (place, name) in FIELDS.iter().enumerate() {
            if members.iter().any(|it| it.0 == *name) {
                fold.window.columns.see(name, number, place as u32);
            }
        }
        check(plan, record, number, &mut fold);
    }
    fold
}

fn check(plan: &Plan, record: &Value<'static>, number: u64, fold: &mut Fold) {
    let mut cells = vec![Value::Missing; plan.shape.width()];
    plan.shape.fill(record, &mut cells);
    run::check(plan, &mut cells, number, NOW, fold);
    let failed = fold.failed.clone();
    run::explain(plan, &cells, NOW, &failed);
}

/// As text, in which NaN equals NaN, and the order of members in a value shown means nothing.
fn findings(plan: &Plan, fold: &Fold) -> Vec<String> {
    let mut findings = run::judge(plan, fold, NOW);
    for it in findings.iter_mut().flat_map(|it| &mut it.sample.unexpected) {
        sort_members(&mut it.value);
    }
    findings.iter().map(|it| format!("{it:?}")).collect()
}

fn sort_members(value: &mut Value) {
    match value {
        Value::Map(members) => {
            members.sort_by(|a, b| a.0.cmp(&b.0));
            for (_, it) in members {
                sort_members(it);
            }
        }
        Value::List(items) => items.iter_mut().for_each(sort_members),
        _ => {}
    }
}

/// Neither the order of an object's members nor that of the columns is part of an answer here.
fn verdicts(plan: &Plan, records: &[Value<'static>]) -> Vec<Vec<u16>> {
    let mut fold = Fold::new(plan, Keep { values: 5, all_rows: true });
    let verdict = |(i, record): (usize, &Value<'static>)| {
        check(plan, record, i as u64, &mut fold);
        fold.failed.clone()
    };
    records.iter().enumerate().map(verdict).collect()
}

fn reversed(it: &Value<'static>) -> Value<'static> {
    match it {
        Value::Map(members) => Value::Map(members.iter().rev().cloned().collect()),
        it => it.clone(),
    }
}

fn budget() -> BoxedStrategy<usize> {
    prop_oneof![4 => Just(1000_usize), 1 => 1_usize..8].boxed()
}

fn seeds(n: u32) -> ProptestConfig {
    ProptestConfig { cases: n, ..ProptestConfig::default() }
}

/// Runs a law for each kind by itself, so that none is left to chance.
fn for_each_kind(cases: u32, law: impl Fn(&Plan, &[Value<'static>], &[usize]) -> Result<(), TestCaseError>) {
    for kind in KINDS {
        let given = (entry(kind), records(), budget(), prop::collection::vec(0_usize..25, 0..4));
        let mut runner = proptest::test_runner::TestRunner::new(seeds(cases));
        let outcome = runner.run(&given, |(entry, records, budget, cuts)| {
            let plan = plan(&[entry], budget);
            law(&plan, &records, &cuts)
        });
        if let Err(problem) = outcome {
            panic!("{}: {problem}", kind.name);
        }
    }
}

/// Kinds that chance does not find a pass and a fail of; their own tests must do. `quality` wants thirty records with
/// labels, `label_coverage` a log of predictions, the others a baseline.
const GUESSED_BY_NO_ONE: &[&str] = &["label_coverage", "quality", "records_similar", "stable"];

/// Else the laws would hold for rules that are never applied.
#[test]
fn most_entries_compile_and_their_rules_pass_and_fail() {
    use driftline_rules::kind::Check;
    use driftline_rules::report::Status;
    for kind in KINDS {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let (mut compiled, mut passed, mut failed) = (0, 0, 0);
        for _ in 0..300 {
            let draw = |it: BoxedStrategy<_>, runner: &mut _| it.new_tree(runner).map(|it| it.current());
            let Ok(entry) = draw(entry(kind), &mut runner) else { continue };
            let Ok(records) = records().new_tree(&mut runner).map(|it| it.current()) else { continue };
            let plan = plan(&[entry], 1000);
            let valid = plan.expectations.last().is_some_and(|it| !matches!(it.check, Check::Invalid(_)));
            compiled += u32::from(valid);
            let found = run::judge(&plan, &fold(&plan, &records, 0), NOW).pop().map(|it| it.judgement.status);
            passed += u32::from(valid && found == Some(Status::Pass));
            failed += u32::from(valid && found == Some(Status::Fail));
        }
        let enough = compiled >= 10 && passed >= 1 && failed >= 1;
        assert!(enough || GUESSED_BY_NO_ONE.contains(&kind.name), "{}: {compiled} {passed} {failed}", kind.name);
    }
}

#[test]
fn one_batch_equals_any_split_merged_in_any_order() {
    for_each_kind(80, |plan, records, cuts| {
        let whole = fold(plan, records, 0);
        let mut cuts: Vec<usize> = cuts.iter().map(|it| (*it).min(records.len())).collect();
        let order = cuts.clone();
        cuts.extend([0, records.len()]);
        cuts.sort_unstable();
        let mut parts: Vec<Fold> = cuts.windows(2).map(|it| fold(plan, &records[it[0]..it[1]], it[0])).collect();
        // Some order that depends on the cuts as they were drawn.
        for (i, at) in order.iter().enumerate() {
            let n = parts.len();
            parts.swap(i % n, at % n);
        }
        let mut merged = Fold::new(plan, whole.samples.keep);
        for part in parts {
            merged.merge(part);
        }
        prop_assert_eq!(findings(plan, &merged), findings(plan, &whole));
        Ok(())
    });
}

#[test]
fn the_verdict_on_a_record_does_not_depend_on_its_neighbours() {
    for_each_kind(40, |plan, records, _| {
        let together = verdicts(plan, records);
        for (record, verdict) in records.iter().zip(together) {
            prop_assert_eq!(verdicts(plan, std::slice::from_ref(record)), vec![verdict]);
        }
        Ok(())
    });
}

#[test]
fn the_order_of_a_records_members_changes_nothing() {
    for_each_kind(40, |plan, records, _| {
        let turned: Vec<_> = records.iter().map(reversed).collect();
        prop_assert_eq!(verdicts(plan, &turned), verdicts(plan, records));
        prop_assert_eq!(findings(plan, &fold(plan, &turned, 0)), findings(plan, &fold(plan, records, 0)));
        Ok(())
    });
}

#[test]
fn a_finding_states_its_bound_and_why_it_did_not_pass() {
    use driftline_rules::report::Status;
    for_each_kind(40, |plan, records, _| {
        for Finding { expectation, judgement, .. } in run::judge(plan, &fold(plan, records, 0), NOW) {
            let Judgement { status, why, counts, observed, .. } = &judgement;
            let kind = plan.expectations[expectation].kind;
            // Counts, or an observed value beside the bound, say enough of a failure.
            let says = why.is_some() || counts.is_some() || *observed != Value::Missing;
            prop_assert!(*status == Status::Pass || says, "{}: {judgement:?}", kind.name);
        }
        Ok(())
    });
}

proptest! {
    #![proptest_config(seeds(300))]

    #[test]
    fn suites_of_many_kinds_never_panic(
        entries in prop::collection::vec(prop::sample::select(KINDS).prop_flat_map(entry), 0..8),
        records in records(),
        budget in budget(),
    ) {
        let plan = plan(&entries, budget);
        let fold = fold(&plan, &records, 0);
        prop_assert_eq!(run::judge(&plan, &fold, NOW).len(), plan.expectations.len());
    }
}
