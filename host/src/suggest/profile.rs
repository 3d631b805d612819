//! What is known of the fields of the data, from one pass.

use std::collections::BTreeMap;

use driftline_rules::python::text::length;
use driftline_rules::sketch::{Interpolation, Keys, Moments, Sketch, Spec};
use driftline_rules::time::{Time, Zone};
use driftline_rules::value::Value;

use super::shapes::Shapes;

/// Distinct values of a field that are counted one by one.
const MAX_DISTINCT: usize = 1000;
/// Members of an object that are taken for fields; an object with more is a dictionary.
const MAX_MEMBERS: usize = 256;
/// Values whose repetition is looked for exactly.
const BUDGET: usize = 1 << 24;

/// What is known of the data.
#[derive(Debug, Default)]
pub struct Profile {
    /// Records that could be read.
    pub records: u64,
    /// Records that could not.
    pub unreadable: u64,
    /// The record itself.
    pub root: Field,
}

/// What is known of a field.
#[derive(Debug, Default)]
pub struct Field {
    /// Records that have it, null or not.
    pub present: u64,
    /// Records in which it is null.
    pub nulls: u64,
    /// How many values are of which type.
    pub types: BTreeMap<Sort, u64>,
    /// The members of an object, in the order of their first appearance.
    pub members: Vec<(String, Field)>,
    /// Whether it is an object with too many members to be fields.
    pub crowded: bool,
    /// Its numbers.
    pub numbers: Option<Box<Numbers>>,
    /// Its texts.
    pub texts: Option<Box<Texts>>,
    /// The first and the last of its times, also those in texts.
    pub times: Option<(i64, i64)>,
    /// Its arrays.
    pub lists: Option<Lists>,
    /// How often each text or integer occurs.
    pub distinct: Distinct,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// Another number.
    Float,
    /// An exact decimal.
    Decimal,
    /// Text.
    Text,
    /// A date, from Parquet.
    Date,
    /// A datetime, from Parquet.
    Datetime,
    /// An array.
    List,
    /// An object.
    Map,
}

/// What is known of the numbers of a field.
#[derive(Debug)]
pub struct Numbers {
    /// NaN and the infinities.
    pub odd: u64,
    /// The smallest and the largest, as they were read.
    pub range: Option<(Value<'static>, Value<'static>)>,
    moments: Sketch,
    values: Sketch,
}

/// What is known of the texts of a field.
#[derive(Debug)]
pub struct Texts {
    /// The length of the shortest, in characters.
    pub shortest: u64,
    /// The length of the longest.
    pub longest: u64,
    /// Texts that are dates.
    pub dates: u64,
    /// Texts that are dates with a time of day.
    pub datetimes: u64,
    /// What they have in common.
    pub shapes: Shapes,
}

/// What is known of the arrays of a field.
#[derive(Clone, Copy, Debug)]
pub struct Lists {
    /// The length of the shortest.
    pub shortest: usize,
    /// The length of the longest.
    pub longest: usize,
    /// Whether all items of all are finite numbers.
    pub vectors: bool,
}

/// How often each value occurs, and whether any occurs twice.
#[derive(Debug)]
pub struct Distinct {
    /// Values and how often each occurs; `None` when they are too many or too long.
    pub counts: Option<BTreeMap<Key, u64>>,
    /// Given up when a value has come twice.
    keys: Option<Sketch>,
    repeated: bool,
}

/// A value that can be listed in a set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
}

impl Profile {
    /// Takes in a record.
    pub fn add(&mut self, record: &Value, row: u64) {
        self.records += 1;
        self.root.add(record, row);
    }
}

impl Field {
    /// Values that are neither missing nor null.
    pub const fn values(&self) -> u64 {
        self.present - self.nulls
    }

    /// The only type of its values; integers beside floats are floats, dates beside datetimes are datetimes.
    pub fn sort(&self) -> Option<Sort> {
        let mut sorts = self.types.keys();
        match (sorts.next()?, sorts.next(), sorts.next()) {
            (only, None, _) => Some(*only),
            (Sort::Int, Some(Sort::Float), None) => Some(Sort::Float),
            (Sort::Date, Some(Sort::Datetime), None) => Some(Sort::Datetime),
            _ => None,
        }
    }

    fn add(&mut self, value: &Value, row: u64) {
        let sort = match value {
            Value::Missing => return,
            Value::Null => {
                self.present += 1;
                self.nulls += 1;
                return;
            }
            Value::Bool(_) => Sort::Bool,
            Value::Int(_) | Value::Big(_) => Sort::Int,
            Value::Num(_) => Sort::Float,
            Value::Dec(_) => Sort::Decimal,
            Value::Str(_) => Sort::Text,
            Value::Time(it) if it.zone == Zone::Date => Sort::Date,
            Value::Time(_) => Sort::Datetime,
            Value::List(_) => Sort::List,
            Value::Map(_) => Sort::Map,
        };
        self.present += 1;
        *self.types.entry(sort).or_default() += 1;
        match value {
            Value::Int(it) => {
                self.distinct.add(value, || Some(Key::Int(*it)), row);
                self.numbers.get_or_insert_default().add(value, row);
            }
            Value::Big(_) => {
                self.distinct.add(value, || None, row);
                self.numbers.get_or_insert_default().add(value, row);
            }
            Value::Num(_) | Value::Dec(_) => self.numbers.get_or_insert_default().add(value, row),
            Value::Time(it) => self.see(*it),
            Value::Str(text) => {
                // Texts as long as that stand in no list.
                self.distinct.add(value, || (text.len() <= 256).then(|| Key::Text(text.to_string())), row);
                if let Some(time) = self.texts.get_or_insert_default().add(text) {
                    self.see(time);
                }
            }
            Value::List(items) => self.add_list(items),
            Value::Map(members) => self.add_members(members, row),
            _ => {}
        }
    }

