//! Sizes and spans of time as people write them: `64MiB`, `200ms`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A number of bytes, never zero: `64MiB`, `1GB`, or a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

/// A span of time, never zero, to the millisecond: `200ms`, `5s`, `1h`, `90d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

/// The units, the largest first; of two that a size is a multiple of, the first is written.
const SIZES: [(&str, u64); 10] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
];
const SPANS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// What sums of a few may reach without an overflow.
const MAX_SIZE: u64 = 1 << 63;
const MAX_SPAN: u64 = 10_000_000_000_000;

/// The largest plain number of bytes, which has 18 digits.
const MAX_BYTES: u64 = 999_999_999_999_999_999;

/// What the parsers take, for JSON Schema: the number of digits keeps each unit below its bound.
const SIZE_PATTERN: &str =
    "^[1-9]([0-9]{0,17}B?|[0-9]{0,14}(kB|KB|KiB)|[0-9]{0,11}(MB|MiB)|[0-9]{0,8}(GB|GiB)|[0-9]{0,5}(TB|TiB))$";
const SPAN_PATTERN: &str = "^[1-9]([0-9]{0,11}ms|[0-9]{0,8}s|[0-9]{0,7}m|[0-9]{0,5}h|[0-9]{0,4}d)$";

impl Size {
    /// That many times 2^20 bytes.
    pub const fn mib(n: u64) -> Self {
        Size(n << 20)
    }

    /// That many times 2^30 bytes.
    pub const fn gib(n: u64) -> Self {
        Size(n << 30)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The number of bytes, or as many as memory could hold.
    pub fn in_memory(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Span {
    /// That many milliseconds.
    pub const fn millis(n: u64) -> Self {
        Span(n)
    }

    /// That many seconds.
    pub const fn seconds(n: u64) -> Self {
        Span(n * 1_000)
    }

    /// That many hours.
    pub const fn hours(n: u64) -> Self {
        Span(n * 3_600_000)
    }

    /// That many days.
    pub const fn days(n: u64) -> Self {
        Span(n * 86_400_000)
    }

    /// The span as the standard library has it.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// Days, a part of a day as a whole one.
    pub fn in_days(self) -> u32 {
        u32::try_from(self.0.div_ceil(86_400_000)).unwrap_or(u32::MAX)
    }

    /// Hours, a part of an hour as a whole one.
    pub fn in_hours(self) -> u32 {
        u32::try_from(self.0.div_ceil(3_600_000)).unwrap_or(u32::MAX)
    }
}

fn parse(text: &str, units: &[(&str, u64)], max: u64) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = units.iter().find(|it| it.0 == unit)?.1;
    let value = number.parse::<u64>().ok()?.checked_mul(factor)?;
    (!number.starts_with('0') && value < max).then_some(value)
}

fn write(f: &mut fmt::Formatter, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    let whole = units.iter().find(|it| value.is_multiple_of(it.1)).copied();
    let (unit, factor) = whole.unwrap_or(("", 1));
    write!(f, "{}{unit}", value / factor)
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = parse(text, &[("", 1)], MAX_SIZE).or_else(|| parse(text, &SIZES, MAX_SIZE));
        plain.map(Size).ok_or(SIZE_EXPECTED)
    }
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text, &SPANS, MAX_SPAN).map(Span).ok_or(SPAN_EXPECTED)
    }
}

const SIZE_EXPECTED: &str = "a size such as `64MiB` or `1GB`, or a number of bytes";
const SPAN_EXPECTED: &str = "a span such as `200ms`, `5s`, `10m`, `1h` or `90d`";

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write(f, self.0, &SIZES)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write(f, self.0, &SPANS)
    }
}

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(SIZE_EXPECTED)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Size, E> {
        let fits = (1..=MAX_BYTES).contains(&value);
        if fits { Ok(Size(value)) } else { Err(E::invalid_value(de::Unexpected::Unsigned(value), &self)) }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
        text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|expected| de::Error::invalid_value(de::Unexpected::Str(&text), &expected))
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "pattern": SIZE_PATTERN,
            "minimum": 1,
            "maximum": MAX_BYTES,
            "x-expected": SIZE_EXPECTED,
        })
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": SPAN_PATTERN, "x-expected": SPAN_EXPECTED })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;
    use serde_json::json;

    proptest! {
        #[test]
        fn sizes_are_read_as_they_are_written(n in 1..=MAX_BYTES, shift in 0..60u32) {
            let size = Size((n >> shift).max(1));
            let text = size.to_string();
            prop_assert_eq!(text.parse(), Ok(size));
            prop_assert!(Regex::new(SIZE_PATTERN).unwrap().is_match(&text));
            prop_assert_eq!(serde_json::from_value::<Size>(json!(text)).ok(), Some(size));
            prop_assert_eq!(serde_json::from_value::<Size>(json!(size.0)).ok(), Some(size));
        }

        #[test]
        fn spans_are_read_as_they_are_written(n in 1..1_000_000_000_000u64, unit in 0..5usize) {
            let unit = SPANS[unit].1;
            let span = Span((n / unit).max(1) * unit);
            let text = span.to_string();
            prop_assert_eq!(text.parse(), Ok(span));
            prop_assert!(Regex::new(SPAN_PATTERN).unwrap().is_match(&text));
            prop_assert_eq!(serde_json::from_value::<Span>(json!(text)).ok(), Some(span));
        }

        #[test]
        fn what_the_pattern_takes_is_parsed(text in "[1-9][0-9]{0,19}(B|kB|KB|KiB|kiB|MB|MiB|GB|GiB|TB|TiB|ms|s|m|h|d| |X)?") {
            if Regex::new(SIZE_PATTERN).unwrap().is_match(&text) {
                prop_assert!(text.parse::<Size>().is_ok(), "{}", text);
            }
            if Regex::new(SPAN_PATTERN).unwrap().is_match(&text) {
                prop_assert!(text.parse::<Span>().is_ok(), "{}", text);
            }
        }
    }

    #[test]
    fn units_mean_what_they_say() {
        for (text, bytes) in
            [("1", 1), ("7B", 7), ("2kB", 2_000), ("2KB", 2_000), ("2KiB", 2_048), ("1GB", 1_000_000_000)]
        {
            assert_eq!(text.parse::<Size>().map(Size::bytes), Ok(bytes), "{text}");
        }
        for (text, millis) in [("1ms", 1), ("1s", 1_000), ("90m", 5_400_000), ("1h", 3_600_000), ("2d", 172_800_000)] {
            assert_eq!(text.parse::<Span>().map(|it| it.duration().as_millis()), Ok(millis), "{text}");
        }
        for text in ["", "0", "0B", "-1", "1.5GiB", "1 GiB", "64M", "MiB", "99999999999999999999", "99999999999TiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        for text in ["", "0s", "5", "1h30m", "1.5s", "5 s", "1w", "99999999999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert_eq!((Size(1 << 30).to_string(), Size(1_000).to_string()), ("1GiB".to_owned(), "1kB".to_owned()));
        assert_eq!((Span(90_000).to_string(), Span(1_500).to_string()), ("90s".to_owned(), "1500ms".to_owned()));
        assert_eq!((Span::hours(25).in_days(), Span::millis(1).in_hours()), (2, 1));
    }
}
