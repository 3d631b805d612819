//! Model quality in windows: records that carry their label, by segment, and without telling what privacy keeps back.

use serde_json::{Value, json};

use crate::server::Server;

const SUITE: &str = "\
name: intents
windows: { length: 1m }
record: { label: meant, prediction: said, score: p }
segments: [channel]
expectations:
  - { accuracy: { min: 0.8 }, name: right }
  - { f1: { class: refund, min: 0.9, significant: true }, name: refunds }
  - { roc_auc: { class: refund, min: 0.9 }, name: ranking, segments: total }
  - { quality: { metric: demographic_parity_difference, class: refund, group: channel, max: 0.1 }, name: fair, segments: total }
";

fn server(suite: &str) -> Server {
    let mut server = Server::new(&[("intents.yaml", suite)]);
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    server.start();
    server
}

/// 80 records of two channels, of which the phone is right half of the time; and 20 without a label.
fn records() -> Vec<String> {
    let record = |k: usize| {
        let (phone, refund) = (k.is_multiple_of(2), k % 4 < 2);
        let is_right = !phone || k % 8 < 4;
        let name = |it: bool| if it { "refund-asked" } else { "other" };
        let said = name(if is_right { refund } else { !refund });
        let meant = if k < 80 { json!(name(refund)) } else { Value::Null };
        let p = if refund { 0.75 } else { 0.25 };
        json!({"channel": if phone { "phone" } else { "web" }, "meant": meant, "said": said, "p": p}).to_string()
    };
    (0..100).map(record).collect()
}

