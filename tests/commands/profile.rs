//! `driftline profile` and `check --baseline`.

use std::fmt::Write as _;

use super::{Room, json};

const SUITE: &str = "types: { score: float }
expectations:
  - { field: score, stable: {} }
  - { field: intent, stable: { test: chi_square } }
  - { field: id, not_null: {} }
";

/// Scores spread over `low` and the next whole number, two intents of which `share` of a hundred are the first.
fn records(low: f64, share: usize) -> String {
    (0..1000).fold(String::new(), |mut text, i| {
        let (score, intent) =
            (low + f64::from(i * 7 % 100) / 100.0, if i as usize % 100 < share { "pay" } else { "ask" });
        let _ = writeln!(
            text,
            "{{\"id\": {i}, \"score\": {score}, \"intent\": \"{intent}\", \"more\": {{\"x\": [1], \"y\": {}}}}}",
            i % 3
        );
        text
    })
}

#[test]
fn lengths_of_texts_are_profiled_as_the_suite_compares_them() {
    let suite = "expectations: [{ field: prompt, stable: { of: length } }, { field: prompt, stable: {} }]";
    let rows = |long: usize| {
        (0..40).fold(String::new(), |mut text, i| {
            let _ = writeln!(text, "{{\"prompt\": \"{}\"}}", "x".repeat(long + i % 5));
            text
        })
    };
    let room = Room::new(&[("s.yaml", suite), ("a.ndjson", &rows(3)), ("b.ndjson", &rows(90))]);
    assert_eq!(room.run("profile a.ndjson --suite s.yaml -o a.baseline.json").code, 0);
    let found = room.run("check b.ndjson --suite s.yaml --baseline a.baseline.json");
    assert!(found.out.contains("because   mean 5 -> 92, +1740 %"), "{}", found.out);
    assert_eq!(room.run("check a.ndjson --suite s.yaml --baseline a.baseline.json").code, 0);
    let named = json(&room.run("profile a.ndjson --field length(prompt)").out);
    assert_eq!(named["fields"]["length(prompt)"]["n"], 40, "{named}");
}

#[test]
fn a_file_is_profiled_and_another_is_checked_against_it() {
    let room =
        Room::new(&[("suite.yaml", SUITE), ("train.ndjson", &records(0.0, 60)), ("same.ndjson", &records(0.0, 61))]);
    let said = room.run("profile train.ndjson --suite suite.yaml -o b.json");
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    let baseline = json(&room.read("b.json"));
    let names: Vec<_> = baseline["fields"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["intent", "score"], "those that `stable` names");
    assert_eq!((&baseline["records"], &baseline["fields"]["score"]["n"]), (&1000.into(), &1000.into()));
    assert_eq!(baseline["fields"]["intent"]["categories"], serde_json::json!([["ask", 400], ["pay", 600]]));

    let said = room.run("check same.ndjson --suite suite.yaml --baseline b.json");
    assert_eq!(said.code, 0, "{}", said.out);

    std::fs::write(room.path("drifted.ndjson"), records(0.5, 20)).unwrap();
    let said = room.run("check drifted.ndjson --suite suite.yaml --baseline b.json --format json");
    assert_eq!(said.code, 1, "{}", said.err);
    let results = json(&said.out)["results"].clone();
    let of = |field: &str| {
        let results = results.as_array().unwrap();
        results.iter().find(|it| it["kind"] == "stable" && it["fields"][0] == field).unwrap().clone()
    };
    let score = of("score");
    assert_eq!((&score["status"], &score["details"]["test"]), (&"fail".into(), &"ks".into()), "{score:#}");
    assert_eq!((&score["details"]["n"], &score["details"]["m"]), (&1000.into(), &1000.into()));
    assert!(score["details"]["p_value"].as_f64().unwrap() < 1e-9, "{score:#}");
    assert!(score["why"].as_str().unwrap().starts_with("mean 0.495 -> 0.995, +101 %"), "{score:#}");
    assert!(of("intent")["why"].as_str().unwrap().contains("\"pay\" 60 % -> 20 %"), "{results:#}");
    let text = room.run("check drifted.ndjson --suite suite.yaml --baseline b.json").out;
    assert!(text.contains("expected distributed as in the baseline") || text.contains("in the baseline"), "{text}");
    assert!(text.contains("mean 0.495 -> 0.995, +101 %"), "{text}");
    for format in ["junit", "sarif", "github", "gx"] {
        let said = room.run(&format!("check drifted.ndjson --suite suite.yaml --baseline b.json --format {format}"));
        assert!(said.out.contains("0.995"), "{format}: {}", said.out);
    }

    let said = room.run("check drifted.ndjson --suite suite.yaml --verbose");
    assert_eq!(said.code, 0, "nothing to compare with");
    assert!(said.out.contains("there is no baseline to compare with"), "{}", said.out);
}

