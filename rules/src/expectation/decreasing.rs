//! No value is above the one before it, in the order of the records.

use super::order;
use crate::kind::{Kind, Scope, Subject};

/// The kind.
pub static KIND: Kind = Kind {
    name: "decreasing",
    gx: "expect_column_values_to_be_decreasing",
    in_gx: true,
    since: "0.1.0",
    summary: "the values to fall from record to record",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: true,
    params: &[order::STRICTLY],
    main: None,
    page: include_str!("decreasing.md"),
    compile: |args, binder| Ok(order::compile(args, binder, false)),
};
