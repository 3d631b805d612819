//! `GET /metrics`: both formats, what is counted, and who may read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, Stdio};

use crate::promtool::promtool;
use crate::server::{Answer, Server};
use crate::{BAD, GOOD, PAYMENTS};

const OPEN: &str = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.25,*/*;q=0.1";
const CHECK: &str = "/v1/suites/payments/check?on_fail=observe";

/// What a scrape says: names with their labels as they are written, and numbers.
pub struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    pub fn of(server: &Server) -> Scrape {
        Scrape::read(&server.get("/metrics").body)
    }

    pub fn read(text: &str) -> Scrape {
        let lines = text.lines().filter(|it| !it.starts_with('#'));
        let series = lines.map(|it| it.rsplit_once(' ').unwrap());
        Scrape(series.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect())
    }

    pub fn get(&self, series: &str) -> Option<f64> {
        self.0.get(series).copied()
    }

    /// Those whose text begins so.
    pub fn all<'s>(&'s self, begin: &'s str) -> impl Iterator<Item = (&'s str, f64)> {
        self.0.iter().filter(move |it| it.0.starts_with(begin)).map(|(name, value)| (name.as_str(), *value))
    }
}

fn scrape(server: &Server, accept: &str) -> Answer {
    server.ask("GET", "/metrics", &[("accept", accept)], "")
}

#[test]
fn both_formats_are_answered_and_their_judges_find_nothing_wrong() {
    let server = Server::started(&[("payments.yaml", PAYMENTS)]);
    // What is stored has met every stage, so that both scrapes have the same series.
    let check = format!("{CHECK}&wait=stored");
    assert_eq!(server.post(&check, "application/json", GOOD).status, 200);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let traced = server.ask("POST", &check, &[("content-type", "application/json"), ("traceparent", trace)], BAD);
    assert_eq!(traced.status, 200);
    for accept in ["", "*/*", "text/plain", "text/plain;version=0.0.4", "text/html, */*"] {
        let answer = scrape(&server, accept);
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"), "{accept}");
        assert!(!answer.body.contains("# EOF") && !answer.body.contains("0af7651916cd43dd"));
    }
    let classic = scrape(&server, "*/*").body;
    promtool(&classic);
    for name in ["driftline_build_info", "process_cpu_seconds_total", "driftline_request_duration_seconds_bucket"] {
        assert!(classic.contains(&format!("\n{name}")), "{name} in {classic}");
    }
    let open = scrape(&server, OPEN);
    assert_eq!(open.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(open.body.ends_with("\n# EOF\n") && open.body.contains("# TYPE driftline_requests counter\n"));
    assert!(open.body.contains(" # {trace_id=\"0af7651916cd43dd8448eb211c80319c\"} "), "{}", open.body);
    assert!(open.body.contains("# TYPE driftline_build info\n"));
    python_reads(&classic, &open.body);
}

