//! Checking records over HTTP.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::server::Server;
use crate::{BAD, GOOD, PAYMENTS};

const CHECK: &str = "/v1/suites/payments/check";

fn server() -> Server {
    Server::started(&[("payments.yaml", PAYMENTS)])
}

#[test]
fn a_record_is_answered_with_its_verdict_and_reasons() {
    let server = server();
    let good = server.post(CHECK, "application/json", GOOD);
    assert_eq!(good.status, 200, "{}", good.body);
    let good = good.json();
    assert_eq!((&good["valid"], &good["verdict"], &good["action"]), (&json!(true), &json!("pass"), &json!("accept")));
    assert_eq!((&good["result_id"].as_str().unwrap().len(), &good["suite"]), (&36, &json!("payments")));
    assert_eq!(good["suite_hash"].as_str().unwrap().len(), 64);
    // The suite says `reject`.
    let bad = server.post(CHECK, "application/json", BAD);
    assert_eq!(bad.status, 422, "{}", bad.body);
    let bad = bad.json();
    assert_eq!((&bad["valid"], &bad["action"]), (&json!(false), &json!("reject")));
    let failures = bad["failures"].as_array().unwrap();
    let named = |check: &str| failures.iter().find(|it| it["check"] == check).unwrap_or_else(|| panic!("{failures:?}"));
    let amount = named("amount between");
    assert_eq!(amount["observed"], json!(120));
    assert_eq!(
        (&amount["severity"], &amount["path"], &amount["kind"]),
        (&json!("critical"), &json!("amount"), &json!("between"))
    );
    assert!(amount["bound"].as_str().unwrap().contains("100") && amount["message"].as_str().unwrap().contains("120"));
    assert!(named("email match_regex")["observed"].as_str().unwrap().starts_with("hash:"));
    assert_eq!(named("card not_null")["severity"], "info");
    assert!(!bad.to_string().contains("nobody"), "a hashed value is told: {bad}");
    assert_eq!(amount["message"], "expected between 0 and 100, found 120");
    // As curl -d sends it.
    assert_eq!(server.post(CHECK, "application/x-www-form-urlencoded", GOOD).status, 200);
    // What the suite says can be said otherwise for one request.
    assert_eq!(server.post(&format!("{CHECK}?on_fail=observe"), "application/json", BAD).status, 200);
    assert_eq!(server.post(&format!("{CHECK}?on_fail=tag"), "application/json", BAD).json()["action"], "tag");
}

#[test]
fn a_batch_has_the_same_verdicts_in_every_format_and_compression() {
    let server = server();
    let lines = format!("{GOOD}\n{BAD}\nnonsense\n{GOOD}\n");
    let array = format!("[{GOOD},\n{BAD}, {GOOD}]");
    let csv = "id,amount,email,card,country,model,version\na1,12.5,a@x.de,4000,DE,m,1\na2,120,nobody,,FR,m,2\na1,12.5,a@x.de,4000,DE,m,1\n";
    let verdicts = |answer: &Value| -> Vec<String> {
        answer["verdicts"].as_array().unwrap().iter().map(|it| it["verdict"].as_str().unwrap().to_owned()).collect()
    };
    let of_lines = server.post(CHECK, "application/x-ndjson", &lines).json();
    assert_eq!(verdicts(&of_lines), ["pass", "fail", "fail", "pass"]);
    assert_eq!((&of_lines["records"], &of_lines["failed"], &of_lines["unreadable"]), (&json!(4), &json!(2), &json!(1)));
    assert_eq!(of_lines["verdicts"][1]["record"], 1);
    assert_eq!(of_lines["verdicts"][2]["line"], 3);
    assert_eq!(of_lines["verdicts"][1]["record_id"], "a2");
    let of_array = server.post(CHECK, "application/json", &array).json();
    assert_eq!(verdicts(&of_array), ["pass", "fail", "pass"]);
    // The mean is of the batch, as on the command line.
    let mean = of_array["findings"].as_array().unwrap().iter().find(|it| it["check"] == "mean amount").unwrap().clone();
    assert!((mean["observed"].as_f64().unwrap() - 145.0 / 3.0).abs() < 1e-9 && mean["status"] == "pass", "{mean}");
    assert_eq!(verdicts(&server.post(CHECK, "text/csv", csv).json()), ["pass", "fail", "pass"]);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(lines.as_bytes()).unwrap();
    for (encoding, bytes) in [("gzip", gz.finish().unwrap()), ("zstd", zstd::encode_all(lines.as_bytes(), 1).unwrap())]
    {
        let headers = [("content-type", "application/x-ndjson"), ("content-encoding", encoding)];
        assert_eq!(verdicts(&server.ask("POST", CHECK, &headers, bytes).json()), ["pass", "fail", "fail", "pass"]);
    }
    let arrow = server.post(CHECK, "application/vnd.apache.arrow.stream", arrow_stream()).json();
    assert_eq!(verdicts(&arrow), ["pass", "fail", "pass"], "{arrow}");
    // Which verdicts are answered.
    let failed = server.post(&format!("{CHECK}?verdicts=failed"), "application/x-ndjson", &lines).json();
    assert_eq!(failed["verdicts"].as_array().unwrap().len(), 2);
    let none = server.post(&format!("{CHECK}?verdicts=none"), "application/x-ndjson", &lines).json();
    assert_eq!((none["verdicts"].as_array().unwrap().len(), &none["failed"]), (0, &json!(2)));
    let headers = [("content-type", "application/x-ndjson"), ("accept", "application/x-ndjson")];
    let answer = server.ask("POST", CHECK, &headers, &lines);
    let answered: Vec<Value> = answer.body.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!((answered.len(), &answered[4]["summary"]["records"]), (5, &json!(4)));
}

