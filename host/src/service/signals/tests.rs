#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use driftline_rules::family::{Sample, Series};
use driftline_rules::plan::Options;
use driftline_rules::suite::Telling;

use super::*;
use crate::service::version::Settings;
use crate::suites;

fn version(name: &str, text: &str, telling: Telling) -> Arc<Version> {
    let options = Options { labels_come_later: true, ..Options::default() };
    let loaded = suites::build(name.to_owned(), text.to_owned(), &options, &|_| Err("there is none".to_owned()));
    assert_eq!(loaded.problems, []);
    let settings = Settings {
        telling,
        privacy_key: b"key".to_vec(),
        no_hashes: None,
        depth: 64,
        exact_values: 100,
        segments: 100,
        patience: 0,
        ahead: 0,
    };
    Arc::new(Version::new(name, loaded, &settings))
}

fn active(all: &[&Arc<Version>]) -> BTreeMap<String, Arc<Version>> {
    all.iter().map(|it| (it.name.clone(), Arc::clone(it))).collect()
}

/// `name label=value number` of all that is not the host's own.
fn lines(signals: &Signals) -> Vec<String> {
    let mut lines = Vec::new();
    for family in signals.families().iter().filter(|it| !it.name.starts_with("driftline_")) {
        for it in &family.series {
            let labels: Vec<_> = it.labels.iter().map(|it| format!("{}={}", it.0, it.1)).collect();
            if let Sample::Number(number, _) = it.sample {
                lines.push(format!("{} {} {number}", family.name, labels.join(",")));
            }
        }
    }
    lines
}

fn check(signals: &Signals, version: &Arc<Version>, record: &str) {
    signals.add(version, &version.check(record.as_bytes(), 0).noted, 0);
}

#[test]
fn suites_that_feed_one_name_add_up() {
    let a = version("a", "signals: [{counter: x_total, labels: {v: v}}]", Telling::Keep);
    let b = version("b", "signals: [{counter: x_total, labels: {v: w}, help: All., when: w > 1}]", Telling::Keep);
    let signals = Signals::default();
    signals.show(&active(&[&a, &b]));
    check(&signals, &a, "{\"v\": 2}");
    check(&signals, &b, "{\"w\": 2}");
    check(&signals, &b, "{\"w\": 1}");
    assert_eq!(lines(&signals), ["x_total v=2 2"]);
    assert_eq!(signals.families()[0].help, "All.");
    // What is not active any more is not shown, and begins anew.
    signals.show(&active(&[&a]));
    check(&signals, &b, "{\"w\": 2}");
    signals.show(&active(&[&a, &b]));
    assert_eq!(lines(&signals), ["x_total v=2 1"]);
}

#[test]
fn what_cannot_stand_beside_others_is_told() {
    let a = version("a", "signals: [{counter: x_total, labels: {v: v}}]", Telling::Keep);
    let b = version("b", "signals: [{counter: x_total}, {gauge: y, of: y}]", Telling::Keep);
    let problems = clashes(&b, &active(&[&a, &b]));
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let wanted = "1:11: signals[0]: the signal `x_total` cannot be shown beside the suite `a`: `x_total` is there already, with other labels, or in another order";
    assert!(problems.len() == 1 && problems[0].starts_with(wanted), "{problems:?}");
    assert!(clashes(&a, &active(&[&a])).is_empty());
}

#[test]
fn the_service_s_own_setting_keeps_values_back() {
    let text = "{privacy: {w: keep}, record: {trace_id: t}, signals: [{counter: x_total, labels: {v: v, w: w}}, {gauge: y, of: y}, {gauge: z, of: w}]}";
    for (telling, shown) in [
        (Telling::Keep, vec!["x_total v=Bo 5,w=3 1", "y  7", "z  3"]),
        (Telling::Mask, vec!["x_total v=xx 9,w=3 1", "z  3"]),
        (Telling::Drop, vec!["x_total v=(not told),w=3 1", "z  3"]),
    ] {
        let version = version("s", text, telling);
        let signals = Signals::default();
        signals.show(&active(&[&version]));
        check(&signals, &version, r#"{"v": "Bo 5", "w": 3, "y": 7, "t": "0af7651916cd43dd8448eb211c80319c"}"#);
        assert_eq!(lines(&signals), shown, "{telling:?}");
        let families = signals.families();
        let is_traced = |it: &Series| matches!(it.sample, Sample::Number(_, Some(_)));
        let traced = families.iter().flat_map(|it| &it.series).any(is_traced);
        assert_eq!(traced, telling == Telling::Keep, "a trace is a value, too");
        let families = signals.families();
        let Sample::Number(_, exemplar) = &families[0].series[0].sample else { panic!("{families:?}") };
        assert_eq!(exemplar.is_some(), telling == Telling::Keep);
    }
}

#[test]
fn the_latest_finding_is_shown_and_new_ones_are_counted() {
    let text = "{windows: {length: 1m}, expectations: [{field: a, mean_between: {max: 5}, name: mean}], signals: [{gauge: mean, finding: mean}, {counter: f_total, on: findings, labels: {s: {finding: status}}}]}";
    let version = version("s", text, Telling::Keep);
    let signals = Signals::default();
    signals.show(&active(&[&version]));
    let row = |at, observed: &str| FindingRow {
        at,
        check: "mean".into(),
        kind: "mean_between".into(),
        field: "a".into(),
        status: "pass".into(),
        observed: Some(observed.into()),
        length: "1m".into(),
        ..FindingRow::default()
    };
    signals.found(&version, &[row(120, "3.5")], true);
    signals.found(
        &version,
        &[row(60, "1"), row(180, "null"), FindingRow { length: "1h".into(), ..row(240, "9") }],
        false,
    );
    assert_eq!(lines(&signals), ["mean  3.5", "f_total s=pass 1"]);
    // Another host has judged it again.
    std::thread::sleep(std::time::Duration::from_millis(2));
    signals.found(&version, &[row(120, "2.5")], false);
    assert_eq!(lines(&signals)[0], "mean  2.5");
}

#[test]
fn series_that_are_gone_make_room() {
    let it = version("a", "signals: [{info: seen_info, labels: {v: v}, span: 1h, max_series: 2}]", Telling::Keep);
    let signals = Signals::default();
    signals.show(&active(&[&it]));
    let seen = |v: u8, at| signals.add(&it, &it.check(format!("{{\"v\": {v}}}").as_bytes(), 0).noted, at);
    (0..3).for_each(|v| seen(v, 0));
    seen(7, now());
    assert_eq!(lines(&signals), ["seen_info v=(other) 1"]);
    signals.forget();
    seen(8, now());
    assert_eq!(lines(&signals), ["seen_info v=(other) 1", "seen_info v=8 1"]);
}
