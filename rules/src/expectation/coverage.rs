//! The listed fields are filled, or the listed keys occur.

use std::collections::HashSet;

use super::{aggregate, distinct};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "coverage",
    gx: "expect_table_coverage_to_be_at_least",
    in_gx: false,
    since: "0.1.0",
    summary: "the listed fields to be filled, or the listed keys to occur",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("fields", ParamType::SomeTexts, "The fields that records are expected to fill."),
        Param::new("field", ParamType::Field, "The field in which the keys are looked for."),
        Param::new("keys", ParamType::SomeValues, "The values that are expected to occur in `field`."),
        Param::new("min", ParamType::Ratio, "The smallest share.").gx("min_share").default("1"),
    ],
    main: None,
    page: include_str!("coverage.md"),
    compile,
};

struct Covers {
    what: Coverage,
    min: f64,
}

enum Coverage {
    Fields(Vec<(String, SketchId)>),
    Keys(SketchId, Vec<Value<'static>>),
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let min = args.number("min").unwrap_or(1.0);
    let what = match (args.texts("fields"), args.text("field"), args.values("keys")) {
        (Some(fields), None, None) => {
            let mut asked = Vec::new();
            for name in fields {
                let slot = binder.field(name)?;
                asked.push((name.to_owned(), binder.sketch_of(vec![slot], Spec::Presence)));
            }
            Coverage::Fields(asked)
        }
        (None, Some(field), Some(keys)) => {
            let slot = binder.field(field)?;
            let budget = binder.budget;
            let mut met = HashSet::new();
            let keys: Vec<_> = keys.iter().filter(|it| met.insert(distinct::key(it))).cloned().collect();
            Coverage::Keys(binder.sketch_of(vec![slot], Spec::Counts { budget }), keys)
        }
        _ => return Err("either `fields` is needed, or `field` and `keys`".to_owned()),
    };
    Ok(Check::Window(Box::new(Covers { what, min })))
}

impl WindowCheck for Covers {
    fn judge(&self, view: &View) -> Judgement {
        let bound = format!("at least {}", self.min);
        if view.tally.seen == 0 {
            return Judgement::skip("there is no record").bound(bound);
        }
        let (share, error, lacking) = match &self.what {
            Coverage::Fields(fields) => filled(fields, view),
            Coverage::Keys(id, keys) => met(*id, keys, view),
        };
        let holds = share + error.unwrap_or(0.0) >= self.min;
        let judgement = Judgement::new(Status::of(holds)).bound(bound).observed(Value::Num(share)).within(error);
        if holds { judgement } else { judgement.why(lacking) }
    }
}

/// The mean share of records that fill a field, and the fields that are filled least.
fn filled(fields: &[(String, SketchId)], view: &View) -> (f64, Option<f64>, String) {
    let share = |id: SketchId| match view.sketch(id) {
        Sketch::Presence(it) if it.rows > 0 => aggregate::there(it, view) as f64 / it.rows as f64,
        _ => 0.0,
    };
    let mut shares: Vec<(f64, &str)> = fields.iter().map(|(name, id)| (share(*id), name.as_str())).collect();
    let mean = shares.iter().map(|it| it.0).sum::<f64>() / shares.len().max(1) as f64;
    shares.sort_by(|a, b| a.0.total_cmp(&b.0));
    let least = shares.iter().take(5).filter(|it| it.0 < 1.0).map(|(it, name)| format!("{name} {it:.3}"));
    (mean, None, format!("the least filled: {}", least.collect::<Vec<_>>().join(", ")))
}

/// The share of keys that occur, and those that do not.
fn met(id: SketchId, keys: &[Value<'static>], view: &View) -> (f64, Option<f64>, String) {
    let Sketch::Counts(counts) = view.sketch(id) else { return (0.0, None, String::new()) };
    let kept = counts.sorted();
    let keys = distinct::as_types_of(kept.iter().map(|it| &it.value), keys);
    let n = keys.len().max(1) as f64;
    let unknown = keys.iter().filter(|it| counts.get(it).is_none()).count();
    let lacking: Vec<_> = keys.into_iter().filter(|it| counts.get(it) == Some(0)).collect();
    let why = format!("{} keys do not occur: {}", lacking.len(), distinct::list(&lacking));
    // Beyond the budget only a sample of the values is known, and so only some of the keys.
    let share = (n - lacking.len() as f64 - unknown as f64) / n;
    (share, (unknown > 0).then_some(unknown as f64 / n), why)
}