/// The three records as record batches.
fn arrow_stream() -> Vec<u8> {
    use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
    use std::sync::Arc;
    let column = |it: [&str; 3]| Arc::new(StringArray::from(it.to_vec())) as ArrayRef;
    let batch = RecordBatch::try_from_iter([
        ("id", column(["a1", "a2", "a3"])),
        ("amount", Arc::new(Float64Array::from(vec![12.5, 120.0, 1.0])) as ArrayRef),
        ("email", column(["a@x.de", "nobody", "b@x.de"])),
        ("card", column(["1", "2", "3"])),
        ("country", column(["DE", "FR", "DE"])),
        ("model", column(["m", "m", "m"])),
        ("version", column(["1", "2", "1"])),
    ])
    .unwrap();
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch.slice(0, 2)).unwrap();
    writer.write(&batch.slice(2, 1)).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn a_long_batch_streams_in_bounded_memory() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    server.set("DRIFTLINE_LOG__LEVEL", "warn");
    server.start();
    // 200 MB, made while it is sent.
    let line = format!("{GOOD}\n");
    let n = 200_000_000 / line.len();
    let body = std::io::Read::take(Repeated { line: line.into_bytes(), at: 0 }, (n * (GOOD.len() + 1)) as u64);
    let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
    let mut response = agent
        .post(server.url(&format!("{CHECK}?verdicts=none")))
        .content_type("application/x-ndjson")
        .send(ureq::SendBody::from_owned_reader(body))
        .unwrap();
    let answer: Value = response.body_mut().read_json().unwrap();
    assert_eq!(answer["records"], json!(n), "{answer}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 150_000, "{peak} kB at most");
}

struct Repeated {
    line: Vec<u8>,
    at: usize,
}

impl std::io::Read for Repeated {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        for byte in out.iter_mut() {
            *byte = self.line[self.at % self.line.len()];
            self.at += 1;
        }
        Ok(out.len())
    }
}

#[test]
fn a_suite_may_be_sent_along() {
    let server = server();
    let body =
        json!({"suite": {"expectations": [{"field": "x", "between": {"max": 1}}]}, "records": [{"x": 1}, {"x": 2}]});
    let answer = server.post("/v1/check", "application/json", body.to_string()).json();
    assert_eq!((&answer["failed"], &answer["verdicts"][1]["valid"]), (&json!(1), &json!(false)));
    let body = json!({"suite": "expectations:\n  - { field: x, not_null: }\n", "record": {"y": 1}});
    assert_eq!(server.post("/v1/check", "application/json", body.to_string()).json()["valid"], false);
    let body = json!({"suite": "expectations:\n  - { field: x, notnull: }\n", "record": {"y": 1}});
    let answer = server.post("/v1/check", "application/json", body.to_string());
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["problems"][0]["line"], 2);
    assert_eq!(server.stored(), 0);
}

