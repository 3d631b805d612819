//! Pages that cross the kinds: what a suite is, and what the engine does with nulls, numbers, types
//! and conditions. The kinds' own pages run in the engine's tests.

#![allow(clippy::disallowed_methods, reason = "a test reads its pages; the engine is given them")]

use std::fs;
use std::path::Path;

use driftline_rules::page;

#[test]
fn every_page_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/pages");
    let (mut n_cases, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        n_cases += page::cases(&text).len();
        let name = path.file_name().unwrap().display().to_string();
        wrong.extend(page::run(&text).into_iter().map(|it| format!("{name}: {it}")));
    }
    assert!(n_cases > 20, "only {n_cases} cases were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
