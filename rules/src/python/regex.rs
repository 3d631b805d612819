//! Python's `re.search`.

use regex_automata::Input;
use regex_automata::dfa::{Automaton, StartKind, dense};

use crate::python::translate::{Translation, translate};

type Table = dense::DFA<Vec<u32>>;

/// A pattern of Python's `re`, compiled.
///
/// Known differences: word boundaries (`\b`) take combining marks for letters and `²` for none,
/// `\N{...}` is not read, `(?(1)...)` wants its group before it, and a search with lookaround or backreferences that backtracks more than a million times finds nothing.
#[derive(Clone, Debug)]
pub struct Pattern {
    engine: Engine,
    /// Where the pattern has a `$`, which also matches before a final newline: the engine for texts
    /// that end with one. For all others `$` is just the end, which needs no lookahead.
    for_final_newline: Option<Engine>,
}

#[derive(Clone, Debug)]
enum Engine {
    /// Linear time; where the pattern is small, by one table that is walked without any preparation.
    Plain { regex: regex::Regex, table: Option<Box<Table>> },
    /// Backtracking, for lookaround, backreferences, conditionals and atomic groups.
    Fancy(Box<fancy_regex::Regex>),
}

/// Bytes of one compiled pattern: bounded repetition of Unicode classes is large.
const SIZE_LIMIT: usize = 64 << 20;

/// Bytes of a table: what stays in a processor's cache beside the records.
const TABLE_LIMIT: usize = 64 << 10;

impl Pattern {
    /// Compiles a pattern, in Python's syntax with Python's errors and the character where they are.
    pub fn new(pattern: &str) -> Result<Pattern, String> {
        let it = translate(pattern).map_err(|error| {
            format!("regular expression `{pattern}`: {} at character {}", error.message, error.at + 1)
        })?;
        let compile = |rust: &str, is_fancy: bool| {
            Engine::new(rust, is_fancy).map_err(|error| format!("regular expression `{pattern}`: {error}"))
        };
        let engine = compile(&it.with_dollar(r"\z"), it.is_fancy)?;
        let for_final_newline = if it.has_dollar { Some(compile(&it.with_dollar(r"(?=\n?\z)"), true)?) } else { None };
        Ok(Pattern { engine, for_final_newline })
    }

    /// Whether `re.search(pattern, text)` finds something.
    pub fn is_match(&self, text: &str) -> bool {
        match &self.for_final_newline {
            Some(engine) if text.ends_with('\n') => engine.is_match(text),
            _ => self.engine.is_match(text),
        }
    }
}

impl Engine {
    fn new(pattern: &str, is_fancy: bool) -> Result<Engine, String> {
        if is_fancy {
            fancy_regex::RegexBuilder::new(pattern)
                .delegate_size_limit(SIZE_LIMIT)
                .build()
                .map(|it| Engine::Fancy(Box::new(it)))
                .map_err(|error| error.to_string())
        } else {
            regex::RegexBuilder::new(pattern)
                .size_limit(SIZE_LIMIT)
                .build()
                .map(|regex| Engine::Plain { regex, table: table(pattern) })
                .map_err(|error| error.to_string())
        }
    }

    fn is_match(&self, text: &str) -> bool {
        match self {
            Engine::Plain { regex, table: None } => regex.is_match(text),
            Engine::Plain { regex, table: Some(table) } => {
                let input = Input::new(text).earliest(true);
                // The table gives up on what it cannot tell; the other engine never does.
                table.try_search_fwd(&input).map_or_else(|_| regex.is_match(text), |it| it.is_some())
            }
            Engine::Fancy(it) => it.is_match(text).unwrap_or(false),
        }
    }
}

/// The pattern's automaton as a table, unless that would be large or the pattern needs more.
fn table(pattern: &str) -> Option<Box<Table>> {
    let config = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(TABLE_LIMIT))
        .determinize_size_limit(Some(4 * TABLE_LIMIT));
    dense::Builder::new().configure(config).build(pattern).ok().map(Box::new)
}

