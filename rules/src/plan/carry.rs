//! From the windows of one plan to those of another: a changed suite is tried on windows that were kept for the suite
//! that was there before.
//!
//! A window keeps counts and summaries, and no records. What a plan asks for is found in the windows of another by what
//! it means, not by where it stands: the same cells, as the same types, of the same records. A count that no window
//! keeps follows from a summary that holds all values of the field.

mod counted;

use counted::Counted;

use crate::binder::{Bindings, GuardId, Side, SketchPlan};
use crate::kind::Check;
use crate::plan::{Expectation, Plan};
use crate::row::Slot;
use crate::sketch::Spec;
use crate::window::Window;

/// How windows of one plan become windows of another.
#[derive(Debug)]
pub struct Carry {
    /// By summary of the new plan, which of the old one it is.
    sketches: Vec<Option<usize>>,
    /// By slot of the new plan, which of the old one it is.
    held: Vec<Option<usize>>,
    /// By expectation of the new plan, how its tally is had.
    tallies: Vec<Counted>,
    /// By expectation of the new plan, why windows of the old one cannot answer it.
    why_not: Vec<Option<String>>,
}

/// A window that was carried over.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// The window, as the new plan has it.
    pub window: Window,
    /// Expectations of the new plan that this window cannot answer, though others of the same plan may: their tallies
    /// and summaries are empty.
    pub unanswered: Vec<usize>,
}

impl Carry {
    /// How windows of `old` become windows of `new`. `keeps` says, of a summary of the old plan and its equal in the
    /// new one, whether windows of the old one kept all that the new one would, since a host may keep less for the sake
    /// of privacy; and without an equal, whether they kept the values themselves.
    pub fn new(old: &Plan, new: &Plan, keeps: &dyn Fn(usize, Option<usize>) -> bool) -> Self {
        let plans = Plans { old, new };
        let wanted = new.bindings.sketches.iter().enumerate();
        let sketches = wanted.map(|(at, it)| plans.sketch(it).filter(|from| keeps(*from, Some(at)))).collect();
        let held = (0..new.bindings.paths.len()).map(|it| plans.slot(Slot(it as u16))).collect();
        let mut carry = Carry { sketches, held, tallies: Vec::new(), why_not: Vec::new() };
        for (i, expectation) in new.expectations.iter().enumerate() {
            let tally = plans.counted(i, expectation, &|from| keeps(from, None));
            let why_not = carry.why_not(&plans, i, expectation, &tally);
            carry.tallies.push(tally);
            carry.why_not.push(why_not);
        }
        carry
    }

    /// Why windows of the old plan cannot answer an expectation of the new one; `None`: they can.
    pub fn needs_records(&self, expectation: usize) -> Option<&str> {
        self.why_not.get(expectation)?.as_deref()
    }

    /// Whether windows of the old plan have a summary of the new one.
    pub fn has_summary(&self, sketch: usize) -> bool {
        self.sketches.get(sketch).is_some_and(Option::is_some)
    }

    /// A window of the old plan as one of the new plan.
    pub fn window(&self, new: &Plan, window: &Window) -> Carried {
        let mut made = Window::new(new.expectations.len(), &new.bindings);
        made.rows = window.rows;
        made.unreadable = window.unreadable;
        made.logged = window.logged;
        made.joined = window.joined;
        made.waited = window.waited;
        made.columns = window.columns.clone();
        for (to, from) in made.held.iter_mut().zip(&self.held) {
            *to = from.and_then(|it| window.held.get(it)).copied().unwrap_or_default();
        }
        for (to, from) in made.sketches.iter_mut().zip(&self.sketches) {
            if let Some(it) = from.and_then(|it| window.sketches.get(it)) {
                to.clone_from(it);
            }
        }
        let mut unanswered: Vec<usize> = Vec::new();
        for (i, ((to, counted), expectation)) in
            made.tallies.iter_mut().zip(&self.tallies).zip(&new.expectations).enumerate()
        {
            let is_watch = matches!(expectation.check, Check::Watch(_));
            let is_blind = is_watch && unanswered.last().is_some_and(|it| it + 1 == i);
            match counted.of(expectation, window) {
                Some(it) if self.needs_records(i).is_none() && !is_blind => *to = it,
                _ => unanswered.push(i),
            }
        }
        Carried { window: made, unanswered }
    }

