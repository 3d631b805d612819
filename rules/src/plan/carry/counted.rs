//! How the tally of an expectation is had of a window of another plan.

use super::Plans;
use crate::args::Form;
use crate::binder::{Ignore, Of, Side};
use crate::kind::Check;
use crate::plan::{Expectation, Plan};
use crate::report::{Outcome, Tally};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;
use crate::window::Window;

/// How a tally is had.
#[derive(Debug)]
pub(super) enum Counted {
    /// It is that of this expectation of the old plan.
    As(usize),
    /// Only how many records were seen is told by it.
    Seen(Seen),
    /// All values of the field are in one of these summaries of the old plan, and are judged now.
    Values {
        /// How many records were seen.
        seen: Seen,
        /// The summaries.
        sketches: Vec<usize>,
        /// The slot of the old plan.
        slot: usize,
    },
    /// It cannot be had.
    Not,
}

/// How many records an expectation has seen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen {
    /// All that could be read.
    Records,
    /// All that labels were joined to.
    Labels,
    /// As many as this expectation of the old plan.
    As(usize),
}

impl Seen {
    fn of(self, window: &Window) -> Option<u64> {
        match self {
            Seen::Records => window.rows.checked_sub(window.unreadable),
            Seen::Labels => Some(window.joined),
            Seen::As(it) => window.tallies.get(it).map(|it| it.seen),
        }
    }
}

/// Rules whose answer rests on the value alone, whether it was written as `1` or `1.0`.
const OF_VALUES: [&str; 3] = ["between", "in_set", "not_in_set"];

/// Rules on texts, which say the same of equal texts.
const OF_TEXTS: [&str; 12] = [
    "between",
    "in_set",
    "not_in_set",
    "match_regex",
    "match_regex_list",
    "not_match_regex",
    "not_match_regex_list",
    "match_like_pattern",
    "match_like_pattern_list",
    "not_match_like_pattern",
    "not_match_like_pattern_list",
    "value_lengths_between",
];

/// Numbers from here on may have been whole numbers that a summary of floats rounds.
const WHOLE: f64 = 9_007_199_254_740_992.0;

impl Plans<'_> {
    /// How the tally of an expectation of the new plan is had. `holds_values` says of a summary of the old plan whether
    /// windows kept its values.
    pub(super) fn counted(&self, i: usize, it: &Expectation, holds_values: &dyn Fn(usize) -> bool) -> Counted {
        if i == 0 {
            // That records can be read is counted by the window itself.
            return Counted::As(0);
        }
        match &it.check {
            Check::Watch(_) | Check::Invalid(_) => Counted::Seen(Seen::Records),
            Check::Window(_) => self.seen(it).map_or(Counted::Not, Counted::Seen),
            Check::Value(_) | Check::Row(_) | Check::Batch(_) | Check::Converted(_) => {
                let same = self.old.expectations.iter().position(|old| self.same_rule(it, old));
                same.map_or_else(|| self.by_values(it, holds_values), Counted::As)
            }
        }
    }

    fn seen(&self, it: &Expectation) -> Option<Seen> {
        match (it.guard, it.side) {
            (None, Side::Record) => Some(Seen::Records),
            (None, Side::Label) => Some(Seen::Labels),
            (guard, side) => {
                let counts = |old: &Expectation| {
                    old.side == side
                        && self.same_guard(guard, old.guard)
                        && !matches!(old.check, Check::Converted(_) | Check::Watch(_) | Check::Invalid(_))
                };
                // The first, `readable`, is counted where records are read.
                let found = self.old.expectations.iter().skip(1).position(counts);
                found.map(|it| Seen::As(it + 1))
            }
        }
    }

    /// Whether two expectations on records say the same of each.
    fn same_rule(&self, new: &Expectation, old: &Expectation) -> bool {
        let source = |it: &Expectation| it.source.as_ref().map(|it| it.digest.clone());
        let schema = |plan: &Plan, it: &Expectation| (it.kind.name == "schema").then(|| plan.schema.clone());
        let same_kind = new.kind.name == old.kind.name && new.type_name == old.type_name && source(new) == source(old);
        same_kind
            && (new.form, new.ignore, new.side) == (old.form, old.ignore, old.side)
            && self.same_slots(&new.slots, &old.slots)
            && self.same_guard(new.guard, old.guard)
            && new.reads.len() == old.reads.len()
            && new.reads.iter().all(|it| {
                let from = self.slot(*it);
                from.is_some_and(|from| old.reads.iter().any(|it| usize::from(it.0) == from))
            })
            && params(new) == params(old)
            && self.new.record.unit == self.old.record.unit
            && schema(self.new, new) == schema(self.old, old)
            && (new.side == Side::Record || self.same_log())
    }

    fn by_values(&self, it: &Expectation, holds_values: &dyn Fn(usize) -> bool) -> Counted {
        let (Check::Value(_), [slot], Form::Short) = (&it.check, it.slots.as_slice(), it.form) else {
            return Counted::Not;
        };
        let (Some(seen), Some(from)) = (self.seen(it), self.slot(*slot)) else { return Counted::Not };
        if !OF_TEXTS.contains(&it.kind.name) {
            return Counted::Not;
        }
        let found = self.old.bindings.sketches.iter().enumerate().filter(|(at, old)| {
            matches!(old.spec, Spec::Values { .. } | Spec::Counts { .. })
                && matches!(old.slots.as_slice(), [it] if usize::from(it.0) == from)
                && (old.ignore, old.of, old.side) == (Ignore::Never, Of::Value, it.side)
                && self.same_guard(it.guard, old.guard)
                && holds_values(*at)
        });
        let sketches: Vec<usize> = found.map(|it| it.0).collect();
        let can = !sketches.is_empty() && (it.side == Side::Record || self.same_log());
        if can { Counted::Values { seen, sketches, slot: from } } else { Counted::Not }
    }
}

