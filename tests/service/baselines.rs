//! Baselines: windows that are compared with them, with what training data was or with earlier windows.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::guests::Guest;
use crate::server::Server;

pub fn suite(drift: &str) -> String {
    format!(
        "name: intents\nwindows: {{ length: 1m }}\n{drift}\nexpectations:\n  - {{ field: score, stable: {{}}, name: score }}\n  \
         - {{ field: intent, stable: {{}}, name: intent }}\n"
    )
}

fn server(files: &[(&str, &str)]) -> Server {
    let mut server = Server::new(files);
    set(&mut server);
    server.start();
    server
}

pub fn set(server: &mut Server) {
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    // The minutes of these tests are long ago.
    server.set("DRIFTLINE_RETENTION__WINDOWS", "null");
}

/// Scores spread over `low` and the next whole number.
pub fn records(low: f64, n: u32) -> String {
    (0..n).fold(String::new(), |mut text, i| {
        let (score, intent) = (low + f64::from(i * 7 % 100) / 100.0, if i % 3 == 0 { "pay" } else { "ask" });
        let _ = writeln!(text, "{{\"score\": {score}, \"intent\": \"{intent}\"}}");
        text
    })
}

/// Sends records of a minute, and waits until its window was judged.
pub fn minute(server: &Server, minute: u32, low: f64) -> Value {
    let path = format!("/v1/suites/intents/check?wait=stored&verdicts=none&at=2024-05-01T12:{minute:02}:00Z");
    let answer = server.post(&path, "application/x-ndjson", records(low, 200));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let start = format!("2024-05-01T12:{minute:02}:00.000000Z");
    let found = || {
        let items = server.get("/v1/windows?suite=intents").json()["items"].clone();
        items.as_array().unwrap().iter().find(|it| it["start"] == json!(start)).cloned()
    };
    server.until("the window", || found().is_some_and(|it| it["records"] == json!(200)));
    server.get(&format!("/v1/windows/{}", found().unwrap()["id"].as_str().unwrap())).json()
}

pub fn finding<'w>(of: &'w Value, check: &str) -> &'w Value {
    let findings = of["findings"].as_array().unwrap();
    findings.iter().find(|it| it["check"] == check).unwrap_or_else(|| panic!("no {check} in {of:#}"))
}

/// What `driftline profile` makes of such records.
pub fn profile(server: &Server, low: f64) -> String {
    server.write("train.ndjson", &records(low, 1000));
    let (code, said) = server.driftline(&["profile", "train.ndjson", "--suite", "suites/intents.yaml", "-o", "b.json"]);
    assert_eq!(code, 0, "{said}");
    std::fs::read_to_string(server.path("b.json")).unwrap()
}

pub fn put(server: &Server, path: &str, body: &str) -> (u16, Value) {
    let answer = server.ask("PUT", path, &[("content-type", "application/json")], body);
    (answer.status, answer.json())
}

