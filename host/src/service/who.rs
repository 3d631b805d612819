//! Whose a record is: its id, its trace, and by what it is counted, as far as privacy lets that be told.

use driftline_rules::value::Value;

use super::version::Version;
use crate::store::rows::Labels;

impl Version {
    /// The record's id, as far as it may be told.
    pub fn record_id(&self, cells: &[Value]) -> Option<String> {
        let plan = &self.loaded.plan;
        let field = plan.record.role("id")?;
        let value = cells.get(usize::from(plan.record_id?.0))?;
        self.privacy.text(field, value)
    }

    /// The trace that a record says it was part of: a field that is hashed or dropped says none.
    pub fn trace_id(&self, cells: &[Value]) -> Option<String> {
        let plan = &self.loaded.plan;
        let value = cells.get(usize::from(plan.trace_id?.0))?;
        let id = driftline_rules::trace::trace_id(value.as_str()?)?;
        self.privacy.keeps(plan.record.role("trace_id")?).then_some(id)
    }

    /// Model, version and segment of a record, as far as they may be told.
    pub fn labels(&self, cells: &[Value]) -> Labels {
        let plan = &self.loaded.plan;
        let text = |field: Option<&str>, slot: Option<driftline_rules::row::Slot>| {
            let value = cells.get(usize::from(slot?.0))?;
            let mut text = self.privacy.text(field?, value)?;
            // Labels are keys of sums; one that long is none.
            if let Some((at, _)) = text.char_indices().nth(100) {
                text.truncate(at);
            }
            Some(text)
        };
        let mut names = plan.record.role("segment").into_iter().chain(plan.record.segments.iter().map(String::as_str));
        let mut segment = String::new();
        for slot in &plan.label_segments {
            let value = text(names.next(), Some(*slot)).unwrap_or_else(|| "null".to_owned());
            segment = if segment.is_empty() { value } else { format!("{segment} / {value}") };
        }
        Labels {
            model: text(plan.record.role("model"), plan.model),
            version: text(plan.record.role("version"), plan.version),
            segment: (!plan.label_segments.is_empty()).then_some(segment),
        }
    }
}