#[test]
fn without_a_suite_all_single_values_are_profiled_from_any_format() {
    let room = Room::new(&[("train.ndjson", &records(0.0, 60))]);
    let whole = room.run("profile train.ndjson");
    let fields = json(&whole.out)["fields"].clone();
    let names: Vec<_> = fields.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["id", "intent", "more.y", "score"]);
    assert_eq!(fields["more.y"]["numbers"], serde_json::json!([[0.0, 334], [1.0, 333], [2.0, 333]]));
    // From a pipe, which is read twice, and on any number of threads in pieces of any size.
    let input = records(0.0, 60);
    for args in [vec!["profile", "-"], vec!["profile", "-", "--threads", "3", "--chunk-size", "500"]] {
        assert_eq!(room.pipe(&args, input.as_bytes()).out, whole.out, "{args:?}");
    }
    let csv = input.lines().fold("score,intent\n".to_owned(), |mut text, line| {
        let it = json(line);
        let _ = writeln!(text, "{},{}", it["score"], it["intent"].as_str().unwrap());
        text
    });
    let of_csv = json(&room.pipe(&["profile", "-", "--input-format", "csv"], csv.as_bytes()).out);
    assert_eq!((&of_csv["fields"]["score"], &of_csv["fields"]["intent"]), (&fields["score"], &fields["intent"]));
    let one = json(&room.run("profile train.ndjson --field intent").out);
    assert_eq!(one["fields"].as_object().unwrap().len(), 1);
}

#[test]
fn a_profile_is_shown_as_a_table() {
    let room = Room::new(&[("train.ndjson", &records(0.0, 60))]);
    let said = room.run("profile train.ndjson --format text");
    let lines: Vec<_> = said.out.lines().collect();
    assert_eq!(lines[0], "1000 records");
    assert!(lines[1].starts_with("FIELD"), "{}", said.out);
    let of = |name: &str| *lines.iter().find(|it| it.starts_with(name)).unwrap();
    assert!(of("intent").ends_with("\"pay\" 60 %, \"ask\" 40 %"), "{}", said.out);
    assert!(of("score").contains("0.495") && of("score").contains("p50 0.495"), "{}", said.out);
}

#[test]
fn what_makes_no_baseline_is_said() {
    let room = Room::new(&[
        ("train.ndjson", "{\"a\": 1}\n{\"a\": \n"),
        ("empty.ndjson", ""),
        ("none.yaml", "expectations: [{ field: a, not_null: {} }]"),
        ("bad.yaml", "expectations: [{ field: a, stable: { test: kss } }]"),
        ("b.json", "{\"driftline_baseline\": 1}"),
        ("suite.yaml", SUITE),
    ]);
    let said = room.run("profile train.ndjson");
    assert_eq!(json(&said.out)["records"], 1);
    assert!(said.err.contains("1 of 2 records could not be read"), "{}", said.err);
    for (command, why) in [
        ("profile empty.ndjson", "no record"),
        ("profile absent.ndjson", "absent.ndjson"),
        ("profile train.ndjson --suite none.yaml", "no `stable` or `records_similar` names a field"),
        ("profile train.ndjson --suite bad.yaml", "there is no drift test `kss`"),
        ("check train.ndjson --suite suite.yaml --baseline b.json", "`fields` must be an object"),
        ("check train.ndjson --suite suite.yaml --baseline absent.json", "absent.json"),
    ] {
        let said = room.run(command);
        assert_eq!(said.code, 3, "{command}: {}", said.out);
        assert!(said.err.contains(why), "{command}: {}", said.err);
    }
    let said = room.run("profile train.ndjson --field b");
    assert!(said.code == 0 && said.err.contains("no record has a value of `b`"), "{}", said.err);
}

const SAMPLED: &str = "expectations:
  - { field: prompt, stable: { test: text_classifier, sample_rows: 200 } }
  - { fields: [score, intent], records_similar: {} }
";

/// Prompts of some words, and scores that follow the intent or do not.
fn prompts(words: [&str; 4], turned: bool) -> String {
    (0..400_usize).fold(String::new(), |mut text, i| {
        let word = |by: usize| words[i / by % 4];
        let pays = i * 7 % 13 < 6;
        let score = if pays == turned { 0.0 } else { 0.5 } + (i * 37 % 100) as f64 / 200.0;
        let intent = if pays { "pay" } else { "ask" };
        let _ = writeln!(
            text,
            "{{\"prompt\": \"{} {} {} {i}\", \"score\": {score}, \"intent\": \"{intent}\"}}",
            word(1),
            word(4),
            word(16)
        );
        text
    })
}

