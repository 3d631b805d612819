//! Records out of chunks: whatever the format, a row of cells for a plan.

use std::collections::HashMap;
use std::sync::Arc;

use driftline_rules::path::Path;
use driftline_rules::plan::Plan;
use driftline_rules::record::{Limits, Reader};
use driftline_rules::types::Type;
use driftline_rules::value::Value;

use crate::files::csv::{CsvPlan, Kinds, Nulls, Trouble, Widen};
use crate::files::parquet::ParquetPlan;
use crate::files::{Broken, Chunk, Fault, Format};

/// One worker's reader of records: it keeps what it learns about each file and about the order of members.
pub struct Records<'p> {
    plan: &'p Plan,
    kinds: Arc<Kinds>,
    nulls: Nulls,
    json: Reader,
    /// How many records the JSON reader has met, and at which of them rows stop being consecutive:
    /// the reader counts for itself, and this says which row each count is.
    n_met: u64,
    met: Vec<(u64, u64)>,
    columns: Columns,
    csv: HashMap<usize, CsvPlan>,
    parquet: HashMap<usize, ParquetPlan>,
}

/// The columns that a plan reads of a file with columns.
#[derive(Clone, Debug)]
struct Columns {
    wanted: Vec<(String, Option<Type>)>,
    /// The slots that hold the whole record.
    whole: Vec<usize>,
}

/// A record, or what came in its place.
pub enum Record<'c, 'r> {
    /// Its cells.
    Read {
        /// Ordinal over the whole run, from 0.
        row: u64,
        /// The line it starts on, from 1; of Parquet its number in the file.
        line: u64,
        /// The cells, by slot.
        cells: &'c mut Vec<Value<'r>>,
        /// The bytes it was read from, without line end; empty for Parquet.
        bytes: &'r [u8],
    },
    /// It could not be read.
    Broken(Broken),
}

/// Why a chunk could not be gone through.
pub enum Stop {
    /// The rest of the file cannot be read.
    Fault(Fault),
    /// Undeclared columns are of a wider kind than was thought: start the run again.
    Widen(Vec<Widen>),
}

/// The columns that a plan reads, with their declared types.
pub fn wanted(plan: &Plan) -> Vec<(String, Option<Type>)> {
    let paths = plan.bindings.paths.iter().zip(&plan.bindings.types);
    paths.map(|(path, ty)| (column_name(path), *ty)).collect()
}

/// How a path is called where records have columns: a single name stands for itself.
fn column_name(path: &Path) -> String {
    match path.segments() {
        [name] => name.clone(),
        _ => path.to_string(),
    }
}

impl<'p> Records<'p> {
    /// A reader for one plan; `kinds` is what is known of undeclared CSV columns.
    pub fn new(plan: &'p Plan, kinds: Arc<Kinds>, nulls: Nulls) -> Self {
        let whole = plan.bindings.paths.iter().enumerate().filter(|(_, it)| it.segments().is_empty());
        Records {
            plan,
            kinds,
            nulls,
            json: Reader::new(&plan.shape, Limits::default()),
            n_met: 0,
            met: Vec::new(),
            columns: Columns { wanted: wanted(plan), whole: whole.map(|(i, _)| i).collect() },
            csv: HashMap::new(),
            parquet: HashMap::new(),
        }
    }

