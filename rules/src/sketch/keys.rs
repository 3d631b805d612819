//! Which rows hold a value, or a compound of values, that another row holds too.

use super::counts::Counts;
use super::hash::{hash, hash_many};
use super::pack::{pack, pack_many, unpack};
use super::types::Type;
use super::{OtherSketch, earlier};
use crate::value::Value;

/// One entry a row, appended without looking for its like; [`Keys::duplicates`] sorts them out.
///
/// Beyond the budget (in rows) the entries become [`Counts`], with the same budget of distinct
/// values: what is known then is in how many rows each value kept occurs, and the first of them.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Keys seen; nulls are none.
    pub n: u64,
    /// Missing values, nulls and NaN; never counted in compound keys, where they are values.
    pub null: u64,
    budget: usize,
    unhashable: Option<(u64, Type)>,
    held: Held,
    key: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Held {
    Rows {
        entries: Vec<Entry>,
        /// The values, one after the other, packed.
        values: Vec<u8>,
    },
    Turned(Counts),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u128,
    row: u64,
    /// Where the value starts.
    at: usize,
}

/// Some of the rows, such that equal keys are together: work for one thread.
#[derive(Clone, Debug, Default)]
pub struct Partition(Vec<(u64, u32)>);

/// The duplicates in one [`Partition`].
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Positions of the entries that are in a group.
    members: Vec<u32>,
    groups: u64,
    distinct: u64,
}

/// The rows that share their key with another row.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicates {
    /// Rows whose key another row has: every member of every group.
    pub rows_in_groups: f64,
    /// Rows whose key an earlier row has.
    pub extra: f64,
    /// Keys that more than one row has.
    pub groups: f64,
    /// Row and value of the rows in groups, by row. Only the first row of each group kept when not
    /// [`Duplicates::complete`].
    pub members: Vec<(u64, Value<'static>)>,
    /// Distinct keys.
    pub distinct: f64,
    /// The standard error of `rows_in_groups`, in rows; 0 when exact.
    pub error: f64,
    /// Rows in groups that were met for certain; `rows_in_groups` when exact.
    pub at_least: f64,
    /// Whether the counts are exact, or estimates from a sample of the keys.
    pub exact: bool,
    /// Whether all members are listed.
    pub complete: bool,
}

impl Keys {
    pub(super) fn new(budget: usize) -> Self {
        let budget = budget.clamp(1, u32::MAX as usize);
        let held = Held::Rows { entries: vec![], values: vec![] };
        Keys { n: 0, null: 0, budget, unhashable: None, held, key: vec![] }
    }

    #[inline]
    pub(super) fn update(&mut self, value: &Value, row: u64) {
        match value {
            Value::Missing | Value::Null => {
                self.null += 1;
                return;
            }
            Value::Num(it) if it.is_nan() => {
                self.null += 1;
                return;
            }
            _ => {}
        }
        self.note(value, row);
        let hash = hash(value, &mut self.key);
        match &mut self.held {
            Held::Rows { entries, values } => {
                entries.push(Entry { hash, row, at: values.len() });
                pack(value, values);
            }
            Held::Turned(it) => it.add(hash, 1, row, || value.to_owned()),
        }
        self.count();
    }

