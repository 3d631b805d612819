//! Not too many components of each vector are zero.

use super::vector;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "vector_zero_share",
    gx: "expect_column_vector_zero_shares_to_be_at_most",
    in_gx: false,
    since: "0.1.0",
    summary: "the share of zeros among the components of each vector to be bounded, and no vector to be all zeros",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[Param::new(
        "max",
        ParamType::Ratio,
        "The greatest share of zeros; a vector of nothing but zeros never passes.",
    )
    .default("1")],
    main: Some("max"),
    page: include_str!("vector_zero_share.md"),
    compile,
};

struct ZeroShare {
    max: f64,
}

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    Ok(Check::Value(Box::new(ZeroShare { max: args.number("max").unwrap_or(1.0) })))
}

/// Zero components and all components.
fn count(value: &Value) -> Option<(u64, u64)> {
    vector::fold(value, (0, 0), |(n_zeros, n), it| (n_zeros + u64::from(it == 0.0), n + 1))
}

impl ValueCheck for ZeroShare {
    fn check(&self, value: &Value) -> Outcome {
        count(value)
            .map_or(Outcome::Mismatch, |(n_zeros, n)| Outcome::of(n_zeros < n && n_zeros as f64 / n as f64 <= self.max))
    }

    fn bound(&self) -> String {
        if self.max < 1.0 {
            format!("a vector with a share of zeros of at most {}", self.max)
        } else {
            "a vector that is not all zeros".to_owned()
        }
    }

    fn why(&self, value: &Value) -> Option<String> {
        Some(match count(value) {
            Some((_, 0)) => "it has no components".to_owned(),
            Some((n_zeros, n)) => format!("{n_zeros} of its {n} components are zero"),
            None => vector::why_not(value),
        })
    }
}
