//! What is kept of records so that labels can be joined to them.

use std::borrow::Cow;

use driftline_rules::path::Path;
use driftline_rules::plan::Predictions;
use driftline_rules::value::Value;

use super::app::now;
use super::version::Version;
use crate::intake::entry::PredictionNote;
use crate::output::json_value::to_line;
use crate::store::rows::{Labels, Micros, id_at};

impl Version {
    /// The log of predictions, where the suite keeps one.
    pub fn log(&self) -> Option<&Predictions> {
        self.loaded.plan.predictions.as_ref()
    }

    /// What is kept of a record that came `at` a time, from its cells as checking left them.
    pub fn prediction(&self, cells: &[Value], at: Micros, labels: &Labels) -> Option<PredictionNote> {
        let log = self.log()?;
        if !log.keeps(cells) {
            return None;
        }
        let id = self.record_id(cells)?;
        let at = if self.loaded.plan.time.is_some() { self.own_time(cells, now()).unwrap_or(at) } else { at };
        let mut record = Vec::new();
        for (name, slot) in &log.fields {
            let Some(value) = cells.get(usize::from(slot.0)).filter(|it| !matches!(it, Value::Missing)) else {
                continue;
            };
            let Some(value) = self.privacy.kept(name, value) else { continue };
            put(&mut record, Path::parse(name).unwrap_or_default().segments(), value);
        }
        let field = |role| self.loaded.plan.record.role(role);
        let prediction = log.prediction.and_then(|it| cells.get(usize::from(it.0)));
        let score = log.score.and_then(|it| cells.get(usize::from(it.0)));
        Some(PredictionNote {
            key: id_at(at),
            at,
            id,
            labels: labels.clone(),
            prediction: prediction
                .zip(field("prediction"))
                .and_then(|(it, field)| Some(to_line(&self.privacy.kept(field, it)?))),
            score: score.zip(field("score")).filter(|it| self.privacy.keeps(it.1)).and_then(|it| it.0.as_f64()),
            record: to_line(&Value::Map(record)),
        })
    }
}

/// Puts a value where its path leads.
fn put(into: &mut Vec<(Cow<'static, str>, Value<'static>)>, path: &[String], value: Value<'static>) {
    let Some((first, rest)) = path.split_first() else {
        if let Value::Map(members) = value {
            // The whole record: what is kept of single fields is in it.
            *into = members;
        }
        return;
    };
    let at = into.iter().position(|it| it.0 == *first).unwrap_or_else(|| {
        into.push((first.clone().into(), Value::Null));
        into.len() - 1
    });
    let Some((_, place)) = into.get_mut(at) else { return };
    if rest.is_empty() {
        if matches!(place, Value::Null) {
            *place = value;
        }
        return;
    }
    if !matches!(place, Value::Map(_)) {
        *place = Value::Map(Vec::new());
    }
    if let Value::Map(members) = place {
        put(members, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_kept_where_their_paths_lead() {
        let mut record = Vec::new();
        for (path, value) in [("a.b", 1), ("c", 2), ("a.d.e", 3), ("a.d", 4)] {
            put(&mut record, Path::parse(path).unwrap_or_default().segments(), Value::Int(value));
        }
        assert_eq!(to_line(&Value::Map(record)), r#"{"a":{"b":1,"d":{"e":3}},"c":2}"#);
    }
}
