//! The schema and the page of the configuration are in step with it, and the commands do what the page says.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use driftline::config::{Field, Flag, Sources, fields, load, schema};
use serde_json::Value;

use super::{Room, Said, json};

/// Compares a file with what it should hold; under `UPDATE=1` writes it.
pub(super) fn keep_in_step(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if fs::read_to_string(&path).unwrap_or_default() == wanted {
        return;
    }
    assert!(std::env::var_os("UPDATE").is_some(), "{name} is out of step; run the tests with UPDATE=1");
    fs::write(&path, wanted).expect("the file is written");
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    fs::read_to_string(path).expect("the page is there")
}

#[test]
fn the_schema_of_the_configuration_is_in_step() {
    let text = serde_json::to_string_pretty(&schema()).expect("it is JSON") + "\n";
    keep_in_step("driftline.schema.json", &text);
    let said = Room::new(&[]).run("schema config");
    assert_eq!((json(&said.out), said.code), (schema(), 0));
}

#[test]
fn the_page_lists_every_setting() {
    let page = page();
    let (before, rest) = page.split_once("<!-- settings -->").expect("where the tables begin");
    let (_, after) = rest.split_once("<!-- end of settings -->").expect("where they end");
    let wanted = format!("{before}<!-- settings -->\n\n{}<!-- end of settings -->{after}", tables(&schema()));
    keep_in_step("../docs/configuration.md", &wanted);
}

/// A table for what stands at the top, and one for each section.
fn tables(schema: &Value) -> String {
    let all = fields(schema);
    let head = "| setting | default | value | meaning |\n|---|---|---|---|\n";
    let mut out = head.to_owned();
    for field in all.iter().filter(|it| !it.path.contains('.')) {
        out += &row(field, &field.path);
    }
    for (name, section) in schema["properties"].as_object().expect("settings") {
        let inside: Vec<_> = all
            .iter()
            .filter_map(|it| Some((it, it.path.split_once('.').filter(|it| it.0.trim_end_matches("[]") == name)?.1)))
            .collect();
        if inside.is_empty() {
            continue;
        }
        let item = section["items"]["description"].as_str();
        let about = item.or(section["description"].as_str()).expect("a sentence about the section");
        let title = if item.is_some() { format!("{name}[]") } else { name.clone() };
        let _ = write!(out, "\n### `{title}`\n\n{about}\n\n{head}");
        for (field, name) in inside {
            out += &row(field, name);
        }
    }
    out + "\n"
}

fn row(field: &Field, name: &str) -> String {
    assert!(field.description.ends_with('.'), "{} wants a sentence", field.path);
    let value = match &field.expected {
        it if it.starts_with("a size") => "size".to_owned(),
        it if it.starts_with("a span") => {
            it.rsplit_once("`90d`").map_or("span".to_owned(), |it| format!("span{}", it.1))
        }
        it => it.clone(),
    };
    let default = match &field.default {
        None => "must be given".to_owned(),
        Some(Value::String(it)) => format!("`{it}`"),
        Some(it) => format!("`{it}`"),
    };
    let word =
        |(word, meaning): &(String, String)| format!("`{word}`: {}{}", meaning[..1].to_lowercase(), &meaning[1..]);
    let meaning: Vec<_> = std::iter::once(field.description.clone()).chain(field.words.iter().map(word)).collect();
    format!("| `{name}` | {default} | {value} | {} |\n", meaning.join(" "))
}

#[test]
fn every_example_of_the_page_loads() {
    let page = page();
    let examples: Vec<_> = page.split("```yaml\n").skip(1).map(|it| it.split("```").next().expect("its end")).collect();
    assert!(examples.len() > 5, "{}", examples.len());
    for text in examples {
        let room = Room::new(&[("driftline.yaml", text)]);
        let sources = Sources { file: Some(room.path("driftline.yaml")), ..Sources::default() };
        load(&sources).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    }
}

#[test]
fn the_schema_takes_no_more_than_the_service() {
    let token = format!("{{ name: a, sha256: \"{}\", scopes: [read], rate: 1 }}", "0f".repeat(32));
    let flag =
        |path: &str, value: &str| Flag { name: "--set".to_owned(), path: path.to_owned(), value: value.to_owned() };
    let mut n_taken = 0;
    for field in fields(&schema()) {
        let path = field.path.replace("[]", "[0]");
        for value in [
            "null",
            "true",
            "a",
            "''",
            "[]",
            "{}",
            "-1",
            "0",
            "1",
            "1.0",
            "1.5",
            "65536",
            "4294967295",
            "4294967296",
            "1e300",
            "18446744073709551615",
            "999999999999999999",
            "999999TiB",
            "99999d",
            "999999999s",
            ".nan",
            "[a, 1]",
            "é",
        ] {
            let sources = Sources {
                flags: vec![flag("tokens", &format!("[{token}]")), flag(&path, value)],
                ..Sources::default()
            };
            match load(&sources) {
                Ok(_) => n_taken += 1,
                Err(problems) => {
                    assert!(!problems.to_string().contains("the schema takes"), "{path}={value}: {problems}");
                }
            }
        }
    }
    assert!(n_taken > 100, "{n_taken}");
}

