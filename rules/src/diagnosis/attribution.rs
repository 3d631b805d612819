//! How much of a loss goes with the values of a field.
//!
//! Labelled predictions are put in groups by a field's value. With `n` predictions of a group in the suspect span, its
//! mean loss `now` there and `before` in the reference, and `all` the mean loss of the whole reference, the loss in
//! excess is exactly
//!
//! ```text
//! sum n (now - all)  =  sum n (before - all)  +  sum n (now - before)
//!                       other groups are met     the same group does worse
//! ```
//!
//! The first sum is due to the field's drift. Of the second that part is which lies in groups that are met more often
//! than before, above what the other groups have lost: they show what would have happened anyway (a difference in
//! differences). A group without predictions in the reference is held against `all`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Row, Share, Slice};
use crate::drift::law::normal::sf;

/// Groups of a field of texts that are told apart; all others are one.
const MOST: usize = 20;
/// Numbers with so many different values are put in bins.
const FEW: usize = 12;
/// Predictions of the suspect span that a slice has at least, and a group that others are held against.
const LEAST: u64 = 30;
/// The mean of the whole reference counts as so many predictions of each group, so that small groups say little.
const PRIOR: f64 = 5.0;
/// Parts of time in which the course of a loss is looked at.
const SLOTS: i64 = 24;
/// Standard errors on both sides of an interval of 95 %.
const REACH: f64 = 1.96;
/// Slices that are told.
const TOLD: usize = 10;

/// What is known of the losses of some predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Predictions.
    pub n: u64,
    /// The sum of what they lost.
    pub sum: f64,
    /// The sum of the squares.
    pub squares: f64,
}

impl Losses {
    /// Adds one.
    pub fn add(&mut self, loss: f64) {
        self.n += 1;
        self.sum += loss;
        self.squares += loss * loss;
    }

    /// All of them together.
    pub fn of<'l>(all: impl IntoIterator<Item = &'l Losses>) -> Self {
        all.into_iter().fold(Losses::default(), |sum, it| Losses {
            n: sum.n + it.n,
            sum: sum.sum + it.sum,
            squares: sum.squares + it.squares,
        })
    }

    /// The mean; 0 of none.
    pub fn mean(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.sum / self.n as f64 }
    }

    /// The variance of one, as if two more had come, one that lost nothing and one that lost much: a few equal losses do
    /// not say that all are.
    pub fn variance(&self) -> f64 {
        let n = self.n as f64 + 2.0;
        // Losses that equal their squares are 0 or 1.
        let extreme = self.mean().max(f64::from(u8::from(self.squares == self.sum)));
        let (sum, squares) = (self.sum + extreme, self.squares + extreme * extreme);
        (squares / n - (sum / n).powi(2)).max(0.0)
    }
}

/// Predictions with a value, or an interval of values, in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// What they have in common, behind the name of the field: `= eu`, `> 100`, `is missing`.
    pub label: String,
    /// In the reference.
    pub before: Losses,
    /// In the suspect span.
    pub now: Losses,
    /// In both, by parts of the time.
    pub slots: Vec<Losses>,
}

/// Labelled predictions by the value of a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups(pub Vec<Group>);

/// What of a loss goes with a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// The share of predictions that would have to be of another group for the field to be as it was: the total
    /// variation distance, from 0 to 1.
    pub moved: f64,
    /// The share of the loss.
    pub share: Share,
    /// Whether there are groups that are met no more often than before, so that it is known what would have happened
    /// anyway; if not, the share is the most that it can be.
    pub is_compared: bool,
    /// How far the loss and the groups that are met more often went together in time: their correlation, 0 if it is
    /// negative; `None`: there is too little time, or too few predictions.
    pub overlap: Option<f64>,
}

