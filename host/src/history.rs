//! What people write for times when they ask for the past.

use driftline_rules::suite::Length;
use driftline_rules::time::Time;

use crate::store::rows::Micros;

/// The start of the year 1: no database goes back further with the calendar that all have in common.
const YEAR_ONE: Micros = -62_135_596_800_000_000;

/// A time (RFC 3339, a date), or a span before `now`: `90s`, `15m`, `24h`, `7d`.
pub fn time(text: &str, now: Micros) -> Option<Micros> {
    let text = text.trim();
    if let Some((at, unit)) = text.char_indices().last()
        && let Ok(number) = text.get(..at)?.parse::<u32>()
    {
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        let span = i64::from(number).checked_mul(seconds * 1_000_000)?;
        return now.checked_sub(span).filter(|it| *it >= YEAR_ONE);
    }
    Time::parse(text).map(|it| it.micros)
}

/// A value as rows hold it: JSON as it is, and anything else a text.
pub fn as_json(text: &str) -> String {
    let value = serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::from(text));
    value.to_string()
}

/// What a length of windows is called: `60m` is `1h`, and a sliding one is `1h/5m`.
pub fn length(text: &str) -> String {
    let part = |it: &str| Length::parse(it.trim()).map_or_else(|| it.to_owned(), |it| it.to_string());
    text.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_one_name() {
        for (asked, name) in
            [("60m", "1h"), ("7d", "1w"), ("60m/300s", "1h/5m"), ("month", "month"), ("silence", "silence")]
        {
            assert_eq!(length(asked), name);
        }
    }

    #[test]
    fn a_time_or_a_span_before_now() {
        assert_eq!(time("2h", 10_000_000_000), Some(2_800_000_000));
        for far in ["100000w", "7000000w", "4294967295w", "4294967295d"] {
            assert_eq!(
                time(far, 10_000_000_000),
                (far == "100000w").then_some(10_000_000_000 - 100_000 * 604_800_000_000)
            );
        }
        assert_eq!(time("1970-01-01T00:00:01Z", 0), Some(1_000_000));
        assert_eq!(time("1970-01-02", 0), Some(86_400_000_000));
        for bad in ["", "h", "2y", "-2h", "soon", "é"] {
            assert_eq!(time(bad, 0), None, "{bad}");
        }
    }
}
