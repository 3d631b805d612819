//! Records back into a file of their own kind, as they were: for splitting an input into what
//! passed and what failed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::{Fault, FileInfo, Format, Layout};

/// A file that takes records of one format.
pub struct Writer {
    name: String,
    format: Format,
    columns: Option<Vec<String>>,
    sink: Sink,
}

enum Sink {
    Lines(Text),
    /// A JSON array, and whether it has an element yet.
    Array(Text, bool),
    Rows(Box<ArrowWriter<File>>),
}

/// Bytes, compressed by the extension.
enum Text {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Writer {
    /// Creates or empties the file at `path` for records of `like`. The extension tells compression
    /// (`.gz`, `.zst`), and for elements of a JSON array whether an array (`.json`) is written or lines.
    pub fn create(path: &Path, like: &FileInfo) -> Result<Self, Fault> {
        let name = path.display().to_string();
        let create = || -> io::Result<Sink> {
            let lower = name.to_ascii_lowercase();
            let compression = [".gz", ".zst"].into_iter().find(|it| lower.ends_with(it));
            let inner = compression.and_then(|it| lower.strip_suffix(it)).unwrap_or(&lower);
            let name_is_json = Path::new(inner).extension().is_some_and(|it| it == "json");
            let file = File::create(path)?;
            let schema = match &like.layout {
                Layout::Parquet(it) => Some(it.schema()),
                Layout::Arrow(it) => Some(it),
                _ => None,
            };
            if let Some(schema) = schema {
                if compression.is_some() {
                    return Err(io::Error::other("Parquet is compressed within; leave .gz or .zst out"));
                }
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
                return Ok(Sink::Rows(Box::new(writer)));
            }
            let mut text = Text::new(BufWriter::new(file), compression)?;
            match &like.layout {
                Layout::Csv { raw, .. } => {
                    text.line(without_line_ends(raw))?;
                    Ok(Sink::Lines(text))
                }
                Layout::Json if name_is_json => {
                    text.write(b"[")?;
                    Ok(Sink::Array(text, false))
                }
                _ => Ok(Sink::Lines(text)),
            }
        };
        let sink = create().map_err(|error| Fault::new(&name, error))?;
        Ok(Writer { format: like.format(), columns: like.columns(), name, sink })
    }

    /// Whether records of `file` may go in: the same format and columns.
    pub fn fits(&self, file: &FileInfo) -> bool {
        self.format == file.format() && self.columns == file.columns()
    }

    /// Appends the bytes of one JSON or CSV record, without its line end.
    pub fn append(&mut self, record: &[u8]) -> Result<(), Fault> {
        let one_line;
        let record = if self.format == Format::Json && record.iter().any(|it| matches!(it, b'\n' | b'\r')) {
            // Between the tokens of JSON a newline is a blank, and within strings there is none.
            one_line = record.iter().map(|it| if matches!(it, b'\n' | b'\r') { b' ' } else { *it }).collect::<Vec<_>>();
            &one_line
        } else {
            record
        };
        let done = match &mut self.sink {
            Sink::Lines(text) => text.line(record),
            Sink::Array(text, has_elements) => {
                let before: &[u8] = if std::mem::replace(has_elements, true) { b",\n" } else { b"\n" };
                text.write(before).and_then(|()| text.write(record))
            }
            Sink::Rows(_) => Err(io::Error::other("text does not go into a Parquet file")),
        };
        done.map_err(|error| Fault::new(&self.name, error))
    }

    /// Appends those rows of a Parquet batch, with all of its columns, for which `keep` is true.
    pub fn append_rows(&mut self, records: &RecordBatch, keep: Vec<bool>) -> Result<(), Fault> {
        let fault = |error: &dyn std::fmt::Display| Fault::new(&self.name, error);
        let Sink::Rows(writer) = &mut self.sink else {
            return Err(fault(&"rows of Parquet do not go into a text file"));
        };
        if !keep.contains(&true) {
            return Ok(());
        }
        let kept = filter_record_batch(records, &BooleanArray::from(keep)).map_err(|it| fault(&it))?;
        writer.write(&kept).map_err(|it| fault(&it))
    }

