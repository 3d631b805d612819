//! Makes `records.ndjson` and `labels.ndjson`: three hundred answers of two versions of a router, and what was meant.
//!
//! `cargo run -p driftline --example make_intent_router`

#![allow(dead_code, missing_docs)]

use std::fmt::Write;

use driftline::demo::SplitMix;

const N: u64 = 300;
const INTENTS: [&str; 5] = ["transfer_money", "check_balance", "card_blocked", "report_fraud", "small_talk"];
const CHANNELS: [&str; 3] = ["app", "web", "phone"];

/// The texts of the files: records, and labels for two of three of them.
pub fn files() -> (String, String) {
    let mut dice = SplitMix(11);
    let (mut records, mut labels) = (String::new(), String::new());
    for i in 0..N {
        let version = if dice.below(3) == 0 { "2.4.0" } else { "2.3.1" };
        let (minute, second) = (i * 2 % 3600 / 60, i * 2 % 60);
        let latency = 12 + dice.below(70) + if dice.below(25) == 0 { 450 } else { 0 };
        let begin = format!("{{\"id\":\"r{i:05}\",\"ts\":\"2026-03-02T08:{minute:02}:{second:02}Z\",\"text\":\"..\"");
        let channel = CHANNELS[dice.below(3) as usize];
        let end = format!(
            "\"latency_ms\":{latency},\"model\":\"router\",\"model_version\":\"{version}\",\"channel\":\"{channel}\",\"language\":\"en\"}}"
        );
        let intent = INTENTS[dice.below(5) as usize];
        // Thousandths: whole numbers print the same everywhere.
        let confidence = 1000 - dice.below(1000) * dice.below(1000) * dice.below(1000) / 1_000_000;
        let truth = if dice.below(12) == 0 { INTENTS[dice.below(5) as usize] } else { intent };
        let error = if dice.below(30) > 0 { None } else { Some(["timeout", "out_of_memory"][dice.below(2) as usize]) };
        let _ = match error {
            Some(error) => writeln!(records, "{begin},\"intent\":null,\"confidence\":null,\"error\":\"{error}\",{end}"),
            None => writeln!(
                records,
                "{begin},\"intent\":\"{intent}\",\"confidence\":{}.{:03},\"error\":null,{end}",
                confidence / 1000,
                confidence % 1000
            ),
        };
        if error.is_none() && i % 3 > 0 {
            let _ = writeln!(labels, "{{\"id\":\"r{i:05}\",\"truth\":\"{truth}\"}}");
        }
    }
    (records, labels)
}

fn main() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/intent_router");
    let (records, labels) = files();
    std::fs::write(folder.join("records.ndjson"), records).expect("the records are written");
    std::fs::write(folder.join("labels.ndjson"), labels).expect("the labels are written");
}
