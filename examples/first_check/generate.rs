//! Makes `records.ndjson`: a thousand answers of a model that sorts support tickets, a few of them wrong.
//!
//! `cargo run -p driftline --example make_first_check`

#![allow(dead_code, missing_docs)]

use std::fmt::Write;

use driftline::demo::SplitMix;

const N: u64 = 1000;
const INTENTS: [&str; 5] = ["billing", "cancel", "login", "shipping", "other"];
const COUNTRIES: [&str; 4] = ["AT", "CH", "DE", "FR"];

/// The file's text.
pub fn records() -> String {
    let mut dice = SplitMix(7);
    let mut out = String::new();
    for i in 0..N {
        let intent = INTENTS[dice.below(5) as usize];
        // Thousandths: whole numbers print the same everywhere.
        let mut score = 400 + dice.below(600);
        let mut country = format!("\"{}\"", COUNTRIES[dice.below(4) as usize]);
        let latency = 20 + dice.below(80) + if dice.below(50) == 0 { 400 } else { 0 };
        let (minute, second) = (i / 60, i % 60);
        // What goes wrong: a score in percent, a country that was not known, an answer without reason.
        match i {
            250 | 251 | 750 => score *= 100,
            300 | 600 | 900 => "null".clone_into(&mut country),
            _ => {}
        }
        let reason = match intent {
            "other" if i % 40 != 3 => "\"no rule applies\"",
            _ => "null",
        };
        let _ = writeln!(
            out,
            "{{\"id\":\"req-{i:05}\",\"ts\":\"2024-05-01T08:{minute:02}:{second:02}Z\",\"model\":\"ticket-router\",\
             \"version\":\"2.1.0\",\"features\":{{\"country\":{country},\"n_words\":{words}}},\
             \"prediction\":{{\"intent\":\"{intent}\",\"score\":{whole}.{rest:03},\"reason\":{reason}}},\"latency_ms\":{latency}}}",
            words = 3 + dice.below(60),
            whole = score / 1000,
            rest = score % 1000,
        );
    }
    out
}

fn main() -> std::io::Result<()> {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/first_check/records.ndjson"), records())
}
