//! `driftline triggers approve`, `reject`, `ack`, `resolve`, `fire` and `feedback`: what a person decides, told to a
//! service that runs.

use anyhow::bail;
use clap::{ArgGroup, Args as ClapArgs};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::client::{Question, Service, refused};
use crate::cli::say;

/// Which incident, and why.
#[derive(ClapArgs, Debug)]
struct Of {
    /// The incident's id.
    #[arg(value_name = "ID")]
    id: Uuid,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    service: Service,
}

/// Approve an incident that waits: its actions are run.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers approve 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10 --reason 'new data is complete'\n\nExit codes: 0; 1 the service refuses it; 3 when nobody answers."
)]
pub struct Approve {
    #[command(flatten)]
    of: Of,
}

/// Reject an incident that waits: nothing is done.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers reject 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10 --reason 'a campaign'\n\nExit codes: 0; 1 the service refuses it; 3 when nobody answers."
)]
pub struct Reject {
    #[command(flatten)]
    of: Of,
}

/// Say that somebody looks at an incident.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers ack 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10\n\nExit codes: 0; 1 the service refuses it; 3 when nobody answers."
)]
pub struct Ack {
    #[command(flatten)]
    of: Of,
}

/// Say that an incident is over.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers resolve 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10\n\nExit codes: 0; 1 the service refuses it; 3 when nobody answers."
)]
pub struct Resolve {
    #[command(flatten)]
    of: Of,
}

/// Fire a trigger now, whatever its condition says: its actions are run.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline triggers fire payments/weekly\n  driftline triggers fire 'payments/accuracy is down' --key region=eu\n  driftline triggers fire 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10\n\nExit codes: 0; 1 the service refuses it; 3 when nobody answers."
)]
pub struct Fire {
    /// `SUITE/TRIGGER`, or an incident's id: its trigger for the same segment.
    #[arg(value_name = "TRIGGER")]
    trigger: String,
    /// The segment; all records without it.
    #[arg(long, value_name = "SEGMENT")]
    key: Option<String>,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    service: Service,
}

/// Say whether an incident was a true alarm: the share of true ones is its rule's precision.
#[derive(ClapArgs, Debug)]
#[command(
    group(ArgGroup::new("alarm").required(true).args(["true_alarm", "false_alarm"])),
    after_help = "Examples:\n  driftline triggers feedback 0192f0c1-2f6b-7c3e-9d54-9b4e2f1f6a10 --false-alarm --note 'a holiday'\n\nExit codes: 0; 1 the service refuses it; 3 when nobody answers."
)]
pub struct Feedback {
    /// The incident's id.
    #[arg(value_name = "ID")]
    id: Uuid,
    /// It was one.
    #[arg(long)]
    true_alarm: bool,
    /// It was none.
    #[arg(long)]
    false_alarm: bool,
    /// What there is to say to it.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    service: Service,
}

/// Runs `approve`; the exit code.
pub fn approve(args: &Approve) -> anyhow::Result<u8> {
    args.of.does("approve")
}

/// Runs `reject`; the exit code.
pub fn reject(args: &Reject) -> anyhow::Result<u8> {
    args.of.does("reject")
}

/// Runs `ack`; the exit code.
pub fn ack(args: &Ack) -> anyhow::Result<u8> {
    args.of.does("ack")
}

/// Runs `resolve`; the exit code.
pub fn resolve(args: &Resolve) -> anyhow::Result<u8> {
    args.of.does("resolve")
}

/// Runs `fire`; the exit code.
pub fn fire(args: &Fire) -> anyhow::Result<u8> {
    let body = json!({"reason": args.reason, "key": args.key});
    if let Ok(id) = Uuid::parse_str(&args.trigger) {
        if args.key.is_some() {
            bail!("--key stands beside the name of a trigger; an incident has its own");
        }
        return told(&args.service, &["v1", "triggers", &format!("{id}:fire")], &body);
    }
    let Some((suite, name)) = args.trigger.split_once('/') else {
        bail!("{}: a trigger is `SUITE/TRIGGER`, an incident an id", args.trigger);
    };
    told(&args.service, &["v1", "suites", suite, "triggers", &format!("{name}:fire")], &body)
}

/// Runs `feedback`; the exit code.
pub fn feedback(args: &Feedback) -> anyhow::Result<u8> {
    let body = json!({"alarm": args.true_alarm, "note": args.note});
    told(&args.service, &["v1", "triggers", &format!("{}:feedback", args.id)], &body)
}

impl Of {
    fn does(&self, word: &str) -> anyhow::Result<u8> {
        told(&self.service, &["v1", "triggers", &format!("{}:{word}", self.id)], &json!({"reason": self.reason}))
    }
}

/// Asks for something, and says how the incident stands then.
fn told(service: &Service, path: &[&str], body: &Value) -> anyhow::Result<u8> {
    let body = body.to_string();
    let (status, answer) = service.ask(Question { method: "POST", path, body: body.as_bytes(), ..Question::GET })?;
    if status >= 400 {
        return refused(&answer);
    }
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    say(|out| writeln!(out, "{} is {}: {}", text("id"), text("state"), text("reason")))?;
    Ok(0)
}
