//! Reports of a span: a story of two suites whose feature changes its scale, told as HTML, Markdown and JSON, and looked
//! at in a browser. Names and values are hostile.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::database;
use crate::server::Server;

const SUITE: &str = r#"
name: intents
windows: { length: 1m, lateness: 0 }
segments: [region]
record: { id: id, time: ts, model: model, version: version, prediction: intent, score: p }
predictions: { keep: [region, features.amount] }
expectations:
  - { field: intent, in_set: [pay, refund, cancel], name: '<script>document.title="owned"</script>' }
  - { field: features.amount, between: { min: 0, max: 1000 }, severity: warning, mostly: 0.99 }
  - { field: email, not_null: {}, name: every order has an address }
  - { field: features.amount, stable: {}, severity: warning }
  - { field: region, stable: {}, severity: info }
  - { field: latency_ms, stable: {}, severity: info }
  - { field: items, stable: {}, severity: info }
  - { accuracy: { min: 0.9 }, name: accuracy }
  - { f1_macro: { min: 0.8 }, severity: warning }
  - { confidence_ece: { max: 0.1, min_records: 20 }, severity: warning, name: calibration }
privacy: { email: drop }
triggers:
  - name: accuracy is down
    when: { finding: accuracy, below: 0.9, min_records: 50 }
"#;

const ALONE: &str = "\
name: payments
windows: off
record: { id: id }
expectations:
  - { field: amount, between: { max: 100 }, name: 'amount | <b>small</b> `x`' }
";

/// A region that tries to leave the text that it stands in.
const ATTACK: &str = r#""><img src=x onerror="document.title='owned'">"#;

/// Minutes, records of each, and from when on the feature is in cents.
const MINUTES: usize = 24;
const EACH: usize = 120;
const CENTS_FROM: usize = 18;

const SPAN: &str = "from=2024-05-01T12:08:00Z&to=2024-05-01T12:24:00Z";

fn server(database: Option<&str>) -> Server {
    let mut server = Server::new(&[("intents.yaml", SUITE), ("payments.yaml", ALONE)]);
    if let Some(url) = database {
        server.set("DRIFTLINE_DATABASE", url);
    }
    server.set("DRIFTLINE_RETENTION__PREDICTIONS", "null");
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    server.set("DRIFTLINE_WINDOWS__REVISE_EVERY", "1ms");
    server.set("DRIFTLINE_PUBLIC_URL", "https://driftline.example.com/");
    server.start();
    server
}

fn post(server: &Server, path: &str, kind: &str, body: &str) -> Value {
    let answer = server.post(path, kind, body);
    assert!(answer.status < 300, "{path}: {}", answer.body);
    answer.json()
}

/// What is no longer ordered, but the same each time.
fn chance(i: usize, of: usize) -> usize {
    (i.wrapping_mul(2_654_435_761) >> 7) % of
}

fn record(i: usize) -> (Value, Value) {
    let (minute, second) = (i / EACH, i % EACH / 2);
    let is_late = minute >= CENTS_FROM;
    let amount = 20 + chance(i, 47) + chance(i + 7, 53);
    let amount = if is_late && i % 5 < 4 { 100 * amount } else { amount };
    let truth = ["pay", "refund", "cancel"][chance(i + 3, 10) / 4];
    let is_wrong = chance(i + 11, 100) < if is_late { 30 } else { 4 };
    let said = match truth {
        "pay" if is_wrong => "refund",
        "refund" if is_wrong => "cancel",
        "cancel" if is_wrong => {
            if is_late && i % 3 == 0 {
                "later"
            } else {
                "pay"
            }
        }
        it => it,
    };
    let region = ["eu", "us", ATTACK, "asia"][chance(i + 5, 9) / if is_late { 3 } else { 4 }];
    let record = json!({
        "id": format!("r{i}"), "ts": format!("2024-05-01T12:{minute:02}:{second:02}Z"), "intent": said,
        "p": 0.62 + chance(i + 13, 37) as f64 / 100.0, "region": region, "model": "router <m>", "version": if is_late { "4" } else { "3" },
        "latency_ms": 35 + chance(i, 30) + chance(i + 1, 20), "features": {"amount": amount},
        "items": 1 + chance(i + 17, 6) * chance(i + 19, 2), "email": if is_late && i % 9 == 0 { Value::Null } else { json!("secret@example.com") },
    });
    let label = json!({"id": format!("r{i}"), "truth": truth, "at": "2024-05-01T13:00:00Z"});
    (record, label)
}

