//! `examples/monitoring`: rules, routes and boards hold, and what is written twice is the same.
//!
//! Boards are asked against a real service in `tests/service/boards.rs`; manifests are checked by
//! `tests/monitoring/manifests.sh`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use super::{BINARY, folder, said};

fn path(name: &str) -> PathBuf {
    folder("monitoring").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|it| panic!("{name}: {it}"))
}

/// Names of files of a folder that end so, in their order.
fn files(name: &str, end: &str) -> Vec<String> {
    let all = fs::read_dir(path(name)).expect("the folder").map(|it| it.expect("an entry").file_name());
    let mut all: Vec<_> = all.filter_map(|it| it.into_string().ok()).filter(|it| it.ends_with(end)).collect();
    all.sort();
    assert!(!all.is_empty(), "nothing in {name}");
    all
}

/// What a program of Prometheus says; it must be content.
fn content(program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    let output = command.args(args).current_dir(folder("monitoring")).output();
    let output = output
        .unwrap_or_else(|it| panic!("{program}: {it} (Debian: apt-get install prometheus prometheus-alertmanager)"));
    let (text, code) = said(&output);
    assert_eq!(code, Some(0), "{program} {args:?}: {text}");
    text
}

/// An alert as its file has it.
struct Alert {
    name: String,
    /// Its lines.
    text: String,
    expression: String,
}

impl Alert {
    /// All of a file whose alerts begin so.
    fn all(text: &str, begin: &str) -> Vec<Alert> {
        let parts = text.split(begin).skip(1).map(|it| {
            // Up to the next rule, or the comment above it.
            let end = it.find("\n      - ").or_else(|| it.find("\n\n")).unwrap_or(it.len());
            it.get(..end).unwrap_or(it)
        });
        let alerts = parts.map(|text| Alert {
            name: text.lines().next().unwrap_or_default().trim().to_owned(),
            text: text.to_owned(),
            expression: expression(text),
        });
        alerts.collect()
    }
}

/// What stands behind `expr:`, on one line.
fn expression(text: &str) -> String {
    let mut lines = text.lines().skip_while(|it| !it.trim_start().starts_with("expr:"));
    let first = lines.next().expect("an expression");
    let depth = first.len() - first.trim_start().len();
    let value = first.trim_start().trim_start_matches("expr:").trim();
    if value != "|" {
        return value.trim_matches('\'').replace("''", "'");
    }
    let more = lines.take_while(|it| it.len() - it.trim_start().len() > depth).map(str::trim);
    more.collect::<Vec<_>>().join(" ")
}

fn alerts() -> Vec<Alert> {
    let files = files("prometheus/rules", ".yml");
    files.iter().flat_map(|it| Alert::all(&read(&format!("prometheus/rules/{it}")), "      - alert: ")).collect()
}

#[test]
fn rules_and_their_cases_hold() {
    let of = |kind: &str| files(&format!("prometheus/{kind}"), ".yml").into_iter();
    let rules: Vec<_> = of("rules").map(|it| format!("prometheus/rules/{it}")).collect();
    let mut check = vec!["check", "rules"];
    check.extend(rules.iter().map(String::as_str));
    content("promtool", &check);
    content("promtool", &["check", "config", "--syntax-only", "prometheus/prometheus.yml"]);
    let tests: Vec<_> = of("tests").collect();
    std::thread::scope(|scope| {
        for half in tests.chunks(tests.len().div_ceil(2)) {
            scope.spawn(move || {
                for it in half {
                    content("promtool", &["test", "rules", &format!("prometheus/tests/{it}")]);
                }
            });
        }
    });
}

