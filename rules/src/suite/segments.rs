//! `segments:`, by which fields the records of a window are judged apart, beside all of them together.

use super::node::{Data, Member, Node};
use super::problem::{At, Problem, did_you_mean};
use crate::path::Path;
use crate::value::Value;

/// By which fields records are divided into segments, each of which is judged by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    /// The fields of each way to divide the records; a record lies in one segment of each. Empty: no segments.
    pub by: Vec<Vec<String>>,
    /// Segments that are kept apart, of all ways together.
    pub most: usize,
    /// Where it stands.
    pub at: At,
}

impl Default for Segments {
    fn default() -> Self {
        Segments { by: Vec::new(), most: Segments::MOST, at: At::START }
    }
}

/// Which records together an expectation is judged of: `segments:` beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// All records, and those of each segment.
    #[default]
    Both,
    /// All records.
    Total,
    /// Those of each segment.
    Segments,
}

impl Over {
    /// All, the widest first.
    pub const ALL: [Over; 3] = [Over::Both, Over::Total, Over::Segments];

    /// The word in suites.
    pub const fn name(self) -> &'static str {
        match self {
            Over::Both => "both",
            Over::Total => "total",
            Over::Segments => "only",
        }
    }

    /// The one of that name.
    pub fn parse_name(name: &str) -> Option<Self> {
        Over::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether it is judged of a segment, or else of all records.
    pub const fn takes(self, is_segment: bool) -> bool {
        match self {
            Over::Both => true,
            Over::Total => !is_segment,
            Over::Segments => is_segment,
        }
    }
}

/// Ways to divide the records of one suite.
const MOST_WAYS: usize = 16;
const MEMBERS: [&str; 2] = ["by", "most"];
const HINT: &str = "`[region, [model_version, region]]`, or `{by: [region], most: 1000}`";

impl Segments {
    /// Segments that are kept apart unless the suite says how many.
    pub const MOST: usize = 1_000;
    /// As many as a suite may ask for.
    pub const MOST_OF_ALL: usize = 100_000;

    /// Reads `segments: [region, [model_version, region]]` or `segments: { by: [region], most: 100 }`.
    pub(super) fn read(node: &Node, problems: &mut Vec<Problem>) -> Self {
        let mut segments = Segments { at: node.at, ..Segments::default() };
        if node.is_null() {
            return segments;
        }
        if !node.is_mapping() {
            segments.by = ways(node, "segments", problems);
            return segments;
        }
        for Member { name, at, value } in node.members() {
            match name.as_str() {
                "by" => segments.by = ways(value, "segments.by", problems),
                "most" => match value.data {
                    Data::Scalar(Value::Int(it)) if (1..=Segments::MOST_OF_ALL as i64).contains(&it) => {
                        segments.most = it as usize;
                    }
                    _ => {
                        let message = format!("expected a whole number from 1 to {}", Segments::MOST_OF_ALL);
                        let hint = "so many segments are kept apart; the records of all others are counted together";
                        problems.push(Problem::new(value.at, message).within("segments.most").hint(hint));
                    }
                },
                _ => {
                    let hint = did_you_mean(name, MEMBERS)
                        .unwrap_or_else(|| format!("`segments` holds {}", MEMBERS.join(", ")));
                    problems.push(Problem::new(*at, format!("unknown member `{name}`")).within("segments").hint(hint));
                }
            }
        }
        if node.get("by").is_none() {
            let message = "`by` is missing: the fields by which records are divided";
            problems.push(Problem::new(node.at, message).within("segments").hint(HINT));
        }
        segments
    }

    /// Reads `region` or `model_version, region`, as a command line has it.
    pub fn parse_way(text: &str) -> Result<Vec<String>, String> {
        let fields: Vec<String> = text.split(',').map(|it| it.trim().to_owned()).collect();
        for field in &fields {
            Path::parse(field).map_err(|why| format!("`{field}`: {why}"))?;
        }
        match twice(&fields) {
            Some(field) => Err(format!("`{field}` is named twice")),
            None => Ok(fields),
        }
    }
}

