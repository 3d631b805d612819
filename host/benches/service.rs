//! The service under load, beside a bare axum echo of the same bodies, from a client in a process of its own:
//! `cargo bench -p driftline --bench service [-- --database URL] [--seconds N] [--soak N]`.
//!
//! What is to be reached: single records at 70 % of the echo's throughput with results stored, a p99 at
//! half load of at most 3 times the echo's, and batches at 1.3 times the engine's own time a record.
//! The runs take turns, and the best of each counts, so that the ratios hold on a busy machine. What a request costs
//! of the processor, the server's share alone, holds where throughput does not: others cannot take it away.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on fails")]

mod data;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use driftline_rules::plan::{Options, compile};
use driftline_rules::record::{Limits, Reader};
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::suite::read;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use data::{CHECKS, indented, line, schema};

const CONNECTIONS: usize = 32;
const BATCH: usize = 1000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    match args.first().map(String::as_str) {
        Some("echo") => echo(),
        Some("client") => client(&args[1], &args[2], args[3].parse().unwrap(), args[4].parse().unwrap()),
        _ => compare(&args),
    }
}

fn compare(args: &[String]) {
    let option = |name: &str| args.iter().position(|it| it == name).map(|at| args[at + 1].clone());
    let seconds: f64 = option("--seconds").map_or(3.0, |it| it.parse().unwrap());
    let rounds: usize = option("--rounds").map_or(3, |it| it.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let suite = format!("schema: {}\nexpectations:{}", schema(), indented(CHECKS));
    fs::create_dir(folder.path().join("suites")).unwrap();
    fs::write(folder.path().join("suites/bench.yaml"), &suite).unwrap();
    let mut servers = vec![("echo", Server::echo()), ("SQLite", Server::driftline(folder.path(), "sqlite", None))];
    if let Some(url) = option("--database") {
        servers.push(("Postgres", Server::driftline(folder.path(), "postgres", Some(&url))));
    }
    if let Some(seconds) = option("--soak") {
        return soak(&servers[1..], seconds.parse().unwrap());
    }
    println!("{CONNECTIONS} connections, {seconds} s a run, best of {rounds}, client and server on one machine\n");
    let mut best = vec![Run::default(); servers.len()];
    for _ in 0..rounds {
        for ((_, server), best) in servers.iter().zip(&mut best) {
            let run = load(server, "check", "single", seconds, 0.0);
            let cpu = if best.cpu > 0.0 { run.cpu.min(best.cpu) } else { run.cpu };
            if run.per_second > best.per_second {
                *best = run;
            }
            best.cpu = cpu;
        }
    }
    println!(
        "| one record a request | requests/s | of the echo | p50 | p99 | processor | of the echo's |\n\
         |---|---|---|---|---|---|---|"
    );
    for ((name, _), run) in servers.iter().zip(&best) {
        let Run { per_second, p50, p99, cpu } = run;
        let (share, times) = (100.0 * per_second / best[0].per_second, cpu / best[0].cpu);
        println!("| {name} | {per_second:.0} | {share:.0} % | {p50:.2} ms | {p99:.2} ms | {cpu:.1} us | {times:.2} |");
    }
    // Half of what the slowest can do, for all.
    let half = best.iter().map(|it| it.per_second).fold(f64::INFINITY, f64::min) / 2.0;
    let mut calm = vec![Run { p99: f64::INFINITY, ..Run::default() }; servers.len()];
    for _ in 0..rounds {
        for ((_, server), best) in servers.iter().zip(&mut calm) {
            let run = load(server, "check", "single", seconds, half);
            if run.p99 < best.p99 {
                *best = run;
            }
        }
    }
    println!("\n| at {half:.0} requests/s | p50 | p99 | of the echo's |\n|---|---|---|---|");
    for ((name, _), run) in servers.iter().zip(&calm) {
        println!("| {name} | {:.2} ms | {:.2} ms | {:.1} |", run.p50, run.p99, run.p99 / calm[0].p99);
    }
    let mut engine = f64::INFINITY;
    let mut batches = vec![(f64::INFINITY, f64::INFINITY); servers.len() - 1];
    for _ in 0..rounds {
        engine = engine.min(engine_alone(&suite, seconds.min(2.0)));
        for ((_, server), best) in servers.iter().skip(1).zip(&mut batches) {
            // One connection, one batch at a time: what a record costs, not what two cores do at once.
            let run = load(server, "check?verdicts=failed", "batch", seconds, -1.0);
            *best = (best.0.min(1e6 / (run.per_second * BATCH as f64)), best.1.min(run.cpu / BATCH as f64));
        }
    }
    println!(
        "\n| batches of {BATCH} | a record | of the engine's | processor | of the engine's |\n|---|---|---|---|---|\n\
         | the engine alone | {engine:.2} us | 1.00 | {engine:.2} us | 1.00 |"
    );
    for ((name, _), (us, cpu)) in servers.iter().skip(1).zip(&batches) {
        println!("| {name} | {us:.2} us | {:.2} | {cpu:.2} us | {:.2} |", us / engine, cpu / engine);
    }
}

/// Half load for some time: memory and open files must stay as they are.
fn soak(servers: &[(&str, Server)], seconds: f64) {
    let fastest = servers.iter().map(|(_, it)| load(it, "check", "single", 2.0, 0.0).per_second);
    let half = fastest.fold(f64::INFINITY, f64::min) / 2.0;
    println!(
        "{seconds:.0} s at {half:.0} requests/s\n\n| | after | memory | open files | p99 |\n|---|---|---|---|---|"
    );
    for (name, server) in servers {
        for part in 1..=10 {
            let run = load(server, "check", "single", seconds / 10.0, half);
            let status = fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
            let memory = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap().trim();
            let files = fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count();
            println!("| {name} | {:.0} s | {memory} | {files} | {:.2} ms |", seconds / 10.0 * f64::from(part), run.p99);
        }
    }
}

/// Microseconds that checking a record of a batch takes, one thread.
fn engine_alone(suite: &str, seconds: f64) -> f64 {
    let (plan, problems) = compile(&read(suite).0, &Options::default());
    assert!(problems.is_empty(), "{problems:?}");
    let lines: Vec<String> = (0..BATCH).map(line).collect();
    let started = Instant::now();
    let mut best = f64::INFINITY;
    while started.elapsed().as_secs_f64() < seconds {
        let begin = Instant::now();
        let mut fold = Fold::new(&plan, Keep { values: 0, all_rows: false });
        let mut reader = Reader::new(&plan.shape, Limits::default());
        let mut cells = Vec::new();
        for (row, line) in lines.iter().enumerate() {
            reader.fill(line, &mut cells).unwrap();
            run::check(&plan, &mut cells, row as u64, 0, &mut fold);
        }
        std::hint::black_box(run::judge(&plan, &fold, 0));
        best = best.min(begin.elapsed().as_secs_f64() * 1e6 / BATCH as f64);
    }
    best
}

/// A server in a process of its own; it ends with this.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn echo() -> Self {
        let mut child =
            Command::new(std::env::current_exe().unwrap()).arg("echo").stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Server { child, port: port.trim().parse().unwrap() }
    }

    fn driftline(folder: &Path, name: &str, database: Option<&str>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
        command.current_dir(folder).arg("serve").args(["--listen", &format!("127.0.0.1:{port}")]);
        command.args(["--data", name, "--suites", "suites"]).env("DRIFTLINE_LOG__LEVEL", "warn");
        if let Some(url) = database {
            command.env("DRIFTLINE_DATABASE", url);
        }
        let child = command.spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while ureq::get(format!("http://127.0.0.1:{port}/readyz")).call().is_err() {
            assert!(Instant::now() < until, "driftline did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Server { child, port }
    }

    /// Seconds of the processor that it has spent, where the system tells them.
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let behind_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks = behind_name.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<f64>().ok());
        // Linux counts hundredths, whatever its own clock does.
        ticks.sum::<f64>() / 100.0
    }

    fn url(&self, what: &str) -> String {
        format!("127.0.0.1:{}/v1/suites/bench/{what}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An axum server that gives back what it is sent.
fn echo() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        let app = axum::Router::new().fallback(|body: axum::body::Bytes| async move { body });
        axum::serve(listener, app).await.unwrap();
    });
}

