//! `driftline plugin` as a process.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::guests::Guest;

/// Runs `driftline plugin` on a guest: exit code, standard output, standard error.
fn plugin(command: &str, guest: &[u8], more: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guest.wasm");
    fs::write(&file, guest).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_driftline"));
    let output = run.args(["plugin", command]).arg(&file).args(more).output().unwrap();
    let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn inspect_shows_what_a_plugin_is() {
    let (code, out, _) = plugin("inspect", &Guest::mean().build(), &[]);
    assert_eq!(code, 0);
    for part in [
        "well-behaved 1.2.3",
        "digest   sha256:",
        "wit      driftline:plugin 0.1.0",
        "exports  driftline:plugin/metric@0.1.0, driftline:plugin/about@0.1.0",
        "mean (metric)",
        "input    value: number, any number of fields; what is looked at",
        "output   mean; a measurement",
        "state    version 1; merging equals observing all",
    ] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    let (_, out, _) = plugin("inspect", &Guest::mean().build(), &["--format", "json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["name"], &json["capabilities"][0]["task"]), (&"well-behaved".into(), &"metric".into()));
}

#[test]
fn inspect_says_why_it_is_none() {
    let (code, _, error) = plugin("inspect", b"(module)", &[]);
    assert_eq!(code, 3);
    assert!(error.starts_with("error: plugin `guest` (") && error.contains("core module"), "{error}");
}

#[test]
fn test_tells_who_breaks_a_law() {
    let (code, out, _) = plugin("test", &Guest::range().build(), &["--cases", "10"]);
    assert_eq!((code, out.matches("  ok ").count()), (0, 3), "{out}");
    let merge = "(func $merge (param $it i32) (param $state i32) (param $len i32) (result i32)
        (i64.store (local.get $it) (i64.load (local.get $state))) (f64.store offset=8 (local.get $it) (f64.load offset=8 (local.get $state)))
        (call $ok (i32.const 0)))";
    let mut guest =
        Guest::mean().instead("sums", include_str!("../guests/sums.wat").split("(func $merge").next().unwrap());
    guest.more.push_str(merge);
    let (code, out, _) = plugin("test", &guest.build(), &["--cases", "10"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("BROKEN  merging commutes\n          case 0: "), "{out}");
}

#[test]
fn bench_measures() {
    let (code, out, error) = plugin("bench", &Guest::shift().build(), &["--passes", "2"]);
    assert_eq!((code, &*error), (0, ""), "{out}");
    for part in ["load: compiled", "memory: 131 kB an instance", "ns a record", "1000"] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
}
