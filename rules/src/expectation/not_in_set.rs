//! No value is one of a set.

use super::index::Set;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::time::{Time, Zone};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "not_in_set",
    gx: "expect_column_values_to_not_be_in_set",
    in_gx: true,
    since: "0.1.0",
    summary: "no value to be one of a set",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("values", ParamType::Values, "The values that are refused.").gx("value_set").required()],
    main: Some("values"),
    page: include_str!("not_in_set.md"),
    compile,
};

struct NotInSet {
    set: Set,
    gx: bool,
}

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let values = args.values("values").unwrap_or_default();
    if values.is_empty() && !args.is_gx() {
        return Err("`values` is empty, so that everything would pass".to_owned());
    }
    Ok(Check::Value(Box::new(NotInSet { set: Set::new(values, true), gx: args.is_gx() })))
}

impl ValueCheck for NotInSet {
    fn check(&self, value: &Value) -> Outcome {
        // GX reads the set's text as dates for a column of datetimes, not for one of dates.
        if self.gx && matches!(value, Value::Time(Time { zone: Zone::Date, .. })) {
            return Outcome::Pass;
        }
        Outcome::of(!self.set.contains(value))
    }

    fn bound(&self) -> String {
        format!("none of {}", self.set.words)
    }
}
