//! Makes `records.ndjson` and `labels.ndjson`: two hundred requests to a language model that summarises letters and says
//! what they are about, and what they were about.
//!
//! `cargo run -p driftline --example make_llm_service`

#![allow(dead_code, missing_docs)]

use std::fmt::Write;

use driftline::demo::SplitMix;

const N: u64 = 200;
const INTENTS: [&str; 4] = ["complaint", "cancellation", "question", "praise"];
const WORDS: [&str; 6] = ["the", "customer", "asks", "for", "another", "card"];
const ERRORS: [&str; 3] = ["rate_limit", "timeout", "content_filter"];

/// The texts of the files: records, and labels of the requests that were to say an intent.
pub fn files() -> (String, String) {
    let mut dice = SplitMix(17);
    let (mut records, mut labels) = (String::new(), String::new());
    for i in 0..N {
        let version = if dice.below(4) == 0 { "2026-02" } else { "2026-01" };
        let (minute, second) = (i * 3 % 3600 / 60, i * 3 % 60);
        let latency = 300 + dice.below(2500) + if dice.below(30) == 0 { 6000 } else { 0 };
        let (input, output, quality) = (200 + dice.below(3000), 5 + dice.below(400), 600 + dice.below(400));
        let is_summary = dice.below(2) == 0;
        let error = if dice.below(20) > 0 { None } else { Some(ERRORS[dice.below(3) as usize]) };
        let intent = INTENTS[dice.below(4) as usize];
        let words: Vec<_> = (0..4 + dice.below(40)).map(|_| WORDS[dice.below(6) as usize]).collect();
        let truth = if dice.below(8) == 0 { INTENTS[dice.below(4) as usize] } else { intent };
        let answer = match error {
            Some(error) => {
                format!("\"error\":{{\"type\":\"{error}\"}},\"usage\":{{\"input_tokens\":{input},\"output_tokens\":0}}")
            }
            None => {
                let said = if is_summary {
                    format!("{{\"summary\":\"{}\"}}", words.join(" "))
                } else {
                    format!("{{\"intent\":\"{intent}\"}}")
                };
                format!(
                    "\"error\":null,\"response\":{said},\"quality\":0.{quality:03},\
                     \"usage\":{{\"input_tokens\":{input},\"output_tokens\":{output}}}"
                )
            }
        };
        let task = if is_summary { "summary" } else { "intent" };
        let _ = writeln!(
            records,
            "{{\"id\":\"chat-{i:05}\",\"ts\":\"2026-03-02T10:{minute:02}:{second:02}Z\",\"task\":\"{task}\",\
             \"model\":\"assistant\",\"model_version\":\"{version}\",{answer},\"latency_s\":{}.{:03}}}",
            latency / 1000,
            latency % 1000,
        );
        if error.is_none() && !is_summary {
            let _ = writeln!(labels, "{{\"id\":\"chat-{i:05}\",\"truth\":\"{truth}\"}}");
        }
    }
    (records, labels)
}

fn main() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/llm_service");
    let (records, labels) = files();
    std::fs::write(folder.join("records.ndjson"), records).expect("the records are written");
    std::fs::write(folder.join("labels.ndjson"), labels).expect("the labels are written");
}