    #[inline]
    pub(super) fn update_many<'v, 'r: 'v>(&mut self, cells: impl Iterator<Item = &'v Value<'r>> + Clone, row: u64) {
        cells.clone().for_each(|it| self.note(it, row));
        let hash = hash_many(cells.clone(), &mut self.key);
        match &mut self.held {
            Held::Rows { entries, values } => {
                entries.push(Entry { hash, row, at: values.len() });
                pack_many(cells, values);
            }
            Held::Turned(it) => it.add(hash, 1, row, || Value::List(cells.map(Value::to_owned).collect())),
        }
        self.count();
    }

    #[inline]
    fn note(&mut self, value: &Value, row: u64) {
        if matches!(value, Value::List(_) | Value::Map(_)) {
            self.unhashable = earlier(self.unhashable, Some((row, Type::of(value))));
        }
    }

    #[inline]
    fn count(&mut self) {
        self.n += 1;
        if self.n > self.budget as u64 {
            self.turn();
        }
    }

    /// Past the budget: entries become counts. Nothing when they are already.
    fn turn(&mut self) {
        if let Held::Rows { entries, values } = &self.held {
            let mut counts = Counts::new(self.budget);
            add_entries(&mut counts, entries, values);
            self.held = Held::Turned(counts);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OtherSketch> {
        if self.budget != other.budget {
            return Err(OtherSketch);
        }
        self.n += other.n;
        self.null += other.null;
        self.unhashable = earlier(self.unhashable, other.unhashable);
        if self.n > self.budget as u64 {
            self.turn();
        }
        match (&mut self.held, &other.held) {
            (Held::Rows { entries, values }, Held::Rows { entries: more, values: more_values }) => {
                let base = values.len();
                entries.extend(more.iter().map(|it| Entry { at: it.at + base, ..*it }));
                values.extend_from_slice(more_values);
            }
            (Held::Turned(it), Held::Turned(more)) => it.merge(more)?,
            (Held::Turned(it), Held::Rows { entries, values }) => add_entries(it, entries, values),
            // `other` has turned, so it holds more than the budget, and so does the sum.
            (Held::Rows { .. }, Held::Turned(_)) => {}
        }
        Ok(())
    }

    pub(super) fn shift(&mut self, by: u64) {
        match &mut self.held {
            Held::Rows { entries, .. } => entries.iter_mut().for_each(|it| it.row = it.row.saturating_add(by)),
            Held::Turned(it) => it.shift(by),
        }
        if let Some(it) = &mut self.unhashable {
            it.0 = it.0.saturating_add(by);
        }
    }

    pub(super) fn size(&self) -> usize {
        match &self.held {
            Held::Rows { entries, values } => entries.capacity() * size_of::<Entry>() + values.capacity(),
            Held::Turned(it) => it.size(),
        }
    }

    /// The type of the first array or object, which Python cannot hash. They are keys like others.
    pub fn unhashable(&self) -> Option<Type> {
        self.unhashable.map(|it| it.1)
    }

    /// The rows that share their key with another row.
    pub fn duplicates(&self) -> Duplicates {
        self.gather(self.partitions().into_iter().map(|it| self.resolve(it)))
    }

    /// The rows, cut into partitions that fit a processor's cache: [`Keys::resolve`] each, on as many
    /// threads as there are, and [`Keys::gather`] the parts.
    pub fn partitions(&self) -> Vec<Partition> {
        let Held::Rows { entries, .. } = &self.held else { return vec![] };
        let bits = (entries.len() / 4096).checked_ilog2().map_or(0, |it| (it + 1).min(10));
        let mut out = vec![Partition(Vec::with_capacity((entries.len() >> bits) * 9 / 8)); 1 << bits];
        for (at, entry) in (0_u32..).zip(entries) {
            let part = entry.hash as usize & ((1 << bits) - 1);
            if let Some(it) = out.get_mut(part) {
                // The upper half; equal halves are looked at again.
                it.0.push(((entry.hash >> 64) as u64, at));
            }
        }
        out
    }

    /// Finds the duplicates in a partition of these keys.
    pub fn resolve(&self, Partition(mut all): Partition) -> Part {
        let Held::Rows { entries, .. } = &self.held else { return Part::default() };
        let hash = |at: u32| entries.get(at as usize).map(|it| it.hash);
        let mut part = Part::default();
        all.sort_unstable_by_key(|it| it.0);
        for half in all.chunk_by_mut(|a, b| a.0 == b.0) {
            if half.len() == 1 {
                part.distinct += 1;
                continue;
            }
            half.sort_unstable_by_key(|it| hash(it.1));
            for group in half.chunk_by(|a, b| hash(a.1) == hash(b.1)) {
                part.distinct += 1;
                if group.len() > 1 {
                    part.groups += 1;
                    part.members.extend(group.iter().map(|it| it.1));
                }
            }
        }
        part
    }

    /// Puts the parts of all partitions together, in any order.
    pub fn gather(&self, parts: impl Iterator<Item = Part>) -> Duplicates {
        let (entries, values) = match &self.held {
            Held::Rows { entries, values } => (entries, values),
            Held::Turned(it) => return sampled(it),
        };
        let (mut members, mut groups, mut distinct) = (Vec::<&Entry>::new(), 0_u64, 0_u64);
        for part in parts {
            groups += part.groups;
            distinct += part.distinct;
            members.extend(part.members.into_iter().filter_map(|at| entries.get(at as usize)));
        }
        members.sort_unstable_by_key(|it| it.row);
        let value = |it: &Entry| unpack(values.get(it.at..).unwrap_or_default());
        Duplicates {
            rows_in_groups: members.len() as f64,
            extra: members.len() as f64 - groups as f64,
            groups: groups as f64,
            members: members.iter().map(|it| (it.row, value(it))).collect(),
            distinct: distinct as f64,
            error: 0.0,
            at_least: members.len() as f64,
            exact: true,
            complete: true,
        }
    }

    /// The entries in the one order that equal states share.
    fn sorted(&self) -> Vec<(u64, u128, String)> {
        let Held::Rows { entries, values } = &self.held else { return vec![] };
        let value = |it: &Entry| format!("{:?}", unpack(values.get(it.at..).unwrap_or_default()));
        let mut out: Vec<_> = entries.iter().map(|it| (it.row, it.hash, value(it))).collect();
        out.sort_unstable();
        out
    }
}

fn add_entries(counts: &mut Counts, entries: &[Entry], values: &[u8]) {
    for it in entries {
        counts.add(it.hash, 1, it.row, || unpack(values.get(it.at..).unwrap_or_default()));
    }
}

fn sampled(counts: &Counts) -> Duplicates {
    let kept = counts.sorted();
    let groups: Vec<_> = kept.iter().filter(|it| it.count > 1).collect();
    let rows: u64 = groups.iter().map(|it| it.count).sum();
    let scale = counts.scale();
    // Horvitz and Thompson: each key was kept with the probability `1 / scale`. Of no group kept, as
    // if one of two rows had been.
    let squares: f64 = groups.iter().map(|it| (it.count as f64).powi(2)).sum();
    let error = (squares.max(4.0) * scale * (scale - 1.0)).sqrt();
    Duplicates {
        rows_in_groups: rows as f64 * scale,
        extra: (rows - groups.len() as u64) as f64 * scale,
        groups: groups.len() as f64 * scale,
        members: groups.iter().map(|it| (it.row, it.value.clone())).collect(),
        distinct: counts.distinct().estimate,
        error,
        at_least: rows as f64,
        exact: counts.is_exact(),
        complete: groups.is_empty() && counts.is_exact(),
    }
}

/// Equal when the same keys were seen in the same rows, in whatever order they came.
impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        let turned = match (&self.held, &other.held) {
            (Held::Turned(a), Held::Turned(b)) => a == b,
            (Held::Rows { .. }, Held::Rows { .. }) => true,
            _ => false,
        };
        let counts = |it: &Self| (it.n, it.null, it.budget, it.unhashable);
        turned && counts(self) == counts(other) && self.sorted() == other.sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(budget: usize, values: impl IntoIterator<Item = Value<'static>>) -> Keys {
        let mut it = Keys::new(budget);
        for (row, value) in values.into_iter().enumerate() {
            it.update(&value, row as u64);
        }
        it
    }

    #[test]
    fn every_row_of_a_group_is_named_as_it_was_written() {
        let it =
            keys(99, [Value::Int(1), Value::text("a"), Value::Null, Value::Num(1.0), Value::Null, Value::text("b")]);
        let found = it.duplicates();
        assert_eq!(found.members, vec![(0, Value::Int(1)), (3, Value::Num(1.0))]);
        assert_eq!((found.rows_in_groups, found.extra, found.groups, found.distinct), (2.0, 1.0, 1.0, 3.0));
        assert_eq!((it.n, it.null, found.exact, found.complete), (4, 2, true, true));
    }

    #[test]
    fn nulls_are_equal_in_compound_keys() {
        let mut it = Keys::new(99);
        for (row, cells) in [
            [Value::Null, Value::Int(1)],
            [Value::Num(f64::NAN), Value::Int(1)],
            [Value::Int(1), Value::Null],
            [Value::text("ab"), Value::text("c")],
            [Value::text("a"), Value::text("bc")],
        ]
        .iter()
        .enumerate()
        {
            it.update_many(cells.iter(), row as u64);
        }
        let rows: Vec<u64> = it.duplicates().members.iter().map(|it| it.0).collect();
        assert_eq!(rows, [0, 1]);
        assert_eq!(it.n, 5);
    }

    #[test]
    fn many_rows_are_resolved_in_partitions() {
        let it = keys(usize::MAX, (0..50_000).map(|k| Value::Int(if k % 1000 == 7 { -1 } else { k })));
        assert!(it.partitions().len() > 1);
        let found = it.duplicates();
        assert_eq!((found.rows_in_groups, found.groups, found.distinct), (50.0, 1.0, 49_951.0));
        assert_eq!(
            found.members.iter().map(|it| it.0).collect::<Vec<_>>(),
            (0..50).map(|k| k * 1000 + 7).collect::<Vec<_>>()
        );
        assert!(found.members.iter().all(|it| it.1 == Value::Int(-1)));
    }

    #[test]
    fn beyond_the_budget_duplicates_are_estimated_and_constants_still_exact() {
        let it = keys(1000, (0..20_000).map(|k| Value::Int(k / 2)));
        let found = it.duplicates();
        assert!(!found.exact && !found.complete);
        assert!((found.rows_in_groups / 20_000.0 - 1.0).abs() < 0.15, "{found:?}");
        let found = keys(1000, (0..20_000).map(|_| Value::text("same"))).duplicates();
        assert_eq!((found.rows_in_groups, found.groups, found.exact), (20_000.0, 1.0, true));
        assert_eq!(found.members, vec![(0, Value::text("same"))]);
    }
}
