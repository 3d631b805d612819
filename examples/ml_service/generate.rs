//! Makes `records.ndjson`: three hundred answers of a model that says how likely a loan is not paid back.
//!
//! `cargo run -p driftline --example make_ml_service`

#![allow(dead_code, missing_docs)]

use std::fmt::Write;

use driftline::demo::SplitMix;

const N: u64 = 300;

/// What goes wrong: what a request is answered with then, and its status.
const ERRORS: [(&str, u16); 3] = [("bad_request", 400), ("feature_store_timeout", 503), ("out_of_memory", 500)];

/// The file's text.
pub fn records() -> String {
    let mut dice = SplitMix(13);
    let mut out = String::new();
    for i in 0..N {
        let version = if i < 200 { 7 } else { 8 };
        let (minute, second) = (i * 2 % 3600 / 60, i * 2 % 60);
        let (income, age, debt) = (12_000 + dice.below(90_000), 18 + dice.below(60), dice.below(1200));
        let latency = 8 + dice.below(60) + if dice.below(40) == 0 { 700 } else { 0 };
        let answer = dice.below(1000);
        let prediction = if dice.below(25) == 0 {
            let (error, status) = ERRORS[dice.below(3) as usize];
            format!("\"prediction\":null,\"status\":{status},\"error\":\"{error}\"")
        } else {
            format!("\"prediction\":0.{answer:03},\"status\":200,\"error\":null")
        };
        let _ = writeln!(
            out,
            "{{\"id\":\"loan-{i:05}\",\"ts\":\"2026-03-02T09:{minute:02}:{second:02}Z\",\"model\":\"credit-risk\",\
             \"model_version\":{version},\"features\":{{\"income\":{income},\"age\":{age},\"debt_ratio\":{}.{:03}}},\
             {prediction},\"latency_ms\":{latency}}}",
            debt / 1000,
            debt % 1000,
        );
    }
    out
}

fn main() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/ml_service/records.ndjson");
    std::fs::write(file, records()).expect("the file is written");
}
