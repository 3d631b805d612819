//! The reference of all metrics is what the list in the code says, and a run writes its own to a file.

use std::fmt::Write as _;

use driftline::metrics::{From, METRICS};

use super::Room;
use super::config_pages::keep_in_step;
use super::promtool::promtool;

#[test]
fn the_reference_of_metrics_is_in_step() {
    let mut page = "# Metrics

This page is made of the list in `host/src/metrics/list.rs`. What signals of suites add under names of their own, suites say.
How to read metrics, who may, and what they cost: [the service](service.md#watching-it).
"
    .to_owned();
    for (from, title, about) in [
        (
            From::Process,
            "Counted by each host",
            "Each host has its own numbers, from its start on. Over several hosts counters, histograms and what waits are added up: `sum without (instance) (...)`.",
        ),
        (
            From::Store,
            "Read from the store",
            "Every host reads the same every `metrics.refresh`, and at its start before it is ready. Over several hosts one is enough: `max without (instance) (...)`. `length` is the length of windows as findings name it, `segment` the name of the segment, empty for all records. Series of suites that are not active, of segments that the last window does not have, of triggers and actions that are gone vanish.",
        ),
        (
            From::Run,
            "Of a run",
            "`driftline check --metrics-textfile FILE.prom` writes these for the textfile collector of node_exporter, at each end of a run whose command line is right: of a run that could judge nothing, since its input or its suite is missing or bad, the first three, with the exit code 3. `suite` is the name of the suite, or its file where it has none or cannot be read. Of a run that judged, the file also holds what it found under the names of windows, with an empty `length` (`driftline_expectation_*`, `driftline_drift_*`, `driftline_quality*`), the signals of the suite, and `driftline_signal_overflow_total` and `driftline_signal_skipped_total` of them.",
        ),
    ] {
        let _ = write!(page, "\n## {title}\n\n{about}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n");
        for it in METRICS.iter().filter(|it| it.from == from) {
            let labels: Vec<_> = it.labels.iter().map(|it| format!("`{it}`")).collect();
            let _ = writeln!(page, "| `{}` | {} | {} | {} |", it.name, it.kind.name(), labels.join(", "), it.help);
        }
    }
    keep_in_step("../docs/metrics.md", &page);
}

#[test]
fn a_run_writes_what_it_found_for_node_exporter() {
    let suite = "name: nightly\nsegments: [region]\nexpectations:\n  - { field: amount, between: { max: 10 } }\n  - { field: amount, mean_between: { max: 4 }, severity: warning, name: mean }\n  - { accuracy: { min: 0.5, min_records: 1 }, name: accuracy }\nrecord: { prediction: said, label: truth }\n";
    let data = [("eu", 1, "a", "a"), ("eu", 3, "a", "b"), ("us", 20, "b", "b")]
        .map(|(region, amount, said, truth)| {
            format!(
                "{{\"region\": \"{region}\", \"amount\": {amount}, \"said\": \"{said}\", \"truth\": \"{truth}\"}}\n"
            )
        })
        .concat();
    let room = Room::new(&[("suite.yaml", suite), ("data.ndjson", &data)]);
    let said =
        room.run("check data.ndjson --suite suite.yaml --metrics-textfile nightly.prom --now 2024-05-01T12:00:00Z");
    assert_eq!(said.code, 1, "{}", said.err);
    let text = room.read("nightly.prom");
    promtool(&text);
    for line in [
        r#"driftline_run_exit_code{suite="nightly"} 1"#,
        r#"driftline_run_records{suite="nightly"} 3"#,
        r#"driftline_run_timestamp_seconds{suite="nightly"} 1714564800"#,
        r#"driftline_expectation_status{suite="nightly",expectation="amount between",severity="critical",length="",segment=""} 1"#,
        r#"driftline_expectation_status{suite="nightly",expectation="amount between",severity="critical",length="",segment="region=eu"} 0"#,
        r#"driftline_expectation_observed{suite="nightly",expectation="mean",length="",segment=""} 8"#,
        r#"driftline_quality{suite="nightly",metric="accuracy",class="",length="",segment="region=eu"} 0.5"#,
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
    }
    // Whoever collects is somebody else, and sees no file that is half written.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(room.path("nightly.prom")).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o444, 0o444, "{mode:o}");
    }
    let names = std::fs::read_dir(room.path("")).expect("the folder").count();
    assert_eq!(names, 3);
    let said = room.run("check data.ndjson --suite suite.yaml --metrics-textfile absent/nightly.prom");
    assert!(said.code == 3 && said.err.contains("absent/nightly.prom"), "{}", said.err);
}

#[test]
fn a_run_that_could_not_be_takes_the_place_of_the_last_good_one() {
    let suite =
        "name: nightly\nexpectations: [{ field: a, not_null: {} }]\nsignals: [{ counter: seen_total, add: n }]\n";
    let bad = "name: nightly\nexpectations: [{ field: a, no_such_kind: {} }]\n";
    let files = [("suite.yaml", suite), ("bad.yaml", bad), ("broken.yaml", "a: ["), ("data.ndjson", "{\"a\": 1}\n")];
    let room = Room::new(&files);
    let now = "--metrics-textfile run.prom --now 2024-05-01T12:00:00Z";
    for (args, suite) in [
        ("absent.ndjson --suite suite.yaml", "nightly"),
        ("data.ndjson --suite absent.yaml", "absent.yaml"),
        ("data.ndjson --suite bad.yaml", "nightly"),
        ("data.ndjson --suite broken.yaml", "broken.yaml"),
        ("data.ndjson --suite suite.yaml --baseline absent.json", "nightly"),
        ("data.ndjson --suite suite.yaml --output absent/report.txt", "nightly"),
    ] {
        let good = room.run(&format!("check data.ndjson --suite suite.yaml {now}"));
        assert_eq!(good.code, 0, "{}", good.err);
        let text = room.read("run.prom");
        for line in [
            "driftline_run_exit_code{suite=\"nightly\"} 0",
            "driftline_signal_skipped_total{suite=\"nightly\",signal=\"seen_total\"} 1",
            "driftline_signal_overflow_total{suite=\"nightly\",signal=\"seen_total\"} 0",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
        }
        let said = room.run(&format!("check {args} {now}"));
        assert!(said.code == 3 && !said.err.is_empty(), "{args}: {}", said.err);
        let text = room.read("run.prom");
        promtool(&text);
        let lines: Vec<_> = text.lines().filter(|it| !it.starts_with('#')).collect();
        assert_eq!(lines.len(), 3, "{args}: {text}");
        assert!(lines.contains(&format!("driftline_run_exit_code{{suite=\"{suite}\"}} 3").as_str()), "{args}: {text}");
        let at = format!("driftline_run_timestamp_seconds{{suite=\"{suite}\"}} 1714564800");
        assert!(lines.contains(&at.as_str()), "{args}: {text}");
    }
}
