//! A place in a JSON text: white space, words and strings.

#![expect(clippy::unnecessary_box_returns, reason = "an error is rare, and a thin result is cheap to return")]

use std::borrow::Cow;

use super::{Limits, ReadError};

/// An error while it travels up: one pointer wide, so that the good case stays cheap.
pub(super) type Fault = Box<ReadError>;

/// Reads a text from front to back. `at` never passes the end by more than the reader's own step, and
/// every access is checked, so a text that ends early is an error and nothing else.
pub(super) struct Cursor<'r> {
    text: &'r str,
    /// Offset of the next byte.
    pub at: usize,
    /// How many more arrays and objects may be entered.
    left: usize,
    limits: Limits,
}

impl<'r> Cursor<'r> {
    pub fn new(text: &'r str, limits: Limits) -> Self {
        Cursor { text, at: 0, left: limits.depth(), limits }
    }

    /// The next byte; 0 at the end, which is no byte that JSON allows outside of a string.
    #[inline]
    pub fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// All bytes from here on.
    #[inline]
    pub fn rest(&self) -> &'r [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The text from `start` up to here, both at a character's edge.
    #[inline]
    pub fn since(&self, start: usize) -> &'r str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    #[inline]
    pub fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Takes the byte `it`, or fails with "expected `it`".
    #[inline]
    pub fn take(&mut self, it: u8) -> Result<(), Fault> {
        if self.peek() != it {
            return Err(self.expected(&format!("`{}`", char::from(it))));
        }
        self.at += 1;
        Ok(())
    }

    /// Takes `word`, or fails at its start.
    #[inline]
    pub fn word(&mut self, word: &str) -> Result<(), Fault> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Takes the bracket that opens an array or object.
    #[inline]
    pub fn enter(&mut self) -> Result<(), Fault> {
        if self.left == 0 {
            return Err(self.fault(format!("nested deeper than {} levels", self.limits.depth())));
        }
        self.left -= 1;
        self.at += 1;
        Ok(())
    }

    /// Takes the bracket that closes what was entered.
    #[inline]
    pub fn leave(&mut self) {
        self.left += 1;
        self.at += 1;
    }

    /// Whether another item follows: takes a `,` and the space after it, or the bracket `close`.
    #[inline]
    pub fn goes_on(&mut self, close: u8) -> Result<bool, Fault> {
        self.skip_space();
        let it = self.peek();
        if it == b',' {
            self.at += 1;
            self.skip_space();
            return Ok(true);
        }
        if it == close {
            self.leave();
            return Ok(false);
        }
        Err(self.expected(&format!("`,` or `{}`", char::from(close))))
    }

    /// Nothing but white space may follow.
    pub fn finish(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.at < self.text.len() {
            return Err(self.fault("text after the end of the value"));
        }
        Ok(())
    }

    /// Reads a string whose opening quote is next.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'r, str>, Fault> {
        self.take(b'"')?;
        let start = self.at;
        self.run();
        if self.peek() == b'"' {
            let text = self.since(start);
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        self.escaped(start).map(Cow::Owned)
    }

    /// Passes over a string whose opening quote is next.
    #[inline]
    pub fn skip_string(&mut self) -> Result<(), Fault> {
        self.take(b'"')?;
        loop {
            self.run();
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => _ = self.escape()?,
                _ => return Err(self.unended()),
            }
        }
    }

    /// The rest of a string that holds an escape (or a fault) at `at` and began at `start`.
    #[cold]
    fn escaped(&mut self, start: usize) -> Result<String, Fault> {
        let mut out = self.since(start).to_owned();
        loop {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => out.push(self.escape()?),
                _ => return Err(self.unended()),
            }
            let start = self.at;
            self.run();
            out.push_str(self.since(start));
        }
    }

    /// One escape whose backslash is next.
    fn escape(&mut self) -> Result<char, Fault> {
        let it = match self.text.as_bytes().get(self.at + 1) {
            Some(b'u') => return self.unicode(),
            Some(it @ (b'"' | b'\\' | b'/')) => char::from(*it),
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            _ => return Err(self.fault("expected one of `\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u`")),
        };
        self.at += 2;
        Ok(it)
    }

    /// `\uXXXX`, two of them when they are the halves of one character. A half that stands alone is
    /// no character: Python's `json.dumps` writes such, and U+FFFD is read for it.
    fn unicode(&mut self) -> Result<char, Fault> {
        let Some(mut code) = self.hex(self.at + 2) else {
            return Err(self.fault("expected four hexadecimal digits after `\\u`"));
        };
        self.at += 6;
        if (0xD800..0xDC00).contains(&code)
            && self.rest().starts_with(b"\\u")
            && let Some(low @ 0xDC00..0xE000) = self.hex(self.at + 2)
        {
            self.at += 6;
            code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.as_bytes().get(at..at + 4)?;
        digits.iter().try_fold(0, |code, &digit| Some(code * 16 + char::from(digit).to_digit(16)?))
    }

    /// Moves to the next byte that is not plain inside a string: a quote, a backslash, a control
    /// character, or the end.
    #[inline]
    fn run(&mut self) {
        while let Some(chunk) = self.rest().first_chunk::<8>() {
            let special = special(u64::from_le_bytes(*chunk));
            if special != 0 {
                self.at += special.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while !matches!(self.peek(), 0..0x20 | b'"' | b'\\') {
            self.at += 1;
        }
    }

    #[cold]
    fn unended(&self) -> Fault {
        if self.at < self.text.len() {
            self.fault("a control character in a string; it must be escaped")
        } else {
            self.fault("a string without an end")
        }
    }

    /// An error at this place: "expected `what`".
    #[cold]
    pub fn expected(&self, what: &str) -> Fault {
        if self.at < self.text.len() {
            self.fault(format!("expected {what}"))
        } else {
            self.fault(format!("expected {what}, but the text ends"))
        }
    }

    /// An error at this place.
    #[cold]
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Box::new(ReadError { offset: self.at.min(self.text.len()), message: message.into() })
    }
}

/// The high bit of each byte that is a quote, a backslash or below 0x20. Bits above the first one set
/// may be wrong (a borrow runs upwards), the first never is.
#[inline]
const fn special(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    ((quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word))
        & HIGH
}
