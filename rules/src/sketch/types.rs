//! How many values are of which type.

use super::earlier;
use crate::time::Zone;
use crate::value::Value;

/// The type of a value, as [`Value::type_name`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Type {
    Missing,
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Date,
    Datetime,
    Decimal,
    Array,
    Object,
}

impl Type {
    /// All types, in the order of their counts.
    pub const ALL: [Type; 11] = [
        Type::Missing,
        Type::Null,
        Type::Boolean,
        Type::Integer,
        Type::Number,
        Type::String,
        Type::Date,
        Type::Datetime,
        Type::Decimal,
        Type::Array,
        Type::Object,
    ];

    /// The type of a value.
    pub const fn of(value: &Value) -> Self {
        match value {
            Value::Missing => Type::Missing,
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Boolean,
            Value::Int(_) | Value::Big(_) => Type::Integer,
            Value::Num(_) => Type::Number,
            Value::Str(_) => Type::String,
            Value::Time(it) => match it.zone {
                Zone::Date => Type::Date,
                Zone::Local | Zone::Offset(_) => Type::Datetime,
            },
            Value::Dec(_) => Type::Decimal,
            Value::List(_) => Type::Array,
            Value::Map(_) => Type::Object,
        }
    }

    /// The name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Missing => "missing",
            Type::Null => "null",
            Type::Boolean => "boolean",
            Type::Integer => "integer",
            Type::Number => "number",
            Type::String => "string",
            Type::Date => "date",
            Type::Datetime => "datetime",
            Type::Decimal => "decimal",
            Type::Array => "array",
            Type::Object => "object",
        }
    }
}

/// Count and first row of each type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Types {
    pub(super) counts: [u64; 11],
    pub(super) first: [Option<u64>; 11],
}

impl Types {
    #[inline]
    pub(super) fn update(&mut self, value: &Value, row: u64) {
        let at = Type::of(value) as usize;
        self.counts[at] += 1;
        if self.first[at].is_none_or(|it| row < it) {
            self.first[at] = Some(row);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for at in 0..Type::ALL.len() {
            self.counts[at] += other.counts[at];
            self.first[at] =
                earlier(self.first[at].map(|it| (it, ())), other.first[at].map(|it| (it, ()))).map(|it| it.0);
        }
    }

    pub(super) fn shift(&mut self, rows: u64) {
        for it in self.first.iter_mut().flatten() {
            *it = it.saturating_add(rows);
        }
    }

    /// Values of this type.
    pub fn count(&self, of: Type) -> u64 {
        self.counts[of as usize]
    }

    /// The smallest row with a value of this type.
    pub fn first(&self, of: Type) -> Option<u64> {
        self.first[of as usize]
    }

    /// The types that occur with their counts, in the order of [`Type::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Type, u64)> + '_ {
        Type::ALL.into_iter().map(|it| (it, self.count(it))).filter(|it| it.1 > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn a_type_has_the_name_its_values_have() {
        let values = [
            Value::Missing,
            Value::Null,
            Value::Bool(true),
            Value::Big(u64::MAX),
            Value::Num(0.5),
            Value::text(""),
            Value::Time(Time::from_days(1)),
            Value::Time(Time { micros: 1, zone: Zone::Local }),
            Value::Dec(rust_decimal::Decimal::ONE),
            Value::List(vec![]),
            Value::Map(vec![]),
        ];
        for (value, of) in values.iter().zip(Type::ALL) {
            assert_eq!(Type::of(value), of);
            assert_eq!(value.type_name(), of.name());
        }
    }
}
