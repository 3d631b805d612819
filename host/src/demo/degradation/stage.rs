//! Virtual time: orders are sent, labels follow, and the service is given the time to judge.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::thread::sleep;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::client::{Client, items, time, until};
use super::orders::{DELAY, Orders, STEP, Version};

/// What is done about the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mend {
    /// The version before is deployed again.
    #[default]
    Rollback,
    /// A new version is trained with what came since the change.
    Retrain,
}

/// Where the play stands.
pub struct Stage {
    /// The suite and the model.
    pub name: String,
    /// Virtual now.
    pub now: DateTime<Utc>,
    /// The version that answers.
    pub version: Version,
    /// What the feature store multiplies amounts by.
    pub scale: f64,
    /// Virtual seconds in a second at most; none: as fast as the service goes.
    pub speed: Option<f64>,
    orders: Orders,
    /// Labels that are not known yet, by the begin of their step.
    labels: VecDeque<(DateTime<Utc>, Vec<Value>)>,
    /// The records of the step that has begun, but for the first.
    rest: Vec<String>,
}

impl Stage {
    /// At the begin of the play.
    pub fn new(name: &str, seed: u64, begin: DateTime<Utc>, speed: Option<f64>) -> Self {
        Stage {
            name: name.to_owned(),
            now: begin,
            version: Version::V1,
            scale: 1.0,
            speed,
            orders: Orders::new(seed, name),
            labels: VecDeque::new(),
            rest: Vec::new(),
        }
    }

    /// Sends the labels that are known now, and the first record of the next step, which ends the step before.
    pub fn begin_step(&mut self, client: &Client) -> anyhow::Result<()> {
        while let Some((_, labels)) = self.labels.pop_front_if(|it| it.0 + STEP + DELAY <= self.now) {
            client.post(&format!("/v1/labels?suite={}", self.name), &Value::Array(labels))?;
        }
        let orders = self.orders.step(self.now, self.version, self.scale);
        self.rest = orders.iter().map(|it| it.record.to_string()).collect();
        self.labels.push_back((self.now, orders.into_iter().map(|it| it.label).collect()));
        let first = self.rest.drain(..1).collect();
        self.send(client, first)
    }

    /// Sends the other records of the step; then it is the end of the step.
    pub fn end_step(&mut self, client: &Client) -> anyhow::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        self.send(client, rest)?;
        self.now += STEP;
        if let Some(speed) = self.speed {
            sleep(Duration::from_secs_f64(STEP.num_seconds() as f64 / speed));
        }
        Ok(())
    }

    /// A step at which nothing is looked at.
    pub fn step(&mut self, client: &Client) -> anyhow::Result<()> {
        self.begin_step(client)?;
        self.end_step(client)
    }

    fn send(&self, client: &Client, records: Vec<String>) -> anyhow::Result<()> {
        let mut body = String::new();
        for it in records {
            let _ = writeln!(body, "{it}");
        }
        let path = format!("/v1/suites/{}/check?verdicts=none&wait=stored&on_fail=observe", self.name);
        client.post_text(&path, "application/x-ndjson", &body).map(|_| ())
    }

    /// Waits until the window that begins so long before now is judged with so many labels; its begin.
    pub fn judged(&self, client: &Client, length: &str, before: TimeDelta, labels: u64) -> anyhow::Result<String> {
        let begin = self.now - before;
        let page = format!(
            "/v1/windows?suite={}&length={length}&since={}&until={}",
            self.name,
            time(begin),
            time(begin + TimeDelta::seconds(1))
        );
        until(&format!("the judgement of the window {length} of {begin}"), || {
            let page = client.get(&page)?;
            let is_judged = items(&page).iter().any(|it| it["labels"].as_u64().unwrap_or(0) >= labels);
            Ok(is_judged.then(|| time(begin)))
        })
    }

    /// What was found in the windows that begin at a time.
    pub fn findings(&self, client: &Client, query: &str, begin: &str) -> anyhow::Result<Vec<Value>> {
        let at: DateTime<Utc> = begin.parse()?;
        let until = time(at + TimeDelta::seconds(1));
        let page = client.get(&format!("/v1/findings?suite={}&{query}&since={begin}&until={until}", self.name))?;
        Ok(items(&page).to_vec())
    }

    /// The number that an expectation observed in the window that begins at a time.
    pub fn observed(&self, client: &Client, length: &str, check: &str, begin: &str) -> anyhow::Result<Option<f64>> {
        let check = check.replace(' ', "%20");
        let found = self.findings(client, &format!("length={length}&check={check}"), begin)?;
        Ok(found.first().and_then(|it| it["observed"].as_f64()))
    }

    /// The clock as the story tells it.
    pub fn clock(&self) -> String {
        self.now.format("%H:%M").to_string()
    }
}
