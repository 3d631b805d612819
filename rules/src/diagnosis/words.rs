//! Numbers, times and questions as a person reads them.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat};

use super::{Input, Span};

/// Three digits that count.
pub fn short(it: f64) -> String {
    if it == 0.0 || !it.is_finite() {
        return it.to_string();
    }
    let digits = (2 - it.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{it:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The probability of a test.
pub fn probability(p: f64) -> String {
    match p {
        p if p < 1e-300 => "p < 1e-300".to_owned(),
        p if p < 1e-4 => format!("p = {p:.1e}"),
        p => format!("p = {}", short(p)),
    }
}

/// A share in percent.
pub fn percent(it: f64) -> String {
    format!("{} %", short(100.0 * it))
}

/// A time as RFC 3339 has it.
pub fn time(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .map_or_else(String::new, |it| it.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// What may stand in a URL.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            it => {
                let _ = write!(out, "%{it:02X}");
            }
        }
    }
    out
}

/// A text as SQL has it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A question to the service about the suspect span.
pub fn get(input: &Input, path: &str, more: &[(&str, &str)]) -> String {
    let Span { from, to } = input.span;
    let mut out = format!("GET {path}?suite={}&since={}&until={}", escaped(&input.suite), time(from), time(to));
    for (name, value) in more {
        let _ = write!(out, "&{name}={}", escaped(value));
    }
    out
}

/// The question for a field's distribution.
pub fn of_field(input: &Input, field: &str) -> String {
    let segment: &[(&str, &str)] = if input.segment.is_empty() { &[] } else { &[("segment", &input.segment)] };
    get(input, &format!("/v1/features/{}/distribution", escaped(field)), segment)
}

/// The question for what was found by an expectation.
pub fn of_check(input: &Input, check: &str) -> String {
    get(input, "/v1/findings", &[("check", check), ("segment", &input.segment)])
}

/// The question in SQL for how right predictions were from the start of the reference on, by something.
pub fn by(input: &Input, what: &str) -> String {
    // As SQLite's view has times, which it compares as texts.
    let time = |it| {
        DateTime::from_timestamp_micros(it)
            .map_or_else(String::new, |it| it.to_rfc3339_opts(SecondsFormat::Millis, true))
    };
    format!(
        "SELECT {what}, at >= {} AS suspect, count(*), avg(CASE WHEN correct THEN 1.0 ELSE 0.0 END) AS right_share \
         FROM prediction_history WHERE suite = {} AND at >= {} AND at < {} AND correct IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2",
        quoted(&time(input.span.from)),
        quoted(&input.suite),
        quoted(&time(input.reference.from)),
        quoted(&time(input.span.to)),
    )
}
