//! SQL `LIKE` as `PostgreSQL` 15 answers it.

/// A `LIKE` pattern: `%` is any text, `_` any one code point; the whole text must match, with case.
#[derive(Clone, Debug)]
pub struct Like {
    /// What stands between the `%`s, in order; at least one.
    segments: Vec<Segment>,
}

/// Text and `_`s without a `%`.
type Segment = Vec<Part>;

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    AnyOne,
}

impl Like {
    /// Reads a pattern; `escape` (by default `\`) takes the meaning from the character after it.
    ///
    /// Fails when the pattern ends with the escape character, as `PostgreSQL` does.
    pub fn new(pattern: &str, escape: Option<char>) -> Result<Like, String> {
        let escape = escape.unwrap_or('\\');
        let mut segments = vec![Segment::new()];
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            let literal = if c == escape {
                chars.next().ok_or_else(|| {
                    format!(
                        "LIKE pattern `{pattern}` ends with its escape character `{escape}`; write `{escape}{escape}` for the character itself"
                    )
                })?
            } else if c == '%' {
                segments.push(Segment::new());
                continue;
            } else if c == '_' {
                if let Some(segment) = segments.last_mut() {
                    segment.push(Part::AnyOne);
                }
                continue;
            } else {
                c
            };
            if let Some(segment) = segments.last_mut() {
                match segment.last_mut() {
                    Some(Part::Text(text)) => text.push(literal),
                    _ => segment.push(Part::Text(literal.to_string())),
                }
            }
        }
        Ok(Like { segments })
    }

    /// Whether the whole of `text` is like the pattern.
    pub fn is_match(&self, text: &str) -> bool {
        let Some((first, others)) = self.segments.split_first() else { return text.is_empty() };
        let Some(mut rest) = strip_prefix(text, first) else { return false };
        let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
        // The leftmost place of each is enough: it leaves the most for those after it.
        for segment in middle {
            match find(rest, segment) {
                Some(it) => rest = it,
                None => return false,
            }
        }
        ends_with(rest, last)
    }
}

/// What follows when `text` starts with the segment.
fn strip_prefix<'t>(text: &'t str, segment: &[Part]) -> Option<&'t str> {
    segment.iter().try_fold(text, |rest, part| match part {
        Part::Text(it) => rest.strip_prefix(it.as_str()),
        Part::AnyOne => {
            let mut chars = rest.chars();
            chars.next().map(|_| chars.as_str())
        }
    })
}

fn ends_with(text: &str, segment: &[Part]) -> bool {
    segment
        .iter()
        .rev()
        .try_fold(text, |rest, part| match part {
            Part::Text(it) => rest.strip_suffix(it.as_str()),
            Part::AnyOne => {
                let mut chars = rest.chars();
                chars.next_back().map(|_| chars.as_str())
            }
        })
        .is_some()
}

/// What follows the leftmost place where the segment fits.
fn find<'t>(text: &'t str, segment: &[Part]) -> Option<&'t str> {
    match segment {
        [] => Some(text),
        [Part::Text(it)] => text.find(it.as_str()).and_then(|at| text.get(at + it.len()..)),
        _ => text.char_indices().map(|(at, _)| at).find_map(|at| strip_prefix(text.get(at..)?, segment)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_are_those_of_postgresql() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("_", "é", true),
            ("_", "", false),
            ("a%", "abc", true),
            ("A%", "abc", false),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("a_c", "abc", true),
            ("a_c", "ac", false),
            ("%_b_%", "abc", true),
            ("%_b_%", "bc", false),
            ("a%a", "a", false),
            ("a%a", "aa", true),
            ("%ab%ab", "abab", true),
            ("%ab%ab", "ab", false),
            ("100\\%", "100%", true),
            ("100\\%", "1000", false),
            ("\\_", "_", true),
            ("\\_", "a", false),
            ("\\\\", "\\", true),
            ("\\a", "a", true),
            ("a.c", "abc", false),
            ("a%", "a\nb", true),
            ("%__", "é", false),
        ] {
            assert_eq!(Like::new(pattern, None).unwrap().is_match(text), expected, "{text} like {pattern}");
        }
        assert!(Like::new("10!%", Some('!')).unwrap().is_match("10%"));
        assert!(Like::new("a\\", Some('!')).unwrap().is_match("a\\"));
    }

    #[test]
    fn a_dangling_escape_is_refused() {
        assert!(Like::new("abc\\", None).unwrap_err().contains("escape"));
        assert!(Like::new("abc\\\\", None).is_ok());
    }

    proptest! {
        #[test]
        fn agrees_with_the_regular_expression_of_the_same_meaning(pattern in "[ab_%é]{0,8}", text in "[abé]{0,8}") {
            let regex: String = pattern.chars().map(|c| match c {
                '%' => "(?s:.*)".to_owned(),
                '_' => "(?s:.)".to_owned(),
                c => c.to_string(),
            }).collect();
            let expected = ::regex::Regex::new(&format!("^(?:{regex})$")).unwrap().is_match(&text);
            prop_assert_eq!(Like::new(&pattern, None).unwrap().is_match(&text), expected);
        }
    }
}
