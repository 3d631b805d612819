//! Few records repeat an earlier one.

use std::collections::HashSet;

use super::distinct;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Counts, Judgement, Status, Unexpected};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "duplicate_records",
    gx: "expect_table_duplicate_share_to_be_at_most",
    in_gx: false,
    since: "0.1.0",
    summary: "few records to repeat an earlier one",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("key", ParamType::SomeTexts, "The fields that make two records the same.")
            .default("the whole record"),
        Param::new("max", ParamType::Ratio, "The largest share of repeats.").gx("max_share").default("0"),
    ],
    main: Some("key"),
    page: include_str!("duplicate_records.md"),
    compile,
};

struct Repeats {
    id: SketchId,
    max: f64,
    budget: usize,
    bound: String,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let key = args.texts("key");
    let max = args.number("max").unwrap_or(0.0);
    let of = key.as_ref().map_or_else(String::new, |it| format!(" by {}", it.join(", ")));
    let slots: Result<Vec<_>, _> = key.unwrap_or_else(|| vec!["$"]).into_iter().map(|it| binder.field(it)).collect();
    let budget = binder.budget;
    let id = binder.sketch_of(slots?, Spec::Keys { budget });
    let bound = format!("a share of at most {max} repeats{of}");
    Ok(Check::Window(Box::new(Repeats { id, max, budget, bound })))
}

impl WindowCheck for Repeats {
    fn judge(&self, view: &View) -> Judgement {
        let Sketch::Keys(keys) = view.sketch(self.id) else { return Judgement::skip("there is no record") };
        if keys.n == 0 {
            return Judgement::skip("there is no key to judge").bound(self.bound.clone());
        }
        let n = keys.n as f64;
        let found = keys.duplicates();
        // Every record but one of each key; an estimate from the sampled groups would lean on the commonest keys.
        let repeats = if found.exact { found.extra } else { (n - found.distinct).max(0.0) };
        let share = repeats / n;
        // Three standard errors of the number of distinct keys (see `Counts::distinct`).
        let error = (!found.exact).then(|| 3.0 * 1.20 / (self.budget as f64).sqrt() * found.distinct / n);
        let holds = share - error.unwrap_or(0.0) <= self.max;
        let mut judgement = Judgement::new(Status::of(holds)).observed(Value::Num(share)).within(error);
        if !holds {
            judgement.why = Some(format!("{repeats:.0} of {n} records repeat an earlier one"));
        }
        if found.complete {
            let mut met = HashSet::new();
            let later = found.members.iter().filter(|it| !met.insert(distinct::key(&it.1)));
            judgement.unexpected = later.map(|(row, value)| Unexpected { row: *row, value: value.clone() }).collect();
        }
        judgement.counts =
            Some(Counts { elements: keys.n + keys.null, missing: Some(keys.null), unexpected: repeats as u64 });
        judgement.bound(self.bound.clone())
    }
}