fn send(server: &Server, minutes: std::ops::Range<usize>) -> String {
    let (mut records, mut labels) = (String::new(), String::new());
    for i in minutes.start * EACH..minutes.end * EACH {
        let (record, label) = record(i);
        writeln!(records, "{record}").unwrap();
        // Labels of most records have come.
        if i % 10 > 0 {
            writeln!(labels, "{label}").unwrap();
        }
    }
    let at = format!("2024-05-01T12:{:02}:00Z", minutes.start);
    let path = format!("/v1/suites/intents/check?verdicts=none&wait=stored&at={at}");
    for records in records.lines().collect::<Vec<_>>().chunks(EACH) {
        post(server, &path, "application/x-ndjson", &records.join("\n"));
    }
    labels
}

/// Eight minutes that become the baseline, and sixteen of which the last six are bad.
fn story(server: &Server) {
    let mut labels = send(server, 0..8);
    let late = |at: &str| json!({"id": at, "ts": at, "intent": "pay", "region": "eu", "email": "a"}).to_string();
    let path = "/v1/suites/intents/check?verdicts=none&wait=stored&at=2024-05-01T12:08:00Z";
    post(server, path, "application/x-ndjson", &late("2024-05-01T12:08:00Z"));
    let windows = |n: usize| {
        let all = server.get("/v1/windows?suite=intents&segment=&limit=1000").json();
        all["items"].as_array().unwrap().iter().filter(|it| it["status"] != "open").count() >= n
    };
    server.until("the windows before", || windows(8));
    let asked = json!({"suite": "intents", "since": "2024-05-01T12:00:00Z", "until": "2024-05-01T12:08:00Z"});
    post(server, "/v1/baselines/intents:from-windows", "application/json", &asked.to_string());
    labels.push_str(&send(server, 8..MINUTES));
    let path = "/v1/suites/intents/check?verdicts=none&wait=stored&at=2024-05-01T14:00:00Z";
    post(server, path, "application/x-ndjson", &late("2024-05-01T14:00:00Z"));
    post(server, "/v1/labels", "application/x-ndjson", &labels);
    for (id, amount) in [("p1", 12), ("p2", 300), ("p3", 40)] {
        let record = json!({"id": id, "amount": amount}).to_string();
        let path = "/v1/suites/payments/check?wait=stored&at=2024-05-01T12:10:00Z&on_fail=observe";
        post(server, path, "application/json", &record);
    }
    server.until("the windows after", || windows(MINUTES));
    let judged = |status: &str| {
        let path = format!("/v1/findings?suite=intents&check=accuracy&segment=&status={status}&limit=1000");
        server.get(&path).json()["items"].as_array().unwrap().len()
    };
    server.until("the labels", || judged("fail") == MINUTES - CENTS_FROM && judged("pass") == CENTS_FROM);
    server.until("an incident", || {
        !server.get("/v1/triggers?suite=intents").json()["items"].as_array().unwrap().is_empty()
    });
}

