//! Conditions as text.

use crate::condition::lex::{Kind, Token, tokens};
use crate::condition::{Condition, Operator, Parameter};
use crate::value::Value;

mod date;
mod great_expectations;

/// How a condition is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `col("n") > 2`, `col("g") == "a"`, `col("n").notnull()`: one comparison.
    GreatExpectations,
    /// What `pandas.DataFrame.query` reads, as far as it compares columns with constants or columns.
    Pandas,
    /// Pandas, and `is null`, `is not null`, `null`, `true`, `false`.
    Short,
}

/// Deeper nesting is refused, to bound the stack.
const MAX_DEPTH: usize = 100;

/// What a condition may hold, for messages.
const ALLOWED: &str = "a condition compares columns with ==, !=, <, <=, >, >=, in [..], not in [..] or .isnull(), joined by and, or, not and parentheses";

impl Condition {
    /// Reads a condition; the error says what is wrong, at which character, and what is allowed.
    pub fn from_text(text: &str, dialect: Dialect) -> Result<Condition, String> {
        let parse = || {
            let mut parser = Parser { tokens: tokens(text)?, at: 0, end: text.chars().count() + 1, dialect, depth: 0 };
            if parser.tokens.is_empty() {
                return Err("it is empty".to_owned());
            }
            let condition = match dialect {
                Dialect::GreatExpectations => parser.great_expectations()?,
                Dialect::Pandas | Dialect::Short => parser.any()?,
            };
            match parser.tokens.get(parser.at) {
                None => Ok(condition),
                Some(token) if dialect == Dialect::GreatExpectations => Err(format!(
                    "there is more after the comparison, at character {}; this form has one comparison only",
                    token.at
                )),
                Some(token) => {
                    Err(format!("{} at character {} is not understood; {ALLOWED}", name_of(token), token.at))
                }
            }
        };
        parse().map_err(|error| format!("condition `{text}`: {error}"))
    }
}

/// Words that name no column unless they stand between backticks.
pub fn is_reserved(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "in" | "is" | "null" | "None" | "True" | "False" | "true" | "false")
}

