//! Each value is one of a set.

use super::index::Set;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "in_set",
    gx: "expect_column_values_to_be_in_set",
    in_gx: true,
    since: "0.1.0",
    summary: "each value to be one of a set",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("values", ParamType::Values, "The values that are expected.").gx("value_set").required()],
    main: Some("values"),
    page: include_str!("in_set.md"),
    compile,
};

struct InSet(Set);

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let values = args.values("values").unwrap_or_default();
    if values.is_empty() && !args.is_gx() {
        return Err("`values` is empty, so that nothing could pass".to_owned());
    }
    // GX compares text with dates in `not_in_set` only.
    Ok(Check::Value(Box::new(InSet(Set::new(values, !args.is_gx())))))
}

impl ValueCheck for InSet {
    fn check(&self, value: &Value) -> Outcome {
        Outcome::of(self.0.contains(value))
    }

    fn bound(&self) -> String {
        format!("one of {}", self.0.words)
    }
}
