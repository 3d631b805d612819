//! Dates and times: what a suite's `types:` block and Parquet's timestamps become.

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// Microseconds since 1970-01-01T00:00:00Z: the engine's only clock reading, always given from outside.
pub type Timestamp = i64;

/// The seconds of a length of time such as `90s`, `15m`, `6h` or `7d`; a bare number is seconds.
pub fn seconds(text: &str) -> Option<f64> {
    let cut = text.find(|it: char| it.is_ascii_alphabetic()).unwrap_or(text.len());
    let (amount, unit) = text.split_at(cut);
    let unit = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return None,
    };
    amount.trim().parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0).map(|it| it * unit)
}

/// A calendar date, or an instant with or without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    /// Microseconds since 1970-01-01T00:00:00, in UTC when there is a zone, else on the local clock.
    pub micros: i64,
    /// What was written.
    pub zone: Zone,
}

/// How a time was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// A date without a time of day.
    Date,
    /// A date and time without an offset.
    Local,
    /// A date and time with its offset from UTC in minutes.
    Offset(i16),
}

impl Time {
    /// The name of the type in messages.
    pub const fn type_name(self) -> &'static str {
        match self.zone {
            Zone::Date => "date",
            Zone::Local | Zone::Offset(_) => "datetime",
        }
    }

    /// Order in time; a time without a zone is taken as UTC when it meets one with a zone.
    pub fn compare(&self, other: &Time) -> Option<Ordering> {
        Some(self.micros.cmp(&other.micros))
    }

    /// Bytes that are equal for equal instants.
    pub fn key_into(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.micros.to_le_bytes());
    }

    /// A date from its day number since 1970-01-01.
    pub const fn from_days(days: i64) -> Self {
        Time { micros: days.saturating_mul(86_400_000_000), zone: Zone::Date }
    }

    /// Reads ISO 8601 / RFC 3339: `2024-05-01`, `2024-05-01T12:30`, `2024-05-01 12:30:00.250+02:00`, `...Z`.
    /// `None` when the text is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, rest) = text.split_at_checked(10)?;
        let bytes = date.as_bytes();
        if bytes[4] != b'-'
            || bytes[7] != b'-'
            || bytes.iter().enumerate().any(|(i, b)| i != 4 && i != 7 && !b.is_ascii_digit())
        {
            return None;
        }
        let digit = |i: usize| u32::from(bytes[i] - b'0');
        let date = NaiveDate::from_ymd_opt(
            (digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3)) as i32,
            digit(5) * 10 + digit(6),
            digit(8) * 10 + digit(9),
        )?;
        if rest.is_empty() {
            return Some(Time::new(date.and_time(NaiveTime::MIN), Zone::Date));
        }
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let cut = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
        let (clock, zone) = rest.split_at(cut);
        let time = parse_clock(clock.trim_end())?;
        let local = date.and_time(time);
        match zone {
            "" => Some(Time::new(local, Zone::Local)),
            "Z" | "z" => Some(Time::new(local, Zone::Offset(0))),
            _ => {
                let minutes = parse_offset(zone)?;
                let utc = local.checked_sub_signed(TimeDelta::minutes(i64::from(minutes)))?;
                Some(Time::new(utc, Zone::Offset(minutes)))
            }
        }
    }

    /// From a clock reading, in UTC when `zone` has an offset.
    pub fn new(at: NaiveDateTime, zone: Zone) -> Self {
        Time { micros: at.and_utc().timestamp_micros(), zone }
    }
}

fn parse_clock(text: &str) -> Option<NaiveTime> {
    let (whole, fraction) = text.split_once(['.', ',']).map_or((text, ""), |(whole, fraction)| (whole, fraction));
    let mut parts = whole.split(':');
    let mut next = || -> Option<Option<u32>> {
        parts
            .next()
            .map_or(Some(None), |it| (it.len() == 2 && it.bytes().all(|b| b.is_ascii_digit())).then(|| it.parse().ok()))
    };
    let (hour, minute, second) = (next()??, next()?, next()?);
    if parts.next().is_some() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if !fraction.is_empty() && second.is_none() {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = digits.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    NaiveTime::from_hms_nano_opt(hour, minute?, second.unwrap_or(0), nanos)
}

fn parse_offset(text: &str) -> Option<i16> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = match text.as_bytes().get(1..)? {
        [a, b] => ([*a, *b], [b'0', b'0']),
        [a, b, c, d] | [a, b, b':', c, d] => ([*a, *b], [*c, *d]),
        _ => return None,
    };
    let number =
        |it: [u8; 2]| it.iter().all(u8::is_ascii_digit).then(|| i16::from(it[0] - b'0') * 10 + i16::from(it[1] - b'0'));
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// ISO 8601, as Python's `isoformat()` writes it.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(utc) = DateTime::from_timestamp_micros(self.micros) else {
            return write!(f, "{} microseconds since 1970", self.micros);
        };
        let fraction = if self.micros.rem_euclid(1_000_000) == 0 { "" } else { "%.6f" };
        match self.zone {
            Zone::Date => write!(f, "{}", utc.format("%Y-%m-%d")),
            Zone::Local => write!(f, "{}", utc.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}"))),
            Zone::Offset(minutes) => {
                let Some(offset) = FixedOffset::east_opt(i32::from(minutes) * 60) else { return Err(fmt::Error) };
                write!(f, "{}", utc.with_timezone(&offset).format(&format!("%Y-%m-%dT%H:%M:%S{fraction}%:z")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_text_comes_back_as_it_was_written() {
        for text in [
            "2024-05-01",
            "2024-05-01T12:30:00",
            "2024-05-01T12:30:00.250000",
            "2024-05-01T12:30:00+02:00",
            "1969-12-31T23:59:59+00:00",
        ] {
            assert_eq!(Time::parse(text).map(|it| it.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "2024-5-1",
            "2024-13-01",
            "2024-05-01T",
            "2024-05-01T25:00",
            "2024-05-01T12:00+2",
            "20240501",
            "2024-05-01T12",
            "é024-05-01",
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_is_taken_off() {
        let a = Time::parse("2024-05-01T12:00:00+02:00").map(|it| it.micros);
        let b = Time::parse("2024-05-01 10:00Z").map(|it| it.micros);
        assert!(a.is_some());
        assert_eq!(a, b);
    }
}
