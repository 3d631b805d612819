use super::*;
use crate::suite::read;
use crate::time::Time;

fn windows(text: &str) -> Windows {
    let (suite, problems) = read(text);
    assert!(problems.is_empty(), "{text} {problems:?}");
    suite.windows
}

fn at(text: &str) -> Timestamp {
    Time::parse(text).map_or(0, |it| it.micros)
}

#[test]
fn a_suite_says_how_long_its_windows_are() {
    let of = |lengths: &[Length]| Windows { lengths: lengths.to_vec(), ..Windows::default() };
    for (text, expected) in [
        ("name: s", Windows::default()),
        ("windows: {}", Windows::default()),
        ("windows: off", Windows::off()),
        ("windows: false", Windows::off()),
        ("windows: {length: 90s}", of(&[Length::Time(90_000_000)])),
        ("windows: {length: 1d}", of(&[Length::Time(86_400_000_000)])),
        ("windows: {length: month}", of(&[Length::Month])),
        (
            "windows: {lengths: [month, 1h, 60m, 5m]}",
            of(&[Length::Time(300_000_000), Length::Time(3_600_000_000), Length::Month]),
        ),
        (
            "windows: {slide: {length: 1h, every: 5m}, lateness: 0, idle: 30s}",
            Windows {
                slide: Some(Slide { length: 3_600_000_000, every: 300_000_000 }),
                lateness: Some(0),
                idle: 30_000_000,
                ..Windows::default()
            },
        ),
    ] {
        assert_eq!(windows(text), expected, "{text}");
    }
}

#[test]
fn what_does_not_fit_is_a_problem() {
    for (text, message) in [
        ("windows: 5", "expected `off`"),
        ("windows: {length: 0s}", "expected a length of time"),
        ("windows: {length: soon}", "expected a length of time"),
        ("windows: {lenght: 1m}", "unknown member"),
        ("windows: {lengths: []}", "at least one length"),
        ("windows: {length: 1m, lengths: [5m]}", "say one of the two"),
        ("windows: {lengths: [7m, 1h]}", "1h is not a multiple of the shortest length, 7m"),
        ("windows: {lengths: [7h, month]}", "days are not a multiple of the shortest length, 7h"),
        ("windows: {lengths: [7h, 1w]}", "1w is not a multiple of the shortest length, 7h"),
        ("windows: {lengths: [5m], slide: {length: 1h, every: 7m}}", "is not a multiple of `every`"),
        ("windows: {lengths: [10m], slide: {length: 1h, every: 5m}}", "5m, by which windows slide"),
        ("windows: {lengths: [1s], slide: {length: 1h, every: 1s}}", "more than 1000 windows"),
        ("windows: {slide: {length: month, every: 1d}}", "months do not slide"),
        ("windows: {slide: 5m}", "expected `{length: 1h"),
        ("windows: {lateness: soon}", "expected a length of time"),
        ("windows: {idle: []}", "expected a length of time"),
    ] {
        let (_, problems) = read(text);
        assert!(problems.len() == 1 && problems[0].message.contains(message), "{text} {problems:?}");
    }
}

#[test]
fn windows_are_aligned_to_1970_weeks_to_mondays_and_months_to_the_calendar() {
    let it = Length::Time(10);
    assert_eq!((it.around(25), it.around(-1)), (Some((20, 30)), Some((-10, 0))));
    assert_eq!((it.around(20), it.around(i64::MIN), Windows::off().around(1)), (Some((20, 30)), None, None));
    for (length, within, start, end) in [
        ("1w", "2024-05-01T12:00", "2024-04-29", "2024-05-06"),
        ("1w", "1969-12-31", "1969-12-29", "1970-01-05"),
        ("1d", "2024-05-01T12:00", "2024-05-01", "2024-05-02"),
        ("month", "2024-02-29T23:59:59.999999", "2024-02-01", "2024-03-01"),
        ("month", "1969-12-31T23:59", "1969-12-01", "1970-01-01"),
    ] {
        let around = Length::parse(length).and_then(|it| it.around(at(within)));
        assert_eq!(around, Some((at(start), at(end))), "{length} {within}");
    }
    assert_eq!((Length::Month.around(i64::MIN), Length::Month.around(i64::MAX)), (None, None));
}

#[test]
fn each_longer_window_is_merged_of_the_longest_that_fit() {
    let it = windows("windows: {lengths: [5m, 1h, 1d, 1w, month], slide: {length: 1h, every: 30m}}");
    let base = |name: &str| it.named(name).and_then(|of| it.base(of)).map(|of| of.to_string());
    let bases = ["5m", "1h", "1d", "1w", "month", "1h/30m"].map(base);
    let expected = [None, Some("5m"), Some("1h"), Some("1d"), Some("1d"), Some("5m")];
    assert_eq!(bases, expected.map(|it| it.map(str::to_owned)));
    let longer = |length: &str, start: &str| {
        let found = Length::parse(length).map(|length| it.longer(length, at(start))).unwrap_or_default();
        found.into_iter().map(|it| (it.of.to_string(), it.start, it.end)).collect::<Vec<_>>()
    };
    assert_eq!(
        longer("5m", "2024-05-01T12:35"),
        [
            ("1h".to_owned(), at("2024-05-01T12:00"), at("2024-05-01T13:00")),
            ("1h/30m".to_owned(), at("2024-05-01T12:00"), at("2024-05-01T13:00")),
            ("1h/30m".to_owned(), at("2024-05-01T12:30"), at("2024-05-01T13:30")),
        ]
    );
    assert_eq!(
        longer("1d", "2024-05-01"),
        [
            ("1w".to_owned(), at("2024-04-29"), at("2024-05-06")),
            ("month".to_owned(), at("2024-05-01"), at("2024-06-01"))
        ]
    );
    assert_eq!(longer("1w", "2024-04-29"), []);
}

#[test]
fn a_length_is_called_by_its_largest_unit() {
    for (text, name) in
        [("60s", "1m"), ("90s", "90s"), ("7d", "1w"), ("36h", "36h"), ("1.5s", "1500ms"), ("month", "month")]
    {
        assert_eq!(Length::parse(text).map(|it| it.to_string()).as_deref(), Some(name));
    }
}
