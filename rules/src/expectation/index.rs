//! The values of a set, found by hash.

use foldhash::HashMap;
use rust_decimal::prelude::ToPrimitive;

use crate::python;
use crate::time::Time;
use crate::value::Value;

/// A set of values in which each has a number. Two values have the same number exactly when
/// [`Value::same`] holds for them: `1 == 1.0 == true`, `"1" != 1`, and NaN is in no set.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Text and whole numbers, which are most of what is looked up, need no key.
    texts: HashMap<Box<str>, u32>,
    /// The same texts while they are few: going through them takes less time than a hash.
    few: Vec<(Box<str>, u32)>,
    ints: HashMap<i64, u32>,
    /// Everything else, by [`Value::key_into`].
    others: HashMap<Vec<u8>, u32>,
    null: Option<u32>,
    n_values: u32,
}

impl Index {
    /// The number of a value, which it gets if it has none yet.
    pub fn insert(&mut self, value: &Value) -> u32 {
        if let Some(at) = self.find(value) {
            return at;
        }
        let at = self.n_values;
        match (value, whole(value)) {
            (Value::Missing | Value::Null, _) => self.null = Some(at),
            (Value::Str(it), _) => {
                self.texts.insert(it.as_ref().into(), at);
                if self.few.len() <= FEW {
                    self.few.push((it.as_ref().into(), at));
                }
            }
            (_, Some(it)) => _ = self.ints.insert(it, at),
            _ if value.is_nan() => {}
            _ => _ = self.others.insert(key(value), at),
        }
        self.n_values = at.saturating_add(1);
        at
    }

    /// The number of a value; `None` when it is not in the set.
    pub fn find(&self, value: &Value) -> Option<u32> {
        match value {
            Value::Str(it) if self.few.len() <= FEW => {
                self.few.iter().find(|(text, _)| **text == **it).map(|(_, at)| *at)
            }
            Value::Str(it) => self.texts.get(it.as_ref()).copied(),
            Value::Missing | Value::Null => self.null,
            _ => match whole(value) {
                Some(it) => self.ints.get(&it).copied(),
                None if self.others.is_empty() => None,
                None => self.others.get(&key(value)).copied(),
            },
        }
    }
}

/// How many texts are few.
const FEW: usize = 16;

fn key(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    value.key_into(&mut out);
    out
}

/// A number that is exactly an `i64`, whatever its representation.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(it) => Some(*it),
        Value::Bool(it) => Some(i64::from(*it)),
        // Both ends are floats; the upper one is the first that does not fit.
        Value::Num(it)
            if it.trunc() == *it && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(it) =>
        {
            Some(*it as i64)
        }
        Value::Dec(it) if it.is_integer() => it.to_i64(),
        _ => None,
    }
}

/// A set of values with the words for it.
#[derive(Clone, Debug)]
pub struct Set {
    index: Index,
    /// The values as a list, cut when it is long.
    pub words: String,
}

impl Set {
    /// The set of these values. `dates`: text that is a date also stands for that date.
    pub fn new(values: &[Value<'static>], dates: bool) -> Self {
        let mut index = Index::default();
        for value in values {
            index.insert(value);
            if let (true, Value::Str(text)) = (dates, value)
                && let Some(time) = Time::parse(text)
            {
                index.insert(&Value::Time(time));
            }
        }
        Set { index, words: list(values) }
    }

    /// Whether a value is in it.
    pub fn contains(&self, value: &Value) -> bool {
        self.index.find(value).is_some()
    }
}

/// Values in words: `"a", "b", 3`; after ten only how many more there are.
pub fn list(values: &[Value]) -> String {
    const SHOWN: usize = 10;
    let word = |it: &Value| match it {
        Value::Str(text) => format!("\"{text}\""),
        Value::Null | Value::Missing => "null".to_owned(),
        Value::Bool(it) => it.to_string(),
        _ => python::text(it).into_owned(),
    };
    let words: Vec<_> = values.iter().take(SHOWN).map(word).collect();
    match values.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", words.join(", ")),
        _ => words.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value<'static>> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (-3_i64..3).prop_map(Value::Int),
            any::<i64>().prop_map(Value::Int),
            any::<u64>().prop_map(Value::Big),
            (-6_i64..6).prop_map(|it| Value::Num(it as f64 / 2.0)),
            prop::sample::select(vec![
                f64::NAN,
                f64::INFINITY,
                0.1,
                1e300,
                9_223_372_036_854_775_808.0,
                -9_223_372_036_854_775_808.0
            ])
            .prop_map(Value::Num),
            (-6_i64..6).prop_map(|it| Value::Dec(Decimal::new(it * 5, 1))),
            "[a1]{0,2}".prop_map(|it| Value::Str(it.into())),
            (0_i64..3).prop_map(|it| Value::Time(Time::from_days(it))),
            (-3_i64..3).prop_map(|it| Value::List(vec![Value::Int(it)])),
        ]
    }

    proptest! {
        #[test]
        fn a_value_is_in_a_set_exactly_when_it_is_the_same_as_a_member(
            members in prop::collection::vec(any_value(), 0..6),
            value in any_value(),
        ) {
            let set = Set::new(&members, false);
            // A `Big` within `i64` is never read.
            prop_assume!(!members.iter().chain([&value]).any(|it| matches!(it, Value::Big(it) if i64::try_from(*it).is_ok())));
            prop_assert_eq!(set.contains(&value), members.iter().any(|it| it.same(&value)));
        }
    }
}
