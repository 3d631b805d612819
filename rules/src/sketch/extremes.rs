//! The smallest and the largest value.

use std::cmp::Ordering;

use super::types::Type;
use super::{earlier, heap};
use crate::time::Zone;
use crate::value::Value;

/// The smallest and largest value by [`Value::compare`]; NaN and nulls are only counted.
///
/// Where equal values were written differently (`1`, `1.0`, `true`), a fixed rule and not the order
/// of the rows says which is given back: integer, then float, then decimal, then boolean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extremes {
    /// Values that are neither null nor NaN.
    pub n: u64,
    /// Missing values and nulls.
    pub null: u64,
    /// NaN.
    pub nan: u64,
    pub(super) numbers: Option<Range>,
    /// Apart from the other numbers: a decimal and a float are compared after rounding, which is no
    /// order among three values, so they may meet only once, when they are read.
    pub(super) decimals: Option<Range>,
    pub(super) texts: Option<Range>,
    pub(super) times: Option<Range>,
    pub(super) unordered: Option<(u64, Type)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) min: Value<'static>,
    pub(super) max: Value<'static>,
    pub(super) first: (u64, Type),
}

impl Extremes {
    #[inline]
    pub(super) fn update(&mut self, value: &Value, row: u64) {
        let range = match value {
            Value::Missing | Value::Null => {
                self.null += 1;
                return;
            }
            Value::Num(it) if it.is_nan() => {
                self.nan += 1;
                return;
            }
            Value::Num(_) | Value::Int(_) | Value::Bool(_) | Value::Big(_) => &mut self.numbers,
            Value::Dec(_) => &mut self.decimals,
            Value::Str(_) => &mut self.texts,
            Value::Time(_) => &mut self.times,
            Value::List(_) | Value::Map(_) => {
                self.n += 1;
                self.unordered = earlier(self.unordered, Some((row, Type::of(value))));
                return;
            }
        };
        self.n += 1;
        match range {
            Some(it) => it.update(value, row),
            None => {
                *range = Some(Range { min: value.to_owned(), max: value.to_owned(), first: (row, Type::of(value)) });
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.null += other.null;
        self.nan += other.nan;
        self.unordered = earlier(self.unordered, other.unordered);
        merge(&mut self.numbers, other.numbers.as_ref());
        merge(&mut self.decimals, other.decimals.as_ref());
        merge(&mut self.texts, other.texts.as_ref());
        merge(&mut self.times, other.times.as_ref());
    }

    pub(super) fn shift(&mut self, rows: u64) {
        for it in [&mut self.numbers, &mut self.decimals, &mut self.texts, &mut self.times].into_iter().flatten() {
            it.first.0 = it.first.0.saturating_add(rows);
        }
        if let Some(it) = &mut self.unordered {
            it.0 = it.0.saturating_add(rows);
        }
    }

    pub(super) fn size(&self) -> usize {
        self.ranges().map(|it| heap(&it.min) + heap(&it.max)).sum()
    }

    /// The smallest value; `None` when there is none, or [`Extremes::mixed`].
    pub fn min(&self) -> Option<&Value<'static>> {
        self.extreme(|it| &it.min, Ordering::Less)
    }

    /// The largest value; `None` when there is none, or [`Extremes::mixed`].
    pub fn max(&self) -> Option<&Value<'static>> {
        self.extreme(|it| &it.max, Ordering::Greater)
    }

    /// The type names of the first two values, by row, that have no order with each other. The two
    /// are equal for arrays or objects.
    pub fn mixed(&self) -> Option<(&'static str, &'static str)> {
        let numbers = [&self.numbers, &self.decimals].into_iter().flatten().map(|it| it.first).min();
        let texts = self.texts.as_ref().map(|it| it.first);
        let times = self.times.as_ref().map(|it| it.first);
        let mut firsts: Vec<_> = [numbers, texts, times, self.unordered].into_iter().flatten().collect();
        firsts.sort_unstable();
        match (firsts.as_slice(), self.unordered) {
            ([a, b, ..], _) => Some((a.1.name(), b.1.name())),
            ([_], Some((_, it))) if self.n > 1 => Some((it.name(), it.name())),
            _ => None,
        }
    }

