//! Plugins in OCI registries: one that the test is itself, and Debian's `docker-registry` where it is installed.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use driftline::plugins::{Blobs, Found, Registries, digest};
use tempfile::TempDir;

use super::guests::Guest;

/// A registry of few virtues: what is put under a path is got under it again.
#[derive(Default)]
struct Fake {
    kept: Mutex<HashMap<String, (String, Vec<u8>)>>,
    asked: AtomicU64,
    away: AtomicBool,
    /// Blobs are answered with these bytes instead.
    lie: Mutex<Option<Vec<u8>>>,
    /// Answers to paths with this in them never end.
    endless: Mutex<Option<&'static str>>,
    /// Where tokens are given, and who gets one; nothing is given without.
    guard: Mutex<Option<String>>,
}

/// What `docker login` would have written, and the token for it.
const SECRET: &str = "Bearer of-the-fake";

impl Fake {
    fn start() -> (Arc<Fake>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let fake = Arc::new(Fake::default());
        let own = Arc::clone(&fake);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = Arc::clone(&own);
                std::thread::spawn(move || own.serve(&stream));
            }
        });
        (fake, address)
    }

    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut line = String::new();
        while reader.read_line(&mut line).ok()? > 0 {
            let (method, rest) = line.split_once(' ')?;
            let (method, url) = (method.to_owned(), rest.split(' ').next()?.to_owned());
            let (mut length, mut kind, mut proof) = (0, String::new(), String::new());
            loop {
                line.clear();
                reader.read_line(&mut line).ok()?;
                let Some((name, value)) = line.trim().split_once(':') else { break };
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().ok()?,
                    "content-type" => value.trim().clone_into(&mut kind),
                    "authorization" => value.trim().clone_into(&mut proof),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            if self.away.load(Ordering::Relaxed) {
                return None;
            }
            let mut out = stream;
            let endless = *self.endless.lock().unwrap();
            if method == "GET" && endless.is_some_and(|it| url.contains(it)) {
                out.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").ok()?;
                while out.write_all(&[b' '; 4_096]).is_ok() {}
                return None;
            }
            if let Some(server) = self.guard.lock().unwrap().clone() {
                let (status, header, text) = if url.starts_with("/token?") {
                    let asks = url.contains("scope=repository%3Ateam%2Frange%3Apull") && url.contains("service=fake");
                    if asks {
                        ("200 OK", String::new(), r#"{"token":"of-the-fake"}"#)
                    } else {
                        ("400 No", String::new(), "")
                    }
                } else {
                    let challenge = format!(
                        "WWW-Authenticate: Bearer realm=\"{server}/token\",service=\"fake\",scope=\"a:b:c,d\"\r\n"
                    );
                    ("401 Who", challenge, "")
                };
                if proof != SECRET {
                    let length = text.len();
                    write!(out, "HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\n\r\n{text}").ok()?;
                    line.clear();
                    continue;
                }
            }
            self.answer(&mut out, &method, &url, kind, body).ok()?;
            line.clear();
        }
        Some(())
    }

    fn answer(
        &self,
        out: &mut impl Write,
        method: &str,
        url: &str,
        kind: String,
        body: Vec<u8>,
    ) -> std::io::Result<()> {
        let path = url.split('?').next().unwrap_or_default();
        let (name, thing) = path.rsplit_once('/').unwrap_or_default();
        // Whether it is a registry at all is asked by every client.
        self.asked.fetch_add(u64::from(path != "/v2/"), Ordering::Relaxed);
        if method == "POST" {
            return write!(out, "HTTP/1.1 202 Accepted\r\nLocation: {path}upload\r\nContent-Length: 0\r\n\r\n");
        }
        if method == "PUT" {
            let digest = digest(&body);
            let place = match url.split_once("digest=") {
                Some((_, named)) => {
                    assert_eq!(named.replace("%3A", ":"), digest);
                    name.replace("/uploads", "") + "/" + &digest
                }
                None => path.to_owned(),
            };
            let mut kept = self.kept.lock().unwrap();
            kept.insert(format!("{name}/{digest}"), (kind.clone(), body.clone()));
            kept.insert(place, (kind, body));
            return write!(
                out,
                "HTTP/1.1 201 Created\r\nLocation: {path}\r\nDocker-Content-Digest: {digest}\r\nContent-Length: 0\r\n\r\n"
            );
        }
        let kept = self.kept.lock().unwrap();
        let found = kept.get(path).filter(|_| thing != "v2");
        let Some((kind, bytes)) = found else {
            let status = if path == "/v2/" { "200 OK" } else { "404 Not Found" };
            return write!(
                out,
                "HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{}",
                if method == "HEAD" { "" } else { "{}" }
            );
        };
        let lie = self.lie.lock().unwrap().clone().filter(|_| name.ends_with("/blobs"));
        let (digest, bytes) = (digest(bytes), lie.as_ref().unwrap_or(bytes));
        let length = bytes.len();
        let digest = if lie.is_some() { String::new() } else { format!("Docker-Content-Digest: {digest}\r\n") };
        write!(out, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{digest}Content-Length: {length}\r\n\r\n")?;
        if method == "HEAD" { Ok(()) } else { out.write_all(bytes) }
    }
}

fn registries(folder: &TempDir, most: u64) -> Registries {
    Registries::new(Blobs::open(folder.path(), 1 << 20).unwrap(), most, Vec::new())
}

fn found() -> Found {
    Found { component: Guest::range().build(), signature: Some(b"c2lnbmF0dXJl".to_vec()) }
}

/// What holds with any registry.
fn comes_back(address: &str) {
    let reference = format!("oci://{address}/team/range:1.2.3");
    let folder = tempfile::tempdir().unwrap();
    let manifest = registries(&folder, 1 << 20).push(&reference, &found(), &[("version", "1.2.3".into())]).unwrap();
    assert!(manifest.starts_with("sha256:"));
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(registries(&one, 1 << 20).pull(&reference).unwrap(), found());
    let pinned = format!("oci://{address}/team/range@{manifest}");
    assert_eq!(registries(&two, 1 << 20).pull(&pinned).unwrap(), found());
    let none = registries(&one, 1 << 20).pull(&format!("oci://{address}/team/range:9")).unwrap_err();
    assert!(none.starts_with(&format!("{address}/team/range:9: ")), "{none}");
}

#[test]
fn a_plugin_is_pushed_and_pulled() {
    comes_back(&Fake::start().1);
}

#[test]
fn what_was_pulled_is_not_asked_for_again() {
    let (fake, address) = Fake::start();
    let reference = format!("oci://{address}/team/range:1");
    let folder = tempfile::tempdir().unwrap();
    let manifest = registries(&folder, 1 << 20).push(&reference, &found(), &[]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let first = registries(&folder, 1 << 20);
    assert_eq!(first.pull(&reference).unwrap(), found());
    let asked = fake.asked.load(Ordering::Relaxed);
    // For a minute a tag means what it meant.
    assert_eq!(first.pull(&reference).unwrap(), found());
    assert_eq!(fake.asked.load(Ordering::Relaxed), asked);
    // Another process asks what the tag means, and fetches nothing.
    assert_eq!(registries(&folder, 1 << 20).pull(&reference).unwrap(), found());
    assert_eq!(fake.asked.load(Ordering::Relaxed), asked + 1);
    // A digest is never asked for again; when the registry is away, a tag means what it meant the last time.
    fake.away.store(true, Ordering::Relaxed);
    assert_eq!(registries(&folder, 1 << 20).pull(&format!("oci://{address}/team/range@{manifest}")).unwrap(), found());
    assert_eq!(registries(&folder, 1 << 20).pull(&reference).unwrap(), found());
    let error = registries(&tempfile::tempdir().unwrap(), 1 << 20).pull(&reference).unwrap_err();
    assert!(error.starts_with(&format!("{address}/team/range:1: ")), "{error}");
}

#[test]
fn what_is_too_large_or_another_is_refused() {
    let (fake, address) = Fake::start();
    let reference = format!("oci://{address}/team/range:1");
    registries(&tempfile::tempdir().unwrap(), 1 << 20).push(&reference, &found(), &[]).unwrap();
    let pull = |most: u64| registries(&tempfile::tempdir().unwrap(), most).pull(&reference).unwrap_err();
    let size = found().component.len() as u64;
    assert!(pull(size - 1).contains("the limit for a component is"), "{}", pull(size - 1));
    // The manifest tells one size, and more comes.
    *fake.lie.lock().unwrap() = Some(vec![0; 1 << 20]);
    assert!(pull(size).contains("more than the limit"), "{}", pull(size));
    *fake.lie.lock().unwrap() = Some(b"another".to_vec());
    assert!(pull(size).to_lowercase().contains("digest"), "{}", pull(size));
    *fake.lie.lock().unwrap() = None;
    assert_eq!(registries(&tempfile::tempdir().unwrap(), size).pull(&reference), Ok(found()));
}

#[test]
fn nothing_is_read_without_end() {
    let (fake, address) = Fake::start();
    let reference = format!("oci://{address}/team/range:1");
    let folder = tempfile::tempdir().unwrap();
    let manifest = registries(&folder, 1 << 20).push(&reference, &found(), &[]).unwrap();
    let pull = |reference: &str| registries(&tempfile::tempdir().unwrap(), 100_000).pull(reference).unwrap_err();
    let pinned = format!("oci://{address}/team/range@{manifest}");
    *fake.endless.lock().unwrap() = Some("/manifests/");
    assert!(pull(&pinned).contains("it has more than the limit of 4194 kB"), "{}", pull(&pinned));
    assert!(pull(&reference).contains("it has more than the limit of 4194 kB"), "{}", pull(&reference));
    *fake.endless.lock().unwrap() = Some("/blobs/");
    assert!(pull(&pinned).contains("it has more than the limit of 100 kB"), "{}", pull(&pinned));
    *fake.guard.lock().unwrap() = Some(format!("http://{address}"));
    *fake.endless.lock().unwrap() = Some("/token");
    assert!(pull(&pinned).contains("it has more than the limit of 4194 kB"), "{}", pull(&pinned));
}

#[test]
fn a_registry_may_want_a_token() {
    let (fake, address) = Fake::start();
    let reference = format!("oci://{address}/team/range:1");
    let folder = tempfile::tempdir().unwrap();
    registries(&folder, 1 << 20).push(&reference, &found(), &[]).unwrap();
    *fake.guard.lock().unwrap() = Some(format!("http://{address}"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(registries(&folder, 1 << 20).pull(&reference), Ok(found()));
    // Who gives tokens does not answer.
    *fake.guard.lock().unwrap() = Some("http://127.0.0.1:1".to_owned());
    let folder = tempfile::tempdir().unwrap();
    assert!(registries(&folder, 1 << 20).pull(&reference).is_err());
    *fake.guard.lock().unwrap() = Some("nowhere".to_owned());
    let error = registries(&folder, 1 << 20).pull(&reference).unwrap_err();
    assert!(error.contains("`nowhere/token`, who gives tokens") && error.contains("docker login"), "{error}");
}

/// Debian's package; its program serves a folder.
struct Debian(Child, #[allow(dead_code, reason = "removed at the end")] TempDir);

impl Drop for Debian {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_real_registry_takes_and_gives_plugins() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let config = format!(
        "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {place} }} }}\nhttp: {{ addr: '127.0.0.1:{port}' }}\n"
    );
    fs::write(folder.path().join("config.yml"), config).unwrap();
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(folder.path().join("config.yml")).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(child) = command.spawn() else {
        // It is not installed, and the fake has to do.
        return;
    };
    let _registry = Debian(child, folder);
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "the registry does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    comes_back(&format!("127.0.0.1:{port}"));
    comes_back(&format!("localhost:{port}"));
}
