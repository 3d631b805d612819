//! No combination of values occurs twice.

use super::records;
use super::unique;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::Judgement;
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "compound_unique",
    gx: "expect_compound_columns_to_be_unique",
    in_gx: true,
    since: "0.1.0",
    summary: "each combination of the fields' values to occur only once",
    subject: Subject::Fields(2),
    scope: Scope::Window,
    mostly: true,
    params: &[Param::new(
        "ignore_row_if",
        ParamType::Choice(&["all_values_are_missing", "any_value_is_missing", "never"]),
        "Which records are left out for their nulls.",
    )
    .default("`all_values_are_missing`")],
    main: None,
    page: include_str!("compound_unique.md"),
    compile,
};

struct CompoundUnique {
    id: SketchId,
    names: Vec<String>,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let (ignore, budget) = (binder.ignore, binder.budget);
    let id = binder.sketch_without(ignore, args.is_gx(), Spec::Keys { budget });
    Ok(Check::Window(Box::new(CompoundUnique { id, names: binder.names.clone() })))
}

impl WindowCheck for CompoundUnique {
    fn judge(&self, view: &View) -> Judgement {
        let Sketch::Keys(keys) = view.sketch(self.id) else { return Judgement::error("no summary was kept") };
        let found = unique::found(keys.n, keys.duplicates(), |it| self.by_name(it));
        records::judge(view, format!("unique in {}", self.names.join(", ")), found)
    }
}

impl CompoundUnique {
    fn by_name(&self, key: Value<'static>) -> Value<'static> {
        let Value::List(cells) = key else { return key };
        let shown = |it: Value<'static>| if it.is_null() || it.is_nan() { Value::Null } else { it };
        let members = self.names.iter().zip(cells);
        Value::Map(members.map(|(name, it)| (name.clone().into(), shown(it))).collect())
    }
}
