//! The generated files of the crate are in step, and the schema of suites is right about suites.

use std::env;
use std::path::Path;

use driftline_rules::expectation::KINDS;
use driftline_rules::plan::{Options, compile};
use driftline_rules::suite::{node, read};
use driftline_rules::{catalogue, page, suite_schema};
use serde_json::Value;

/// Compares a file with what it should hold; under `UPDATE=1` writes it.
#[allow(clippy::disallowed_methods, reason = "the test, not the engine, reads and writes files")]
fn keep_in_step(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    if there == wanted {
        return;
    }
    assert!(env::var_os("UPDATE").is_some(), "{name} is out of step; run the tests with UPDATE=1");
    std::fs::write(&path, wanted).expect("the file is written");
}

#[test]
fn the_catalogue_is_in_step() {
    keep_in_step("README.md", &catalogue::markdown());
}

#[test]
fn the_schema_is_in_step() {
    let text = serde_json::to_string_pretty(&suite_schema::suite_schema()).unwrap() + "\n";
    keep_in_step("suite.schema.json", &text);
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft7::new(&suite_schema::suite_schema()).expect("a valid schema")
}

/// As JSON, or nothing where YAML says what JSON cannot: infinities.
fn as_json(suite: &str) -> Option<Value> {
    let value = node::parse(suite).ok()?.to_value();
    (!format!("{value:?}").contains("Num(inf)") && !format!("{value:?}").contains("Num(-inf)")).then(|| value.to_json())
}

#[test]
fn the_schema_accepts_the_suites_of_all_pages() {
    let validator = validator();
    let mut wrong = Vec::new();
    let mut n = 0;
    for kind in KINDS {
        for case in page::cases(kind.page).iter().filter(|it| it.problem.is_none()) {
            let Some(suite) = as_json(&case.suite) else { continue };
            n += 1;
            if let Err(error) = validator.validate(&suite) {
                wrong.push(format!("{}.md:{}: {error} at {}", kind.name, case.line, error.instance_path()));
            }
        }
    }
    assert!(n > KINDS.len(), "only {n} suites");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_schema_refuses_what_compiling_refuses() {
    let validator = validator();
    for text in [
        "- { field: a, beetween: { min: 1 } }",
        "- { field: a, between: { mn: 1 } }",
        "- { field: a, between: { min: 1 }, not_null: {} }",
        "- { between: { min: 1 } }",
        "- { field: a, between: { min: 1 }, mostly: 2 }",
        "- { field: a, between: { min: 1 }, when: { between: { max: 2 } } }",
        "- { field: a, mean_between: { min: 1 }, mostly: 0.5 }",
        "- { field: a, between: { min: 1 }, severity: bad }",
        "- { field: a, between: { min: [1] } }",
        "- { field: a }",
        "expectatons: []",
        "types: { a: integer }",
        "record: { ident: a }",
        "examples: [ { fails: [a] } ]",
        "- { type: expect_column_values_to_be_betwen, kwargs: { column: a } }",
        "- { type: expect_column_values_to_be_between, kwargs: { column: a, mn_value: 1 } }",
        "- { type: expect_column_values_to_be_between, kwargs: { min_value: 1 } }",
        "- { type: expect_column_values_to_be_between, kwarg: { column: a } }",
    ] {
        let (suite, mut problems) = read(text);
        problems.extend(compile(&suite, &Options::default()).1);
        assert!(!problems.is_empty(), "compiling accepts {text}");
        assert!(!validator.is_valid(&as_json(text).unwrap()), "the schema accepts {text}");
    }
}

#[test]
fn the_schema_accepts_every_part_of_a_suite() {
    let suite = "
name: all
id: 1
notes: [a, b]
meta: { owner: me }
x-own: 1
types: { a: int, d: datetime }
record: { id: a, time: d, segments: [a] }
segments: { by: [a, [d, a]], most: 10 }
drift: { baseline: { segment: 'a=1' } }
schema: { type: object }
expectations:
  - { field: a, between: { min: 1, max_value: 2 }, mostly: 0.9, when: b > 1, severity: info, name: n, notes: x, id: 7, meta: {} }
  - { field: [a], not_null: , segments: total, when: { all: [a > 1, { not: { field: b, not_null: {} } }, { any: [c is null] }] } }
  - { type: expect_column_values_to_be_between, kwargs: { column: a, min_value: '1', max_value: null, mostly: 1, row_condition: 'b > 1', condition_parser: pandas }, meta: {}, severity: warning }
  - { expectation_type: expect_column_values_to_not_be_null, kwargs: { column: a, result_format: BASIC } }
examples:
  - { record: { a: 1 }, fails: between, name: e }
  - { record: { a: 1 }, passes: true }
";
    let (read_suite, mut problems) = read(suite);
    problems.extend(compile(&read_suite, &Options::default()).1);
    assert_eq!(problems, []);
    let suite = as_json(suite).unwrap();
    if let Err(error) = validator().validate(&suite) {
        panic!("{error} at {}", error.instance_path());
    }
}

#[test]
fn the_schema_knows_plugins() {
    let validator = validator();
    for good in [
        "{ plugins: [{ name: a, file: a.wasm, limits: { memory: 64MiB, time: 100ms } }], expectations: [{ field: t, a.rule: }] }",
        "{ plugins: { a: a.wasm, b: { version: 1.2 }, c: }, expectations: [{ fields: { x: t, y: [u, v] }, rule: { k: 1 }, expect: { out: { max: 1 } } }, { field: t, b.rule: , expect: { min: 1 }, mostly: 0.5 }] }",
    ] {
        let suite = as_json(good).unwrap();
        if let Err(error) = validator.validate(&suite) {
            panic!("{good}: {error} at {}", error.instance_path());
        }
    }
    for bad in [
        "{ expectations: [{ field: t, a.rule: }] }",
        "{ plugins: [{ file: a.wasm }] }",
        "{ plugins: [{ name: a, fil: a.wasm }] }",
        "{ plugins: [{ name: a, digest: abc }] }",
        "{ plugins: [{ name: a, file: a.wasm, version: 1.0.0 }] }",
        "{ plugins: { a: { limits: { memory: 64 } } } }",
        "{ plugins: { a: a.wasm }, expectations: [{ field: t }] }",
        "{ plugins: { a: a.wasm }, expectations: [{ field: t, a.rule: , expect: { out: { mx: 1 } } }] }",
    ] {
        assert!(!validator.is_valid(&as_json(bad).unwrap()), "the schema accepts {bad}");
    }
}
