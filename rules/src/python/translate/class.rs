//! Character classes.

use std::fmt::Write;

use super::escape::Escape;
use super::{Error, Flags, Translator};

/// A member of a class, before it is known whether it starts a range.
enum Member {
    One(char),
    Category(char),
}

impl Translator {
    /// The rest of a class whose `[`, at `start`, has been read. `[`, `&&`, `--` and `~~` inside have
    /// no meaning in Python; all literals are written as code points, so they get none in Rust.
    pub fn class(&mut self, flags: Flags, start: usize) -> Result<(), Error> {
        self.out.push('[');
        if self.take('^') {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let at = self.at;
            let Some(c) = self.next() else { return self.fail("unterminated character set", start) };
            if c == ']' && !is_first {
                break;
            }
            is_first = false;
            let low = self.member(c, at)?;
            // A `-` starts a range, unless the class ends after it.
            if self.peek() != Some('-') || self.chars.get(self.at + 1) == Some(&']') {
                self.write_member(&low, flags);
                continue;
            }
            self.at += 1;
            let high_at = self.at;
            let Some(c) = self.next() else { return self.fail("unterminated character set", start) };
            match (low, self.member(c, high_at)?) {
                (Member::One(low), Member::One(high)) if low <= high => {
                    self.literal(low);
                    self.out.push('-');
                    self.literal(high);
                }
                _ => {
                    let range: String = self.chars.get(at..self.at).unwrap_or_default().iter().collect();
                    return self.fail(&format!("bad character range {range}"), at);
                }
            }
        }
        self.out.push(']');
        Ok(())
    }

    fn member(&mut self, c: char, at: usize) -> Result<Member, Error> {
        if c != '\\' {
            return Ok(Member::One(c));
        }
        match self.escape(true, at)? {
            Escape::Literal(c) => Ok(Member::One(c)),
            Escape::Category(c) => Ok(Member::Category(c)),
            Escape::Position(_) | Escape::Group(_) => self.fail("bad escape", at),
        }
    }

    fn write_member(&mut self, member: &Member, flags: Flags) {
        match member {
            Member::One(c) => self.literal(*c),
            Member::Category(c) => self.category(*c, flags.ascii, true),
        }
    }

    /// Writes `\d`, `\s` or `\w`, or their opposites.
    ///
    /// In Python a word character is alphanumeric or `_`, which leaves out the combining marks of
    /// Rust's `\w` and takes in numbers like `²`; and white space has the four separators of ASCII.
    pub fn category(&mut self, c: char, is_ascii: bool, is_in_class: bool) {
        let members = match (c.to_ascii_lowercase(), is_ascii) {
            ('d', true) => "0-9",
            ('d', false) => "\\d",
            ('s', true) => "\\x09-\\x0D\\x20",
            ('s', false) => "\\s\\x1C-\\x1F",
            (_, true) => "0-9A-Z_a-z",
            (_, false) => "\\p{L}\\p{N}_",
        };
        if c.is_ascii_uppercase() {
            let _ = write!(self.out, "[^{members}]");
        } else if is_in_class {
            self.out.push_str(members);
        } else {
            let _ = write!(self.out, "[{members}]");
        }
    }
}