impl Translation {
    /// The pattern with `$` written as `dollar`.
    fn with_dollar(&self, dollar: &str) -> String {
        self.pattern.replace(Translation::DOLLAR, dollar)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn search(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap_or_else(|error| panic!("{error}")).is_match(text)
    }

    #[test]
    fn answers_are_those_of_cpython() {
        for (pattern, text, expected) in [
            ("b", "abc", true),
            ("^b", "abc", false),
            ("c$", "abc\n", true),
            ("c$", "abc\n\n", false),
            (r"c\Z", "abc\n", false),
            ("c$\n", "abc\n", true),
            ("^a|b$", "xb\n", true),
            ("(?m)a$", "a\nb", true),
            ("a.c", "a\nc", false),
            ("(?s)a.c", "a\nc", true),
            ("^a{,2}$", "aaa", false),
            ("a{,x}", "a{,x}", true),
            ("x{", "x{", true),
            ("{}", "{}", true),
            ("^[[]$", "[", true),
            ("^[a&&b]+$", "a&b", true),
            ("^[+--c]$", ",", true),
            ("^[]a]$", "]", true),
            (r"^\/\-\#\é$", "/-#é", true),
            (r"^\u00e9\xe9\351\U000000e9$", "éééé", true),
            (r"^[\b]$", "\x08", true),
            (r"^\d$", "٣", true),
            (r"(?a)^\d$", "٣", false),
            (r"^\w$", "²", true),
            (r"^\w$", "\u{301}", false),
            (r"^\s$", "\x1c", true),
            (r"^[^\W\d]+$", "añ_", true),
            (r"(?P<n>a)(?P=n)", "aa", true),
            (r"(a)\1", "ab", false),
            (r"(a)?(?(1)b|c)", "ab", true),
            (r"^(?!a)", "ab", false),
            (r"(?<=a)b", "ab", true),
            (r"^(?>a+)a$", "aaa", false),
            (r"^a++a$", "aaa", false),
            (r"(?=a)*b", "b", true),
            ("(?i)ä", "Ä", true),
            ("(?i:a)b", "AB", false),
            ("(?x) a b # c", "ab", true),
            ("(?x)[ ]", " ", true),
            ("a(?#comment)*", "b", true),
        ] {
            assert_eq!(search(pattern, text), expected, "{pattern:?} in {text:?}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused_with_its_place() {
        for pattern in [
            "[",
            "(",
            ")",
            "a)",
            "*a",
            "+",
            "?",
            "a**",
            "a{1}{2}",
            "^*",
            "a{3,2}",
            "[z-a]",
            "[a--c]",
            r"[\d-z]",
            r"\q",
            r"\",
            r"\1",
            r"(a\1)",
            "(?P<n>a)(?P<n>b)",
            "(?P=n)",
            "(?P<1>a)",
            "(?<n>a)",
            "(?<=a+)b",
            "(?<=a|bc)",
            "a(?i)",
            "(?L)a",
            "(?z)",
            r"\x1",
            "[a",
            "(?#",
            "(?",
        ] {
            let error = Pattern::new(pattern).expect_err(pattern);
            assert!(error.contains("at character"), "{error}");
        }
    }

    #[test]
    fn plain_patterns_run_on_the_linear_engine() {
        for pattern in ["^[a-z]+@[a-z]+$", r"\d{4}-\d\d", "(a|b)*", "(?i)x"] {
            assert!(matches!(Pattern::new(pattern).unwrap().engine, Engine::Plain { .. }), "{pattern}");
        }
    }

    #[test]
    fn a_search_without_end_finds_nothing() {
        assert!(!search(r"^(a|aa|aaa)+\1b(?=c)", &"a".repeat(200)));
    }

    proptest! {
        #[test]
        fn nothing_panics(pattern in r"([ab1\[\](){}|*+?.^$\\<=!:#&,P-]|[(][?]|é){0,12}", text in "[ab1\né]{0,6}") {
            if let Ok(it) = Pattern::new(&pattern) {
                it.is_match(&text);
            }
        }
    }
}