    fn extreme(&self, of: impl Fn(&Range) -> &Value<'static>, wanted: Ordering) -> Option<&Value<'static>> {
        if self.unordered.is_some() || self.mixed().is_some() {
            return None;
        }
        // Numbers come before decimals, so that of equal ones the number is given back.
        self.ranges().map(of).reduce(|best, it| if it.compare(best) == Some(wanted) { it } else { best })
    }

    fn ranges(&self) -> impl Iterator<Item = &Range> {
        [&self.numbers, &self.decimals, &self.texts, &self.times].into_iter().flatten()
    }
}

impl Range {
    #[inline]
    fn update(&mut self, value: &Value, row: u64) {
        if row < self.first.0 {
            self.first = (row, Type::of(value));
        }
        // Nearly every value lies between the extremes.
        let inside = match (value, &self.min, &self.max) {
            (Value::Num(it), Value::Num(min), Value::Num(max)) => min < it && it < max,
            (Value::Int(it), Value::Int(min), Value::Int(max)) => min <= it && it <= max,
            (Value::Str(it), Value::Str(min), Value::Str(max)) => min <= it && it <= max,
            _ => false,
        };
        if inside {
            return;
        }
        if precedes(value, &self.min, Ordering::Less) {
            self.min = value.to_owned();
        }
        if precedes(value, &self.max, Ordering::Greater) {
            self.max = value.to_owned();
        }
    }
}

fn merge(range: &mut Option<Range>, other: Option<&Range>) {
    match (range.as_mut(), other) {
        (_, None) => {}
        (None, Some(other)) => *range = Some(other.clone()),
        (Some(range), Some(other)) => {
            range.first = range.first.min(other.first);
            if precedes(&other.min, &range.min, Ordering::Less) {
                range.min = other.min.clone();
            }
            if precedes(&other.max, &range.max, Ordering::Greater) {
                range.max = other.max.clone();
            }
        }
    }
}

/// Whether `value` stands on the `wanted` side of `than`, or is equal and its form comes first.
#[inline]
fn precedes(value: &Value, than: &Value, wanted: Ordering) -> bool {
    match value.compare(than) {
        Some(Ordering::Equal) => form(value) < form(than),
        it => it == Some(wanted),
    }
}

/// The fixed rule among equal values of one kind.
fn form(value: &Value) -> (u8, i64) {
    match value {
        Value::Int(_) | Value::Big(_) => (0, 0),
        // 0.0 before -0.0.
        Value::Num(it) => (1, i64::from(it.is_sign_negative())),
        Value::Dec(it) => (2, i64::from(it.scale()) * 2 + i64::from(it.is_sign_negative())),
        Value::Bool(_) => (3, 0),
        Value::Time(it) => match it.zone {
            Zone::Date => (4, 0),
            Zone::Local => (5, 0),
            Zone::Offset(minutes) => (6, i64::from(minutes)),
        },
        _ => (7, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extremes(values: &[Value]) -> Extremes {
        let mut it = Extremes::default();
        for (row, value) in values.iter().enumerate() {
            it.update(value, row as u64);
        }
        it
    }

    #[test]
    fn infinities_count_and_nan_does_not() {
        let it = extremes(&[f64::NAN, 1.0, f64::INFINITY, -2.0].map(Value::Num));
        assert_eq!((it.min(), it.max()), (Some(&Value::Num(-2.0)), Some(&Value::Num(f64::INFINITY))));
        assert_eq!((it.n, it.nan), (3, 1));
    }

    #[test]
    fn text_is_ordered_by_code_point() {
        let it = extremes(&["b", "B", "ä", "a"].map(Value::text));
        assert_eq!((it.min(), it.max()), (Some(&Value::text("B")), Some(&Value::text("ä"))));
    }

    #[test]
    fn values_without_an_order_are_named_by_row() {
        let it = extremes(&[Value::Null, Value::text("a"), Value::Int(1), Value::Bool(true)]);
        assert_eq!(it.mixed(), Some(("string", "integer")));
        assert_eq!((it.min(), it.max()), (None, None));
        assert_eq!(extremes(&[Value::List(vec![]), Value::List(vec![])]).mixed(), Some(("array", "array")));
        assert_eq!(extremes(&[Value::Null]).mixed(), None);
    }

    #[test]
    fn of_equal_values_the_integer_is_given_back() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let values = order.map(|it| [Value::Int(1), Value::Num(1.0), Value::Bool(true)][it].clone());
            assert_eq!(extremes(&values).min(), Some(&Value::Int(1)));
        }
        let decimal = Value::Dec(rust_decimal::Decimal::new(25, 1));
        assert_eq!(extremes(&[decimal.clone(), Value::Int(2)]).max(), Some(&decimal));
    }
}