#[test]
fn windows_and_batches_are_compared_with_the_active_version() {
    let server = server(&[("intents.yaml", &suite("drift: { baseline: training }"))]);
    let nothing = minute(&server, 0, 0.0);
    let why = finding(&nothing, "score")["message"].as_str().unwrap();
    assert_eq!((&nothing["status"], &nothing["baseline"]), (&json!("pass"), &Value::Null));
    assert!(why.starts_with("there is no baseline `training`") && why.contains("/v1/baselines/training"), "{why}");

    let training = profile(&server, 0.0);
    let (status, told) = put(&server, "/v1/baselines/training?model=intents&model_version=7", &training);
    assert_eq!((status, &told["active"], &told["versions"][0]["records"]), (201, &json!(1), &json!(1000)), "{told:#}");
    assert_eq!(told["versions"][0]["model_version"], json!("7"));
    assert_eq!(put(&server, "/v1/baselines/training", &training).0, 200, "the same bytes again");

    // A batch is judged as a whole at its end, against what is known by then without a look into the store.
    let check = "/v1/suites/intents/check?verdicts=none";
    let batch = |low| server.post(check, "application/x-ndjson", records(low, 200)).json();
    assert_eq!(finding(&batch(0.5), "score")["status"], json!("fail"));
    assert_eq!(finding(&batch(0.0), "score")["status"], json!("pass"));

    let same = minute(&server, 1, 0.0);
    assert_eq!((&same["status"], &same["baseline"]), (&json!("pass"), &json!("training, version 1")), "{same:#}");
    assert_eq!(finding(&same, "score")["status"], json!("pass"));
    let drifted = minute(&server, 2, 0.5);
    assert_eq!(drifted["status"], json!("fail"));
    let score = finding(&drifted, "score");
    assert_eq!((&score["status"], &score["bound"]), (&json!("fail"), &json!("distributed as in the baseline")));
    assert_eq!(score["message"], json!("mean 0.495 -> 0.995, +101 %"));
    assert_eq!(finding(&drifted, "intent")["status"], json!("pass"));

    // Another version holds from the next window on, and the first again when it is activated.
    let (status, told) = put(&server, "/v1/baselines/training?activate=false", &profile(&server, 0.5));
    assert_eq!((status, &told["active"], told["versions"].as_array().unwrap().len()), (201, &json!(1), 2));
    assert_eq!(minute(&server, 3, 0.0)["status"], json!("pass"));
    let activate = |version: u32| {
        let path = format!("/v1/baselines/training/versions/{version}/activate");
        assert_eq!(server.ask("POST", &path, &[], "").status, 200);
    };
    activate(2);
    let other = minute(&server, 4, 0.0);
    assert_eq!((&other["status"], &other["baseline"]), (&json!("fail"), &json!("training, version 2")));
    assert_eq!(finding(&batch(0.5), "score")["status"], json!("pass"));
    activate(1);
    assert_eq!(minute(&server, 5, 0.0)["status"], json!("pass"));

    let (code, said) = server.driftline(&["history", "windows"]);
    assert!(code == 0 && said.contains("training, version 2"), "{said}");
}

#[test]
fn baselines_are_told_and_removed() {
    let server = server(&[("intents.yaml", &suite(""))]);
    let (first, second) = (profile(&server, 0.0), profile(&server, 0.5));
    put(&server, "/v1/baselines/intents", &first);
    put(&server, "/v1/baselines/intents", &second);
    let list = server.get("/v1/baselines").json();
    assert_eq!(
        (&list[0]["name"], &list[0]["active"], &list[0]["of_folder"]),
        (&json!("intents"), &json!(2), &json!(false))
    );
    let summary = server.get("/v1/baselines/intents").json();
    assert_eq!((&summary["version"], &summary["records"]), (&json!(2), &json!(1000)));
    let score = &summary["fields"]["score"];
    assert!(score["summary"]["p50"].is_number() && score.get("numbers").is_none(), "{score:#}");
    assert_eq!(server.get("/v1/baselines/intents?values=true").body, second);
    assert_eq!(server.get("/v1/baselines/intents/versions/1?values=true").body, first);
    assert_eq!(server.get("/v1/baselines/intents/versions/1").json()["version"], json!(1));
    assert_eq!(server.get("/v1/baselines/intents/versions").json().as_array().unwrap().len(), 2);
    // A suite that names none is compared with that of its own name.
    assert_eq!(minute(&server, 0, 0.5)["baseline"], json!("intents, version 2"));

    let ask = |method: &str, path: &str| server.ask(method, path, &[], "").status;
    assert_eq!(ask("DELETE", "/v1/baselines/intents/versions/2"), 409, "it is active");
    assert_eq!(ask("DELETE", "/v1/baselines/intents/versions/1"), 204);
    assert_eq!(ask("DELETE", "/v1/baselines/intents/versions/1"), 404);
    assert_eq!(ask("POST", "/v1/baselines/intents/versions/1/activate"), 404);
    let refused = server.ask("POST", "/v1/baselines/intents", &[], "");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET,HEAD,PUT")));
    for path in ["/v1/baselines/other", "/v1/baselines/intents/versions/9", "/v1/baselines/other/versions/1"] {
        assert_eq!(ask("GET", path), 404, "{path}");
    }
    assert_eq!(ask("GET", "/v1/baselines/intents/versions/x"), 400);
    assert_eq!(put(&server, "/v1/baselines/a%2Fb", &first).0, 400);
    let (status, problem) = put(&server, "/v1/baselines/bad", "{\"driftline_baseline\": 1}");
    assert_eq!((status, problem["problems"].as_array().unwrap().len()), (422, 2), "{problem:#}");
    assert_eq!(problem["type"], json!("urn:driftline:problem:baseline"));
    let mut bounded = Server::new(&[]);
    bounded.set("DRIFTLINE_LIMITS__BASELINE", "1KiB");
    bounded.start();
    assert_eq!(put(&bounded, "/v1/baselines/intents", &first).0, 413);
}

