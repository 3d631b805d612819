//! The shape that all texts of a field share, as a regular expression.

use std::fmt::Write;

use driftline_rules::python::regex::Pattern;

/// Formats that have a name, the narrowest first.
const KNOWN: [(&str, &str); 9] = [
    ("a UUID", "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"),
    ("a SHA-256 digest in hex", "^[0-9a-fA-F]{64}$"),
    ("a SHA-1 digest in hex", "^[0-9a-fA-F]{40}$"),
    ("an MD5 digest in hex", "^[0-9a-fA-F]{32}$"),
    ("an e-mail address", r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    ("a web address", r"^https?://\S+$"),
    ("an IPv4 address", r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$"),
    ("a version number", r"^v?[0-9]+\.[0-9]+\.[0-9]+$"),
    ("a language tag", "^[a-z]{2}-[A-Z]{2}$"),
];

/// Texts longer than this are prose.
const MAX_CHARS: usize = 64;
/// More parts than this describe one text rather than a shape.
const MAX_RUNS: usize = 9;

/// What the texts of a field have in common.
#[derive(Debug)]
pub struct Shapes {
    known: Vec<(&'static str, &'static str, Pattern)>,
    /// What all begin with; `None` before the first.
    prefix: Option<String>,
    /// Letters in capitals, others and digits apart: `AB12` is two letters and two digits.
    fine: Shape,
    /// Letters and digits together: `AB12` is a word of four.
    coarse: Shape,
}

type Shape = Option<Vec<Run>>;

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
enum Run {
    /// One character that is neither letter nor digit.
    Mark(char),
    /// Some that are.
    Word { upper: bool, lower: bool, digit: bool, beyond_f: bool, min: usize, max: usize },
}

impl Default for Shapes {
    fn default() -> Self {
        let known = KNOWN.iter().filter_map(|(name, text)| Some((*name, *text, Pattern::new(text).ok()?)));
        Shapes { known: known.collect(), prefix: None, fine: None, coarse: None }
    }
}

impl Shapes {
    /// Takes in a text.
    pub fn add(&mut self, text: &str) {
        self.known.retain(|(_, _, pattern)| pattern.is_match(text));
        let fits = text.is_ascii() && text.len() <= MAX_CHARS && !text.is_empty();
        let [fine, coarse] = [true, false].map(|it| if fits { Some(split(text, it)) } else { None });
        match &mut self.prefix {
            None => {
                self.prefix = Some(text.to_owned());
                (self.fine, self.coarse) = (fine, coarse);
            }
            Some(prefix) => {
                let same = prefix.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
                while !prefix.is_char_boundary(same.min(prefix.len())) {
                    prefix.pop();
                }
                prefix.truncate(same);
                self.fine = merge(self.fine.take(), fine, true);
                self.coarse = merge(self.coarse.take(), coarse, false);
            }
        }
    }

    /// A format with a name that all texts have: name and regular expression.
    pub fn known(&self) -> Option<(&'static str, &'static str)> {
        self.prefix.as_ref()?;
        self.known.first().map(|(name, text, _)| (*name, *text))
    }

    /// A shape that all texts have, if it says more than "letters" or "words": the regular expression.
    pub fn shared(&self) -> Option<String> {
        let prefix = self.prefix.as_deref()?;
        [(&self.fine, true), (&self.coarse, false)].into_iter().find_map(|(shape, fine)| {
            let runs = shape.as_ref().filter(|it| it.len() <= MAX_RUNS && says_something(it))?;
            // The common start up to its last mark is the same in each; `user-1` to `user-9` share `user-`.
            let end = prefix.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |it| it + 1);
            let prefix = prefix.get(..end)?;
            let mut pattern = String::from("^");
            prefix.chars().for_each(|c| literal(c, &mut pattern));
            runs.iter().skip(split(prefix, fine).len()).for_each(|it| it.write(&mut pattern));
            pattern.push('$');
            Some(pattern)
        })
    }
}

fn split(text: &str, fine: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() {
            runs.push(Run::Mark(c));
            continue;
        }
        let one = Run::Word {
            upper: c.is_ascii_uppercase(),
            lower: c.is_ascii_lowercase(),
            digit: c.is_ascii_digit(),
            beyond_f: matches!(c.to_ascii_lowercase(), 'g'..='z'),
            min: 1,
            max: 1,
        };
        match runs.last_mut() {
            Some(last) if last.goes_with(&one, fine) => *last = last.join(&one, |a, b| a + b, |a, b| a + b),
            _ => runs.push(one),
        }
    }
    runs
}

fn merge(a: Shape, b: Shape, fine: bool) -> Shape {
    let (a, b) = (a?, b?);
    let like = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a == b || a.goes_with(b, fine));
    like.then(|| a.iter().zip(&b).map(|(a, b)| a.join(b, usize::min, usize::max)).collect())
}

