//! The story: three hours, as a person on call would see them.

use std::io::Write;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::attribution::cause;
use super::client::{Client, items, time, until};
use super::orders::{PER_STEP, SCALE, STEP, Version};
use super::stage::{Mend, Stage};
use super::verdict::Outcome;
use crate::actions::signature;
use crate::http::Came;

const TRIGGER: &str = "accuracy is down";
const STEPS_AN_HOUR: i32 = 12;
const HOUR: TimeDelta = TimeDelta::hours(1);
/// The step whose labels have all come, before now.
const LABELLED: TimeDelta = TimeDelta::minutes(15);

struct Play<'a> {
    client: Client,
    stage: Stage,
    came: &'a Receiver<Came>,
    key: &'a str,
    outcome: Outcome,
    out: &'a mut dyn Write,
}

/// Plays the story on a stage, against the service at `url`, whose actions send to `came` and sign with `key`.
pub fn play(
    stage: Stage,
    url: &str,
    came: &Receiver<Came>,
    key: &str,
    mend: Mend,
    out: &mut dyn Write,
) -> anyhow::Result<Outcome> {
    let outcome = Outcome { suite: stage.name.clone(), ..Outcome::default() };
    let mut play = Play { client: Client::new(url), stage, came, key, outcome, out };
    play.good_hour()?;
    if let Some(incident) = play.bad_hour()? {
        play.mended(&incident, mend)?;
        play.verified(&incident, mend)?;
    } else {
        play.outcome.equal("the incident before approval", "waiting", "none was opened");
    }
    Ok(play.outcome)
}

