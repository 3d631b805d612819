//! Groups: everything that starts with `(`.

use std::fmt::Write;

use super::{Error, Flags, Group, MAX_DEPTH, Translator, Width};

impl Translator {
    /// `(?imsx)` at the very start: flags for the whole pattern.
    pub fn global_flags(&mut self) -> Result<Flags, Error> {
        let mut flags = Flags::default();
        loop {
            while flags.verbose && self.skip_verbose() {}
            let start = self.at;
            let is_flag = |c: &char| matches!(c, 'a' | 'i' | 'L' | 'm' | 's' | 'u' | 'x');
            let rest = self.chars.get(start..).unwrap_or_default();
            let Some(letters) = rest.strip_prefix(&['(', '?']) else { return Ok(flags) };
            let n_letters = letters.iter().take_while(|c| is_flag(c)).count();
            if n_letters == 0 || letters.get(n_letters) != Some(&')') {
                return Ok(flags);
            }
            self.at += 2;
            flags = self.flags_on(flags)?;
            self.at += 1;
        }
    }

    /// The rest of a group whose `(`, at `start`, has been read; `None` for a comment.
    pub fn group(&mut self, flags: Flags, start: usize) -> Result<Option<Width>, Error> {
        if self.depth >= MAX_DEPTH {
            return self.fail(&format!("groups nested more than {MAX_DEPTH} deep"), start);
        }
        self.depth += 1;
        let width = self.group_body(flags, start);
        self.depth -= 1;
        width
    }

    fn group_body(&mut self, flags: Flags, start: usize) -> Result<Option<Width>, Error> {
        if !self.take('?') {
            return self.capture(None, flags, start).map(Some);
        }
        let at = self.at;
        let Some(c) = self.next() else { return self.fail("unexpected end of pattern", at) };
        match c {
            'P' => self.python_group(flags, start),
            ':' => self.wrapped("(?:", flags, start).map(Some),
            '>' => {
                self.is_fancy = true;
                self.wrapped("(?>", flags, start).map(Some)
            }
            '#' => {
                while let Some(c) = self.next() {
                    if c == ')' {
                        return Ok(None);
                    }
                }
                self.fail("missing ), unterminated comment", start)
            }
            '=' | '!' => {
                self.is_fancy = true;
                self.wrapped(if c == '=' { "(?=" } else { "(?!" }, flags, start)?;
                Ok(Some(Width::ZERO))
            }
            '<' => {
                let open = match self.next() {
                    Some('=') => "(?<=",
                    Some('!') => "(?<!",
                    Some(c) => return self.fail(&format!("unknown extension ?<{c}"), at),
                    None => return self.fail("unexpected end of pattern", at),
                };
                self.is_fancy = true;
                let width = self.wrapped(open, flags, start)?;
                if width.least != width.most {
                    return self.fail("look-behind requires fixed-width pattern", start);
                }
                Ok(Some(Width::ZERO))
            }
            '(' => self.conditional(flags, start).map(Some),
            'a' | 'i' | 'L' | 'm' | 's' | 'u' | 'x' | '-' => {
                self.at -= 1;
                self.flagged(flags, start).map(Some)
            }
            _ => self.fail(&format!("unknown extension ?{c}"), at),
        }
    }

    /// `(?P<name>...)` and `(?P=name)`.
    fn python_group(&mut self, flags: Flags, start: usize) -> Result<Option<Width>, Error> {
        let at = self.at;
        match self.next() {
            Some('<') => {
                let name = self.name('>')?;
                if self.groups.iter().any(|it| it.name.as_deref() == Some(&name)) {
                    return self.fail(&format!("redefinition of group name '{name}'"), at);
                }
                self.capture(Some(name), flags, start).map(Some)
            }
            Some('=') => {
                let name = self.name(')')?;
                let Some(number) = self.number_of(&name) else {
                    return self.fail(&format!("unknown group name '{name}'"), at);
                };
                self.back_reference(number, start).map(Some)
            }
            Some(c) => self.fail(&format!("unknown extension ?P{c}"), at),
            None => self.fail("unexpected end of pattern", at),
        }
    }

    /// Reads up to `end`; a name is an identifier.
    fn name(&mut self, end: char) -> Result<String, Error> {
        let at = self.at;
        let mut name = String::new();
        loop {
            match self.next() {
                Some(c) if c == end => break,
                Some(c) => name.push(c),
                None => return self.fail(&format!("missing {end}, unterminated name"), at),
            }
        }
        let is_identifier =
            name.chars().enumerate().all(|(i, c)| c == '_' || c.is_alphabetic() || i > 0 && c.is_alphanumeric());
        if name.is_empty() {
            return self.fail("missing group name", at);
        }
        if !is_identifier && name.parse::<usize>().is_err() {
            return self.fail(&format!("bad character in group name '{name}'"), at);
        }
        Ok(name)
    }

