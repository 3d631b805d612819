//! The words and signs of a condition's text.

use crate::value::Value;

/// A word or sign, and the character it starts at, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub at: usize,
}

/// The kinds of words and signs.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A name or keyword.
    Word(String),
    /// A name between backticks, never a keyword.
    Quoted(String),
    /// Text between quotes.
    Text(String),
    /// A number without its sign.
    Number(Value<'static>),
    /// `==`, `(`, `.` and so on.
    Sign(&'static str),
}

const SIGNS: [&str; 18] =
    ["==", "!=", "<=", ">=", "<", ">", "&", "|", "~", "(", ")", "[", "]", ",", ".", "-", "+", "="];

/// Whether the text is a name that needs no backticks.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c == '_' || c.is_alphabetic()) && text.chars().all(is_name_part)
}

fn is_name_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Cuts the text into tokens.
pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let at = text.chars().count() - rest.chars().count() + 1;
        if c.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        let (kind, length) = if c == '_' || c.is_alphabetic() {
            let word: String = rest.chars().take_while(|c| is_name_part(*c)).collect();
            let length = word.len();
            (Kind::Word(word), length)
        } else if c.is_ascii_digit() || c == '.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
            number(rest, at)?
        } else if c == '`' {
            let (name, length) = quoted(rest, c, at)?;
            (Kind::Quoted(name), length)
        } else if c == '"' || c == '\'' {
            let (text, length) = quoted(rest, c, at)?;
            (Kind::Text(text), length)
        } else if let Some(sign) = SIGNS.iter().find(|it| rest.starts_with(**it)) {
            (Kind::Sign(sign), sign.len())
        } else {
            return Err(format!("`{c}` at character {at} has no meaning in a condition"));
        };
        tokens.push(Token { kind, at });
        rest = rest.get(length..).unwrap_or("");
    }
    Ok(tokens)
}

/// Text up to the closing quote; backslashes escape in text, a doubled backtick is one in a name.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if c == quote {
            if quote == '`' && chars.peek().is_some_and(|(_, it)| *it == '`') {
                chars.next();
                text.push('`');
                continue;
            }
            return Ok((text, i + 1));
        }
        if c != '\\' || quote == '`' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => text.push('\n'),
            Some((_, 'r')) => text.push('\r'),
            Some((_, 't')) => text.push('\t'),
            Some((_, c @ ('\\' | '\'' | '"'))) => text.push(c),
            // As in Python, an unknown escape is itself.
            Some((_, c)) => text.extend(['\\', c]),
            None => break,
        }
    }
    Err(format!("the quote {quote} at character {at} is not closed"))
}

fn number(rest: &str, at: usize) -> Result<(Kind, usize), String> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|it| it.is_ascii_digit()).count();
    let mut length = digits(0);
    let mut is_integer = true;
    if bytes.get(length) == Some(&b'.') {
        is_integer = false;
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let n_digits = digits(length + 1 + sign);
        if n_digits > 0 {
            is_integer = false;
            length += 1 + sign + n_digits;
        }
    }
    let text = rest.get(..length).unwrap_or_default();
    if rest.get(length..).is_some_and(|it| it.starts_with(is_name_part)) {
        return Err(format!(
            "the number at character {at} runs into letters; put a name with digits in front between backticks"
        ));
    }
    let integer =
        is_integer.then(|| text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::Big)).ok()).flatten();
    let value = match integer {
        Some(it) => it,
        None => text
            .parse()
            .ok()
            .filter(|it: &f64| it.is_finite())
            .map(Value::Num)
            .ok_or_else(|| format!("the number at character {at} is too large"))?,
    };
    Ok((Kind::Number(value), length))
}
