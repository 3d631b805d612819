//! The configurations of `examples/retraining/`, rendered and sent.

use std::path::Path;
use std::process::Command;

use driftline::actions::{Actions, Outcome};
use driftline::config::{ActionConfig, Sources, load};
use serde_json::{Value, json};

use super::receiver::{Came, Receiver};
use super::{row, send};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/retraining")
}

/// What a receiver is sent by an action of the example.
fn sent(name: &str, word: &str) -> Came {
    let sources = Sources { file: Some(folder().join("driftline.yaml")), ..Sources::default() };
    // Its file of a template lies beside it.
    let text = std::fs::read_to_string(folder().join("driftline.yaml")).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let beside = folder().join("kubernetes-job.jinja").display().to_string();
    std::fs::write(file.path(), text.replace("kubernetes-job.jinja", &beside)).unwrap();
    let config = load(&Sources { file: Some(file.path().to_owned()), ..sources }).unwrap().config;
    let receiver = Receiver::new();
    let mut of: Vec<ActionConfig> = config.actions.into_iter().filter(|it| it.name == name).collect();
    of[0].url = Some(serde_json::from_value(json!(receiver.url("/"))).unwrap());
    of[0].allow_private = true;
    let actions = Actions::new(&of, config.public_url.as_deref()).unwrap();
    let action = actions.get(name).unwrap();
    assert!(action.takes(&row("fired")) && !action.takes(&row("approved")), "{name} starts something");
    assert_eq!(send(action, &row(word)), Outcome::Delivered { status: 204 });
    receiver.came().remove(0)
}

#[test]
fn its_readme_says_what_holds() {
    let mut check = Command::new(env!("CARGO_BIN_EXE_driftline"));
    let output = check.args(["config", "check"]).current_dir(folder()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_job_of_kubernetes_is_one() {
    let job = sent("kubernetes", "fired").json();
    assert_eq!((&job["apiVersion"], &job["kind"]), (&json!("batch/v1"), &json!("Job")));
    let name = job["metadata"]["name"].as_str().unwrap();
    // A name of RFC 1123, which Kubernetes wants of a job's pods.
    assert!(name.len() <= 63 && name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-'));
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Never");
    let env = pod["containers"][0]["env"].as_array().unwrap();
    assert!(env.iter().all(|it| it["name"].is_string() && it["value"].is_string()), "{env:?}");
    let event: Value = serde_json::from_str(env[3]["value"].as_str().unwrap()).unwrap();
    assert_eq!(event, row("fired").data);
    assert_eq!(env[2]["value"], "region=\"eu\"");
}

#[test]
fn what_receivers_read_is_there() {
    let event = sent("argo", "fired").json();
    let sensor = std::fs::read_to_string(folder().join("argo-events.yaml")).unwrap();
    for key in ["incident", "suite"] {
        assert!(sensor.contains(&format!("body.data.{key}")) && event["data"][key].is_string(), "{key}");
    }
    let workflow = std::fs::read_to_string(folder().join("github-workflow.yaml")).unwrap();
    let body = sent("github", "fired").json();
    assert!(workflow.contains(body["event_type"].as_str().unwrap()));
    for key in ["incident", "suite"] {
        assert!(workflow.contains(&format!("client_payload.{key}")) && body["client_payload"][key].is_string());
    }
    let run = sent("airflow", "fired").json();
    assert!(run["dag_run_id"].is_string() && run["conf"].is_object() && run["logical_date"].is_null());
}
