//! The configuration: what wins, what is refused and where, and what is never told.

use std::fs;

use driftline::config::{Flag, Loaded, Scope, Size, Sources, Span, load};
use tempfile::TempDir;

/// A file and variables and flags, which together are a configuration.
struct Given {
    room: TempDir,
    sources: Sources,
}

impl Given {
    fn file(text: &str) -> Self {
        let room = tempfile::tempdir().expect("a temporary folder");
        let file = room.path().join("d.yaml");
        fs::write(&file, text).expect("a file is written");
        Given { room, sources: Sources { file: Some(file), ..Sources::default() } }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.variables.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, path: &str, value: &str) -> Self {
        let flag = Flag { name: format!("--{path}"), path: path.to_owned(), value: value.to_owned() };
        self.sources.flags.push(flag);
        self
    }

    #[track_caller]
    fn loads(&self) -> Loaded {
        load(&self.sources).unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// The problems, without the folder of the file.
    #[track_caller]
    fn fails(&self) -> Vec<String> {
        let folder = format!("{}/", self.room.path().display());
        let problems = load(&self.sources).expect_err("it has problems").to_string();
        problems.lines().map(|it| it.replace(&folder, "")).collect()
    }
}

#[test]
fn a_later_source_wins() {
    let file = "limits: { body: 1MiB, record: 1kB, depth: 5 }\nstop: { grace: 5s }\n";
    let given = Given::file(file).variable("DRIFTLINE_LIMITS__BODY", "2MiB").variable("DRIFTLINE_LIMITS__DEPTH", "6");
    let config = given.flag("limits.depth", "7").loads().config;
    assert_eq!(config.limits.body.to_string(), "2MiB");
    assert_eq!((config.limits.record.bytes(), config.limits.depth), (1000, 7));
    assert_eq!((config.stop.grace, config.reload.poll), (Span::seconds(5), Span::seconds(2)));
}

#[test]
fn a_member_wins_over_its_section_and_a_list_replaces_a_list() {
    let given = Given::file(&format!("tokens: [{{ name: a, sha256: {}, scopes: [read], rate: 5 }}]\n", digest()))
        .variable("DRIFTLINE_LIMITS__BODY", "2MiB")
        .variable("DRIFTLINE_LIMITS", "{ body: 3MiB, depth: 7 }")
        .variable("DRIFTLINE_TOKENS", &format!("[{{ name: b, sha256: {}, scopes: [check] }}]", digest()));
    let loaded = given.loads();
    assert_eq!((loaded.config.limits.body, loaded.config.limits.depth), (Size::mib(2), 7));
    let shown: Vec<_> = loaded.show().lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in ["body: 2MiB # DRIFTLINE_LIMITS__BODY", "- name: b # DRIFTLINE_TOKENS", "rate: null # default"] {
        assert!(shown.iter().any(|it| it == line), "{shown:#?}");
    }
}

#[test]
fn nothing_given_is_a_configuration() {
    for text in ["", "# listen: 1\n\n", "limits:\n  # body: 1MiB\ntls:\n"] {
        let config = Given::file(text).loads().config;
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.database_url(), "sqlite:./driftline-data/driftline.db");
        assert_eq!(config.rows_kept().tallies, Some(400));
    }
}

/// A digest that belongs to nothing.
fn digest() -> String {
    "0f".repeat(32)
}