impl Groups {
    /// How much of the loss goes with the field; `None` where there is none. Where the groups are identities, such as
    /// versions, and not values that may mean something else than before, one that was known does not account for what
    /// it does worse.
    pub fn attributed(&self, is_identity: bool) -> Option<Attribution> {
        let (before, now) =
            (Losses::of(self.0.iter().map(|it| &it.before)), Losses::of(self.0.iter().map(|it| &it.now)));
        let all = before.mean();
        let total = now.sum - now.n as f64 * all;
        if before.n == 0 || now.n == 0 || total <= 0.0 {
            return None;
        }
        let expected = |it: &Group| (it.before.sum + PRIOR * all) / (it.before.n as f64 + PRIOR);
        let shares = |it: &Group| (it.before.n as f64 / before.n as f64, it.now.n as f64 / now.n as f64);
        let gains = |it: &Group| {
            let (p, q) = shares(it);
            q > p && !(is_identity && it.before.n >= LEAST)
        };
        // What would have happened anyway.
        let others = || self.0.iter().filter(|it| !gains(it));
        let (was, is) = (Losses::of(others().map(|it| &it.before)), Losses::of(others().map(|it| &it.now)));
        let (mut anyway, mut doubt) = (0.0, 0.0);
        let is_compared = was.n >= LEAST && is.n >= LEAST;
        if is_compared {
            anyway = (is.sum - others().map(|it| it.now.n as f64 * expected(it)).sum::<f64>()) / is.n as f64;
            doubt = is.variance() / is.n as f64 + was.variance() / was.n as f64;
        }
        let (mut part, mut variance, mut met) = (0.0, 0.0, 0.0);
        for it in &self.0 {
            let n = it.now.n as f64;
            part += n * (expected(it) - all);
            // What is expected is a mean of the group's own predictions and of PRIOR ones like all.
            let own = it.before.n as f64 / (it.before.n as f64 + PRIOR);
            let known = own * own * it.before.variance() / (it.before.n as f64).max(1.0);
            let guessed = (1.0 - own).powi(2) * before.variance() / before.n as f64;
            // How much of what is expected there counts: all of it, or as far as the group is met more or less often.
            let mut counts = n - now.n as f64 * shares(it).0;
            if gains(it) {
                part += it.now.sum - n * (expected(it) + anyway);
                met += n;
                variance += n * it.now.variance();
                counts = n;
            }
            variance += counts * counts * (known + guessed);
        }
        let reach = REACH * (variance + met * met * doubt).sqrt();
        let share = Share { value: part / total, low: (part - reach) / total, high: (part + reach) / total };
        let moved = self
            .0
            .iter()
            .map(|it| {
                let (p, q) = shares(it);
                (q - p).max(0.0)
            })
            .sum();
        Some(Attribution { moved, share, is_compared, overlap: self.overlap(gains) })
    }

    fn overlap(&self, gains: impl Fn(&Group) -> bool) -> Option<f64> {
        let slots = self.0.iter().map(|it| it.slots.len()).max()?;
        let mut points = Vec::new();
        for at in 0..slots {
            let of = |it: &Group| it.slots.get(at).copied().unwrap_or_default();
            let all = Losses::of(&self.0.iter().map(of).collect::<Vec<_>>());
            let met = Losses::of(&self.0.iter().filter(|it| gains(it)).map(of).collect::<Vec<_>>());
            if all.n >= 5 {
                points.push((all.n as f64, met.n as f64 / all.n as f64, all.mean()));
            }
        }
        correlation(&points).filter(|_| points.len() >= 4).map(|it| it.max(0.0))
    }
}

/// Of pairs with a weight before each.
fn correlation(points: &[(f64, f64, f64)]) -> Option<f64> {
    let weight: f64 = points.iter().map(|it| it.0).sum();
    let mean = |of: fn(&(f64, f64, f64)) -> f64| points.iter().map(|it| it.0 * of(it)).sum::<f64>() / weight;
    let (x, y) = (mean(|it| it.1), mean(|it| it.2));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (w, a, b) in points {
        xx += w * (a - x) * (a - x);
        xy += w * (a - x) * (b - y);
        yy += w * (b - y) * (b - y);
    }
    let it = xy / (xx * yy).sqrt();
    it.is_finite().then_some(it.clamp(-1.0, 1.0))
}

/// Labelled predictions by the values of each field that is kept of them.
pub(super) fn by_field(rows: &[Row]) -> BTreeMap<String, Groups> {
    let names: BTreeSet<&String> = rows.iter().flat_map(|it| it.values.keys()).collect();
    names.into_iter().map(|name| (name.clone(), grouped(rows, |it| it.values.get(name)))).collect()
}

/// Labelled predictions by version.
pub(super) fn by_version(rows: &[Row]) -> Groups {
    grouped(rows, |it| it.version.as_ref())
}

/// Labelled predictions by something of them.
fn grouped<'r>(rows: &'r [Row], item: impl Fn(&'r Row) -> Option<&'r Item>) -> Groups {
    let label = labels(rows, &item);
    let times = || rows.iter().filter(|it| it.loss.is_some()).map(|it| it.at);
    let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    let length = (last.saturating_sub(first) / SLOTS).saturating_add(1);
    let mut groups: BTreeMap<(usize, String), Group> = BTreeMap::new();
    for row in rows {
        let Some(loss) = row.loss else { continue };
        let key = label(item(row));
        let group = groups.entry(key.clone()).or_insert_with(|| Group {
            label: key.1,
            slots: vec![Losses::default(); SLOTS as usize],
            ..Group::default()
        });
        if row.is_now { &mut group.now } else { &mut group.before }.add(loss);
        let slot = (row.at.saturating_sub(first) / length) as usize;
        if let Some(it) = group.slots.get_mut(slot) {
            it.add(loss);
        }
    }
    Groups(groups.into_values().collect())
}

