//! Which format is answered with, by the `Accept` of a request.

use super::text::Format;
use crate::accept::{Range, ranges};

/// The format that is wanted most. What names neither is answered with the older one, which all can read.
///
/// `OpenMetrics` is chosen only where it is named, and not less wanted than the older one: `*/*` comes from people.
pub fn wanted(accept: &str) -> Format {
    let ranges = ranges(accept);
    let open = ranges.iter().filter(|it| is_open(it)).map(|it| it.q).max().unwrap_or(0);
    // Of the ranges that fit the most exact one counts.
    let classic = ranges.iter().filter_map(|it| Some((exactness(it)?, it.q))).max().map_or(0, |it| it.1);
    if open > 0 && open >= classic { Format::OpenMetrics } else { Format::Classic }
}

/// Whether a range names the `OpenMetrics` that is spoken here; 0.0.1 is what 1.0 was called before.
fn is_open(it: &Range) -> bool {
    it.kind == "application/openmetrics-text"
        && it.version.as_deref().is_none_or(|it| matches!(it, "1.0.0" | "1.0" | "0.0.1"))
}

/// How exactly it names the older format; `None`: not at all.
fn exactness(it: &Range) -> Option<u8> {
    match (it.kind.as_str(), it.version.as_deref()) {
        ("text/plain", Some("0.0.4")) => Some(3),
        ("text/plain", None) => Some(2),
        ("text/*", _) => Some(1),
        ("*/*", _) => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_that_is_wanted_most_is_chosen() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.75,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.25,*/*;q=0.1";
        let three = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;q=0.4,*/*;q=0.2";
        for (accept, open) in [
            (prometheus, true),
            (three, true),
            ("", false),
            ("*/*", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
            ("application/openmetrics-text", true),
            ("Application/OpenMetrics-Text; Version=1.0.0", true),
            ("application/openmetrics-text; version=\"1.0.0\"", true),
            ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", false),
            ("application/openmetrics-text;q=0", false),
            ("application/openmetrics-text;q=0.3,text/plain;q=0.4", false),
            ("application/openmetrics-text;q=0.3,*/*;q=0.4,text/plain;q=0.2", true),
            ("text/plain,application/openmetrics-text", true),
            ("application/openmetrics-text;q=x,text/plain;q=0.1", false),
            ("application/openmetrics-text;q=7", false),
            ("nothing, ;;;, a/b", false),
        ] {
            let expected = if open { Format::OpenMetrics } else { Format::Classic };
            assert_eq!(wanted(accept), expected, "{accept}");
        }
    }
}
