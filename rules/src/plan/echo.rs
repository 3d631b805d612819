//! An entry in GX's words, for reports of that form.

use std::borrow::Cow;

use crate::args::{Args, Form};
use crate::kind::{Kind, Subject};
use crate::suite::Entry;
use crate::value::Value;

/// GX's `kwargs`: as written, or what the short form means in GX's words.
pub(super) fn kwargs(entry: &Entry, kind: &Kind, fields: &[String], args: &Args, mostly: f64) -> Value<'static> {
    let text = |it: &str| Value::Str(Cow::Owned(it.to_owned()));
    let mut kwargs: Vec<(Cow<'static, str>, Value<'static>)> = Vec::new();
    match (kind.subject, fields) {
        (Subject::Field, [field]) => kwargs.push(("column".into(), text(field))),
        (Subject::Pair, [a, b]) => {
            kwargs.push(("column_A".into(), text(a)));
            kwargs.push(("column_B".into(), text(b)));
        }
        (Subject::Fields(_), fields) => {
            kwargs.push(("column_list".into(), Value::List(fields.iter().map(|it| text(it)).collect())));
        }
        _ => {}
    }
    if entry.form == Form::Gx {
        kwargs.extend(entry.params.iter().filter_map(|it| {
            let known = ["column", "column_A", "column_B", "column_list"];
            let as_field = !fields.is_empty() && known.contains(&it.name.as_str());
            (!as_field).then(|| (Cow::Owned(it.name.clone()), it.value.to_value()))
        }));
    } else {
        kwargs.extend(kind.params.iter().filter_map(|it| Some((Cow::Borrowed(it.gx), args.get(it.name)?.clone()))));
    }
    if let Some(when) = &entry.when {
        kwargs.push(("row_condition".into(), when.to_value()));
        if let Some(parser) = &entry.condition_parser {
            kwargs.push(("condition_parser".into(), text(parser)));
        }
    }
    if mostly != 1.0 || entry.mostly.is_some() {
        kwargs.push(("mostly".into(), Value::Num(mostly)));
    }
    Value::Map(kwargs)
}

/// What GX carries through.
pub(super) fn carried(entry: &Entry) -> Vec<(&'static str, Value<'static>)> {
    let id = entry.id.clone().map(|it| Value::Str(it.into()));
    let carried = [("id", id), ("notes", entry.notes.clone()), ("description", entry.description.clone())];
    let carried = carried.into_iter().chain([("meta", entry.meta.clone())]);
    carried.filter_map(|(name, value)| value.map(|it| (name, it))).collect()
}