    fn number_of(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|it| it.name.as_deref() == Some(name)).map(|it| it + 1)
    }

    fn capture(&mut self, name: Option<String>, flags: Flags, start: usize) -> Result<Width, Error> {
        if name.as_deref().is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit())) {
            return self.fail("bad character in group name", start);
        }
        let at = self.groups.len();
        self.groups.push(Group { name, width: None });
        let width = self.wrapped("(", flags, start)?;
        if let Some(group) = self.groups.get_mut(at) {
            group.width = Some(width);
        }
        Ok(width)
    }

    /// Writes a group with the given opening, and its inside up to the `)`.
    fn wrapped(&mut self, open: &str, flags: Flags, start: usize) -> Result<Width, Error> {
        self.out.push_str(open);
        let width = self.alternation(flags)?;
        self.close(start)?;
        Ok(width)
    }

    fn close(&mut self, start: usize) -> Result<(), Error> {
        if !self.take(')') {
            return self.fail("missing ), unterminated subpattern", start);
        }
        self.out.push(')');
        Ok(())
    }

    /// What an earlier group matched.
    pub fn back_reference(&mut self, number: usize, at: usize) -> Result<Width, Error> {
        let Some(group) = number.checked_sub(1).and_then(|it| self.groups.get(it)) else {
            return self.fail(&format!("invalid group reference {number}"), at);
        };
        let Some(width) = group.width else { return self.fail("cannot refer to an open group", at) };
        self.is_fancy = true;
        let _ = write!(self.out, "(?:\\{number})");
        Ok(width)
    }

    /// `(?(1)yes|no)`, `(?(name)yes)`.
    fn conditional(&mut self, flags: Flags, start: usize) -> Result<Width, Error> {
        let at = self.at;
        let name = self.name(')')?;
        let number = name.parse().ok().or_else(|| self.number_of(&name)).unwrap_or(0);
        if number == 0 || number > self.groups.len() {
            return self.fail(&format!("invalid group reference {name}"), at);
        }
        self.is_fancy = true;
        let _ = write!(self.out, "(?({number})");
        let yes = self.sequence(flags)?;
        let mut no = Width::ZERO;
        if self.take('|') {
            self.out.push('|');
            no = self.sequence(flags)?;
            if self.peek() == Some('|') {
                return self.fail("conditional backref with more than two branches", self.at);
            }
        }
        self.close(start)?;
        Ok(yes.or(no))
    }

    /// `(?i-s:...)`: flags for the inside of the group.
    fn flagged(&mut self, flags: Flags, start: usize) -> Result<Width, Error> {
        let mut inner = self.flags_on(flags)?;
        if self.peek() == Some(')') {
            return self.fail("global flags not at the start of the expression", start);
        }
        if self.take('-') {
            let at = self.at;
            while let Some(c) = self.peek() {
                match c {
                    'i' => inner.ignore_case = false,
                    'm' => inner.multi_line = false,
                    's' => inner.dot_all = false,
                    'x' => inner.verbose = false,
                    'a' | 'u' | 'L' => {
                        return self.fail("bad inline flags: cannot turn off flags 'a', 'u' and 'L'", at);
                    }
                    _ => break,
                }
                self.at += 1;
            }
            if self.at == at {
                return self.fail("missing flag", at);
            }
        }
        if !self.take(':') {
            return self.fail("missing : (or unknown flag)", self.at);
        }
        let open = match (flags.ignore_case, inner.ignore_case) {
            (false, true) => "(?i:",
            (true, false) => "(?-i:",
            _ => "(?:",
        };
        self.wrapped(open, inner, start)
    }

    /// Flag letters, up to anything else.
    fn flags_on(&mut self, flags: Flags) -> Result<Flags, Error> {
        let mut flags = flags;
        let (mut has_ascii, mut has_unicode) = (false, false);
        while let Some(c) = self.peek() {
            match c {
                'a' => has_ascii = true,
                'u' => has_unicode = true,
                'i' => flags.ignore_case = true,
                'm' => flags.multi_line = true,
                's' => flags.dot_all = true,
                'x' => flags.verbose = true,
                'L' => return self.fail("bad inline flags: cannot use 'L' flag with a str pattern", self.at),
                _ => break,
            }
            self.at += 1;
        }
        if has_ascii && has_unicode {
            return self.fail("bad inline flags: flags 'a' and 'u' are incompatible", self.at);
        }
        flags.ascii = (flags.ascii || has_ascii) && !has_unicode;
        Ok(flags)
    }
}
