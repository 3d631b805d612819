//! Numbers, values and results in words, for the formats that people read.

use driftline_rules::plan::Expectation;
use driftline_rules::report::{Counts, Status};
use driftline_rules::run::Finding;
use driftline_rules::value::Value;

use super::json_value::to_line;

/// The longest value or excerpt in characters.
const LONGEST: usize = 80;

/// `10,000`.
pub fn number(it: u64) -> String {
    let digits = it.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 record`, `2 records`.
pub fn counted(it: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(it), if it == 1 { "" } else { "s" })
}

/// `4.1 %`; never rounded to nothing or to all when it is not.
pub fn share(part: u64, of: u64) -> String {
    let percent = if of == 0 { 0.0 } else { part as f64 / of as f64 * 100.0 };
    match percent {
        _ if part == 0 => "0 %".to_owned(),
        _ if part == of => "100 %".to_owned(),
        it if it < 0.01 => "under 0.01 %".to_owned(),
        it if it < 1.0 => format!("{it:.2} %"),
        it if it >= 99.95 => "over 99.9 %".to_owned(),
        it => format!("{it:.1} %"),
    }
}

/// Text from data, safe for a terminal: control characters are written out, and what is long is cut.
pub fn plain(text: &str) -> String {
    let mut shown = String::new();
    for (i, it) in text.chars().enumerate() {
        if i == LONGEST {
            shown.push('…');
            break;
        }
        push_safe(&mut shown, it);
    }
    shown
}

/// The whole of a text, with control characters written out.
pub fn whole(text: &str) -> String {
    let mut shown = String::new();
    text.chars().for_each(|it| push_safe(&mut shown, it));
    shown
}

fn push_safe(shown: &mut String, it: char) {
    // Marks that turn the direction of text make a line lie about what it holds.
    let turns = matches!(it, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if it.is_control() || turns {
        shown.extend(it.escape_default());
    } else {
        shown.push(it);
    }
}

/// A value as JSON in one line, cut when it is long.
pub fn value(it: &Value) -> String {
    // The text of a huge value is not built for the sake of its beginning.
    match it {
        Value::Str(text) if text.len() > 8 * LONGEST => {
            let beginning: String = text.chars().take(2 * LONGEST).collect();
            plain(&to_line(&Value::Str(beginning.into())))
        }
        it => plain(&to_line(it)),
    }
}

/// Records that were judged: those with a value.
pub fn judged(counts: Counts) -> u64 {
    counts.elements.saturating_sub(counts.missing.unwrap_or(0))
}

/// `412 of 10,000 records (4.1 %)`; `None` for what does not count records.
pub fn failed_of(finding: &Finding) -> Option<String> {
    let counts = finding.judgement.counts?;
    let judged = judged(counts);
    let records = if judged == 1 { "record" } else { "records" };
    let share = share(counts.unexpected, judged);
    Some(format!("{} of {} {records} ({share})", number(counts.unexpected), number(judged)))
}

/// `20 without a value`; `None` when there are none such.
pub fn missing(finding: &Finding) -> Option<String> {
    let missing = finding.judgement.counts?.missing.filter(|it| *it > 0)?;
    Some(format!("{} without a value", number(missing)))
}

/// The bound with `mostly`: `between 0 and 1, for at least 95 % of records`.
pub fn bound(expectation: &Expectation, finding: &Finding) -> Option<String> {
    let bound = whole(&finding.judgement.bound);
    let mostly = (expectation.mostly < 1.0).then(|| {
        // Shortest digits: 0.99 becomes 99, not 99.00000000000001.
        let percent = (expectation.mostly * 1e12).round() / 1e10;
        format!("for at least {percent} % of records")
    });
    let parts: Vec<String> = [Some(bound).filter(|it| !it.is_empty()), mostly].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The observed value, when there is one, with the error of a sketch.
pub fn observed(finding: &Finding) -> Option<String> {
    let judgement = &finding.judgement;
    if matches!(judgement.observed, Value::Missing) {
        return None;
    }
    let about = judgement.error.map_or_else(String::new, |it| format!(" (within {} %)", significant(it * 100.0)));
    Some(format!("{}{about}", value(&judgement.observed)))
}

fn significant(it: f64) -> String {
    let rounded = format!("{it:.1e}").parse::<f64>().unwrap_or(it);
    rounded.to_string()
}

/// What an expectation is called where those of segments stand beside it: `score between [region=eu]`.
pub fn titled(expectation: &Expectation, segment: Option<&str>) -> String {
    match segment {
        Some(segment) => format!("{} [{segment}]", expectation.title()),
        None => expectation.title(),
    }
}

/// What happened, in one line: what the formats for machines show as a message.
pub fn message(expectation: &Expectation, finding: &Finding) -> String {
    let judgement = &finding.judgement;
    let why = judgement.why.as_deref().map(whole);
    let mut said = match judgement.status {
        Status::Pass => "holds".to_owned(),
        Status::Skip => return why.unwrap_or_else(|| "there was nothing to judge".to_owned()),
        Status::Error => return why.unwrap_or_else(|| "could not be evaluated".to_owned()),
        Status::Fail => failed_of(finding).map_or_else(|| "does not hold".to_owned(), |it| format!("{it} failed")),
    };
    let parts = [
        missing(finding),
        bound(expectation, finding).map(|it| format!("expected {it}")),
        expectation.when.as_deref().map(|it| format!("when {}", whole(it))),
        observed(finding).map(|it| format!("observed {it}")),
        why,
    ];
    for part in parts.into_iter().flatten() {
        said.push_str("; ");
        said.push_str(&part);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_to_all() {
        let shares = [(0, 9), (412, 10_000), (1, 1_000_000), (999_999, 1_000_000), (9, 9), (5, 1_000), (0, 0)];
        let said = shares.map(|(part, of)| share(part, of));
        assert_eq!(said, ["0 %", "4.1 %", "under 0.01 %", "over 99.9 %", "100 %", "0.50 %", "0 %"]);
    }

    #[test]
    fn text_from_data_cannot_speak_to_the_terminal() {
        assert_eq!(plain("a\u{1b}[2J\u{9b}m\u{202e}b"), "a\\u{1b}[2J\\u{9b}m\\u{202e}b");
    }

    #[test]
    fn a_long_value_is_cut() {
        let shown = value(&Value::Str("ä".repeat(10_000).into()));
        assert_eq!(shown.chars().count(), LONGEST + 1);
        assert!(shown.ends_with('…'));
    }
}
