//! Points in time as records write them, and spans between them.

use crate::args::{Args, Param, ParamType};
use crate::time::{Time, Timestamp};
use crate::value::Value;

/// `unit`: what a number of a timestamp counts.
pub const UNIT: Param = Param::new(
    "unit",
    ParamType::Choice(&["s", "ms", "us"]),
    "What a timestamp that is a number counts since 1970: seconds, milliseconds or microseconds.",
)
.default("s");

/// How many microseconds the `unit` has.
pub fn unit(args: &Args) -> f64 {
    match args.text("unit") {
        Some("ms") => 1e3,
        Some("us") => 1.0,
        _ => 1e6,
    }
}

/// The instant that a value names: a date or datetime, the same as ISO 8601 text, or a number of `unit`s
/// since 1970. What has no zone is taken as UTC. `None` for anything else.
pub fn instant(value: &Value, unit: f64) -> Option<Timestamp> {
    match value {
        Value::Time(it) => Some(it.micros),
        Value::Str(it) => Time::parse(it).map(|it| it.micros),
        Value::Int(it) => it.checked_mul(unit as i64),
        Value::Num(_) | Value::Dec(_) => {
            let micros = value.as_f64()? * unit;
            (micros.abs() < 9.2e18).then_some(micros.round() as i64)
        }
        _ => None,
    }
}

/// Microseconds from one instant to another.
pub fn span(from: Timestamp, to: Timestamp) -> i128 {
    i128::from(to) - i128::from(from)
}

/// A length of time in seconds, as microseconds.
pub fn micros(seconds: f64) -> i128 {
    (seconds * 1e6).round() as i128
}

/// A span in words: `90 s`, `15 min`, `6 h`, `7 d`; the largest unit of which there are two at least.
pub fn words(micros: i128) -> String {
    let seconds = micros as f64 / 1e6;
    let units = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")];
    let (size, name) = units.into_iter().find(|(size, _)| seconds.abs() >= 2.0 * size).unwrap_or((1.0, "s"));
    let rounded = (seconds / size * 1000.0).round() / 1000.0;
    format!("{rounded} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_the_same_however_it_is_written() {
        let new_year = 1_704_067_200_000_000;
        for (value, unit) in [
            (Value::text("2024-01-01"), 1e6),
            (Value::text("2024-01-01T01:00:00+01:00"), 1e6),
            (Value::Int(1_704_067_200), 1e6),
            (Value::Num(1_704_067_200.0), 1e6),
            (Value::Int(1_704_067_200_000), 1e3),
            (Value::Int(1_704_067_200_000_000), 1.0),
        ] {
            assert_eq!(instant(&value, unit), Some(new_year), "{value:?}");
        }
        for value in [Value::text("soon"), Value::Bool(true), Value::Num(f64::NAN), Value::Int(i64::MAX)] {
            assert_eq!(instant(&value, 1e6), None, "{value:?}");
        }
    }

    #[test]
    fn spans_are_said_in_a_fitting_unit() {
        for (seconds, expected) in
            [(0.0, "0 s"), (-0.5, "-0.5 s"), (90.0, "90 s"), (900.0, "15 min"), (604_800.0, "7 d")]
        {
            assert_eq!(words(micros(seconds)), expected);
        }
    }
}
