//! A report in words: what HTML and Markdown say alike.

use driftline_rules::time::Time;

use crate::output::html::when;
use crate::output::plots::numbers::{percent, short};
use crate::output::words::{counted, number};
use crate::wire::report::{FeatureDrift, LabelCoverage, QualityReport, ReportFailure, ReportIncident, SpanReport};

/// The title of a report.
pub fn title(report: &SpanReport) -> String {
    match &report.suite {
        Some(suite) => format!("Report of {suite}"),
        None => "Report of all suites".to_owned(),
    }
}

/// The span in words.
pub fn span(report: &SpanReport) -> String {
    format!("{} to {} UTC", when(&report.from), when(&report.to))
}

/// How it ended, in one line.
pub fn verdict(report: &SpanReport) -> String {
    let sum = &report.summary;
    let failed = counted(sum.expectations_failed, "expectation");
    let open = match sum.incidents_open {
        0 => String::new(),
        1 => ", 1 incident is open".to_owned(),
        n => format!(", {n} incidents are open"),
    };
    match report.status.as_str() {
        "empty" => "Nothing was checked".to_owned(),
        "pass" if sum.expectations_failed == 0 => format!("Everything held{open}"),
        "pass" => format!("Nothing worse than information: {failed} did not hold{open}"),
        "warn" => format!("Warnings: {failed} did not hold{open}"),
        _ if sum.expectations_failed == 0 && sum.failed > 0 => {
            format!("Failed: {} failed a critical expectation{open}", counted(sum.failed, "record"))
        }
        _ => format!("Failed: {failed} did not hold{open}"),
    }
}

/// A mark that says the same as the colour.
pub fn mark(status: &str) -> &'static str {
    match status {
        "pass" | "stable" => "✓",
        "warn" | "warning" => "▲",
        "fail" | "critical" | "drift" | "error" => "✕",
        _ => "○",
    }
}

