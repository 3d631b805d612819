//! No value occurs twice.

use super::records::{self, Found};
use crate::kind::{Args, Binder, Check, Kind, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::Judgement;
use crate::sketch::{Duplicates, Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "unique",
    gx: "expect_column_values_to_be_unique",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to occur only once",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: true,
    params: &[],
    main: None,
    page: include_str!("unique.md"),
    compile,
};

struct Unique {
    id: SketchId,
}

fn compile(_: &Args, binder: &mut Binder) -> Result<Check, String> {
    let budget = binder.budget;
    Ok(Check::Window(Box::new(Unique { id: binder.sketch(Spec::Keys { budget }) })))
}

impl WindowCheck for Unique {
    fn judge(&self, view: &View) -> Judgement {
        let Sketch::Keys(keys) = view.sketch(self.id) else { return Judgement::error("no summary was kept") };
        records::judge(view, "unique".to_owned(), found(keys.n, keys.duplicates(), |it| it))
    }
}

/// Rows that share their key with another row, of `n` rows; `shown` turns a key into what a report shows.
pub fn found(n: u64, it: &Duplicates, shown: impl Fn(Value<'static>) -> Value<'static>) -> Found {
    let unexpected = it.rows_in_groups.round().min(n as f64);
    // Three standard errors: an estimate alone never fails the rule.
    let surely = it.at_least.max(it.rows_in_groups - 3.0 * it.error).min(n as f64);
    let groups = it.groups.round().min(unexpected);
    Found {
        judged: n,
        unexpected: unexpected as u64,
        surely: surely as u64,
        why: Some(format!("{unexpected} records share {groups} values")),
        members: if it.complete {
            it.members.iter().map(|(row, it)| (*row, shown(it.clone()))).collect()
        } else {
            vec![]
        },
        error: (!it.exact).then(|| it.error / n.max(1) as f64),
    }
}
