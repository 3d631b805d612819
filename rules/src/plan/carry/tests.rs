use super::*;
use crate::plan::{Options, compile};
use crate::record::{Limits, Reader};
use crate::run::{self, Finding, Fold};
use crate::samples::Keep;
use crate::suite::read;

const OLD: &str = "
windows: { length: 1m }
types: { n: int }
expectations:
- { field: a, between: { min: 0, max: 5 } }
- { field: a, between: { min: 0, max: 5 }, when: b == 'x' }
- { field: a, mean_between: { min: 0, max: 5 } }
- { field: a, median_between: { min: 0, max: 5 } }
- { field: b, distinct_values_in_set: [x, y] }
- { field: c, not_null: {} }
- { field: n, in_set: [1, 2] }
- { field: a, unique: {} }
";

fn plan(text: &str) -> Plan {
    let (plan, problems) = compile(&read(text).0, &Options { labels_come_later: true, ..Options::default() });
    assert!(problems.is_empty(), "{problems:?}");
    plan
}

fn fold(plan: &Plan, records: &[String]) -> Window {
    let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
    let mut reader = Reader::new(&plan.shape, Limits::default());
    let mut cells = Vec::new();
    for (i, record) in records.iter().enumerate() {
        match reader.fill(record, &mut cells) {
            Ok(()) => drop(run::check(plan, &mut cells, i as u64, 0, &mut fold)),
            Err(error) => run::unreadable(&error.to_string(), i as u64, &mut fold),
        }
    }
    fold.window.columns = crate::window::Columns::default();
    fold.window
}

fn findings(plan: &Plan, window: Window) -> Vec<Finding> {
    run::judge(plan, &Fold::of_window(plan, window), 0)
}

/// Records of all sorts, the same each time.
fn records(seed: u64, n: u64) -> Vec<String> {
    let record = |i: u64| {
        let k = (i + 1).wrapping_mul(seed.wrapping_mul(2) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let a = match k % 7 {
            0 => "null".to_owned(),
            1 => format!("{}", k % 11),
            2 => format!("{}.5", k % 9),
            it => format!("{it}"),
        };
        let b = ["\"x\"", "\"y\"", "\"zz\"", "null"][(k / 7 % 4) as usize];
        let n = ["1", "\"2\"", "\"odd\"", "3"][(k / 28 % 4) as usize];
        match k % 13 {
            0 => "not a record".to_owned(),
            1 => format!("{{\"b\": {b}, \"n\": {n}}}"),
            _ => format!("{{\"a\": {a}, \"b\": {b}, \"c\": {}, \"n\": {n}, \"d\": 1}}", k % 2),
        }
    };
    (0..n).map(record).collect()
}

/// The titles of what windows of the old plan answer, when each answer is that of the records themselves.
fn answered(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (plan(old), plan(new));
    let carry = Carry::new(&old, &new, &|_, _| true);
    let mut answered = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let records = records(seed, seed * 3);
        let Carried { window, unanswered } = carry.window(&new, &fold(&old, &records));
        let of_records = findings(&new, fold(&new, &records));
        for (carried, wanted) in findings(&new, window).into_iter().zip(of_records) {
            let expectation = &new.expectations[wanted.expectation];
            if unanswered.contains(&wanted.expectation) {
                continue;
            }
            let said = |it: &Finding| {
                let it = &it.judgement;
                (it.status, format!("{:?}", it.observed), it.counts, it.bound.clone(), it.why.clone())
            };
            assert_eq!(said(&carried), said(&wanted), "{}, seed {seed}", expectation.title());
            answered.insert(expectation.title());
        }
    }
    answered.into_iter().collect()
}

#[test]
fn the_same_suite_has_the_same_windows() {
    let (old, new) = (plan(OLD), plan(OLD));
    let carry = Carry::new(&old, &new, &|_, _| true);
    for seed in 0..20 {
        let window = fold(&old, &records(seed, seed * 5));
        assert_eq!(carry.window(&new, &window), Carried { window, unanswered: Vec::new() });
    }
}

#[test]
fn what_is_carried_is_what_records_would_have_made() {
    let new = "
windows: { length: 1h }
expectations:
- { field: e, not_null: {} }
- { field: c, not_null: {}, mostly: 0.5, severity: warning }
- { field: b, distinct_values_in_set: [x] }
- { field: a, quantile_between: { quantile: 0.5, max: 3 } }
- { field: a, mean_between: { min: 2 }, name: mean }
- { field: a, between: { min: 0, max: 5 }, name: of all, mostly: 0.9 }
- { field: a, between: { min: 0, max: 5 }, when: b == 'x', name: of x }
- { field: a, between: { min: 1, max: 3 }, name: tighter }
- { field: a, between: { min: 1, max: 3 }, when: b == 'y', name: of y }
- { field: b, match_regex: '^x' }
- { field: d, max_between: { max: 5 } }
- { row_count_between: { min: 10 } }
- { field: a, sum_between: { max: 10 }, when: b == 'x', name: sum of x }
";
    let wanted = [
        "a quantile_between",
        "b distinct_values_in_set",
        "b match_regex",
        "c not_null",
        "mean",
        "of all",
        "of x",
        "readable",
        "row_count_between",
        "tighter",
    ];
    let all = answered(OLD, new);
    for it in wanted {
        assert!(all.iter().any(|title| title == it), "{it} is not answered: {all:?}");
    }
    for it in ["of y", "e not_null", "d max_between", "sum of x"] {
        assert!(!all.iter().any(|title| title == it), "{it}");
    }
}

#[test]
fn other_types_conditions_and_logs_make_other_values() {
    // Without its type `n` holds texts too.
    let untyped = OLD.replace("types: { n: int }\n", "");
    assert!(!answered(OLD, &untyped).contains(&"n in_set".to_owned()));
    assert!(!answered(&untyped, OLD).contains(&"n in_set".to_owned()));
    let why = |old: &str, new: &str, title: &str| {
        let (old, new) = (plan(old), plan(new));
        let carry = Carry::new(&old, &new, &|_, _| true);
        let at = new.expectations.iter().position(|it| it.title() == title).unwrap_or(usize::MAX);
        carry.needs_records(at).map(str::to_owned)
    };
    let labels = "record: { id: id, prediction: said }\npredictions: { sample: 0.5 }\nwindows: { length: 1m }\n\
                  expectations:\n- { accuracy: { min: 0.5 }, name: right }\n";
    assert_eq!(why(labels, &labels.replace("min: 0.5", "min: 0.9"), "right"), None);
    assert_eq!(
        why(labels, &labels.replace("sample: 0.5", "sample: 0.6"), "right").as_deref(),
        Some("other predictions were kept for labels")
    );
    assert_eq!(
        why(OLD, &format!("{OLD}- {{ field: e, null: {{}}, name: new }}\n"), "new").as_deref(),
        Some("windows kept nothing of the field `e`")
    );
}

#[test]
fn what_privacy_kept_out_is_not_read() {
    let (old, new) = (plan(OLD), plan(&OLD.replace("max: 5", "max: 4")));
    let carry = Carry::new(&old, &new, &|_, _| false);
    let titles: Vec<String> = (0..new.expectations.len())
        .filter(|it| carry.needs_records(*it).is_some())
        .map(|it| new.expectations[it].title())
        .collect();
    assert_eq!(
        titles,
        ["a between", "a between", "a mean_between", "a median_between", "b distinct_values_in_set", "a unique"]
    );
}
