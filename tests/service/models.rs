//! Models and their versions: registering, deploying, and the baseline that each version makes of its first windows.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::baselines::{finding, put, set};
use crate::server::Server;

fn deploy(server: &Server, version: &str, body: &str) -> (u16, Value) {
    let answer = server.post(&format!("/v1/models/intents/versions/{version}:deploy"), "application/json", body);
    (answer.status, answer.json())
}

#[test]
fn versions_are_registered_and_deployed() {
    let server = Server::started(&[]);
    let (status, told) = put(
        &server,
        "/v1/models/intents/versions/7",
        r#"{"hash": "sha256:aa", "metadata": {"run": "r-7"}, "schema": {"inputs": ["text"]}, "suite": "intents"}"#,
    );
    assert_eq!((status, &told["status"], &told["deployed_at"]), (201, &json!("registered"), &Value::Null), "{told:#}");
    let again = r#"{"hash": "sha256:aa", "metadata": {"run": "r-7"}}"#;
    assert_eq!(put(&server, "/v1/models/intents/versions/7", again).0, 200);
    let (status, problem) = put(&server, "/v1/models/intents/versions/7", r#"{"hash": "sha256:bb"}"#);
    assert_eq!((status, &problem["type"]), (409, &json!("urn:driftline:problem:other-hash")), "{problem:#}");
    assert_eq!(put(&server, "/v1/models/intents/versions/7?replace=true", r#"{"hash": "sha256:bb"}"#).0, 200);
    assert_eq!(server.get("/v1/models/intents/versions/7").json()["hash"], json!("sha256:bb"));
    assert_eq!(put(&server, "/v1/models/intents/versions/8", "").0, 201);

    assert_eq!(server.get("/api/v1/models/version").status, 404, "none is deployed");
    assert_eq!(deploy(&server, "9", "").0, 404);
    let (status, told) = deploy(&server, "7", r#"{"at": "2024-05-01T12:00:00Z"}"#);
    assert_eq!((status, &told["deployed"]), (200, &json!("7")), "{told:#}");
    let alias = server.get("/api/v1/models/version?model=intents").json();
    let expected =
        json!({"model": "intents", "version": "7", "hash": "sha256:bb", "deployed_at": "2024-05-01T12:00:00.000000Z"});
    assert_eq!(alias, expected);
    assert_eq!(deploy(&server, "8", "").1["deployed"], json!("8"));
    let told = server.get("/v1/models/intents").json();
    let of = |version: &str| {
        told["versions"].as_array().unwrap().iter().find(|it| it["version"] == version).unwrap()["status"].clone()
    };
    assert_eq!((of("7"), of("8")), (json!("retired"), json!("deployed")));
    assert_eq!(deploy(&server, "7", "").1["deployed"], json!("7"), "a rollback");
    let deployments = server.get("/v1/models/intents/deployments").json();
    let versions: Vec<_> = deployments.as_array().unwrap().iter().map(|it| it["version"].clone()).collect();
    assert_eq!(versions, ["7", "8", "7"]);

    assert_eq!(server.get("/api/v1/models/version").json()["version"], json!("7"), "there is one model only");
    assert_eq!(put(&server, "/v1/models/team%2Fother/versions/a%20b", "{}").0, 201);
    assert_eq!(server.get("/v1/models/team%2Fother/versions/a%20b").json()["name"], json!("team/other"));
    assert_eq!(server.get("/api/v1/models/version").status, 400, "which of them?");
    assert_eq!(server.get("/v1/models").json().as_array().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_is_refused_with_its_reasons() {
    let server = Server::started(&[]);
    let path = "/v1/models/intents/versions/7";
    let (status, problem) = put(&server, path, r#"{"metadata": 5, "baseline_version": 3, "hash": ""}"#);
    assert_eq!((status, problem["problems"].as_array().unwrap().len()), (422, 3), "{problem:#}");
    assert_eq!(put(&server, path, r#"{"hahs": "x"}"#).0, 400);
    assert_eq!(put(&server, "/v1/models/intents/versions/a%0Ab", "{}").0, 400);
    put(&server, path, "{}");
    assert_eq!(deploy(&server, "7", r#"{"at": "2999-01-01"}"#).0, 422);
    assert_eq!(deploy(&server, "7", r#"{"at": "soon"}"#).0, 422);
    let refused = server.ask("POST", path, &[], "");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET,HEAD,PUT")));
    assert_eq!(server.get("/v1/models/other").status, 404);
    assert_eq!(server.get("/v1/models/intents/versions/9").status, 404);
}

/// The versions of a minute's records, with 100 scores of each from a number on.
fn minute(server: &Server, minute: u32, versions: &[(&str, f64)]) {
    let mut text = String::new();
    for (version, low) in versions {
        for i in 0..100 {
            let score = low + f64::from(i * 7 % 100) / 100.0;
            let _ = writeln!(text, "{{\"score\": {score}, \"model\": \"intents\", \"model_version\": \"{version}\"}}");
        }
    }
    let path = format!("/v1/suites/intents/check?wait=stored&verdicts=none&at=2024-05-01T12:{minute:02}:00Z");
    let answer = server.post(&path, "application/x-ndjson", text);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// A window that was judged, by minute and segment.
fn window(server: &Server, minute: u32, segment: &str) -> Value {
    let start = json!(format!("2024-05-01T12:{minute:02}:00.000000Z"));
    let found = || {
        let items = server.get("/v1/windows?suite=intents&length=1m&limit=1000").json()["items"].clone();
        let is_it = |it: &&Value| it["start"] == start && it["segment"] == segment;
        items.as_array().unwrap().iter().find(is_it).cloned()
    };
    server.until("the window", || found().is_some());
    server.get(&format!("/v1/windows/{}", found().unwrap()["id"].as_str().unwrap())).json()
}

fn suite(first: &str, segments: &str) -> String {
    format!(
        "name: intents\nrecord: {{ model: model, version: model_version }}\nwindows: {{ lengths: [1m, 5m] }}\n{segments}\n\
         drift: {{ baseline: {{ model_version: {first} }}, correction: none }}\n\
         expectations:\n  - {{ field: score, stable: {{}}, name: score }}\n"
    )
}

fn server(suite: &str) -> Server {
    let mut server = Server::new(&[("intents.yaml", suite)]);
    set(&mut server);
    server.start();
    server
}

fn why(window: &Value) -> String {
    let it = finding(window, "score");
    assert_eq!(it["status"], json!("skip"), "{it:#}");
    it["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_new_version_is_compared_with_its_own_first_windows() {
    let server = server(&suite("{ first: 2m }", "segments: [model_version]"));
    let (of_7, of_8) = ("model_version=7", "model_version=8");
    for at in 0..2 {
        minute(&server, at, &[("7", 0.0)]);
        let why = why(&window(&server, at, of_7));
        assert!(
            why.contains("`intents@7` is made of the windows from 2024-05-01T12:00:00")
                && why.contains("to 2024-05-01T12:02:00"),
            "{why}"
        );
    }
    minute(&server, 2, &[("7", 0.0)]);
    let same = window(&server, 2, of_7);
    assert_eq!((&same["baseline"], &same["status"]), (&json!("intents@7, version 1"), &json!("pass")), "{same:#}");
    assert_eq!(finding(&same, "score")["status"], json!("pass"));
    // All records are of one version, and are compared too.
    assert_eq!(window(&server, 2, "")["baseline"], json!("intents@7, version 1"));
    let baseline = server.get("/v1/baselines/intents@7/versions").json();
    let told = (&baseline[0]["records"], &baseline[0]["model"], &baseline[0]["model_version"], &baseline[0]["source"]);
    assert_eq!(told, (&json!(200), &json!("intents"), &json!("7"), &json!("windows")), "{baseline:#}");

    // The new version's scores lie elsewhere: that is its own affair, and the old one goes on being compared.
    for at in 3..5 {
        minute(&server, at, &[("7", 0.0), ("8", 5.0)]);
        assert_eq!(finding(&window(&server, at, of_7), "score")["status"], json!("pass"));
        assert!(
            why(&window(&server, at, of_8)).contains("`intents@8` is made of the windows from 2024-05-01T12:03:00")
        );
        assert!(why(&window(&server, at, "")).contains("each is compared in its own segment"));
    }
    minute(&server, 5, &[("7", 0.5), ("8", 5.0)]);
    let drifted = window(&server, 5, of_7);
    assert_eq!(finding(&drifted, "score")["status"], json!("fail"), "{drifted:#}");
    let new = window(&server, 5, of_8);
    assert_eq!(
        (finding(&new, "score")["status"].clone(), &new["baseline"]),
        (json!("pass"), &json!("intents@8, version 1"))
    );
    minute(&server, 6, &[("8", 5.5)]);
    assert_eq!(finding(&window(&server, 6, of_8), "score")["status"], json!("fail"));
    assert_eq!(finding(&window(&server, 6, ""), "score")["status"], json!("fail"));

    // The model says which baseline it has, and may have another one.
    put(&server, "/v1/models/intents/versions/8", "{}");
    let told = server.get("/v1/models/intents/versions/8").json();
    assert_eq!((&told["baseline"], &told["baseline_version"]), (&json!("intents@8"), &json!(1)));
    put(&server, "/v1/models/intents/versions/8", r#"{"baseline": "intents@7", "baseline_version": 1}"#);
    minute(&server, 7, &[("8", 0.0)]);
    let other = window(&server, 7, of_8);
    assert_eq!(
        (finding(&other, "score")["status"].clone(), &other["baseline"]),
        (json!("pass"), &json!("intents@7, version 1"))
    );
    // A batch is not of a window.
    let batch = server.post(
        "/v1/suites/intents/check?verdicts=none",
        "application/x-ndjson",
        "{\"score\": 1}\n{\"score\": 2}\n",
    );
    let why = finding(&batch.json(), "score")["message"].as_str().unwrap().to_owned();
    assert!(why.contains("first ones of the version of their model"), "{why}");
}

#[test]
fn without_segments_windows_of_one_version_are_compared() {
    let server = server(&suite("{ records: 150 }", ""));
    minute(&server, 0, &[("7", 0.0)]);
    assert!(why(&window(&server, 0, "")).contains("`intents@7` is not complete: 0 of 150 records"));
    minute(&server, 1, &[("7", 0.0), ("8", 5.0)]);
    let why_not = why(&window(&server, 1, ""));
    assert!(why_not.contains("of 2 versions") && why_not.contains("with `segments: [model_version]`"), "{why_not}");
    minute(&server, 2, &[("8", 5.0)]);
    assert!(why(&window(&server, 2, "")).contains("`intents@8` is not complete: 0 of 150"));
    minute(&server, 3, &[("7", 0.0)]);
    // Of the records before, those of the other version and the mixed ones do not count.
    let why_not = why(&window(&server, 3, ""));
    assert!(why_not.contains("`intents@7` is not complete: 100 of 150"), "{why_not}");
    minute(&server, 4, &[("7", 0.0)]);
    let same = window(&server, 4, "");
    assert_eq!(
        (finding(&same, "score")["status"].clone(), &same["baseline"]),
        (json!("pass"), &json!("intents@7, version 1"))
    );
    assert_eq!(server.get("/v1/baselines/intents@7/versions").json()[0]["records"], json!(200));
    minute(&server, 5, &[("7", 0.5)]);
    assert_eq!(finding(&window(&server, 5, ""), "score")["status"], json!("fail"));
}

#[test]
fn the_command_line_registers_deploys_and_imports() {
    let server = Server::started(&[]);
    let url = server.url("");
    let run = |args: &[&str]| server.driftline(&[args, &["--service", &url]].concat());
    let (code, said) = run(&[
        "models",
        "put",
        "intents",
        "7",
        "--hash",
        "sha256:aa",
        "--metadata",
        "run=r-7",
        "--metadata",
        "n=3",
        "--baseline",
        "training:3",
        "--deploy",
    ]);
    assert!(code == 0 && said.contains("`intents` 7 registered") && said.contains("7 is deployed since"), "{said}");
    let told = server.get("/v1/models/intents/versions/7").json();
    assert_eq!(told["metadata"], json!({"run": "r-7", "n": 3}));
    assert_eq!((&told["baseline"], &told["baseline_version"]), (&json!("training"), &json!(3)));
    let (code, said) = run(&["models", "put", "intents", "7", "--hash", "sha256:bb"]);
    assert!(code == 1 && said.contains("refused: The version has another hash"), "{said}");
    server.write(
        "answer.json",
        r#"{"model_versions": [
            {"name": "intents", "version": "8", "current_stage": "None", "run_id": "r", "aliases": ["champion"],
             "tags": [{"key": "model_hash", "value": "sha256:cc"}]},
            {"name": "intents", "version": "9", "current_stage": "Staging", "tags": []}]}"#,
    );
    let (code, said) = run(&["models", "import-mlflow", "answer.json", "--dry-run", "--deploy", "champion"]);
    assert!(code == 0 && said.lines().count() == 2 && said.contains("\"deploy\":true"), "{said}");
    let (code, said) = run(&["models", "import-mlflow", "answer.json", "--deploy", "champion"]);
    assert!(code == 0 && said.contains("8 is deployed since"), "{said}");
    assert_eq!(server.get("/api/v1/models/version").json()["hash"], json!("sha256:cc"));
    let (code, said) = run(&["models", "import-mlflow", "answer.json", "--deploy", "Production"]);
    assert!(code == 3 && said.contains("no version in the answer"), "{said}");
    let (code, said) = run(&["models", "deploy", "intents", "7", "--at", "2024-05-01T12:00:00Z"]);
    assert!(code == 0 && said.contains("`intents` 8 is deployed since"), "{said}");
    let (code, said) = run(&["models", "show", "intents"]);
    assert!(
        code == 0 && said.contains("retired") && said.contains("deployed") && said.contains("registered"),
        "{said}"
    );
    let (code, said) = run(&["models", "list"]);
    assert!(code == 0 && said.contains("intents"), "{said}");
    assert_eq!(run(&["models", "deploy", "intents", "10"]).0, 1);
    assert_eq!(run(&["models", "show", "other"]).0, 1);
}
