//! No value is null.

use crate::kind::{Args, Binder, Check, Kind, RowCheck, Scope, Subject};
use crate::report::Outcome;
use crate::row::{Row, Slot};

/// The kind.
pub static KIND: Kind = Kind {
    name: "not_null",
    gx: "expect_column_values_to_not_be_null",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to be there",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[],
    main: None,
    page: include_str!("not_null.md"),
    compile,
};

struct NotNull {
    slot: Slot,
    gx: bool,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    Ok(Check::Row(Box::new(NotNull { slot: binder.slot(), gx: args.is_gx() })))
}

impl RowCheck for NotNull {
    fn check(&self, row: &Row) -> Outcome {
        let value = row.at(self.slot);
        let absent = value.is_null() || (self.gx && value.is_nan());
        Outcome::of(!absent)
    }

    fn bound(&self) -> String {
        "not null".to_owned()
    }

    fn counts_missing(&self) -> bool {
        false
    }
}
