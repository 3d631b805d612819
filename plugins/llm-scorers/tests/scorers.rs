//! Each scorer on answers, and the laws of all.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use driftline_plugin::prelude::*;
use driftline_plugin::testing::{check, describes_itself, record_check_laws};
use llm_scorers::{Length, NoRefusal, NoRepetition, Plugin, ValidJson};

/// Judges texts; gives each one's code, or `pass` or `skip`. The laws are tried on the way.
fn judge<C: RecordCheck>(params: &serde_json::Value, texts: &[&str]) -> Vec<String> {
    let columns = Columns::new().texts("text", texts.iter().map(|it| Some(*it)).chain([None]));
    record_check_laws::<C>(params, &columns);
    let judged = check::<C>(params, &columns).unwrap();
    assert_eq!(judged.verdicts.last(), Some(&Verdict::Skip), "null was judged");
    let code = |row: usize| judged.findings.iter().find(|it| it.row as usize == row).map(|it| it.code.clone());
    let words = judged.verdicts.iter().enumerate().map(|(row, verdict)| match verdict {
        Verdict::Pass => "pass".to_owned(),
        Verdict::Skip => "skip".to_owned(),
        Verdict::Fail => code(row).unwrap(),
    });
    words.take(texts.len()).collect()
}

fn refusal_of<C: RecordCheck>(params: &serde_json::Value) -> Error {
    check::<C>(params, &Columns::new().texts("text", ["a"])).map(|it| it.verdicts.len()).unwrap_err()
}

#[test]
fn it_describes_itself() {
    describes_itself::<Plugin>();
}

#[test]
fn lengths_are_counted_in_words_or_characters() {
    let texts = ["", " \n", "one", "one two", "eins  zwei\tdrei", "a b c d"];
    let words = judge::<Length>(&json!({ "max": 3 }), &texts);
    assert_eq!(words, ["too-short", "too-short", "pass", "pass", "pass", "too-long"]);
    let characters = judge::<Length>(&json!({ "min": 0, "max": 3, "unit": "characters" }), &["", "äöü", "äöüß"]);
    assert_eq!(characters, ["pass", "pass", "too-long"]);
    assert_eq!(
        refusal_of::<Length>(&json!({ "min": 2, "max": 1 })),
        Error::params("`min` is 2, above `max`, which is 1")
    );
}

#[test]
fn refusals_are_found_at_the_start_and_as_whole_words() {
    let far = format!("{} I cannot help", "word ".repeat(50));
    let texts = ["I'm sorry, but I can't help with that.", "I’m\nunable   TO", "Pi cannot help", "Sure!", far.as_str()];
    assert_eq!(judge::<NoRefusal>(&json!({}), &texts), ["refusal", "refusal", "pass", "pass", "pass"]);
    assert_eq!(judge::<NoRefusal>(&json!({ "within": 0 }), &[far.as_str()]), ["refusal"]);
    let german = json!({ "builtin": false, "phrases": ["Das DARF ich nicht"] });
    assert_eq!(
        judge::<NoRefusal>(&german, &["Tut mir leid, das darf ich nicht.", "I cannot help"]),
        ["refusal", "pass"]
    );
    assert!(matches!(refusal_of::<NoRefusal>(&json!({ "builtin": false })), Error::Params(_)));
    assert!(matches!(refusal_of::<NoRefusal>(&json!({ "phrases": [" "] })), Error::Params(_)));
}

#[test]
fn the_bound_counts_where_a_phrase_begins() {
    // The phrase begins at the tenth character, which is the last within ten, and at the eleventh.
    let params = json!({ "within": 10 });
    assert_eq!(
        judge::<NoRefusal>(&params, &["abcdefgh I cannot help", "abcdefghi I cannot help"]),
        ["refusal", "pass"]
    );
}

#[test]
fn json_is_whole_and_of_its_shape() {
    let texts =
        ["{}", "[]", "{\"a\": 1}", "{\"a\": 1} ok", "", "```json\n{\"a\": 1}\n```", "```\n[1]\n```", "{'a': 1}"];
    let bad = "invalid-json";
    assert_eq!(judge::<ValidJson>(&json!({}), &texts), ["pass", "pass", "pass", bad, bad, bad, bad, bad]);
    let fenced = judge::<ValidJson>(&json!({ "fenced": true, "of": "array" }), &texts);
    assert_eq!(fenced, ["wrong-type", "pass", "wrong-type", bad, bad, "wrong-type", "pass", bad]);
    let required = judge::<ValidJson>(&json!({ "required": ["a"] }), &texts[..3]);
    assert_eq!(required, ["missing-member", "wrong-type", "pass"]);
    assert!(matches!(refusal_of::<ValidJson>(&json!({ "of": "array", "required": ["a"] })), Error::Params(_)));
    let deep = "[".repeat(100_000);
    assert_eq!(judge::<ValidJson>(&json!({}), &[deep.as_str()]), [bad]);
}

#[test]
fn repetition_is_a_share_of_runs() {
    let circle = "I can help you. ".repeat(10);
    let straight = (0..40).map(|it| format!("word{it}")).collect::<Vec<_>>().join(" ");
    let texts = [circle.as_str(), straight.as_str(), "short short short"];
    assert_eq!(judge::<NoRepetition>(&json!({}), &texts), ["repetition", "pass", "skip"]);
    // Four words, three runs of two, "a a" three times: two of three runs occurred before.
    let just = json!({ "n": 2, "min_words": 0, "max_share": 0.667 });
    let below = json!({ "n": 2, "min_words": 0, "max_share": 0.666 });
    assert_eq!(judge::<NoRepetition>(&just, &["a a a a", "a"]), ["pass", "skip"]);
    assert_eq!(judge::<NoRepetition>(&below, &["A a, a! a"]), ["repetition"]);
    assert!(matches!(refusal_of::<NoRepetition>(&json!({ "n": 0 })), Error::Params(_)));
    let judged = check::<NoRepetition>(&json!({}), &Columns::new().texts("text", [circle.as_str()])).unwrap();
    assert_eq!(judged.findings[0].message, "89 % of the runs of words occurred before, \"can help you\" 10 times");
}
