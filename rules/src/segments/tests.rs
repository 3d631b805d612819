use proptest::prelude::*;

use super::*;
use crate::plan::{Options, compile};
use crate::report::Status;
use crate::run::{Finding, References};
use crate::suite::read;

const KEEP: Keep = Keep { values: 3, all_rows: false };

fn plan(most: usize) -> Plan {
    let text = "
types: { d: date }
expectations:
- { field: n, between: { min: 0, max: 50 } }
- { field: n, mean_between: { min: 10, max: 40 }, segments: only }
- { field: n, unique: {}, segments: total }
- { field: n, increasing: {}, severity: warning }
- { field: n, not_null: {}, when: 'b == \"x\"', mostly: 0.5 }
- { field: [n, b], pair_equal: {} }
- { row_count_between: { min: 3 } }
- { field: n, quantile_between: { quantile: 0.5, min: 0 } }
- { field: n, distinct_values_in_set: [1, 2, 3] }
";
    let (suite, problems) = read(&format!("segments: {{ by: [a, [b, a]], most: {most} }}\n{text}"));
    let (plan, more) = compile(&suite, &Options::default());
    assert_eq!((problems, more), (vec![], vec![]));
    plan
}

type Record = (u8, u8, Option<i64>);

fn cells(plan: &Plan, (a, b, n): &Record) -> Vec<Value<'static>> {
    let mut members = vec![("a".into(), Value::Int(i64::from(*a)))];
    // Some are missing, null, or of a wrong type.
    let b = [Value::text("x"), Value::text("y"), Value::Null, Value::Int(7)].get(usize::from(*b)).cloned();
    members.push(("b".into(), b.unwrap_or_default()));
    members.push(("d".into(), Value::text(if *a == 1 { "2024-01-01" } else { "never" })));
    members.extend(n.map(|it| ("n".into(), if it == 99 { Value::text("odd") } else { Value::Int(it) })));
    let mut cells = vec![Value::Missing; plan.shape.width()];
    plan.shape.fill(&Value::Map(members), &mut cells);
    cells
}

fn folded(plan: &Plan, records: &[Record], rows: std::ops::Range<usize>, held: usize) -> Segmented {
    let mut out = Segmented { held, ..Segmented::new(plan, KEEP) };
    for row in rows {
        let Some(record) = records.get(row) else { continue };
        out.check(plan, &mut cells(plan, record), row as u64, 0);
    }
    out
}

/// All answers, as text.
fn answers(plan: &Plan, it: Segmented) -> Vec<(String, u64, String)> {
    let (total, segments) = it.finish(plan);
    let mut out = vec![(String::new(), total.window.rows, format!("{:?}", run::judge(plan, &total, 0)))];
    for Segment { name, part } in segments {
        let rows = part.window.rows;
        let found = judged(plan, &name, &part.into_fold(plan, &total.window));
        out.push((name, rows, format!("{found:?}")));
    }
    out
}

fn judged(plan: &Plan, name: &str, fold: &Fold) -> Vec<Finding> {
    let context = crate::plugin::Context { segment: Some(name.to_owned()), ..Default::default() };
    run::judge_against(plan, fold, 0, &context, References::default())
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec((0_u8..9, 0_u8..5, prop::option::weighted(0.9, prop_oneof![0_i64..60, Just(99)])), 0..60)
}

proptest! {
    #[test]
    fn any_split_merged_in_any_order_answers_as_one_pass(
        records in records(),
        cuts in prop::collection::vec(0_usize..60, 0..5),
        most in 1_usize..12,
        held in prop_oneof![Just(10_000_usize), 1_usize..12],
    ) {
        let plan = plan(most);
        let whole = answers(&plan, folded(&plan, &records, 0..records.len(), held));
        let mut ends: Vec<usize> = cuts.iter().map(|it| (*it).min(records.len())).collect();
        ends.extend([0, records.len()]);
        ends.sort_unstable();
        let mut parts: Vec<Segmented> =
            ends.windows(2).map(|it| folded(&plan, &records, it[0]..it[1], held)).collect();
        for (i, at) in cuts.iter().enumerate() {
            let n = parts.len();
            parts.swap(i % n, at % n);
        }
        let mut sum = parts.swap_remove(0);
        for it in parts {
            sum.merge(it);
        }
        prop_assert_eq!(answers(&plan, sum), whole);
    }

    #[test]
    fn a_segment_is_judged_as_a_file_of_its_records_would_be(records in records()) {
        let plan = plan(1000);
        let (total, segments) = folded(&plan, &records, 0..records.len(), 10_000).finish(&plan);
        let mut rows = [0, 0];
        for Segment { name, part } in segments {
            let mut alone = Fold::new(&plan, KEEP);
            for (row, record) in records.iter().enumerate() {
                let mut cells = cells(&plan, record);
                if plan.segments.names(&cells, |_, it| text(it)).contains(&name) {
                    run::check(&plan, &mut cells, row as u64, 0, &mut alone);
                }
            }
            prop_assert!(alone.window.rows > 0);
            rows[usize::from(name.contains(", "))] += alone.window.rows;
            let found = judged(&plan, &name, &part.into_fold(&plan, &total.window));
            prop_assert_eq!(found, judged(&plan, &name, &alone), "{}", name);
        }
        prop_assert_eq!(rows, [total.window.rows; 2]);
    }
}

#[test]
fn the_largest_are_kept_and_the_others_add_up() {
    let plan = plan(2);
    let records: Vec<Record> =
        [(1, 3), (2, 5), (3, 1), (4, 3)].iter().flat_map(|(a, n)| vec![(*a, 0, Some(1)); *n]).collect();
    let (total, segments) = folded(&plan, &records, 0..records.len(), 10_000).finish(&plan);
    let found: Vec<_> = segments.iter().map(|it| (it.name.as_str(), it.part.window.rows)).collect();
    assert_eq!(found, [("a=2", 5), ("(other) by a", 7), ("b=x, a=2", 5), ("(other) by b, a", 7)]);
    assert_eq!(total.window.rows, 12);
    // What is judged of the total only, and of segments only.
    let of = |findings: Vec<Finding>| -> Vec<usize> { findings.iter().map(|it| it.expectation).collect() };
    let in_total = of(run::judge(&plan, &total, 0));
    let segment = segments.into_iter().next().map(|it| it.part.into_fold(&plan, &total.window));
    let found = judged(&plan, "a=2", &segment.unwrap_or_else(|| Fold::new(&plan, KEEP)));
    let own = plan.n_implicit;
    assert!(in_total.contains(&0) && !in_total.contains(&(own + 1)) && in_total.contains(&(own + 2)));
    assert!(found.iter().any(|it| it.expectation == own + 1 && it.judgement.status == Status::Fail));
    assert!(found.iter().all(|it| it.expectation != 0 && it.expectation != own + 2));
}

#[test]
fn a_million_names_hold_a_bounded_number_of_windows() {
    let plan = plan(5);
    let mut all = Segmented { held: 50, ..Segmented::new(&plan, KEEP) };
    for row in 0..2_000_i64 {
        let mut cells = cells(&plan, &(0, 0, Some(row)));
        cells[usize::from(plan.segments.by[0].slots[0].0)] = Value::Int(row);
        all.check(&plan, &mut cells, row as u64, 0);
        assert!(all.ways.iter().all(|it| it.parts.len() <= 50));
    }
    assert!(all.ways.iter().all(|it| it.parts.len() > 10));
    let (_, segments) = all.finish(&plan);
    assert_eq!(segments.len(), 5 + 2);
    assert_eq!(segments.iter().map(|it| it.part.window.rows).sum::<u64>(), 4_000);
}
