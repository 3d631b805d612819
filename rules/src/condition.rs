//! Row conditions: which rows a rule looks at.
//!
//! The meaning is that of `pandas.DataFrame.query`, which Great Expectations filters with: `!=` and
//! `NOT_IN` keep rows without a value, every other comparison drops them.

use std::fmt;

pub use crate::condition::guard::Guard;
pub use crate::condition::parse::Dialect;
use crate::value::Value;

mod guard;
mod json;
mod lex;
mod parse;

/// A condition on one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A column against a value, a list or another column.
    Compare {
        /// The column's name; dots lead into nested objects.
        column: String,
        /// How they must stand to each other.
        operator: Operator,
        /// What the column is compared with.
        parameter: Parameter,
    },
    /// Whether the column has a value; NaN is none.
    Null {
        /// The column's name.
        column: String,
        /// True when there must be no value.
        is_null: bool,
    },
    /// All of them; holds when there are none.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
    /// The opposite. More than the opposite operator: it keeps rows without a value.
    Not(Box<Condition>),
}

/// How a column's value and the parameter must stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`; values of unlike types are not equal.
    Equal,
    /// `!=`; true of a missing value.
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// One of a list.
    In,
    /// None of a list; true of a missing value.
    NotIn,
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// A constant. Text that is an ISO date is that time where the column holds times.
    Value(Value<'static>),
    /// Constants, for `in` and `not in`.
    List(Vec<Value<'static>>),
    /// Another column of the same row.
    Column(String),
}

impl Operator {
    /// The operator as it is written in a condition.
    pub const fn symbol(self) -> &'static str {
        match self {
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::Greater => ">",
            Operator::AtLeast => ">=",
            Operator::In => "in",
            Operator::NotIn => "not in",
        }
    }

    /// The operator with its sides exchanged: `1 < n` is `n > 1`.
    const fn flipped(self) -> Self {
        match self {
            Operator::Less => Operator::Greater,
            Operator::AtMost => Operator::AtLeast,
            Operator::Greater => Operator::Less,
            Operator::AtLeast => Operator::AtMost,
            it => it,
        }
    }
}

impl Condition {
    /// The columns it reads, each once, in the order of the text.
    pub fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.columns_into(&mut names);
        names
    }

    fn columns_into<'c>(&'c self, names: &mut Vec<&'c str>) {
        let mut add = |name: &'c String| {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        };
        match self {
            Condition::Compare { column, parameter, .. } => {
                add(column);
                if let Parameter::Column(other) = parameter {
                    add(other);
                }
            }
            Condition::Null { column, .. } => add(column),
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|it| it.columns_into(names)),
            Condition::Not(part) => part.columns_into(names),
        }
    }
}

/// The condition in [`Dialect::Short`], which reads back as the same condition.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Compare { column, operator, parameter } => {
                write!(f, "{} {} ", Name(column), operator.symbol())?;
                match parameter {
                    Parameter::Value(it) => write_value(f, it),
                    Parameter::Column(it) => write!(f, "{}", Name(it)),
                    Parameter::List(them) => write_list(f, them),
                }
            }
            Condition::Null { column, is_null } => {
                write!(f, "{} is {}null", Name(column), if *is_null { "" } else { "not " })
            }
            Condition::All(parts) => write_parts(f, parts, " and "),
            Condition::Any(parts) => write_parts(f, parts, " or "),
            // Parentheses count as levels, of which a condition may have only so many.
            Condition::Not(part) => match **part {
                Condition::All(_) | Condition::Any(_) => write!(f, "not ({part})"),
                _ => write!(f, "not {part}"),
            },
        }
    }
}

fn write_parts(f: &mut fmt::Formatter<'_>, parts: &[Condition], between: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { between })?;
        match part {
            Condition::All(_) | Condition::Any(_) => write!(f, "({part})")?,
            _ => write!(f, "{part}")?,
        }
    }
    Ok(())
}

fn write_list(f: &mut fmt::Formatter<'_>, values: &[Value]) -> fmt::Result {
    f.write_str("[")?;
    for (at, value) in values.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { ", " })?;
        write_value(f, value)?;
    }
    f.write_str("]")
}

fn write_value(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Missing | Value::Null => f.write_str("None"),
        Value::Bool(it) => f.write_str(if *it { "True" } else { "False" }),
        Value::Int(it) => write!(f, "{it}"),
        Value::Big(it) => write!(f, "{it}"),
        Value::Num(it) => write!(f, "{it:?}"),
        Value::Dec(it) => write!(f, "{it}"),
        Value::Time(it) => write!(f, "{}(\"{it}\")", it.type_name()),
        Value::List(it) => write_list(f, it),
        Value::Map(_) => f.write_str("{...}"),
        Value::Str(it) => {
            f.write_str("\"")?;
            for c in it.chars() {
                match c {
                    '"' | '\\' => write!(f, "\\{c}")?,
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    _ => write!(f, "{c}")?,
                }
            }
            f.write_str("\"")
        }
    }
}

/// A column's name, between backticks unless it reads as a name without them.
struct Name<'n>(&'n str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.split('.').all(|it| lex::is_name(it) && !parse::is_reserved(it)) {
            f.write_str(self.0)
        } else {
            write!(f, "`{}`", self.0.replace('`', "``"))
        }
    }
}

#[cfg(test)]
mod tests;
