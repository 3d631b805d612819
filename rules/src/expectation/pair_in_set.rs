//! The values of two fields together are one of a set of pairs.

use std::collections::HashSet;

use super::index::{self, Index};
use super::several::{self, IGNORE_PAIR};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, RowCheck, Scope, Subject};
use crate::report::Outcome;
use crate::row::{Row, Slot};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "pair_in_set",
    gx: "expect_column_pair_values_to_be_in_set",
    in_gx: true,
    since: "0.1.0",
    summary: "the values of two fields together to be one of a set of pairs",
    subject: Subject::Pair,
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param::new("pairs", ParamType::Pairs, "The pairs that are expected, each a list `[a, b]`.")
            .gx("value_pairs_set")
            .required(),
        IGNORE_PAIR,
    ],
    main: Some("pairs"),
    page: include_str!("pair_in_set.md"),
    compile,
};

struct InSet {
    a: Slot,
    b: Slot,
    /// The values that stand anywhere in the pairs, numbered.
    values: Index,
    pairs: HashSet<(u32, u32)>,
    gx: bool,
    bound: String,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let (a, b) = several::pair(binder)?;
    let listed = args.values("pairs").unwrap_or_default();
    if listed.is_empty() && !args.is_gx() {
        return Err("`pairs` is empty, so that nothing could pass".to_owned());
    }
    let mut values = Index::default();
    let mut pairs = HashSet::new();
    for pair in listed {
        if let Value::List(pair) = pair
            && let [a, b] = pair.as_slice()
        {
            if args.is_gx() && (several::is_unhashable(a) || several::is_unhashable(b)) {
                return Err("`value_pairs_set`: the members of a pair must be neither lists nor mappings".to_owned());
            }
            pairs.insert((values.insert(a), values.insert(b)));
        }
    }
    let bound = format!("one of the pairs {}", index::list(listed));
    Ok(Check::Row(Box::new(InSet { a, b, values, pairs, gx: args.is_gx(), bound })))
}

impl RowCheck for InSet {
    fn check(&self, row: &Row) -> Outcome {
        if self.gx && (several::is_unhashable(row.at(self.a)) || several::is_unhashable(row.at(self.b))) {
            return Outcome::Mismatch;
        }
        let number = |slot| {
            let value = row.at(slot);
            self.values.find(if several::is_null(value, self.gx) { &Value::Null } else { value })
        };
        Outcome::of(match (number(self.a), number(self.b)) {
            (Some(a), Some(b)) => self.pairs.contains(&(a, b)),
            _ => false,
        })
    }

    fn bound(&self) -> String {
        self.bound.clone()
    }
}