/// In how many windows an expectation did not hold: `failed in 4 of 12 windows of 1m, 1 of 1 of 1h`.
pub fn of_windows(it: &ReportFailure) -> String {
    let (mut failed, mut errors, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for of in &it.windows {
        let what = match (of.length.as_str(), of.judged) {
            ("", 1) => "batch".to_owned(),
            ("", _) => "batches".to_owned(),
            (length, 1) => format!("window of {length}"),
            (length, _) => format!("windows of {length}"),
        };
        for (n, into) in [(of.failed, &mut failed), (of.errors, &mut errors)] {
            if n > 0 {
                into.push(format!("{} of {} {what}", number(n), number(of.judged)));
            }
        }
    }
    for (word, all) in [("failed in", failed), ("could not be evaluated in", errors)] {
        if !all.is_empty() {
            parts.push(format!("{word} {}", all.join(" and ")));
        }
    }
    let n = it.segments.len() as u64 + it.segments_left_out;
    if n > 0 {
        let where_else = if parts.is_empty() { "did not hold in" } else { "also in" };
        parts.push(format!("{where_else} {}", counted(n, "segment")));
    }
    if let (Some(records), Some(failed)) = (it.records, it.records_failed.filter(|it| *it > 0)) {
        let share = percent(failed as f64 / records.max(1) as f64);
        parts.push(format!("{} of {} failed it ({share})", number(failed), counted(records, "record")));
    }
    parts.join("; ")
}

/// When it did not hold.
pub fn times(it: &ReportFailure) -> Option<String> {
    let (first, last) = (when(it.first.as_deref()?), when(it.last.as_deref()?));
    let day = |it: &str| it.split_once(' ').map(|it| (it.0.to_owned(), it.1.to_owned()));
    Some(match (day(&first), day(&last)) {
        _ if first == last => first,
        (Some(a), Some(b)) if a.0 == b.0 => format!("{first} to {}", b.1),
        _ => format!("{first} to {last}"),
    })
}

/// The strip of a failure, in words.
pub fn strip(it: &ReportFailure) -> String {
    let n = it.timeline.iter().filter(|it| **it > 0).count();
    let last = it.last.as_deref().map(when).unwrap_or_default();
    format!("did not hold in {n} of {} equal parts of the span, last at {last}", it.timeline.len())
}

/// How far a field drifted: `drifted in 3 of 12 windows of 1h`.
pub fn drifted(it: &FeatureDrift) -> String {
    let of = |word: &str| {
        let length = it.length.as_deref().unwrap_or_default();
        format!("{word} {} of {} of {length}", number(it.drifted), counted(it.windows, "window"))
    };
    match it.status.as_str() {
        "drift" => of("drifted in"),
        "stable" => {
            format!("no drift in {} of {}", counted(it.windows, "window"), it.length.as_deref().unwrap_or_default())
        }
        _ if it.check.is_some() => "not tested: there was nothing to compare, or too little".to_owned(),
        _ => "no test looks at it".to_owned(),
    }
}

/// What the test found: `ks 0.41 against 0.05, p = 1.2e-9`.
pub fn tested(it: &FeatureDrift) -> Option<String> {
    let test = it.test.as_deref()?;
    let statistic = it.statistic.map_or_else(String::new, |it| format!(" {}", short(it)));
    let beside = match it.p_value {
        Some(p) => format!(", p = {}", short(p)),
        None => it.threshold.map_or_else(String::new, |it| format!(" against {}", short(it))),
    };
    Some(format!("{test}{statistic}{beside}"))
}

/// How many values are missing, where that has changed or any are.
pub fn missing(it: &FeatureDrift) -> Option<String> {
    match (it.missing_before, it.missing_now) {
        // Some values are always missing; what counts is that many are, or that it has changed.
        (Some(before), Some(now)) if now >= 0.01 || (now - before).abs() >= 0.005 => {
            Some(format!("missing values: {} before, {} now", percent(before), percent(now)))
        }
        (None, Some(now)) if now >= 0.001 => Some(format!("missing values: {}", percent(now))),
        _ => None,
    }
}

/// A metric of the whole span: `0.913 (0.897 to 0.927, 1,204 records)`.
pub fn together(it: &QualityReport) -> Option<String> {
    let all = it.together.as_ref()?;
    let interval = match (all.low, all.high) {
        (Some(low), Some(high)) => format!("{} to {}, ", short(low), short(high)),
        _ => String::new(),
    };
    Some(format!("{} ({interval}{})", short(all.value), counted(all.n.unwrap_or(0), "record")))
}

/// How a metric went, in words.
pub fn course(it: &QualityReport) -> String {
    let failed = it.points.iter().filter(|it| it.status == "fail").count();
    let values = || it.points.iter().map(|it| it.value);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let n = counted(it.points.len() as u64, "window");
    if it.points.is_empty() {
        return "no window has a figure".to_owned();
    }
    format!("{n} of {}, from {} to {}; {failed} beyond the bound", it.length, short(low), short(high))
}

/// How many predictions have a label.
pub fn coverage(it: &LabelCoverage) -> String {
    let share = percent(it.labelled as f64 / it.predictions.max(1) as f64);
    format!("{} of {} have a label ({share})", number(it.labelled), counted(it.predictions, "prediction"))
}

/// An incident in one line.
pub fn incident(it: &ReportIncident) -> String {
    let of = if it.key.is_empty() { String::new() } else { format!(" ({})", it.key) };
    let until = it.closed_at.as_deref().map_or_else(|| "open".to_owned(), |it| format!("over at {}", when(it)));
    format!("{}{of}: {}, since {}, {until}", it.trigger, it.state, when(&it.opened_at))
}

/// A time of the report as a number, for an axis.
pub fn micros(time: &str) -> f64 {
    Time::parse(time).map_or(0.0, |it| it.micros as f64)
}

/// The beginning of a hash.
pub fn brief(hash: &str) -> String {
    hash.chars().take(12).collect()
}
