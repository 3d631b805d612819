//! Records on their way out, by the format of their file.

use std::ops::Range;

use driftline_rules::record;
use driftline_rules::types::Type;
use driftline_rules::value::Value;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Done, Fate, Job};
use crate::files::csv::{CsvPlan, Kind, Trouble};
use crate::files::parquet::ParquetPlan;
use crate::files::{Body, Chunk, Fault, Format};
use crate::output::json_value::Json;
use crate::records::wanted;

/// A line of the bad rows.
#[derive(Serialize)]
struct BadRow<'l> {
    file: &'l str,
    line: u64,
    row: u64,
    failed: &'l RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Shown<'l>>,
    /// The text of what could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'l str>,
}

/// A record as JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'l> {
    /// As it stood in the file.
    Text(&'l RawValue),
    /// From its columns.
    Value(Json<'l, 'l>),
}

/// The lines and rows that the records of a chunk become.
pub fn write(job: &Job, chunk: &Chunk, fates: &[Fate]) -> Result<Done, Fault> {
    let mut out = Out { job, chunk, fates, done: Done::default() };
    match (&chunk.body, chunk.file.format()) {
        (Body::Broken(it), _) => out.bad(it.row, it.line, None, &it.excerpt),
        (_, Format::Ndjson | Format::Json) => out.texts(),
        (_, Format::Csv) => out.csv()?,
        (_, Format::Parquet | Format::Arrow) => out.parquet(),
    }
    Ok(out.done)
}

struct Out<'o> {
    job: &'o Job<'o>,
    chunk: &'o Chunk,
    fates: &'o [Fate],
    done: Done,
}