/// The windows, once all records were judged: by segment.
fn judged(server: &Server) -> impl Fn(&str) -> Value {
    for half in records().chunks(50) {
        let path = "/v1/suites/intents/check?on_fail=observe&wait=stored&at=2024-05-01T12:00:01Z";
        let answer = server.post(path, "application/x-ndjson", half.join("\n"));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let of = |segment: &str| {
        let path = format!("/v1/windows?suite=intents&segment={}", segment.replace('=', "%3D"));
        server.get(&path).json()["items"][0].clone()
    };
    server.until("all records", || of("")["records"] == json!(100));
    server.until("the segments", || of("channel=web")["records"] == json!(50));
    server.until("the segments", || of("channel=phone")["records"] == json!(50));
    let windows = ["", "channel=web", "channel=phone"].map(|segment| {
        let id = of(segment)["id"].as_str().unwrap().to_owned();
        (segment, server.get(&format!("/v1/windows/{id}")).json())
    });
    move |segment| windows.iter().find(|it| it.0 == segment).unwrap().1.clone()
}

fn finding(window: &Value, check: &str) -> Value {
    let findings = window["findings"].as_array().unwrap();
    findings.iter().find(|it| it["check"] == check).unwrap_or_else(|| panic!("no {check} in {window:#}")).clone()
}

#[test]
fn accuracy_is_judged_of_each_window_and_segment() {
    let server = server(&SUITE.replace("class: refund", "class: refund-asked"));
    let window = judged(&server);
    let of = |segment: &str, check: &str| {
        let it = finding(&window(segment), check);
        (it["status"].clone(), it["observed"].clone())
    };
    assert_eq!(of("", "right"), (json!("fail"), json!(0.75)));
    assert_eq!(of("channel=web", "right"), (json!("pass"), json!(1.0)));
    assert_eq!(of("channel=phone", "right"), (json!("fail"), json!(0.5)));
    let details = finding(&window(""), "right")["details"].clone();
    assert_eq!(
        (&details["n"], &details["records"], &details["labelled"], &details["metric"]),
        (&json!(80), &json!(100), &json!(80), &json!("accuracy")),
        "{details:#}"
    );
    let (low, high) = (details["interval"][0].as_f64().unwrap(), details["interval"][1].as_f64().unwrap());
    assert!(low > 0.64 && low < 0.66 && high > 0.82 && high < 0.84, "{low} {high}");
    // Of forty records the whole interval is below 0.9, of eighty too.
    assert_eq!(of("", "refunds").0, json!("fail"));
    assert_eq!(of("channel=web", "refunds"), (json!("pass"), json!(1.0)));
    assert_eq!(of("", "ranking"), (json!("pass"), json!(1.0)));
    assert_eq!(of("", "fair"), (json!("pass"), json!(0.0)));
}

/// Which class was predicted where may be known by keyed hashes alone, and that is enough for accuracy.
#[test]
fn hashes_of_classes_are_enough_for_accuracy() {
    let privacy =
        "privacy: { meant: hash, said: hash }\nexpectations:\n  - { precision_macro: { min: 0.8 }, name: macro }";
    let server = server(&SUITE.replace("class: refund", "class: refund-asked").replace("expectations:", privacy));
    let window = judged(&server);
    for (segment, status) in [("", "fail"), ("channel=web", "pass"), ("channel=phone", "fail")] {
        for check in ["right", "macro"] {
            let it = finding(&window(segment), check);
            assert_eq!((&it["status"], &it["observed"], &it["details"]), (&json!(status), &Value::Null, &Value::Null));
        }
        let it = finding(&window(segment), "refunds");
        assert!(it["status"] == "skip" && it["message"].as_str().unwrap().contains("`privacy`"), "{it:#}");
    }
    let mut waiting = vec![server.path("driftline-data")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|it| it.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        // The suite itself names the class, as text of its own.
        let secret = b"\"refund-asked\"";
        assert!(!bytes.windows(secret.len()).any(|it| it == secret), "{}", path.display());
    }
}

/// The windows of one span are judged together, so that those of one version can be compared with those of another; a
/// baseline that is made of stored windows holds their figures.
#[test]
fn a_version_is_compared_with_another_of_the_same_time_and_with_a_baseline() {
    let suite = "\
name: intents
windows: { length: 1m }
record: { label: meant, prediction: said, version: channel }
segments: [channel]
expectations:
  - { accuracy: { not_worse_than: { version: web, margin: 0.01 }, min_records: 20 }, name: as web }
  - { accuracy: { not_worse_than: { baseline: true, margin: 0.01 }, min_records: 20 }, name: as before }
";
    let server = server(suite);
    let window = judged(&server);
    let web = finding(&window("channel=web"), "as web");
    assert_eq!(web["message"], "it is the segment that others are compared with", "{web:#}");
    let phone = finding(&window("channel=phone"), "as web");
    assert_eq!((&phone["status"], &phone["observed"]), (&json!("fail"), &json!(0.5)), "{phone:#}");
    let compared = &phone["details"]["compared"];
    assert_eq!((&compared["value"], &compared["difference"], &compared["n"]), (&json!(1.0), &json!(-0.5), &json!(40)));
    let total = finding(&window(""), "as web");
    assert!(total["status"] == "skip" && total["message"].as_str().unwrap().contains("not all records together"));
    let before = finding(&window("channel=phone"), "as before");
    assert!(before["message"].as_str().unwrap().contains("there is no baseline `intents`"), "{before:#}");
    // Now the windows themselves become the baseline, of the web alone.
    let asked = json!({"suite": "intents", "segment": "channel=web"}).to_string();
    let made = server.post("/v1/baselines/intents:from-windows", "application/json", asked);
    assert_eq!(made.status, 201, "{}", made.body);
    let later = records().join("\n");
    let path = "/v1/suites/intents/check?on_fail=observe&wait=stored&at=2024-05-01T12:05:01Z";
    assert_eq!(server.post(path, "application/x-ndjson", later).status, 200);
    let newest = || server.get("/v1/windows?suite=intents&segment=channel%3Dphone").json()["items"][0].clone();
    server.until("the later window", || newest()["start"].as_str().is_some_and(|it| it.contains("12:05")));
    let id = newest()["id"].as_str().unwrap().to_owned();
    let found = || finding(&server.get(&format!("/v1/windows/{id}")).json(), "as before");
    server.until("the comparison", || found()["status"] == "fail");
    assert_eq!(found()["details"]["compared"]["value"], json!(1.0));
}
