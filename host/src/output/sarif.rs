//! SARIF 2.1.0 (OASIS): kinds are its rules, expectations that failed its results, and the first
//! failed records their locations.

use std::fmt::Write as _;
use std::io;

use driftline_rules::plan::Expectation;
use driftline_rules::report::{Severity, Status};
use driftline_rules::run::Finding;
use serde_json::{Value as Json, json};

use super::words::{message, titled, value, whole};
use crate::report::Report;

/// Writes it.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &log(report))?;
    writeln!(out)
}

fn log(report: &Report) -> Json {
    let mut kinds: Vec<&Expectation> = Vec::new();
    let mut results = Vec::new();
    for (segment, expectation, finding) in report.by_segment() {
        if finding.judgement.status != Status::Fail {
            continue;
        }
        let rule = kinds.iter().position(|it| it.kind_name() == expectation.kind_name()).unwrap_or_else(|| {
            kinds.push(expectation);
            kinds.len() - 1
        });
        results.push(result(report, segment, expectation, finding, rule));
    }
    let unknown = report.by_segment().filter(|it| it.2.judgement.status == Status::Error).map(
        |(segment, expectation, finding)| {
            let mut note =
                notification(&format!("{}: {}", titled(expectation, segment), message(expectation, finding)));
            note["locations"] = json!([suite_location(report, expectation)]);
            note
        },
    );
    let faults = report.faults.iter().map(|it| {
        let mut note = notification(&it.to_string());
        if it.file != "-" {
            note["locations"] = json!([{ "physicalLocation": physical(&it.file, it.line) }]);
        }
        note
    });
    let notes: Vec<Json> = unknown.chain(faults).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "driftline",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": kinds.into_iter().map(rule).collect::<Vec<_>>(),
            } },
            "invocations": [{
                "executionSuccessful": notes.is_empty(),
                "exitCode": report.exit_code(),
                "toolExecutionNotifications": notes,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(expectation: &Expectation) -> Json {
    let kind = expectation.kind;
    // A page begins with its title and goes on with what the kind says.
    let help = if kind.page.is_empty() { format!("Expects {}.", kind.summary) } else { kind.page.to_owned() };
    json!({
        "id": expectation.kind_name(),
        "name": expectation.type_name,
        "shortDescription": { "text": format!("Expects {}.", kind.summary) },
        "help": { "text": help, "markdown": help },
    })
}

fn result(report: &Report, segment: Option<&str>, expectation: &Expectation, finding: &Finding, rule: usize) -> Json {
    let level = match expectation.severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let mut locations = Vec::new();
    for it in &finding.sample.unexpected {
        let Some((file, line)) = report.location(it.row).filter(|(file, _)| *file != "-") else { continue };
        locations.push(json!({
            "physicalLocation": physical(file, Some(line)),
            "message": { "text": value(&it.value) },
        }));
    }
    let suite = suite_location(report, expectation);
    // Without a location a result is not shown at all by code scanning.
    if locations.is_empty() {
        locations.push(suite.clone());
    }
    json!({
        "ruleId": expectation.kind_name(),
        "ruleIndex": rule,
        "level": level,
        "message": { "text": format!("{}: {}", whole(&titled(expectation, segment)), message(expectation, finding)) },
        "locations": locations,
        "relatedLocations": [suite],
        // One alert an expectation and segment, whichever records fail it today.
        "partialFingerprints": { "expectation/v1": fingerprint(expectation, segment) },
    })
}

fn fingerprint(expectation: &Expectation, segment: Option<&str>) -> String {
    format!("{} {}", expectation.path, titled(expectation, segment))
}

fn suite_location(report: &Report, expectation: &Expectation) -> Json {
    json!({
        "physicalLocation": physical(&report.suite_file, Some(u64::from(expectation.at.line))),
        "message": { "text": "the expectation" },
    })
}

fn notification(text: &str) -> Json {
    json!({ "level": "error", "message": { "text": whole(text) } })
}

fn physical(file: &str, line: Option<u64>) -> Json {
    let artifact = json!({ "uri": uri(file) });
    match line.filter(|it| *it > 0) {
        Some(line) => json!({ "artifactLocation": artifact, "region": { "startLine": line } }),
        None => json!({ "artifactLocation": artifact }),
    }
}

/// A path as a URI reference; an absolute one gets its scheme.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => uri.push(char::from(byte)),
            it => {
                let _ = write!(uri, "%{it:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_reference() {
        assert_eq!(uri("data/a b:1.csv"), "data/a%20b%3A1.csv");
        assert_eq!(uri("/data/ä.csv"), "file:///data/%C3%A4.csv");
    }
}
