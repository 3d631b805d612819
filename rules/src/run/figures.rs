//! What expectations measure of a window, for baselines.

use crate::kind::{Check, View};
use crate::plan::{Expectation, Plan};
use crate::plugin::Context;
use crate::quality::known::Kept;
use crate::window::Window;

/// The figures of a window that a baseline keeps for others to be [compared](crate::kind::Beside::Reference) with: of the
/// expectations that `tells` lets through. What is undefined is not among them.
pub fn figures(plan: &Plan, window: &Window, tells: impl Fn(&Expectation) -> bool) -> Vec<Kept> {
    let context = Context::default();
    let mut all: Vec<Kept> = Vec::new();
    for (i, expectation) in plan.expectations.iter().enumerate().filter(|it| tells(it.1)) {
        let (Check::Window(check), Some(tally)) = (&expectation.check, window.tallies.get(i)) else { continue };
        let kept = check.figure(&View {
            window,
            tally,
            mostly: expectation.mostly,
            form: expectation.form,
            now: 0,
            context: &context,
            reference: None,
            baseline: None,
            absent: None,
            segments: None,
        });
        // Several entries may bound one figure.
        all.extend(kept.filter(|kept| all.iter().all(|it| it.about != kept.about)));
    }
    all
}
