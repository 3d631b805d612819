//! Each value is text with something in it.

use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "non_empty_text",
    gx: "expect_column_values_to_be_non_empty_text",
    in_gx: false,
    since: "0.1.0",
    summary: "each value to be text that is not empty",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new("trim", ParamType::Bool, "Whether white space alone counts as empty.").default("true")],
    main: None,
    page: include_str!("non_empty_text.md"),
    compile,
};

struct NonEmpty {
    trim: bool,
}

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    Ok(Check::Value(Box::new(NonEmpty { trim: args.get("trim").is_none() || args.flag("trim") })))
}

impl ValueCheck for NonEmpty {
    fn check(&self, value: &Value) -> Outcome {
        let Some(text) = value.as_str() else { return Outcome::Mismatch };
        Outcome::of(if self.trim { text.chars().any(|it| !it.is_whitespace()) } else { !text.is_empty() })
    }

    fn bound(&self) -> String {
        if self.trim { "text that is not blank" } else { "text that is not empty" }.to_owned()
    }
}
