//! What runs the model: silence, and how many records come. Fields that tell of latency and errors are known by name.

use super::words::{get, short};
use super::{Case, Category, Hypothesis};

/// Which change of a field means that something runs worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// A rise.
    Higher,
    /// Any.
    Either,
}

const LATENCY: &[&str] = &["latency", "duration", "elapsed", "timeout", "timeouts", "lag"];
const ERRORS: &[&str] = &["error", "errors", "exception", "exceptions", "retries"];

/// Whether a field tells of how the service runs, by the words of its name: `latency_ms`, `responseDuration`,
/// `http_status`.
pub(super) fn runs(field: &str) -> Option<(&'static str, Runs)> {
    let mut words = vec![String::new()];
    for it in field.chars() {
        if !it.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let follows_small = words.last().and_then(|it| it.chars().last()).is_some_and(char::is_lowercase);
        if it.is_uppercase() && follows_small {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut() {
            last.extend(it.to_lowercase());
        }
    }
    let has = |all: &[&str]| words.iter().any(|it| all.contains(&it.as_str()));
    let pair = |a: &str, b: &str| words.windows(2).any(|it| it[0] == a && it[1] == b);
    match () {
        () if has(LATENCY) || pair("response", "time") => Some(("latency", Runs::Higher)),
        () if has(ERRORS) => Some(("errors", Runs::Higher)),
        () if pair("http", "status") || pair("status", "code") || field == "status" => Some(("errors", Runs::Either)),
        () => None,
    }
}

/// Records that stay away, or that are too many.
pub(super) fn find(case: &Case) -> Vec<Hypothesis> {
    let Some([before, now]) = case.input.volume else { return Vec::new() };
    let rate = |it: super::Volume| it.records as f64 / it.seconds;
    let ratio = rate(now) / rate(before);
    if before.records < 100 || !ratio.is_finite() || (0.5..=2.0).contains(&ratio) {
        return Vec::new();
    }
    // Ten times as many, or a tenth, is the most that is told apart.
    let effect = (ratio.max(1e-9).log10().abs()).min(1.0);
    let mut it = Hypothesis::new((Category::Infrastructure, "volume", "records"), effect, None);
    it.evidence.push(format!(
        "records per minute: {} -> {}, {} times as many",
        short(60.0 * rate(before)),
        short(60.0 * rate(now)),
        short(ratio)
    ));
    it.number("ratio", ratio);
    it.verify.push(get(case.input, "/v1/windows", &[("segment", &case.input.segment)]));
    vec![it]
}