/// What a client saw.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    per_second: f64,
    p50: f64,
    p99: f64,
    /// Microseconds of the processor that the server spent on a request; 0 where the system does not say.
    cpu: f64,
}

/// Runs a client: as fast as it can at rate 0, over one connection at rate -1.
fn load(server: &Server, path: &str, what: &str, seconds: f64, rate: f64) -> Run {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["client", &server.url(path), what, &seconds.to_string(), &rate.to_string()]);
    let before = server.cpu();
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the client failed");
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|it| it.parse().unwrap()).collect();
    let cpu = (server.cpu() - before) * 1e6 / numbers[3];
    Run { per_second: numbers[0], p50: numbers[1], p99: numbers[2], cpu }
}

/// Sends requests for some seconds, and prints requests a second, p50 and p99 in milliseconds, and how many it sent.
fn client(url: &str, what: &str, seconds: f64, rate: f64) {
    let (host, path) = url.split_once('/').unwrap();
    let head = |kind: &str, body: &str| {
        format!(
            "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    let requests: Vec<Vec<u8>> = match what {
        "single" => (0..500).map(|i| head("application/json", &line(i))).collect(),
        _ => vec![head("application/x-ndjson", &(0..BATCH).map(|i| line(i) + "\n").collect::<String>())],
    };
    let requests = Arc::new(requests);
    let times = Arc::new(Mutex::new(Vec::<f64>::new()));
    let (sent, all) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let connections = if rate < 0.0 { 1 } else { CONNECTIONS };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // A first request on every path, so that what is made once is made.
        let warm = Instant::now() + Duration::from_millis(300);
        let start = warm + Duration::ZERO;
        let end = start + Duration::from_secs_f64(seconds);
        let mut tasks = Vec::new();
        for n in 0..connections {
            let (requests, times, host) = (Arc::clone(&requests), Arc::clone(&times), host.to_owned());
            let (sent, all) = (Arc::clone(&sent), Arc::clone(&all));
            tasks.push(tokio::spawn(async move {
                let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
                socket.set_nodelay(true).unwrap();
                let mut mine = Vec::new();
                let mut buffer = Vec::new();
                let mut i = n * 7;
                loop {
                    let mut due = Instant::now();
                    if rate > 0.0 && due >= start {
                        // Open loop: a request is due whether or not the one before was answered.
                        let k = sent.fetch_add(1, Ordering::Relaxed);
                        due = start + Duration::from_secs_f64(k as f64 / rate);
                        tokio::time::sleep_until(due.into()).await;
                    }
                    if due >= end {
                        break;
                    }
                    let request = &requests[i % requests.len()];
                    i += 1;
                    all.fetch_add(1, Ordering::Relaxed);
                    socket.write_all(request).await.unwrap();
                    answer(&mut socket, &mut buffer).await;
                    if due >= start {
                        mine.push(due.elapsed().as_secs_f64() * 1e3);
                    }
                }
                times.lock().unwrap().extend(mine);
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    let mut times = std::mem::take(&mut *times.lock().unwrap());
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{} {} {} {}", times.len() as f64 / seconds, at(0.5), at(0.99), all.load(Ordering::Relaxed));
}

/// Reads one answer to its end.
async fn answer(socket: &mut tokio::net::TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut head = None;
    loop {
        let n = socket.read_buf(buffer).await.unwrap();
        assert!(n > 0, "the server closed the connection");
        if head.is_none()
            && let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n")
        {
            let text = std::str::from_utf8(&buffer[..end]).unwrap().to_ascii_lowercase();
            assert!(text.starts_with("http/1.1 200"), "{}", String::from_utf8_lossy(buffer));
            let length =
                text.split("content-length: ").nth(1).map(|it| it.lines().next().unwrap().parse::<usize>().unwrap());
            head = Some(length.map(|it| end + 4 + it));
        }
        match head {
            Some(Some(length)) if buffer.len() >= length => return,
            // In chunks: the last is empty.
            Some(None) if buffer.ends_with(b"0\r\n\r\n") => return,
            _ => {}
        }
    }
}