    fn see(&mut self, it: Time) {
        let (first, last) = self.times.unwrap_or((it.micros, it.micros));
        self.times = Some((first.min(it.micros), last.max(it.micros)));
    }

    fn add_list(&mut self, items: &[Value]) {
        let finite = |it: &Value| !matches!(it, Value::Bool(_)) && it.as_f64().is_some_and(f64::is_finite);
        let vector = items.iter().all(finite);
        let n = items.len();
        let it = self.lists.get_or_insert(Lists { shortest: n, longest: n, vectors: true });
        *it = Lists { shortest: it.shortest.min(n), longest: it.longest.max(n), vectors: it.vectors && vector };
    }

    fn add_members(&mut self, members: &[(std::borrow::Cow<str>, Value)], row: u64) {
        if self.crowded {
            return;
        }
        for (i, (name, value)) in members.iter().enumerate() {
            // Records mostly have their members in one order.
            let at = match self.members.get(i) {
                Some((it, _)) if it == name => Some(i),
                _ => self.members.iter().position(|(it, _)| it == name),
            };
            let at = at.unwrap_or_else(|| {
                self.members.push((name.to_string(), Field::default()));
                self.members.len() - 1
            });
            if let Some((_, field)) = self.members.get_mut(at) {
                field.add(value, row);
            }
        }
        if self.members.len() > MAX_MEMBERS {
            self.crowded = true;
            self.members.clear();
        }
    }
}

impl Default for Numbers {
    fn default() -> Self {
        let values = Spec::Values { rows: false, budget: BUDGET };
        Numbers { odd: 0, range: None, moments: Sketch::new(&Spec::Moments), values: Sketch::new(&values) }
    }
}

impl Numbers {
    fn add(&mut self, value: &Value, row: u64) {
        use std::cmp::Ordering::{Greater, Less};
        if value.as_f64().is_none_or(|it| !it.is_finite()) {
            self.odd += 1;
            return;
        }
        match &mut self.range {
            None => self.range = Some((value.to_owned(), value.to_owned())),
            Some((min, max)) => {
                if value.compare(min) == Some(Less) {
                    *min = value.to_owned();
                }
                if value.compare(max) == Some(Greater) {
                    *max = value.to_owned();
                }
            }
        }
        self.moments.update(value, row);
        self.values.update(value, row);
    }

    /// The mean and the standard deviation.
    pub fn mean(&self) -> Option<(f64, f64)> {
        let Sketch::Moments(it) = &self.moments else { return None };
        let it: &Moments = it;
        Some((it.mean()?, it.standard_deviation(0)?))
    }

    /// A quantile.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let Sketch::Values(it) = &self.values else { return None };
        it.quantile(q, Interpolation::Linear)
    }
}

impl Default for Texts {
    fn default() -> Self {
        Texts { shortest: u64::MAX, longest: 0, dates: 0, datetimes: 0, shapes: Shapes::default() }
    }
}

impl Texts {
    /// The time that the text is, if it is one.
    fn add(&mut self, text: &str) -> Option<Time> {
        let n = length(&Value::text(text));
        self.shortest = self.shortest.min(n);
        self.longest = self.longest.max(n);
        self.shapes.add(text);
        let time = Time::parse(text);
        match time.map(|it| it.zone) {
            Some(Zone::Date) => self.dates += 1,
            Some(_) => self.datetimes += 1,
            None => {}
        }
        time
    }
}

impl Default for Distinct {
    fn default() -> Self {
        let keys = Sketch::new(&Spec::Keys { budget: BUDGET });
        Distinct { counts: Some(BTreeMap::new()), keys: Some(keys), repeated: false }
    }
}

impl Distinct {
    fn add(&mut self, value: &Value, key: impl FnOnce() -> Option<Key>, row: u64) {
        if let Some(counts) = &mut self.counts {
            match key() {
                Some(key) => {
                    let n = counts.entry(key).or_default();
                    *n += 1;
                    self.repeated |= *n > 1;
                    if counts.len() > MAX_DISTINCT {
                        self.counts = None;
                    }
                }
                None => self.counts = None,
            }
        }
        if self.repeated {
            self.keys = None;
        }
        if let Some(keys) = &mut self.keys {
            keys.update(value, row);
        }
    }

    /// Whether no value occurs twice, known for certain.
    pub fn all_differ(&self) -> bool {
        let Some(Sketch::Keys(keys)) = &self.keys else { return false };
        let keys: &Keys = keys;
        let found = keys.duplicates();
        found.exact && found.rows_in_groups == 0.0
    }
}