fn report(server: &Server, format: &str) -> String {
    let answer = server.get(&format!("/v1/reports?{SPAN}&format={format}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn said(server: &Server) {
    let all: Value = serde_json::from_str(&report(server, "json")).unwrap();
    assert_eq!((&all["driftline_report"], &all["status"]), (&json!(1), &json!("fail")), "{all:#}");
    let failures = all["failures"].as_array().unwrap();
    let checks: Vec<&str> = failures.iter().map(|it| it["check"].as_str().unwrap()).collect();
    assert!(checks[..4].contains(&"accuracy") && checks.contains(&"amount | <b>small</b> `x`"), "{checks:?}");
    let accuracy = failures.iter().find(|it| it["check"] == "accuracy").unwrap();
    assert_eq!(accuracy["windows"][0]["failed"], 6, "{accuracy:#}");
    assert_eq!((&accuracy["windows"][0]["length"], &accuracy["windows"][0]["judged"]), (&json!("1m"), &json!(16)));
    assert_eq!(accuracy["first"], "2024-05-01T12:18:00.000000Z");
    let parts: Vec<u64> = accuracy["timeline"].as_array().unwrap().iter().map(|it| it.as_u64().unwrap()).collect();
    assert!(parts.len() == 48 && parts[..30].iter().all(|it| *it == 0) && parts[30] > 0, "{parts:?}");
    // Of what privacy drops, nothing is told but that it failed.
    assert!(!all.to_string().contains("secret@"), "{all:#}");
    let suite = &all["suites"][0];
    assert_eq!(suite["name"], "intents");
    let amount = &suite["features"][0];
    assert_eq!((&amount["field"], &amount["status"]), (&json!("features.amount"), &json!("drift")), "{amount:#}");
    assert_eq!((&amount["windows"], &amount["drifted"]), (&json!(16), &json!(6)));
    assert!(amount["plot"]["bars"].as_array().unwrap().len() > 5 && amount["plot"]["is_log"] == true, "{amount:#}");
    let shares: f64 = amount["plot"]["bars"].as_array().unwrap().iter().map(|it| it["now"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    let of_accuracy = &suite["quality"][0];
    assert_eq!((of_accuracy["points"].as_array().unwrap().len(), &of_accuracy["min"]), (16, &json!(0.9)));
    let together = &of_accuracy["together"];
    assert!(together["low"].as_f64() < together["value"].as_f64(), "{together:#}");
    assert_eq!(suite["labels"]["predictions"], 16 * EACH + 1);
    assert_eq!(suite["labels"]["labelled"], 16 * EACH * 9 / 10);
    assert_eq!(suite["confusion"]["labels"], json!(["cancel", "later", "pay", "refund"]));
    let n: u64 = suite["confusion"]["rows"]
        .to_string()
        .split(|it: char| !it.is_ascii_digit())
        .filter_map(|it| it.parse::<u64>().ok())
        .sum();
    assert_eq!(n, together["n"].as_u64().unwrap());
    assert!(!suite["reliability"]["bins"].as_array().unwrap().is_empty());
    assert_eq!(suite["baseline"], "the baseline intents, version 1");
    let incident = &all["incidents"][0];
    assert!(incident["diagnosis"].to_string().contains("features.amount"), "{incident:#}");
    let link = incident["diagnosis_link"].as_str().unwrap();
    assert!(link.starts_with("https://driftline.example.com/v1/incidents/") && link.ends_with("/diagnosis"), "{link}");
    // The same on the command line, but for the moment.
    let args = ["report", "--from", "2024-05-01T12:08:00Z", "--to", "2024-05-01T12:24:00Z", "--format", "json"];
    let (code, text) = server.driftline(&args);
    assert_eq!(code, 0, "{text}");
    let mut told: Value = serde_json::from_str(&text).unwrap();
    told["made_at"] = all["made_at"].clone();
    assert_eq!(told, all);
    // One suite alone, and none.
    let one = server.get(&format!("/v1/reports?{SPAN}&suite=payments")).json();
    assert_eq!(one["suites"].as_array().unwrap().len(), 1);
    assert_eq!(one["failures"][0]["failed_records"][0]["record_id"], "p2", "{one:#}");
    assert_eq!(server.get(&format!("/v1/reports?{SPAN}&suite=nobody")).status, 404);
    assert_eq!(server.get("/v1/reports?from=2024-05-02&to=2024-05-01").status, 400);
    assert_eq!(server.get("/v1/reports?format=pdf").status, 400);
    let (code, text) = server.driftline(&["report", "--suite", "nobody"]);
    assert!(code == 3 && text.contains("there is no suite `nobody`"), "{text}");
    let empty = server.get("/v1/reports?from=2023-01-01&to=2023-01-02").json();
    assert_eq!(empty["status"], "empty");
}

fn markdown(server: &Server) {
    let text = report(server, "md");
    assert!(text.contains("## What failed") && text.contains("## intents"), "{text}");
    assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("<b>"), "{text}");
    assert!(text.contains(r"amount \| &lt;b&gt;small"), "{text}");
    // Each row of a table has the cells of its head.
    let cells = |it: &str| it.replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.windows(2).filter(|it| it.iter().all(|it| it.starts_with('|'))) {
        assert_eq!(cells(pair[0]), cells(pair[1]), "{}\n{}", pair[0], pair[1]);
    }
}

/// Where pictures are kept for whoever wants to look: `SHOTS=folder`.
fn shots(server: &Server) -> PathBuf {
    let asked = std::env::var_os("SHOTS").map(PathBuf::from);
    asked.inspect(|it| std::fs::create_dir_all(it).unwrap()).unwrap_or_else(|| server.folder().to_owned())
}

fn looked_at(server: &Server) {
    let answer = server.ask("GET", &format!("/v1/reports?{SPAN}"), &[("accept", "text/html,*/*")], []);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'; style-src 'sha256-"));
    let page = server.path("report.html");
    std::fs::write(&page, &answer.body).unwrap();
    let folder = shots(server);
    let mut browser = Browser::start();
    for (name, width, is_dark) in
        [("phone", 390, false), ("desktop", 1280, false), ("dark", 1280, true), ("phone-dark", 390, true)]
    {
        browser.open(&page, width, is_dark);
        let html = "document.documentElement";
        let wide = browser.eval(&format!("{html}.scrollWidth - {html}.clientWidth")).as_i64().unwrap();
        assert!(wide <= 0, "{name}: {wide} pixels are beyond the edge");
        let beyond = "[...document.querySelectorAll('body *')].filter(it => !it.closest('.scroll, .skip, svg') && \
            it.getBoundingClientRect().right > innerWidth + 1).map(it => it.outerHTML.slice(0, 90))";
        assert_eq!(browser.eval(beyond), json!([]), "{name}");
        assert_eq!(browser.said, Vec::<String>::new(), "{name}");
        let title = browser.eval("document.title");
        assert!(title.as_str().unwrap().starts_with("Report of all suites"), "{title}");
        assert_eq!(browser.eval("document.scripts.length + document.images.length"), 0);
        browser.shot(&folder.join(format!("{name}.png")));
    }
    let headings = browser.eval("[...document.querySelectorAll('h1,h2')].map(it => it.textContent)");
    let expected = ["Report of all suites", "What failed", "Incidents", "intents", "payments", "What is missing"];
    assert_eq!(headings, json!(expected));
    let h3 = browser.eval("[...document.querySelectorAll('h3')].map(it => it.textContent)").to_string();
    for it in ["How right predictions were", "Distributions and drift", "Where the data came from"] {
        assert!(h3.contains(it), "{h3}");
    }
    // What is hostile is text, and nothing else.
    let text = browser.eval("document.body.innerText.replace(/\\s+/g, ' ')");
    let whole = browser.eval("document.body.textContent").to_string();
    assert!(text.as_str().unwrap().contains("<script>document.title=\"owned\"</script>"), "{text}");
    assert!(whole.contains("onerror=") && whole.contains("amount | <b>small</b> `x`"));
    // Every plot says what it shows, every table has heads, every list of badges words.
    let silent = browser.eval("[...document.querySelectorAll('svg.plot')].filter(it => !it.ariaHidden && !(it.getAttribute('role') == 'img' && it.ariaLabel)).length");
    assert_eq!(silent, 0);
    let headless =
        "[...document.querySelectorAll('table')].filter(it => !it.caption || !it.querySelector('th[scope]')).length";
    assert_eq!(browser.eval(headless), 0);
    assert!(browser.eval("document.querySelectorAll('svg.bars').length").as_i64().unwrap() >= 4);
    assert!(browser.eval("document.querySelectorAll('svg.line').length").as_i64().unwrap() >= 2);
    assert_eq!(browser.eval("document.querySelectorAll('svg.reliability').length"), 1);
    let pdf = folder.join("report.pdf");
    browser.open(&page, 1280, false);
    browser.print(&pdf);
    assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
}

#[test]
fn a_report_says_what_happened_and_looks_well() {
    let server = server(None);
    story(&server);
    said(&server);
    markdown(&server);
    looked_at(&server);
}

#[test]
fn it_says_the_same_on_postgresql() {
    let database = database::postgres();
    let server = server(Some(&database.url));
    story(&server);
    said(&server);
    markdown(&server);
}
