use jsonschema::json::conformance;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use super::*;
use crate::record;
use crate::time::Time;

fn compile(schema: &Json) -> Schema {
    Schema::compile(schema, &[]).unwrap_or_else(|it| panic!("{schema}: {it:?}"))
}

fn record(text: &str) -> Value<'_> {
    record::parse(text).unwrap_or_else(|it| panic!("{text}: {it}"))
}

#[test]
fn our_values_keep_the_contract_of_the_validator() {
    let text = conformance::document().to_string();
    conformance::assert_conformance::<RecordJson>(&&record(&text));
}

#[test]
fn a_failure_names_place_keyword_and_value() {
    let schema = compile(&json!({
        "properties": {"a.b": {"items": {"maximum": 3}}, "c": {"type": "string"}},
        "required": ["d"]
    }));
    let it = record(r#"{"a.b": [1, 9], "c": null}"#);
    let failures = schema.failures(&it, 10);
    let brief: Vec<_> = failures.iter().map(|it| (it.path.as_str(), it.keyword.as_str(), it.value.clone())).collect();
    let whole = json!({"a.b": [1, 9], "c": null});
    assert_eq!(brief, [("$", "required", whole), (r"a\.b.1", "maximum", json!(9)), ("c", "type", Json::Null)]);
    assert_eq!(failures[1].message, "9 is greater than the maximum of 3");
    assert_eq!(schema.failures(&it, 2).len(), 2);
    assert!(!schema.is_valid(&it));
    assert!(schema.failures(&record(r#"{"d": 1}"#), 10).is_empty());
}

#[test]
fn nan_and_the_infinities_are_of_no_type() {
    let any_type = json!({"type": ["null", "boolean", "integer", "number", "string", "array", "object"]});
    for (text, name) in [("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity"), ("1e400", "Infinity")] {
        let it = record(text);
        let failures = compile(&any_type).failures(&it, 10);
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].message, format!("{name} is not a JSON number"));
        assert_eq!(failures[0].value, json!(name));
        for schema in [
            json!({"type": "number"}),
            json!({"type": "integer"}),
            json!({"type": "string"}),
            json!({"enum": [name, 0]}),
            json!({"const": name}),
        ] {
            assert!(!compile(&schema).is_valid(&it), "{name} {schema}");
        }
        let list = Value::List(vec![it.clone()]);
        assert!(!compile(&json!({"const": [name]})).is_valid(&list));
        assert!(!compile(&json!({"enum": [[name], [0]]})).is_valid(&list));
        // The keywords of numbers judge numbers only.
        assert!(compile(&json!({"minimum": 0, "maximum": 1, "multipleOf": 2})).is_valid(&it));
    }
}

#[test]
fn a_time_is_a_string_and_a_decimal_a_number() {
    let time = Value::Time(Time::parse("2024-05-01T12:30:00Z").unwrap_or_else(|| panic!("a time")));
    assert!(
        compile(&json!({"type": "string", "format": "date-time", "pattern": "^2024-05-01T12:30:00"})).is_valid(&time)
    );
    assert!(!compile(&json!({"type": "number"})).is_valid(&time));
    let decimal = Value::Dec(Decimal::new(1050, 2));
    assert!(compile(&json!({"type": "number", "const": 10.5, "minimum": 10.5, "maximum": 10.5})).is_valid(&decimal));
    assert!(!compile(&json!({"type": "integer"})).is_valid(&decimal));
    assert!(!compile(&json!({"exclusiveMinimum": 10.5})).is_valid(&decimal));
    assert!(compile(&json!({"type": "integer", "const": -3})).is_valid(&Value::Dec(Decimal::new(-300, 2))));
}

#[test]
fn integers_are_compared_without_rounding() {
    let at_most = compile(&json!({"maximum": 9_007_199_254_740_992_u64}));
    assert!(at_most.is_valid(&record("9007199254740992")));
    assert!(!at_most.is_valid(&record("9007199254740993")));
    assert!(compile(&json!({"const": u64::MAX})).is_valid(&record("18446744073709551615")));
    assert!(!compile(&json!({"const": u64::MAX})).is_valid(&record("18446744073709551614")));
}

#[test]
fn formats_are_asserted_in_every_draft() {
    for draft in ["http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#"]
        .into_iter()
        .chain(["https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema"])
    {
        let schema = compile(&json!({"$schema": draft, "format": "date"}));
        assert!(schema.is_valid(&record("\"2024-05-01\"")), "{draft}");
        assert!(!schema.is_valid(&record("\"2024-05-32\"")), "{draft}");
    }
}

#[test]
fn the_draft_is_the_one_the_schema_names() {
    let draft4 = json!({"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 3, "exclusiveMaximum": true});
    assert!(!compile(&draft4).is_valid(&record("3")));
    assert!(Schema::compile(&json!({"maximum": 3, "exclusiveMaximum": true}), &[]).is_err());
}

#[test]
fn a_broken_schema_lists_all_its_errors() {
    let broken = json!({"properties": {"a": {"type": "text"}, "b": {"minLength": -1}}});
    let errors = Schema::compile(&broken, &[]).expect_err("broken");
    let paths: Vec<_> = errors.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["/properties/a/type", "/properties/b/minLength"]);
    let errors = Schema::compile(&json!({"pattern": "("}), &[]).expect_err("no expression");
    assert_eq!(errors.len(), 1);
    assert!(Schema::compile(&json!(1), &[]).is_err());
}

#[test]
fn references_are_found_among_the_given_documents_only() {
    let age = json!({"$defs": {"age": {"$ref": "number.json", "maximum": 150}}});
    let number = json!({"type": "number"});
    for (id, folder) in [(None, ""), (Some("https://a.example/s/root.json"), "https://a.example/s/")] {
        let mut schema = json!({"properties": {"age": {"$ref": "age.json#/$defs/age"}}});
        if let Some(id) = id {
            schema["$id"] = json!(id);
        }
        let documents = |folder: &str| {
            [(format!("{folder}age.json"), age.clone()), (format!("{folder}number.json"), number.clone())]
        };
        for documents in [documents(""), documents(folder)] {
            let schema = Schema::compile(&schema, &documents).unwrap_or_else(|it| panic!("{it:?}"));
            assert!(schema.is_valid(&record(r#"{"age": 150}"#)));
            assert!(!schema.is_valid(&record(r#"{"age": 151}"#)));
            assert!(!schema.is_valid(&record(r#"{"age": "1"}"#)));
        }
        let errors = Schema::compile(&schema, &documents("")[..1]).expect_err("number.json is missing");
        assert!(errors[0].message.contains("number.json"), "{errors:?}");
    }
    assert!(Schema::compile(&json!({"$ref": "https://example.com/a.json"}), &[]).is_err());
    assert!(Schema::compile(&json!({"$ref": "file:///etc/hostname"}), &[]).is_err());
    assert!(Schema::compile(&json!({}), &[("http://[".to_owned(), json!({}))]).is_err());
}

#[test]
fn references_to_other_documents_are_listed_once() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {
            "a": {"$ref": "a.json#/x"},
            "b": {"anyOf": [{"$ref": "#/$defs/c"}, {"$ref": "a.json"}, {"$ref": "deep/b.json"}]},
            "$ref": {"$ref": "own.json"},
            "d": {"const": {"$ref": "data.json"}, "$ref": "http://json-schema.org/draft-07/schema#"}
        },
        "$defs": {"c": {"$id": "own.json"}}
    });
    assert_eq!(references(&schema), ["a.json", "deep/b.json"]);
}

#[test]
fn a_schema_that_refers_to_itself_follows_the_record() {
    let schema = compile(&json!({"properties": {"next": {"$ref": "#"}, "n": {"type": "integer"}}}));
    assert!(schema.is_valid(&record(r#"{"n":1,"next":{"n":2,"next":{"n":3}}}"#)));
    let failures = schema.failures(&record(r#"{"n":1,"next":{"n":2,"next":{"n":"3"}}}"#), 5);
    assert_eq!(failures[0].path, "next.next.n");
}

fn json() -> impl Strategy<Value = Json> {
    let number = prop_oneof![
        (-3_i64..4).prop_map(Json::from),
        (-6_i64..7).prop_map(|it| json!(it as f64 / 2.0)),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        Just(json!(1e20)),
    ];
    let leaf =
        prop_oneof![Just(Json::Null), any::<bool>().prop_map(Json::from), number, "[abé]{0,3}".prop_map(Json::from)];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            proptest::collection::vec(("[abc]", inner), 0..5).prop_map(|it| it.into_iter().collect()),
        ]
    })
}

fn schemas() -> impl Strategy<Value = Json> {
    const TYPES: &[&str] = &["null", "boolean", "integer", "number", "string", "array", "object"];
    let small = 0..4_u64;
    let leaf = prop_oneof![
        4 => proptest::sample::select(TYPES).prop_map(|it| json!({"type": it})),
        1 => proptest::sample::subsequence(TYPES, 1..4).prop_map(|it| json!({"type": it})),
        1 => proptest::collection::vec(json(), 1..4).prop_map(|it| json!({"enum": it})),
        1 => json().prop_map(|it| json!({"const": it})),
        1 => (-3..4).prop_map(|it| json!({"minimum": it})),
        1 => (-3..4).prop_map(|it| json!({"exclusiveMaximum": f64::from(it) / 2.0})),
        1 => Just(json!({"multipleOf": 0.5})),
        1 => small.clone().prop_map(|it| json!({"minLength": it, "minItems": it, "maxProperties": it})),
        1 => Just(json!({"uniqueItems": true})),
        1 => Just(json!({"pattern": "^[ab]+$", "propertyNames": {"pattern": "[ab]"}})),
        1 => Just(json!({"required": ["a"]})),
        1 => any::<bool>().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let list = proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            3 => proptest::collection::vec(("[abc]", inner.clone()), 1..4)
                .prop_map(|it| json!({"properties": it.into_iter().collect::<Json>(), "required": ["b"]})),
            1 => (inner.clone(), inner.clone())
                .prop_map(|(a, b)| json!({"properties": {"a": a}, "additionalProperties": b})),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({"prefixItems": [a], "items": b})),
            1 => inner.clone().prop_map(|it| json!({"contains": it, "maxContains": 2})),
            1 => inner.clone().prop_map(|it| json!({"not": it})),
            1 => (list.clone(), proptest::sample::select(&["anyOf", "allOf", "oneOf"][..])).prop_map(|(it, name)| json!({name: it})),
            1 => list.prop_map(|it| json!({"allOf": it, "unevaluatedProperties": false})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn our_values_are_judged_as_those_of_serde_json(schema in schemas(), records in proptest::collection::vec(json(), 1..8)) {
        for schema in [schema.clone(), json!({"$schema": "http://json-schema.org/draft-04/schema#", "allOf": [schema]})] {
            // Not every schema is one of draft 4, too.
            let Ok(theirs) = jsonschema::options().should_validate_formats(true).build(&schema) else {
                prop_assert!(Schema::compile(&schema, &[]).is_err());
                continue;
            };
            let ours = compile(&schema);
            for record in &records {
                let text = record.to_string();
                let value = record::parse(&text).map_err(|it| TestCaseError::fail(it.to_string()))?;
                prop_assert_eq!(ours.is_valid(&value), theirs.is_valid(record), "{} {}", schema, record);
                let failures: Vec<_> = ours.failures(&value, 50).into_iter().map(|it| (it.keyword, it.message, it.value)).collect();
                let expected: Vec<_> = theirs
                    .iter_errors(record)
                    .take(50)
                    .map(|it| (it.kind().keyword().to_owned(), it.to_string(), it.instance().clone().into_owned()))
                    .collect();
                prop_assert_eq!(failures, expected);
            }
        }
    }
}
