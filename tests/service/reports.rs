//! Reports of a span: a story of two suites whose feature changes its scale, told as HTML, Markdown and JSON, and looked
//! at in a browser. Names and values are hostile.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

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
    server.set_replay();
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
            if is_late && i.is_multiple_of(3) {
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
        "items": 1 + chance(i + 17, 6) * chance(i + 19, 2), "email": if is_late && i.is_multiple_of(9) { Value::Null } else { json!("secret@example.com") },
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
    // It is of the form that is described.
    let (code, schema) = server.driftline(&["schema", "span-report"]);
    assert_eq!(code, 0, "{schema}");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let wrong: Vec<String> = schema.iter_errors(&all).map(|it| format!("{} at {}", it, it.instance_path())).collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(!schema.is_valid(&json!({"driftline_report": 1})));
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

/// Opens a page at all widths, in light and dark, and on paper; it stays within the edge, and says and asks for nothing.
fn open(browser: &mut Browser, page: &Path, name: &str, folder: &Path) {
    for (of, width, is_dark) in
        [("phone", 390, false), ("dark", 1280, true), ("phone-dark", 390, true), ("desktop", 1280, false)]
    {
        browser.open(page, width, is_dark);
        let html = "document.documentElement";
        let wide = browser.eval(&format!("{html}.scrollWidth - {html}.clientWidth")).as_i64().unwrap();
        assert!(wide <= 0, "{name} {of}: {wide} pixels are beyond the edge");
        let beyond = "[...document.querySelectorAll('body *')].filter(it => !it.closest('.scroll, .skip, svg') && \
            it.getBoundingClientRect().right > innerWidth + 1).map(it => it.outerHTML.slice(0, 90))";
        assert_eq!(browser.eval(beyond), json!([]), "{name} {of}");
        assert_eq!(browser.said, Vec::<String>::new(), "{name} {of}");
        assert_eq!(browser.eval("document.scripts.length + document.images.length"), 0);
        assert_ne!(browser.eval("document.title"), "owned");
        browser.shot(&folder.join(format!("{name}-{of}.png")));
    }
    let pdf = folder.join(format!("{name}.pdf"));
    browser.print(&pdf);
    assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
    // Every plot says what it shows, every table has heads.
    let silent = "[...document.querySelectorAll('svg.plot')].filter(it => !it.ariaHidden && \
        !(it.getAttribute('role') == 'img' && it.ariaLabel)).length";
    assert_eq!(browser.eval(silent), 0);
    let headless =
        "[...document.querySelectorAll('table')].filter(it => !it.caption || !it.querySelector('th[scope]')).length";
    assert_eq!(browser.eval(headless), 0);
}

fn texts(browser: &mut Browser, of: &str) -> Vec<String> {
    let found = browser.eval(&format!("[...document.querySelectorAll('{of}')].map(it => it.textContent)"));
    found.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

fn looked_at(server: &Server) {
    let answer = server.ask("GET", &format!("/v1/reports?{SPAN}"), &[("accept", "text/html,*/*")], []);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'; style-src 'sha256-"));
    let page = server.path("report.html");
    std::fs::write(&page, &answer.body).unwrap();
    let mut browser = Browser::start();
    open(&mut browser, &page, "report", &shots(server));
    let title = browser.eval("document.title");
    assert!(title.as_str().unwrap().starts_with("Report of all suites"), "{title}");
    let expected = ["Report of all suites", "What failed", "Incidents", "intents", "payments", "What is missing"];
    assert_eq!(texts(&mut browser, "h1,h2"), expected);
    let h3 = texts(&mut browser, "h3");
    for it in ["How right predictions were", "Distributions and drift", "Where the data came from"] {
        assert!(h3.iter().any(|own| own == it), "{h3:?}");
    }
    // What is hostile is text, and nothing else.
    let whole = browser.eval("document.body.textContent");
    let whole = whole.as_str().unwrap();
    assert!(whole.contains(r#"<script>document.title="owned"</script>"#), "{whole}");
    assert!(whole.contains(ATTACK) && whole.contains("amount | <b>small</b> `x`") && whole.contains("router <m>"));
    let n =
        |browser: &mut Browser, of: &str| browser.eval(&format!("document.querySelectorAll('{of}').length")).as_i64();
    assert_eq!((n(&mut browser, "svg.bars"), n(&mut browser, "svg.reliability")), (Some(4), Some(1)));
    assert_eq!((n(&mut browser, "svg.line"), n(&mut browser, "table.matrix")), (Some(3), Some(1)));
    assert!(n(&mut browser, "svg.strip") > Some(5));
}

/// A check of a file gives a page too: hostile values are text, and what privacy drops is not there.
#[test]
fn a_check_of_a_file_has_a_page() {
    let server = server(None);
    let lines = |minutes: std::ops::Range<usize>| -> String {
        let mut all = String::new();
        for i in minutes.start * EACH..minutes.end * EACH {
            let (mut record, label) = record(i);
            record["label"] = label;
            writeln!(all, "{record}").unwrap();
        }
        all
    };
    // In a file the label is a member of the record.
    server.write("suite.yaml", &SUITE.replace("score: p }", "score: p, label: label.truth }"));
    server.write("before.ndjson", &lines(0..8));
    server.write("now.ndjson", &(lines(16..MINUTES) + "{\"broken\": secret@example.com\n"));
    let profile = ["profile", "before.ndjson", "--suite", "suite.yaml", "-o", "b.json"];
    assert_eq!(server.driftline(&profile), (0, String::new()));
    let check = |to: &str, threads: &str| {
        let args = ["check", "now.ndjson", "--suite", "suite.yaml", "--baseline", "b.json"];
        let (code, said) = server.driftline(&[&args[..], &["--format", "html", "-o", to, "-j", threads]].concat());
        assert_eq!(code, 1, "{said}");
        std::fs::read_to_string(server.path(to)).unwrap()
    };
    let text = check("check.html", "1");
    assert_eq!(text, check("again.html", "2"), "the same data give the same bytes");
    assert!(!text.contains("secret@") && text.contains("Values are withheld"));
    let mut browser = Browser::start();
    open(&mut browser, &server.path("check.html"), "check", &shots(&server));
    let expected = [
        "intents",
        "What failed",
        "What could not be read or evaluated",
        "Segments in which something did not hold",
        "How right predictions were",
        "Distributions",
        "What held",
    ];
    assert_eq!(texts(&mut browser, "h1,h2"), expected);
    let whole = browser.eval("document.body.textContent");
    let whole = whole.as_str().unwrap();
    assert!(whole.contains(r#"<script>document.title="owned"</script>"#) && whole.contains("now.ndjson:"), "{whole}");
    assert_eq!(browser.eval("document.querySelectorAll('svg.bars').length"), 4);
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
