//! `windows:`, the spans of time over which a service judges the records of a suite together.

use super::node::{Member, Node};
use super::problem::{Problem, did_you_mean};
use crate::time::{Timestamp, seconds};
use crate::value::Value;

/// The spans of time over which a service judges records together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// None: only records and batches are judged.
    Off,
    /// Spans of one length in microseconds, each beginning where the one before ends, aligned to 1970 UTC.
    Tumbling(Timestamp),
}

const MINUTE: Timestamp = 60_000_000;

/// A second and a year: shorter windows are records, longer ones are not closed while anyone remembers them.
const LENGTHS: (f64, f64) = (1.0, 366.0 * 86_400.0);

impl Default for Windows {
    fn default() -> Self {
        Windows::Tumbling(5 * MINUTE)
    }
}

impl Windows {
    /// The start of the window that a time lies in, and its end; `None` without windows. In microseconds.
    pub fn around(self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let Windows::Tumbling(length) = self else { return None };
        let start = at.checked_sub(at.checked_rem_euclid(length)?)?;
        Some((start, start.checked_add(length)?))
    }

    /// Reads `windows: off` or `windows: { length: 5m }`.
    pub(super) fn read(node: &Node, problems: &mut Vec<Problem>) -> Self {
        let off = Value::Bool(false);
        if node.text() == Some("off") || node.to_value() == off {
            return Windows::Off;
        }
        if !node.is_mapping() && !node.is_null() {
            let message = format!("expected `off` or `{{length: 5m}}`, found {}", node.what());
            problems.push(Problem::new(node.at, message).within("windows"));
        }
        let mut windows = Windows::default();
        for Member { name, at, value } in node.members() {
            if name != "length" {
                let hint = did_you_mean(name, ["length"]).unwrap_or_else(|| "`windows` holds length".to_owned());
                problems.push(Problem::new(*at, format!("unknown member `{name}`")).within("windows").hint(hint));
                continue;
            }
            let length = value.text().and_then(seconds).filter(|it| (LENGTHS.0..=LENGTHS.1).contains(it));
            match length {
                Some(it) => windows = Windows::Tumbling((it * 1e6) as Timestamp),
                None => problems.push(
                    Problem::new(value.at, format!("expected a length of time, found {}", value.what()))
                        .within("windows.length")
                        .hint("a length is such as `30s`, `5m`, `1h` or `1d`, at least a second and at most 366 days"),
                ),
            }
        }
        windows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::read;

    #[test]
    fn a_suite_says_how_long_its_windows_are() {
        for (text, windows) in [
            ("name: s", Windows::default()),
            ("windows: {}", Windows::default()),
            ("windows: off", Windows::Off),
            ("windows: false", Windows::Off),
            ("windows: {length: 90s}", Windows::Tumbling(90_000_000)),
            ("windows: {length: 1d}", Windows::Tumbling(86_400_000_000)),
        ] {
            let (suite, problems) = read(text);
            assert_eq!((suite.windows, problems.len()), (windows, 0), "{text} {problems:?}");
        }
        for text in ["windows: 5", "windows: {length: 0s}", "windows: {length: soon}", "windows: {lenght: 1m}"] {
            let (_, problems) = read(text);
            assert_eq!(problems.len(), 1, "{text} {problems:?}");
        }
    }

    #[test]
    fn windows_are_aligned_to_1970() {
        let it = Windows::Tumbling(10);
        assert_eq!((it.around(25), it.around(-1)), (Some((20, 30)), Some((-10, 0))));
        assert_eq!((it.around(20), it.around(i64::MIN), Windows::Off.around(1)), (Some((20, 30)), None, None));
    }
}
