//! `examples/monitoring/logs`: what the files for Vector and Promtail name is in the lines that the service writes.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use driftline_rules::suite::node;
use regex::Regex;
use serde_json::Value;

use super::folder;
use super::server::Server;

fn text(name: &str) -> String {
    fs::read_to_string(folder("monitoring").join(name)).unwrap_or_else(|it| panic!("{name}: {it}"))
}

fn yaml(name: &str) -> Value {
    node::parse(&text(name)).unwrap_or_else(|it| panic!("{name}: {it}")).to_value().to_json()
}

/// Names of members that lines of a service have which was asked for something.
fn written() -> BTreeSet<String> {
    let mut server = Server::new(&[("s.yaml", "name: s")]);
    server.set("DRIFTLINE_LOG__FORMAT", "json");
    server.start();
    assert_eq!(server.ask("PUT", "/v1/suites/t", &[("x-request-id", "r1")], "name: t").status, 200);
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let lines: Vec<Value> = server.log().lines().filter_map(|it| serde_json::from_str(it).ok()).collect();
        if lines.iter().any(|it| it["request_id"] == "r1") {
            return lines.iter().filter_map(Value::as_object).flat_map(|it| it.keys().cloned()).collect();
        }
        assert!(Instant::now() < until, "{}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_collectors_read_of_a_line_is_in_it() {
    let written = written();
    let wanted = |name: &str, from: &str| assert!(written.contains(name), "{from}: no line has `{name}`: {written:?}");
    let names = ["timestamp", "level", "target", "message", "suite", "status", "path"];
    for it in names.iter().chain(&["request_id", "trace_id", "span_id"]) {
        wanted(it, "README.md");
        assert!(text("README.md").contains(&format!("`{it}`")), "README.md: {it}");
    }

    let vector = yaml("logs/vector.yaml");
    let source = vector["transforms"]["parsed"]["source"].as_str().expect("a program");
    let sink = vector["sinks"]["loki"].to_string();
    let reads = Regex::new(r"(?:^|[ (])\.([a-z_]+)").expect("it");
    let template = Regex::new(r"\{\{ ([a-z_]+) \}\}").expect("it");
    let names: Vec<_> =
        reads.captures_iter(source).chain(template.captures_iter(&sink)).map(|it| it[1].to_owned()).collect();
    assert!(names.len() > 4, "{names:?}");
    for it in &names {
        wanted(it, "vector.yaml");
    }
    // Each part is of parts that are there.
    let inputs = vector["transforms"]["parsed"]["inputs"].as_array().expect("inputs").iter();
    assert!(inputs.map(|it| it.as_str().expect("a name")).all(|it| vector["sources"].get(it).is_some()));
    assert_eq!(vector["sinks"]["loki"]["inputs"], serde_json::json!(["parsed"]));

    let promtail = yaml("logs/promtail.yaml");
    let stages = promtail["scrape_configs"][0]["pipeline_stages"].as_array().expect("stages");
    let [docker, line] = stages.iter().filter_map(|it| it.get("json")).collect::<Vec<_>>()[..] else {
        panic!("{stages:?}")
    };
    // Around the line is what Docker writes.
    assert_eq!(docker["expressions"], serde_json::json!({ "log": "log", "tag": "attrs.tag" }));
    let known = line["expressions"].as_object().expect("expressions");
    assert!(known.len() > 4, "{known:?}");
    for it in known.values() {
        wanted(it.as_str().expect("a name"), "promtail.yaml");
    }
    let after = stages.iter().rev().take_while(|it| it.get("json").is_none());
    for it in after.filter_map(|it| it.get("labels").or(it.get("structured_metadata"))?.as_object()) {
        assert!(it.values().all(|it| known.contains_key(it.as_str().expect("a name"))), "{it:?}");
    }
    // The tag is that of the service.
    let compose = text("docker-compose.monitoring.yml");
    let service = compose.split("\n  driftline:\n").nth(1).and_then(|it| it.split("\n\n").next()).expect("the service");
    let tag = Regex::new(r"logging: .* tag: ([a-z]+) ").expect("it").captures(service).expect("a tag")[1].to_owned();
    let drops = stages.iter().filter_map(|it| it["match"]["selector"].as_str()).collect::<String>();
    assert!(drops.contains(&format!("tag!=\"{tag}\"")), "{drops}");
}
