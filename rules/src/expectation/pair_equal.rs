//! Two fields of a record are equal.

use super::several::{self, IGNORE_PAIR};
use crate::kind::{Args, Binder, Check, Kind, RowCheck, Scope, Subject};
use crate::report::Outcome;
use crate::row::{Row, Slot};

/// The kind.
pub static KIND: Kind = Kind {
    name: "pair_equal",
    gx: "expect_column_pair_values_to_be_equal",
    in_gx: true,
    since: "0.1.0",
    summary: "the values of two fields to be equal in each record",
    subject: Subject::Pair,
    scope: Scope::Record,
    mostly: true,
    params: &[IGNORE_PAIR],
    main: None,
    page: include_str!("pair_equal.md"),
    compile,
};

struct Equal {
    a: Slot,
    b: Slot,
}

fn compile(_: &Args, binder: &mut Binder) -> Result<Check, String> {
    let (a, b) = several::pair(binder)?;
    Ok(Check::Row(Box::new(Equal { a, b })))
}

impl RowCheck for Equal {
    fn check(&self, row: &Row) -> Outcome {
        let (a, b) = (row.at(self.a), row.at(self.b));
        // As in SQL, null equals nothing.
        Outcome::of(!a.is_null() && a.same(b))
    }

    fn bound(&self) -> String {
        "equal".to_owned()
    }
}
