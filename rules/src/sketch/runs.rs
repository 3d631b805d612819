//! Whether the values rise, or fall, from row to row.

use std::cmp::Ordering;

use super::{OtherSketch, heap};
use crate::value::Value;

/// Neighbouring values compared in the order of the rows; nulls and NaN are stepped over.
///
/// Parts join where their rows meet, so a row that is not concerned (a guard excluded it) is best
/// given as [`Value::Missing`]: else the rows around it stay apart until the answer is read, which
/// is right but takes memory.
#[derive(Clone, Debug)]
pub struct Runs {
    /// Values that are neither null nor NaN.
    pub n: u64,
    pub(super) increasing: bool,
    /// Covered stretches of rows, by row, none touching the next.
    pub(super) stretches: Vec<Stretch>,
    /// Pairs within the stretches that do not go strictly the right way, in no order.
    pub(super) kept: Vec<Step>,
}

/// Rows `start..end`, with the first value of them and its row, and the last.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) ends: Option<Ends>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ends {
    pub(super) first: (u64, Value<'static>),
    pub(super) last: Value<'static>,
}

/// The second value of a pair, and how it compares with the one before; `None` when it does not.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) row: u64,
    pub(super) value: Value<'static>,
    pub(super) order: Option<Ordering>,
}

impl Runs {
    pub(super) fn new(increasing: bool) -> Self {
        Runs { n: 0, increasing, stretches: vec![], kept: vec![] }
    }

    #[inline]
    pub(super) fn update(&mut self, value: &Value, row: u64) {
        let null = value.is_null() || value.is_nan();
        self.n += u64::from(!null);
        let Some(stretch) = self.stretches.last_mut().filter(|it| it.end == row) else {
            let ends = (!null).then(|| Ends { first: (row, value.to_owned()), last: value.to_owned() });
            self.insert(Stretch { start: row, end: row.saturating_add(1), ends });
            return;
        };
        stretch.end = row.saturating_add(1);
        if null {
            return;
        }
        let Some(ends) = &mut stretch.ends else {
            stretch.ends = Some(Ends { first: (row, value.to_owned()), last: value.to_owned() });
            return;
        };
        let order = value.compare(&ends.last);
        if order != Some(self.wanted()) {
            self.kept.push(Step { row, value: value.to_owned(), order });
        }
        if let Some(Stretch { ends: Some(ends), .. }) = self.stretches.last_mut() {
            replace(&mut ends.last, value);
        }
    }

    fn wanted(&self) -> Ordering {
        if self.increasing { Ordering::Greater } else { Ordering::Less }
    }

    /// Adds a stretch in its place and joins it with those it touches.
    fn insert(&mut self, it: Stretch) {
        let mut at = self.stretches.partition_point(|other| other.start < it.start);
        self.stretches.insert(at, it);
        if at > 0 && self.join(at - 1) {
            at -= 1;
        }
        self.join(at);
    }

    /// Joins the stretch at `at` with the next one when they touch.
    fn join(&mut self, at: usize) -> bool {
        match self.stretches.get(at..) {
            Some([left, right, ..]) if left.end == right.start => self.glue(at),
            _ => false,
        }
    }