    fn why_not(&self, plans: &Plans, i: usize, expectation: &Expectation, tally: &Counted) -> Option<String> {
        if matches!(expectation.check, Check::Watch(_)) {
            return i.checked_sub(1).and_then(|it| self.needs_records(it)).map(str::to_owned);
        }
        let unknown: Vec<String> = expectation
            .reads
            .iter()
            .filter(|it| self.held.get(usize::from(it.0)).is_none_or(Option::is_none))
            .map(|it| format!("`{}`", path_of(&plans.new.bindings, *it)))
            .collect();
        if !unknown.is_empty() {
            let n = if unknown.len() == 1 { "the field" } else { "the fields" };
            return Some(format!("windows kept nothing of {n} {}", unknown.join(", ")));
        }
        let awaits = expectation.side == Side::Label || expectation.kind.name == "label_coverage";
        if awaits && !plans.same_log() {
            return Some("other predictions were kept for labels".to_owned());
        }
        let of = expectation.fields.join("`, `");
        let lacking =
            expectation.sketches.iter().any(|it| self.sketches.get(usize::from(it.0)).is_none_or(Option::is_none));
        if lacking {
            return Some(format!("windows kept no summary of `{of}` that answers it"));
        }
        match tally {
            Counted::Not if of.is_empty() => Some("windows kept no count of it".to_owned()),
            Counted::Not => Some(format!("windows kept no count of it, and not all values of `{of}`")),
            _ => None,
        }
    }
}

fn path_of(bindings: &Bindings, slot: Slot) -> String {
    bindings.paths.get(usize::from(slot.0)).map(ToString::to_string).unwrap_or_default()
}

/// Two plans whose parts are held against each other.
struct Plans<'p> {
    old: &'p Plan,
    new: &'p Plan,
}

impl Plans<'_> {
    /// The slot of the old plan that holds the same as this one of the new.
    fn slot(&self, slot: Slot) -> Option<usize> {
        let (new, old) = (&self.new.bindings, &self.old.bindings);
        let at = usize::from(slot.0);
        let path = new.paths.get(at)?;
        let found = old.paths.iter().position(|it| it == path)?;
        (old.types.get(found) == new.types.get(at)).then_some(found)
    }

    fn same_slots(&self, new: &[Slot], old: &[Slot]) -> bool {
        new.len() == old.len() && new.iter().zip(old).all(|(new, old)| self.slot(*new) == Some(usize::from(old.0)))
    }

    /// Whether two guards let the same records through.
    fn same_guard(&self, new: Option<GuardId>, old: Option<GuardId>) -> bool {
        match (new, old) {
            (None, None) => true,
            (Some(new), Some(old)) => {
                let text = |plan: &'_ Plan, it: GuardId| plan.guard_texts.get(usize::from(it.0)).cloned();
                let (Some(new), Some(old)) = (text(self.new, new), text(self.old, old)) else { return false };
                let reads_same = new.1.iter().all(|it| self.slot(*it).is_some());
                new.0 == old.0 && new.1.len() == old.1.len() && reads_same
            }
            _ => false,
        }
    }

    /// The summary of the old plan that is the same as this one of the new.
    fn sketch(&self, wanted: &SketchPlan) -> Option<usize> {
        let is_same = |it: &SketchPlan| {
            (it.ignore, it.nan_is_null, it.of, it.side) == (wanted.ignore, wanted.nan_is_null, wanted.of, wanted.side)
                && same_spec(&it.spec, &wanted.spec)
                && self.same_slots(&wanted.slots, &it.slots)
                && self.same_guard(wanted.guard, it.guard)
        };
        self.old.bindings.sketches.iter().position(is_same).filter(|_| wanted.side == Side::Record || self.same_log())
    }

    /// Whether both keep the same predictions, so that labels are joined to the same records.
    fn same_log(&self) -> bool {
        match (&self.old.predictions, &self.new.predictions) {
            (Some(old), Some(new)) => {
                self.slot(new.id) == Some(usize::from(old.id.0)) && old.sample.total_cmp(&new.sample).is_eq()
            }
            (None, None) => true,
            _ => false,
        }
    }
}

/// Whether two summaries of the same values hold the same, however much each keeps exactly.
fn same_spec(a: &Spec, b: &Spec) -> bool {
    let plain = |it: &Spec| {
        let mut it = it.clone();
        match &mut it {
            Spec::Values { budget, .. }
            | Spec::Counts { budget }
            | Spec::Categories { budget }
            | Spec::Keys { budget }
            | Spec::Scored { budget, .. }
            | Spec::Ranked { budget, .. } => *budget = 0,
            _ => {}
        }
        it
    };
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests;
