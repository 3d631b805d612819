//! The numbers of a column themselves, for quantiles and outliers, until they are too many.

use super::OtherSketch;
use super::numbers::Numbers;
use super::quantiles::Quantiles;
use crate::value::Value;

/// All numbers, exactly, while they are not more than the budget; [`Quantiles`] beyond it.
///
/// The turn depends on the count alone, and a number lands in the same bucket whenever it is put
/// there, so it does not matter which part turned first.
#[derive(Clone, Debug)]
pub struct Values {
    /// What was met.
    pub numbers: Numbers,
    pub(super) with_rows: bool,
    pub(super) budget: usize,
    pub(super) held: Held,
}

#[derive(Clone, Debug)]
pub(super) enum Held {
    Exact { values: Vec<f64>, rows: Rows },
    Turned(Box<Quantiles>),
}

/// The rows of the values: where a new stretch of consecutive rows starts, and its first row.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    starts: Vec<(usize, u64)>,
    next: u64,
}

impl Rows {
    #[inline]
    pub(super) fn push(&mut self, at: usize, row: u64) {
        if row != self.next || self.starts.is_empty() {
            self.starts.push((at, row));
        }
        self.next = row.saturating_add(1);
    }

    fn append(&mut self, at: usize, other: &Self) {
        self.starts.extend(other.starts.iter().map(|(start, row)| (start + at, *row)));
        if !other.starts.is_empty() {
            self.next = other.next;
        }
    }

    fn shift(&mut self, by: u64) {
        self.next = self.next.saturating_add(by);
        for it in &mut self.starts {
            it.1 = it.1.saturating_add(by);
        }
    }

    /// The rows of the first `n` values.
    fn iter(&self, n: usize) -> impl Iterator<Item = u64> + '_ {
        self.starts.iter().enumerate().flat_map(move |(k, (start, row))| {
            let end = self.starts.get(k + 1).map_or(n, |it| it.0);
            (0..end.saturating_sub(*start) as u64).map(move |it| row.saturating_add(it))
        })
    }
}

/// What a quantile between two values is, as numpy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// On the line between the two.
    Linear,
    /// The smaller.
    Lower,
    /// The larger.
    Higher,
    /// Halfway.
    Midpoint,
    /// The nearer; of two equally near, the one of even rank.
    Nearest,
}

impl Values {
    pub(super) fn new(with_rows: bool, budget: usize) -> Self {
        let held = Held::Exact { values: vec![], rows: Rows::default() };
        Values { numbers: Numbers::default(), with_rows, budget, held }
    }

    #[inline]
    pub(super) fn update(&mut self, value: &Value, row: u64) {
        let Some(number) = self.numbers.read(value, row) else { return };
        match &mut self.held {
            Held::Exact { values, rows } => {
                if self.with_rows {
                    rows.push(values.len(), row);
                }
                values.push(number.as_f64());
                if values.len() > self.budget {
                    self.turn();
                }
            }
            Held::Turned(it) => it.update(number.as_f64()),
        }
    }