    fn glue(&mut self, at: usize) -> bool {
        let right = self.stretches.remove(at + 1);
        let wanted = self.wanted();
        let Some(left) = self.stretches.get_mut(at) else { return false };
        left.end = right.end;
        match (&mut left.ends, right.ends) {
            (_, None) => {}
            (ends @ None, more) => *ends = more,
            (Some(ends), Some(more)) => {
                self.kept.extend(step(&ends.last, more.first, wanted));
                ends.last = more.last;
            }
        }
        true
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OtherSketch> {
        if self.increasing != other.increasing {
            return Err(OtherSketch);
        }
        self.n += other.n;
        self.kept.extend_from_slice(&other.kept);
        if other.stretches.len() <= 4 {
            other.stretches.iter().for_each(|it| self.insert(it.clone()));
            return Ok(());
        }
        // One by one, each would move all that stand behind it.
        let mut all = std::mem::take(&mut self.stretches);
        all.extend_from_slice(&other.stretches);
        all.sort_by_key(|it| it.start);
        self.stretches.reserve(all.len());
        for it in all {
            self.stretches.push(it);
            if let Some(before) = self.stretches.len().checked_sub(2) {
                self.join(before);
            }
        }
        Ok(())
    }

    pub(super) fn shift(&mut self, rows: u64) {
        for it in &mut self.stretches {
            it.start = it.start.saturating_add(rows);
            it.end = it.end.saturating_add(rows);
            if let Some(ends) = &mut it.ends {
                ends.first.0 = ends.first.0.saturating_add(rows);
            }
        }
        self.kept.iter_mut().for_each(|it| it.row = it.row.saturating_add(rows));
    }

    pub(super) fn size(&self) -> usize {
        let ends = |it: &Stretch| it.ends.as_ref().map_or(0, |it| heap(&it.first.1) + heap(&it.last));
        self.stretches.iter().map(|it| size_of::<Stretch>() + ends(it)).sum::<usize>()
            + self.kept.iter().map(|it| size_of::<Step>() + heap(&it.value)).sum::<usize>()
    }

    /// The rows, with their values, that do not go the right way from the value before: those that
    /// go the wrong way, and when `strictly` those that stay. Pairs without an order are not among
    /// them: see [`Runs::incomparable`].
    pub fn violations(&self, strictly: bool) -> Vec<(u64, Value<'static>)> {
        let wrong = self.wanted().reverse();
        self.steps(|order| order == Some(wrong) || strictly && order == Some(Ordering::Equal))
    }

    /// The rows, with their values, that have no order with the value before.
    pub fn incomparable(&self) -> Vec<(u64, Value<'static>)> {
        self.steps(|order| order.is_none())
    }

    /// Pairs of neighbouring values.
    pub fn pairs(&self) -> u64 {
        self.n.saturating_sub(1)
    }

    fn steps(&self, which: impl Fn(Option<Ordering>) -> bool) -> Vec<(u64, Value<'static>)> {
        let all = self.all_steps().into_iter().filter(|it| which(it.order));
        all.map(|it| (it.row, it.value)).collect()
    }

    /// All steps that are not strictly right, by row, also those across gaps between stretches.
    fn all_steps(&self) -> Vec<Step> {
        let mut all = self.kept.clone();
        let ends: Vec<_> = self.stretches.iter().filter_map(|it| it.ends.as_ref()).collect();
        for pair in ends.windows(2) {
            if let [left, right] = pair {
                all.extend(step(&left.last, right.first.clone(), self.wanted()));
            }
        }
        all.sort_unstable_by_key(|it| it.row);
        all
    }
}

fn step(last: &Value, (row, value): (u64, Value<'static>), wanted: Ordering) -> Option<Step> {
    let order = value.compare(last);
    (order != Some(wanted)).then_some(Step { row, value, order })
}

/// Overwrites in place, so that text does not cost an allocation a row.
fn replace(old: &mut Value<'static>, new: &Value) {
    match (old, new) {
        (Value::Str(old), Value::Str(new)) => {
            let old = old.to_mut();
            old.clear();
            old.push_str(new);
        }
        (old, new) => *old = new.to_owned(),
    }
}

/// Equal when the same rows were seen, in whatever order.
impl PartialEq for Runs {
    fn eq(&self, other: &Self) -> bool {
        self.n == other.n
            && self.increasing == other.increasing
            && self.stretches == other.stretches
            && self.all_steps() == other.all_steps()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(increasing: bool, rows: &[(u64, Value)]) -> Runs {
        let mut it = Runs::new(increasing);
        for (row, value) in rows {
            it.update(value, *row);
        }
        it
    }

    #[test]
    fn nulls_are_stepped_over_and_equals_fail_only_strictly() {
        let values = [Value::Int(1), Value::Null, Value::Num(1.0), Value::Num(f64::NAN), Value::Int(3), Value::Int(2)];
        let rows: Vec<_> = (0..).zip(values).collect();
        let it = runs(true, &rows);
        assert_eq!(it.violations(false), vec![(5, Value::Int(2))]);
        assert_eq!(it.violations(true), vec![(2, Value::Num(1.0)), (5, Value::Int(2))]);
        assert_eq!(runs(false, &rows).violations(false), vec![(4, Value::Int(3))]);
        assert_eq!((it.n, it.pairs(), it.stretches.len()), (4, 3, 1));
    }

    #[test]
    fn rows_that_were_not_given_are_gaps_and_the_values_around_them_still_meet() {
        let it = runs(true, &[(0, Value::Int(5)), (7, Value::Int(4)), (8, Value::Int(6)), (3, Value::Int(5))]);
        assert_eq!(it.violations(true), vec![(3, Value::Int(5)), (7, Value::Int(4))]);
        assert_eq!(it.stretches.len(), 3);
    }

    #[test]
    fn values_without_an_order_are_told_apart() {
        let it = runs(true, &[(0, Value::Int(1)), (1, Value::text("a")), (2, Value::text("b"))]);
        assert_eq!(it.violations(true), vec![]);
        assert_eq!(it.incomparable(), vec![(1, Value::text("a"))]);
    }
}
