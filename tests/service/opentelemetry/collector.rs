//! A collector that reads the official messages, and a service that sends to it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::Server;

pub const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
pub const CHECK: &str = "/v1/suites/payments/check?on_fail=observe";

/// Python with the official messages, in a venv that is made once.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        let venv = cache.expect("a home for the venv").join("driftline/otlp");
        let python = venv.join("bin/python");
        let reads = || {
            let tried = Command::new(&python).args(["-c", "import opentelemetry.proto.trace.v1.trace_pb2"]).output();
            tried.is_ok_and(|it| it.status.success())
        };
        if !reads() {
            let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).status();
            assert!(made.is_ok_and(|it| it.success()), "python3-venv is installed");
            let pip = ["-m", "pip", "install", "--quiet", "opentelemetry-proto>=1.30,<2"];
            assert!(Command::new(&python).args(pip).status().unwrap().success(), "pip installs opentelemetry-proto");
            assert!(reads());
        }
        python
    })
}

pub struct Collector {
    child: Child,
    pub port: u16,
}

impl Collector {
    pub fn new() -> Self {
        Collector::at(0)
    }

    pub fn at(port: u16) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/service/opentelemetry/collector.py");
        let mut command = Command::new(python());
        command.arg(script).arg(port.to_string()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Collector { child, port: line.trim().parse().expect("the collector says its port") }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn came(&self) -> Value {
        let text = ureq::get(self.url("/came")).call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub fn put(&self, what: &str) {
        ureq::put(self.url(what)).send_empty().unwrap();
    }

    /// Spans, when there are some that one wants.
    pub fn until(&self, server: &Server, wanted: impl Fn(&Span) -> bool) -> Vec<Span> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let came = self.came();
            let spans: Vec<_> = came["spans"].as_array().unwrap().iter().cloned().map(Span).collect();
            if spans.iter().any(&wanted) {
                return spans;
            }
            assert!(Instant::now() < until, "{spans:#?} {}", server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Debug)]
pub struct Span(pub Value);

impl Span {
    pub fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    pub fn has(&self, name: &str) -> &Value {
        &self.0["attributes"][name]
    }

    pub fn is(&self, name: &str) -> bool {
        self.text("name") == name
    }
}

/// The parts of a span, in their order.
pub fn parts<'s>(spans: &'s [Span], of: &Span) -> Vec<&'s Span> {
    let mut all: Vec<_> = spans.iter().filter(|it| it.text("parent") == of.text("span_id")).collect();
    all.sort_by_key(|it| it.0["start"].as_u64());
    all
}

pub fn names<'s>(spans: &[&'s Span]) -> Vec<&'s str> {
    spans.iter().map(|it| it.text("name")).collect()
}

/// A service that sends what it has at once.
pub fn server(collector: &Collector, suites: &[(&str, &str)]) -> Server {
    let mut server = Server::new(suites);
    server.set("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url(""));
    server.set("OTEL_BSP_SCHEDULE_DELAY", "100");
    server.set("OTEL_METRIC_EXPORT_INTERVAL", "200");
    server.set("DRIFTLINE_LOG__LEVEL", "debug");
    server.set("DRIFTLINE_LOG__FORMAT", "json");
    server
}

pub fn checked(server: &Server, headers: &[(&str, &str)], kind: &str, body: &str) {
    let headers = [headers, &[("content-type", kind)]].concat();
    let answer = server.ask("POST", &format!("{CHECK}&wait=stored"), &headers, body);
    assert_eq!(answer.status, 200, "{}", answer.body);
}
