//! The good rows' file: in the input's own form.

use std::path::Path;

use crate::files::parquet::Batch;
use crate::files::writer::Writer;
use crate::files::{Fault, FileInfo, Format, Layout};

/// A file that takes good rows.
pub struct Good {
    name: String,
    writer: Writer,
    /// Records of any JSON file, or of Parquet as JSON.
    lines: bool,
}

/// Whether a file is to be Parquet.
pub fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("parquet"))
}

impl Good {
    /// Creates or empties the file for records like those of `like`: CSV as CSV, Parquet and Arrow as Parquet
    /// where `path` says so, everything else as NDJSON.
    pub fn create(path: &Path, like: &FileInfo) -> Result<Self, Fault> {
        let name = path.display().to_string();
        let lines = match like.format() {
            Format::Csv => false,
            Format::Parquet | Format::Arrow => !is_parquet(path),
            Format::Ndjson | Format::Json => true,
        };
        if is_parquet(path) && !matches!(like.format(), Format::Parquet | Format::Arrow) {
            let reason = format!("good rows keep the form of the input, which is {}", like.format().name());
            return Err(Fault::new(&name, reason));
        }
        let plain = FileInfo { name: like.name.clone(), index: like.index, layout: Layout::Ndjson };
        let like = if matches!(like.format(), Format::Parquet | Format::Arrow) && lines { &plain } else { like };
        Ok(Good { writer: Writer::create(path, like)?, name, lines })
    }

    /// Appends records of `file`.
    pub fn append(&mut self, file: &FileInfo, lines: &[Vec<u8>], rows: &[(Batch, Vec<bool>)]) -> Result<(), Fault> {
        if !(self.lines && file.format() != Format::Csv || self.writer.fits(file)) {
            let reason = format!("cannot take the good rows of {}, which has another form or other columns", file.name);
            return Err(Fault::new(&self.name, reason));
        }
        lines.iter().try_for_each(|it| self.writer.append(it))?;
        rows.iter().try_for_each(|(batch, keep)| self.writer.append_rows(&batch.records, keep.clone()))
    }

    /// Writes what is left.
    pub fn finish(self) -> Result<(), Fault> {
        self.writer.finish()
    }
}
