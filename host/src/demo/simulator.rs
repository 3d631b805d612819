//! Two days of an intent router, from a seed: a good one, and one on which a new version goes wrong.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::random::SplitMix;

/// The afternoon hour of the second day at which version 2.4.0 is deployed.
pub const DEPLOYED: u32 = 14;
/// The minutes of one batch.
pub const STEP: i64 = 10;

const INTENTS: [(&str, f64); 8] = [
    ("check_balance", 0.28),
    ("transfer_money", 0.24),
    ("small_talk", 0.14),
    ("card_blocked", 0.10),
    ("exchange_rate", 0.08),
    ("speak_to_human", 0.07),
    ("open_account", 0.05),
    ("report_fraud", 0.04),
];
const TEXTS: [&str; 8] = [
    "how much is on my account",
    "send 40 euro to Anna",
    "good morning",
    "my card does not work any more",
    "what is a dollar worth",
    "let me talk to someone",
    "i want an account for my son",
    "someone paid with my card",
];
const CHANNELS: [(&str, f64); 3] = [("app", 0.55), ("web", 0.35), ("phone", 0.10)];
const LANGUAGES: [(&str, f64); 3] = [("de", 0.6), ("en", 0.3), ("fr", 0.1)];

/// Plays the two days. The same seed plays the same days.
#[derive(Clone, Debug)]
pub struct Simulator {
    random: SplitMix,
    start: DateTime<Utc>,
    n_batches: i64,
    n_records: u64,
}

/// The predictions of some minutes.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The end of those minutes.
    pub at: DateTime<Utc>,
    /// 1 or 2.
    pub day: u32,
    /// The hour of the day.
    pub hour: u32,
    /// A record a line.
    pub lines: String,
}

impl Simulator {
    /// Two days from midnight of `start`.
    pub const fn new(seed: u64, start: DateTime<Utc>) -> Self {
        Simulator { random: SplitMix(seed), start, n_batches: 0, n_records: 0 }
    }

    fn record(&mut self, at: DateTime<Utc>, bad: bool, lines: &mut String) {
        let random = &mut self.random;
        self.n_records += 1;
        let which = random.pick(&INTENTS);
        let mut intent = INTENTS[which].0;
        let text = TEXTS[which];
        let mut confidence = 1.0 - 0.14 * random.exponential();
        let mut latency = 28.0 + 22.0 * random.exponential();
        let channel = CHANNELS[random.pick(&CHANNELS)].0;
        let mut language = LANGUAGES[random.pick(&LANGUAGES)].0;
        confidence = confidence.clamp(0.05, 0.999);
        if bad {
            // On the web the new version answers in percent, knows an intent that nobody agreed upon, loses
            // the language, and is slow.
            if channel == "web" && random.unit() < 0.5 {
                confidence *= 100.0;
            }
            if random.unit() < 0.06 {
                intent = "handover_v2";
            }
            if random.unit() < 0.05 {
                language = "unknown";
            }
            if random.unit() < 0.04 {
                latency += 900.0;
            }
        }
        let version = if bad { "2.4.0" } else { "2.3.1" };
        let _ = writeln!(
            lines,
            r#"{{"id":"r{:07}","ts":"{}","text":"{text}","intent":"{intent}","confidence":{confidence:.4},"latency_ms":{latency:.1},"model":"router","model_version":"{version}","channel":"{channel}","language":"{language}"}}"#,
            self.n_records,
            at.to_rfc3339_opts(SecondsFormat::Secs, true),
        );
    }
}

impl Iterator for Simulator {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let begin = self.start + TimeDelta::minutes(STEP * self.n_batches);
        let minutes = STEP * self.n_batches;
        let (day, hour) = ((minutes / 1440) as u32 + 1, (minutes / 60 % 24) as u32);
        if day > 2 {
            return None;
        }
        self.n_batches += 1;
        // Few ask at night, most about noon.
        let busy = 0.15 + 0.85 * (std::f64::consts::PI * f64::from(hour) / 24.0).sin().powi(2);
        let n = (60.0 * busy) as i64 + 1;
        let mut lines = String::new();
        for i in 0..n {
            let at = begin + TimeDelta::seconds(STEP * 60 * i / n);
            self.record(at, day == 2 && hour >= DEPLOYED, &mut lines);
        }
        Some(Batch { at: begin + TimeDelta::minutes(STEP), day, hour, lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_plays_the_same_two_days() {
        let play = |seed| Simulator::new(seed, DateTime::UNIX_EPOCH).map(|it| it.lines).collect::<Vec<_>>();
        let days = play(1);
        assert_eq!(days.len(), 288);
        assert_eq!(days, play(1));
        assert_ne!(days, play(2));
        let n = |part: &[String]| part.iter().map(|it| it.matches("2.4.0").count()).sum::<usize>();
        assert_eq!(n(&days[..228]), 0);
        assert!(n(&days[228..]) > 1000);
    }
}