    #[cold]
    fn turn(&mut self) {
        if let Held::Exact { values, .. } = &self.held {
            let mut quantiles = Quantiles::default();
            for it in values {
                quantiles.update(*it);
            }
            self.held = Held::Turned(Box::new(quantiles));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OtherSketch> {
        if self.with_rows != other.with_rows || self.budget != other.budget {
            return Err(OtherSketch);
        }
        self.numbers.merge(&other.numbers);
        if self.numbers.n > self.budget as u64 {
            self.turn();
        }
        match (&mut self.held, &other.held) {
            (Held::Exact { values, rows }, Held::Exact { values: more, rows: more_rows }) => {
                rows.append(values.len(), more_rows);
                values.extend_from_slice(more);
            }
            (Held::Turned(it), Held::Turned(more)) => it.merge(more),
            (Held::Turned(it), Held::Exact { values, .. }) => values.iter().for_each(|value| it.update(*value)),
            // `other` has turned, so it holds more than the budget, and so does the sum.
            (Held::Exact { .. }, Held::Turned(_)) => {}
        }
        Ok(())
    }

    /// Keeps no more than `budget`, as if it had been the budget from the start; a larger one changes nothing.
    pub(super) fn narrow(&mut self, budget: usize) {
        self.budget = self.budget.min(budget);
        if self.numbers.n > self.budget as u64 {
            self.turn();
        }
    }

    pub(super) fn shift(&mut self, by: u64) {
        self.numbers.shift(by);
        if let Held::Exact { rows, .. } = &mut self.held {
            rows.shift(by);
        }
    }

    pub(super) fn size(&self) -> usize {
        match &self.held {
            Held::Exact { values, rows } => 8 * (values.capacity() + 2 * rows.starts.capacity()),
            Held::Turned(it) => it.size(),
        }
    }

    /// All numbers in increasing order; `None` beyond the budget.
    pub fn exact(&self) -> Option<Vec<f64>> {
        let Held::Exact { values, .. } = &self.held else { return None };
        let mut values = values.clone();
        values.sort_unstable_by(f64::total_cmp);
        Some(values)
    }

    /// The quantile sketch; `None` while the numbers are kept exactly.
    pub fn sketch(&self) -> Option<&Quantiles> {
        match &self.held {
            Held::Exact { .. } => None,
            Held::Turned(it) => Some(it),
        }
    }

    /// The `q`-quantile as `numpy.quantile` defines it; `None` of no numbers or for `q` outside 0..=1.
    ///
    /// Unlike numpy, a quantile that falls on a number is that number, also beside an infinity.
    pub fn quantile(&self, q: f64, interpolation: Interpolation) -> Option<f64> {
        self.quantiles(&[q], interpolation).pop()?
    }

    /// As [`Values::quantile`], for several at once.
    pub fn quantiles(&self, qs: &[f64], interpolation: Interpolation) -> Vec<Option<f64>> {
        let n = self.numbers.n;
        match &self.held {
            Held::Turned(it) => qs.iter().map(|q| quantile(n, *q, interpolation, |rank| it.at(rank))).collect(),
            Held::Exact { values, .. } if qs.len() <= 3 => {
                let mut values = values.clone();
                qs.iter().map(|q| quantile(n, *q, interpolation, |rank| select(&mut values, rank))).collect()
            }
            Held::Exact { .. } => {
                let values = self.exact().unwrap_or_default();
                let at = |rank: u64| values.get(rank as usize).copied();
                qs.iter().map(|q| quantile(n, *q, interpolation, at)).collect()
            }
        }
    }

    /// How many numbers lie below `lo` or above `hi`; when not `inclusive`, the bounds themselves are
    /// outside too. An infinite bound is given as such. Within [`Values::error_bound`] when not exact.
    pub fn count_outside(&self, lo: f64, hi: f64, inclusive: bool) -> u64 {
        self.count_where(&|it| if inclusive { it < lo || it > hi } else { it <= lo || it >= hi })
    }

    /// How many numbers satisfy `what`; judged by a value near each when not exact.
    pub fn count_where(&self, what: &dyn Fn(f64) -> bool) -> u64 {
        match &self.held {
            Held::Exact { values, .. } => values.iter().filter(|it| what(**it)).count() as u64,
            Held::Turned(it) => it.iter().filter(|it| what(it.0)).map(|it| it.1).sum(),
        }
    }

    /// Row and value of the numbers that satisfy `what`, by row. `None` beyond the budget, or when
    /// the rows were not asked for.
    pub fn rows_where(&self, what: &dyn Fn(f64) -> bool) -> Option<Vec<(u64, f64)>> {
        let Held::Exact { values, rows } = &self.held else { return None };
        if !self.with_rows {
            return None;
        }
        let mut out: Vec<_> = rows.iter(values.len()).zip(values.iter().copied()).filter(|it| what(it.1)).collect();
        out.sort_unstable_by_key(|it| it.0);
        Some(out)
    }

    /// The largest relative error of a quantile; `None` when all answers are exact.
    pub fn error_bound(&self) -> Option<f64> {
        self.sketch().map(|_| Quantiles::ERROR)
    }

    /// The pairs of row and number in the one order that equal states share.
    pub(super) fn pairs(&self) -> Vec<(u64, u64)> {
        let Held::Exact { values, rows } = &self.held else { return vec![] };
        let rows = rows.iter(values.len()).chain(std::iter::repeat(0));
        let mut out: Vec<_> = rows.zip(values.iter().map(|it| it.to_bits())).take(values.len()).collect();
        out.sort_unstable();
        out
    }
}

/// Equal when the same numbers were seen, in whatever order.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.numbers == other.numbers
            && self.with_rows == other.with_rows
            && self.budget == other.budget
            && self.sketch() == other.sketch()
            && self.pairs() == other.pairs()
    }
}

