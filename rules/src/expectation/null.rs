//! Every value is null.

use crate::kind::{Args, Binder, Check, Kind, RowCheck, Scope, Subject};
use crate::report::Outcome;
use crate::row::{Row, Slot};

/// The kind.
pub static KIND: Kind = Kind {
    name: "null",
    gx: "expect_column_values_to_be_null",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to be null",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[],
    main: None,
    page: include_str!("null.md"),
    compile,
};

struct Null {
    slot: Slot,
    gx: bool,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    Ok(Check::Row(Box::new(Null { slot: binder.slot(), gx: args.is_gx() })))
}

impl RowCheck for Null {
    fn check(&self, row: &Row) -> Outcome {
        let value = row.at(self.slot);
        Outcome::of(value.is_null() || (self.gx && value.is_nan()))
    }

    fn bound(&self) -> String {
        "null".to_owned()
    }

    fn counts_missing(&self) -> bool {
        false
    }
}
