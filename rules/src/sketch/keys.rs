//! Which rows hold a value, or a compound of values, that another row holds too.

use std::sync::OnceLock;

use super::counts::Counts;
use super::hash::{hash, hash_many};
use super::pack::{pack, pack_many};
use super::piles::{Pile, add, add_pile, gather, groups};
use super::types::Type;
use super::{OtherSketch, Spread, earlier, one_by_one};
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
    pub(super) budget: usize,
    pub(super) unhashable: Option<(u64, Type)>,
    pub(super) held: Held,
    /// What was found in all that is held; nothing once more is added.
    found: OnceLock<Duplicates>,
    key: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(super) enum Held {
    /// One pile a worker, so that taking up another's work copies nothing.
    Piles(Vec<Pile>),
    Turned(Counts),
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
        let held = Held::Piles(vec![Pile::default()]);
        Keys { n: 0, null: 0, budget, unhashable: None, held, found: OnceLock::new(), key: vec![] }
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
            Held::Piles(piles) => add(piles, hash, row, |values| pack(value, values)),
            Held::Turned(it) => it.add(hash, 1, row, || value.to_owned()),
        }
        self.count();
    }

    #[inline]
    pub(super) fn update_many<'v, 'r: 'v>(&mut self, cells: impl Iterator<Item = &'v Value<'r>> + Clone, row: u64) {
        cells.clone().for_each(|it| self.note(it, row));
        let hash = hash_many(cells.clone(), &mut self.key);
        match &mut self.held {
            Held::Piles(piles) => add(piles, hash, row, |values| pack_many(cells, values)),
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
        self.found.take();
        if self.n > self.budget as u64 {
            self.turn();
        }
    }

    /// Past the budget: entries become counts. Nothing when they are already.
    fn turn(&mut self) {
        if let Held::Piles(piles) = &self.held {
            let mut counts = Counts::new(self.budget);
            for it in piles {
                it.count(&mut counts);
            }
            self.held = Held::Turned(counts);
        }
    }

    pub(super) fn merge(&mut self, other: Self) -> Result<(), OtherSketch> {
        if self.budget != other.budget {
            return Err(OtherSketch);
        }
        self.n += other.n;
        self.null += other.null;
        self.found.take();
        self.unhashable = earlier(self.unhashable, other.unhashable);
        if self.n > self.budget as u64 {
            self.turn();
        }
        match (&mut self.held, other.held) {
            (Held::Piles(piles), Held::Piles(more)) => more.into_iter().for_each(|it| add_pile(piles, it)),
            (Held::Turned(it), Held::Turned(more)) => it.merge(&more)?,
            (Held::Turned(it), Held::Piles(more)) => more.iter().for_each(|pile| pile.count(it)),
            // `other` has turned, so it holds more than the budget, and so does the sum.
            (Held::Piles(_), Held::Turned(_)) => {}
        }
        Ok(())
    }

    /// Keeps no more than `budget`, as if it had been the budget from the start; a larger one changes nothing.
    pub(super) fn narrow(&mut self, budget: usize) {
        self.budget = self.budget.min(budget.max(1));
        self.found.take();
        if self.n > self.budget as u64 {
            self.turn();
        }
        if let Held::Turned(it) = &mut self.held {
            it.narrow(budget);
        }
    }

    pub(super) fn shift(&mut self, by: u64) {
        self.found.take();
        match &mut self.held {
            Held::Piles(piles) => {
                let entries = piles.iter_mut().flat_map(|it| &mut it.entries);
                entries.for_each(|it| it.row = it.row.saturating_add(by));
            }
            Held::Turned(it) => it.shift(by),
        }
        if let Some(it) = &mut self.unhashable {
            it.0 = it.0.saturating_add(by);
        }
    }

    pub(super) fn size(&self) -> usize {
        match &self.held {
            Held::Piles(piles) => piles.iter().map(Pile::size).sum(),
            Held::Turned(it) => it.size(),
        }
    }

    /// The type of the first array or object, which Python cannot hash. They are keys like others.
    pub fn unhashable(&self) -> Option<Type> {
        self.unhashable.map(|it| it.1)
    }

    /// The rows that share their key with another row; found once, until more is added.
    pub fn duplicates(&self) -> &Duplicates {
        self.find(&one_by_one)
    }

    /// Finds them now, on the threads of the caller.
    pub(super) fn find(&self, spread: &Spread) -> &Duplicates {
        self.found.get_or_init(|| match &self.held {
            Held::Piles(piles) => gather(piles, &groups(piles, spread)),
            Held::Turned(it) => sampled(it),
        })
    }

    /// The entries in the one order that equal states share.
    fn sorted(&self) -> Vec<(u64, u128, String)> {
        let Held::Piles(piles) = &self.held else { return vec![] };
        let entries = piles.iter().flat_map(|pile| pile.entries.iter().map(move |it| (pile, it)));
        let mut out: Vec<_> = entries.map(|(pile, it)| (it.row, it.hash, format!("{:?}", pile.value(it)))).collect();
        out.sort_unstable();
        out
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
            (Held::Piles(_), Held::Piles(_)) => true,
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
        let Held::Piles(piles) = &it.held else { unreachable!() };
        assert!(groups(piles, &one_by_one).len() > 1);
        let found = it.duplicates();
        assert_eq!((found.rows_in_groups, found.groups, found.distinct), (50.0, 1.0, 49_951.0));
        assert_eq!(
            found.members.iter().map(|it| it.0).collect::<Vec<_>>(),
            (0..50).map(|k| k * 1000 + 7).collect::<Vec<_>>()
        );
        assert!(found.members.iter().all(|it| it.1 == Value::Int(-1)));
    }

    #[test]
    fn the_threads_of_the_caller_find_the_same_over_several_piles() {
        let value = |k: u64| Value::Int((k % 29_989) as i64);
        let mut parts: Vec<Keys> = (0..3).map(|_| Keys::new(usize::MAX)).collect();
        let mut whole = Keys::new(usize::MAX);
        for row in 0..60_000 {
            whole.update(&value(row), row);
            parts[row as usize % 3].update(&value(row), row);
        }
        let mut merged = Keys::new(usize::MAX);
        for it in parts {
            assert_eq!(merged.merge(it), Ok(()));
        }
        let Held::Piles(piles) = &merged.held else { unreachable!() };
        assert_eq!(piles.len(), 3);
        let backwards = |n: usize, work: &(dyn Fn(usize) + Sync)| (0..n).rev().for_each(work);
        assert_eq!(merged.find(&backwards), whole.duplicates());
        assert_eq!(whole.duplicates().distinct, 29_989.0);
        // What was found does not outlive what it was found in.
        merged.update(&value(0), 60_000);
        assert_eq!(merged.duplicates().members.len(), whole.duplicates().members.len() + 1);
    }

    #[test]
    fn beyond_the_budget_duplicates_are_estimated_and_constants_still_exact() {
        let it = keys(1000, (0..20_000).map(|k| Value::Int(k / 2)));
        let found = it.duplicates();
        assert!(!found.exact && !found.complete);
        assert!((found.rows_in_groups / 20_000.0 - 1.0).abs() < 0.15, "{found:?}");
        let same = keys(1000, (0..20_000).map(|_| Value::text("same")));
        let found = same.duplicates();
        assert_eq!((found.rows_in_groups, found.groups, found.exact), (20_000.0, 1.0, true));
        assert_eq!(found.members, vec![(0, Value::text("same"))]);
    }
}
