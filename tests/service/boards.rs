//! The boards of `examples/monitoring` against a real service on `PostgreSQL` that had traffic, scraped by a real
//! Prometheus: every query of every panel has an answer, and every rule can be evaluated.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

use crate::database::{self, Database};
use crate::receiver::Receiver;
use crate::server::Server;

/// What a panel's description begins with that reads what is not there in this test.
const OTHERS: [&str; 5] = ["[node_exporter]", "[dcgm-exporter]", "[kube-state-metrics]", "[plugins]", "[batch]"];

fn monitoring() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/monitoring")
}

/// Debian's Prometheus, which scrapes and evaluates every second.
struct Prometheus {
    url: String,
    process: Child,
    _room: TempDir,
}

impl Prometheus {
    fn watching(target: u16) -> Self {
        let room = tempfile::tempdir().unwrap();
        let rules = room.path().join("rules");
        fs::create_dir(&rules).unwrap();
        for file in fs::read_dir(monitoring().join("prometheus/rules")).unwrap().map(|it| it.unwrap().path()) {
            let text = fs::read_to_string(&file).unwrap().replace("    interval: 30s\n", "");
            fs::write(rules.join(file.file_name().unwrap()), text).unwrap();
        }
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [rules/*.yml]\nscrape_configs:\n  \
             - job_name: driftline\n    static_configs: [{{ targets: ['127.0.0.1:{target}'] }}]\n"
        );
        fs::write(room.path().join("prometheus.yml"), config).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("prometheus");
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).args(["--log.level=error"]);
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]).current_dir(room.path());
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let process = process.expect("prometheus (Debian: apt-get install prometheus)");
        Prometheus { url: format!("http://127.0.0.1:{port}"), process, _room: room }
    }

    /// `data` of an answer; null when it does not answer.
    fn ask(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.get(format!("{}{path}", self.url)).query_pairs(query.iter().copied());
        let Ok(mut answer) = request.call() else { return Value::Null };
        let mut answer: Value = answer.body_mut().read_json().unwrap_or_default();
        assert_ne!(answer["status"], "error", "{query:?}: {answer}");
        answer["data"].take()
    }

    /// Numbers that an expression has now; those that are none left out.
    fn numbers(&self, expression: &str) -> usize {
        let data = self.ask("/api/v1/query", &[("query", expression)]);
        match data["resultType"].as_str() {
            Some("scalar") => 1,
            _ => data["result"].as_array().map_or(0, |all| all.iter().filter(|it| it["value"][1] != "NaN").count()),
        }
    }

    /// Rules whose last evaluation failed, and how many there are.
    fn rules(&self) -> (Vec<String>, usize) {
        let data = self.ask("/api/v1/rules", &[]);
        let groups = data["groups"].as_array().unwrap().iter();
        let rules: Vec<_> = groups.flat_map(|it| it["rules"].as_array().unwrap().clone()).collect();
        let bad = rules.iter().filter(|it| it["health"] != "ok").map(ToString::to_string);
        (bad.collect(), rules.len())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A service with the suites of the examples, on a database whose views Grafana's role may read.
fn service() -> (Server, Database, Receiver) {
    let examples = monitoring().join("..");
    let suite = |name: &str| fs::read_to_string(examples.join(name)).unwrap();
    // Somebody is told, so that there are notices.
    let payments = suite("monitoring/kubernetes/base/suites/payments.yaml")
        .replace("mode: approve", "mode: approve\n    notify: [pager]");
    let suites = [
        ("payments.yaml", payments),
        ("intent-router.yaml", suite("intent_router/suite.yaml")),
        ("ml-service.yaml", suite("ml_service/suite.yaml")),
        ("llm-service.yaml", suite("llm_service/suite.yaml")),
    ];
    let suites: Vec<_> = suites.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut server = Server::new(&suites);
    let (database, receiver) = (database::postgres(), Receiver::new());
    server.set("DRIFTLINE_DATABASE", &database.url);
    server.set("DRIFTLINE_METRICS__REFRESH", "1s");
    server.set("DRIFTLINE_WINDOWS__GRACE", "1s");
    server.write(
        "driftline.yaml",
        &format!("actions:\n  - {{ name: pager, type: webhook, url: '{}', allow_private: true }}\n", receiver.url("/")),
    );
    let (code, said) = server.driftline(&["migrate"]);
    assert_eq!(code, 0, "{said}");
    let grants = monitoring().join("postgres/grants.sql");
    psql(&database, &["--variable=reader_password=a password", "--file", grants.to_str().unwrap()]);
    server.start();
    (server, database, receiver)
}

fn psql(database: &Database, args: &[&str]) -> String {
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]).args(args);
    let output = command.arg(&database.url).output().expect("psql");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn traffic(server: &Server, args: &[&str]) {
    let url = server.url("");
    let mut command = Command::new("python3");
    command.arg(monitoring().join("traffic.py")).args(["--url", &url]).args(args).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A board and what its variables stand for when all is chosen.
struct Board {
    name: String,
    json: Value,
    variables: Vec<(String, String)>,
}

impl Board {
    fn all() -> Vec<Board> {
        let files = fs::read_dir(monitoring().join("grafana/dashboards")).unwrap();
        let boards = files.map(|it| it.unwrap().path()).map(|file| {
            let json: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let list = json["templating"]["list"].as_array().unwrap().iter();
            let all = |it: &Value| (text(&it["name"]), it["allValue"].as_str().unwrap_or(".*").to_owned());
            let variables = list.map(all).collect();
            Board { name: text(&json["title"]), json, variables }
        });
        boards.collect()
    }

    /// As Grafana would write it: variables, and the names that Grafana has itself.
    fn filled(&self, query: &str) -> String {
        let mut query = query.replace("$__rate_interval", "30s").replace("$__interval", "1m");
        for (name, all) in &self.variables {
            query = query.replace(&format!("${{{name}:regex}}"), all).replace(&format!("${name}"), all);
        }
        query
    }
}

fn text(it: &Value) -> String {
    it.as_str().unwrap_or_default().to_owned()
}

/// Grafana's macros of SQL, as its data source for `PostgreSQL` has them.
fn macros(sql: &str) -> String {
    let span = "BETWEEN now() - interval '30 days' AND now() + interval '1 hour'";
    let mut sql =
        Regex::new(r"\$__timeFilter\(([a-z_.]+)\)").unwrap().replace_all(sql, format!("$1 {span}")).into_owned();
    for (name, alias) in [("timeGroupAlias", " AS \"time\""), ("timeGroup", "")] {
        let group = Regex::new(&format!(r"\$__{name}\(([a-z_.]+), *1m\)")).unwrap();
        sql = group.replace_all(&sql, format!("floor(extract(epoch from $1)/60)*60{alias}")).into_owned();
    }
    assert!(!sql.contains("$_"), "{sql}");
    sql
}

/// Whether a query has an answer, and else what it was.
fn unanswered(board: &Board, target: &Value, prometheus: &Prometheus, database: &Database) -> Option<String> {
    if let Some(sql) = target["rawSql"].as_str() {
        let sql = macros(&board.filled(sql));
        let time = if target["format"] == "time_series" { "time" } else { "*" };
        let count = format!("SELECT count({time}) FROM ({sql}) AS asked");
        let rows = psql(database, &["--command", "SET ROLE grafana", "--command", &count]);
        return (rows.trim() == "0").then_some(sql);
    }
    let expression = board.filled(target["expr"].as_str().unwrap());
    (prometheus.numbers(&expression) == 0).then_some(expression)
}

#[test]
fn every_panel_has_an_answer_and_every_rule_is_evaluated() {
    let (server, database, _receiver) = service();
    traffic(&server, &["--minutes", "70", "--seconds", "0", "--rate", "0.3"]);
    let prometheus = Prometheus::watching(server.port);
    traffic(&server, &["--minutes", "1", "--seconds", "20", "--seed", "2", "--bad"]);

    let boards = Board::all();
    let values = Regex::new(r"^label_values\((.+), ([a-z_]+)\)$").unwrap();
    // Windows end and rules are evaluated meanwhile.
    let until = Instant::now() + Duration::from_secs(90);
    let mut missing;
    loop {
        missing = String::new();
        for board in &boards {
            for panel in board.json["panels"].as_array().unwrap() {
                let described = text(&panel["description"]);
                let elsewhere = OTHERS.iter().any(|it| described.starts_with(it));
                for target in panel["targets"].as_array().into_iter().flatten() {
                    // Also what reads others must be understood.
                    let unanswered = unanswered(board, target, &prometheus, &database);
                    if let (Some(query), false) = (unanswered, elsewhere) {
                        let _ = writeln!(missing, "{}: {}: {query}", board.name, text(&panel["title"]));
                    }
                }
            }
            for it in board.json["annotations"]["list"].as_array().unwrap() {
                if prometheus.numbers(it["expr"].as_str().unwrap()) == 0 {
                    let _ = writeln!(missing, "{}: annotation {}", board.name, it["name"]);
                }
            }
            for query in
                board.json["templating"]["list"].as_array().unwrap().iter().filter_map(|it| it["definition"].as_str())
            {
                let query = board.filled(query);
                let parts = values.captures(&query).unwrap_or_else(|| panic!("{query}"));
                let found = prometheus.ask(&format!("/api/v1/label/{}/values", &parts[2]), &[("match[]", &parts[1])]);
                if found.as_array().is_none_or(Vec::is_empty) {
                    let _ = writeln!(missing, "{}: variable {query}", board.name);
                }
            }
        }
        if missing.is_empty() || Instant::now() > until {
            break;
        }
        traffic(&server, &["--minutes", "1", "--seconds", "3", "--seed", "3", "--bad"]);
    }
    assert!(missing.is_empty(), "no answer:\n{missing}");

    let (bad, n) = prometheus.rules();
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(n > 100, "{n}");
    // The new version is wrong too often, and the alerts see it.
    for alert in ["DriftlineDataQualityViolation", "DriftlineIncident"] {
        assert!(prometheus.numbers(&format!("ALERTS{{alertname=\"{alert}\"}}")) > 0, "{alert} is not seen");
    }
    assert_eq!(prometheus.numbers("ALERTS{alertname=~\"DriftlineDown|DriftlineStoreDown|DriftlineSuiteRefused\"}"), 0);
}
