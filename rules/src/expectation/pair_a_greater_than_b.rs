//! The first field of a record is greater than the second.

use std::cmp::Ordering;

use super::several::{self, IGNORE_PAIR, is_null};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, RowCheck, Scope, Subject};
use crate::report::Outcome;
use crate::row::{Row, Slot};
use crate::time::Time;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "pair_a_greater_than_b",
    gx: "expect_column_pair_values_a_to_be_greater_than_b",
    in_gx: true,
    since: "0.1.0",
    summary: "the value of one field to be greater than that of another in each record",
    subject: Subject::Pair,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("or_equal", ParamType::Bool, "Whether equal values pass.").default("false"), IGNORE_PAIR],
    main: None,
    page: include_str!("pair_a_greater_than_b.md"),
    compile,
};

struct Greater {
    a: Slot,
    b: Slot,
    or_equal: bool,
    gx: bool,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let (a, b) = several::pair(binder)?;
    Ok(Check::Row(Box::new(Greater { a, b, or_equal: args.flag("or_equal"), gx: args.is_gx() })))
}

impl RowCheck for Greater {
    fn check(&self, row: &Row) -> Outcome {
        let (a, b) = (row.at(self.a), row.at(self.b));
        if is_null(a, self.gx) || is_null(b, self.gx) || a.is_nan() || b.is_nan() {
            return Outcome::Fail;
        }
        match compare(a, b, self.gx) {
            None => Outcome::Mismatch,
            Some(order) => Outcome::of(order == Ordering::Greater || (self.or_equal && order == Ordering::Equal)),
        }
    }

    fn bound(&self) -> String {
        if self.or_equal { "the first at least the second" } else { "the first greater than the second" }.to_owned()
    }
}

/// In the short form text that is a date meets a date.
fn compare(a: &Value, b: &Value, gx: bool) -> Option<Ordering> {
    match (a, b) {
        (Value::Str(a), Value::Time(b)) if !gx => Time::parse(a)?.compare(b),
        (Value::Time(a), Value::Str(b)) if !gx => a.compare(&Time::parse(b)?),
        _ => a.compare(b),
    }
}
