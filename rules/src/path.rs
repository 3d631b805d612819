//! Where a field lies in a record, as a suite writes it.

use std::fmt;
use std::str::FromStr;

use crate::value::Value;

/// The way from a record to one of its fields: names of members and numbers of array items.
///
/// The notation: `features.income` is the member `income` of the member `features`; `items.0.price` and
/// `items[0].price` are the same, for a segment of digits names an item of an array and a member of an
/// object; `$` alone is the whole record. A backslash makes the next character plain (`\.`, `\\`, `\[`,
/// `\$`), and `\e` stands for a name without characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<String>);

impl Path {
    /// Reads the notation. The error says in a sentence what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "$" {
            return Ok(Path::default());
        }
        let mut segments = Vec::new();
        let mut rest = text;
        loop {
            let fresh = !rest.starts_with('[');
            if fresh {
                let (name, after) = read_name(rest, text)?;
                segments.push(name);
                rest = after;
            }
            while let Some(inside) = rest.strip_prefix('[') {
                let (number, after) = read_index(inside, text)?;
                segments.push(number);
                rest = after;
            }
            match rest.strip_prefix('.') {
                Some(after) if !after.starts_with('[') => rest = after,
                None if rest.is_empty() => return Ok(Path(segments)),
                _ => return Err(format!("`{text}`: after `]` a path goes on with `.name` or `[0]`, or ends")),
            }
        }
    }

    /// A path of one segment, whatever characters the name holds: a column of Great Expectations.
    pub fn literal(name: &str) -> Self {
        Path(vec![name.to_owned()])
    }

    /// A path of the given segments; none of them is the whole record.
    pub const fn from_segments(segments: Vec<String>) -> Self {
        Path(segments)
    }

    /// The names and numbers from the record inwards; empty for the whole record.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// The value at this path; `None` when the record has no such field.
    pub fn find<'v, 'r>(&self, record: &'v Value<'r>) -> Option<&'v Value<'r>> {
        self.0.iter().try_fold(record, |value, segment| match value {
            Value::List(items) => items.get(index(segment)?),
            _ => value.get(segment),
        })
    }
}

/// The position in an array that a segment names: digits without a leading zero.
pub(crate) fn index(segment: &str) -> Option<usize> {
    let canonical = segment == "0" || segment.starts_with(|c: char| matches!(c, '1'..='9'));
    (canonical && segment.bytes().all(|b| b.is_ascii_digit())).then(|| segment.parse().ok()).flatten()
}

/// A name up to the next `.` or `[`, and what follows it.
fn read_name<'t>(rest: &'t str, whole: &str) -> Result<(String, &'t str), String> {
    if let Some(after) = rest.strip_prefix("\\e") {
        if after.is_empty() || after.starts_with(['.', '[']) {
            return Ok((String::new(), after));
        }
        return Err(format!("`{whole}`: `\\e` stands for a name without characters, and stands alone"));
    }
    let mut name = String::new();
    let mut chars = rest.char_indices();
    let mut end = rest.len();
    while let Some((at, it)) = chars.next() {
        match it {
            '.' | '[' => {
                end = at;
                break;
            }
            '\\' => match chars.next() {
                Some((_, it @ ('.' | '\\' | '[' | '$'))) => name.push(it),
                Some((_, it)) => {
                    return Err(format!("`{whole}`: `\\{it}` is no escape; a backslash is written `\\\\`"));
                }
                None => return Err(format!("`{whole}`: a backslash at the end; it is written `\\\\`")),
            },
            _ => name.push(it),
        }
    }
    if name.is_empty() {
        return Err(match whole {
            "" => "a path without a name; the whole record is `$`".to_owned(),
            _ => format!("`{whole}`: a name is missing before or after a `.`"),
        });
    }
    Ok((name, rest.get(end..).unwrap_or_default()))
}

/// The number of an item up to `]`, and what follows it.
fn read_index<'t>(inside: &'t str, whole: &str) -> Result<(String, &'t str), String> {
    inside
        .split_once(']')
        .filter(|(number, _)| index(number).is_some())
        .map(|(number, after)| (number.to_owned(), after))
        .ok_or_else(|| format!("`{whole}`: `[` opens a number such as `[0]`; in a name it is written `\\[`"))
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Path::parse(text)
    }
}

impl fmt::Display for Path {
    /// The notation that [`Path::parse`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("$");
        }
        for (i, segment) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            if segment.is_empty() {
                f.write_str("\\e")?;
            }
            for it in segment.chars() {
                if matches!(it, '.' | '\\' | '[') || (it == '$' && self.0.len() == 1 && segment == "$") {
                    f.write_str("\\")?;
                }
                write!(f, "{it}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segments(text: &str) -> Vec<String> {
        Path::parse(text).map_or_else(|it| vec![format!("error: {it}")], |it| it.segments().to_vec())
    }

    #[test]
    fn names_items_and_escapes_are_read() {
        for (text, expected) in [
            ("income", vec!["income"]),
            ("features.income", vec!["features", "income"]),
            (r"a\.b.c\\d", vec!["a.b", r"c\d"]),
            ("items.0.price", vec!["items", "0", "price"]),
            ("items[0].price", vec!["items", "0", "price"]),
            ("grid[1][20]", vec!["grid", "1", "20"]),
            ("[3].a", vec!["3", "a"]),
            (r"price \[EUR]", vec!["price [EUR]"]),
            ("$", vec![]),
            (r"\$", vec!["$"]),
            ("$.a", vec!["$", "a"]),
            (r"a.\e", vec!["a", ""]),
            ("größe.日", vec!["größe", "日"]),
        ] {
            assert_eq!(segments(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "whole record is `$`"),
            (".a", "name is missing"),
            ("a.", "name is missing"),
            ("a..b", "name is missing"),
            ("a[x]", r"written `\["),
            ("a[01]", r"written `\["),
            ("a[0", r"written `\["),
            ("a[0]b", "after `]`"),
            ("a.[0]", "after `]`"),
            (r"a\", "at the end"),
            (r"a\n", "no escape"),
            (r"a.\ex", "stands alone"),
        ] {
            let error = Path::parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_segment_of_digits_names_an_item_or_a_member() {
        let record = Value::Map(vec![
            ("list".into(), Value::List(vec![Value::Int(7), Value::Int(8)])),
            ("map".into(), Value::Map(vec![("1".into(), Value::Int(9))])),
        ]);
        let find = |text: &str| Path::parse(text).ok().and_then(|it| it.find(&record).cloned());
        assert_eq!(find("list[1]"), Some(Value::Int(8)));
        assert_eq!(find("list[2]"), None);
        assert_eq!(find("list.01"), None);
        assert_eq!(find("list.first"), None);
        assert_eq!(find("map.1"), Some(Value::Int(9)));
        assert_eq!(find("map.1.deeper"), None);
        assert_eq!(find("$"), Some(record.clone()));
    }

    #[test]
    fn a_literal_is_one_segment_whatever_it_holds() {
        assert_eq!(Path::literal("a.b[0]").segments(), ["a.b[0]"]);
        assert_eq!(Path::literal("$").to_string(), r"\$");
    }

    proptest! {
        #[test]
        fn a_path_comes_back_from_its_notation(path in proptest::collection::vec(r"[a-c0-9.$\\\[\]é]{0,4}", 0..5)) {
            let path = Path::from_segments(path);
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }

        #[test]
        fn any_text_is_read_or_refused(text in r"[a-c0-9.$\\e\[\]é]{0,12}") {
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
            }
        }
    }
}
