//! Texts, vectors and records in windows: samples of rows, compared with those of a baseline, through the engine.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on fails, and shows its table")]

use std::fmt::Write as _;

use driftline_rules::baseline::Baseline;
use driftline_rules::drift::chance::Chance;
use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::plugin::Context;
use driftline_rules::record::{Limits, Reader};
use driftline_rules::report::{Judgement, Status};
use driftline_rules::run::{self, Fold, References};
use driftline_rules::samples::Keep;
use driftline_rules::suite::read;

fn plan(suite: &str) -> Plan {
    let (suite, mut problems) = read(suite);
    let (plan, more) = compile(&suite, &Options::default());
    problems.extend(more);
    assert!(problems.is_empty(), "{problems:?}");
    plan
}

fn fold(plan: &Plan, records: &[String]) -> Fold {
    let mut fold = Fold::new(plan, Keep { values: 0, all_rows: false });
    let mut reader = Reader::new(&plan.shape, Limits::default());
    let mut cells = Vec::new();
    for (at, record) in records.iter().enumerate() {
        reader.fill(record, &mut cells).unwrap();
        run::check(plan, &mut cells, at as u64, 0, &mut fold);
    }
    fold
}

fn baseline(plan: &Plan, records: &[String]) -> Baseline {
    Baseline::of_window(&plan.bindings, &fold(plan, records).window)
}

fn judge(plan: &Plan, baseline: &Baseline, records: &[String]) -> Judgement {
    let references = References { baseline: Some(baseline), ..References::default() };
    let fold = fold(plan, records);
    run::judge_against(plan, &fold, 0, &Context::default(), references).pop().unwrap().judgement
}

const WORDS: [&str; 12] =
    ["pay", "card", "my", "the", "transfer", "account", "please", "order", "new", "what", "is", "balance"];
const OTHER: [&str; 12] =
    ["book", "card", "my", "the", "flight", "hotel", "please", "order", "new", "what", "is", "price"];

/// Prompts of which a share are ones that many write, the most frequent of them again and again.
fn prompts(chance: &mut Chance, n: usize, common: usize, words: &[&str]) -> Vec<String> {
    let one = |chance: &mut Chance| {
        if chance.below(100) < common {
            // Zipf's law over a thousand greetings.
            let rank = (1000_f64.powf(chance.below(1 << 20) as f64 / f64::from(1 << 20))) as usize;
            return format!("{{\"prompt\": \"hello number {rank}\"}}");
        }
        let mut text = String::new();
        (0..8).for_each(|_| write!(text, "{} ", words[chance.below(words.len())]).unwrap());
        format!("{{\"prompt\": \"{text}{}\"}}", chance.below(1 << 30))
    };
    (0..n).map(|_| one(chance)).collect()
}

