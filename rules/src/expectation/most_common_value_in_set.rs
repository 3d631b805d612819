//! The most common value is one of a set.

use std::collections::HashSet;

use super::distinct;
use crate::kind::{Args, Binder, Check, Form, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "most_common_value_in_set",
    gx: "expect_column_most_common_value_to_be_in_set",
    in_gx: true,
    since: "0.1.0",
    summary: "the most common value to be one of a set",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("values", ParamType::Values, "The set.").gx("value_set").required(),
        Param::new(
            "ties_okay",
            ParamType::Bool,
            "Whether it is enough that one of several equally common values is in the set.",
        )
        .default("false"),
    ],
    main: Some("values"),
    page: include_str!("most_common_value_in_set.md"),
    compile,
};

struct MostCommon {
    id: SketchId,
    values: Vec<Value<'static>>,
    ties_okay: bool,
    budget: usize,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    let id = binder.sketch(Spec::Counts { budget });
    let values = args.values("values").unwrap_or_default().to_vec();
    Ok(Check::Window(Box::new(MostCommon { id, values, ties_okay: args.flag("ties_okay"), budget })))
}

impl WindowCheck for MostCommon {
    fn judge(&self, view: &View) -> Judgement {
        let bound = format!("one of {}", distinct::list(&self.values));
        let gx = view.form == Form::Gx;
        let Sketch::Counts(counts) = view.sketch(self.id) else { return Judgement::skip("there is no value to judge") };
        if let (true, Some(it)) = (gx, counts.unhashable()) {
            return Judgement::error(format!("values of type {} cannot be counted", it.name())).bound(bound);
        }
        let Some(mut modes) = counts.modes() else {
            let why = format!("the most common of more than {} distinct values is not known", self.budget);
            return Judgement::error(why).bound(bound);
        };
        let most = modes.first().map_or(0, |it| it.1);
        if !gx && counts.nan > 0 && counts.nan >= most {
            modes.retain(|it| it.1 == counts.nan);
            modes.push((Value::Num(f64::NAN), counts.nan));
        }
        if !gx && modes.is_empty() {
            return Judgement::skip("there is no value to judge").bound(bound);
        }
        // GX compares text with dates in `not_in_set` and the distinct values only.
        let set =
            if gx { self.values.clone() } else { distinct::as_types_of(modes.iter().map(|it| &it.0), &self.values) };
        let set: HashSet<_> = set.iter().map(distinct::key).collect();
        let n_within = modes.iter().filter(|it| !it.0.is_nan() && set.contains(&distinct::key(&it.0))).count();
        let holds = if self.ties_okay { n_within > 0 } else { modes.len() == 1 && n_within == 1 };
        let modes: Vec<_> = modes.into_iter().map(|it| it.0).collect();
        let mut judgement = Judgement::new(Status::of(holds)).bound(bound);
        if !holds {
            judgement = judgement.why(match modes.len() {
                0 => "there is no value to judge".to_owned(),
                1 => format!("the most common value is {}", distinct::list(&modes)),
                n => format!("{n} values are equally common: {}", distinct::list(&modes)),
            });
        }
        // GX lists them all.
        judgement.observed(Value::List(if gx { modes } else { distinct::first(modes.iter().collect()) }))
    }
}