impl Play<'_> {
    fn tell(&mut self, text: &str) -> anyhow::Result<()> {
        let clock = self.stage.clock();
        for (i, line) in text.lines().enumerate() {
            let margin = if i == 0 { clock.as_str() } else { "" };
            writeln!(self.out, "{margin:5}  {line}")?;
        }
        self.out.flush()?;
        Ok(())
    }

    fn number(&self, length: &str, check: &str, begin: &str) -> anyhow::Result<Option<f64>> {
        self.stage.observed(&self.client, length, check, begin)
    }

    /// Version 1 is watched for an hour, which becomes the baseline.
    fn good_hour(&mut self) -> anyhow::Result<()> {
        let name = self.stage.name.clone();
        let model = format!("/v1/models/{name}/versions");
        let known = [
            ("v0", "takes the amount from the ledger: slow", TimeDelta::days(30)),
            ("v1", "takes the amount from the feature store", TimeDelta::days(1)),
        ];
        for (version, what, before) in known {
            let about = json!({ "suite": name, "metadata": { "what": what, "accuracy": 0.96 } });
            self.client.put(&format!("{model}/{version}"), &about)?;
            let at = json!({ "at": time(self.stage.now - before) });
            self.client.post(&format!("{model}/{version}:deploy"), &at)?;
        }
        self.tell(&format!(
            "The model {name} says of each order whether it will be paid in time. v1 is deployed.\n\
             What came of an order is known ten minutes later. The suite wants 95 % to be right."
        ))?;
        for _ in 0..STEPS_AN_HOUR {
            self.stage.step(&self.client)?;
        }
        self.stage.scale = SCALE;
        self.stage.begin_step(&self.client)?;
        let begin = self.stage.judged(&self.client, "1h", HOUR, 0)?;
        self.stage.judged(&self.client, "5m", STEP, 0)?;
        let p95 = self.number("1h", "p95 latency", &begin)?;
        self.outcome.number("p95 latency of v1", 50.0, 2.0, "ms", p95);
        let asked = json!({ "suite": name, "length": "1h", "since": begin, "until": time(self.stage.now) });
        let made = self.client.post(&format!("/v1/baselines/{name}:from-windows"), &asked)?;
        self.tell(&format!(
            "v1 has answered {} orders, 95 % of them within {} ms. That hour becomes the baseline, version {}.\n\
             Now the feature store begins to send amounts in another currency: features.amount times {SCALE}.\n\
             Nobody is told.",
            PER_STEP as i32 * STEPS_AN_HOUR,
            told(p95, 1.0),
            made["active"],
        ))?;
        self.stage.end_step(&self.client)
    }

    /// The feature has another scale. The id of the incident that waits, if one was opened.
    fn bad_hour(&mut self) -> anyhow::Result<Option<String>> {
        let mut incident = None;
        let change = time(self.stage.now - STEP);
        for step in 1..STEPS_AN_HOUR {
            self.stage.begin_step(&self.client)?;
            if step == 1 {
                self.stage.judged(&self.client, "5m", STEP, 0)?;
                self.drift(&change)?;
            }
            if incident.is_none() && step > 1 {
                let begin = self.stage.judged(&self.client, "5m", LABELLED, PER_STEP as u64)?;
                let accuracy = self.number("5m", "accuracy", &begin)?;
                if step == 2 {
                    self.accuracy_of("accuracy of v1", STEPS_AN_HOUR + 2, 96.0, 0.5)?;
                } else if step == 3 {
                    self.tell(&format!(
                        "The first labels since the change: {} % of the orders were judged right, where 95 % are wanted.",
                        told(accuracy, 100.0)
                    ))?;
                }
                incident = self.asked(accuracy.is_some_and(|it| it < 0.95))?;
                if let Some(id) = &incident {
                    self.waiting(id)?;
                }
            }
            self.stage.end_step(&self.client)?;
        }
        Ok(incident)
    }

    /// What is known before the first label.
    fn drift(&mut self, begin: &str) -> anyhow::Result<()> {
        let found = self.stage.findings(&self.client, "kind=stable&length=5m", begin)?;
        let paths = |wanted: &str| {
            let of = found.iter().filter(|it| it["status"] == wanted).filter_map(|it| it["path"].as_str());
            let mut of: Vec<_> = of.collect();
            of.sort_unstable();
            of.join(", ")
        };
        let (drifted, stable) = (paths("fail"), paths("pass"));
        let one = found.iter().find(|it| it["status"] == "fail");
        let effect = one.and_then(|it| it["details"]["effect"].as_str()).unwrap_or_default().to_owned();
        self.outcome.equal("fields that drifted", "features.amount", &drifted);
        self.outcome.equal("fields that did not", "features.history, features.ledger_amount", &stable);
        self.tell(&format!(
            "Drift is found before any label is there: {drifted}: {effect}.\n\
             As in the baseline: {stable}."
        ))
    }

    /// The accuracy of the hour that began so many steps ago, all labels of which are there now; when it began.
    fn accuracy_of(&mut self, what: &'static str, steps: i32, wanted: f64, by: f64) -> anyhow::Result<String> {
        let labels = PER_STEP as u64 * STEPS_AN_HOUR as u64;
        let begin = self.stage.judged(&self.client, "1h", STEP * steps, labels)?;
        let accuracy = self.number("1h", "accuracy", &begin)?.map(|it| it * 100.0);
        self.outcome.number(what, wanted, by, "%", accuracy);
        let hour: DateTime<Utc> = begin.parse()?;
        self.tell(&format!(
            "All labels of {} to {} are there: {} % of {labels} orders were judged right.",
            hour.format("%H:%M"),
            (hour + HOUR).format("%H:%M"),
            told(accuracy, 1.0)
        ))?;
        Ok(begin)
    }

    /// Lets the trigger see what there is; the incident if it waits for approval.
    fn asked(&self, is_bad: bool) -> anyhow::Result<Option<String>> {
        if !is_bad {
            return Ok(None);
        }
        let path = format!("/v1/suites/{}/triggers", self.stage.name);
        until("a decision of the trigger", || {
            let triggers = self.client.get(&path)?;
            let state = &triggers[0]["states"][0];
            match state["state"].as_str().unwrap_or("ok") {
                "ok" => Ok(None),
                "pending" => {
                    // It goes on by itself when the time of the records has come so far.
                    let wakes: Option<DateTime<Utc>> = state["wakes_at"].as_str().and_then(|it| it.parse().ok());
                    Ok(wakes.is_some_and(|it| it > self.stage.now).then_some(None))
                }
                _ => Ok(Some(state["incident"].as_str().map(str::to_owned))),
            }
        })
    }

    /// The trigger asks a person.
    fn waiting(&mut self, id: &str) -> anyhow::Result<()> {
        id.clone_into(&mut self.outcome.incident);
        let incident = self.client.get(&format!("/v1/incidents/{id}"))?;
        self.outcome.equal("the incident before approval", "waiting", incident["state"].as_str().unwrap_or_default());
        let (told, is_genuine) = self.notice("/on-call")?;
        self.outcome.equal("the person on call is asked", "needs_approval, signed", &kind(&told, is_genuine));
        let cause = cause(&self.client, id)?;
        let found =
            cause.as_ref().map_or_else(|| "nothing".to_owned(), |it| format!("{}: {}", it.category, it.subject));
        self.outcome.equal("the loss is put down to", "data: features.amount", &found);
        let (score, evidence) = cause.map_or((0.0, String::new()), |it| (it.score, it.evidence));
        let reason = incident["reason"].as_str().unwrap_or_default().to_owned();
        self.tell(&format!(
            "The trigger `{TRIGGER}` asks before it acts: {reason}.\n\
             The person on call is told. The diagnosis of the incident puts the loss down to {found} (score {score:.2}):\n\
             {evidence}.\n\
             A: deploy v0 again, which does not read that field ({} %). B: train v2 with what came since.",
            self.accuracy_of_v0()?
        ))
    }

    fn accuracy_of_v0(&self) -> anyhow::Result<String> {
        let v0 = self.client.get(&format!("/v1/models/{}/versions/v0", self.stage.name))?;
        Ok(told(v0["metadata"]["accuracy"].as_f64(), 100.0))
    }

    /// The next notice, which must have been sent to that path: its data, and whether its signature is right.
    fn notice(&self, path: &str) -> anyhow::Result<(Value, bool)> {
        let came = self.came.recv_timeout(Duration::from_mins(1)).context("no action was sent")?;
        if came.path != path {
            bail!("a notice came to {} that was wanted at {path}", came.path);
        }
        let is_genuine = signature(&[self.key], &came.timestamp, &came.body) == came.signature;
        Ok((serde_json::from_slice(&came.body).context("what an action sent is no JSON")?, is_genuine))
    }

    /// A person approves; the pipeline is told, and does it.
    fn mended(&mut self, id: &str, mend: Mend) -> anyhow::Result<()> {
        let name = self.stage.name.clone();
        let (version, what) = match mend {
            Mend::Rollback => (Version::V0, "roll back to v0"),
            Mend::Retrain => (Version::V2, "train v2"),
        };
        let early: Vec<_> = self.came.try_iter().map(|it| it.path).collect();
        self.outcome.equal("sent before somebody approves", "nothing", &early.join(", "));
        self.client.post(&format!("/v1/triggers/{id}:approve"), &json!({ "reason": what }))?;
        // Two receivers, so that either may come first: the person is told of the approval and of the action.
        let mut pipeline = None;
        for _ in 0..3 {
            let came = self.came.recv_timeout(Duration::from_mins(1)).context("the webhook did not come")?;
            if came.path == "/mend" {
                let is_genuine = signature(&[self.key], &came.timestamp, &came.body) == came.signature;
                pipeline = Some((serde_json::from_slice::<Value>(&came.body)?, is_genuine));
            }
        }
        let (event, is_genuine) = pipeline.unwrap_or_default();
        self.outcome.equal("the pipeline's webhook", "fired, signed", &kind(&event, is_genuine));
        let of = event["data"]["incident"].as_str().unwrap_or_default();
        self.outcome.equal("it names the incident", id, of);
        if mend == Mend::Retrain {
            let run = format!("{name}-r2");
            let at = time(self.stage.now);
            let accuracy = json!({ "accuracy": 0.96 });
            let events = json!([
                { "id": run, "model": name, "status": "started", "started_at": at, "incident": id },
                { "id": run, "status": "succeeded", "finished_at": at, "version": "v2", "metrics": accuracy },
            ]);
            self.client.post("/v1/retrain-runs", &events)?;
            self.client.put(&format!("/v1/models/{name}/versions/v2"), &json!({ "suite": name }))?;
        }
        let path = format!("/v1/models/{name}/versions/{}:deploy", version.name());
        self.client.post(&path, &json!({ "at": time(self.stage.now) }))?;
        let deployed = self.client.get(&format!("/api/v1/models/version?model={name}"))?;
        let deployed = deployed["version"].as_str().unwrap_or_default().to_owned();
        self.outcome.equal("the version that is deployed", version.name(), &deployed);
        self.stage.version = version;
        self.tell(&format!(
            "A person approves: {what}. The pipeline is sent {}, with a signature that is {}.\n\
             It deploys {deployed}. The incident is open until the accuracy is seen to be back.",
            event["type"].as_str().unwrap_or("nothing"),
            if is_genuine { "right" } else { "WRONG" },
        ))
    }

    /// The hour after.
    fn verified(&mut self, id: &str, mend: Mend) -> anyhow::Result<()> {
        let mut is_over = false;
        for step in 0..=STEPS_AN_HOUR + 2 {
            self.stage.begin_step(&self.client)?;
            if step == 2 {
                let hour = self.accuracy_of("accuracy of v1 after the change", STEPS_AN_HOUR + 2, 88.0, 1.5)?;
                let found = self.stage.findings(&self.client, "kind=stable&status=fail&length=1h", &hour)?;
                let effect = found.first().and_then(|it| it["details"]["effect"].as_str()).unwrap_or_default();
                // Such as `mean 50.0 -> 75.0, +50 %`.
                let change = effect.rsplit_once(", ").and_then(|it| it.1.trim_end_matches('%').trim().parse().ok());
                self.outcome.number("the mean of the amount has changed by", (SCALE - 1.0) * 100.0, 3.0, "%", change);
            }
            if step >= 3 && !is_over {
                let begin = self.stage.judged(&self.client, "5m", LABELLED, PER_STEP as u64)?;
                let accuracy = self.number("5m", "accuracy", &begin)?;
                if accuracy.is_some_and(|it| it >= 0.955) {
                    let it = until("the verification", || {
                        let it = self.client.get(&format!("/v1/incidents/{id}"))?;
                        Ok((it["closed_at"].is_string() || it["state"] == "escalated").then_some(it))
                    })?;
                    self.tell(&format!(
                        "The first labels since: {} % were judged right. The incident is {}: {}.",
                        told(accuracy, 100.0),
                        it["state"].as_str().unwrap_or_default(),
                        it["reason"].as_str().unwrap_or_default()
                    ))?;
                    is_over = true;
                }
            }
            if step == STEPS_AN_HOUR + 2 {
                self.accuracy_of("accuracy at the end", STEPS_AN_HOUR + 2, 96.0, 0.5)?;
            } else {
                self.stage.end_step(&self.client)?;
            }
        }
        let end = if is_over {
            self.notice("/on-call").map(|(end, is_genuine)| kind(&end, is_genuine))?
        } else {
            "nothing".to_owned()
        };
        self.outcome.equal("the person is told of the end", "resolved, signed", &end);
        let it = self.client.get(&format!("/v1/incidents/{id}"))?;
        self.outcome.equal("the incident at the end", "resolved", it["state"].as_str().unwrap_or_default());
        let steps = it["events"].as_array().map_or(&[][..], Vec::as_slice);
        let steps: Vec<_> = steps.iter().filter_map(|it| it["kind"].as_str()).collect();
        let wanted = match mend {
            Mend::Rollback => "needs_approval, approved, fired, resolved",
            // The run that trained the new version tells the incident that it has ended.
            Mend::Retrain => "needs_approval, approved, fired, run_ended, resolved",
        };
        self.outcome.equal("its steps", wanted, &steps.join(", "));
        let all = self.client.get(&format!("/v1/triggers?suite={}", self.stage.name))?;
        self.outcome.equal("incidents in all", "1", &items(&all).len().to_string());
        Ok(())
    }
}

/// A number with one digit behind the point, or that there is none.
fn told(it: Option<f64>, times: f64) -> String {
    it.map_or_else(|| "?".to_owned(), |it| format!("{:.1}", it * times))
}

/// What a notice is of, and whether it was signed.
fn kind(event: &Value, is_genuine: bool) -> String {
    let kind = event["type"].as_str().unwrap_or_default();
    let kind = kind.trim_start_matches("io.driftline.trigger.").trim_end_matches(".v1");
    format!("{}, {}", kind.replace('-', "_"), if is_genuine { "signed" } else { "not signed" })
}
