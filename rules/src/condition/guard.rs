//! A condition bound to the slots of a row.

use std::cmp::Ordering;

use crate::condition::{Condition, Operator, Parameter};
use crate::row::{Row, Slot};
use crate::time::Time;
use crate::value::Value;

/// A [`Condition`] that knows where its columns stand in a row.
#[derive(Clone, Debug)]
pub struct Guard(Node);

#[derive(Clone, Debug)]
enum Node {
    Value { slot: Slot, operator: Operator, constant: Constant },
    List { slot: Slot, is_in: bool, constants: Vec<Constant> },
    Columns { slot: Slot, operator: Operator, other: Slot },
    Null { slot: Slot, is_null: bool },
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
}

/// A constant, and the time that its text is: text in a suite may mean either.
#[derive(Clone, Debug)]
struct Constant {
    value: Value<'static>,
    time: Option<Value<'static>>,
}

impl Condition {
    /// Finds the slot of each column.
    pub fn bind(self, slot_of: &mut dyn FnMut(&str) -> Slot) -> Guard {
        Guard(Node::bind(self, slot_of))
    }
}

impl Guard {
    /// Whether the condition holds for the row.
    pub fn holds(&self, row: &Row) -> bool {
        self.0.holds(row)
    }
}

impl Node {
    fn bind(condition: Condition, slot_of: &mut dyn FnMut(&str) -> Slot) -> Node {
        match condition {
            Condition::Compare { column, operator, parameter } => {
                let slot = slot_of(&column);
                match (operator, parameter) {
                    (Operator::In | Operator::NotIn, parameter) => {
                        let is_in = operator == Operator::In;
                        let values = match parameter {
                            Parameter::List(values) => values,
                            Parameter::Value(value) => vec![value],
                            Parameter::Column(other) => {
                                let operator = if is_in { Operator::Equal } else { Operator::NotEqual };
                                return Node::Columns { slot, operator, other: slot_of(&other) };
                            }
                        };
                        Node::List { slot, is_in, constants: values.into_iter().map(Constant::new).collect() }
                    }
                    (operator, Parameter::Value(value)) => {
                        Node::Value { slot, operator, constant: Constant::new(value) }
                    }
                    (operator, Parameter::Column(other)) => Node::Columns { slot, operator, other: slot_of(&other) },
                    (operator, Parameter::List(values)) => {
                        Node::Value { slot, operator, constant: Constant::new(Value::List(values)) }
                    }
                }
            }
            Condition::Null { column, is_null } => Node::Null { slot: slot_of(&column), is_null },
            Condition::All(parts) => Node::All(parts.into_iter().map(|it| Node::bind(it, slot_of)).collect()),
            Condition::Any(parts) => Node::Any(parts.into_iter().map(|it| Node::bind(it, slot_of)).collect()),
            Condition::Not(part) => Node::Not(Box::new(Node::bind(*part, slot_of))),
        }
    }

    fn holds(&self, row: &Row) -> bool {
        match self {
            Node::Value { slot, operator, constant } => {
                let value = row.at(*slot);
                compare(value, *operator, constant.beside(value))
            }
            Node::List { slot, is_in, constants } => {
                let value = row.at(*slot);
                let is_there = !value.is_null() && constants.iter().any(|it| value.same(it.beside(value)));
                is_there == *is_in
            }
            Node::Columns { slot, operator, other } => compare(row.at(*slot), *operator, row.at(*other)),
            Node::Null { slot, is_null } => {
                let value = row.at(*slot);
                (value.is_null() || value.is_nan()) == *is_null
            }
            Node::All(parts) => parts.iter().all(|it| it.holds(row)),
            Node::Any(parts) => parts.iter().any(|it| it.holds(row)),
            Node::Not(part) => !part.holds(row),
        }
    }
}

impl Constant {
    fn new(value: Value<'static>) -> Self {
        let time = value.as_str().and_then(Time::parse).map(Value::Time);
        Constant { value, time }
    }

    /// What to compare `value` with.
    fn beside(&self, value: &Value) -> &Value<'static> {
        match (&self.time, value) {
            (Some(time), Value::Time(_)) => time,
            _ => &self.value,
        }
    }
}

/// As pandas does: a null equals nothing, not even a null, and has no order.
fn compare(a: &Value, operator: Operator, b: &Value) -> bool {
    let same = || !a.is_null() && !b.is_null() && a.same(b);
    match operator {
        Operator::Equal | Operator::In => same(),
        Operator::NotEqual | Operator::NotIn => !same(),
        Operator::Less => a.compare(b) == Some(Ordering::Less),
        Operator::Greater => a.compare(b) == Some(Ordering::Greater),
        Operator::AtMost => matches!(a.compare(b), Some(Ordering::Less | Ordering::Equal)),
        Operator::AtLeast => matches!(a.compare(b), Some(Ordering::Greater | Ordering::Equal)),
    }
}
