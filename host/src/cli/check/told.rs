//! What a page that is handed on may tell of values, and how they are distributed.

use driftline_rules::baseline::{Baseline, Distribution, field_of};
use driftline_rules::plan::{Expectation, Plan};
use driftline_rules::suite::Telling;
use driftline_rules::window::Window;

use crate::output::plots::bars::Bars;
use crate::report::FieldBars;
use crate::service::privacy::Privacy;

/// What may be told.
#[derive(Default)]
pub(super) struct Told {
    /// Of each expectation, whether values are withheld.
    pub withheld: Vec<bool>,
    /// Distributions of fields, in the order of their names.
    pub distributions: Vec<FieldBars>,
}

impl Told {
    pub fn of(plan: &Plan, window: &Window, baseline: Option<&Baseline>) -> Self {
        // What would be told by hash is withheld: a page has no key.
        let privacy = Privacy::new(&plan.privacy, Telling::Keep, &[]);
        let is_withheld = |it: &Expectation| {
            if it.fields.is_empty() { !privacy.keeps_all() } else { !it.fields.iter().all(|it| privacy.keeps(it)) }
        };
        let now = Baseline::of_window(&plan.bindings, window);
        let own = now.fields.iter().filter(|it| privacy.keeps(field_of(it.0)));
        let bars = own.filter_map(|(field, now)| {
            let before = baseline.and_then(|it| it.field(field));
            let missing = |it: &Distribution| (it.null, it.n + it.null + it.nan);
            Some(FieldBars {
                field: field.clone(),
                bars: Bars::of(before, now)?,
                missing_before: before.map(missing),
                missing_now: missing(now),
            })
        });
        Told { withheld: plan.expectations.iter().map(is_withheld).collect(), distributions: bars.collect() }
    }
}