/// A second judge: the parsers of Python's client, which are strict where promtool is not, read the same from both.
fn python_reads(classic: &str, open: &str) {
    let room = tempfile::tempdir().unwrap();
    std::fs::write(room.path().join("classic"), classic).unwrap();
    std::fs::write(room.path().join("open"), open).unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/metrics/parse.py");
    let output = Command::new(python()).arg(program).current_dir(room.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// The Python that has `prometheus_client`: Debian's, whichever other one comes first.
fn python() -> &'static str {
    let has = |it: &&str| {
        let asked = Command::new(it).args(["-c", "import prometheus_client"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|it| it.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has).expect("Debian's python3-prometheus-client is installed")
}

#[test]
fn what_was_sent_is_counted() {
    let server = Server::started(&[("payments.yaml", PAYMENTS)]);
    let before = Scrape::of(&server);
    // From the start, so that the first failure is a rise.
    assert_eq!(before.get(r#"driftline_records_total{suite="payments",outcome="fail"}"#), Some(0.0));
    for (kind, body) in [
        ("application/json", GOOD.to_owned()),
        ("application/json", GOOD.to_owned()),
        ("application/json", BAD.to_owned()),
        ("application/json", "{\"id\": ".to_owned()),
        ("application/x-ndjson", format!("{GOOD}\n{BAD}\n{{\"id\"\n{GOOD}\n{GOOD}")),
    ] {
        assert_eq!(server.post(CHECK, kind, body).status, 200);
    }
    // Neither what is not stored, nor what is refused.
    let ad_hoc = r#"{"suite": {"expectations": []}, "record": {"a": 1}}"#;
    assert_eq!(server.post("/v1/check", "application/json", ad_hoc).status, 200);
    assert_eq!(server.post("/v1/suites/made-up/check", "application/json", GOOD).status, 404);
    let found = Scrape::of(&server);
    let records = |outcome: &str| {
        found.get(&format!(r#"driftline_records_total{{suite="payments",outcome="{outcome}"}}"#)).unwrap()
    };
    assert_eq!(["pass", "warn", "fail", "unreadable"].map(records), [5.0, 0.0, 2.0, 2.0]);
    let checks = |title: &str, severity: &str, status: &str| {
        found
            .get(&format!(
                r#"driftline_checks_total{{suite="payments",expectation="{title}",severity="{severity}",status="{status}"}}"#
            ))
            .unwrap_or(-1.0)
    };
    assert_eq!([checks("readable", "critical", "pass"), checks("readable", "critical", "fail")], [7.0, 2.0]);
    assert_eq!(
        [checks("amount between", "critical", "pass"), checks("amount between", "critical", "fail")],
        [5.0, 2.0]
    );
    assert_eq!([checks("card not_null", "info", "pass"), checks("card not_null", "info", "fail")], [5.0, 2.0]);
    // What judges windows has no counts by record.
    assert_eq!(found.all("driftline_checks_total").filter(|it| it.0.contains("mean amount")).count(), 0);
    let requests = |path: &str, method: &str, status: &str| {
        found
            .get(&format!(r#"driftline_requests_total{{path="{path}",method="{method}",status="{status}"}}"#))
            .unwrap_or_default()
    };
    assert_eq!(requests("/v1/suites/{suite}/check", "POST", "200"), 5.0);
    assert_eq!(requests("/v1/suites/{suite}/check", "POST", "404"), 1.0);
    assert_eq!(requests("/v1/check", "POST", "200"), 1.0);
    assert_eq!(found.all("driftline_requests_total").filter(|it| it.0.contains("made-up")).count(), 0);
    let stage = |name: &str| found.get(&format!("driftline_stage_duration_seconds_count{{stage=\"{name}\"}}")).unwrap();
    // The ad hoc record was checked, but not journalled.
    assert_eq!((stage("check"), stage("journal")), (10.0, 5.0));
    assert_eq!(found.get("driftline_suites_active"), Some(1.0));
    assert!(found.get("driftline_journal_segments").unwrap() >= 1.0);
    // The counts stay when the store has all of it, and go with the suite.
    server.until("the flush", || Scrape::of(&server).get("driftline_intake_waiting") == Some(0.0));
    let later = Scrape::of(&server);
    assert_eq!(
        later.all("driftline_checks_total").collect::<Vec<_>>(),
        found.all("driftline_checks_total").collect::<Vec<_>>()
    );
    std::fs::remove_file(server.path("suites/payments.yaml")).unwrap();
    assert_eq!(server.post("/v1/reload", "application/json", "").status, 200);
    let gone = server.get("/metrics").body;
    assert!(!gone.contains("suite=\"payments\""), "{gone}");
}

#[test]
fn whoever_has_a_token_for_it_may_read_and_anyone_where_it_is_said() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    let (mut configuration, mut tokens) = ("tokens:\n".to_owned(), Vec::new());
    for scope in ["metrics", "check", "read", "write-suites", "admin"] {
        let (code, text) = server.driftline(&["token", "new", scope, "--scope", scope]);
        assert_eq!(code, 0, "{text}");
        tokens.push(text.split_whitespace().find(|it| it.starts_with("dl_")).unwrap().to_owned());
        let hash = text.split_whitespace().skip_while(|it| *it != "sha256:").nth(1).unwrap().trim_matches('"');
        let _ = writeln!(configuration, "  - {{ name: {scope}, sha256: {hash}, scopes: [{scope}] }}");
    }
    server.write("driftline.yaml", &configuration);
    server.set("DRIFTLINE_RELOAD__POLL", "100ms");
    server.start();
    let ask =
        |path: &str, token: &str| server.ask("GET", path, &[("authorization", &format!("Bearer {token}"))], "").status;
    assert_eq!(server.get("/metrics").status, 401);
    assert_eq!(ask("/metrics", "dl_wrong"), 401);
    let all: Vec<_> = tokens.iter().map(|it| ask("/metrics", it)).collect();
    assert_eq!(all, [200, 403, 200, 403, 200]);
    // It allows nothing else.
    assert_eq!((ask("/v1/results", &tokens[0]), ask("/v1/suites", &tokens[0])), (403, 403));
    server.write("driftline.yaml", &format!("{configuration}metrics: {{ public: true }}\n"));
    server.until("the setting", || server.get("/metrics").status == 200);
    let refused = Scrape::of(&server).get(r#"driftline_requests_refused_total{reason="forbidden"}"#);
    assert_eq!(refused, Some(4.0));
}
