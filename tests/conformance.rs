//! Great Expectations' answers against ours, over a corpus of cases that were recorded from it.
//!
//! The cases in `conformance/gx` always run. A larger corpus runs too where it is there: in the folder that
//! `DRIFTLINE_CORPUS` names, or in `../shared/conformance/gx` beside the checkout. Cases that cannot agree
//! stand in `conformance/gx/EXCEPTIONS.md`, each with its reason. `CASE=part-of-an-id` runs some, loudly.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "conformance/case.rs"]
mod case;
#[path = "conformance/compare.rs"]
mod compare;
#[path = "conformance/doors.rs"]
mod doors;
#[path = "conformance/score.rs"]
mod score;

use std::fs;
use std::path::{Path, PathBuf};

use case::Case;
use compare::disagreement;
use score::Score;

/// The share of portable cases that must agree.
const FLOOR: f64 = 0.99;
/// How many cases go through the program itself.
const SAMPLE: usize = 60;

#[test]
fn great_expectations_answers_are_ours() {
    let exceptions = score::exceptions(&own_folder().join("EXCEPTIONS.md"));
    let mut score = Score::default();
    for case in cases() {
        let runs = match &case.data_file {
            None => vec![(String::new(), doors::library(&case))],
            Some(file) => [file.clone(), file.with_extension("csv")]
                .into_iter()
                .map(|file| (format!(" ({})", extension(&file)), doors::file(&case, &file)))
                .collect(),
        };
        let reasons = runs.iter().filter_map(|(door, got)| Some(format!("{}{door}", disagreement(&case, got)?)));
        score.add(&case, &reasons.collect::<Vec<_>>());
    }
    score.print(&exceptions);
    let wrong = score.wrong(&exceptions, chosen().is_none(), FLOOR);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_program_answers_as_the_library_does() {
    let cases: Vec<Case> = cases().into_iter().filter(|it| it.data_file.is_none() && it.n_rows() > 0).collect();
    let step = cases.len().div_ceil(SAMPLE).max(1);
    let mut wrong = Vec::new();
    let mut n_cases = 0;
    for case in cases.iter().step_by(step) {
        n_cases += 1;
        let (program, library) = (doors::program(case), doors::library(case));
        let alike = program.raises == library.raises
            && program.success == library.success
            && compare::same(&program.result.clone().into(), &library.result.clone().into());
        if !alike {
            wrong.push(format!("{}: the program says {:?}, the library {:?}", case.id, program.result, library.result));
        }
    }
    score::say(&format!("{n_cases} cases went through the program"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_cases > SAMPLE / 2 || chosen().is_some(), "only {n_cases} cases were sampled");
}

#[test]
fn whole_suites_get_great_expectations_results() {
    let Some(folder) = larger_corpus() else {
        score::say("no larger corpus beside this checkout: whole suites were NOT compared");
        return;
    };
    let mut wrong = Vec::new();
    let mut n_results = 0;
    let mut suites: Vec<PathBuf> = fs::read_dir(folder.join("suites")).unwrap().map(|it| it.unwrap().path()).collect();
    suites.retain(|it| it.to_string_lossy().ends_with(".suite.json"));
    suites.sort();
    for suite in &suites {
        let name = suite.file_name().unwrap().to_string_lossy().replace(".suite.json", "");
        let text = fs::read_to_string(suite.with_file_name(format!("{name}.expected.json"))).unwrap();
        let expected = compare::read(&text);
        n_results += expected["results"].as_array().map_or(0, Vec::len);
        for data in ["jsonl", "csv"] {
            let got = doors::suite(suite, &folder.join("data").join(format!("{name}.{data}")));
            wrong
                .extend(score::suite_differences(&expected, &got).into_iter().map(|it| format!("{name}.{data}: {it}")));
        }
    }
    score::say(&format!("{} suites with {n_results} results, of NDJSON and of CSV", suites.len()));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The cases of all corpora that are there.
fn cases() -> Vec<Case> {
    let mut files: Vec<(PathBuf, &str)> = ["edge", "generated"].map(|it| (own_folder(), it)).to_vec();
    match larger_corpus() {
        Some(folder) => files.extend(["gx_definitions", "gx_integration", "real"].map(|it| (folder.clone(), it))),
        None => score::say("no larger corpus beside this checkout: only the cases of this repository run"),
    }
    let mut cases = Vec::new();
    for (folder, name) in files {
        let text = fs::read_to_string(folder.join(name).with_extension("jsonl")).unwrap();
        cases.extend(text.lines().map(|it| Case::parse(it, &folder)));
    }
    if let Some(part) = chosen() {
        cases.retain(|it| it.id.contains(&part));
    }
    cases
}

fn chosen() -> Option<String> {
    std::env::var("CASE").ok()
}

fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/gx")
}

fn larger_corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/gx");
    let folder = std::env::var_os("DRIFTLINE_CORPUS").map_or(beside, PathBuf::from);
    folder.join("real.jsonl").is_file().then_some(folder)
}

fn extension(file: &Path) -> String {
    file.extension().unwrap_or_default().to_string_lossy().into_owned()
}
