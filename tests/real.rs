//! Suites over real data, against counts that pandas gave once.
//!
//! The data lies beside the checkout, in `../shared/real`, and is no part of it; without it there is nothing
//! to run, and the test says so.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "real/quality.rs"]
mod quality;

use std::path::{Path, PathBuf};

use driftline::files::csv::Nulls;
use driftline::files::{self, Input};
use driftline::scan::{self, scan};
use driftline::suites;
use driftline_rules::plan::Options;
use driftline_rules::report::Status;
use driftline_rules::run;
use driftline_rules::samples::Keep;

/// What pandas 3.1 gave for an entry of a suite.
enum Expected {
    /// So many records have a value that the rule does not hold for.
    Unexpected(u64),
    /// So many, of so many that have a value or are let through by `when:`.
    Of(u64, u64),
    /// It holds.
    Holds,
    /// This was observed.
    Observed(f64),
}
use Expected::{Holds, Observed, Of, Unexpected};

#[test]
fn an_intent_log() {
    let expected = [
        Observed(6_050.0),
        Unexpected(0),
        Unexpected(0),
        Unexpected(0),
        Unexpected(1_318),
        Unexpected(1_841),
        Unexpected(164),
        Unexpected(562),
        Observed(150.0),
        Observed(0.756_826_210_578_512_4),
        Observed(387.985_900_000_000_87),
        Of(2_038, 2_974),
    ];
    check("clinc_intents", "inference_log.ndjson", &expected);
}

#[test]
fn prices_of_electricity() {
    let expected = [
        Observed(45_312.0),
        Unexpected(3_049),
        Unexpected(853),
        Unexpected(0),
        Unexpected(0),
        Unexpected(2_811),
        Observed(0.422_915),
        Observed(0.039_990_768_954_021_7),
        Observed(48.0),
        Observed(1.0),
    ];
    check("elec2", "elec.csv", &expected);
}

#[test]
fn hotel_bookings() {
    let expected = [
        Unexpected(0),
        Unexpected(0),
        Unexpected(0),
        Of(112, 14_671),
        Unexpected(3_307),
        Unexpected(92),
        Unexpected(0),
        Unexpected(406),
        Unexpected(0),
        Unexpected(2_971),
        Observed(888_170.0),
        Observed(81.129_070_956_308_37),
        Unexpected(9_219),
    ];
    check("hotel_booking", "analysis.csv", &expected);
}

#[test]
fn employment_in_a_census() {
    let expected = [
        Unexpected(0),
        Unexpected(0),
        Unexpected(4_401),
        Unexpected(2_419),
        Unexpected(0),
        Unexpected(9_514),
        Holds,
        Observed(41.993_374_439_891_234),
        Observed(15.0),
        Unexpected(3_651),
    ];
    check("employment_ma", "analysis.csv", &expected);
}

fn check(name: &str, data: &str, expected: &[Expected]) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = here.join("../../shared/real");
    let folder = std::env::var_os("DRIFTLINE_REAL").map_or(beside, PathBuf::from);
    let data = folder.join(name).join(data);
    if !data.is_file() {
        say(&format!("{name}: the data is not beside this checkout; NOTHING was checked"));
        return;
    }
    let loaded = suites::load(&here.join("../tests/real").join(name).with_extension("yaml"), &Options::default());
    let loaded = loaded.unwrap();
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let plan = &loaded.plan;
    let options = scan::Options {
        files: files::Options { chunk: 100_000, ..files::Options::default() },
        nulls: Nulls::default(),
        threads: 2,
        keep: Keep { values: 3, all_rows: false },
        now: 0,
        signals: false,
        progress: &|_| (),
    };
    let scanned = scan(plan, &[Input::File(data)], &options);
    assert!(scanned.faults.is_empty(), "{:?}", scanned.faults);
    let findings = run::judge(plan, &scanned.fold, 0);
    let (implicit, own) = findings.split_at(plan.n_implicit);
    for finding in implicit {
        let failed = finding.judgement.counts.map_or(0, |it| it.unexpected);
        assert_eq!(failed, 0, "{name}: {}", plan.expectations[finding.expectation].title());
    }
    assert_eq!(own.len(), expected.len(), "{name}");
    for (finding, expected) in own.iter().zip(expected) {
        let title = plan.expectations[finding.expectation].title();
        let counts = finding.judgement.counts.unwrap_or_default();
        let judged = counts.elements - counts.missing.unwrap_or(0);
        match expected {
            Unexpected(n) => assert_eq!(counts.unexpected, *n, "{name}: {title}"),
            Of(n, of) => assert_eq!((counts.unexpected, judged), (*n, *of), "{name}: {title}"),
            Holds => assert_eq!(finding.judgement.status, Status::Pass, "{name}: {title}"),
            Observed(value) => {
                let got = finding.judgement.observed.as_f64().unwrap_or(f64::NAN);
                assert!((got - value).abs() <= 1e-12 * value.abs(), "{name}: {title}: {got}, pandas gave {value}");
            }
        }
    }
    say(&format!("{name}: {} rules over {} records as pandas counted", own.len(), scanned.fold.window.rows));
}

#[allow(clippy::print_stdout)]
fn say(line: &str) {
    println!("{line}");
}