/// A field, or a list of fields and of lists of fields.
fn ways(node: &Node, path: &str, problems: &mut Vec<Problem>) -> Vec<Vec<String>> {
    let n_problems = problems.len();
    let alone = std::slice::from_ref(node);
    let items = if node.text().is_some() { alone } else { node.items().unwrap_or_default() };
    let mut ways: Vec<Vec<String>> = Vec::new();
    for item in items {
        let fields = fields(item, path, problems);
        let mut sorted = fields.clone();
        sorted.sort_unstable();
        let is_again = ways.iter().any(|it| {
            let mut other = it.clone();
            other.sort_unstable();
            other == sorted
        });
        if is_again {
            let message = format!("the records are divided by `{}` already", fields.join("`, `"));
            problems.push(Problem::new(item.at, message).within(path).hint("name each combination once"));
        } else if !fields.is_empty() {
            ways.push(fields);
        }
    }
    if ways.len() > MOST_WAYS {
        let message = format!("more than {MOST_WAYS} fields or combinations");
        problems.push(Problem::new(node.at, message).within(path).hint("each of them folds every record once more"));
        ways.truncate(MOST_WAYS);
    }
    if ways.is_empty() && problems.len() == n_problems {
        let message = format!("expected fields by which records are divided, found {}", node.what());
        problems.push(Problem::new(node.at, message).within(path).hint(HINT));
    }
    ways
}

/// The fields of one combination.
fn fields(node: &Node, path: &str, problems: &mut Vec<Problem>) -> Vec<String> {
    let n_problems = problems.len();
    let alone = std::slice::from_ref(node);
    let items = if node.text().is_some() { alone } else { node.items().unwrap_or_default() };
    let mut names = Vec::new();
    for item in items {
        match item.text().map(|it| Path::parse(it).map(|_| it.to_owned())) {
            Some(Ok(it)) => names.push(it),
            Some(Err(why)) => problems.push(Problem::new(item.at, why).within(path)),
            None => {
                let message = format!("expected the name of a field, found {}", item.what());
                problems.push(Problem::new(item.at, message).within(path).hint(HINT));
            }
        }
    }
    if let Some(field) = twice(&names) {
        let message = format!("`{field}` stands twice in one combination");
        problems.push(Problem::new(node.at, message).within(path).hint("name it once"));
    } else if names.is_empty() && problems.len() == n_problems {
        let message = format!("expected a field or a list of fields, found {}", node.what());
        problems.push(Problem::new(node.at, message).within(path).hint(HINT));
    }
    names.dedup();
    names
}

fn twice(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find(|(i, it)| names.iter().take(*i).any(|before| before == *it)).map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::read;

    #[test]
    fn a_suite_says_by_which_fields_records_are_divided() {
        let by = |ways: &[&[&str]]| -> Vec<Vec<String>> {
            ways.iter().map(|it| it.iter().map(|it| (*it).to_owned()).collect()).collect()
        };
        for (text, ways, most) in [
            ("name: s", by(&[]), 1000),
            ("segments:", by(&[]), 1000),
            ("segments: region", by(&[&["region"]]), 1000),
            ("segments: [region, [version, region]]", by(&[&["region"], &["version", "region"]]), 1000),
            ("segments: [a.b]\n", by(&[&["a.b"]]), 1000),
            ("segments: { by: region, most: 5 }", by(&[&["region"]]), 5),
            ("segments: { by: [[a, b]] }", by(&[&["a", "b"]]), 1000),
        ] {
            let (suite, problems) = read(text);
            assert_eq!((suite.segments.by, suite.segments.most, problems), (ways, most, vec![]), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_it_is_said_at_once() {
        for (text, n) in [
            ("segments: 5", 1),
            ("segments: []", 1),
            ("segments: {most: 3}", 1),
            ("segments: {by: [a], most: 0}", 1),
            ("segments: {by: [a], most: 100001}", 1),
            ("segments: {by: [a], mots: 5}", 1),
            ("segments: [a, a]", 1),
            ("segments: [[a, b], [b, a]]", 1),
            ("segments: [[a, a]]", 1),
            ("segments: [[], {a: b}, 3]", 3),
            ("segments: ['a[', '']", 2),
            ("segments: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]", 1),
        ] {
            let (_, problems) = read(text);
            assert_eq!(problems.len(), n, "{text} {problems:?}");
            assert!(problems.iter().all(|it| it.path.starts_with("segments")), "{text} {problems:?}");
        }
    }

    #[test]
    fn an_expectation_says_what_it_is_judged_of() {
        let over = |text: &str| {
            let (suite, problems) = read(&format!("expectations: [{{ field: a, not_null: {{}}{text} }}]"));
            (suite.entries[0].over, problems.len())
        };
        assert_eq!(over(""), (Over::Both, 0));
        assert_eq!(over(", segments: total"), (Over::Total, 0));
        assert_eq!(over(", segments: only"), (Over::Segments, 0));
        assert_eq!(over(", segments: both"), (Over::Both, 0));
        assert_eq!(over(", segments: none"), (Over::Both, 1));
    }

    #[test]
    fn a_command_line_names_fields_with_commas() {
        assert_eq!(Segments::parse_way("a, b.c"), Ok(vec!["a".to_owned(), "b.c".to_owned()]));
        assert!(Segments::parse_way("").is_err());
        assert!(Segments::parse_way("a,a").is_err());
    }
}