/// The parameters, without the share of records that must hold, which no count depends on.
fn params(it: &Expectation) -> Vec<(String, Value<'static>)> {
    let Value::Map(members) = &it.kwargs else { return Vec::new() };
    let members = members.iter().filter(|it| it.0 != "mostly");
    let mut all: Vec<_> = members.map(|(name, value)| (name.to_string(), value.clone())).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

impl Counted {
    /// The tally of a window of the old plan; `None`: this window cannot tell.
    pub(super) fn of(&self, it: &Expectation, window: &Window) -> Option<Tally> {
        match self {
            Counted::As(at) => window.tallies.get(*at).cloned(),
            Counted::Seen(_) if matches!(it.check, Check::Watch(_) | Check::Invalid(_)) => Some(Tally::default()),
            Counted::Seen(seen) => Some(Tally { seen: seen.of(window)?, ..Tally::default() }),
            Counted::Values { seen, sketches, slot } => {
                let numbers = window.held.get(*slot)?.numbers_only();
                let seen = seen.of(window)?;
                let of = |at: &usize| by_values(it, window.sketches.get(*at)?, numbers, seen);
                if seen == 0 { Some(Tally::default()) } else { sketches.iter().find_map(of) }
            }
            Counted::Not => None,
        }
    }
}

/// Judges all values of a summary.
fn by_values(it: &Expectation, sketch: &Sketch, numbers: bool, seen: u64) -> Option<Tally> {
    let Check::Value(check) = &it.check else { return None };
    let of_numbers = numbers && OF_VALUES.contains(&it.kind.name);
    let mut tally = Tally { seen, ..Tally::default() };
    let mut n = 0;
    let mut add = |tally: &mut Tally, value: &Value, count: u64, row: u64| {
        n += count;
        match check.check(value) {
            Outcome::Pass => {}
            Outcome::Skip => tally.skipped += count,
            Outcome::Fail => tally.failed += count,
            Outcome::Mismatch => {
                tally.mismatch_at(row, value.type_name());
                tally.mismatched += count - 1;
            }
            Outcome::Error => return None,
        }
        Some(())
    };
    match sketch {
        Sketch::Counts(all) if all.is_exact() && all.nan == 0 => {
            for value in all.kept() {
                if !of_numbers && value.value.as_str().is_none() {
                    return None;
                }
                add(&mut tally, &value.value, value.count, value.row)?;
            }
        }
        Sketch::Values(all) if of_numbers => {
            for value in all.exact()? {
                if value.abs() >= WHOLE {
                    return None;
                }
                add(&mut tally, &Value::Num(value), 1, 0)?;
            }
        }
        _ => return None,
    }
    // What is left has no value; NaN is among it, which a summary of numbers does not hold and a rule may judge.
    let missing = seen.checked_sub(n)?;
    let has_nan = matches!(sketch, Sketch::Values(it) if it.numbers.nan > 0);
    tally.skipped += missing;
    (!has_nan).then_some(tally)
}
