//! What metrics and their labels may be called, so that Prometheus takes them.

use crate::family::FamilyType;

/// Names that the host's own metrics begin with.
const OWN: [&str; 2] = ["driftline_", "process_"];
/// Series that Prometheus makes itself, of each target and of its alerts.
const PROMETHEUS: [&str; 3] = ["up", "ALERTS", "ALERTS_FOR_STATE"];
/// What its other series of targets begin with.
const SCRAPE: &str = "scrape_";
/// Labels that mean something to Prometheus.
const LABELS: [&str; 2] = ["le", "quantile"];

fn is_name(text: &str) -> bool {
    let mut all = text.bytes();
    all.next().is_some_and(|it| it.is_ascii_alphabetic() || it == b'_')
        && all.all(|it| it.is_ascii_alphanumeric() || it == b'_')
}

/// Why a family of a kind cannot have this name, and the mend.
pub(super) fn why_not(name: &str, kind: FamilyType) -> Option<(String, String)> {
    if !is_name(name) {
        let fixed: String =
            name.chars().map(|it| if it.is_ascii_alphanumeric() || it == '_' { it } else { '_' }).collect();
        let fixed = if fixed.starts_with(|it: char| it.is_ascii_digit()) { format!("_{fixed}") } else { fixed };
        let hint = if fixed.is_empty() { "letters, digits and `_`".to_owned() } else { format!("`{fixed}` is one") };
        let colon = if name.contains(':') { "; `:` is for Prometheus' recording rules" } else { "" };
        return Some((format!("`{name}` is no name of a metric{colon}"), hint));
    }
    if let Some(own) = OWN.iter().find(|it| name.starts_with(*it)) {
        return Some((format!("metrics of the host itself begin with `{own}`"), "another name".to_owned()));
    }
    if PROMETHEUS.contains(&name) || name.starts_with(SCRAPE) {
        return Some((format!("`{name}` is a series that Prometheus makes itself"), "another name".to_owned()));
    }
    if let "_total" | "_info" = name {
        return Some((
            format!("`{name}` is the end of a name, and nothing stands before it"),
            format!("`requests{name}`"),
        ));
    }
    if name.len() > 200 {
        return Some(("the name is longer than 200 characters".to_owned(), "a shorter one".to_owned()));
    }
    let is_total = name.ends_with("_total");
    if kind == FamilyType::Counter && !is_total {
        return Some(("the name of a counter ends in `_total`".to_owned(), format!("`{name}_total`")));
    }
    if kind != FamilyType::Counter && is_total {
        let hint = "a sum that only grows is a `counter`".to_owned();
        return Some((format!("`_total` ends the names of counters, and this is a {}", kind.name()), hint));
    }
    if name.ends_with("_bucket") {
        let hint = name.trim_end_matches("_bucket");
        let hint = format!("`{hint}`: a histogram gets `_bucket`, `_sum` and `_count` by itself");
        return Some(("`_bucket` ends the names of a histogram's own series".to_owned(), hint));
    }
    None
}

/// Why a label cannot have this name, and the mend.
pub(super) fn why_no_label(name: &str) -> Option<(String, String)> {
    if !is_name(name) {
        return Some((format!("`{name}` is no name of a label"), "letters, digits and `_`".to_owned()));
    }
    if name.starts_with("__") {
        return Some(("names of labels that begin with `__` are Prometheus' own".to_owned(), String::new()));
    }
    if LABELS.contains(&name) {
        return Some((
            format!("the label `{name}` is what Prometheus divides histograms and summaries by"),
            "another name".to_owned(),
        ));
    }
    None
}

/// The names of the series of a family as Prometheus has them, which those of no other may be.
pub fn exposed(name: &str, kind: FamilyType) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    match kind {
        FamilyType::Histogram => {
            names.extend(["_bucket", "_sum", "_count", "_created"].map(|it| format!("{name}{it}")));
        }
        // OpenMetrics calls the family by its name without the suffix, and may have the time when it began beside it.
        FamilyType::Counter => {
            names.extend(
                name.strip_suffix("_total").into_iter().flat_map(|it| [it.to_owned(), format!("{it}_created")]),
            );
        }
        FamilyType::Gauge | FamilyType::Info => {}
    }
    names
}
