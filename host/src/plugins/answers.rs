//! What a plugin answered is looked at before anybody believes it.

use driftline_rules::plugin::{Batch, Capability, Comparison, Measurement, Verdicts};

use super::limits::{Limits, cut, megabytes};

/// Verdicts on a batch: bitmaps that reach its last row; findings of rows that failed, in order, of columns that
/// exist. Long texts are cut. The error follows the plugin's name.
pub(super) fn verdicts(
    mut it: Verdicts,
    batch: &Batch,
    max_findings: u32,
    limits: &Limits,
) -> Result<Verdicts, String> {
    let bytes = batch.rows.div_ceil(8) as usize;
    for (name, bitmap) in [("passed", Some(&it.passed)), ("skipped", it.skipped.as_ref())] {
        if let Some(bitmap) = bitmap.filter(|it| it.len() != bytes) {
            return Err(format!(
                "answered `{name}` with {} bytes for {} rows; {bytes} are due",
                bitmap.len(),
                batch.rows
            ));
        }
    }
    if it.notes.len() > max_findings as usize {
        return Err(format!("answered {} findings; {max_findings} were asked for", it.notes.len()));
    }
    let mut last = 0;
    for note in &mut it.notes {
        let row = note.row;
        if row >= batch.rows {
            return Err(format!("answered a finding for row {row} of a batch of {} rows", batch.rows));
        }
        if row < last {
            return Err(format!("answered findings out of order: row {row} after row {last}"));
        }
        last = row;
        let is_set = |bitmap: &[u8]| bitmap[row as usize / 8] & (1 << (row % 8)) != 0;
        if is_set(&it.passed) || it.skipped.as_deref().is_some_and(is_set) {
            return Err(format!("answered a finding for row {row}, which it says has not failed"));
        }
        if let Some(column) = note.column.filter(|it| *it as usize >= batch.columns.len()) {
            return Err(format!("answered a finding for column {column}; there are {}", batch.columns.len()));
        }
        note.code = cut(std::mem::take(&mut note.code), limits.message);
        note.message = cut(std::mem::take(&mut note.message), limits.message);
    }
    Ok(it)
}

/// Measurements: declared, numbers, not too many.
pub(super) fn measurements(
    mut them: Vec<Measurement>,
    capability: &Capability,
    limits: &Limits,
) -> Result<Vec<Measurement>, String> {
    if them.len() > limits.measurements {
        return Err(format!("answered {} measurements; at most {} may be", them.len(), limits.measurements));
    }
    for it in &mut them {
        let name = &it.name;
        if !capability.outputs.iter().any(|output| output.name == *name) {
            let name = cut(name.clone(), limits.message);
            return Err(format!("answered `{name}`, which is none of the outputs it declares"));
        }
        if it.value.is_nan() {
            return Err(format!("answered `{name}` as NaN"));
        }
        if it.labels.len() > limits.labels {
            return Err(format!("answered `{name}` with {} labels; at most {} may be", it.labels.len(), limits.labels));
        }
        for (label, value) in &mut it.labels {
            *label = cut(std::mem::take(label), limits.message);
            *value = cut(std::mem::take(value), limits.message);
        }
    }
    Ok(them)
}

/// A comparison: a statistic that is a number, a p-value that is a probability.
pub(super) fn comparison(it: Comparison, capability: &Capability, limits: &Limits) -> Result<Comparison, String> {
    if it.statistic.is_nan() {
        return Err("answered NaN as the statistic".to_owned());
    }
    if let Some(p) = it.p_value.filter(|it| !(0.0..=1.0).contains(it)) {
        return Err(format!("answered {p} as the p-value, which is no probability"));
    }
    let details = measurements(it.details, capability, limits)?;
    Ok(Comparison { details, explanation: it.explanation.map(|it| cut(it, limits.message)), ..it })
}

/// A state that is not too large.
pub(super) fn state(it: Vec<u8>, limits: &Limits) -> Result<Vec<u8>, String> {
    if it.len() > limits.state {
        let (is, limit) = (megabytes(it.len() as u64), megabytes(limits.state as u64));
        return Err(format!("saved a state of {is}; the limit is {limit}"));
    }
    Ok(it)
}
