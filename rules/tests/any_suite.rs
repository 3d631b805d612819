//! Suites that nobody would write, over records that nobody would send: nothing panics, and the laws of every
//! kind hold.

use std::borrow::Cow;

use driftline_rules::expectation::KINDS;
use driftline_rules::kind::{Kind, ParamType, Subject};
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
const FIELDS: [&str; 3] = ["a", "b", "c"];

fn any_json() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3_i64..5).prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-4_i32..9).prop_map(|it| json!(f64::from(it) / 4.0)),
        any::<f64>().prop_filter("JSON has no NaN", |it| it.is_finite()).prop_map(Json::from),
        text(),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((prop::sample::select(vec!["a", "b", "values", "weights"]), inner), 0..3)
                .prop_map(|it| it
                    .into_iter()
                    .map(|(name, it)| (name.to_owned(), it))
                    .collect::<serde_json::Map<_, _>>())
                .prop_map(Json::from),
        ]
    })
    .boxed()
}

fn text() -> BoxedStrategy<Json> {
    let known = prop::sample::select(vec![
        "",
        "a",
        "b",
        "x y",
        "1",
        "2.5",
        "-1e3",
        "2024-01-01",
        "2024-02-29T12:00:00Z",
        "{\"a\": 1}",
        "ä",
        "%Y-%m-%d",
        "a%",
        "^[a-c]+$",
        "(",
        "int",
        "string",
        "datetime",
        "$.a",
        "nan",
    ]);
    prop_oneof![6 => known.prop_map(Json::from), 1 => "\\PC{0,6}".prop_map(Json::from)].boxed()
}

fn number() -> BoxedStrategy<Json> {
    prop_oneof![(-3_i64..6).prop_map(Json::from), (-4_i32..9).prop_map(|it| json!(f64::from(it) / 4.0))].boxed()
}

fn partition() -> BoxedStrategy<Json> {
    let weights = prop::collection::vec(0_u32..4, 1..5).prop_filter("some weight", |it| it.iter().sum::<u32>() > 0);
    (weights, any::<bool>(), any::<bool>(), 0.0..0.5_f64)
        .prop_map(|(weights, categories, has_tails, tail)| {
            let sum: f64 = weights.iter().copied().map(f64::from).sum();
            let room = if has_tails && !categories { 1.0 - 2.0 * tail } else { 1.0 };
            let n = weights.len();
            let weights: Vec<f64> = weights.into_iter().map(|it| f64::from(it) / sum * room).collect();
            let mut it = json!({ "weights": weights });
            if categories {
                it["values"] = ["a", "b", "1", "x y", ""].into_iter().take(n).collect();
            } else {
                it["bins"] = (0..=n).map(|it| it as f64 - 1.5).collect();
                if has_tails {
                    it["tail_weights"] = json!([tail, tail]);
                }
            }
            it
        })
        .boxed()
}

/// What the type asks for.
fn right(ty: ParamType) -> BoxedStrategy<Json> {
    let list = |of: BoxedStrategy<Json>, least: usize| prop::collection::vec(of, least..5).prop_map(Json::from).boxed();
    match ty {
        ParamType::Number => number(),
        ParamType::Positive => (0_i32..20).prop_map(|it| json!(f64::from(it) / 4.0)).boxed(),
        ParamType::Int => (-2_i64..12).prop_map(Json::from).boxed(),
        ParamType::Bool => any::<bool>().prop_map(Json::from).boxed(),
        ParamType::Text => text(),
        ParamType::Ratio => (0_i32..5).prop_map(|it| json!(f64::from(it) / 4.0)).boxed(),
        ParamType::Bound => prop_oneof![number(), Just(json!("2024-01-01"))].boxed(),
        ParamType::Values => list(any_json(), 0),
        ParamType::SomeValues => list(any_json(), 1),
        ParamType::Texts => list(text(), 0),
        ParamType::SomeTexts => list(text(), 1),
        ParamType::Pairs => list((any_json(), any_json()).prop_map(|(a, b)| json!([a, b])).boxed(), 0),
        ParamType::Choice(words) => prop::sample::select(words).prop_map(Json::from).boxed(),
        ParamType::Field => prop::sample::select(&FIELDS[..]).prop_map(Json::from).boxed(),
        ParamType::Duration => prop::sample::select(vec!["90s", "1h", "7d"]).prop_map(Json::from).boxed(),
        ParamType::Mapping => {
            let schema = Just(json!({"type": "integer", "minimum": 1}));
            prop_oneof![3 => partition(), 1 => schema, 1 => any_json()].boxed()
        }
        ParamType::ListOrMapping => list((1_i64..4).prop_map(Json::from).boxed(), 0),
        #[allow(unreachable_patterns, reason = "a type that is new here gets what any parameter may get")]
        _ => any_json(),
    }
}

