//! What kinds of numbers were met: the part that every sketch of numbers shares.

use rust_decimal::prelude::ToPrimitive;

use super::earlier;
use super::types::Type;
use crate::time::Zone;
use crate::value::Value;

/// Counts of the numbers met, and of what is no number.
///
/// Numbers are integers, floats, decimals (as their nearest float) and booleans (0 and 1); times
/// count as their microseconds since 1970. Nulls are only counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Numbers that are not NaN; the infinities are among them.
    pub n: u64,
    /// NaN.
    pub nan: u64,
    /// Positive infinities.
    pub infinite: u64,
    /// Negative infinities.
    pub negative_infinite: u64,
    /// Missing values and nulls.
    pub null: u64,
    /// Values that are no numbers.
    pub refused: u64,
    pub(super) integers: u64,
    pub(super) times: u64,
    pub(super) zone: Option<(u64, Zone)>,
    pub(super) first_refused: Option<(u64, Type)>,
}

/// What the numbers are, so that a result can be written as one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// All are integers (or booleans); also when there are none.
    Integers,
    /// At least one is a float or a decimal, none is a time.
    Floats,
    /// All are times; with the zone of the first row.
    Times(Zone),
    /// Numbers and times together: their sum, mean or order means nothing.
    Mixed,
}

/// A number as it came, so that integers stay exact.
pub(super) enum Number {
    Int(i64),
    Big(u64),
    Float(f64),
}

impl Number {
    #[inline]
    pub fn as_f64(&self) -> f64 {
        match self {
            Number::Int(it) => *it as f64,
            Number::Big(it) => *it as f64,
            Number::Float(it) => *it,
        }
    }
}

impl Numbers {
    /// Counts a value and gives it back when it is a number and not NaN.
    #[inline]
    pub(super) fn read(&mut self, value: &Value, row: u64) -> Option<Number> {
        let number = match value {
            Value::Num(it) => return self.float(*it),
            Value::Int(it) => Number::Int(*it),
            Value::Bool(it) => Number::Int(i64::from(*it)),
            Value::Big(it) => Number::Big(*it),
            Value::Missing | Value::Null => {
                self.null += 1;
                return None;
            }
            Value::Time(it) => {
                self.n += 1;
                self.times += 1;
                // The smaller zone wins only for the same row, which a caller does not give twice.
                if self.zone.is_none_or(|(first, _)| row < first) {
                    self.zone = Some((row, it.zone));
                }
                return Some(Number::Int(it.micros));
            }
            // Every decimal lies within the range of floats.
            Value::Dec(it) => return self.float(it.to_f64().unwrap_or(f64::NAN)),
            Value::Str(_) | Value::List(_) | Value::Map(_) => {
                self.refuse(row, Type::of(value));
                return None;
            }
        };
        self.n += 1;
        self.integers += 1;
        Some(number)
    }

    #[inline]
    fn float(&mut self, it: f64) -> Option<Number> {
        if it.is_finite() {
            self.n += 1;
        } else if it.is_nan() {
            self.nan += 1;
            return None;
        } else {
            self.n += 1;
            if it > 0.0 {
                self.infinite += 1;
            } else {
                self.negative_infinite += 1;
            }
        }
        Some(Number::Float(it))
    }

    #[cold]
    fn refuse(&mut self, row: u64, of: Type) {
        self.refused += 1;
        self.first_refused = earlier(self.first_refused, Some((row, of)));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.nan += other.nan;
        self.infinite += other.infinite;
        self.negative_infinite += other.negative_infinite;
        self.null += other.null;
        self.refused += other.refused;
        self.integers += other.integers;
        self.times += other.times;
        self.zone = match (self.zone, other.zone) {
            (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
            (a, b) => a.or(b),
        };
        self.first_refused = earlier(self.first_refused, other.first_refused);
    }

    pub(super) fn shift(&mut self, rows: u64) {
        if let Some(it) = &mut self.zone {
            it.0 = it.0.saturating_add(rows);
        }
        if let Some(it) = &mut self.first_refused {
            it.0 = it.0.saturating_add(rows);
        }
    }

    /// Numbers that are neither NaN nor infinite.
    pub fn finite(&self) -> u64 {
        self.n - self.infinite - self.negative_infinite
    }

    /// What the numbers are.
    pub fn kind(&self) -> NumberKind {
        if self.times > 0 {
            return match self.zone {
                Some((_, zone)) if self.times == self.n => NumberKind::Times(zone),
                _ => NumberKind::Mixed,
            };
        }
        if self.integers == self.n { NumberKind::Integers } else { NumberKind::Floats }
    }

    /// The type of the first value that was no number.
    pub fn refused_type(&self) -> Option<Type> {
        self.first_refused.map(|it| it.1)
    }
}
