//! What is refused when it is loaded, and how the author is told.

use driftline::plugins::Found;

use super::guests::{Capability, Guest};
use super::{load, shelf, tight};

fn refused(guest: &Guest) -> String {
    load(guest, &tight()).unwrap_err()
}

fn refused_bytes(bytes: &[u8]) -> String {
    shelf(tight()).load(&Found { component: bytes.to_vec(), signature: None }, &tight()).unwrap_err()
}

#[test]
fn what_is_no_component() {
    assert!(refused_bytes(b"(module)").starts_with("it is a core module, not a component: link it with"));
    assert!(refused_bytes(b"").contains("it is no WebAssembly"));
    assert!(refused_bytes(b"\x7fELF\x02\x01").contains("it is no WebAssembly"));
    let mut cut = Guest::range().build();
    cut.truncate(cut.len() - 10);
    assert!(refused_bytes(&cut).contains("it is damaged: "));
    let large = vec![0; 129 << 20];
    assert_eq!(refused_bytes(&large), "it has 135 MB; the limit for a component is 134 MB");
}

#[test]
fn another_version_of_the_interface() {
    let text = refused(&Guest { wit: "0.2.0", ..Guest::range() });
    assert!(text.contains("it is built against `driftline:plugin` 0.2.0, and this host takes 0.1.0"), "{text}");
    assert!(load(&Guest { wit: "0.1.3", ..Guest::range() }, &tight()).is_ok(), "a patch changes no interface");
}

#[test]
fn an_interface_that_asks_for_more() {
    let mut guest = Guest::range();
    guest.world = "import wasi:cli/environment@0.2.0;";
    let text = refused(&guest);
    for part in
        ["it imports wasi:cli/environment@0.2.0", "a plugin gets no WASI", "componentize-py componentize --stub-wasi"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn a_capability_without_its_interface() {
    let mut guest = Guest::range();
    guest.capabilities.push(Capability::new("mean", 2));
    assert_eq!(refused(&guest), "capability `mean` needs the interface `metric`, which it does not export");
}

#[test]
fn a_component_that_says_nothing() {
    let text = refused_bytes(b"(component)");
    assert!(text.contains("it exports no `driftline:plugin/about@0.1.0`"), "{text}");
    assert!(text.contains("it exports none of `record-check`, `drift-test` and `metric`"), "{text}");
}

#[test]
fn an_interface_of_other_shape() {
    let text = refused_bytes(
        br#"(component
            (instance $about)
            (instance $check)
            (export "driftline:plugin/about@0.1.0" (instance $about))
            (export "driftline:plugin/record-check@0.1.0" (instance $check)))"#,
    );
    assert!(text.contains("its interface `about` is not that of 0.1.0"), "{text}");
    assert!(text.contains("its interface `record-check` is not that of 0.1.0"), "{text}");
}

#[test]
fn a_description_that_cannot_be_true_is_refused_with_all_its_problems() {
    let mut guest = Guest::range();
    guest.name = "Not A Name".to_owned();
    guest.version = "one".to_owned();
    let bad = |id, schema| Capability { schema, ..Capability::new(id, 0) };
    guest.capabilities = vec![
        bad("range", "{"),
        bad("range", "[]"),
        bad("type", r#"{"type": "strnig"}"#),
        bad("array", r#"{"type": "array"}"#),
        bad("reference", r##"{"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}}"##),
    ];
    guest.capabilities[4].outputs = vec!["mean", "mean"];
    let text = refused(&guest);
    for part in [
        "problems:",
        "its name `Not A Name` is not made of lower-case letters, digits and hyphens",
        "its version `one` is no semantic version",
        "two of its capabilities have the id `range`",
        "the schema of the parameters of `range` is no JSON object: \"{\"",
        "the schema of the parameters of `range` is no JSON object: []",
        "the schema of the parameters of `type`",
        "the schema of the parameters of `array` does not ask for an object",
        "the schema of the parameters of `reference`",
        "two outputs of `reference` are called `mean`",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn a_kind_that_is_unknown() {
    let guest = Guest { capabilities: vec![Capability { kind: 9, ..Capability::new("odd", 0) }], ..Guest::range() };
    let text = refused(&guest);
    assert!(text.contains("`describe`"), "{text}");
}

#[test]
fn describing_is_bounded_too() {
    let guest = |body: &str| {
        let mut guest = Guest::range();
        guest.more = format!("(func $describe (result i32) {body} unreachable)");
        guest
    };
    assert_eq!(refused(&guest("(loop $l (br $l))")), "`describe` took longer than 150 ms");
    assert!(refused(&guest("")).contains("`describe` panicked or aborted"));
    assert!(refused(&guest("(loop $l (drop (memory.grow (i32.const 9))) (br $l))")).contains("plugin memory limit"));
}

#[test]
fn one_that_wants_more_memory_than_there_is_from_the_start() {
    let mut guest = Guest::range();
    guest.more = "(func $start (drop (memory.grow (i32.const 1000)))) (start $start)".to_owned();
    let text = refused(&guest);
    assert!(text.contains("does not start: plugin memory limit: wanted 65 MB, limit 16 MB"), "{text}");
}