/// The one problem of these settings.
#[track_caller]
fn problem(text: &str) -> String {
    let mut problems = Given::file(text).fails();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let text = "limits:
  bdoy: 1MiB
  depth: many
  record: 64M
lsten: x
body: 1
stop: { grace: 5 }
log: { level: inf }
insecure: yes
results: { sample: 1.5, record: each }
tls: { key: a.pem }
journal: { max: 1kB }
data: 5
suites: ''
store: ~
listen: ~
";
    let expected = [
        "d.yaml:2:3: limits.bdoy: unknown setting (did you mean `body`?)",
        "d.yaml:3:10: limits.depth: expected a whole number from 1 to 1000, found the text `many`",
        "d.yaml:4:11: limits.record: expected a size such as `64MiB` or `1GB`, or a number of bytes, found the text `64M`",
        "d.yaml:5:1: lsten: unknown setting (did you mean `listen`?)",
        "d.yaml:6:1: body: unknown setting (did you mean `limits.body`?)",
        "d.yaml:7:16: stop.grace: expected a span such as `200ms`, `5s`, `10m`, `1h` or `90d`, found the number 5 (say the unit: `ms`, `s`, `m`, `h` or `d`)",
        "d.yaml:8:15: log.level: expected one of `error`, `warn`, `info`, `debug`, `trace`, found the text `inf` (did you mean `info`?)",
        "d.yaml:9:11: insecure: expected true or false, found the text `yes`",
        "d.yaml:10:20: results.sample: expected a number from 0 to 1, found the number 1.5",
        "d.yaml:10:33: results.record: expected one of `failures`, `all`, `none`, found the text `each`",
        "d.yaml:11:13: tls.key: is given without `tls.certificate` (the two belong together; give both or none)",
        "d.yaml:12:17: journal.max: a file of 64MiB does not fit into a journal of 1kB (raise `journal.max`)",
        "d.yaml:13:7: data: expected text, found the number 5 (put it in quotes)",
        "d.yaml:14:9: suites: expected text, found empty text",
        "d.yaml:16:9: listen: expected an IP address and a port such as `127.0.0.1:8080`, found nothing",
    ];
    assert_eq!(Given::file(text).fails(), expected);
}

