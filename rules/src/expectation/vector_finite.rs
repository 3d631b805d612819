//! Each component of each vector is a finite number.

use super::vector;
use crate::kind::{Args, Binder, Check, Kind, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "vector_finite",
    gx: "expect_column_vectors_to_be_finite",
    in_gx: false,
    since: "0.1.0",
    summary: "each component of each vector to be a finite number",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[],
    main: None,
    page: include_str!("vector_finite.md"),
    compile,
};

struct Finite;

fn compile(_: &Args, _: &mut Binder) -> Result<Check, String> {
    Ok(Check::Value(Box::new(Finite)))
}

impl ValueCheck for Finite {
    fn check(&self, value: &Value) -> Outcome {
        vector::fold(value, true, |finite, it| finite && it.is_finite()).map_or(Outcome::Mismatch, Outcome::of)
    }

    fn bound(&self) -> String {
        "a vector of finite numbers".to_owned()
    }

    fn why(&self, value: &Value) -> Option<String> {
        let found = vector::components(value).and_then(|mut it| it.position(|it| it.is_some_and(|it| !it.is_finite())));
        Some(match found {
            Some(at) => format!("its component {at} is not finite"),
            None => vector::why_not(value),
        })
    }
}