#[test]
fn texts_and_whole_records_are_sampled_and_compared() {
    let banking = ["account", "card", "balance", "transfer"];
    let room = Room::new(&[
        ("suite.yaml", SAMPLED),
        ("train.ndjson", &prompts(banking, false)),
        ("today.ndjson", &prompts(["flight", "card", "hotel", "train"], true)),
    ]);
    let said = room.run("profile train.ndjson --suite suite.yaml -o b.json");
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let baseline = json(&room.read("b.json"));
    assert_eq!((&baseline["driftline_baseline"], &baseline["fields"]), (&1.into(), &serde_json::json!({})));
    let sizes: Vec<_> =
        baseline["samples"].as_array().unwrap().iter().map(|it| it["rows"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [200, 193], "different rows");
    let more = json(&room.run("profile train.ndjson --suite suite.yaml --sample-rows 300").out);
    assert_eq!(more["samples"][0]["rows"].as_array().unwrap().len(), 300);
    let table = room.run("profile train.ndjson --suite suite.yaml --format text").out;
    assert!(table.contains("score, intent") && table.contains("200 sampled rows"), "{table}");

    let said = room.run("check train.ndjson --suite suite.yaml --baseline b.json");
    assert_eq!(said.code, 0, "{}", said.out);
    let said = room.run("check today.ndjson --suite suite.yaml --baseline b.json --format json");
    assert_eq!(said.code, 1, "{}", said.err);
    let results = json(&said.out)["results"].clone();
    let of = |kind: &str| results.as_array().unwrap().iter().find(|it| it["kind"] == kind).unwrap().clone();
    assert!(of("stable")["why"].as_str().unwrap().contains("an AUC of"), "{results:#}");
    assert_eq!(of("records_similar")["details"]["m"], 400);
    let why = of("records_similar")["why"].as_str().unwrap().to_owned();
    assert!(why.contains("a classifier tells them apart"), "{why}");
    // However the input is cut.
    for threads in ["1", "3"] {
        let again = room.run(&format!(
            "check today.ndjson --suite suite.yaml --baseline b.json --format json --threads {threads} --chunk-size 700"
        ));
        assert_eq!(json(&again.out)["results"], results, "{threads} threads");
    }
    // A baseline that was made without the suite has no sample.
    room.run("profile train.ndjson -o plain.json");
    let said = room.run("check today.ndjson --suite suite.yaml --baseline plain.json --verbose");
    assert!(said.code == 0 && said.out.contains("the baseline has no sample of the field `prompt`"), "{}", said.out);
}

#[test]
fn columns_are_compared_together() {
    let words = ["account", "card", "balance", "transfer"];
    let room = Room::new(&[("a.ndjson", &prompts(words, false)), ("b.ndjson", &prompts(words, true))]);
    let drift = "drift --reference a.ndjson --current b.ndjson --format json";
    // Either column is distributed as before; they no longer go together.
    let apart = room.run(&format!("{drift} --column intent"));
    assert_eq!(apart.code, 0, "{}", apart.out);
    for test in ["pca_reconstruction", "domain_classifier"] {
        let said = room.run(&format!("{drift} --test {test} --column score --column intent"));
        assert_eq!(said.code, 1, "{test}: {}{}", said.out, said.err);
        let column = &json(&said.out)["columns"][0];
        assert_eq!(
            (&column["column"], &column["n"], &column["test"]),
            (&"score, intent".into(), &400.into(), &test.into())
        );
        assert!(column["p_value"].as_f64().unwrap() < 1e-6 && column["error"].is_null(), "{column:#}");
    }
    // From a pipe, which is read twice.
    let args = [
        "drift",
        "--reference",
        "-",
        "--current",
        "b.ndjson",
        "--test",
        "pca_reconstruction",
        "--input-format",
        "ndjson",
    ];
    let all = room.pipe(&args, prompts(words, false).as_bytes());
    assert!(all.code == 1 && all.out.contains("prompt, score, intent"), "{}{}", all.out, all.err);
    for (more, why) in [
        ("--column score --column intentt", "neither side has the column `intentt` (did you mean `intent`?)"),
        ("--column score", "and the values are numbers"),
    ] {
        let said = room.run(&format!("{drift} --test pca_reconstruction {more}"));
        assert_eq!(said.code, 3, "{more}: {}", said.out);
        assert!(said.err.contains(why) || said.out.contains(why), "{more}: {}{}", said.out, said.err);
    }
}

/// The suite and the commands of the page, as they stand there.
#[test]
fn the_page_of_drift_shows_what_happens() {
    let page = include_str!("../../docs/drift.md");
    let block = |kind: &str| page.split(&format!("```{kind}\n")).nth(1).unwrap().split("```").next().unwrap();
    let all = include_str!("../../examples/first_check/records.ndjson");
    let half = |skip: usize| all.lines().skip(skip).take(500).fold(String::new(), |text, it| text + it + "\n");
    let (train, today) = (half(0), half(500));
    let slow = today.replace("\"latency_ms\":", "\"latency_ms\":1");
    let files =
        [("suite.yaml", block("yaml")), ("train.ndjson", &train), ("today.ndjson", &today), ("slow.ndjson", &slow)];
    let room = Room::new(&files);
    let commands: Vec<_> = block("sh").lines().filter_map(|it| it.strip_prefix("driftline ")).collect();
    assert_eq!(commands.len(), 3);
    for command in &commands {
        let said = room.run(command);
        assert_eq!(said.code, 0, "{command}: {}{}", said.out, said.err);
    }
    let said = room.run(&commands[1].replace("today", "slow"));
    assert!(said.code == 1 && said.out.contains("mean 67.6 -> "), "{}", said.out);
}