#[test]
fn every_token_is_checked() {
    let text = format!(
        "listen: 0.0.0.0:80
tokens:
  - name: a b
    sha256: dl_0f0f
    scopes: [chek]
  - {{ name: a, sha256: {0}, scopes: [], extra: 1 }}
  - {{ name: c }}
",
        digest()
    );
    let expected = [
        "d.yaml:3:11: tokens[0].name: expected a name of up to 64 letters, digits, `.`, `_` and `-`, found the text `a b`",
        "d.yaml:4:13: tokens[0].sha256: expected the SHA-256 of the token, 64 hexadecimal digits, as `driftline token hash` prints it, found another text (that is the token itself, which must be kept nowhere; replace it)",
        "d.yaml:5:14: tokens[0].scopes[0]: expected one of `metrics`, `check`, `read`, `write-suites`, `write-plugins`, `write-triggers`, `admin`, found the text `chek` (did you mean `check`?)",
        "d.yaml:6:98: tokens[1].scopes: expected a list of `metrics`, `check`, `read`, `write-suites`, `write-plugins`, `write-triggers`, `admin`, found an empty list",
        "d.yaml:6:102: tokens[1].extra: unknown setting (`driftline schema config` lists all settings)",
        "d.yaml:7:5: tokens[2].scopes: is missing (a list of `metrics`, `check`, `read`, `write-suites`, `write-plugins`, `write-triggers`, `admin`)",
        "d.yaml:7:5: tokens[2].sha256: is missing (the SHA-256 of the token, 64 hexadecimal digits, as `driftline token hash` prints it)",
    ];
    assert_eq!(Given::file(&text).fails(), expected);
    let text = format!("tokens:\n  - &t {{ name: a, sha256: {}, scopes: [read], burst: 5 }}\n  - *t\n", digest());
    let told = Given::file(&text).fails().join("\n");
    for part in [
        "tokens[1].name: `a` is the name of `tokens[0]` already",
        "tokens[1].sha256: is the same token",
        "tokens[0].burst: is given without `rate`",
    ] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_service_that_everyone_reaches_needs_tokens_or_a_word() {
    let told = problem("listen: '[::]:80'\n");
    assert!(told.starts_with("d.yaml:1:9: listen: anyone who reaches [::]:80 could do anything"), "{told}");
    for text in ["listen: '[::1]:80'\n", "listen: 127.8.0.1:80\n", "listen: 0.0.0.0:80\ninsecure: true\n"] {
        Given::file(text).loads();
    }
    Given::file(&format!("listen: 0.0.0.0:80\ntokens: [{{ name: a, sha256: {}, scopes: [read] }}]\n", digest()))
        .loads();
}

#[test]
fn settings_must_agree_with_each_other() {
    for (text, expected) in [
        ("tls: { certificate: a }", "d.yaml:1:21: tls.certificate: is given without `tls.key`"),
        ("limits: { body: 1kB }", "d.yaml:1:17: limits.body: a record of 1MiB does not fit into a body of 1kB"),
        ("limits: { read_timeout: 1h }", "d.yaml:1:25: limits.read_timeout: a pause of 1h is longer than the 10m of"),
        ("results: { privacy: hash }", "d.yaml:1:21: results.privacy: hashes need a key"),
        ("listen: localhost:80", "d.yaml:1:9: listen: expected an IP address and a port (such as `127.0.0.1:80`"),
        ("database: mysql://a:b@c/d", "d.yaml:1:11: database: expected `postgres://USER:PASSWORD@HOST/DATABASE` or"),
        ("journal: { segment_max: 2GiB }", "d.yaml:1:25: journal.segment_max: a file of 2GiB does not fit"),
    ] {
        let told = problem(text);
        assert!(told.starts_with(expected), "{told}");
    }
    Given::file("results: { privacy: hash, privacy_key: 0123456789abcdef }\ntls: { certificate: a, key: b }\n").loads();
}

#[test]
fn what_is_no_configuration_is_told_with_its_place() {
    for (text, expected) in [
        ("- a\n", "d.yaml:1:1: expected a mapping, found a list"),
        ("a: [\n", "d.yaml:2:1: not YAML: while parsing a node, did not find expected node content"),
        ("data: a\ndata: b\n", "d.yaml:2:1: `data` is given twice (it stands in line 1 already; keep one)"),
        ("data: a\n---\ndata: b\n", "d.yaml:3:1: a second document in the file"),
        ("limits: 5\n", "d.yaml:1:9: limits: expected a mapping, found the number 5"),
        ("tokens: { a: b }\n", "d.yaml:1:9: tokens: expected a list, found a mapping"),
    ] {
        assert_eq!(problem(text), expected);
    }
    let mut given = Given::file("");
    given.sources.file = Some(given.room.path().join("absent.yaml"));
    assert!(given.fails()[0].starts_with("--config: `absent.yaml` cannot be read: "), "{:?}", given.fails());
    given.sources.file = None;
    let given = given.variable("DRIFTLINE_CONFIG", "/absent/d.yaml");
    assert!(given.fails()[0].starts_with("DRIFTLINE_CONFIG: `/absent/d.yaml` cannot be read: "), "{:?}", given.fails());
}

#[test]
fn a_problem_of_a_variable_or_a_flag_names_it() {
    let given = Given::file("tokens: []\n")
        .variable("DRIFTLINE_LIMITS_BODY", "1")
        .variable("DRIFTLINE_LIMITS__BODI", "1")
        .variable("DRIFTLINE_GRACE", "1s")
        .variable("DRIFTLINE_LIMITS", "{ body: [")
        .variable("DRIFTLINE_STOP__GRACE", "5")
        .variable("DRIFTLINE_STORE__MIGRATE", "maybe")
        .variable("DRIFTLINE_TOKENS__3__NAME", "x")
        .flag("grace", "x")
        .flag("limits.bodi", "x")
        .flag("log.level", "warm")
        .flag("tokens[7].name", "x");
    let expected = [
        "DRIFTLINE_GRACE: grace: unknown setting (did you mean `DRIFTLINE_STOP__GRACE`?)",
        "DRIFTLINE_LIMITS: limits: not YAML: while parsing a node, did not find expected node content",
        "DRIFTLINE_LIMITS_BODY: limits_body: unknown setting (did you mean `DRIFTLINE_LIMITS__BODY`?)",
        "DRIFTLINE_LIMITS__BODI: limits.bodi: unknown setting (did you mean `DRIFTLINE_LIMITS__BODY`?)",
        "DRIFTLINE_STOP__GRACE: stop.grace: expected a span such as `200ms`, `5s`, `10m`, `1h` or `90d`, found the text `5`",
        "DRIFTLINE_STORE__MIGRATE: store.migrate: expected true or false, found the text `maybe`",
        "DRIFTLINE_TOKENS__3__NAME: tokens[3].name: there is no such place: the items of a list are counted from 0, without a gap",
        "--grace: grace: unknown setting (did you mean `stop.grace`?)",
        "--limits.bodi: limits.bodi: unknown setting (did you mean `body`?)",
        "--log.level: log.level: expected one of `error`, `warn`, `info`, `debug`, `trace`, found the text `warm` (did you mean `warn`?)",
        "--tokens[7].name: tokens[7].name: there is no such place: the items of a list are counted from 0, without a gap",
    ];
    assert_eq!(given.fails(), expected);
}

#[test]
fn variables_reach_into_lists_and_hold_lists() {
    let given = Given::file(&format!("tokens: [{{ name: a, sha256: {}, scopes: [read] }}]\n", digest()))
        .variable("DRIFTLINE_TOKENS__0__SCOPES", "[read, check]")
        .variable("DRIFTLINE_TOKENS__1__NAME", "007")
        .variable("DRIFTLINE_TOKENS__1__SHA256", &"1e".repeat(32))
        .variable("DRIFTLINE_TOKENS__1__SCOPES", "[admin]")
        .variable("DRIFTLINE_RETENTION__RESULTS", "null")
        .variable("DRIFTLINE_DATABASE", "");
    let config = given.loads().config;
    let tokens: Vec<_> = config.tokens.iter().map(|it| (it.name.as_str(), it.scopes.as_slice())).collect();
    assert_eq!(tokens, [("a", &[Scope::Read, Scope::Check][..]), ("007", &[Scope::Admin][..])]);
    assert_eq!((config.retention.results, config.rows_kept().results, config.database), (None, None, None));
    let given = Given::file("").variable("DRIFTLINE_TOKENS__0__NAME", "a");
    let told = given.fails();
    assert!(told[0].starts_with("DRIFTLINE_TOKENS__0__NAME: tokens[0].scopes: is missing"), "{told:?}");
}

#[test]
fn what_kubernetes_says_of_services_is_no_setting() {
    Given::file("")
        .variable("DRIFTLINE_PORT", "tcp://10.0.0.1:8080")
        .variable("DRIFTLINE_PORT_8080_TCP", "tcp://10.0.0.1:8080")
        .variable("DRIFTLINE_PORT_8080_TCP_ADDR", "10.0.0.1")
        .variable("DRIFTLINE_SERVICE_HOST", "10.0.0.1")
        .variable("DRIFTLINE_SERVICE_PORT_HTTP", "8080")
        .variable("DRIFTLINE_DB_SERVICE_PORT", "5432")
        .variable("OTHER", "x")
        .loads();
    assert_eq!(Given::file("").variable("DRIFTLINE_PORT", "8080").fails().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut given = Given::file("");
    given.sources.variables.push(("DRIFTLINE_DATA".into(), std::ffi::OsString::from_vec(vec![b'a', 0xff])));
    assert_eq!(given.fails(), ["DRIFTLINE_DATA: the value is not UTF-8"]);
}

#[test]
fn a_secret_is_told_nowhere() {
    let given = Given::file(&format!("tokens: [{{ name: a, sha256: {}, scopes: [read] }}]\n", digest()))
        .variable("DRIFTLINE_DATABASE", "postgres://me:SECRET@db/d?sslpassword=SECRET")
        .flag("results.privacy_key", "SECRETSECRETSECRET");
    let loaded = given.loads();
    assert!(loaded.config.database_url().contains("SECRET"));
    let told = format!("{} {loaded:?} {:?} {}", loaded.show(), loaded.config, serde_json::json!(loaded.config));
    assert!(told.contains("postgres://me:***@db/d?sslpassword=***"), "{told}");
    assert!(!told.contains("SECRET") && !told.contains(&digest()), "{told}");
    let given = Given::file(&format!("tokens: [{{ name: a, sha256: {}SECRET, scopes: [x] }}]\nresults: {{ privacy_key: SECRET }}\nlimits: {{ body: dl_SECRET }}\nlog: {{ level: 'http://me:SECRET@host' }}\n", digest()))
        .variable("DRIFTLINE_DATABASE", "postgre://me:SECRET@db")
        .variable("DRIFTLINE_JOURNAL__SYNC", "postgres://me:SECRET@db");
    let told = given.fails().join("\n");
    assert_eq!(told.lines().count(), 7, "{told}");
    assert!(!told.contains("SECRET") && !told.contains(&digest()), "{told}");
    let told = Given::file("").variable("DRIFTLINE_TOKENS", "SECRET").variable("DRIFTLINE_RESULTS", "[SECRET]").fails();
    assert!(told.len() == 2 && !told.join("").contains("SECRET"), "{told:?}");
}
