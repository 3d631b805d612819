//! Plugins as components: what works, what is refused, and what does no harm. The guests are text (`guests/`).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "plugins/abuse.rs"]
mod abuse;
#[path = "plugins/answers.rs"]
mod answers;
#[path = "support/guests.rs"]
mod guests;
#[path = "plugins/commands.rs"]
mod commands;
#[path = "plugins/loading.rs"]
mod loading;
#[path = "plugins/shelf.rs"]
mod shelf;

use std::sync::Arc;
use std::time::Duration;

use driftline::plugins::{Found, Limits, LoadedPlugin, Runtime, Shelf, Trust};
use driftline_rules::plugin::{
    Batch, Binding, Checker, Column, ColumnData, ColumnType, Context, Fault, Opened, Plugin,
};
use guests::Guest;

/// Limits that are reached soon.
fn tight() -> Limits {
    Limits {
        memory: 16 << 20,
        time: Duration::from_millis(150),
        transfer: 1 << 20,
        state: 100_000,
        ..Limits::default()
    }
}

fn shelf(limits: Limits) -> Arc<Shelf> {
    Shelf::new(Runtime::new(limits, 32).unwrap(), None, Trust::default(), None)
}

fn load(guest: &Guest, limits: &Limits) -> Result<LoadedPlugin, String> {
    let found = Found { component: guest.build(), signature: None };
    shelf(limits.clone()).load(&found, limits)
}

fn opened(capability: &str, columns: usize) -> Opened {
    let column = |n| Binding { input: "value".to_owned(), field: format!("f{n}"), column_type: ColumnType::Number };
    Opened { capability: capability.to_owned(), params: "{}".to_owned(), columns: (0..columns).map(column).collect() }
}

/// Batches of one column.
fn numbers(values: &[f64]) -> Batch {
    let column = Column { data: ColumnData::Numbers(values.to_vec()), validity: None };
    Batch { rows: values.len() as u32, columns: vec![column] }
}

fn check(it: &dyn Checker, values: &[f64]) -> Result<Vec<u8>, Fault> {
    it.check(&Context::default(), &numbers(values), 10).map(|it| it.passed)
}

/// The text of a fault that is neither of the parameters nor for lack of data.
fn failure<T: std::fmt::Debug>(it: Result<T, Fault>) -> String {
    match it {
        Err(Fault::Failed(text)) => text,
        other => panic!("{other:?} is no failure"),
    }
}

#[test]
fn a_record_check_judges_rows_and_says_why() {
    let plugin = load(&Guest::range(), &Limits::default()).unwrap();
    let about = plugin.about();
    assert_eq!((&*about.name, &*about.version), ("well-behaved", "1.2.3"));
    assert_eq!(about.capabilities[0].inputs[0].accepts, [ColumnType::Number]);
    let checker = plugin.checker(&opened("range", 2)).unwrap();
    // 0.5 and 0.5; 2 and 0.5; nothing and -1; 0.5 and NaN.
    let batch = Batch {
        rows: 4,
        columns: vec![
            Column { data: ColumnData::Numbers(vec![0.5, 2.0, 9.0, 0.5]), validity: Some(vec![0b1011]) },
            Column { data: ColumnData::Numbers(vec![0.5, 0.5, -1.0, f64::NAN]), validity: None },
        ],
    };
    let verdicts = checker.check(&Context::default(), &batch, 2).unwrap();
    assert_eq!(verdicts.passed[0] & 0b1111, 0b0001);
    let notes: Vec<_> = verdicts.notes.iter().map(|it| (it.row, &*it.code, &*it.message)).collect();
    assert_eq!(notes, [(1, "out-of-range", "a number is not in 0..1"), (2, "out-of-range", "a number is not in 0..1")]);
    assert_eq!(checker.check(&Context::default(), &Batch { rows: 0, ..batch }, 2).map(|it| it.passed), Ok(vec![]));
}

#[test]
fn a_metric_merges_and_measures() {
    let plugin = load(&Guest::mean(), &Limits::default()).unwrap();
    let mean = plugin.summarizer(&opened("mean", 1)).unwrap();
    let a = mean.observe(None, &numbers(&[1.0, 2.0])).unwrap();
    let b = mean.observe(None, &numbers(&[6.0])).unwrap();
    let both = mean.merge(&[&a, &b]).unwrap();
    let longer = mean.observe(Some(&a), &numbers(&[6.0])).unwrap();
    for state in [both, longer] {
        let measured = mean.finish(&Context::default(), Some(&state)).unwrap();
        assert_eq!((&*measured[0].name, measured[0].value), ("mean", 3.0));
    }
    let text = failure(mean.merge(&[b"short"]));
    assert_eq!(text, "plugin `well-behaved` 1.2.3, rule `mean`: does not take the state: 16 bytes are due");
}

#[test]
fn a_drift_test_compares() {
    let plugin = load(&Guest::shift(), &Limits::default()).unwrap();
    let shift = plugin.summarizer(&opened("shift", 1)).unwrap();
    let a = shift.observe(None, &numbers(&[1.0, 2.0])).unwrap();
    let b = shift.observe(None, &numbers(&[4.0])).unwrap();
    let found = shift.compare(&Context::default(), Some(&a), Some(&b)).unwrap();
    assert_eq!((found.statistic, found.p_value, found.details.len()), (2.5, Some(0.5), 0));
}

#[test]
fn one_component_may_do_all_three() {
    let mut guest = Guest::shift();
    guest.parts.extend(["range", "finish"]);
    guest.interfaces = vec!["record-check", "drift-test", "metric"];
    guest.capabilities = vec![
        guests::Capability::new("range", 0),
        guests::Capability::new("shift", 1),
        guests::Capability::new("mean", 2),
    ];
    let plugin = load(&guest, &Limits::default()).unwrap();
    assert_eq!(check(&*plugin.checker(&opened("range", 1)).unwrap(), &[2.0]).unwrap()[0] & 1, 0);
    let mean = plugin.summarizer(&opened("mean", 1)).unwrap();
    let state = mean.observe(None, &numbers(&[3.0])).unwrap();
    assert_eq!(mean.finish(&Context::default(), Some(&state)).unwrap()[0].value, 3.0);
    let shift = plugin.summarizer(&opened("shift", 1)).unwrap();
    assert_eq!(shift.compare(&Context::default(), Some(&state), Some(&state)).unwrap().statistic, 0.0);
    assert!(failure(plugin.checker(&opened("mean", 1)).map(drop)).ends_with("rule `mean`: is no record check"));
    assert!(
        failure(plugin.checker(&opened("none", 1)).map(drop))
            .contains("has no rule `none`; it has `range`, `shift`, `mean`")
    );
}
