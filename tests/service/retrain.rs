//! Retraining runs: what is told of them, and what suites expect of them.

use serde_json::{Value, json};

use crate::server::Server;

const SUITE: &str = "
name: retraining
runs_of: { model: intents, trend: 5 }
windows: { length: 1h }
record: { time: finished_at }
expectations:
  - { field: status, in_set: [succeeded], name: status }
  - { field: duration_seconds, between: { max: 7200 }, name: duration }
  - { field: jobs.train_model_job.duration_seconds, between: { max: 3600 }, severity: warning, name: training }
  - { field: runs_without_gain.accuracy, between: { max: 2 }, severity: warning, name: gain }
  - { field: trend.accuracy.slope, between: { min: 0 }, when: 'trend.accuracy.p_value < 0.05', name: decline }
  - { field: data.change, between: { min: -0.5 }, name: volume }
  - { field: reload.status, not_in_set: [failed], name: reload }
";

fn tell(server: &Server, event: &Value) -> Value {
    let answer = server.post("/v1/retrain-runs", "application/json", event.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// A run of a day that succeeds.
fn run(day: u32, accuracy: f64) -> Value {
    json!({
        "id": format!("r-{day}"), "model": "intents", "version": day, "status": "succeeded",
        "started_at": format!("2024-05-{day:02}T12:00:00Z"), "finished_at": format!("2024-05-{day:02}T12:40:00Z"),
        "metrics": {"accuracy": accuracy}, "data": {"rows": 1000},
        "jobs": [{"name": "train_model_job", "status": "succeeded", "duration": "30m"}],
    })
}

fn failed(run: &Value) -> Vec<&str> {
    let checks = run["checks"].as_array().map_or(&[][..], Vec::as_slice);
    checks.iter().flat_map(|it| it["failures"].as_array().unwrap()).map(|it| it["check"].as_str().unwrap()).collect()
}

#[test]
fn a_run_that_has_ended_is_checked_once() {
    let server = Server::started(&[("retraining.yaml", SUITE)]);
    let begun = tell(
        &server,
        &json!({"id": "r-1", "model": "intents", "status": "started", "started_at": "2024-05-01T12:00:00Z"}),
    );
    assert_eq!((&begun["status"], &begun["checked_at"], begun.get("checks")), (&json!("started"), &Value::Null, None));
    tell(&server, &json!({"id": "r-1", "job": {"name": "assemble_data_job", "status": "succeeded", "duration": 120}}));
    let done = tell(
        &server,
        &json!({"id": "r-1", "status": "succeeded", "finished_at": "2024-05-01T15:00:00Z", "metrics": {"accuracy": 0.95}}),
    );
    assert_eq!(failed(&done), ["duration"], "{done:#}");
    assert_eq!(done["verdict"], json!("fail"));
    assert_eq!(done["jobs"]["assemble_data_job"]["duration_seconds"], json!(120.0));
    let result = &done["checks"][0];
    assert_eq!((&result["suite"], &result["verdict"]), (&json!("retraining"), &json!("fail")));

    // The history has it under its model and version, and a window of the time at which it ended.
    let path = format!("/v1/results/{}", result["result_id"].as_str().unwrap());
    server.until("the result", || server.get(&path).status == 200);
    let stored = server.get(&path).json();
    assert_eq!((&stored["source"], &stored["at"]), (&json!("retrain-run"), &json!("2024-05-01T15:00:00.000000Z")));
    assert_eq!(stored["failures"][0]["record_id"], json!("r-1"));
    assert!(stored["failures"][0]["message"].as_str().unwrap().contains("10800"), "{stored:#}");

    // A correction, and the same event again, are told and count no second time.
    let corrected = tell(&server, &json!({"id": "r-1", "finished_at": "2024-05-01T13:00:00Z"}));
    assert_eq!((corrected.get("checks"), &corrected["verdict"]), (None, &json!("fail")), "{corrected:#}");
    assert_eq!(corrected["finished_at"], json!("2024-05-01T13:00:00.000000Z"));
    tell(&server, &json!({"id": "r-1", "status": "succeeded"}));
    let next = tell(&server, &run(2, 0.96));
    assert_eq!((failed(&next), &next["verdict"]), (vec![], &json!("pass")), "{next:#}");
    server.until("both results", || server.stored() == 2);
    // A run of another model is no record of the suite.
    let other = tell(&server, &json!({"id": "o-1", "model": "other", "status": "failed"}));
    assert_eq!((&other["checked_at"], &other["verdict"]), (&Value::Null, &Value::Null));
    assert_eq!(server.stored(), 2);
}

#[test]
fn decline_and_lack_of_gain_are_found() {
    let server = Server::started(&[("retraining.yaml", SUITE)]);
    let events: Vec<_> = [0.95, 0.94, 0.935].into_iter().zip(1..).map(|(it, day)| run(day, it)).collect();
    let answer = server.post("/v1/retrain-runs", "application/json", json!(events).to_string()).json();
    assert_eq!(answer.as_array().unwrap().len(), 3);
    assert_eq!(answer.as_array().unwrap().iter().flat_map(failed).count(), 0, "{answer:#}");
    assert_eq!(failed(&tell(&server, &run(4, 0.93))), ["gain"]);
    let fifth = tell(&server, &run(5, 0.92));
    assert_eq!((failed(&fifth), &fifth["verdict"]), (vec!["gain", "decline"], &json!("fail")), "{fifth:#}");
    let mut sixth = run(6, 0.96);
    sixth["data"] = json!({"rows": 300, "from": "2024-05-01", "uri": "s3://bucket/train"});
    sixth["reload"] = json!({"status": "failed", "at": "2024-05-06T12:45:00Z", "message": "no room"});
    assert_eq!(failed(&tell(&server, &sixth)), ["volume", "reload"]);

    let told = server.get("/v1/retrain-runs/r-5").json();
    let derived = &told["derived"];
    assert_eq!((&derived["best"]["accuracy"], &derived["runs_without_gain"]["accuracy"]), (&json!(0.95), &json!(4)));
    assert!((derived["change"]["accuracy"].as_f64().unwrap() + 0.01).abs() < 1e-12, "{derived:#}");
    assert!((derived["trend"]["accuracy"]["p_value"].as_f64().unwrap() - 2.0 / 120.0).abs() < 1e-12, "{derived:#}");

    let list = |query: &str| {
        let items = server.get(&format!("/v1/retrain-runs{query}")).json()["items"].clone();
        items.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list("?model=intents&since=2024-05-02&until=2024-05-04T12:00:00Z"), ["r-3", "r-2"]);
    assert_eq!(list("?status=failed"), Vec::<String>::new());
    let page = server.get("/v1/retrain-runs?limit=4").json();
    let next = page["next"].as_str().unwrap();
    assert_eq!(list(&format!("?limit=4&cursor={next}")), ["r-2", "r-1"]);
    for bad in ["?status=done", "?cursor=x", "?limit=0", "?since=soon"] {
        assert_eq!(server.get(&format!("/v1/retrain-runs{bad}")).status, 400, "{bad}");
    }
    assert_eq!(server.get("/v1/retrain-runs/none").status, 404);
}

#[test]
fn a_run_may_settle_before_it_is_checked() {
    let suite = SUITE.replace("trend: 5", "trend: 5, settle: 2s");
    let server = Server::started(&[("retraining.yaml", &suite)]);
    let ended = tell(&server, &run(1, 0.95));
    assert_eq!((ended.get("checks"), &ended["checked_at"]), (None, &Value::Null));
    // What comes after the end is a part of what is checked.
    tell(&server, &json!({"id": "r-1", "reload": {"status": "failed"}}));
    server.until("the check", || server.get("/v1/retrain-runs/r-1").json()["verdict"] == json!("fail"));
    server.until("the failure", || {
        let items = server.get("/v1/failures?suite=retraining").json()["items"].clone();
        items.as_array().unwrap().iter().any(|it| it["check"] == "reload")
    });
    assert_eq!(server.stored(), 1);
}

#[test]
fn all_that_is_wrong_is_told_and_nothing_is_taken_in() {
    let server = Server::started(&[("retraining.yaml", SUITE)]);
    let post = |body: &str| {
        let answer = server.post("/v1/retrain-runs", "application/json", body);
        (answer.status, answer.json())
    };
    let (status, problem) =
        post(r#"[{"id": "r-1", "model": "intents"}, {"id": "", "status": "done", "reload": {"at": "soon"}}]"#);
    assert_eq!((status, problem["problems"].as_array().unwrap().len()), (422, 3), "{problem:#}");
    assert!(problem["problems"][0]["message"].as_str().unwrap().starts_with("[1] `id`"), "{problem:#}");
    assert_eq!(server.get("/v1/retrain-runs/r-1").status, 404);
    let (status, problem) = post(r#"{"id": "r-1", "status": "started"}"#);
    assert!(status == 422 && problem["detail"].as_str().unwrap().contains("which model"), "{problem:#}");
    for body in ["", "5", "{", r#"{"id": "r", "staus": "failed"}"#, r#"{"id": "r", "metrics": {"a": "x"}}"#] {
        assert_eq!(post(body).0, 400, "{body}");
    }
}

#[test]
fn the_command_line_tells_of_runs() {
    let server = Server::started(&[("retraining.yaml", SUITE)]);
    let url = server.url("");
    let run = |args: &[&str]| server.driftline(&[args, &["--service", &url]].concat());
    assert_eq!(run(&["runs", "put", "--id", "r-1", "--model", "intents", "--status", "started"]).0, 0);
    let job = "train_model_job=succeeded:2h";
    let (code, said) = run(&[
        "runs",
        "put",
        "--id",
        "r-1",
        "--status",
        "succeeded",
        "--metric",
        "accuracy=0.9",
        "--job",
        job,
        "--rows",
        "50",
    ]);
    assert!(code == 2 && said.contains("retraining: warn") && said.contains("warning training"), "{said}");
    server.write("event.json", &json!({"id": "r-2", "model": "intents", "status": "failed"}).to_string());
    let (code, said) = run(&["runs", "put", "event.json"]);
    assert!(code == 1 && said.contains("critical status"), "{said}");
    let (code, said) = run(&["runs", "list", "--model", "intents"]);
    assert!(code == 0 && said.contains("r-1") && said.contains("accuracy=0.9"), "{said}");
    let (code, said) = run(&["runs", "show", "r-1"]);
    assert!(code == 0 && said.contains("runs_without_gain"), "{said}");
    assert_eq!(run(&["runs", "put", "--id", "r-3", "--metric", "accuracy=much"]).0, 3);
    assert_eq!(run(&["runs", "put"]).0, 3);
    assert_eq!(run(&["runs", "put", "--id", "r-3"]).0, 1, "of which model?");
}

#[test]
fn the_example_finds_what_its_readme_says() {
    const SUITE: &str = include_str!("../../examples/retraining_health/suite.yaml");
    let server = Server::started(&[("retraining-health.yaml", SUITE)]);
    server.write("runs.json", include_str!("../../examples/retraining_health/runs.json"));
    let (code, said) = server.driftline(&["runs", "put", "runs.json", "--service", &server.url("")]);
    assert_eq!(code, 1, "{said}");
    let found: Vec<_> =
        said.lines().filter(|it| it.starts_with("    ")).map(|it| it.trim_start().split(':').next().unwrap()).collect();
    let (helps, decline) = ("warning retraining still helps", "critical no decline despite retraining");
    assert_eq!(found, ["warning training takes an hour at most", helps, decline, helps, decline], "{said}");
    let last = server.get("/v1/retrain-runs/weekly-2024-06-05").json();
    let p_value = last["derived"]["trend"]["accuracy"]["p_value"].as_f64().unwrap();
    assert!((p_value - 2.0 / 720.0).abs() < 1e-12, "{last:#}");
}
