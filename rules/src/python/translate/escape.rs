//! What follows a backslash.

use super::{Error, Translator};

/// What a backslash and what follows it mean.
pub enum Escape {
    /// A character.
    Literal(char),
    /// `\d`, `\s`, `\w` and their opposites in upper case.
    Category(char),
    /// `\A`, `\Z`, `\b`, `\B`.
    Position(char),
    /// `\1`: what the group matched.
    Group(usize),
}

impl Translator {
    /// Reads an escape whose backslash, at `start`, has been read.
    pub fn escape(&mut self, is_in_class: bool, start: usize) -> Result<Escape, Error> {
        let Some(c) = self.next() else { return self.fail("bad escape (end of pattern)", start) };
        Ok(match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Escape::Category(c),
            'b' if is_in_class => Escape::Literal('\x08'),
            'A' | 'Z' | 'b' | 'B' if !is_in_class => Escape::Position(c),
            'a' => Escape::Literal('\x07'),
            'f' => Escape::Literal('\x0c'),
            'n' => Escape::Literal('\n'),
            'r' => Escape::Literal('\r'),
            't' => Escape::Literal('\t'),
            'v' => Escape::Literal('\x0b'),
            'x' => Escape::Literal(self.code(2, start)?),
            'u' => Escape::Literal(self.code(4, start)?),
            'U' => Escape::Literal(self.code(8, start)?),
            '0'..='7' if is_in_class || c == '0' => {
                self.at -= 1;
                let most = if is_in_class || c == '0' { 3 } else { 2 };
                Escape::Literal(self.octal(most, start)?)
            }
            '1'..='9' if !is_in_class => {
                let octal = |c: Option<&char>| c.is_some_and(|it| ('0'..='7').contains(it));
                if octal(Some(&c)) && octal(self.chars.get(self.at)) && octal(self.chars.get(self.at + 1)) {
                    self.at -= 1;
                    return self.octal(3, start).map(Escape::Literal);
                }
                let mut number = c.to_digit(10).unwrap_or(0) as usize;
                if let Some(digit) = self.peek().and_then(|it| it.to_digit(10)) {
                    self.at += 1;
                    number = number * 10 + digit as usize;
                }
                Escape::Group(number)
            }
            _ if c.is_ascii_alphanumeric() => return self.fail(&format!("bad escape \\{c}"), start),
            _ => Escape::Literal(c),
        })
    }

    fn octal(&mut self, most: usize, start: usize) -> Result<char, Error> {
        let mut code = 0;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|it| it.to_digit(8)) else { break };
            self.at += 1;
            code = code * 8 + digit;
        }
        match char::from_u32(code) {
            Some(c) if code <= 0o377 => Ok(c),
            _ => self.fail("octal escape value outside of range 0-0o377", start),
        }
    }

    /// A character by exactly `n` hexadecimal digits.
    fn code(&mut self, n: usize, start: usize) -> Result<char, Error> {
        let mut code = 0_u32;
        for _ in 0..n {
            let Some(digit) = self.peek().and_then(|it| it.to_digit(16)) else {
                return self.fail("incomplete escape", start);
            };
            self.at += 1;
            code = code.wrapping_mul(16).wrapping_add(digit);
        }
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => self.fail("escape of what is no character (text here has no lone surrogates)", start),
        }
    }
}