fn select(values: &mut [f64], rank: u64) -> Option<f64> {
    let rank = rank as usize;
    (rank < values.len()).then(|| *values.select_nth_unstable_by(rank, f64::total_cmp).1)
}

/// Hyndman and Fan's seventh definition and its relatives: the position `q * (n - 1)`.
fn quantile(n: u64, q: f64, by: Interpolation, mut at: impl FnMut(u64) -> Option<f64>) -> Option<f64> {
    let last = n.checked_sub(1)?;
    if !(0.0..=1.0).contains(&q) {
        return None;
    }
    let position = q * last as f64;
    let (below, above) = (position.floor(), position.ceil());
    let mut rank = |it: f64| at((it as u64).min(last));
    let share = match by {
        _ if below == above => return rank(below),
        Interpolation::Lower => return rank(below),
        Interpolation::Higher => return rank(above),
        Interpolation::Nearest => return rank(position.round_ties_even()),
        Interpolation::Midpoint => 0.5,
        Interpolation::Linear => position - below,
    };
    let (a, b) = (rank(below)?, rank(above)?);
    if a == b {
        return Some(a);
    }
    // From the nearer end, as numpy does, so that the result stays between the two.
    Some(if share < 0.5 { a + (b - a) * share } else { b - (b - a) * (1.0 - share) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(budget: usize, numbers: &[f64]) -> Values {
        let mut it = Values::new(true, budget);
        for (row, number) in numbers.iter().enumerate() {
            it.update(&Value::Num(*number), row as u64);
        }
        it
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        use Interpolation::{Higher, Linear, Lower, Midpoint, Nearest};
        let it = values(100, &[7.0, 1.0, 3.0, 20.0]);
        // numpy.quantile([7, 1, 3, 20], q, method=..)
        for (q, by, expected) in [
            (0.0, Linear, 1.0),
            (1.0, Linear, 20.0),
            (0.5, Linear, 5.0),
            (0.25, Linear, 2.5),
            (0.9, Linear, 16.1),
            (0.25, Lower, 1.0),
            (0.25, Higher, 3.0),
            (0.25, Midpoint, 2.0),
            (0.25, Nearest, 3.0),
            (0.5, Nearest, 7.0),
            (1.0 / 6.0, Nearest, 1.0),
        ] {
            assert!((it.quantile(q, by).unwrap_or(f64::NAN) - expected).abs() < 1e-12, "{q} {by:?}");
        }
        let it = values(100, &[7.0, 1.0, 3.0, 20.0, -4.5, 0.25]);
        for (by, expected) in [
            (Linear, [-2.125, 0.625, 2.0, 5.0, 13.5]),
            (Lower, [-4.5, 0.25, 1.0, 3.0, 7.0]),
            (Higher, [0.25, 1.0, 3.0, 7.0, 20.0]),
            (Midpoint, [-2.125, 0.625, 2.0, 5.0, 13.5]),
            (Nearest, [-4.5, 1.0, 1.0, 7.0, 7.0]),
        ] {
            assert_eq!(it.quantiles(&[0.1, 0.3, 0.5, 0.7, 0.9], by), expected.map(Some), "{by:?}");
        }
        assert_eq!(it.quantile(1.5, Linear), None);
        assert_eq!(values(100, &[]).quantile(0.5, Linear), None);
        assert_eq!(values(100, &[f64::INFINITY, 1.0, 2.0]).quantile(0.5, Linear), Some(2.0));
    }

    #[test]
    fn bounds_are_inside_when_inclusive() {
        let it = values(100, &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!((it.count_outside(2.0, 3.0, true), it.count_outside(2.0, 3.0, false)), (2, 4));
        assert_eq!(it.rows_where(&|x| x > 2.5), Some(vec![(2, 3.0), (3, 4.0)]));
    }

    proptest! {
        #[test]
        fn the_sketch_keeps_its_bound(
            numbers in prop::collection::vec(-1e6_f64..1e6, 1..200), q in 0.0..=1.0_f64
        ) {
            let (exact, turned) = (values(1000, &numbers), values(0, &numbers));
            prop_assert!(exact.error_bound().is_none());
            let bound = turned.error_bound().unwrap_or(0.0);
            for by in [Interpolation::Lower, Interpolation::Higher, Interpolation::Nearest] {
                let (a, b) = (exact.quantile(q, by).unwrap_or(0.0), turned.quantile(q, by).unwrap_or(0.0));
                prop_assert!((a - b).abs() <= bound * (1.0 + 1e-9) * a.abs(), "{a} {b}");
            }
        }
    }
}
