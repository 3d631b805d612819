//! Several fields of a record are equal.

use super::several::{IGNORE_SEVERAL, is_null};
use crate::kind::{Args, Binder, Check, Kind, RowCheck, Scope, Subject};
use crate::report::Outcome;
use crate::row::{Row, Slot};

/// The kind.
pub static KIND: Kind = Kind {
    name: "multicolumn_equal",
    gx: "expect_multicolumn_values_to_be_equal",
    in_gx: true,
    since: "0.1.0",
    summary: "the values of several fields to be equal in each record",
    subject: Subject::Fields(2),
    scope: Scope::Record,
    mostly: true,
    params: &[IGNORE_SEVERAL],
    main: None,
    page: include_str!("multicolumn_equal.md"),
    compile,
};

struct Equal {
    slots: Vec<Slot>,
    gx: bool,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    Ok(Check::Row(Box::new(Equal { slots: binder.slots.clone(), gx: args.is_gx() })))
}

impl RowCheck for Equal {
    fn check(&self, row: &Row) -> Outcome {
        let Some((first, others)) = self.slots.split_first() else { return Outcome::Skip };
        let first = row.at(*first);
        Outcome::of(others.iter().all(|it| {
            let other = row.at(*it);
            // Unlike in a pair, null equals null.
            first.same(other) || (is_null(first, self.gx) && is_null(other, self.gx))
        }))
    }

    fn bound(&self) -> String {
        "all equal".to_owned()
    }
}