/// An entry of the kind in either form; most parameters are of the right type.
fn entry(kind: &'static Kind) -> BoxedStrategy<Json> {
    let params: Vec<_> = kind
        .params
        .iter()
        .map(|it| {
            let given = if it.required { 0.98 } else { 0.5 };
            prop::option::weighted(given, prop_oneof![12 => right(it.ty), 1 => any_json()])
        })
        .collect();
    let mostly = prop::option::weighted(0.3, prop::sample::select(vec![0.0, 0.5, 0.9, 1.0]));
    (params, mostly, any::<bool>(), prop::sample::subsequence(FIELDS.to_vec(), 2..=3))
        .prop_map(move |(params, mostly, gx, fields)| {
            let named = kind.params.iter().zip(params).filter_map(|(param, it)| Some((param, it?)));
            let mut members: serde_json::Map<String, Json> =
                named.map(|(param, it)| (if gx { param.gx } else { param.name }.to_owned(), it)).collect();
            let mut entry = json!({});
            let (owner, names) = if gx {
                (&mut members, ["column", "column_list"])
            } else {
                (entry_of(&mut entry), ["field", "fields"])
            };
            match kind.subject {
                Subject::Field => owner.insert(names[0].to_owned(), json!(fields[0])),
                Subject::Pair if gx => {
                    owner.insert("column_A".to_owned(), json!(fields[0]));
                    owner.insert("column_B".to_owned(), json!(fields[1]))
                }
                Subject::Pair => owner.insert(names[1].to_owned(), json!(&fields[..2])),
                Subject::Fields(_) => owner.insert(names[1].to_owned(), json!(fields)),
                Subject::Table => None,
            };
            let mostly = mostly.filter(|_| kind.mostly);
            if gx {
                members.extend(mostly.map(|it| ("mostly".to_owned(), json!(it))));
                return json!({ "type": kind.gx, "kwargs": members });
            }
            entry[kind.name] = Json::from(members);
            entry_of(&mut entry).extend(mostly.map(|it| ("mostly".to_owned(), json!(it))));
            entry
        })
        .boxed()
}

fn entry_of(it: &mut Json) -> &mut serde_json::Map<String, Json> {
    it.as_object_mut().expect("is made as an object")
}

fn cell() -> BoxedStrategy<Value<'static>> {
    prop_oneof![
        6 => any_json().prop_map(|it| value(&it)),
        6 => (-2_i64..4).prop_map(Value::Int),
        4 => (-6_i32..7).prop_map(|it| Value::Num(f64::from(it) / 2.0)),
        4 => prop::sample::select(vec!["a", "b", "1"]).prop_map(Value::text),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]).prop_map(Value::Num),
        1 => any::<u64>().prop_map(Value::Big),
        1 => Just(Value::Null),
    ]
    .boxed()
}

fn value(it: &Json) -> Value<'static> {
    match it {
        Json::Null => Value::Null,
        Json::Bool(it) => Value::Bool(*it),
        Json::Number(it) => it.as_i64().map_or_else(|| Value::Num(it.as_f64().unwrap_or(0.0)), Value::Int),
        Json::String(it) => Value::Str(Cow::Owned(it.clone())),
        Json::Array(it) => Value::List(it.iter().map(value).collect()),
        Json::Object(it) => Value::Map(it.iter().map(|(name, it)| (name.clone().into(), value(it))).collect()),
    }
}

/// Columns mostly of one kind each, so that rules find something to judge.
fn records() -> BoxedStrategy<Vec<Value<'static>>> {
    let column = prop_oneof![
        prop::collection::vec((-6_i32..7).prop_map(|it| Value::Num(f64::from(it) / 2.0)), 24),
        prop::collection::vec((-2_i64..4).prop_map(Value::Int), 24),
        prop::collection::vec(prop::sample::select(vec!["a", "b", "1", "x y"]).prop_map(Value::text), 24),
        prop::collection::vec(cell(), 24),
        prop::collection::vec(prop_oneof![Just(Value::Null), Just(Value::Missing)], 24),
    ];
    (prop::collection::vec(column, 3), 0_usize..25)
        .prop_map(|(columns, n)| {
            let record = |row: usize| {
                let cells = FIELDS.iter().zip(&columns).map(|(name, it)| ((*name).into(), it[row].clone()));
                Value::Map(cells.filter(|it| it.1 != Value::Missing).collect())
            };
            (0..n).map(record).collect()
        })
        .boxed()
}

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
            members.iter_mut().for_each(|(_, it)| sort_members(it));
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

/// Kinds whose parameters chance does not find; their own tests must do.
const GUESSED_BY_NO_ONE: &[&str] = &[];

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