fn name_of(token: &Token) -> String {
    match &token.kind {
        Kind::Word(it) | Kind::Quoted(it) => format!("`{it}`"),
        Kind::Text(it) => format!("{it:?}"),
        Kind::Number(_) => "the number".to_owned(),
        Kind::Sign(it) => format!("`{it}`"),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// The character after the last, for messages.
    end: usize,
    dialect: Dialect,
    depth: usize,
}

/// A side of a comparison, or a whole condition in its place.
enum Operand {
    Column(String),
    Value(Value<'static>),
    List(Vec<Value<'static>>),
    None,
    Condition(Condition),
}

impl Parser {
    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.take_word("or") || self.take("|") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() > 1 { Condition::Any(parts) } else { parts.swap_remove(0) })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.not()?];
        while self.take_word("and") || self.take("&") {
            parts.push(self.not()?);
        }
        Ok(if parts.len() > 1 { Condition::All(parts) } else { parts.swap_remove(0) })
    }

    fn not(&mut self) -> Result<Condition, String> {
        if !self.take_word("not") {
            return self.comparison();
        }
        self.deeper(|it| it.not().map(|it| Condition::Not(Box::new(it))))
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} levels of parentheses, at character {}", self.place()));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// `a < b`, `1 < n <= 3`, `n in [1, 2]`, or a condition that stands alone.
    fn comparison(&mut self) -> Result<Condition, String> {
        let place = self.place();
        let mut left = self.operand()?;
        let mut parts = Vec::new();
        loop {
            if let (Dialect::Short, Operand::Column(column)) = (self.dialect, &left)
                && self.take_word("is")
            {
                let is_null = !self.take_word("not");
                if !self.take_word("null") && !self.take_word("None") {
                    return Err(format!("expected `null` at character {}", self.place()));
                }
                parts.push(Condition::Null { column: column.clone(), is_null });
                break;
            }
            let Some(operator) = self.operator()? else { break };
            let right = if matches!(operator, Operator::In | Operator::NotIn) { self.list()? } else { self.operand()? };
            parts.push(self.compare(&left, operator, &right, place)?);
            left = right;
        }
        if parts.len() > 1 {
            return Ok(Condition::All(parts));
        }
        if let Some(part) = parts.pop() {
            return Ok(part);
        }
        match left {
            Operand::Condition(it) => Ok(it),
            // A column of booleans.
            Operand::Column(column) => Ok(Condition::Compare {
                column,
                operator: Operator::Equal,
                parameter: Parameter::Value(Value::Bool(true)),
            }),
            _ => Err(format!("a value alone is no condition, at character {place}; {ALLOWED}")),
        }
    }

    fn compare(&self, left: &Operand, operator: Operator, right: &Operand, place: usize) -> Result<Condition, String> {
        let (column, operator, parameter) = match (left, right) {
            (Operand::Column(a), Operand::Column(b)) => (a, operator, Parameter::Column(b.clone())),
            (Operand::Column(column), Operand::Value(value)) => (column, operator, Parameter::Value(value.clone())),
            (Operand::Value(value), Operand::Column(column)) => {
                (column, operator.flipped(), Parameter::Value(value.clone()))
            }
            (Operand::Column(column), Operand::List(list)) => {
                let operator = match operator {
                    Operator::Equal | Operator::In => Operator::In,
                    Operator::NotEqual | Operator::NotIn => Operator::NotIn,
                    it => {
                        return Err(format!(
                            "a list has no order, so `{}` at character {place} cannot be",
                            it.symbol()
                        ));
                    }
                };
                (column, operator, Parameter::List(list.clone()))
            }
            (Operand::Column(column), Operand::None) | (Operand::None, Operand::Column(column)) => {
                let is_equal = match operator {
                    Operator::Equal => true,
                    Operator::NotEqual => false,
                    it => return Err(format!("nothing is `{}` None, at character {place}", it.symbol())),
                };
                if self.dialect == Dialect::Short {
                    return Ok(Condition::Null { column: column.clone(), is_null: is_equal });
                }
                // In pandas nothing equals None, not even a missing value.
                let operator = if is_equal { Operator::In } else { Operator::NotIn };
                (column, operator, Parameter::List(Vec::new()))
            }
            _ => {
                return Err(format!(
                    "the comparison at character {place} needs a column on one side and a value, a list or a column on the other"
                ));
            }
        };
        Ok(Condition::Compare { column: column.clone(), operator, parameter })
    }

    fn operator(&mut self) -> Result<Option<Operator>, String> {
        for (sign, operator) in [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ] {
            if self.take(sign) {
                return Ok(Some(operator));
            }
        }
        if self.take_word("in") {
            return Ok(Some(Operator::In));
        }
        if self.take_word("not") {
            if self.take_word("in") {
                return Ok(Some(Operator::NotIn));
            }
            return Err(format!("expected `in` after `not`, at character {}", self.place()));
        }
        if matches!(self.peek(), Some(Kind::Sign("="))) {
            return Err(format!("`=` at character {} sets a value; compare with `==`", self.place()));
        }
        Ok(None)
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let place = self.place();
        let Some(kind) = self.next() else { return Err(format!("it ends too early, at character {place}; {ALLOWED}")) };
        match kind {
            Kind::Sign("~") => self.deeper(|it| {
                let part = match it.operand()? {
                    Operand::Condition(part) => part,
                    Operand::Column(column) => Condition::Compare {
                        column,
                        operator: Operator::Equal,
                        parameter: Parameter::Value(Value::Bool(true)),
                    },
                    _ => return Err(format!("`~` at character {place} needs a condition after it")),
                };
                Ok(Operand::Condition(Condition::Not(Box::new(part))))
            }),
            Kind::Sign("(") => self.deeper(|it| {
                let inner = it.any()?;
                it.expect(")")?;
                Ok(Operand::Condition(inner))
            }),
            Kind::Sign("[") => {
                self.at -= 1;
                self.list()
            }
            Kind::Sign("-" | "+") | Kind::Text(_) | Kind::Number(_) => {
                self.at -= 1;
                self.value().map(Operand::Value)
            }
            Kind::Word(word) if is_reserved(&word) => match word.as_str() {
                "True" => Ok(Operand::Value(Value::Bool(true))),
                "False" => Ok(Operand::Value(Value::Bool(false))),
                "None" => Ok(Operand::None),
                "true" | "false" if self.dialect == Dialect::Short => Ok(Operand::Value(Value::Bool(word == "true"))),
                "null" if self.dialect == Dialect::Short => Ok(Operand::None),
                "true" | "false" | "null" => self.column(word),
                _ => Err(format!("`{word}` at character {place} is not expected there; {ALLOWED}")),
            },
            Kind::Word(word) | Kind::Quoted(word) => self.column(word),
            Kind::Sign(sign) => Err(format!("`{sign}` at character {place} is not expected there; {ALLOWED}")),
        }
    }

    /// A column after its first word: its further words, a call on it, or a date.
    fn column(&mut self, first: String) -> Result<Operand, String> {
        let mut name = first;
        loop {
            if matches!(self.peek(), Some(Kind::Sign("("))) {
                return self.date(&name).map(Operand::Value);
            }
            if !self.take(".") {
                return Ok(Operand::Column(name));
            }
            let place = self.place();
            let Some(Kind::Word(word) | Kind::Quoted(word)) = self.next() else {
                return Err(format!("expected a name after the dot, at character {place}"));
            };
            let is_date = name == "datetime" || name == "pd";
            if is_date || !matches!(self.peek(), Some(Kind::Sign("("))) {
                name = format!("{name}.{word}");
                continue;
            }
            let is_null = match word.as_str() {
                "isnull" | "isna" => true,
                "notnull" | "notna" => false,
                "isin" => {
                    self.expect("(")?;
                    let list = self.list()?;
                    self.expect(")")?;
                    return self.compare(&Operand::Column(name), Operator::In, &list, place).map(Operand::Condition);
                }
                _ => {
                    return Err(format!(
                        "`.{word}()` at character {place} is not known; there are .isnull(), .notnull(), .isna(), .notna() and .isin([..])"
                    ));
                }
            };
            self.expect("(")?;
            self.expect(")")?;
            return Ok(Operand::Condition(Condition::Null { column: name, is_null }));
        }
    }

    /// `[1, 2]` or `(1, 2)`.
    fn list(&mut self) -> Result<Operand, String> {
        let close = if self.take("[") {
            "]"
        } else if self.take("(") {
            ")"
        } else {
            return Err(format!("expected a list like [1, 2] at character {}", self.place()));
        };
        let mut values = Vec::new();
        while !self.take(close) {
            values.push(self.value()?);
            if !self.take(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(Operand::List(values))
    }

    fn value(&mut self) -> Result<Value<'static>, String> {
        let place = self.place();
        let bad = || format!("expected a number, text between quotes, True, False or a date at character {place}");
        match self.next().ok_or_else(bad)? {
            Kind::Text(it) => Ok(Value::Str(it.into())),
            Kind::Number(it) => Ok(it),
            Kind::Sign(sign @ ("-" | "+")) => match self.next() {
                Some(Kind::Number(it)) if sign == "+" => Ok(it),
                Some(Kind::Number(Value::Int(it))) => Ok(Value::Int(it.wrapping_neg())),
                Some(Kind::Number(Value::Big(it))) => {
                    Ok(if it == 1 << 63 { Value::Int(i64::MIN) } else { Value::Num(-(it as f64)) })
                }
                Some(Kind::Number(Value::Num(it))) => Ok(Value::Num(-it)),
                _ => Err(format!("expected a number after the sign at character {place}; there is no arithmetic")),
            },
            Kind::Word(word) => match (word.as_str(), self.dialect) {
                ("True", _) | ("true", Dialect::Short) => Ok(Value::Bool(true)),
                ("False", _) | ("false", Dialect::Short) => Ok(Value::Bool(false)),
                ("None", _) | ("null", Dialect::Short) => Ok(Value::Null),
                _ => match self.column(word)? {
                    Operand::Value(value) => Ok(value),
                    _ => Err(bad()),
                },
            },
            _ => Err(bad()),
        }
    }

    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|it| &it.kind)
    }

    fn next(&mut self) -> Option<Kind> {
        let it = self.peek().cloned();
        self.at += usize::from(it.is_some());
        it
    }

    fn take(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.peek(), Some(Kind::Sign(it)) if *it == sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_there = matches!(self.peek(), Some(Kind::Word(it)) if it == word);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("expected `{sign}` at character {}", self.place())) }
    }

    /// Where the next token stands, in characters from 1.
    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |it| it.at)
    }
}
