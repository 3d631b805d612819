//! A real Alertmanager, as Debian packages it: an alert fires, and is over when the incident is.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use driftline::actions::Outcome;
use serde_json::{Value, json};

use super::{action, block_on, row};

/// The process; it ends with the test.
struct Alertmanager {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start() -> Option<Alertmanager> {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("alertmanager.yml");
    std::fs::write(&config, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("prometheus-alertmanager");
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.path={}", folder.path().join("data").display()));
    command.args([&format!("--web.listen-address=127.0.0.1:{port}"), "--cluster.listen-address="]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let it = Alertmanager { child: child.ok()?, port, _folder: folder };
    let until = Instant::now() + Duration::from_secs(20);
    while get(it.port, "/-/ready").is_none_or(|it| !it.starts_with("HTTP/1.0 200")) {
        assert!(Instant::now() < until, "Alertmanager does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(it)
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// What fires now.
fn alerts(port: u16) -> Vec<Value> {
    let answer = get(port, "/api/v2/alerts").unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(body).unwrap_or_else(|it| panic!("{it}: {answer}"))
}

#[test]
#[allow(clippy::print_stderr, reason = "what is left out is said")]
fn a_real_alertmanager_takes_alerts_and_their_end() {
    let Some(it) = start() else {
        eprintln!(
            "left out: `prometheus-alertmanager` is not installed (Debian: apt-get install prometheus-alertmanager)"
        );
        return;
    };
    let url = format!("http://127.0.0.1:{}", it.port);
    let action = action(&json!({ "type": "alertmanager", "url": url, "allow_private": true }));
    let send = |word: &str| {
        let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap();
        assert_eq!(block_on(action.send(&row(word), now)), Outcome::Delivered { status: 200 }, "{word}");
    };
    send("fired");
    let fires = alerts(it.port);
    assert_eq!(fires.len(), 1, "{fires:?}");
    assert_eq!(
        (&fires[0]["labels"]["severity"], &fires[0]["labels"]["segment"]),
        (&json!("critical"), &json!("region=\"eu\""))
    );
    assert_eq!(fires[0]["annotations"]["incident"], row("fired").incident.to_string());
    assert!(fires[0]["generatorURL"].as_str().unwrap().starts_with("https://driftline.example.com/v1/incidents/"));
    send("escalated");
    assert_eq!(alerts(it.port).len(), 1, "the same alert");
    send("resolved");
    assert_eq!(alerts(it.port), Vec::<Value>::new(), "it is over");
}