    /// Writes what is left and closes the file; without it the file is not whole.
    pub fn finish(self) -> Result<(), Fault> {
        let done = match self.sink {
            Sink::Lines(text) => text.finish(),
            Sink::Array(mut text, _) => text.write(b"\n]\n").and_then(|()| text.finish()),
            Sink::Rows(writer) => writer.close().map(|_| ()).map_err(io::Error::other),
        };
        done.map_err(|error| Fault::new(&self.name, error))
    }
}

/// A blank at the end of a header may be a delimiter, so only line ends are taken off.
fn without_line_ends(mut raw: &[u8]) -> &[u8] {
    while let [b'\r' | b'\n', rest @ ..] | [rest @ .., b'\r' | b'\n'] = raw {
        raw = rest;
    }
    raw
}

impl Text {
    fn new(file: BufWriter<File>, compression: Option<&str>) -> io::Result<Self> {
        Ok(match compression {
            None => Text::Plain(file),
            Some(".gz") => Text::Gzip(flate2::write::GzEncoder::new(file, flate2::Compression::default())),
            Some(_) => Text::Zstd(zstd::stream::write::Encoder::new(file, 0)?),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Text::Plain(it) => it.write_all(bytes),
            Text::Gzip(it) => it.write_all(bytes),
            Text::Zstd(it) => it.write_all(bytes),
        }
    }

    fn line(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes)?;
        self.write(b"\n")
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Text::Plain(mut it) => it.flush(),
            Text::Gzip(it) => it.finish()?.flush(),
            Text::Zstd(it) => it.finish()?.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::csv::{CsvPlan, Kinds, Nulls};
    use crate::files::parquet::ParquetPlan;
    use crate::files::{Input, Options, Source};
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array};

    /// Every second record of a file into another one, and what is in that one then.
    fn halve(from: &Path, to: &Path) -> Vec<u8> {
        let mut writer = None;
        for chunk in Source::new(vec![Input::File(from.to_owned())], Options::default()) {
            let chunk = chunk.expect("a file that can be read");
            let writer = writer.get_or_insert_with(|| Writer::create(to, &chunk.file).expect("a new file"));
            assert!(writer.fits(&chunk.file));
            if chunk.file.format() == Format::Parquet {
                let plan = ParquetPlan::new(&chunk.file, &[]).keep_all();
                for batch in plan.batches(&chunk).expect("it opens") {
                    let batch = batch.expect("it is whole");
                    let keep = (0..batch.n_rows()).map(|i| i % 2 == 0).collect();
                    writer.append_rows(&batch.records, keep).expect("it is written");
                }
            }
            for it in chunk.texts().filter(|it| it.row % 2 == 0) {
                writer.append(it.bytes).expect("it is written");
            }
            let plan = CsvPlan::new(&chunk.file, &[], &Kinds::default(), &Nulls::default());
            let (mut rows, mut cells) = (plan.rows(&chunk), Vec::new());
            while let Some(row) = rows.next_into(&mut cells) {
                let row = row.expect("a whole record");
                if row.row % 2 == 0 {
                    writer.append(row.text.as_bytes()).expect("it is written");
                }
            }
        }
        writer.expect("there are records").finish().expect("it is written");
        std::fs::read(to).expect("it was written")
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let array = "[{\"a\":\n1}, 2 ,3]";
        let unzip = |bytes: Vec<u8>| zstd::decode_all(bytes.as_slice()).expect("zstd");
        for (from, text, to, expected) in [
            ("a.ndjson", "{\"a\": 1}\r\n\n2\n3", "b.ndjson.zst", "{\"a\": 1}\n3\n"),
            ("a.csv", "a;b\r\n1;\"x\ny\"\r\n2;\n3;z", "b.csv.zst", "a;b\n1;\"x\ny\"\n3;z\n"),
            ("a.json", array, "b.json.zst", "[\n{\"a\": 1},\n3\n]\n"),
            ("a.json", array, "b.ndjson.zst", "{\"a\": 1}\n3\n"),
        ] {
            let (from, to) = (folder.path().join(from), folder.path().join(to));
            std::fs::write(&from, text).expect("a file is written");
            assert_eq!(String::from_utf8_lossy(&unzip(halve(&from, &to))), expected, "{}", to.display());
        }
    }

    #[test]
    fn rows_of_parquet_keep_all_columns() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [a, b, c] = ["a.parquet", "b.parquet", "c.parquet"].map(|it| folder.path().join(it));
        let batch = |n: &[i64]| {
            let array: ArrayRef = Arc::new(Int64Array::from(n.to_vec()));
            RecordBatch::try_from_iter([("n", Arc::clone(&array)), ("m", array)]).expect("columns of one length")
        };
        let first = batch(&[1, 2, 3]);
        let mut writer = ArrowWriter::try_new(File::create(&a).expect("a new file"), first.schema(), None).expect("ok");
        writer.write(&first).expect("it is written");
        writer.close().expect("it is written");
        halve(&a, &b);
        let mut source = Source::new(vec![Input::File(b)], Options::default());
        let chunk = source.next().expect("a chunk").expect("a file that can be read");
        let plan = ParquetPlan::new(&chunk.file, &[]).keep_all();
        let batches: Vec<_> =
            plan.batches(&chunk).expect("it opens").map(|it| it.expect("it is whole").records).collect();
        assert_eq!(batches, [batch(&[1, 3])]);
        assert!(Writer::create(&c.with_extension("parquet.gz"), &chunk.file).is_err());
    }
}