/// The larger side is sampled and the smaller one is not, and what is written often is in a sample or is not.
#[test]
fn texts_alarm_no_more_often_than_they_say_however_often_they_repeat() {
    let scale = if std::env::var_os("MANY").is_some() { 10 } else { 1 };
    let plan = plan("- { field: prompt, stable: { test: text_classifier, sample_rows: 400 } }");
    let mut chance = Chance::new(3);
    let mut wrong = Vec::new();
    for (n, m) in [(4000, 300), (1500, 1500), (300, 4000)] {
        for common in [0, 4, 30, 80] {
            let rounds = 12 * scale;
            let (mut alarms, mut judged) = (0, 0);
            for _ in 0..rounds {
                let reference = baseline(&plan, &prompts(&mut chance, n, common, &WORDS));
                let it = judge(&plan, &reference, &prompts(&mut chance, m, common, &WORDS));
                alarms += u32::from(it.status == Status::Fail);
                judged += u32::from(it.status != Status::Skip);
            }
            eprintln!("{n} against {m}, {common} % common: {alarms} alarms of {judged} judged, of {rounds}");
            let most = 0.075 * f64::from(judged) + 4.0 * (0.075 * f64::from(judged)).sqrt();
            wrong.extend((f64::from(alarms) > most).then_some((n, m, common)));
            // Other words are found wherever there is enough to judge.
            let reference = baseline(&plan, &prompts(&mut chance, n, common, &WORDS));
            let it = judge(&plan, &reference, &prompts(&mut chance, m, common, &OTHER));
            if it.status == Status::Skip {
                let why = it.why.unwrap();
                assert!(why.contains("a larger `sample_rows`"), "{why}");
            } else if common < 30 {
                assert_eq!(it.status, Status::Fail, "{n} {m} {common}: {:?}", it.details);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn records(chance: &mut Chance, n: usize, slower: u64) -> Vec<String> {
    let one = |chance: &mut Chance| {
        let latency = chance.below(1000) as u64 + slower;
        let intent = ["pay", "ask", "other"][chance.below(3)];
        let tokens = latency + chance.below(300) as u64 - slower;
        format!("{{\"latency\": {latency}, \"tokens\": {tokens}, \"intent\": \"{intent}\"}}")
    };
    (0..n).map(|_| one(chance)).collect()
}

#[test]
fn records_alarm_no_more_often_than_they_say() {
    let scale = if std::env::var_os("MANY").is_some() { 10 } else { 1 };
    let mut chance = Chance::new(4);
    for (test, rounds) in [("domain_classifier", 20 * scale), ("pca_reconstruction", 80 * scale)] {
        let plan = plan(&format!(
            "- {{ fields: [latency, tokens, intent], records_similar: {{ test: {test}, sample_rows: 300 }} }}"
        ));
        let mut alarms = 0;
        for _ in 0..rounds {
            let reference = baseline(&plan, &records(&mut chance, 800, 0));
            alarms += u32::from(judge(&plan, &reference, &records(&mut chance, 200, 0)).status == Status::Fail);
        }
        eprintln!("{test}: {alarms} alarms of {rounds}");
        assert!(f64::from(alarms) < 0.075 * f64::from(rounds) + 4.0 * (0.075 * f64::from(rounds)).sqrt(), "{test}");
        let reference = baseline(&plan, &records(&mut chance, 800, 0));
        let it = judge(&plan, &reference, &records(&mut chance, 200, 400));
        assert_eq!(it.status, Status::Fail, "{it:?}");
        assert!(it.why.as_ref().unwrap().contains("most by "), "{it:?}");
    }
}

#[test]
fn a_baseline_with_samples_is_read_as_it_was_written() {
    let plan = plan(
        "- { fields: [a, b], records_similar: { sample_rows: 20 } }
- { field: v, stable: { test: mmd } }",
    );
    let records: Vec<String> = (0..50)
        .map(|at| {
            format!("{{\"a\": {}.5, \"b\": {}, \"v\": [{at}, 0.25]}}", at % 40, ["\"x\"", "null", "true"][at % 3])
        })
        .collect();
    let it = baseline(&plan, &records);
    let json = it.to_json();
    let read = Baseline::read(json.to_string().as_bytes()).unwrap();
    assert_eq!(read, it);
    assert_eq!(json["samples"][0]["fields"], serde_json::json!(["a", "b"]));
    assert_eq!(json["samples"][0]["rows"].as_array().unwrap().len(), 20);
    assert!(json["samples"][0]["below"].is_string() && json["samples"][1].get("below").is_none());
    assert_eq!(it.summary()["samples"][1]["rows"], 50);
    // A window compared with what was read is compared with what was written.
    assert_eq!(judge(&plan, &read, &records), judge(&plan, &it, &records));
    for (samples, why) in [
        (r#"[{"fields": ["a"], "n": 1, "null": 0, "rows": [{"hash": "0", "count": 1, "row": []}]}]"#, "0 cells"),
        (r#"[{"fields": [], "n": 1, "null": 0, "rows": [{"hash": "x", "count": 1, "row": []}]}]"#, "`x` is no hash"),
        (r#"[{"fields": [], "n": 1, "null": 0, "rows": [{"hash": "0", "count": 0, "row": []}]}]"#, "no times"),
        (r#"[{"fields": [], "n": 18446744073709551615, "null": 9, "rows": []}]"#, "larger than any store"),
        ("[7]", "`samples[0]`"),
        ("7", "`samples` must be an array"),
    ] {
        let text = format!(r#"{{"driftline_baseline": 1, "records": 1, "fields": {{}}, "samples": {samples}}}"#);
        let said = Baseline::read(text.as_bytes()).unwrap_err();
        assert!(said.contains(why), "{samples}: {said}");
    }
}
