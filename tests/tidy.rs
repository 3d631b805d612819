//! The walls and lists of the house: what a reader relies on and no compiler checks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file of the repository, with its path from the root and its text.
fn rust_files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = ["rules", "host", "tests", "plugins"].map(|it| root().join(it)).to_vec();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|it| it.unwrap()) {
            let path = entry.path();
            if path.is_dir() && entry.file_name() != "target" && entry.file_name() != "node_modules" {
                waiting.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "the walk found only {} files", found.len());
    found
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long_to_read() {
    let long = rust_files().into_iter().filter(|(_, text)| text.lines().count() > 400);
    let wrong: Vec<_> = long.map(|(name, text)| format!("{name}: {} lines", text.lines().count())).collect();
    assert_none(&wrong);
}

/// A plugin that was built for a version runs on every later host, so a released file never changes.
#[test]
fn the_interface_of_plugins_is_frozen() {
    use sha2::{Digest as _, Sha256};
    let frozen = [("v0.1", "baab890b33df25558bbb663ed051d3e5f4f944a1695a7044b749e4c2a025f8b4")];
    for (version, digest) in frozen {
        let text = fs::read(root().join(format!("wit/{version}/plugin.wit"))).unwrap();
        let found = driftline::suites::hex(&Sha256::digest(text));
        assert_eq!(found, digest, "wit/{version} is frozen; what changes it is a new folder, see wit/README.md");
    }
}

#[test]
fn a_module_of_the_engine_uses_only_those_above_it() {
    let lib = fs::read_to_string(root().join("rules/src/lib.rs")).unwrap();
    let order: Vec<&str> = lib.lines().filter_map(|it| it.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut wrong = Vec::new();
    for (name, text) in rust_files() {
        let Some(inside) = name.strip_prefix("rules/src/") else { continue };
        let own = inside.split(['/', '.']).next().unwrap();
        let Some(at) = order.iter().position(|it| *it == own) else { continue };
        // What tests borrow does not bind the code.
        let code = text.split("#[cfg(test)]").next().unwrap();
        if inside.contains("tests") || inside.contains("laws") || inside.ends_with("budgets.rs") {
            continue;
        }
        let lines = code.lines().filter(|it| !it.trim_start().starts_with("//"));
        for used in lines.flat_map(|it| it.split("crate::").skip(1)) {
            let used: String = used.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
            if order.iter().position(|it| *it == used).is_some_and(|it| it > at) {
                wrong.push(format!("{name} uses `{used}`, which comes after `{own}` in lib.rs"));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn the_engine_depends_on_nothing_that_touches_the_world() {
    let manifest = fs::read_to_string(root().join("rules/Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let names = section.lines().filter(|it| it.starts_with(|it: char| it.is_ascii_alphabetic()));
    let names: BTreeSet<_> = names.map(|it| it.split(['.', ' ', '=']).next().unwrap()).collect();
    let known = BTreeSet::from([
        "chrono",
        "croner",
        "fancy-regex",
        "foldhash",
        "indexmap",
        "jsonschema",
        "memchr",
        "regex",
        "regex-automata",
        "rust_decimal",
        "saphyr-parser",
        "serde",
        "serde_json",
        "statrs",
        "strsim",
        "xxhash-rust",
    ]);
    let new: Vec<_> = names.difference(&known).collect();
    assert!(new.is_empty(), "think about these, and then name them here: {new:?}");
}

#[test]
fn every_kind_is_listed_and_has_its_page() {
    let folder = root().join("rules/src/expectation");
    let list = fs::read_to_string(folder.join("mod.rs")).unwrap();
    let mut wrong = Vec::new();
    for (name, text) in rust_files() {
        let Some(stem) = name.strip_prefix("rules/src/expectation/").and_then(|it| it.strip_suffix(".rs")) else {
            continue;
        };
        if !text.contains("pub static KIND:") {
            continue;
        }
        if !list.contains(&format!("&{stem}::KIND,")) {
            wrong.push(format!("{stem} is not in KINDS"));
        }
        if !folder.join(format!("{stem}.md")).exists() {
            wrong.push(format!("{stem}.md is missing"));
        }
        if !text.contains(&format!("name: \"{stem}\",")) {
            wrong.push(format!("{stem}.rs does not hold the kind `{stem}`"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn each_world_stays_in_its_room() {
    let rooms = [
        ("parquet::", "host/src/files/"),
        ("arrow_array::", "host/src/files/"),
        ("clap::", "host/src/"),
        ("sqlx::", "host/src/store/"),
        ("axum", "host/src/http/"),
        ("wasmtime", "host/src/plugins/"),
        ("wasmparser", "host/src/plugins/"),
        ("oci_client::", "host/src/plugins/"),
        // What is sent, and pages: each with rules of its own for what stands in it.
        ("minijinja", "host/src/actions/ host/src/output/html/"),
        ("opentelemetry", "host/src/telemetry/"),
    ];
    let mut wrong = Vec::new();
    for (name, text) in rust_files() {
        for (world, room) in rooms {
            let used = text.lines().any(|it| it.starts_with(&format!("use {world}")));
            let is_within = room.split(' ').any(|it| name.starts_with(it));
            if used && !is_within && !name.starts_with("tests/") && !name.contains("/examples/") {
                wrong.push(format!("{name} uses {world}, which belongs into {room}"));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn unsafe_code_is_where_it_has_a_reason() {
    // Generated bindings, and compiled plugins that the host itself has put on disk.
    let known = ["host/src/plugins/cache.rs", "host/src/plugins/v0_1.rs"];
    let mark = ["allow(un", "safe_code"].concat();
    let found: Vec<_> = rust_files().into_iter().filter(|it| it.1.contains(&mark)).map(|it| it.0).collect();
    assert_eq!(found, known);
    let engine = fs::read_to_string(root().join("rules/src/lib.rs")).unwrap();
    assert!(engine.contains(&["#![forbid(un", "safe_code)]"].concat()), "the engine has no exceptions");
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["todo", "unimplemented"].map(|it| format!("{it}!("));
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let mut wrong = Vec::new();
    for (name, text) in rust_files() {
        for (i, line) in text.lines().enumerate() {
            if marks.iter().chain(&words).any(|it| line.contains(it.as_str())) {
                wrong.push(format!("{name}:{}: {}", i + 1, line.trim()));
            }
        }
    }
    assert_none(&wrong);
}
