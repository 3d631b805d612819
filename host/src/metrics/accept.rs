//! Which format is answered with, by the `Accept` of a request.

use super::text::Format;

/// The format that is wanted most. What names neither is answered with the older one, which all can read.
///
/// `OpenMetrics` is chosen only where it is named, and not less wanted than the older one: `*/*` comes from people.
pub fn wanted(accept: &str) -> Format {
    let ranges: Vec<Range> = accept.split(',').filter_map(Range::of).collect();
    let open = ranges.iter().filter(|it| it.is_open()).map(|it| it.q).max().unwrap_or(0);
    // Of the ranges that fit the most exact one counts.
    let classic = ranges.iter().filter_map(|it| Some((it.exactness()?, it.q))).max().map_or(0, |it| it.1);
    if open > 0 && open >= classic { Format::OpenMetrics } else { Format::Classic }
}

/// One of the types of an `Accept`.
struct Range {
    kind: String,
    version: Option<String>,
    /// In thousandths.
    q: u16,
}

impl Range {
    /// `None`: it says nothing that can be read.
    fn of(text: &str) -> Option<Range> {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().filter(|it| it.contains('/'))?.to_ascii_lowercase();
        let (mut version, mut q) = (None, 1000);
        for (name, value) in parts.filter_map(|it| it.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "version" => version = Some(value.to_owned()),
                "q" => {
                    let share = value.parse::<f64>().ok().filter(|it| (0.0..=1.0).contains(it))?;
                    q = (share * 1000.0) as u16;
                }
                _ => {}
            }
        }
        Some(Range { kind, version, q })
    }

    /// Whether it names the `OpenMetrics` that is spoken here; 0.0.1 is what 1.0 was called before.
    fn is_open(&self) -> bool {
        self.kind == "application/openmetrics-text"
            && self.version.as_deref().is_none_or(|it| matches!(it, "1.0.0" | "1.0" | "0.0.1"))
    }

    /// How exactly it names the older format; `None`: not at all.
    fn exactness(&self) -> Option<u8> {
        match (self.kind.as_str(), self.version.as_deref()) {
            ("text/plain", Some("0.0.4")) => Some(3),
            ("text/plain", None) => Some(2),
            ("text/*", _) => Some(1),
            ("*/*", _) => Some(0),
            _ => None,
        }
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