/// A word of any length is no shape, nor is prose; digits alone are one.
fn says_something(runs: &[Run]) -> bool {
    let prose = runs.iter().any(|it| matches!(it, Run::Mark(c) if c.is_whitespace() || c.is_control()));
    let telling = runs.iter().any(|it| match it {
        Run::Mark(_) => true,
        Run::Word { upper, lower, min, max, .. } => min == max || !(*upper || *lower),
    });
    telling && !prose
}

impl Run {
    /// Whether two parts are of one sort.
    fn goes_with(&self, other: &Run, fine: bool) -> bool {
        match (self, other) {
            (Run::Word { upper, lower, digit, .. }, Run::Word { upper: u, lower: l, digit: d, .. }) => {
                !fine || (upper, lower, digit) == (u, l, d)
            }
            _ => false,
        }
    }

    fn join(&self, other: &Run, min: fn(usize, usize) -> usize, max: fn(usize, usize) -> usize) -> Run {
        match (self, other) {
            (
                Run::Word { upper, lower, digit, beyond_f, min: a, max: b },
                Run::Word { upper: u, lower: l, digit: d, beyond_f: f, min: c, max: e },
            ) => Run::Word {
                upper: upper | u,
                lower: lower | l,
                digit: digit | d,
                beyond_f: beyond_f | f,
                min: min(*a, *c),
                max: max(*b, *e),
            },
            _ => self.clone(),
        }
    }

    fn write(&self, out: &mut String) {
        let (upper, lower, digit, beyond_f, min, max) = match self {
            Run::Mark(c) => return literal(*c, out),
            Run::Word { upper, lower, digit, beyond_f, min, max } => (*upper, *lower, *digit, *beyond_f, *min, *max),
        };
        // Digits with the letters a to f are taken for hexadecimal when there is enough of them.
        let hex = digit && !beyond_f && min >= 6;
        out.push('[');
        out.push_str(if digit { "0-9" } else { "" });
        out.push_str(if upper { if hex { "A-F" } else { "A-Z" } } else { "" });
        out.push_str(if lower { if hex { "a-f" } else { "a-z" } } else { "" });
        out.push(']');
        match (min, max) {
            (1, 1) => {}
            (min, max) if min == max => {
                let _ = write!(out, "{{{min}}}");
            }
            _ => out.push('+'),
        }
    }
}

fn literal(c: char, out: &mut String) {
    if !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '/' | ':' | '@' | '%' | ',' | ';' | '=' | '<' | '>') {
        out.push('\\');
    }
    out.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shapes(texts: &[&str]) -> Shapes {
        let mut shapes = Shapes::default();
        for it in texts {
            shapes.add(it);
        }
        shapes
    }

    #[test]
    fn texts_of_one_shape_show_it() {
        for (texts, pattern) in [
            (&["AB-1234", "XY-0001"][..], Some("^[A-Z]{2}-[0-9]{4}$")),
            (&["user-1", "user-22"], Some("^user-[0-9]+$")),
            (&["req_9f8a7c", "req_00aa11"], Some("^req_[0-9a-f]{6}$")),
            (&["AB12", "XY99"], Some("^[A-Z]{2}[0-9]{2}$")),
            (&["a.b", "c.d"], Some(r"^[a-z]\.[a-z]$")),
            (&["12", "3456"], Some("^[0-9]+$")),
            (&["hello", "you"], None),
            (&["hello you", "hello me"], None),
            (&["a-b", "a_b"], None),
            (&["", "a-1"], None),
            (&["é-1", "a-1"], None),
        ] {
            assert_eq!(shapes(texts).shared().as_deref(), pattern, "{texts:?}");
        }
    }

    #[test]
    fn formats_with_a_name_are_known_by_it() {
        let known = |texts: &[&str]| shapes(texts).known().map(|it| it.0);
        assert_eq!(known(&["de-DE", "en-US"]), Some("a language tag"));
        assert_eq!(known(&["a@b.org"]), Some("an e-mail address"));
        assert_eq!(known(&["3b241101-e2bb-4255-8caf-4136c566a962"]), Some("a UUID"));
        assert_eq!(known(&["1.2.3", "x"]), None);
        assert_eq!(known(&[]), None);
    }

    proptest! {
        #[test]
        fn a_shape_fits_all_texts_it_was_made_of(texts in proptest::collection::vec("[a-cA-C0-2éß.^$|\\\\(_ -]{0,6}|user-[0-9]{1,3}", 1..6)) {
            let mut shapes = Shapes::default();
            for it in &texts {
                shapes.add(it);
            }
            if let Some(pattern) = shapes.shared() {
                let pattern = Pattern::new(&pattern).map_err(TestCaseError::fail)?;
                for it in &texts {
                    prop_assert!(pattern.is_match(it), "{} {:?}", it, pattern);
                }
            }
        }
    }
}
