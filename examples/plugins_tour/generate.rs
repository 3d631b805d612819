//! Makes `records.ndjson`: 400 questions to a support bot, and what goes wrong with a few of its answers.
//!
//! `cargo run -p driftline --example make_plugins_tour`

#![allow(dead_code, missing_docs)]

use std::fmt::Write;

const INTENTS: [&str; 3] = ["refund", "cancel", "other"];
const QUESTIONS: [&str; 3] = ["I want my money back for order", "Please cancel order", "Where is the parcel of order"];
const ANSWERS: [&str; 3] =
    ["Your refund is on its way.", "The order is cancelled.", "The parcel will reach you in two days."];

/// Numbers that look random and are the same everywhere.
struct Numbers(u64);

impl Numbers {
    /// Evenly from 0 to 1.
    fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    /// Around 0, mostly within 2.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.even()).sum::<f64>() - 6.0
    }
}

/// The file's text.
pub fn records() -> String {
    let mut numbers = Numbers(7);
    let mut text = String::new();
    for i in 0..400 {
        let right = (numbers.even() * 3.0) as usize % 3;
        // Parts of 64, so that they are exact.
        let sure = 24 + (numbers.even() * 38.0) as i32;
        let second = (f64::from(64 - sure) * numbers.even()) as i32;
        let mut scores = [0, 0, 0];
        scores[right] = sure;
        scores[(right + 1) % 3] = second;
        scores[(right + 2) % 3] = 64 - sure - second;
        let best = (0..3).rev().max_by_key(|it| scores[*it]).unwrap_or(right);
        let slow = i % 50 == 23;
        let size = if slow { -1.5 } else { numbers.bell() };
        let pace = if slow { 1.5 } else { 0.95 * size + 0.3 * numbers.bell() };
        let answer = if i == 301 { "I'm sorry, but I can't help with that." } else { ANSWERS[best] };
        let [a, b, c] = scores.map(|it| f64::from(it) / 64.0);
        let _ = writeln!(
            text,
            r#"{{"id": "q-{i:03}", "model": "bot-3", "question": "{} {}", "intent": "{}", "scores": [{a}, {b}, {c}], "answer": "{answer}", "tokens": {}, "latency_ms": {}}}"#,
            QUESTIONS[right],
            1000 + i * 7,
            INTENTS[best],
            (120.0 + 40.0 * size).max(1.0).round(),
            (700.0 + 200.0 * pace).max(50.0).round(),
        );
    }
    text
}

fn main() -> std::io::Result<()> {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/plugins_tour/records.ndjson"), records())
}
