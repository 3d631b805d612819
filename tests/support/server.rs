//! A service in a process of its own, as a user starts it, and a client that a user may have.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with suites, a data folder and perhaps a configuration, and the process that serves it.
pub struct Server {
    room: TempDir,
    pub port: u16,
    child: Option<Child>,
    /// Variables that every start is given.
    pub env: Vec<(String, String)>,
    scheme: &'static str,
}

/// What a request was answered with.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|it| panic!("{it}: {} {}", self.status, self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }
}

impl Server {
    /// A room with these suites, nothing started yet.
    pub fn new(suites: &[(&str, &str)]) -> Self {
        let room = tempfile::tempdir().unwrap();
        fs::create_dir(room.path().join("suites")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let it = Server { room, port, child: None, env: Vec::new(), scheme: "http" };
        for (name, text) in suites {
            it.write(&format!("suites/{name}"), text);
        }
        it
    }

    /// One that is ready.
    pub fn started(suites: &[(&str, &str)]) -> Self {
        let mut it = Server::new(suites);
        it.start();
        it
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Keeps what is old, and judges windows and their corrections at once.
    pub fn set_replay(&mut self) {
        self.set("DRIFTLINE_RETENTION__PREDICTIONS", "null");
        self.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
        self.set("DRIFTLINE_WINDOWS__REVISE_EVERY", "1ms");
    }

    /// Starts the process and waits until it answers.
    pub fn start(&mut self) {
        self.spawn();
        let until = Instant::now() + Duration::from_secs(30);
        while self.try_get("/healthz").is_none_or(|it| it.status != 200) {
            let gone = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(gone.is_none(), "the service ended: {}", self.log());
            assert!(Instant::now() < until, "the service does not answer: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts the process.
    pub fn spawn(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
        command.current_dir(self.room.path()).arg("serve").stdin(Stdio::null()).stderr(log);
        command.env("DRIFTLINE_LISTEN", format!("127.0.0.1:{}", self.port)).envs(self.env.iter().cloned());
        self.child = Some(command.spawn().unwrap());
    }

    /// What it said on standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// SIGTERM; whether it ended well.
    pub fn stop(&mut self) -> bool {
        self.signal("TERM");
        let status = self.child.take().unwrap().wait().unwrap();
        status.success()
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|| panic!("no answer to {path}: {}", self.log()))
    }

    pub fn try_get(&self, path: &str) -> Option<Answer> {
        self.send("GET", path, &[], &[])
    }

    pub fn post(&self, path: &str, kind: &str, body: impl AsRef<[u8]>) -> Answer {
        self.ask("POST", path, &[("content-type", kind)], body)
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        let answer = self.send(method, path, headers, body.as_ref());
        answer.unwrap_or_else(|| panic!("no answer to {method} {path}: {}", self.log()))
    }

    /// The answer; none when the connection broke.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = agent.run(request.body(body.to_vec()).unwrap()).ok()?;
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let (status, headers) = (response.status().as_u16(), headers.collect());
        let mut body = String::new();
        response.body_mut().as_reader().read_to_string(&mut body).ok()?;
        Some(Answer { status, headers, body })
    }

    /// Runs the command line in the same room.
    pub fn driftline(&self, args: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
        let output = command.current_dir(self.room.path()).args(args).envs(self.env.iter().cloned()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    pub fn folder(&self) -> &Path {
        self.room.path()
    }

    /// Waits until a question is answered as wished.
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let until = Instant::now() + Duration::from_mins(1);
        while !holds() {
            assert!(Instant::now() < until, "{what} did not happen: {}", self.log());
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// Records stored, of all requests.
    pub fn stored(&self) -> i64 {
        self.records("/v1/results")
    }

    /// Records in windows that were judged.
    pub fn in_windows(&self) -> i64 {
        self.records("/v1/windows")
    }

    fn records(&self, of: &str) -> i64 {
        let mut n = 0;
        let mut path = format!("{of}?limit=1000");
        loop {
            let page = self.get(&path).json();
            n += page["items"].as_array().unwrap().iter().map(|it| it["records"].as_i64().unwrap()).sum::<i64>();
            match page["next"].as_str() {
                Some(next) => path = format!("{of}?limit=1000&cursor={next}"),
                None => return n,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
