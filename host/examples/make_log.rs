//! Makes an inference log for the performance comparison: the same records as NDJSON, CSV and Parquet.
//!
//! `cargo run --release --example make_log -- ROWS FOLDER [SEED]` writes `log.ndjson`, `log.csv` and
//! `log.parquet`. Equal arguments give equal bytes. One record in a thousand has something wrong with it:
//! see `flaw`.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

const COUNTRIES: [&str; 8] = ["DE", "FR", "US", "GB", "ES", "IT", "PL", "SE"];
const DEVICES: [&str; 4] = ["ios", "android", "web", "kiosk"];
const INTENTS: [&str; 12] = [
    "transfer_money",
    "check_balance",
    "card_blocked",
    "open_account",
    "find_branch",
    "exchange_rate",
    "report_fraud",
    "change_address",
    "loan_offer",
    "speak_to_human",
    "reset_password",
    "small_talk",
];
const VERSIONS: [&str; 3] = ["2.3.9", "2.4.0", "2.4.1"];
/// 2025-03-01T00:00:00Z in milliseconds since 1970.
const START: u64 = 1_740_787_200_000;
/// Rows of a Parquet row group.
const GROUP: usize = 1 << 17;

struct Record {
    id: String,
    ts: String,
    model: &'static str,
    model_version: &'static str,
    country: &'static str,
    device: &'static str,
    prediction: &'static str,
    score: Option<f64>,
    latency_ms: f64,
    n_tokens: i64,
    amount: Option<f64>,
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let rows: usize = args.next().context("ROWS is missing")?.parse()?;
    let folder = args.next().context("FOLDER is missing")?;
    let seed = args.next().map_or(Ok(7), |it| it.parse())?;
    fs::create_dir_all(&folder)?;
    write(Path::new(&folder), rows, &mut Random(seed))
}

fn write(folder: &Path, rows: usize, random: &mut Random) -> Result<()> {
    let mut ndjson = BufWriter::new(File::create(folder.join("log.ndjson"))?);
    let mut csv = BufWriter::new(File::create(folder.join("log.csv"))?);
    writeln!(csv, "id,ts,model,model_version,country,device,prediction,score,latency_ms,n_tokens,amount")?;
    let mut parquet = None;
    let mut last_id = String::new();
    let mut batch = Vec::with_capacity(GROUP);
    for i in 0..rows {
        let record = record(i, &last_id, random);
        last_id.clone_from(&record.id);
        write_json(&record, &mut ndjson)?;
        write_csv(&record, &mut csv)?;
        batch.push(record);
        if batch.len() == GROUP || i + 1 == rows {
            let columns = columns(&batch)?;
            if parquet.is_none() {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    .set_max_row_group_row_count(Some(GROUP))
                    .build();
                let file = File::create(folder.join("log.parquet"))?;
                parquet = Some(ArrowWriter::try_new(file, columns.schema(), Some(properties))?);
            }
            if let Some(writer) = &mut parquet {
                writer.write(&columns)?;
            }
            batch.clear();
        }
    }
    if let Some(writer) = parquet {
        writer.close()?;
    }
    ndjson.flush()?;
    csv.flush()?;
    Ok(())
}

fn record(i: usize, last_id: &str, random: &mut Random) -> Record {
    let mut record = Record {
        id: format!("req-{:016x}", mix(i as u64 + 1)),
        ts: timestamp(START + i as u64 * 86),
        model: "intent-router",
        model_version: VERSIONS[random.below(3)],
        country: COUNTRIES[random.below(8)],
        device: DEVICES[random.below(4)],
        prediction: INTENTS[random.below(12)],
        score: Some(rounded(1.0 - random.unit().powi(3), 6)),
        // Exponential with a mean of 40 ms.
        latency_ms: rounded(3.0 - 40.0 * (1.0 - random.unit()).ln(), 3),
        n_tokens: 4 + random.below(508) as i64,
        amount: (random.below(10) < 6).then(|| rounded(2_000.0 * random.unit() * random.unit(), 2)),
    };
    if random.below(1_000) == 0 {
        flaw(&mut record, i, last_id, random);
    }
    record
}

/// What goes wrong in production, one thing a record.
fn flaw(record: &mut Record, i: usize, last_id: &str, random: &mut Random) {
    match random.below(8) {
        0 => record.country = "XX",
        1 => record.device = "",
        2 => record.prediction = "out_of_scope",
        3 => record.score = None,
        4 => record.score = Some(1.25),
        5 => record.latency_ms = -1.0,
        6 => record.model_version = "nightly",
        // The record before was sent again. Every other record only, so that no id comes three times.
        _ if i % 2 == 1 => last_id.clone_into(&mut record.id),
        _ => record.n_tokens = 0,
    }
}

fn write_json(it: &Record, out: &mut impl Write) -> Result<()> {
    let number = |it: Option<f64>| it.map_or_else(|| "null".to_owned(), |it| it.to_string());
    writeln!(
        out,
        "{{\"id\":\"{}\",\"ts\":\"{}\",\"model\":\"{}\",\"model_version\":\"{}\",\"country\":\"{}\",\"device\":\"{}\",\
         \"prediction\":\"{}\",\"score\":{},\"latency_ms\":{},\"n_tokens\":{},\"amount\":{}}}",
        it.id,
        it.ts,
        it.model,
        it.model_version,
        it.country,
        it.device,
        it.prediction,
        number(it.score),
        it.latency_ms,
        it.n_tokens,
        number(it.amount),
    )?;
    Ok(())
}

fn write_csv(it: &Record, out: &mut impl Write) -> Result<()> {
    let number = |it: Option<f64>| it.map_or_else(String::new, |it| it.to_string());
    writeln!(
        out,
        "{},{},{},{},{},{},{},{},{},{},{}",
        it.id,
        it.ts,
        it.model,
        it.model_version,
        it.country,
        // An empty text is not a null; CSV tells the two apart by quotes, and not all readers do.
        if it.device.is_empty() { "-" } else { it.device },
        it.prediction,
        number(it.score),
        it.latency_ms,
        it.n_tokens,
        number(it.amount),
    )?;
    Ok(())
}

fn columns(batch: &[Record]) -> Result<RecordBatch> {
    let text = |of: fn(&Record) -> &str| Arc::new(batch.iter().map(of).map(Some).collect::<StringArray>()) as ArrayRef;
    let number = |of: fn(&Record) -> Option<f64>| Arc::new(batch.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    let tokens: Int64Array = batch.iter().map(|it| Some(it.n_tokens)).collect();
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("id", text(|it| &it.id), true),
        ("ts", text(|it| &it.ts), true),
        ("model", text(|it| it.model), true),
        ("model_version", text(|it| it.model_version), true),
        ("country", text(|it| it.country), true),
        ("device", text(|it| it.device), true),
        ("prediction", text(|it| it.prediction), true),
        ("score", number(|it| it.score), true),
        ("latency_ms", number(|it| Some(it.latency_ms)), true),
        ("n_tokens", Arc::new(tokens) as ArrayRef, true),
        ("amount", number(|it| it.amount), true),
    ])?)
}

fn timestamp(millis: u64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(millis as i64).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn rounded(it: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (it * scale).round() / scale
}

/// `SplitMix64` (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    fn below(&mut self, n: u64) -> usize {
        (self.next() % n) as usize
    }

    /// From 0 to below 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Its output function: a permutation, so that ids of different records differ.
fn mix(it: u64) -> u64 {
    let it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}
