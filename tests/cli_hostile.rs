//! Input that was made to hurt: the answer comes, in bounded memory, and the neighbours are checked.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Output, Stdio};

use super::{Room, code, text};

/// Address space that any of these runs may take, in KiB; the program itself and its threads take half of it.
const MEMORY: u64 = 1_500_000;

/// `check` of what `write` writes to its standard input, in bounded memory.
fn check(suite: &str, args: &[&str], write: impl Fn(&mut dyn std::io::Write) -> std::io::Result<()> + Send) -> Output {
    let room = Room::new(&[("suite.yaml", suite)]);
    let mut all = vec!["check", "-", "--suite", "suite.yaml", "--threads", "2"];
    all.extend(args);
    let direct = room.command(&all);
    let mut command = std::process::Command::new("sh");
    command.current_dir(room.0.path()).arg("-c").arg(format!("ulimit -v {MEMORY}; exec \"$@\"")).arg("sh");
    command.arg(direct.get_program()).args(direct.get_args());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A run that ends early reads no further.
        scope.spawn(move || write(&mut stdin));
        child.wait_with_output().unwrap()
    })
}

const ID: &str = "expectations:\n  - { field: id, not_null: {} }\n";

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn endless_brackets_are_one_bad_record() {
    let output = check(ID, &["--format", "json", "--input-format", "ndjson"], |out| {
        writeln!(out, "{{\"id\": 1}}")?;
        let brackets = vec![b'['; 1 << 20];
        (0..64).try_for_each(|_| out.write_all(&brackets))?;
        writeln!(out, "\n{}\n{{\"id\": 2}}", "[".repeat(5000))
    });
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert_eq!(
        (code(&output), &report["records"], &report["unreadable"]["count"]),
        (1, &4.into(), &2.into()),
        "{report}"
    );
}

#[test]
fn a_bomb_of_zeros_is_one_bad_record() {
    let output = check(ID, &["--format", "json", "--input-format", "ndjson"], |out| {
        let mut gz = flate2::write::GzEncoder::new(out, flate2::Compression::new(6));
        let zeros = vec![0; 1 << 20];
        (0..300).try_for_each(|_| gz.write_all(&zeros))?;
        gz.write_all(b"\n{\"id\": 2}\n")?;
        gz.finish()?;
        Ok(())
    });
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert_eq!(
        (code(&output), &report["records"], &report["unreadable"]["count"]),
        (1, &2.into(), &1.into()),
        "{report}"
    );
}

#[test]
fn twenty_thousand_columns_are_columns() {
    let output = check(ID, &["--input-format", "csv"], |out| {
        for line in 0..3 {
            let cells: Vec<_> =
                (0..20_000).map(|it| if line == 0 { format!("c{it}") } else { it.to_string() }).collect();
            writeln!(out, "id,{}\n", cells.join(",").trim_start_matches(if line == 0 { "" } else { "0" }))?;
        }
        Ok(())
    });
    assert!(code(&output) < 3 && said(&output).contains("2 records"), "{}", said(&output));
}

#[test]
fn suites_that_explode_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..30 {
        let of = format!("*a{}", i - 1);
        let _ = writeln!(bomb, "a{i}: &a{i} [{}]", [of.as_str(); 9].join(", "));
    }
    let regex = "expectations:\n  - { field: id, match_regex: \"((a{1000}){1000}){1000}\" }\n";
    let deep = format!("expectations: {}", "[".repeat(100_000));
    let many = format!("expectations:\n{}", "  - { field: id, beetween: {} }\n".repeat(2000));
    for suite in [bomb.as_str(), regex, &deep, &many] {
        let output = check(suite, &[], |out| writeln!(out, "{{\"id\": 1}}"));
        assert_eq!(code(&output), 3, "{}", said(&output).chars().take(500).collect::<String>());
        assert!(said(&output).contains("suite.yaml:"), "{}", said(&output).chars().take(500).collect::<String>());
    }
}

#[test]
fn a_regex_that_backtracks_elsewhere_is_quick() {
    let suite = "expectations:\n  - { field: id, match_regex: \"^(a+)+$\" }\n";
    let output =
        check(suite, &["--input-format", "ndjson"], |out| writeln!(out, "{{\"id\": \"{}!\"}}", "a".repeat(1 << 20)));
    assert_eq!(code(&output), 1, "{}", said(&output).chars().take(500).collect::<String>());
}
