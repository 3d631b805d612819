//! How often the model is right on sentences that it has not learnt, and what the check makes of it.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use driftline_plugin::prelude::*;
use driftline_plugin::testing::{check, describes_itself, record_check_laws};
use language_id::{LANGUAGES, LanguageIs, Plugin, identify, known};

/// Sentences on other matters than the learnt ones, with their language.
fn held_out() -> Vec<(&'static str, &'static str)> {
    include_str!("held_out.txt").lines().map(|it| it.split_once(' ').unwrap()).collect()
}

/// Verdicts on sentences of which each is declared as `declare` says.
fn judge(declare: impl Fn(usize, &'static str) -> &'static str) -> Vec<Verdict> {
    let sentences = held_out();
    let columns = Columns::new()
        .texts("text", sentences.iter().map(|(_, text)| *text))
        .texts("declared", sentences.iter().enumerate().map(|(row, (language, _))| declare(row, language)));
    check::<LanguageIs>(&json!({}), &columns).unwrap().verdicts
}

fn count(verdicts: &[Verdict], wanted: Verdict) -> usize {
    verdicts.iter().filter(|it| **it == wanted).count()
}

#[test]
fn it_describes_itself() {
    describes_itself::<Plugin>();
}

#[test]
fn whole_sentences_are_told_apart() {
    let sentences = held_out();
    let wrong: Vec<_> = sentences.iter().filter(|(language, text)| identify(text) != Some(language)).collect();
    let right = sentences.len() - wrong.len();
    assert!(right * 100 >= sentences.len() * 96, "{right} of {} are right, not {wrong:?}", sentences.len());
}

#[test]
fn half_sentences_are_mostly_told_apart() {
    let halves = held_out().into_iter().map(|(language, text)| {
        let words: Vec<_> = text.split(' ').collect();
        (language, words[..words.len().div_ceil(2)].join(" "))
    });
    let halves: Vec<_> = halves.collect();
    let right = halves.iter().filter(|(language, text)| identify(text) == Some(language)).count();
    assert!(right * 100 >= halves.len() * 90, "{right} of {} are right", halves.len());
}

#[test]
fn the_declared_language_holds_and_another_fails() {
    let honest = judge(|_, language| language);
    assert_eq!(count(&honest, Verdict::Skip), 0);
    assert_eq!(count(&honest, Verdict::Fail), 0, "false alarms");
    // Each is declared as the language that comes next; neighbours differ in all but the pairs of one script.
    let codes: Vec<_> = known().collect();
    let next = |language: &str| codes[(codes.iter().position(|it| *it == language).unwrap() + 1) % codes.len()];
    let lying = judge(|_, language| next(language));
    let found = count(&lying, Verdict::Fail);
    assert!(found * 100 >= lying.len() * 95, "{found} of {} are found", lying.len());
}

#[test]
fn close_languages_are_told_apart_when_declared_wrongly() {
    let pairs = [("da", "sv"), ("es", "pt"), ("ru", "uk"), ("cs", "pl"), ("de", "nl"), ("it", "ro")];
    for (a, b) in pairs {
        let swapped = judge(|_, language| {
            if language == a {
                b
            } else if language == b {
                a
            } else {
                language
            }
        });
        let found = count(&swapped, Verdict::Fail);
        assert!(found >= 8, "of ten sentences in {a} and {b} declared the other way {found} are found");
    }
}

#[test]
fn what_cannot_be_judged_is_skipped() {
    let columns = Columns::new()
        .texts(
            "text",
            [
                Some("Yes, I do."),
                None,
                Some("12345 67890 !!! ??? ..., 12345 67890"),
                Some("Nothing that is known of this language."),
            ],
        )
        .texts("declared", [Some("fr"), Some("en"), Some("en"), Some("sw")]);
    let judged = check::<LanguageIs>(&json!({}), &columns).unwrap();
    assert_eq!(judged.verdicts, [Verdict::Skip; 4]);
    let undeclared = Columns::new().texts("text", ["Nothing is declared of this sentence."]).texts("declared", [None]);
    assert_eq!(check::<LanguageIs>(&json!({}), &undeclared).unwrap().verdicts, [Verdict::Skip]);
}

#[test]
fn codes_may_name_a_country() {
    let columns = Columns::new()
        .texts("text", ["Could somebody explain how this contract can be cancelled?"; 3])
        .texts("declared", ["en-GB", "EN", "de_AT"]);
    let judged = check::<LanguageIs>(&json!({}), &columns).unwrap();
    assert_eq!(judged.verdicts, [Verdict::Pass, Verdict::Pass, Verdict::Fail]);
    assert_eq!(judged.findings[0].message, "the text is in `en`, `de` was declared");
}

#[test]
fn the_language_is_said_once() {
    let text = || Columns::new().texts("text", ["Could somebody explain how this contract can be cancelled?"]);
    let one = |params, columns: &Columns| check::<LanguageIs>(&params, columns).map(|it| it.verdicts);
    assert_eq!(one(json!({ "language": "en" }), &text()).unwrap(), [Verdict::Pass]);
    assert_eq!(one(json!({ "language": "ja" }), &text()).unwrap(), [Verdict::Fail]);
    assert!(matches!(one(json!({}), &text()), Err(Error::Params(_))));
    assert!(matches!(one(json!({ "language": "en" }), &text().texts("declared", ["en"])), Err(Error::Params(_))));
    let unknown = one(json!({ "language": "xx" }), &text()).unwrap_err();
    assert!(unknown.to_string().starts_with("the language `xx` is unknown; known are cs, da, de"), "{unknown}");
}

#[test]
fn the_laws_hold() {
    let sentences: Vec<_> = held_out().into_iter().step_by(4).collect();
    let columns = Columns::new()
        .texts("text", sentences.iter().map(|(_, text)| *text))
        .texts("declared", sentences.iter().map(|_| "en"));
    record_check_laws::<LanguageIs>(&json!({}), &columns);
    assert!(LANGUAGES.iter().map(|(code, _)| *code).is_sorted());
}
