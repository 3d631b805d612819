//! No value of several fields repeats within a record.

use super::several::{IGNORE_SEVERAL, is_null, is_unhashable};
use crate::kind::{Args, Binder, Check, Kind, RowCheck, Scope, Subject};
use crate::python;
use crate::report::Outcome;
use crate::row::{Row, Slot};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "unique_within_record",
    gx: "expect_select_column_values_to_be_unique_within_record",
    in_gx: true,
    since: "0.1.0",
    summary: "the values of several fields to differ from each other in each record",
    subject: Subject::Fields(2),
    scope: Scope::Record,
    mostly: true,
    params: &[IGNORE_SEVERAL],
    main: None,
    page: include_str!("unique_within_record.md"),
    compile,
};

struct Unique {
    slots: Vec<Slot>,
    gx: bool,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    Ok(Check::Row(Box::new(Unique { slots: binder.slots.clone(), gx: args.is_gx() })))
}

impl Unique {
    /// The first value that repeats. There are few fields, so all are compared with all.
    fn repeated<'v>(&self, row: &Row<'v, 'v>) -> Option<&'v Value<'v>> {
        self.slots.iter().enumerate().find_map(|(i, slot)| {
            let value = row.at(*slot);
            let repeats = self.slots.iter().skip(i + 1).map(|it| row.at(*it));
            // Two nulls are a repetition.
            let mut repeats = repeats.filter(|it| value.same(it) || (is_null(value, self.gx) && is_null(it, self.gx)));
            repeats.next().map(|_| value)
        })
    }
}

impl RowCheck for Unique {
    fn check(&self, row: &Row) -> Outcome {
        if self.gx && self.slots.iter().any(|it| is_unhashable(row.at(*it))) {
            return Outcome::Mismatch;
        }
        Outcome::of(self.repeated(row).is_none())
    }

    fn bound(&self) -> String {
        "all different".to_owned()
    }

    fn why(&self, row: &Row) -> Option<String> {
        Some(match self.repeated(row)? {
            it if is_null(it, self.gx) => "null repeats".to_owned(),
            it => format!("{} repeats", python::text(it)),
        })
    }
}
