//! The ways to an answer: the library, files, the program.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use driftline::files::csv::Nulls;
use driftline::files::{self, Input};
use driftline::output::ResultFormat;
use driftline::output::gx;
use driftline::places::Places;
use driftline::report::Report;
use driftline::scan::{self, scan};
use driftline::suites;
use driftline_rules::page::see_columns;
use driftline_rules::plan::{self, Plan};
use driftline_rules::record::{Limits, Reader};
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::suite::read;
use serde_json::Value;

use crate::case::Case;
use crate::compare::{self, Got};

const KEEP: Keep = Keep { values: gx::MAX_VALUES, all_rows: true };

/// Through the library: the rows as text, read, checked and judged in this thread.
pub fn library(case: &Case) -> Got {
    let plan = plan(case);
    let mut fold = Fold::new(&plan, KEEP);
    let mut reader = Reader::new(&plan.shape, Limits::default());
    let text = case.ndjson();
    let mut cells = Vec::new();
    for (row, line) in text.lines().enumerate() {
        match reader.fill(line, &mut cells) {
            Ok(()) => {
                run::check(&plan, &mut cells, row as u64, 0, &mut fold);
            }
            Err(error) => panic!("{}: {line}: {error}", case.id),
        }
    }
    see_columns(&reader, &mut fold);
    if case.n_rows() == 0 {
        // As a CSV file of nothing but its header would.
        for (place, name) in case.columns().enumerate() {
            fold.window.columns.see(name, 0, place as u32);
        }
    }
    only(&report(&plan, &fold, ResultFormat::Complete), case)
}

/// Through a file, as the command line goes through it.
pub fn file(case: &Case, data: &Path) -> Got {
    let plan = plan(case);
    only(&scanned(&plan, data, ResultFormat::Complete), case)
}

/// A whole suite over a file.
pub fn suite(suite: &Path, data: &Path) -> Value {
    let loaded = suites::load(suite, &plan::Options::default()).unwrap();
    scanned(&loaded.plan, data, ResultFormat::Basic)
}

/// Through the program.
pub fn program(case: &Case) -> Got {
    let folder = tempfile::tempdir().unwrap();
    let (data, suite) = (folder.path().join("data.ndjson"), folder.path().join("suite.json"));
    fs::write(&data, case.ndjson()).unwrap();
    fs::write(&suite, case.suite()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(["check".as_ref(), data.as_os_str(), "--suite".as_ref(), suite.as_os_str()])
        .args(["--format", "gx", "--result-format", "COMPLETE"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.is_empty(), "{}: {}", case.id, String::from_utf8_lossy(&output.stderr));
    only(&compare::read(&said), case)
}

fn plan(case: &Case) -> Plan {
    let (suite, problems) = read(&case.suite());
    assert!(problems.iter().all(|it| it.path.starts_with("expectations")), "{}: {problems:?}", case.id);
    plan::compile(&suite, &plan::Options::default()).0
}

fn scanned(plan: &Plan, data: &Path, level: ResultFormat) -> Value {
    let options = scan::Options {
        files: files::Options::default(),
        nulls: Nulls::default(),
        threads: 2,
        keep: KEEP,
        now: 0,
        signals: false,
        progress: &|_| (),
    };
    let scanned = scan(plan, &[Input::File(data.to_owned())], &options);
    assert!(scanned.faults.is_empty(), "{:?}", scanned.faults);
    report(plan, &scanned.fold, level)
}

fn report(plan: &Plan, fold: &Fold, level: ResultFormat) -> Value {
    let report = Report {
        plan,
        suite_file: String::new(),
        files: Vec::new(),
        records: fold.window.rows,
        unreadable: fold.window.unreadable,
        broken: Vec::new(),
        faults: Vec::new(),
        findings: run::judge(plan, fold, 0),
        segments: Vec::new(),
        numeric: fold.window.held.iter().map(|it| it.numbers_only()).collect(),
        places: Places::default(),
        elapsed: Duration::ZERO,
        now: 0,
    };
    let mut text = Vec::new();
    gx::write(&report, level, &mut text).unwrap();
    compare::read(&String::from_utf8(text).unwrap())
}

/// The one result. An expectation that does not hold because a value is not of its declared type is told
/// from one that does by what is said of types beside the results.
fn only(suite: &Value, case: &Case) -> Got {
    let mut results = compare::results(suite);
    assert_eq!(results.len(), 1, "{}: {suite}", case.id);
    let mut got = results.remove(0);
    let implicit = &suite["meta"]["driftline"]["implicit"];
    if implicit.as_array().is_some_and(|it| !it.is_empty()) {
        got.success = false;
        got.message = implicit.to_string();
    }
    got
}