/// The binary with these variables and no others of Driftline.
fn run(room: &Room, args: &str, variables: &[(&str, &str)]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    for (name, _) in std::env::vars_os().filter(|it| it.0.to_string_lossy().starts_with("DRIFTLINE_")) {
        command.env_remove(name);
    }
    let output = command.args(args.split(' ')).envs(variables.iter().copied()).current_dir(room.path("")).output();
    let output = output.expect("the binary runs");
    Said {
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}

#[test]
fn config_show_tells_each_value_and_its_source() {
    let room = Room::new(&[("driftline.yaml", "limits:\n  body: 64MiB\n"), ("other.yaml", "data: elsewhere\n")]);
    let password = [("DRIFTLINE_DATABASE", "postgres://me:SECRET@db/d"), ("DRIFTLINE_LIMITS__DEPTH", "9")];
    let said = run(&room, "config show --set log.level=warn", &password);
    assert_eq!(said.code, 0, "{}", said.err);
    let line = |name: &str| {
        let line = said.out.lines().find(|it| it.trim_start().starts_with(name)).expect(name);
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("body:"), "body: 64MiB # driftline.yaml:2:9");
    assert_eq!(line("depth:"), "depth: 9 # DRIFTLINE_LIMITS__DEPTH");
    assert_eq!(line("level:"), "level: warn # --set");
    assert_eq!(line("database:"), "database: \"postgres://me:***@db/d\" # DRIFTLINE_DATABASE");
    assert_eq!(line("record:"), "record: 1MiB # default");
    // What is shown is itself a configuration, but for its secrets.
    fs::write(room.path("shown.yaml"), said.out.replace(":***@", "@")).expect("a file is written");
    let shown = run(&room, "config show --config shown.yaml", &[]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let values = |it: &str| {
        it.lines().map(|it| it.split('#').next().unwrap_or(it).trim_end().replace(":***@", "@")).collect::<Vec<_>>()
    };
    assert_eq!(values(&shown.out), values(&said.out));
    let said = run(&room, "config show", &[("DRIFTLINE_CONFIG", "other.yaml")]);
    assert!(said.out.contains("data: elsewhere") && !said.out.contains("64MiB  # driftline.yaml"), "{}", said.out);
}

#[test]
fn config_check_tells_all_problems() {
    let bad = "limits:\n  bdoy: 1\nstop: { grace: 5 }\n";
    let room = Room::new(&[("driftline.yaml", bad), ("good.yaml", "log: { level: info }")]);
    let said = run(&room, "config check", &[("DRIFTLINE_LOG__LEVEL", "inf")]);
    let places: Vec<_> = said.out.lines().map(|it| it.split(": ").next().unwrap_or(it)).collect();
    assert_eq!(places, ["driftline.yaml:2:3", "driftline.yaml:3:16", "DRIFTLINE_LOG__LEVEL", "3 problems"]);
    assert_eq!(said.code, 3);
    assert!(page().contains(&said.out), "the page shows another answer than {}", said.out);
    assert_eq!(run(&room, "config show", &[]).code, 3);
    let said = run(&room, "config check --config good.yaml", &[]);
    assert_eq!((said.out.as_str(), said.code), ("good.yaml: no problems\n", 0));
    assert_eq!(run(&room, "config check --config good.yaml --set log.level", &[]).code, 3);
}

#[test]
fn a_new_token_comes_with_its_configuration() {
    let room = Room::new(&[]);
    let said = room.run("token new scoring --scope read --scope check --rate 5");
    assert_eq!(said.code, 0, "{}", said.err);
    let (token, lines) = said.out.split_once('\n').expect("two parts");
    fs::write(room.path("d.yaml"), lines).expect("a file is written");
    let sources = Sources { file: Some(room.path("d.yaml")), ..Sources::default() };
    let config = load(&sources).unwrap_or_else(|problems| panic!("{problems}\n{lines}")).config;
    let tokens = driftline::tokens::Tokens::new(&config.tokens);
    let known = tokens.who(token).expect("the token is known");
    assert_eq!((known.name(), config.tokens[0].rate.map(Into::into)), ("scoring", Some(5)));
    let hash = room.pipe(&["token", "hash"], format!("{token}\n").as_bytes());
    assert!(hash.code == 0 && lines.contains(hash.out.trim()), "{}", hash.out);
    assert_ne!(room.run("token new scoring --scope check").out.lines().next(), Some(token));
    for args in
        ["token new a", "token new a/b --scope check", "token new a --scope chek", "token new a --scope read --burst 5"]
    {
        assert_eq!(room.run(args).code, 3, "{args}");
    }
    for text in ["", "short\n", "a token with spaces in it\n"] {
        assert_eq!(room.pipe(&["token", "hash"], text.as_bytes()).code, 3, "{text}");
    }
}
