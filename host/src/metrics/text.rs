//! Families as text, in both formats that Prometheus reads: its own, 0.0.4, and `OpenMetrics` 1.0.
//!
//! The encoder is our own. The two well-kept ones of crates.io have one format each (`prometheus-client` `OpenMetrics`,
//! `prometheus` the older one) and each wants its own registry filled; families whose names, labels and help are known
//! only at run time, with exemplars, would be copied into both. What is written here is small, and two others judge it:
//! `promtool` and the parsers of Python's `prometheus_client`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use driftline_rules::family::{Exemplar, Family, FamilyType, Histogram, Sample, Series};

/// A format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4.
    Classic,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

impl Format {
    /// The type of the body.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// All families, by name, series by their labels. Of families of one name the first is told; one without series is not.
/// A counter that is no number from 0 on is left out, as both formats want it.
pub fn encode(families: &[Family], format: Format) -> String {
    let mut sorted: Vec<_> = families.iter().filter(|it| !it.series.is_empty()).collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted.dedup_by(|a, b| a.name == b.name);
    // In OpenMetrics a counter and an info go by their name without its end, which another family may have.
    let mut taken: BTreeSet<&str> = sorted.iter().map(|it| it.name.as_str()).collect();
    let series: usize = sorted.iter().map(|it| it.series.len()).sum();
    let mut out = String::with_capacity(series * 120 + sorted.len() * 200);
    for family in sorted {
        let end = match (format, family.kind) {
            (Format::OpenMetrics, FamilyType::Counter) => "_total",
            (Format::OpenMetrics, FamilyType::Info) => "_info",
            _ => "",
        };
        let stem = family.name.strip_suffix(end);
        let stem = stem.filter(|it| !it.is_empty() && (end.is_empty() || taken.insert(it)));
        let kind = match (format, stem, family.kind) {
            (Format::Classic, _, FamilyType::Info) => "gauge",
            (Format::Classic, ..) | (_, Some(_), _) => family.kind.name(),
            // What has not the name of its type cannot be told to be of it.
            (_, None, FamilyType::Info) => "gauge",
            (_, None, _) => "unknown",
        };
        let name = stem.unwrap_or(&family.name);
        let _ = write!(out, "# HELP {name} ");
        escape(&mut out, &family.help, format == Format::OpenMetrics);
        let _ = writeln!(out, "\n# TYPE {name} {kind}");
        let mut all: Vec<_> = family.series.iter().collect();
        all.sort_by(|a, b| a.labels.cmp(&b.labels));
        all.dedup_by(|a, b| a.labels == b.labels);
        for series in all {
            write_series(&mut out, family, series, (format, kind));
        }
    }
    if format == Format::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}

fn write_series(out: &mut String, family: &Family, Series { labels, sample }: &Series, (format, kind): (Format, &str)) {
    match sample {
        Sample::Number(value, exemplar) => {
            let is_count = family.kind == FamilyType::Counter;
            if is_count && !(value.is_finite() && *value >= 0.0) {
                return;
            }
            line(out, &family.name, "", labels, None, |out| number(out, *value));
            // Nothing else may have one.
            note(out, exemplar.as_ref().filter(|_| kind == FamilyType::Counter.name()), format);
        }
        Sample::Histogram(it) => write_histogram(out, &family.name, labels, it, format),
    }
}

fn write_histogram(out: &mut String, name: &str, labels: &[(String, String)], it: &Histogram, format: Format) {
    let mut sum = 0;
    let counts = it.counts.iter().copied().chain(std::iter::repeat(0));
    for (n, count) in counts.take(it.bounds.len() + 1).enumerate() {
        sum += count;
        let bound = it.bounds.get(n).map_or_else(|| "+Inf".to_owned(), |it| canonical(*it));
        line(out, name, "_bucket", labels, Some(&bound), |out| number(out, sum as f64));
        note(out, it.exemplars.get(n).and_then(Option::as_ref), format);
    }
    // A sum that may fall is none in OpenMetrics, and then there is no count either.
    let falls = it.bounds.first().is_some_and(|it| *it < 0.0) || it.sum.is_nan() || it.sum < 0.0;
    if format == Format::OpenMetrics && falls {
        return;
    }
    line(out, name, "_sum", labels, None, |out| number(out, it.sum));
    out.push('\n');
    line(out, name, "_count", labels, None, |out| number(out, sum as f64));
    out.push('\n');
}

fn line(
    out: &mut String,
    name: &str,
    end: &str,
    labels: &[(String, String)],
    bound: Option<&str>,
    value: impl FnOnce(&mut String),
) {
    out.push_str(name);
    out.push_str(end);
    let mut between = '{';
    let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in labels.chain(bound.map(|it| ("le", it))) {
        out.push(between);
        out.push_str(name);
        out.push_str("=\"");
        escape(out, value, true);
        out.push('"');
        between = ',';
    }
    if between == ',' {
        out.push('}');
    }
    out.push(' ');
    value(out);
}

/// Ends a line, with the exemplar where the format has any.
fn note(out: &mut String, exemplar: Option<&Exemplar>, format: Format) {
    if let Some(Exemplar { trace_id, value, at }) = exemplar.filter(|_| format == Format::OpenMetrics) {
        out.push_str(" # {trace_id=\"");
        escape(out, trace_id, true);
        out.push_str("\"} ");
        number(out, *value);
        let _ = write!(out, " {}.{:06}", at.div_euclid(1_000_000), at.rem_euclid(1_000_000));
    }
    out.push('\n');
}

fn escape(out: &mut String, text: &str, quotes: bool) {
    let mut rest = text;
    // Most texts have nothing to escape.
    while let Some(at) = rest.find(|it| matches!(it, '\\' | '\n') || quotes && it == '"') {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let mut chars = found.chars();
        match chars.next() {
            Some('\n') => out.push_str("\\n"),
            Some('"') => out.push_str("\\\""),
            _ => out.push_str("\\\\"),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// Whole numbers without a point, since most are; others so that they are read back as they were.
fn number(out: &mut String, it: f64) {
    let _ = if it.is_nan() {
        write!(out, "NaN")
    } else if it.is_infinite() {
        write!(out, "{}Inf", if it > 0.0 { '+' } else { '-' })
    } else if it.fract() == 0.0 && it.abs() < 1e15 {
        write!(out, "{}", it as i64)
    } else {
        write!(out, "{it:?}")
    };
}

/// A bound as `OpenMetrics` wants it, which is how Go writes floats, with a point: `0.005`, `1.0`, `1e+06`. Both formats
/// say it so, or the series would have another name with each.
pub fn canonical(it: f64) -> String {
    let text = format!("{it:e}");
    let Some((digits, exponent)) = text.split_once('e').and_then(|(a, b)| Some((a, b.parse::<i32>().ok()?))) else {
        return text;
    };
    if (-4..6).contains(&exponent) {
        return format!("{it:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