type Labels = Box<dyn Fn(Option<&Item>) -> (usize, String)>;

/// The group of each value, with its place among the groups.
fn labels<'r>(rows: &'r [Row], item: &impl Fn(&'r Row) -> Option<&'r Item>) -> Labels {
    const MISSING: (usize, &str) = (usize::MAX, "is missing");
    let missing = || (MISSING.0, MISSING.1.to_owned());
    let text = |it: &Item| match it {
        Item::Number(it) => it.to_string(),
        Item::Text(it) => it.clone(),
    };
    let number = |it: &Item| if let Item::Number(it) = it { Some(*it) } else { None };
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for it in rows.iter().filter_map(item) {
        *counts.entry(text(it)).or_default() += 1;
    }
    if counts.len() > FEW && rows.iter().filter_map(item).all(|it| number(it).is_some()) {
        let was = rows.iter().filter(|it| !it.is_now).filter_map(|it| number(item(it)?));
        let mut sorted: Vec<f64> = was.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |tenth: usize| sorted.get((sorted.len() * tenth / 10).min(sorted.len().saturating_sub(1))).copied();
        let mut edges: Vec<f64> = (0..=10).filter_map(at).collect();
        edges.dedup();
        return Box::new(move |it| {
            let Some(value) = it.and_then(number) else { return missing() };
            let above = edges.partition_point(|edge| *edge < value);
            let edge = |at: usize| edges.get(at).copied().map(super::words::short).unwrap_or_default();
            let label = match above {
                0 if edges.first() == Some(&value) => format!("= {}", edge(0)),
                0 => format!("< {}", edge(0)),
                it if it == edges.len() => format!("> {}", edge(it - 1)),
                it => format!("in ({}, {}]", edge(it - 1), edge(it)),
            };
            (if above == 0 && edges.first() == Some(&value) { 1 } else { 2 * above }, label)
        });
    }
    let mut most: Vec<(String, u64)> = counts.into_iter().collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let known: BTreeSet<String> = most.into_iter().take(MOST).map(|it| it.0).collect();
    Box::new(move |it| match it.map(text) {
        None => missing(),
        Some(it) if known.contains(&it) => (0, format!("= {it}")),
        Some(_) => (1, "is another".to_owned()),
    })
}

/// The slices that clearly hold more of the loss than of the predictions, the most telling first.
pub(super) fn slices(by_field: &BTreeMap<String, Groups>, rows: &[Row]) -> Vec<Slice> {
    let versions = by_version(rows);
    let named = by_field.iter().map(|(name, it)| (name.as_str(), it)).chain([("version", &versions)]);
    let mut found: Vec<Slice> = named.flat_map(|(name, groups)| of_field(name, groups)).collect();
    let gap = |it: &Slice| it.of_loss.value - it.of_predictions;
    found.sort_by(|a, b| gap(b).total_cmp(&gap(a)).then_with(|| a.slice.cmp(&b.slice)));
    found.truncate(TOLD);
    found
}

fn of_field<'g>(name: &'g str, groups: &'g Groups) -> impl Iterator<Item = Slice> + 'g {
    let (before, now) =
        (Losses::of(groups.0.iter().map(|it| &it.before)), Losses::of(groups.0.iter().map(|it| &it.now)));
    let total = now.sum - now.n as f64 * before.mean();
    groups.0.iter().filter_map(move |it| {
        let was = if it.before.n >= LEAST { &it.before } else { &before };
        let n = it.now.n as f64;
        let part = it.now.sum - n * was.mean();
        let error = (n * it.now.variance() + n * n * was.variance() / was.n.max(1) as f64).sqrt();
        let of_predictions = n / now.n.max(1) as f64;
        let is_clear = it.now.n >= LEAST && error > 0.0 && sf(part / error).p < 0.01;
        (is_clear && total > 0.0 && (part - REACH * error) / total > of_predictions).then(|| Slice {
            slice: format!("{name} {}", it.label),
            n_before: it.before.n,
            n: it.now.n,
            before: (it.before.n >= LEAST).then(|| it.before.mean()),
            now: it.now.mean(),
            of_predictions,
            of_loss: Share {
                value: part / total,
                low: (part - REACH * error) / total,
                high: (part + REACH * error) / total,
            },
        })
    })
}
