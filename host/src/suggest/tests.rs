use std::io::Write;

use driftline_rules::suite;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::draft::{Draft, draft};
use super::{holding, reading, text};
use crate::files::csv::Nulls;
use crate::files::{self, Input};

/// The draft of some data, what of it did not hold, and its text.
fn suggest(name: &str, data: &str) -> (Draft, Vec<String>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    let mut file = std::fs::File::create(&path).expect("a file");
    file.write_all(data.as_bytes()).expect("it is written");
    let inputs = [Input::File(path)];
    let (options, nulls) = (files::Options::default(), Nulls::default());
    let pass = reading::profile(&inputs, &options, &nulls);
    assert!(pass.faults.is_empty(), "{:?}", pass.faults);
    let mut it = draft(&pass.profile);
    let data = holding::Data { inputs: &inputs, files: &options, nulls: &nulls, threads: 1 };
    let n_types = it.types.len();
    let left = holding::keep(&mut it, &data);
    let mut left: Vec<_> = left.iter().map(|it| format!("{:?} {} {}", it.field, it.kind, it.params)).collect();
    if it.types.len() < n_types {
        left.push("a type".to_owned());
    }
    let written = text::write(&it, name, &[], "warning");
    (it, left, written)
}

fn leaf() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => Just(Json::Null),
        4 => any::<bool>().prop_map(Json::from),
        8 => (-5_i64..20).prop_map(Json::from),
        2 => any::<i64>().prop_map(Json::from),
        2 => any::<u64>().prop_map(Json::from),
        4 => (0.0..1.0_f64).prop_map(Json::from),
        4 => any::<f64>().prop_filter("JSON has no NaN", |it| it.is_finite()).prop_map(Json::from),
        4 => "[a-c]{0,2}".prop_map(Json::from),
        4 => "[A-Z]{2}-[0-9]{1,3}".prop_map(Json::from),
        2 => any::<String>().prop_map(Json::from),
        4 => "20[0-9]{2}-0[1-9]-[0-2][0-9]".prop_map(Json::from),
        2 => "20[0-9]{2}-0[1-9]-1[0-9]T1[0-9]:00:00(Z|\\+02:00)?".prop_map(Json::from),
        2 => prop::collection::vec(-1.0..1.0_f64, 0..3).prop_map(Json::from),
    ]
}

