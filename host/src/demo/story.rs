//! Playing the days, and telling what happened.

use std::io::{self, Write};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

use super::{Batch, DEPLOYED, Simulator};

/// What is told at the end.
#[derive(Debug, Default)]
pub struct Told {
    /// Records sent.
    pub records: u64,
    /// Records that failed a critical expectation.
    pub failed: u64,
    /// The id of a batch that failed.
    pub bad: Option<String>,
}

/// The part of an answer that the story needs.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    result_id: String,
    records: u64,
    failed: u64,
    warned: u64,
}

/// Sends all batches to the service at `url` as a client would, and tells what it answers.
pub fn play(simulator: Simulator, url: &str, out: &mut dyn Write) -> anyhow::Result<Told> {
    let agent = ureq::Agent::new_with_defaults();
    let mut told = Told::default();
    let mut span = Answer::default();
    writeln!(out, "An intent router answers customers of a bank; each of its predictions is checked.\n")?;
    let mut last: Option<Batch> = None;
    for batch in simulator {
        if let Some(last) = last.as_ref().filter(|it| it.hour / 4 != batch.hour / 4 || it.day != batch.day) {
            line(last, &span, out)?;
            span = Answer::default();
        }
        if batch.day == 2 && batch.hour == DEPLOYED && last.as_ref().is_some_and(|it| it.hour != DEPLOYED) {
            writeln!(out, "         {DEPLOYED}:00  version 2.4.0 is deployed")?;
        }
        let answer = send(&agent, url, &batch)?;
        told.records += answer.records;
        told.failed += answer.failed;
        if answer.failed > 0 {
            told.bad = Some(answer.result_id.clone());
        }
        span.records += answer.records;
        span.failed += answer.failed;
        span.warned += answer.warned;
        last = Some(batch);
    }
    if let Some(last) = &last {
        line(last, &span, out)?;
    }
    why(&agent, url, out)?;
    Ok(told)
}

fn send(agent: &ureq::Agent, url: &str, batch: &Batch) -> anyhow::Result<Answer> {
    let at = batch.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let request = agent
        .post(format!("{url}/v1/suites/intent-router/check"))
        .query("verdicts", "none")
        .query("source", "demo")
        .query("at", &at)
        .query("wait", "stored")
        .content_type("application/x-ndjson");
    let mut response = request.send(&batch.lines).context("the service did not answer")?;
    response.body_mut().read_json().context("the service answered something else")
}

fn line(last: &Batch, span: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let share = |n: u64| 100.0 * n as f64 / span.records.max(1) as f64;
    let (failed, warned) = (share(span.failed), share(span.warned));
    let bar = "#".repeat((failed / 2.0).round() as usize);
    writeln!(
        out,
        "  day {}, {:02}:00  {:5} records  {failed:5.1} % failed  {warned:4.1} % warned  {bar}",
        last.day,
        last.hour / 4 * 4,
        span.records
    )
}

/// What failed most, as the history says.
fn why(agent: &ureq::Agent, url: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let get = |path: &str| -> anyhow::Result<Value> {
        let mut response = agent.get(format!("{url}{path}")).call().context("the service did not answer")?;
        Ok(response.body_mut().read_json()?)
    };
    let stats = get("/v1/stats?suite=intent-router&bucket=86400&since=2000-01-01")?;
    let mut failed: Vec<(i64, &str, i64)> = Vec::new();
    for it in stats.as_array().into_iter().flatten() {
        let n = it["failed"].as_i64().unwrap_or(0);
        let name = it["check"].as_str().unwrap_or_default();
        match failed.iter_mut().find(|it| it.1 == name) {
            Some(known) => {
                known.0 += n;
                known.2 += it["seen"].as_i64().unwrap_or(0);
            }
            None => failed.push((n, name, it["seen"].as_i64().unwrap_or(0))),
        }
    }
    failed.retain(|it| it.0 > 0);
    failed.sort_by_key(|it| std::cmp::Reverse(it.0));
    writeln!(out, "\nWhat failed, over both days:")?;
    for (n, name, seen) in &failed {
        writeln!(out, "  {n:5} of {seen}  {name}")?;
    }
    let examples = get("/v1/failures?suite=intent-router&severity=critical&limit=200")?;
    writeln!(out, "\nFor instance:")?;
    let mut shown: Vec<&str> = Vec::new();
    for it in examples["items"].as_array().into_iter().flatten() {
        let check = it["check"].as_str().unwrap_or_default();
        if shown.contains(&check) || shown.len() == 3 {
            continue;
        }
        shown.push(check);
        let text = |name: &str| it[name].as_str().unwrap_or("-").to_owned();
        writeln!(
            out,
            "  {}: record {} of version {} on {}: {}",
            check,
            text("record_id"),
            text("version"),
            text("segment"),
            text("message")
        )?;
    }
    Ok(())
}
