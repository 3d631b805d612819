//! The report as Markdown, for a ticket or a pull request: no plots, but all that they say.

use std::fmt::Write as _;

use super::views;
use crate::output::html::when;
use crate::output::plots::bars::Bars;
use crate::output::plots::numbers::{percent, short};
use crate::output::words::{number, whole};
use crate::wire::report::{FeatureDrift, MatrixReport, ReportFailure, ReportIncident, SpanReport, SuiteReport};

/// Writes it.
pub fn write(report: &SpanReport) -> String {
    let mut out = String::new();
    let sum = &report.summary;
    let _ = writeln!(out, "# {}\n\n{}\n", safe(&views::title(report)), safe(&views::span(report)));
    let _ = writeln!(out, "**{} {}**\n", views::mark(&report.status), views::verdict(report));
    let _ = writeln!(out, "| records | failed | warned | windows not passed | fields drifted | incidents open |");
    let _ = writeln!(out, "|---:|---:|---:|---:|---:|---:|");
    let _ = writeln!(
        out,
        "| {} | {} | {} | {} of {} | {} of {} | {} of {} |",
        number(sum.records),
        number(sum.failed),
        number(sum.warned),
        number(sum.windows_not_passed),
        number(sum.windows),
        sum.fields_drifted,
        sum.fields_tested,
        sum.incidents_open,
        sum.incidents
    );
    failures(report, &mut out);
    let _ = writeln!(out, "\n## Incidents\n");
    if report.incidents.is_empty() {
        let _ = writeln!(out, "No trigger had an incident in this span.");
    }
    report.incidents.iter().for_each(|it| incident(it, &mut out));
    if report.has_more_incidents {
        let _ = writeln!(out, "\nThere are more.");
    }
    report.suites.iter().for_each(|it| suite(it, &mut out));
    let _ = writeln!(out, "\n## What is missing\n");
    for it in &report.missing {
        let _ = writeln!(out, "- {}", safe(it));
    }
    for it in &report.suites {
        for why in &it.missing {
            let _ = writeln!(out, "- {}: {}", safe(&it.name), safe(why));
        }
    }
    if !report.suites_left_out.is_empty() {
        let _ = writeln!(out, "- {} more suites are counted, but not told apart", report.suites_left_out.len());
    }
    let _ = writeln!(out, "\nMade at {} UTC by Driftline {}.", when(&report.made_at), safe(&report.driftline_version));
    out
}

fn failures(report: &SpanReport, out: &mut String) {
    let _ = writeln!(out, "\n## What failed\n");
    if report.failures.is_empty() {
        let _ = writeln!(out, "Nothing.");
        return;
    }
    let _ = writeln!(
        out,
        "| severity | suite | expectation | how often | when | what it said |\n|---|---|---|---|---|---|"
    );
    for it in &report.failures {
        let _ = writeln!(
            out,
            "| {} {} | {} | {} | {} | {} | {} |",
            views::mark(&it.severity),
            safe(&it.severity),
            safe(&it.suite),
            safe(&it.check),
            safe(&views::of_windows(it)),
            views::times(it).unwrap_or_default(),
            safe(said(it))
        );
    }
    if report.failures_left_out > 0 {
        let _ = writeln!(out, "\n{} more did not hold.", number(report.failures_left_out));
    }
}

fn said(it: &ReportFailure) -> &str {
    let messages = it.examples.iter().map(|it| &it.message).chain(it.failed_records.iter().map(|it| &it.message));
    messages.map(String::as_str).find(|it| !it.is_empty()).unwrap_or_default()
}

fn incident(it: &ReportIncident, out: &mut String) {
    let _ = writeln!(
        out,
        "- **{}** ({}) {}: {}",
        safe(&it.suite),
        safe(&it.severity),
        safe(&views::incident(it)),
        safe(&it.reason)
    );
    for line in &it.diagnosis {
        let _ = writeln!(out, "  - {}", safe(line));
    }
    let _ = writeln!(out, "  - `driftline diagnose {}`", it.id);
}

fn suite(it: &SuiteReport, out: &mut String) {
    let hash = it.hash.as_deref().map_or_else(|| "not active".to_owned(), |it| format!("version {}", views::brief(it)));
    let _ = writeln!(out, "\n## {}\n", safe(&it.name));
    let _ = write!(
        out,
        "{} records, {} failed, {} warned; {hash}",
        number(it.records),
        number(it.failed),
        number(it.warned)
    );
    let _ = writeln!(out, "; baseline: {}.", safe(it.baseline.as_deref().unwrap_or("none by name")));
    if let Some(labels) = &it.labels {
        let _ = writeln!(out, "\nLabels: {}.", views::coverage(labels));
    }
    if !it.quality.is_empty() {
        let _ = writeln!(out, "\n| metric | whole span | expected | over time |\n|---|---|---|---|");
        for of in &it.quality {
            let together = views::together(of).unwrap_or_default();
            let _ = writeln!(
                out,
                "| {} | {together} | {} | {} |",
                safe(&of.check),
                safe(&of.bound),
                safe(&views::course(of))
            );
        }
    }
    it.confusion.iter().for_each(|it| matrix(it, out));
    if let Some(table) = &it.reliability {
        let _ = writeln!(out, "\n| score | right | records |\n|---:|---:|---:|");
        for bin in &table.bins {
            let _ = writeln!(out, "| {} | {} | {} |", short(bin.predicted), percent(bin.observed), number(bin.n));
        }
    }
    if !it.features.is_empty() {
        let _ = writeln!(out, "\n| field | drift | test | what has changed |\n|---|---|---|---|");
        it.features.iter().for_each(|it| feature(it, out));
        if it.features_left_out > 0 {
            let _ = writeln!(out, "\n{} more fields.", it.features_left_out);
        }
    }
    if !it.sources.is_empty() {
        let _ =
            writeln!(out, "\n| source | model | version | records | failed | warned |\n|---|---|---|---:|---:|---:|");
        for of in &it.sources {
            let text = |it: &Option<String>| it.as_deref().map(safe).unwrap_or_default();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                safe(&of.source),
                text(&of.model),
                text(&of.version),
                number(of.records),
                number(of.failed),
                number(of.warned)
            );
        }
    }
}

fn feature(it: &FeatureDrift, out: &mut String) {
    let moved = it.effect.clone().or_else(|| it.plot.as_ref().and_then(Bars::moved_most)).unwrap_or_default();
    let missing = views::missing(it).map_or_else(String::new, |it| format!("; {it}"));
    let _ = writeln!(
        out,
        "| {} | {} {} | {} | {}{missing} |",
        safe(&it.field),
        views::mark(&it.status),
        safe(&views::drifted(it)),
        safe(&views::tested(it).unwrap_or_default()),
        safe(&moved)
    );
}

fn matrix(it: &MatrixReport, out: &mut String) {
    let label = |it: &serde_json::Value| safe(it.as_str().unwrap_or(&it.to_string()));
    let names: Vec<String> = it.labels.iter().map(label).collect();
    let _ = writeln!(out, "\n| true \\ predicted | {} |\n|---|{}", names.join(" | "), "---:|".repeat(names.len()));
    for (name, row) in names.iter().zip(&it.rows) {
        let cells: Vec<String> = row.iter().map(|it| number(*it)).collect();
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
}

/// Text from data, in which Markdown and HTML see nothing but text.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = whole(text);
    // What looks like an address would become a link.
    let text = text.replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.");
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(it);
            }
            '\u{200b}' => out.push_str("&#8203;"),
            '@' => out.push_str("&#64;"),
            it => out.push(it),
        }
    }
    out
}