#[test]
fn every_alert_has_a_case_that_fires_one_that_does_not_and_a_runbook() {
    let cases: String =
        files("prometheus/tests", ".yml").iter().map(|it| read(&format!("prometheus/tests/{it}"))).collect();
    let runbooks = read("runbooks.md");
    let alerts = alerts();
    assert!(alerts.len() > 40, "{}", alerts.len());
    let mut missing = Vec::new();
    for it in &alerts {
        let name = &it.name;
        let link = format!(
            "runbook_url: https://github.com/driftline/driftline/blob/main/examples/monitoring/runbooks.md#{}\n",
            name.to_lowercase()
        );
        let mut want = |holds: bool, what: &str| {
            if !holds {
                missing.push(format!("{name}: {what}"));
            }
        };
        want(cases.contains(&format!("- name: {name} fires\n")), "no case fires");
        want(cases.contains(&format!("- name: {name} does not fire\n")), "no case does not");
        want(it.text.contains("          summary: '") && it.text.contains("          description: '"), "no words");
        want(it.text.contains("          response: "), "no time of response");
        want(format!("{}\n", it.text).contains(&link), "no link to its runbook");
        want(runbooks.contains(&format!("\n### {name}\n")), "no runbook");
        let severity = ["critical", "warning", "info"].iter().any(|s| it.text.contains(&format!("severity: {s} }}")));
        // That one has the severity of the trigger.
        want(severity || name == "DriftlineIncident", "no severity");
    }
    for section in runbooks.lines().filter_map(|it| it.strip_prefix("### ")) {
        if !alerts.iter().any(|it| it.name == section) {
            missing.push(format!("{section}: no such alert"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn alerts_go_where_their_severity_says() {
    let file = "alertmanager/alertmanager.yml";
    content("amtool", &["check-config", file]);
    for (severity, receivers) in
        [("critical", "pager,chat"), ("warning", "chat"), ("info", "daily-digest"), ("unheard-of", "chat")]
    {
        let severity = format!("severity={severity}");
        let said = content("amtool", &["config", "routes", "test", "--config.file", file, &severity, "suite=a"]);
        assert!(said.lines().any(|it| it == receivers), "{severity}: {said}");
    }
}

#[test]
fn grafanas_alerts_are_those_of_prometheus() {
    let grafana = Alert::all(&read("grafana/alerting/rules.yaml"), "        title: ");
    assert!(grafana.len() > 10, "{}", grafana.len());
    let prometheus = alerts();
    for it in &grafana {
        let other = prometheus.iter().find(|other| other.name == it.name).unwrap_or_else(|| panic!("{}", it.name));
        assert_eq!(it.expression, other.expression, "{}", it.name);
        let waits = |text: &str| text.lines().find_map(|it| it.trim().strip_prefix("for: ").map(str::to_owned));
        assert_eq!(waits(&it.text), Some(waits(&other.text).unwrap_or_else(|| "0s".to_owned())), "{}", it.name);
    }
}

/// Compares a file with what it is made of; `UPDATE=1` writes it.
#[track_caller]
fn is_made(name: &str, made: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path(name), made).expect("it can be written");
    }
    assert!(read(name) == made, "{name}: run `UPDATE=1 cargo test --workspace --test examples monitoring`");
}

#[test]
fn kubernetes_has_the_same_rules() {
    let again = "UPDATE=1 cargo test --workspace --test examples monitoring";
    let mut made = format!("# Made of prometheus/rules by `{again}`: change it there.\n");
    for file in files("prometheus/rules", ".yml") {
        let name = file.trim_end_matches(".yml");
        let _ = write!(
            made,
            "---\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: driftline-{name}\n  \
             labels:\n    app.kubernetes.io/name: driftline\nspec:\n"
        );
        for line in read(&format!("prometheus/rules/{file}")).lines() {
            let _ = if line.is_empty() { writeln!(made) } else { writeln!(made, "  {line}") };
        }
    }
    is_made("kubernetes/base/prometheus-rules.yaml", &made);
}

#[test]
fn kubernetes_has_the_same_boards() {
    let (head, _) = read("grafana/kustomization.yaml")
        .split_once("configMapGenerator:\n")
        .map(|(head, list)| (head.to_owned(), list.to_owned()))
        .expect("a list of boards");
    let mut made = format!("{head}configMapGenerator:\n");
    for file in files("grafana/dashboards", ".json") {
        let name = file.trim_end_matches(".json");
        let _ = write!(made, "  - name: driftline-board-{name}\n    files: [dashboards/{file}]\n");
    }
    is_made("grafana/kustomization.yaml", &made);
}

#[test]
fn boards_are_whole() {
    let mut ids = BTreeSet::new();
    for file in files("grafana/dashboards", ".json") {
        let board: Value = serde_json::from_str(&read(&format!("grafana/dashboards/{file}"))).expect(&file);
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        assert!(ids.insert(text(&board["uid"])) && text(&board["uid"]).len() > 3, "{file}: uid");
        assert_eq!(board["schemaVersion"], 41, "{file}");
        assert!(!text(&board["title"]).is_empty() && !text(&board["description"]).is_empty(), "{file}");
        let mut panels = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for panel in board["panels"].as_array().expect("panels") {
            let title = format!("{file}: {}", text(&panel["title"]));
            assert!(panels.insert(panel["id"].as_i64().expect("an id")), "{title}: the id is taken");
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|it| panel["gridPos"][it].as_i64().expect("a place"));
            assert!(x + w <= 24, "{title}: too wide");
            for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(place), "{title}: lies over another panel");
            }
            if panel["type"] == "row" {
                continue;
            }
            assert!(!text(&panel["description"]).is_empty(), "{title}: no description");
            for target in panel["targets"].as_array().expect("targets") {
                let source = text(&target["datasource"]["uid"]);
                assert!(source == "${prometheus}" || source == "${postgres}", "{title}: {source}");
            }
        }
    }
}

