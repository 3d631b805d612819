//! Databases for tests: `SQLite` files, and a real `PostgreSQL`.
//!
//! The server is the one that `DATABASE_URL` names, else a cluster that is made for this process from the installed
//! programs, in a folder for temporary files, reached through a socket there. A test has a database of its own.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::missing_docs_in_private_items, missing_docs, reason = "for tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

/// A database of one test; it is gone when this is dropped.
pub struct Database {
    pub url: String,
    folder: Option<TempDir>,
    /// The server whose database it is, unless the server itself goes away.
    server: Option<String>,
}

/// A new file of `SQLite`.
pub fn sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("driftline.db").display());
    Database { url, folder: Some(folder), server: None }
}

/// A new database on the server that all tests of this process share.
pub fn postgres() -> Database {
    static SERVER: OnceLock<Result<String, Cluster>> = OnceLock::new();
    match SERVER.get_or_init(|| std::env::var("DATABASE_URL").map_err(|_| Cluster::new())) {
        Ok(url) => Database { url: create(url), folder: None, server: Some(url.clone()) },
        Err(cluster) => cluster.database(),
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            let name = self.url.split('?').next().unwrap().rsplit('/').next().unwrap();
            run(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// A new database beside the one that the URL names.
fn create(server: &str) -> String {
    static N: AtomicU32 = AtomicU32::new(0);
    let name = format!("driftline_{}_{}", std::process::id(), N.fetch_add(1, Ordering::Relaxed));
    run(server, &format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"));
    let (before, query) =
        server.split_once('?').map_or((server, String::new()), |(it, query)| (it, format!("?{query}")));
    let (begin, authority) = before.split_once("://").unwrap();
    let host = authority.split('/').next().unwrap();
    format!("{begin}://{host}/{name}{query}")
}

/// Runs statements, also from within a test that is asynchronous itself.
pub fn run(url: &str, sql: &str) {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = PgConnection::connect(url).await.unwrap();
            connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
            connection.close().await.unwrap();
        });
    };
    std::thread::scope(|it| it.spawn(work).join().unwrap());
}

/// A server of `PostgreSQL` for this process, or for one test that stops and starts it.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<&'static str>,
    /// Waits for this process to end, however it does, and then stops the server and deletes its folder.
    guard: Child,
}

impl Cluster {
    /// Makes and starts one.
    pub fn new() -> Cluster {
        let programs = programs().unwrap_or_else(|| {
            panic!(
                "no PostgreSQL for the tests: set DATABASE_URL to a server where databases may be created, \
                 or install one (Debian: apt-get install postgresql; macOS: brew install postgresql)"
            )
        });
        let user = is_root().then(unprivileged);
        // Short, since the path of a socket has at most 107 bytes.
        let folder = tempfile::Builder::new().prefix("driftline-pg-").tempdir_in("/tmp").unwrap().keep();
        if let Some(user) = user {
            check(Command::new("chown").arg(user).arg(&folder));
        }
        let data = folder.join("data");
        let mut initdb = command(user, &programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=driftline", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"]);
        check(initdb.arg(&data).stdout(Stdio::null()));
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\nmax_connections = 200\n",
            folder.display()
        );
        let file = data.join("postgresql.conf");
        let all = fs::read_to_string(&file).unwrap() + &settings;
        fs::write(&file, all).unwrap();
        let script = "cat >/dev/null; \"$0\" -D \"$1\" stop -m immediate; rm -rf \"$2\"";
        let mut guard = command(user, Path::new("sh"));
        guard.args(["-c", script]).arg(programs.join("pg_ctl")).arg(&data).arg(&folder);
        let guard = guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let cluster = Cluster { programs, folder, user, guard };
        cluster.start();
        cluster
    }

    /// Starts it again after `stop`.
    pub fn start(&self) {
        check(self.control().args(["start", "-w", "-l"]).arg(self.folder.join("log")));
    }

    /// Stops it at once, as a loss of power would.
    pub fn stop(&self) {
        check(self.control().args(["stop", "-w", "-m", "immediate"]));
    }

    /// A new database.
    pub fn database(&self) -> Database {
        let server = format!("postgres://driftline@localhost/postgres?host={}", self.folder.display());
        Database { url: create(&server), folder: None, server: None }
    }

    fn control(&self) -> Command {
        let mut control = command(self.user, &self.programs.join("pg_ctl"));
        control.arg("-D").arg(self.folder.join("data")).stdout(Stdio::null());
        control
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// The folder of the newest installed server, and else what is in `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|it| it.path()).collect();
    versions.sort_by_key(|it| it.file_name().and_then(|it| it.to_str()?.parse::<u32>().ok()));
    let mut folders: Vec<_> = versions.into_iter().rev().map(|it| it.join("bin")).collect();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|it| it.join("initdb").exists() && it.join("pg_ctl").exists())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// Whom `initdb` accepts when the tests run as root, whom it refuses.
fn unprivileged() -> &'static str {
    let exists = |user: &&str| Command::new("id").arg(user).output().is_ok_and(|it| it.status.success());
    ["postgres", "nobody"].into_iter().find(exists).unwrap()
}

fn command(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}")).args(["--clear-groups", "--"]).arg(program);
    // The tests' own folder may not be open to others.
    command.current_dir("/");
    command
}

fn check(command: &mut Command) {
    let status = command.stdin(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