    /// What JSON records may be, when it is not the default.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Records { json: Reader::new(&self.plan.shape, limits), ..self }
    }

    /// The names of members that JSON records had at the top, with the row and the place of first
    /// appearance.
    pub fn json_columns(&self) -> impl Iterator<Item = (&str, u64, usize)> {
        self.json.columns().map(|(name, met, place)| {
            let at = self.met.partition_point(|(first, _)| *first <= met).saturating_sub(1);
            let row = self.met.get(at).map_or(met, |(first, row)| row + (met - first));
            (name, row, place)
        })
    }

    /// Learns of columns that later files brought.
    pub fn know(&mut self, kinds: &Arc<Kinds>) {
        self.kinds = Arc::clone(kinds);
    }

    /// Gives each record of a chunk to `take`, in order.
    pub fn each(&mut self, chunk: &Chunk, take: &mut dyn FnMut(Record)) -> Result<(), Stop> {
        if let Some(broken) = chunk.broken() {
            take(Record::Broken(broken.clone()));
            return Ok(());
        }
        match chunk.file.format() {
            Format::Ndjson | Format::Json => self.each_text(chunk, take),
            Format::Csv => self.each_csv(chunk, take)?,
            Format::Parquet | Format::Arrow => self.each_parquet(chunk, take)?,
        }
        Ok(())
    }

    fn each_text(&mut self, chunk: &Chunk, take: &mut dyn FnMut(Record)) {
        let mut cells = Vec::new();
        let mut expected = None;
        for text in chunk.texts() {
            let broken = match text.text {
                Ok(it) => {
                    if expected != Some(text.row) {
                        self.met.push((self.n_met, text.row));
                    }
                    expected = Some(text.row + 1);
                    self.n_met += 1;
                    match self.json.fill(it, &mut cells) {
                        Ok(()) => None,
                        Err(error) => {
                            let mut broken = text.broken(&chunk.file.name, error.message);
                            broken.offset += error.offset as u64;
                            Some(broken)
                        }
                    }
                }
                Err(reason) => Some(text.broken(&chunk.file.name, reason)),
            };
            take(match broken {
                Some(broken) => Record::Broken(broken),
                None => Record::Read { row: text.row, line: text.line, cells: &mut cells, bytes: text.bytes },
            });
        }
    }

    fn each_csv(&mut self, chunk: &Chunk, take: &mut dyn FnMut(Record)) -> Result<(), Stop> {
        let file = &chunk.file;
        let names = file.columns().unwrap_or_default();
        let plan = self
            .csv
            .entry(file.index)
            .or_insert_with(|| CsvPlan::new(file, &self.columns.with_all(&names), &self.kinds, &self.nulls));
        let mut rows = plan.rows(chunk);
        let mut cells = Vec::new();
        while let Some(row) = rows.next_into(&mut cells) {
            match row {
                Ok(at) => {
                    self.columns.fold_whole(&names, &mut cells);
                    take(Record::Read { row: at.row, line: at.line, cells: &mut cells, bytes: at.text.as_bytes() });
                }
                Err(Trouble::Broken(broken)) => take(Record::Broken(broken)),
                Err(Trouble::Widen(widen)) => return Err(Stop::Widen(widen)),
            }
        }
        Ok(())
    }

    fn each_parquet(&mut self, chunk: &Chunk, take: &mut dyn FnMut(Record)) -> Result<(), Stop> {
        let file = &chunk.file;
        let names = file.columns().unwrap_or_default();
        let plan =
            self.parquet.entry(file.index).or_insert_with(|| ParquetPlan::new(file, &self.columns.with_all(&names)));
        for batch in plan.batches(chunk).map_err(Stop::Fault)? {
            let batch = batch.map_err(Stop::Fault)?;
            let mut columns = plan.columns(&batch);
            let mut cells = Vec::new();
            for i in 0..batch.n_rows() {
                columns.fill_row(i, &mut cells);
                self.columns.fold_whole(&names, &mut cells);
                let (row, line) = (batch.first_row + i as u64, batch.first_line + i as u64);
                take(Record::Read { row, line, cells: &mut cells, bytes: &[] });
            }
        }
        Ok(())
    }

    /// The plan that rows are made for.
    pub const fn plan(&self) -> &'p Plan {
        self.plan
    }
}

impl Columns {
    /// The wanted columns, and behind them all of the file where the whole record is wanted.
    fn with_all(&self, names: &[String]) -> Vec<(String, Option<Type>)> {
        let mut wanted = self.wanted.clone();
        if !self.whole.is_empty() {
            let declared = |name: &String| wanted.iter().find(|(it, _)| it == name).and_then(|(_, ty)| *ty);
            let all: Vec<_> = names.iter().map(|it| (it.clone(), declared(it))).collect();
            wanted.extend(all);
        }
        wanted
    }

    /// Makes the whole record of the columns behind the wanted ones.
    fn fold_whole(&self, names: &[String], cells: &mut Vec<Value<'_>>) {
        if self.whole.is_empty() || cells.len() <= self.wanted.len() {
            return;
        }
        let all = cells.drain(self.wanted.len()..);
        let members = names.iter().zip(all).map(|(name, value)| (name.clone().into(), value)).collect();
        let record = Value::Map(members);
        for slot in &self.whole {
            cells[*slot] = record.clone();
        }
    }
}