/// Commands that a text tells of: their words, and their options.
fn commands(text: &str) -> BTreeSet<(Vec<String>, Vec<String>)> {
    let pattern = Regex::new(r"(?:`|^)driftline ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)([^`\n#|]*)").expect("it");
    let option = Regex::new(r"--[a-z][a-z-]*").expect("it");
    let lines = text.lines().flat_map(|line| pattern.captures_iter(line).collect::<Vec<_>>());
    let commands = lines.map(|it| {
        let words = it[1].split(' ').map(str::to_owned).collect();
        (words, option.find_iter(&it[2]).map(|it| it.as_str().to_owned()).collect())
    });
    commands.collect()
}

#[test]
fn the_commands_of_the_runbooks_are_there() {
    let mut text = read("runbooks.md") + &read("README.md");
    text.extend(alerts().into_iter().map(|it| it.text));
    let commands = commands(&text);
    assert!(commands.len() > 10, "{commands:?}");
    for (words, options) in commands {
        // What is no command itself is an argument.
        let help = (1..=words.len()).rev().find_map(|n| {
            let output = Command::new(BINARY).args(words.iter().take(n)).arg("--help").output().expect("the binary");
            output.status.success().then(|| said(&output).0)
        });
        let help = help.unwrap_or_else(|| panic!("no command: driftline {}", words.join(" ")));
        for it in &options {
            assert!(help.contains(it), "driftline {}: no option {it}", words.join(" "));
        }
    }
}

#[test]
fn rules_and_boards_read_metrics_that_are_there() {
    let mut expressions = String::new();
    let mut recorded = BTreeSet::new();
    for file in files("prometheus/rules", ".yml") {
        let text = read(&format!("prometheus/rules/{file}"));
        recorded.extend(text.lines().filter_map(|it| it.split_once("- record: ")).map(|it| it.1.to_owned()));
        expressions.extend(text.split("\n      - ").filter(|it| it.contains("expr:")).map(|it| expression(it) + "\n"));
    }
    for file in files("grafana/dashboards", ".json") {
        let board: Value = serde_json::from_str(&read(&format!("grafana/dashboards/{file}"))).expect("JSON");
        let panels = board["panels"].as_array().expect("panels").iter();
        let targets = panels.flat_map(|it| it["targets"].as_array().into_iter().flatten());
        expressions.extend(targets.filter_map(|it| it["expr"].as_str()).map(|it| format!("{it}\n")));
    }
    // Those of the host are in its reference, signals in the suites of the examples.
    let reference = fs::read_to_string(folder("../docs/metrics.md")).expect("the reference");
    let suites = ["intent_router", "ml_service", "llm_service"].map(|it| folder(it).join("suite.yaml"));
    let suites: String = suites.iter().map(|it| fs::read_to_string(it).expect("the suite")).collect();
    let is_there = |name: &str| {
        let own = name.starts_with("driftline_") || name.starts_with("process_");
        let is =
            |it: &str| if own { reference.contains(&format!("`{it}`")) } else { suites.contains(&format!(": {it}\n")) };
        // A histogram has three series; a name may end so by itself.
        is(name) || ["_bucket", "_count", "_sum"].iter().any(|it| name.strip_suffix(it).is_some_and(is))
    };
    let pattern = r"\b[a-z_]+(?::[a-z0-9_]+)+\b|\b(?:driftline|process|ml|llm|model|intent|prediction)_[a-z0-9_]+\b";
    let quoted = Regex::new(r#""[^"]*""#).expect("it");
    let expressions = quoted.replace_all(&expressions, "");
    let names: BTreeSet<_> = Regex::new(pattern).expect("it").find_iter(&expressions).map(|it| it.as_str()).collect();
    assert!(names.len() > 100, "{}", names.len());
    let missing = names.iter().filter(|it| if it.contains(':') { !recorded.contains(**it) } else { !is_there(it) });
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "nobody makes these: {missing:#?}");
}