/// Records whose fields are each of one sort, or of any.
fn records() -> impl Strategy<Value = Vec<Json>> {
    let sorts = || {
        prop_oneof![
            (0_i64..100).prop_map(|n| json!({"kind": "ints", "n": n})),
            Just(json!({"kind": "ids"})),
            Just(json!({"kind": "choice"})),
            Just(json!({"kind": "any"})),
        ]
    };
    let names = prop_oneof![
        "[a-z]{1,3}",
        Just("user_id".to_owned()),
        Just("latency_ms".to_owned()),
        Just("a.b".to_owned()),
        Just("$".to_owned()),
        Just(String::new()),
        Just("<<".to_owned()),
        any::<String>()
    ];
    (prop::collection::btree_map(names, (sorts(), prop::collection::vec(leaf(), 1..6)), 0..5), 1_usize..160).prop_map(
        |(fields, n)| {
            let record = |i: usize| {
                let mut members = Map::new();
                for (name, (sort, values)) in &fields {
                    let any = values.get((i * 7 + i / 3) % values.len()).cloned().unwrap_or_default();
                    let value = match sort["kind"].as_str() {
                        Some("ints") => json!((i as i64 * 31) % (sort["n"].as_i64().unwrap_or(0) + 1)),
                        Some("ids") => json!(format!("id-{i}")),
                        Some("choice") => values[0].clone(),
                        _ => any,
                    };
                    if i % 11 == 3 && !value.is_number() {
                        continue;
                    }
                    members.insert(name.clone(), if i % 13 == 5 { json!({ "inner": value }) } else { value });
                }
                Json::Object(members)
            };
            (0..n).map(record).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_suggested_can_be_read_and_holds(records in records()) {
        let data = records.iter().fold(String::new(), |data, it| data + &it.to_string() + "\n");
        let (_, left, written) = suggest("data.ndjson", &data);
        prop_assert!(left.is_empty(), "did not hold: {left:?}\n{written}");
        let (suite, problems) = suite::read(&written);
        prop_assert!(problems.is_empty(), "{problems:?}\n{written}");
        let (_, problems) = driftline_rules::plan::compile(&suite, &driftline_rules::plan::Options::default());
        prop_assert!(problems.is_empty(), "{problems:?}\n{written}");
    }
}

/// The suite's lines without comments and blanks.
fn lines(written: &str) -> Vec<&str> {
    let code = |it: &&str| !it.trim_start().starts_with('#') && !it.is_empty();
    let without_comment = |it| str::split(it, "  # ").next().unwrap_or_default();
    written.lines().filter(code).map(without_comment).collect()
}

#[test]
fn each_sort_of_field_gets_its_rules() {
    let mut data = String::new();
    for i in 0..1000 {
        let record = json!({
            "request_id": format!("req-{i:05}"),
            "ts": format!("2024-03-{:02}T10:00:00Z", i % 28 + 1),
            "model_version": (["v1", "v2"][i % 2]),
            "country": (["DE", "FR", "NO"][i % 3]),
            "sku": format!("{}{}-{:03}", (b'A' + (i % 25) as u8) as char, (b'A' + (i / 25 % 4) as u8) as char, i / 500),
            "age": 18 + i % 60,
            "comment": if i % 10 == 0 { json!(null) } else { json!(format!("text {}", "x".repeat(i % 40))) },
            "prediction": {"label": (["yes", "no"][i % 2]), "score": i as f64 / 1000.0},
            "latency_ms": (i % 100) as f64 * 1.5,
            "embedding": [0.1, 0.2, i],
            "lat": 52.5,
        });
        data = data + &record.to_string() + "\n";
    }
    let (_, left, written) = suggest("data.ndjson", &data);
    assert_eq!(left, Vec::<String>::new());
    let found = lines(&written);
    for expected in [
        "  id: request_id",
        "  time: ts",
        "  version: model_version",
        "  prediction: prediction.label",
        "  score: prediction.score",
        "  ts: datetime",
        "  age: int",
        "    unique: {}",
        "    match_regex: \"^req-[0-9]{5}$\"",
        "    between: { min: 2024-01-01, max: 2026-01-01 }",
        "    in_set: [DE, FR, \"NO\"]",
        "    match_regex: \"^[A-Z]{2}-[0-9]{3}$\"",
        "    between: { min: 10, max: 85 }",
        "    mostly: 0.89",
        "    value_lengths_between: { min: 1, max: 66 }",
        "    between: { min: 0, max: 1 }",
        "    vector_dimension: 3",
        "    between: { min: -90, max: 90 }",
        "    quantile_between: { quantile: 0.99, max: 230 }",
    ] {
        assert!(found.contains(&expected), "{expected} is missing:\n{written}");
    }
    assert_eq!(found.iter().filter(|it| **it == "    unique: {}").count(), 1, "{written}");
}

#[test]
fn columns_of_a_table_are_read_as_a_check_reads_them() {
    use std::fmt::Write as _;
    let mut data = "zip;day;n;flag;empty;a.b\n".to_owned();
    for i in 0..200 {
        let n = if i == 150 { "NA".to_owned() } else { (i % 50).to_string() };
        let _ = writeln!(data, "{:05};2024-01-{:02};{n};{};;{}.5", i * 7, i % 28 + 1, i % 2 == 0, i);
    }
    let (_, left, written) = suggest("data.csv", &data);
    assert_eq!(left, Vec::<String>::new());
    let found = lines(&written);
    for expected in [
        "  zip: string",
        "  day: date",
        "  \"n\": int",
        "  flag: bool",
        "    match_regex: \"^[0-9]{5}$\"",
        "    mostly: 0.98",
    ] {
        assert!(found.contains(&expected), "{expected} is missing:\n{written}");
    }
    // Postal codes, though no two are alike, name nothing.
    assert!(!found.contains(&"    unique: {}"), "{written}");
    assert!(written.contains("# empty is always null."), "{written}");
    assert!(written.contains("a\\.b"), "{written}");
}
