//! What an `Accept` of a request wants.

use std::cmp::Reverse;

/// One of the types of an `Accept`.
#[derive(Debug)]
pub struct Range {
    /// The type, in small letters.
    pub kind: String,
    /// Its `version`.
    pub version: Option<String>,
    /// In thousandths; 0: it is not wanted.
    pub q: u16,
}

/// The types that can be read; the others are left out.
pub fn ranges(accept: &str) -> Vec<Range> {
    accept.split(',').filter_map(Range::of).collect()
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

    /// How exactly it names a type; `None`: not at all.
    fn exactness(&self, kind: &str) -> Option<u8> {
        if self.kind == kind {
            return Some(2);
        }
        let group = self.kind.strip_suffix("/*")?;
        if group == "*" {
            return Some(0);
        }
        kind.split_once('/').is_some_and(|it| it.0 == group).then_some(1)
    }
}

/// Which of these types is wanted most. Of equal ones what is named more exactly goes first, then what is named earlier,
/// then what stands earlier in `offered`. `None`: none of them is wanted.
pub fn best(accept: &str, offered: &[&str]) -> Option<usize> {
    let ranges = ranges(accept);
    let wish = |kind: &str| {
        // Of the ranges that fit the most exact one counts.
        let fits = ranges.iter().enumerate().filter_map(|(at, it)| Some((it.exactness(kind)?, it.q, Reverse(at))));
        let (exactness, q, at) = fits.max().filter(|it| it.1 > 0)?;
        Some((q, exactness, at))
    };
    let wishes = offered.iter().enumerate().filter_map(|(i, kind)| Some((wish(kind)?, Reverse(i))));
    wishes.max().map(|it| it.1.0)
}