impl Out<'_> {
    fn fate(&self, row: u64) -> &Fate {
        let at = row.checked_sub(self.chunk.first_row).and_then(|it| usize::try_from(it).ok());
        at.and_then(|it| self.fates.get(it)).unwrap_or(&Fate::Left)
    }

    fn is_good(&self, row: u64) -> bool {
        self.job.paths.good.is_some() && matches!(self.fate(row), Fate::Good)
    }

    /// Adds a line to the bad rows, if the record is one.
    fn bad(&mut self, row: u64, line: u64, record: Option<Shown>, raw: &str) {
        let Fate::Bad(failed) = self.fate(row) else { return };
        let Ok(failed) = serde_json::from_str::<&RawValue>(failed) else { return };
        let raw = record.is_none().then_some(raw);
        let it = BadRow { file: &self.chunk.file.name, line, row, failed, record, raw };
        let text = serde_json::to_vec(&it).unwrap_or_default();
        self.done.bad.push(text);
    }

    fn texts(&mut self) {
        for it in self.chunk.texts() {
            if self.is_good(it.row) {
                self.done.good.push(on_one_line(it.bytes));
            } else if self.job.paths.bad.is_some() && matches!(self.fate(it.row), Fate::Bad(_)) {
                let text = String::from_utf8_lossy(&on_one_line(it.bytes)).into_owned();
                let strict = serde_json::from_str::<&RawValue>(&text).ok();
                // NaN, which the reader knows and JSON does not, becomes null.
                let parsed = if strict.is_none() { record::parse(&text).ok() } else { None };
                let shown = strict.map(Shown::Text).or(parsed.as_ref().map(|it| Shown::Value(Json(it))));
                self.bad(it.row, it.line, shown, &String::from_utf8_lossy(it.bytes));
            }
        }
    }

    fn csv(&mut self) -> Result<(), Fault> {
        let names = self.chunk.file.columns().unwrap_or_default();
        let declared = wanted(self.job.plan);
        let column = |name: &String| {
            let found = declared.iter().find(|(it, _)| it == name || it.strip_prefix("$.") == Some(name));
            let known = self.job.options.kinds.of(name) != Kind::Empty;
            // A column that the suite does not read is text.
            let ty = found.and_then(|(_, ty)| *ty).or((!known).then_some(Type::String));
            (name.clone(), ty)
        };
        let columns: Vec<_> = names.iter().map(column).collect();
        let plan = CsvPlan::new(&self.chunk.file, &columns, &self.job.options.kinds, &self.job.options.nulls);
        let (mut rows, mut cells) = (plan.rows(self.chunk), Vec::new());
        // The text of a record that is broken reaches to the next one.
        let mut broken: Option<(u64, u64, u64)> = None;
        let bytes: &[u8] = if let Body::Csv(bytes) = &self.chunk.body { bytes } else { &[] };
        while let Some(it) = rows.next_into(&mut cells) {
            let offset = match &it {
                Ok(it) => it.offset,
                Err(Trouble::Broken(it)) => it.offset,
                Err(Trouble::Widen(_)) => {
                    return Err(Fault::new(&self.chunk.file.name, "changed while it was read"));
                }
            };
            self.broken_until(broken.take(), offset, bytes);
            match it {
                Ok(at) if self.is_good(at.row) => self.done.good.push(at.text.as_bytes().to_vec()),
                Ok(at) if self.job.paths.bad.is_some() && matches!(self.fate(at.row), Fate::Bad(_)) => {
                    let record = named(&names, std::mem::take(&mut cells));
                    self.bad(at.row, at.line, Some(Shown::Value(Json(&record))), "");
                }
                Err(Trouble::Broken(it)) => broken = Some((it.row, it.line, it.offset)),
                _ => {}
            }
        }
        self.broken_until(broken, u64::MAX, bytes);
        Ok(())
    }

    fn broken_until(&mut self, broken: Option<(u64, u64, u64)>, end: u64, bytes: &[u8]) {
        let Some((row, line, start)) = broken else { return };
        if self.job.paths.bad.is_none() {
            return;
        }
        let within = |it: u64| usize::try_from(it.saturating_sub(self.chunk.offset)).unwrap_or(usize::MAX);
        let Range { start, end } = within(start)..within(end).min(bytes.len());
        let text = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default());
        self.bad(row, line, None, text.trim_end_matches(['\r', '\n']));
    }

    fn parquet(&mut self) {
        let names = self.chunk.file.columns().unwrap_or_default();
        let declared = wanted(self.job.plan);
        let ty = |name: &String| declared.iter().find(|(it, _)| it == name).and_then(|(_, ty)| *ty);
        let columns: Vec<_> = names.iter().map(|it| (it.clone(), ty(it))).collect();
        let plan = ParquetPlan::new(&self.chunk.file, &columns).keep_all();
        let whole_rows = self.job.paths.good.is_some_and(super::good::is_parquet);
        // Where the file cannot be read on, the first pass said so.
        let Ok(batches) = plan.batches(self.chunk) else { return };
        for batch in batches.map_while(Result::ok) {
            let mut values = plan.columns(&batch);
            let mut keep = Vec::with_capacity(batch.n_rows());
            for i in 0..batch.n_rows() {
                let (row, line) = (batch.first_row + i as u64, batch.first_line + i as u64);
                let good = self.is_good(row);
                keep.push(good);
                let is_bad = self.job.paths.bad.is_some() && matches!(self.fate(row), Fate::Bad(_));
                if !is_bad && (!good || whole_rows) {
                    continue;
                }
                let mut cells = Vec::new();
                values.fill_row(i, &mut cells);
                let record = named(&names, cells);
                if good {
                    self.done.good.push(serde_json::to_vec(&Json(&record)).unwrap_or_default());
                } else {
                    self.bad(row, line, Some(Shown::Value(Json(&record))), "");
                }
            }
            if whole_rows {
                self.done.rows.push((batch.clone(), keep));
            }
        }
    }
}

fn named<'r>(names: &'r [String], cells: Vec<Value<'r>>) -> Value<'r> {
    Value::Map(names.iter().zip(cells).map(|(name, it)| (name.as_str().into(), it)).collect())
}

/// Between the tokens of JSON a newline is a blank, and within strings there is none.
fn on_one_line(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|it| if matches!(it, b'\n' | b'\r') { b' ' } else { *it }).collect()
}
