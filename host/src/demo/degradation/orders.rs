//! Orders of a shop, what a model says of each, and what came of it.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::random::SplitMix;

/// Orders of one step.
pub const PER_STEP: usize = 500;
/// The length of a step: that of the suite's shortest window.
pub const STEP: TimeDelta = TimeDelta::minutes(5);
/// How long after an order it is known whether it was paid in time.
pub const DELAY: TimeDelta = TimeDelta::minutes(10);
/// What the feature store makes of an amount after the change: another currency.
pub const SCALE: f64 = 1.5;

/// Of so many outcomes one is other than everything that is known of the order says, so no model is better than 96 %.
const LUCK: u64 = 25;
/// How much the amount weighs beside the customer's history. Multiplied by [`SCALE`], amounts shift the decision by
/// `WEIGHT / 2` of a standard deviation, so that 8.7 % of the orders are decided otherwise: 88 % are right.
const WEIGHT: f64 = 0.45;
const REGIONS: [(&str, f64); 3] = [("north", 0.5), ("south", 0.3), ("west", 0.2)];

/// A version of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Takes the amount from the ledger itself, which is slow.
    V0,
    /// Takes it from the feature store.
    V1,
    /// As `V1`, trained with what the feature store sends since the change.
    V2,
}

impl Version {
    /// As the records name it.
    pub const fn name(self) -> &'static str {
        match self {
            Version::V0 => "v0",
            Version::V1 => "v1",
            Version::V2 => "v2",
        }
    }
}

/// Makes orders. The same seed makes the same.
#[derive(Clone, Debug)]
pub struct Orders {
    model: String,
    random: SplitMix,
    n: u64,
    odd: u64,
}

/// An order with a prediction.
#[derive(Clone, Debug)]
pub struct Order {
    /// The record, as it is checked.
    pub record: Value,
    /// The label, as it is posted later.
    pub label: Value,
}

impl Orders {
    /// From a seed, answered by a model of that name.
    pub fn new(seed: u64, model: &str) -> Self {
        Orders { model: model.to_owned(), random: SplitMix(seed), n: 0, odd: 0 }
    }

    /// The orders of the step that begins at a time, as a version answers them when the feature store multiplies
    /// amounts by `scale`.
    pub fn step(&mut self, begin: DateTime<Utc>, version: Version, scale: f64) -> Vec<Order> {
        let at = |i: usize| begin + STEP * i as i32 / PER_STEP as i32;
        (0..PER_STEP).map(|i| self.order(at(i), version, scale)).collect()
    }

    fn order(&mut self, at: DateTime<Utc>, version: Version, scale: f64) -> Order {
        let random = &mut self.random;
        if self.n.is_multiple_of(LUCK) {
            self.odd = self.n + (random.unit() * LUCK as f64) as u64;
        }
        let history = random.normal();
        let ledger = (50.0 + 15.0 * random.normal()).max(1.0);
        let amount = ledger * scale;
        let region = REGIONS[random.pick(&REGIONS)].0;
        let decision = |amount: f64| history + WEIGHT * (amount - 50.0) / 50.0;
        let (seen, latency) = match version {
            Version::V0 => (ledger, 32.0 + 16.0 * random.exponential()),
            // The 95th percentile of an exponential distribution is three times its mean.
            Version::V1 => (amount, 20.0 + 10.0 * random.exponential()),
            Version::V2 => (amount / SCALE, 20.0 + 10.0 * random.exponential()),
        };
        let word = |is_paid: bool| if is_paid { "paid" } else { "late" };
        let score = 0.04 + 0.92 / (1.0 + (-8.0 * decision(seen)).exp());
        let truth = (decision(ledger) > 0.0) != (self.n == self.odd);
        let round = |it: f64, digits: i32| (it * 10_f64.powi(digits)).round() / 10_f64.powi(digits);
        let (id, time) =
            (format!("o{:06}", self.n), |it: DateTime<Utc>| it.to_rfc3339_opts(SecondsFormat::Millis, true));
        self.n += 1;
        Order {
            record: json!({
                "request_id": id, "ts": time(at), "model": self.model, "model_version": version.name(),
                "prediction": word(decision(seen) > 0.0), "score": round(score, 4), "latency_ms": round(latency, 2),
                "region": region, "features": {
                    "amount": round(amount, 2), "ledger_amount": round(ledger, 2), "history": round(60.0 + 15.0 * history, 2),
                },
            }),
            label: json!({ "id": id, "truth": word(truth), "at": time(at + DELAY) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of orders that a version gets right, over an hour of them.
    fn right(seed: u64, version: Version, scale: f64) -> f64 {
        let mut orders = Orders::new(seed, "m");
        let steps = (0..12).flat_map(|_| orders.step(DateTime::UNIX_EPOCH, version, scale)).collect::<Vec<_>>();
        let n = steps.iter().filter(|it| it.record["prediction"] == it.label["truth"]).count();
        n as f64 / steps.len() as f64
    }

    #[test]
    fn one_seed_makes_the_same_orders() {
        let records =
            |seed| Orders::new(seed, "m").step(DateTime::UNIX_EPOCH, Version::V1, 1.0).into_iter().map(|it| it.record);
        assert!(records(3).eq(records(3)));
        assert!(records(3).ne(records(4)));
        assert_eq!(records(3).next_back().map(|it| it["ts"].clone()), Some(json!("1970-01-01T00:04:59.400Z")));
    }

    #[test]
    fn what_each_version_gets_right() {
        for seed in 0..3 {
            assert_eq!(right(seed, Version::V1, 1.0), 0.96);
            assert_eq!(right(seed, Version::V0, SCALE), 0.96);
            assert_eq!(right(seed, Version::V2, SCALE), 0.96);
            let bad = right(seed, Version::V1, SCALE);
            assert!((0.865..0.895).contains(&bad), "seed {seed}: {bad}");
        }
    }
}
