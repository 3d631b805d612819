//! Guards: which records a `when:` lets through.

use crate::condition;
use crate::kind::Check;
use crate::report::Outcome;
use crate::row::{Row, Slot};

/// A condition on a record.
pub enum Guard {
    /// A comparison, written as text or in GX's form.
    Condition(condition::Guard),
    /// A record expectation that must hold; a null value does not.
    Holds(Check, Vec<Slot>),
    /// All of them.
    All(Vec<Guard>),
    /// Any of them.
    Any(Vec<Guard>),
    /// The opposite.
    Not(Box<Guard>),
}

impl Guard {
    /// Whether the record is let through.
    pub fn holds(&self, row: &Row) -> bool {
        match self {
            Guard::Condition(it) => it.holds(row),
            Guard::Holds(Check::Value(check), slots) => {
                let value = slots.first().map_or(&crate::value::Value::Missing, |it| row.at(*it));
                !value.is_null() && check.check(value) == Outcome::Pass
            }
            Guard::Holds(Check::Row(check), _) => check.check(row) == Outcome::Pass,
            Guard::Holds(..) => false,
            Guard::All(guards) => guards.iter().all(|it| it.holds(row)),
            Guard::Any(guards) => guards.iter().any(|it| it.holds(row)),
            Guard::Not(guard) => !guard.holds(row),
        }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Guard::Condition(it) => write!(f, "Condition({it:?})"),
            Guard::Holds(check, slots) => write!(f, "Holds({check:?}, {slots:?})"),
            Guard::All(it) => f.debug_tuple("All").field(it).finish(),
            Guard::Any(it) => f.debug_tuple("Any").field(it).finish(),
            Guard::Not(it) => f.debug_tuple("Not").field(it).finish(),
        }
    }
}
