//! Python's regular expression syntax, rewritten as that of the Rust engines.
//!
//! The rules are those of `CPython` 3.11's `re` (`Lib/re/_parser.py`). What is written is plain ASCII:
//! every literal but letters and digits as its code point, every flag but `i` resolved, every name
//! as a number; so no character keeps a meaning that Python does not give it.

use std::fmt::Write;

use crate::python::translate::escape::Escape;

mod class;
mod escape;
mod group;

/// A pattern in Rust's syntax.
pub struct Translation {
    /// The pattern, with [`Translation::DOLLAR`] for each `$` that is not multi-line.
    pub pattern: String,
    /// It needs the backtracking engine.
    pub is_fancy: bool,
    /// There is a `$`.
    pub has_dollar: bool,
}

impl Translation {
    /// Stands for `$`; nothing else is written with it.
    pub const DOLLAR: char = '\u{1}';
}

/// What is wrong, and at which character, counted from 0.
#[derive(Debug)]
pub struct Error {
    /// As Python says it.
    pub message: String,
    /// Position in characters.
    pub at: usize,
}

/// Rewrites a Python pattern; fails where `re.compile` does, and on what no Rust engine can do.
pub fn translate(pattern: &str) -> Result<Translation, Error> {
    let mut it = Translator {
        chars: pattern.chars().collect(),
        at: 0,
        out: String::new(),
        groups: Vec::new(),
        is_fancy: false,
        has_dollar: false,
        depth: 0,
    };
    let flags = it.global_flags()?;
    if flags.ignore_case {
        it.out.push_str("(?i)");
    }
    it.alternation(flags)?;
    if it.at < it.chars.len() {
        return it.fail("unbalanced parenthesis", it.at);
    }
    Ok(Translation { pattern: it.out, is_fancy: it.is_fancy, has_dollar: it.has_dollar })
}

/// Deeper groups are refused, before the stack or the engines' own limit of 250 is met.
const MAX_DEPTH: usize = 100;

/// Python's own largest repetition.
const MAX_REPEAT: u64 = 4_294_967_295;

// They are five independent switches.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Copy, Default, PartialEq)]
struct Flags {
    ascii: bool,
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
    verbose: bool,
}

/// The fewest and the most characters something can match; lookbehind wants them equal.
#[derive(Clone, Copy, PartialEq)]
struct Width {
    least: u64,
    most: u64,
}

impl Width {
    const ZERO: Width = Width { least: 0, most: 0 };
    const ONE: Width = Width { least: 1, most: 1 };

    fn then(self, other: Width) -> Width {
        Width { least: self.least.saturating_add(other.least), most: self.most.saturating_add(other.most) }
    }

    fn or(self, other: Width) -> Width {
        Width { least: self.least.min(other.least), most: self.most.max(other.most) }
    }

    fn times(self, least: u64, most: u64) -> Width {
        Width { least: self.least.saturating_mul(least), most: self.most.saturating_mul(most) }
    }
}

/// A capturing group.
struct Group {
    name: Option<String>,
    /// Known when the group has been closed.
    width: Option<Width>,
}

struct Translator {
    chars: Vec<char>,
    at: usize,
    out: String,
    groups: Vec<Group>,
    is_fancy: bool,
    has_dollar: bool,
    depth: usize,
}

/// What a quantifier would apply to.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Item,
    /// `^`, `$`, `\b`: cannot be repeated.
    Position,
    /// Lookahead or lookbehind: repeating it changes nothing, unless it may be left out.
    Look,
    /// Already repeated.
    Repeated,
}

/// The last item written, where it starts in the output.
#[derive(Clone, Copy)]
struct Last {
    start: usize,
    width: Width,
    kind: Kind,
}

impl Translator {
    /// Branches with `|` between them, up to a `)` or the end.
    fn alternation(&mut self, flags: Flags) -> Result<Width, Error> {
        let mut width = self.sequence(flags)?;
        while self.take('|') {
            self.out.push('|');
            width = width.or(self.sequence(flags)?);
        }
        Ok(width)
    }

