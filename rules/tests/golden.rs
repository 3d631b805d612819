//! The bytes of windows of every released format: what was stored once can be read for ever.

use std::env;
use std::path::Path;

use driftline_rules::codec::{VERSION, decode, encode};
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::suite;
use driftline_rules::time::{Time, Zone};
use driftline_rules::value::Value;
use driftline_rules::window::Window;

const SUITE: &str = include_str!("../../tests/golden/suite.yaml");

/// With summaries that the first suite does not ask for, and shall not.
const QUALITY: &str = include_str!("../../tests/golden/quality.yaml");

const PRINT: &[u8] = b"golden";

fn plan(text: &str, budget: usize) -> Plan {
    let (suite, problems) = suite::read(text);
    let (plan, more) = compile(&suite, &Options { budget, ..Options::default() });
    assert!(problems.is_empty() && more.is_empty(), "{problems:?} {more:?}");
    plan
}

/// The first records of a stream that has something of everything.
fn window(plan: &Plan, n: u64) -> Window {
    let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
    for number in 0..n {
        let k = number as i64;
        let zone = if k % 2 == 0 { Zone::Local } else { Zone::Offset(90) };
        let record = Value::Map(vec![
            ("number".into(), if k % 7 == 3 { Value::Null } else { Value::Num((k % 13) as f64 / 8.0 - 0.5) }),
            ("text".into(), Value::Str(format!("v{}", k % 5).into())),
            ("time".into(), Value::Time(Time { micros: k * 1_000_000, zone })),
            ("list".into(), Value::List(vec![Value::Int(k), Value::Bool(true), Value::text("é")])),
            (
                "scores".into(),
                Value::Map(vec![
                    ("v0".into(), Value::Num((k % 9) as f64 / 8.0)),
                    ("v1".into(), Value::Num((k % 11) as f64 / 16.0)),
                ]),
            ),
        ]);
        for (place, name) in ["number", "text", "time", "list"].iter().enumerate() {
            fold.window.columns.see(name, number, place as u32);
        }
        let mut cells = vec![Value::Missing; plan.shape.width()];
        plan.shape.fill(&record, &mut cells);
        run::check(plan, &mut cells, number, 0, &mut fold);
    }
    if n > 1 {
        run::unreadable("expected `}` at byte 7", n, &mut fold);
    }
    fold.window
}

/// Under `UPDATE=1` writes what is missing, and never changes what is there.
#[test]
#[allow(clippy::disallowed_methods, reason = "the test, not the engine, reads and writes files")]
fn stored_windows_are_read_for_ever() {
    for (text, name, n, budget) in [
        (SUITE, "empty", 0, 100),
        (SUITE, "one", 1, 100),
        (SUITE, "many", 60, 100),
        (SUITE, "beyond_budgets", 60, 4),
        (QUALITY, "quality_one", 1, 100),
        (QUALITY, "quality_many", 60, 100),
        (QUALITY, "quality_beyond_budgets", 60, 4),
    ] {
        let plan = plan(text, budget);
        let window = window(&plan, n);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/golden/v{VERSION}_{name}.window"));
        if !path.exists() && env::var_os("UPDATE").is_some() {
            std::fs::write(&path, encode(&window, PRINT)).expect("the file is written");
        }
        let bytes = std::fs::read(&path).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
        let there = decode(plan.expectations.len(), &plan.bindings, PRINT, &bytes);
        assert!(there.as_ref() == Ok(&window), "{name}: {there:?}\nis not\n{window:?}");
        assert!(encode(&window, PRINT) == bytes, "{name}: the same window is written otherwise; raise codec::VERSION");
    }
}

/// A service keeps one for every record it journals.
#[test]
fn a_window_of_one_record_is_small() {
    let plan = plan(SUITE, 100);
    let bytes = encode(&window(&plan, 1), PRINT).len();
    let n = plan.bindings.sketches.len();
    assert!(bytes < 30 * n, "{bytes} bytes of {n} summaries");
}
