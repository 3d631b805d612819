//! What a language model writes, checked answer by answer. See `page.md`.

mod json;
mod length;
mod refusal;
mod repetition;

pub use json::ValidJson;
pub use length::Length;
pub use refusal::NoRefusal;
pub use repetition::NoRepetition;

use driftline_plugin::{ColumnType, Input};

/// The input that all have.
const TEXT: Input = Input::required("text", &[ColumnType::Text, ColumnType::Category], "what the model wrote");

driftline_plugin::export! {
    page: include_str!("../page.md"),
    record_checks: [Length, NoRefusal, ValidJson, NoRepetition],
}
