//! Makes two nights of scored customers: `good.parquet` and, with what goes wrong at night, `bad.parquet`.
//!
//! `cargo run -p driftline --example make_parquet_nightly -- FOLDER`

#![allow(dead_code, missing_docs)]

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
use parquet::arrow::ArrowWriter;

const N: i64 = 5000;
/// 2024-05-01, in days since 1970.
const DAY: i32 = 19_844;

/// Writes both files.
pub fn write(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (name, bad) in [("good.parquet", false), ("bad.parquet", true)] {
        let batch = night(bad)?;
        let mut writer = ArrowWriter::try_new(File::create(folder.join(name))?, batch.schema(), None)?;
        writer.write(&batch)?;
        writer.close()?;
    }
    Ok(())
}

/// One night: customer, segment, day and score; in a bad one scores are NaN and customers come twice.
fn night(bad: bool) -> Result<RecordBatch, Box<dyn Error>> {
    let customers = (0..N).map(|i| if bad && i % 1000 == 999 { i - 1 } else { i });
    let segments = (0..N).map(|i| ["new", "loyal", "lost"][(i % 3) as usize]);
    let scores = (0..N).map(|i| if bad && i % 100 == 0 { f64::NAN } else { (i * 37 % 1000) as f64 / 1000.0 });
    let columns: [(&str, ArrayRef); 4] = [
        ("customer", Arc::new(Int64Array::from_iter_values(customers))),
        ("segment", Arc::new(StringArray::from_iter_values(segments))),
        ("day", Arc::new(Date32Array::from_iter_values((0..N).map(|_| DAY)))),
        ("churn_score", Arc::new(Float64Array::from_iter_values(scores))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder for the files")?;
    write(Path::new(&folder))
}
