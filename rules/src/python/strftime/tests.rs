#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

fn parse(text: &str, format: &str) -> Option<String> {
    Format::new(format).unwrap().parse(text).map(|it| it.to_string())
}

#[test]
fn answers_are_those_of_cpython() {
    for (text, format, expected) in CASES {
        assert_eq!(parse(text, format).as_deref(), *expected, "{text:?} as {format}");
    }
}

const CASES: &[(&str, &str, Option<&str>)] = &[
    ("2024-02-29", "%Y-%m-%d", Some("2024-02-29T00:00:00")),
    ("2023-02-29", "%Y-%m-%d", None),
    ("2024-2-9", "%Y-%m-%d", Some("2024-02-09T00:00:00")),
    ("24-02-09", "%Y-%m-%d", None),
    ("2024-02-09 ", "%Y-%m-%d", None),
    (" 2024-02-09", "%Y-%m-%d", None),
    ("0000-01-01", "%Y-%m-%d", None),
    ("20240229", "%Y%m%d", Some("2024-02-29T00:00:00")),
    ("2024111", "%Y%m%d", Some("2024-11-01T00:00:00")),
    ("68", "%y", Some("2068-01-01T00:00:00")),
    ("69", "%y", Some("1969-01-01T00:00:00")),
    ("12:00 am", "%I:%M %p", Some("1900-01-01T00:00:00")),
    ("12:00 PM", "%I:%M %p", Some("1900-01-01T12:00:00")),
    ("13:00 PM", "%I:%M %p", None),
    ("23:59:60", "%H:%M:%S", None),
    ("23:59:61", "%H:%M:%S", None),
    ("1:2:3", "%H:%M:%S", Some("1900-01-01T01:02:03")),
    ("00:00:00.5", "%H:%M:%S.%f", Some("1900-01-01T00:00:00.500000")),
    ("00:00:00.1234567", "%H:%M:%S.%f", None),
    ("366 2023", "%j %Y", Some("2024-01-01T00:00:00")),
    ("0 2023", "%j %Y", None),
    ("2024-W00-1", "%Y-W%W-%w", Some("2024-01-01T00:00:00")),
    ("2024-W53-0", "%Y-W%W-%w", Some("2025-01-05T00:00:00")),
    ("2024 00 0", "%Y %U %w", Some("2023-12-31T00:00:00")),
    ("2024 54 0", "%Y %U %w", None),
    ("2020 53 7", "%G %V %u", Some("2021-01-03T00:00:00")),
    ("2020 01 1", "%G %V %u", Some("2019-12-30T00:00:00")),
    ("monday", "%A", Some("1900-01-01T00:00:00")),
    ("Mon", "%A", None),
    ("tue 5 mArCh 2024", "%a %d %B %Y", Some("2024-03-05T00:00:00")),
    ("May", "%b", Some("1900-05-01T00:00:00")),
    ("2024\t \n05", "%Y %m", Some("2024-05-01T00:00:00")),
    ("2024", "%Y %m", None),
    ("2024%", "%Y%%", Some("2024-01-01T00:00:00")),
    ("2024 utc", "%Y %Z", Some("2024-01-01T00:00:00")),
    ("2024 CET", "%Y %Z", None),
    ("2024 +0230", "%Y %z", Some("2024-01-01T00:00:00+02:30")),
    ("2024 -02:30:15.5", "%Y %z", Some("2024-01-01T00:00:15-02:30")),
    ("2024 Z", "%Y %z", Some("2024-01-01T00:00:00+00:00")),
    ("2024 z", "%Y %z", None),
    ("2024 +02", "%Y %z", None),
    ("2024 +9900", "%Y %z", None),
    ("2024 +02:3015", "%Y %z", None),
    ("Thu Feb 29 10:11:12 2024", "%c", Some("2024-02-29T10:11:12")),
    ("Thu Feb  9 10:11:12 2024", "%c", Some("2024-02-09T10:11:12")),
    ("02/29/24", "%x", Some("2024-02-29T00:00:00")),
    ("10:11:12", "%X", Some("1900-01-01T10:11:12")),
    ("02-29", "%m-%d", None),
    ("31 4", "%d %m", None),
    ("2024T", "%Yt", Some("2024-01-01T00:00:00")),
    ("", "", Some("1900-01-01T00:00:00")),
];

#[test]
fn formats_that_python_cannot_parse_with_are_refused() {
    for format in ["%", "%Y-%", "%D", "%Q", "%e", "%-d", "%s", "%Y %Y", "%c %Y", "%G", "%V", "%G %V", "%Y %V %u", "% Y"]
    {
        assert!(Format::new(format).is_err(), "{format}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(format in "(%[aAbBcdfGHIjmMpSuUVwWxXyYzZ%]|[ é:-]){0,6}", text in "[0-9 :+.é-]{0,20}") {
        if let Ok(it) = Format::new(&format) {
            it.parses(&text);
        }
    }
}
