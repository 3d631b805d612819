//! Python's `json.loads`: what "JSON parseable" means.

/// Deeper nesting is refused: `CPython` gives up near its recursion limit of 1,000 too.
const MAX_DEPTH: usize = 1_000;

/// `CPython` refuses to read longer integers (`sys.set_int_max_str_digits`).
const MAX_DIGITS: usize = 4_300;

/// Whether Python's `json.loads(text)` succeeds.
///
/// More than RFC 8259 allows are `NaN`, `Infinity`, `-Infinity` and escapes of lone surrogates; a
/// leading byte order mark is refused.
pub fn parses(text: &str) -> bool {
    Reader { bytes: text.as_bytes(), at: 0 }.document().is_some()
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    /// Reads values without recursion: `open` holds the closing bracket of each open container.
    fn document(&mut self) -> Option<()> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            // Here a value is due.
            self.skip_space();
            match self.next()? {
                b'{' => {
                    self.skip_space();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                    } else {
                        self.name()?;
                        open.push(b'}');
                        continue;
                    }
                }
                b'[' => {
                    self.skip_space();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                    } else {
                        open.push(b']');
                        if open.len() > MAX_DEPTH {
                            return None;
                        }
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'n' => self.word(b"ull")?,
                b'N' => self.word(b"aN")?,
                b'I' => self.word(b"nfinity")?,
                b'-' if self.peek() == Some(b'I') => self.word(b"Infinity")?,
                first => self.number(first)?,
            }
            // Here a value has ended.
            loop {
                self.skip_space();
                let Some(close) = open.last() else { return self.peek().is_none().then_some(()) };
                match self.next()? {
                    b',' if *close == b'}' => {
                        self.skip_space();
                        self.name()?;
                        break;
                    }
                    b',' => break,
                    it if it == *close => {
                        open.pop();
                    }
                    _ => return None,
                }
            }
            if open.len() > MAX_DEPTH {
                return None;
            }
        }
    }

    /// A member's name and its colon.
    fn name(&mut self) -> Option<()> {
        self.word(b"\"")?;
        self.string()?;
        self.skip_space();
        self.word(b":")
    }

    /// The rest of a string whose opening quote has been read.
    fn string(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next()?.is_ascii_hexdigit().then_some(())?;
                        }
                    }
                    _ => return None,
                },
                ..0x20 => return None,
                _ => {}
            }
        }
    }

    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.next()? } else { first };
        let whole = match first {
            b'0' => 1,
            b'1'..=b'9' => 1 + self.digits(),
            _ => return None,
        };
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            is_integer = false;
            (self.digits() > 0).then_some(())?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            is_integer = false;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            (self.digits() > 0).then_some(())?;
        }
        (!is_integer || whole <= MAX_DIGITS).then_some(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|it| it.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        rest.starts_with(word).then(|| self.at += word.len())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let it = self.peek()?;
        self.at += 1;
        Some(it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_python_reads_parses() {
        for text in [
            "0",
            "-0",
            "1.5e-7",
            "1E5",
            " [ ] ",
            "{}",
            "null",
            "true",
            "false",
            "NaN",
            "Infinity",
            "-Infinity",
            "[NaN, -Infinity]",
            "\"\\ud800\"",
            "\"\u{7f}é\"",
            "{\"a\": {\"b\": [1, {\"c\": []}]}, \"a\": 2}\n",
            "123456789012345678901234567890",
            "1e999",
            "\"\\/\"",
        ] {
            assert!(parses(text), "{text}");
        }
    }

    #[test]
    fn what_python_refuses_does_not() {
        for text in [
            "",
            " ",
            "\u{feff}1",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "--1",
            "1e",
            "1 2",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "{1:1}",
            "[1}",
            "{\"a\":1]",
            "'a'",
            "\"a",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "nul",
            "nan",
            "True",
            "-NaN",
            "Inf",
            "\u{a0}1",
            "[",
            "]",
        ] {
            assert!(!parses(text), "{text}");
        }
    }

    #[test]
    fn deep_nesting_and_long_integers_are_bounded() {
        assert!(parses(&format!("{}{}", "[".repeat(900), "]".repeat(900))));
        assert!(!parses(&"[".repeat(1_000_000)));
        assert!(!parses(&"{\"a\":".repeat(1_000_000)));
        assert!(parses(&"9".repeat(4_300)));
        assert!(!parses(&"9".repeat(4_301)));
        assert!(parses(&format!("{}.0", "9".repeat(5_000))));
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_on_its_smaller_language(text in r#"[\[\]{},:"\\0-9a-z.eE+\- tu]{0,12}"#) {
            if serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok() {
                prop_assert!(parses(&text));
            } else if parses(&text) {
                prop_assert!(text.contains("\\u"), "{}", text);
            }
        }
    }
}
