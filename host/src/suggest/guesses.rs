//! Rules of thumb for what a window holds: they are guesses, with room to move.

use driftline_rules::types::Type;

use super::bounds::{around, grouped};
use super::draft::{Leaf, Rule};
use super::names;
use super::profile::Numbers;

/// Fewer values say little about a distribution.
const ENOUGH: u64 = 100;

/// The rules for one field.
pub fn rules(leaf: &Leaf) -> Vec<Rule> {
    if leaf.field.values() < ENOUGH || leaf.unique {
        return Vec::new();
    }
    let found = match (leaf.ty, &leaf.field.numbers) {
        (Some(Type::Int | Type::Float | Type::Decimal), Some(it)) if it.odd == 0 && !names::is_id(&leaf.words()) => {
            vec![mean(leaf, it), slowest(leaf, it)]
        }
        (Some(Type::String), _) => vec![distinct(leaf)],
        _ => Vec::new(),
    };
    found.into_iter().flatten().map(|it| Rule { guess: true, ..it }).collect()
}

fn mean(leaf: &Leaf, numbers: &Numbers) -> Option<Rule> {
    let (mean, deviation) = numbers.mean()?;
    if deviation <= 0.0 || !deviation.is_finite() {
        return None;
    }
    let it = around(mean - deviation / 2.0, mean + deviation / 2.0, 0.0, false)?;
    let n = grouped(leaf.field.values());
    let why = format!(
        "A mean of {} over {n} values, with a standard deviation of {}; half of that on each side, rounded.",
        short(mean),
        short(deviation)
    );
    Some(leaf.rule("mean_between", format!("{{ min: {}, max: {} }}", it.min, it.max), why))
}

/// The slowest hundredth of what takes time.
fn slowest(leaf: &Leaf, numbers: &Numbers) -> Option<Rule> {
    let (p99, (_, largest)) = (numbers.quantile(0.99)?, numbers.range.as_ref()?);
    if !names::is_duration(&leaf.words()) || p99 <= 0.0 || largest.as_f64()? <= 0.0 {
        return None;
    }
    let it = around(0.0, p99, p99 / 2.0, false)?;
    let why = format!("99 % are at most {}; half as much again, rounded.", short(p99));
    Some(leaf.rule("quantile_between", format!("{{ quantile: 0.99, max: {} }}", it.max), why))
}

/// Values that come again but are too many to list.
fn distinct(leaf: &Leaf) -> Option<Rule> {
    let n = leaf.field.distinct.counts.as_ref()?.len() as u64;
    if n <= 20 || leaf.field.values() < n * 5 {
        return None;
    }
    let why = format!("{} different ones among {} values; half to double.", grouped(n), grouped(leaf.field.values()));
    Some(leaf.rule("unique_value_count_between", format!("{{ min: {}, max: {} }}", n / 2, n * 2), why))
}

/// Four digits that count.
fn short(it: f64) -> String {
    let digits = if it == 0.0 { 0 } else { (3 - it.abs().log10().floor() as i32).clamp(0, 12) };
    format!("{it:.digits$}", digits = digits as usize)
}