#[test]
fn windows_are_compared_with_earlier_ones() {
    for (drift, minutes, told) in [
        ("{ window: previous }", [0, 2, 3, 4], "the window 2024-05-01T12:03:00Z to 2024-05-01T12:04:00Z"),
        ("{ last: 3m }", [0, 1, 2, 3], "3 windows, 2024-05-01T12:00:00Z to 2024-05-01T12:03:00Z"),
        ("{ ago: 2m }", [0, 1, 2, 3], "the window 2024-05-01T12:01:00Z to 2024-05-01T12:02:00Z"),
    ] {
        let server = server(&[("intents.yaml", &suite(&format!("drift: {{ baseline: {drift} }}")))]);
        let first = minute(&server, minutes[0], 0.0);
        let why = finding(&first, "score")["message"].as_str().unwrap();
        assert!(why.starts_with("there is no baseline: no window"), "{why}");
        for at in &minutes[1..3] {
            let same = minute(&server, *at, 0.0);
            assert_eq!(same["status"], json!("pass"), "{same:#}");
        }
        let drifted = minute(&server, minutes[3], 0.5);
        assert_eq!((&drifted["status"], &drifted["baseline"]), (&json!("fail"), &json!(told)), "{drift}");
        assert_eq!(finding(&drifted, "score")["message"], json!("mean 0.495 -> 0.995, +101 %"), "{drift}");
        let batch = server.post("/v1/suites/intents/check?verdicts=none", "application/x-ndjson", records(0.5, 200));
        let why = finding(&batch.json(), "score")["message"].as_str().unwrap().to_owned();
        assert!(why.starts_with("there is no baseline for a batch"), "{why}");
    }
}

#[test]
fn a_baseline_is_made_of_windows_and_holds_nothing_that_privacy_keeps_back() {
    let text =
        suite("drift: { baseline: week }").replace("name: intents\n", "name: intents\nprivacy: { intent: hash }\n");
    let server = server(&[("intents.yaml", &text)]);
    let make = |body: &str| server.post("/v1/baselines/week:from-windows", "application/json", body);
    let nothing = make("{\"suite\": \"intents\"}");
    assert_eq!(nothing.status, 422, "{}", nothing.body);
    for at in 0..3 {
        minute(&server, at, 0.0);
    }
    let body = "{\"suite\": \"intents\", \"since\": \"2024-05-01T12:01:00Z\", \"until\": \"2024-05-01T12:30:00Z\"}";
    let made = make(body);
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(
        (&made.json()["versions"][0]["records"], &made.json()["versions"][0]["source"]),
        (&json!(400), &json!("windows"))
    );
    assert_eq!(make(body).status, 200, "the same windows again");
    let fields = server.get("/v1/baselines/week").json()["fields"].clone();
    assert_eq!(fields.as_object().unwrap().keys().collect::<Vec<_>>(), ["score"]);
    let drifted = minute(&server, 4, 0.5);
    assert_eq!((&drifted["status"], &drifted["baseline"]), (&json!("fail"), &json!("week, version 1")));
    let hidden = finding(&drifted, "intent");
    assert!(hidden["status"] == "skip" && hidden["message"].as_str().unwrap().contains("`privacy`"), "{hidden:#}");
    for (body, status) in
        [("{\"suite\": \"other\"}", 404), ("{}", 400), ("{\"suite\": \"intents\", \"since\": \"x\"}", 400)]
    {
        assert_eq!(make(body).status, status, "{body}");
    }
}