    /// Items one after another, up to a `|`, a `)` or the end.
    fn sequence(&mut self, flags: Flags) -> Result<Width, Error> {
        let mut before = Width::ZERO;
        let mut last: Option<Last> = None;
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let at = self.at;
            if flags.verbose && self.skip_verbose() {
                continue;
            }
            if let Some((least, most)) = self.quantifier()? {
                let Some(it) = last.filter(|it| it.kind != Kind::Position) else {
                    return self.fail("nothing to repeat", at);
                };
                if it.kind == Kind::Repeated {
                    return self.fail("multiple repeat", at);
                }
                if it.kind == Kind::Look {
                    self.repeat_look(it.start, least);
                } else {
                    self.repeat(it.start, least, most);
                }
                last = Some(Last { width: it.width.times(least, most), kind: Kind::Repeated, ..it });
                continue;
            }
            let start = self.out.len();
            let Some((width, kind)) = self.item(flags)? else { continue };
            before = before.then(last.map_or(Width::ZERO, |it| it.width));
            last = Some(Last { start, width, kind });
        }
        Ok(before.then(last.map_or(Width::ZERO, |it| it.width)))
    }

    /// One literal, class, group or position; `None` for a comment.
    fn item(&mut self, flags: Flags) -> Result<Option<(Width, Kind)>, Error> {
        let at = self.at;
        let Some(c) = self.next() else { return Ok(None) };
        match c {
            '.' => self.out.push_str(if flags.dot_all { "(?s:.)" } else { "[^\\n]" }),
            '^' => {
                self.out.push_str(if flags.multi_line { "(?m:^)" } else { "\\A" });
                return Ok(Some((Width::ZERO, Kind::Position)));
            }
            '$' if flags.multi_line => {
                self.out.push_str("(?m:$)");
                return Ok(Some((Width::ZERO, Kind::Position)));
            }
            '$' => {
                self.has_dollar = true;
                self.out.push(Translation::DOLLAR);
                return Ok(Some((Width::ZERO, Kind::Position)));
            }
            '[' => self.class(flags, at)?,
            '(' => {
                let is_look = matches!(
                    self.chars.get(at + 1..).unwrap_or_default(),
                    ['?', '=' | '!', ..] | ['?', '<', '=' | '!', ..]
                );
                let kind = if is_look { Kind::Look } else { Kind::Item };
                return Ok(self.group(flags, at)?.map(|width| (width, kind)));
            }
            '\\' => match self.escape(false, at)? {
                Escape::Literal(c) => self.literal(c),
                Escape::Category(c) => self.category(c, flags.ascii, false),
                Escape::Position(c) => {
                    self.out.push_str(match (c, flags.ascii) {
                        ('A', _) => "\\A",
                        ('Z', _) => "\\z",
                        ('B', _) => "\\B",
                        (_, true) => "(?-u:\\b)",
                        _ => "\\b",
                    });
                    return Ok(Some((Width::ZERO, Kind::Position)));
                }
                Escape::Group(number) => return self.back_reference(number, at).map(|it| Some((it, Kind::Item))),
            },
            _ => self.literal(c),
        }
        Ok(Some((Width::ONE, Kind::Item)))
    }

    /// White space and `#` comments, which mean nothing under the flag `x`.
    fn skip_verbose(&mut self) -> bool {
        match self.peek() {
            Some(' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c') => self.at += 1,
            Some('#') => while self.next().is_some_and(|c| c != '\n') {},
            _ => return false,
        }
        true
    }

    /// `*`, `+`, `?`, `{m}`, `{m,}`, `{,n}`, `{m,n}`; any other `{` is a literal.
    fn quantifier(&mut self) -> Result<Option<(u64, u64)>, Error> {
        let at = self.at;
        let bounds = match self.peek() {
            Some('*') => (0, MAX_REPEAT),
            Some('+') => (1, MAX_REPEAT),
            Some('?') => (0, 1),
            Some('{') if self.chars.get(at + 1) != Some(&'}') => {
                self.at += 1;
                let least = self.digits();
                let most = if self.take(',') { self.digits() } else { least.clone() };
                if !self.take('}') || (least.is_empty() && self.chars.get(at + 1) != Some(&',')) {
                    self.at = at;
                    return Ok(None);
                }
                let read = |digits: &str, absent: u64| match digits.parse::<u64>() {
                    Ok(it) if it < MAX_REPEAT => Ok(it),
                    _ if digits.is_empty() => Ok(absent),
                    _ => Err(Error { message: "the repetition number is too large".to_owned(), at: at + 1 }),
                };
                let (least, most) = (read(&least, 0)?, read(&most, MAX_REPEAT)?);
                if most < least {
                    return self.fail("min repeat greater than max repeat", at + 1);
                }
                return Ok(Some((least, most)));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(bounds))
    }

    /// Writes a quantifier after the item that starts at `start`, with its `?` (lazy) or `+` (possessive).
    fn repeat(&mut self, start: usize, least: u64, most: u64) {
        let suffix = match (least, most) {
            (0, MAX_REPEAT) => "*".to_owned(),
            (1, MAX_REPEAT) => "+".to_owned(),
            (0, 1) => "?".to_owned(),
            (_, MAX_REPEAT) => format!("{{{least},}}"),
            _ => format!("{{{least},{most}}}"),
        };
        self.out.push_str(&suffix);
        if self.take('?') {
            self.out.push('?');
        } else if self.take('+') {
            self.is_fancy = true;
            self.out.insert_str(start, "(?>");
            self.out.push(')');
        }
    }

    /// The engine does not repeat lookaround; once is as good as often.
    fn repeat_look(&mut self, start: usize, least: u64) {
        if !self.take('?') {
            self.take('+');
        }
        if least == 0 {
            self.out.insert_str(start, "(?:");
            self.out.push_str("|)");
        }
    }

    /// Writes a character that stands for itself.
    fn literal(&mut self, c: char) {
        if c.is_ascii_alphanumeric() {
            self.out.push(c);
        } else {
            let _ = write!(self.out, "\\x{{{:X}}}", u32::from(c));
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let it = self.peek()?;
        self.at += 1;
        Some(it)
    }

    fn take(&mut self, c: char) -> bool {
        let is_there = self.peek() == Some(c);
        self.at += usize::from(is_there);
        is_there
    }

    fn digits(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.chars.get(start..self.at).unwrap_or_default().iter().collect()
    }

    fn fail<T>(&self, message: &str, at: usize) -> Result<T, Error> {
        Err(Error { message: message.to_owned(), at: at.min(self.chars.len()) })
    }
}
