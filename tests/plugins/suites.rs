//! Suites with plugins on the command line.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::guests::Guest;

const SUITE: &str =
    "plugins: { well-behaved: range.wasm }\nexpectations:\n  - { field: amount, well-behaved.range: }\n";

/// A suite with its plugin beside it.
fn room() -> TempDir {
    let room = tempfile::tempdir().unwrap();
    fs::create_dir(room.path().join("suites")).unwrap();
    fs::write(room.path().join("suites/s.yaml"), SUITE).unwrap();
    fs::write(room.path().join("suites/range.wasm"), Guest::range().build()).unwrap();
    room
}

/// Exit code, and all that was said.
fn driftline(room: &TempDir, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    let command = command.current_dir(room.path()).args(args).env("DRIFTLINE_PLUGIN_CACHE", room.path().join("cache"));
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn a_suite_finds_its_plugins_beside_itself() {
    let room = room();
    let (code, said) = driftline(&room, &["lint", "suites/s.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(room.path().join("cache/key").exists(), "compiled code is kept");
    let (code, said) = driftline(&room, &["kinds", "range", "--suite", "suites/s.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("well-behaved.range  (plugin well-behaved 1.2.3, sha256:"), "{said}");
    assert!(said.contains("# well-behaved"), "{said}");
    let (code, said) = driftline(&room, &["kinds", "--suite", "suites/s.yaml"]);
    assert!(code == 0 && said.contains("well-behaved.range  numbers within 0 and 1"), "{said}");
    let (code, said) = driftline(&room, &["kinds", "rang", "--suite", "suites/s.yaml"]);
    assert!(code == 3 && said.contains("no plugin of the suite has a rule `rang`"), "{said}");
    // A built-in kind is found with a suite too.
    let (code, said) = driftline(&room, &["kinds", "between", "--suite", "suites/s.yaml"]);
    assert!(code == 0 && said.contains("between"), "{said}");
    fs::remove_file(room.path().join("suites/range.wasm")).unwrap();
    let (code, said) = driftline(&room, &["lint", "suites/s.yaml"]);
    assert!(code != 0 && said.contains("suites/range.wasm: No such file"), "{said}");
}

#[test]
fn the_command_line_knows_no_registered_plugins() {
    let room = room();
    fs::write(room.path().join("suites/s.yaml"), "plugins: { mine: }\nexpectations: [{ field: x, mine.a: }]\n")
        .unwrap();
    let (code, said) = driftline(&room, &["lint", "suites/s.yaml"]);
    assert!(code != 0 && said.contains("the command line knows of none: give its file, `mine: mine.wasm`"), "{said}");
}