#[test]
fn a_file_beside_the_suites_is_the_baseline_of_its_name() {
    let server = server(&[("intents.yaml", &suite("drift: { baseline: training }"))]);
    let (first, second) = (profile(&server, 0.0), profile(&server, 0.5));
    let file = "suites/training.baseline.json";
    server.write(file, &first);
    let of_folder = || server.get("/v1/baselines").json()[0].clone();
    server.until("the file", || of_folder()["of_folder"] == json!(true));
    assert!(server.get("/v1/suites").json().as_array().unwrap().len() == 1, "it is no suite");
    let drifted = minute(&server, 0, 0.5);
    assert_eq!((&drifted["status"], &drifted["baseline"]), (&json!("fail"), &json!("training, of the folder")));
    assert_eq!(put(&server, "/v1/baselines/training", &first).0, 409);
    // What cannot be read replaces nothing.
    server.write(file, "{");
    server.until("the problem", || of_folder()["problem"].is_string());
    assert_eq!(minute(&server, 1, 0.5)["status"], json!("fail"));
    server.write(file, &second);
    server.until("the file", || of_folder()["problem"].is_null());
    assert_eq!(minute(&server, 2, 0.5)["status"], json!("pass"));
}

/// Longer windows are compared with those of their own length, and are what a baseline can be made of.
#[test]
fn each_length_is_compared_with_its_own() {
    let text = suite("drift: { baseline: { window: previous } }");
    let server = server(&[("intents.yaml", &text.replace("length: 1m", "lengths: [1m, 2m]"))]);
    for (at, low) in [(0, 0.0), (1, 0.0), (2, 0.5), (3, 0.5)] {
        let path = format!("/v1/suites/intents/check?wait=stored&verdicts=none&at=2024-05-01T12:{at:02}:00Z");
        assert_eq!(server.post(&path, "application/x-ndjson", records(low, 200)).status, 200);
    }
    let found = |start: &str, length: &str| {
        let items = server.get("/v1/windows?suite=intents").json()["items"].clone();
        let is_it = |it: &&Value| it["start"].as_str().unwrap().contains(start) && it["length"] == json!(length);
        items.as_array().unwrap().iter().find(is_it).cloned().unwrap_or_default()
    };
    server.until("the longer window", || found("12:02", "2m")["records"] == json!(400));
    server.until("the first longer window", || found("12:00", "2m")["records"] == json!(400));
    server.until("the last minute", || found("12:03", "1m")["records"] == json!(200));
    let told = "the window 2024-05-01T12:00:00Z to 2024-05-01T12:02:00Z";
    assert_eq!((&found("12:02", "2m")["status"], &found("12:02", "2m")["baseline"]), (&json!("fail"), &json!(told)));
    assert_eq!((&found("12:03", "1m")["status"], &found("12:02", "1m")["status"]), (&json!("pass"), &json!("fail")));
    let make = |length: &str| {
        let body = json!({"suite": "intents", "length": length}).to_string();
        server.post("/v1/baselines/all:from-windows", "application/json", body)
    };
    assert_eq!(make("2m").json()["versions"][0]["records"], json!(800));
    assert_eq!(make("1m").status, 200, "the same records, the same baseline");
    assert_eq!(make("1h").status, 422);
}

/// Drift tests of plugins need the records of both sides, which earlier windows hold in the plugin's own form.
#[test]
fn a_drift_test_of_a_plugin_is_given_the_earlier_window() {
    let text = "name: intents\nwindows: { length: 1m }\nplugins: { well-behaved: { file: shift.wasm } }\n\
                drift: { baseline: { window: previous } }\nexpectations:\n  \
                - { field: score, well-behaved.shift: , expect: { statistic: { max: 0.3 } }, name: shift }\n";
    let mut server = Server::new(&[("intents.yaml", text)]);
    std::fs::write(server.path("suites/shift.wasm"), Guest::shift().build()).unwrap();
    set(&mut server);
    server.start();
    assert_eq!(finding(&minute(&server, 0, 0.0), "shift")["status"], json!("skip"));
    assert_eq!(finding(&minute(&server, 1, 0.0), "shift")["status"], json!("pass"));
    let drifted = minute(&server, 2, 0.5);
    let shift = finding(&drifted, "shift");
    assert_eq!(shift["status"], json!("fail"), "{shift:#}");
    assert!(shift["message"].as_str().unwrap().starts_with("statistic is 0."), "{shift:#}");
    assert!(drifted["baseline"].as_str().unwrap().starts_with("the window 2024-05-01T12:01:00Z"), "{drifted:#}");
}