#[test]
fn what_cannot_be_answered_is_a_problem_with_a_stable_type() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    server.set("DRIFTLINE_LIMITS__RECORD", "2KiB");
    server.set("DRIFTLINE_LIMITS__BODY", "1MiB");
    server.start();
    let long = format!("{{\"id\": \"{}\"}}", "x".repeat(3000));
    let cases = [
        ("POST", "/v1/suites/nothing/check", "application/json", GOOD, 404, "not-found"),
        ("POST", CHECK, "application/xml", GOOD, 415, "unsupported-media-type"),
        ("POST", "/v1/suites/payments/check?verdicts=some", "application/json", GOOD, 400, "bad-request"),
        ("POST", "/v1/suites/payments/check?vredicts=all", "application/json", GOOD, 400, "bad-request"),
        ("POST", CHECK, "application/json", &long, 413, "too-large"),
        ("GET", CHECK, "application/json", "", 405, "method-not-allowed"),
        ("GET", "/v2", "application/json", "", 404, "not-found"),
        ("POST", "/v1/check", "application/json", "{", 400, "bad-request"),
        ("GET", "/v1/results?limit=0", "application/json", "", 400, "bad-request"),
        ("GET", "/v1/results?since=soon", "application/json", "", 400, "bad-request"),
        ("GET", "/v1/results/42", "application/json", "", 400, "bad-request"),
    ];
    for (method, path, kind, body, status, problem) in cases {
        let answer = server.ask(method, path, &[("content-type", kind)], body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {path}");
        assert_eq!(answer.json()["type"], format!("urn:driftline:problem:{problem}"), "{method} {path}");
        assert_eq!(answer.json()["status"], status);
        assert!(answer.header("x-request-id").is_some());
    }
    // Compressed, an object is one record too, and its length is what it unpacks to.
    let packed = |text: &str| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let gzip = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let single = server.ask("POST", CHECK, &gzip, packed(GOOD));
    assert_eq!((single.status, &single.json()["valid"]), (200, &json!(true)), "{}", single.body);
    assert_eq!(server.ask("POST", CHECK, &gzip, packed(&long)).status, 413);
    // What cannot be read from its first byte on is refused, and nothing of it is stored.
    for (kind, encoding, body) in [
        ("application/json", "gzip", "no gzip"),
        ("application/x-ndjson", "gzip", "no gzip"),
        ("application/x-ndjson", "zstd", "no zstd"),
        ("application/vnd.apache.arrow.stream", "identity", "no arrow"),
    ] {
        let answer = server.ask("POST", CHECK, &[("content-type", kind), ("content-encoding", encoding)], body);
        assert_eq!(answer.status, 400, "{kind} {encoding}: {}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    server.until("one record is stored", || server.stored() == 1);
    // One record that cannot be read is a verdict, not a problem.
    let broken = server.post(&format!("{CHECK}?on_fail=tag"), "application/json", "{\"id\": ");
    assert_eq!((broken.status, &broken.json()["failures"][0]["kind"]), (200, &json!("readable")));
    let large = "x".repeat(2 << 20);
    // Refused before it was read, so that a client may still be writing when the connection ends.
    let answer = server.send("POST", CHECK, &[("content-type", "application/x-ndjson")], large.as_bytes());
    assert!(answer.is_none_or(|it| it.status == 413));
}

/// Counts only: no request, failing or not, has a row of its own, and none is lost.
#[test]
fn nothing_is_recorded_one_by_one_where_that_is_said() {
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    server.set("DRIFTLINE_RESULTS__RECORD", "none");
    server.set("DRIFTLINE_INTAKE__FLUSH_EVERY", "3s");
    server.start();
    for body in [GOOD, BAD, GOOD, BAD, BAD, "{"] {
        server.post(&format!("{CHECK}?at=2024-05-01T12:00:00Z"), "application/json", body);
    }
    server.until("six records are stored", || server.stored() == 6);
    let items = server.get("/v1/results").json()["items"].take();
    let sum = |name: &str| items.as_array().unwrap().iter().map(|it| it[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("requests"), sum("failed"), sum("unreadable")), (6, 4, 1), "{items}");
    // One row for each of model, version and segment, and one for what could not be read.
    let mut requests: Vec<_> = items.as_array().unwrap().iter().map(|it| it["requests"].as_i64().unwrap()).collect();
    requests.sort_unstable();
    assert_eq!(requests, [1, 2, 3], "{items}");
    assert_eq!(server.get("/v1/failures").json()["items"], json!([]));
    // The worst of what was summed up is the verdict, so that the row is found.
    let failing = server.get("/v1/results?status=fail").json()["items"].take();
    assert!(failing.as_array().unwrap().iter().all(|it| it["failed"].as_i64() > Some(0)), "{failing}");
}

/// Each label's records are counted with it, what cannot be read with none.
#[test]
fn what_can_be_read_is_counted_by_label() {
    let server = server();
    let lines = format!("{GOOD}\n{BAD}\nnonsense\n{BAD}\n");
    server.post(&format!("{CHECK}?wait=stored"), "application/x-ndjson", lines);
    let seen = |filter: &str| {
        let stats = server.get(&format!("/v1/stats?check=readable{filter}")).json();
        let items = stats.as_array().unwrap_or_else(|| panic!("{stats}")).clone();
        let sum = |name: &str| items.iter().map(|it| it[name].as_i64().unwrap()).sum::<i64>();
        (sum("seen"), sum("failed"))
    };
    assert_eq!(seen("&segment=DE"), (1, 0), "{}", server.get("/v1/stats").body);
    assert_eq!(seen("&segment=FR"), (2, 0));
    assert_eq!(seen(""), (4, 1));
    // And how they fared as a whole.
    let whole = |filter: &str| {
        let stats = server.get(&format!("/v1/stats?check=records{filter}")).json();
        let items = stats.as_array().unwrap_or_else(|| panic!("{stats}")).clone();
        let sum = |name: &str| items.iter().map(|it| it[name].as_i64().unwrap()).sum::<i64>();
        (sum("seen"), sum("failed"))
    };
    assert_eq!((whole("&segment=DE"), whole("&segment=FR"), whole("")), ((1, 0), (2, 2), (4, 3)));
    for body in [GOOD, BAD, "{"] {
        server.post(&format!("{CHECK}?wait=stored"), "application/json", body);
    }
    assert_eq!((whole("&segment=DE"), whole("&segment=FR"), whole("")), ((2, 0), (3, 3), (7, 5)));
    assert_eq!((seen("&segment=FR"), seen("")), ((3, 0), (7, 2)));
}

#[test]
fn history_is_filtered_paged_and_the_same_on_the_command_line() {
    let server = server();
    let checked = |body: &str| server.post(&format!("{CHECK}?wait=stored"), "application/json", body).json();
    checked(GOOD);
    let bad = checked(BAD);
    checked(&BAD.replace("\"m\"", "\"other\""));
    let get = |path: &str| server.get(path).json();
    let ids = |page: &Value| page["items"].as_array().unwrap().len();
    assert_eq!(server.stored(), 3);
    assert_eq!(ids(&get("/v1/results?status=fail")), 2);
    assert_eq!(ids(&get("/v1/results?status=fail&model=other")), 1);
    assert_eq!(ids(&get("/v1/results?check=amount%20between&segment=FR")), 2);
    assert_eq!(ids(&get("/v1/results?version=1")), 1);
    assert_eq!(ids(&get("/v1/failures?severity=critical")), 2);
    assert_eq!(ids(&get("/v1/failures?field=email&since=1h")), 2);
    assert_eq!(ids(&get("/v1/failures?until=2020-01-01")), 0);
    // Pages.
    let all = get("/v1/failures?limit=1000");
    let mut paged = Vec::new();
    let mut path = "/v1/failures?limit=2".to_owned();
    loop {
        let page = get(&path);
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/failures?limit=2&cursor={next}");
    }
    assert_eq!(&paged, all["items"].as_array().unwrap());
    let detail = get(&format!("/v1/results/{}", bad["result_id"].as_str().unwrap()));
    assert_eq!((&detail["failed"], detail["failures"].as_array().unwrap().len()), (&json!(1), 3));
    assert_eq!(detail["failures"][0]["record_id"], "a2");
    assert!(!detail.to_string().contains("nobody"), "a hashed value is stored: {detail}");
    let stats = get("/v1/stats?suite=payments&check=amount%20between");
    let (seen, failed) = stats.as_array().unwrap().iter().fold((0, 0), |(seen, failed), it| {
        (seen + it["seen"].as_i64().unwrap(), failed + it["failed"].as_i64().unwrap())
    });
    assert_eq!((seen, failed), (3, 2));
    let (code, text) = server.driftline(&["history", "failures", "--severity", "critical", "--format", "json"]);
    assert_eq!(
        (code, serde_json::from_str::<Value>(&text).unwrap()),
        (0, get("/v1/failures?severity=critical")["items"].clone())
    );
    let (code, text) = server.driftline(&["history", "--status", "fail"]);
    assert!(code == 0 && text.contains(bad["result_id"].as_str().unwrap()) && text.contains("VERDICT"), "{text}");
}

#[test]
fn the_description_names_every_path_and_the_page_needs_nothing_from_elsewhere() {
    let server = server();
    let api = server.get("/openapi.json").json();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in ["/v1/suites/{suite}/check", "/v1/check", "/v1/results/{id}", "/v1/stats", "/v1/suites:lint", "/readyz"]
    {
        assert!(api["paths"][path].is_object(), "{path}");
    }
    let page = server.get("/docs");
    assert!(page.status == 200 && !page.body.contains("http://") && !page.body.contains("https://"));
    assert_eq!(server.get("/readyz").json()["ready"], true);
    assert_eq!(server.get("/version").json()["name"], "driftline");
}

#[test]
fn a_body_that_stops_coming_is_answered_as_far_as_it_came() {
    use std::io::Read as _;
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    server.set("DRIFTLINE_LIMITS__READ_TIMEOUT", "1s");
    server.set("DRIFTLINE_LIMITS__DEPTH", "2");
    server.start();
    let head = format!("POST {CHECK}?verdicts=none HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n");
    let ask = |length: usize, body: &str| {
        let mut socket = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        write!(socket, "{head}connection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        let _ = socket.read_to_string(&mut answer);
        answer
    };
    // Short: nothing was checked yet. Long: what came is checked, and the answer says what is missing.
    assert!(ask(1000, GOOD).starts_with("HTTP/1.1 408"));
    let many = format!("{GOOD}\n").repeat(60_000);
    let answer = ask(many.len() + 1000, &many);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("the body stopped coming"),
        "{}",
        &answer[answer.len().saturating_sub(500)..]
    );
    // The depth of a batch's records is bounded by the same setting.
    let deep = "{\"id\": \"a\", \"more\": {\"deep\": {\"deeper\": 1}}}\n";
    let answer = server.post(CHECK, "application/x-ndjson", deep).json();
    assert_eq!(answer["unreadable"], 1, "{answer}");
    assert!(answer["verdicts"][0]["failures"][0]["message"].as_str().is_some(), "{answer}");
}

/// Whoever sends a byte now and then keeps no place among `limits.concurrency` for ever.
#[test]
fn a_body_that_drips_ends_with_the_time_of_a_request() {
    use std::io::Read as _;
    let mut server = Server::new(&[("payments.yaml", PAYMENTS)]);
    server.set("DRIFTLINE_LIMITS__READ_TIMEOUT", "1s");
    server.set("DRIFTLINE_LIMITS__REQUEST_TIMEOUT", "2s");
    server.start();
    for kind in ["application/json", "application/x-ndjson"] {
        let mut socket = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
        write!(socket, "POST {CHECK} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: 1000\r\n\r\n{{")
            .unwrap();
        let mut answer = [0; 12];
        let mut dripped = 0;
        while socket.read(&mut answer).is_err() {
            dripped += 1;
            assert!(dripped < 50, "the {kind} body may drip on and on");
            let _ = socket.write_all(b" ");
        }
        assert_eq!(answer, *b"HTTP/1.1 408", "{kind}");
    }
}
