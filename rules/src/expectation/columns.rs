//! What the kinds share that are about the names of columns.

use super::aggregate::Aggregate;
use crate::args::Form;
use crate::kind::View;
use crate::value::Value;

/// How many columns there are; nothing when there is no record to tell.
pub fn count(view: &View) -> Aggregate {
    if are_unknown(view) {
        return Aggregate::exact(None);
    }
    Aggregate::count(view.window.columns.names().len() as u64)
}

/// Whether no record and no header says what the columns are; GX always has a table.
pub fn are_unknown(view: &View) -> bool {
    let window = view.window;
    view.form == Form::Short && window.rows == window.unreadable && window.columns.names().len() == 0
}

/// Names as a list.
pub fn names<'n>(names: impl Iterator<Item = &'n str>) -> Value<'static> {
    Value::List(names.map(|it| Value::Str(it.to_owned().into())).collect())
}

/// The columns in words, the first few.
pub fn list(view: &View) -> String {
    let names = view.window.columns.names();
    let more = names.len().saturating_sub(10);
    let shown: Vec<_> = names.take(10).map(|it| format!("`{it}`")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if shown.is_empty() { "none".to_owned() } else { format!("{}{more}", shown.join(", ")) }
}
