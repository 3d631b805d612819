//! Debian's Chromium without a window, driven over its pipe (the protocol of its developer tools).

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser with one page, which may ask the network for nothing.
pub struct Browser {
    _room: TempDir,
    child: Child,
    to: File,
    from: BufReader<File>,
    session: String,
    n: u64,
    /// Messages of the console, errors of scripts, and addresses that were asked for.
    pub said: Vec<String>,
}

impl Browser {
    /// Starts it.
    pub fn start() -> Self {
        let room = tempfile::tempdir().unwrap();
        let pipes = ["to", "from"].map(|it| room.path().join(it));
        assert!(Command::new("mkfifo").args(&pipes).status().unwrap().success(), "mkfifo is missing");
        let program = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|it| is_there(it));
        let program = program.expect("Chromium is missing: apt-get install chromium");
        let [to, from] = pipes.each_ref().map(|it| it.display().to_string());
        let script = format!(
            "exec {program} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
             --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
             --user-data-dir={}/profile --remote-debugging-pipe about:blank 3<{to} 4>{from}",
            room.path().display()
        );
        let log = File::create(room.path().join("log")).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", &script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap();
        // Each end waits for the other.
        let to = OpenOptions::new().write(true).open(&pipes[0]).unwrap();
        let from = BufReader::new(File::open(&pipes[1]).unwrap());
        let mut it = Browser { _room: room, child, to, from, session: String::new(), n: 0, said: Vec::new() };
        let target = it.ask("Target.createTarget", json!({"url": "about:blank"}));
        let attached = it.ask("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        attached["sessionId"].as_str().unwrap().clone_into(&mut it.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            it.ask(&format!("{domain}.enable"), json!({}));
        }
        it
    }

    /// Opens a page of a file at a width, in light or dark.
    pub fn open(&mut self, path: &Path, width: u32, is_dark: bool) {
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 700});
        self.ask("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.ask("Emulation.setEmulatedMedia", json!({"features": features}));
        self.said.clear();
        self.ask("Page.navigate", json!({"url": format!("file://{}", path.display())}));
        while self.next()["method"] != "Page.loadEventFired" {}
    }

    /// The value of an expression in the page.
    pub fn eval(&mut self, script: &str) -> Value {
        let asked = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer:#}");
        answer["result"]["value"].clone()
    }

    /// The whole page as a picture.
    pub fn shot(&mut self, to: &Path) {
        let height = self.eval("document.documentElement.scrollHeight").as_f64().unwrap().min(12_000.0);
        let width = self.eval("innerWidth");
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        let asked = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        self.keep("Page.captureScreenshot", &asked, to);
    }

    /// The page on paper.
    pub fn print(&mut self, to: &Path) {
        self.keep("Page.printToPDF", &json!({"printBackground": true, "preferCSSPageSize": true}), to);
    }

    fn keep(&mut self, method: &str, asked: &Value, to: &Path) {
        use base64::Engine as _;
        let answer = self.ask(method, asked.clone());
        let bytes = base64::engine::general_purpose::STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        std::fs::write(to, bytes).unwrap();
    }

    #[allow(clippy::needless_pass_by_value, reason = "it is made on the spot")]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.n += 1;
        let mut message = json!({"id": self.n, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        write!(self.to, "{message}\0").unwrap();
        self.to.flush().unwrap();
        loop {
            let answer = self.next();
            if answer["id"] == json!(self.n) {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser has ended");
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        let params = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => {
                self.said.push(params.to_string());
            }
            "Network.requestWillBeSent" => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                if !url.starts_with("file:") && !url.starts_with("data:") && url != "about:blank" {
                    self.said.push(format!("asked for {url}"));
                }
            }
            "Page.javascriptDialogOpening" => self.said.push(format!("a dialog: {params}")),
            _ => {}
        }
        message
    }
}

fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|it| it.success())
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
