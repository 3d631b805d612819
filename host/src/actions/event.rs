//! A notice as templates and other systems see it.

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::config::Moment;
use crate::service::notice::Notice;
use crate::store::outbox::DeliveryRow;
use crate::store::rows::Micros;
use crate::wire::time;

/// The kind of a test, which every action takes.
pub(super) const TEST: &str = "io.driftline.action.test.v1";
/// What describes the data of all events; `docs/trigger-event.schema.json`.
pub(super) const DATA_SCHEMA: &str = "urn:driftline:schema:trigger-event:v1";

/// A notice as templates see it.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// The notice's id.
    pub id: Uuid,
    /// `io.driftline.trigger.fired.v1`
    pub kind: String,
    /// The word in it: `fired`.
    pub what: String,
    /// The incident.
    pub incident: Uuid,
    /// The suite.
    pub suite: String,
    /// The trigger.
    pub trigger: String,
    /// The action.
    pub action: String,
    /// When it happened (RFC 3339).
    pub at: String,
    /// The same in microseconds since 1970.
    pub at_us: Micros,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// Why, in words.
    pub reason: String,
    /// One line for people.
    pub headline: String,
    /// Where the incident is shown; empty without `public_url`.
    pub link: String,
    /// Everything that is told.
    pub data: Value,
}

impl Event {
    /// What a row of the outbox is about; `public_url` is without a slash at its end.
    pub(super) fn new(row: &DeliveryRow, public_url: &str) -> Event {
        let what = what(&row.kind);
        let text = |name: &str| row.data.get(name).and_then(Value::as_str);
        let verb = match what.as_str() {
            "needs-approval" => "waits for approval",
            "escalated" => "is escalated",
            "resolved" => "is resolved",
            "approved" => "was approved",
            "rejected" => "was rejected",
            "acknowledged" => "was acknowledged",
            "stopped" => "has stopped: its runs brought no gain",
            "suggested" => "suggests that something is done",
            "test" => "is a test",
            other => other,
        };
        let link = match row.data.pointer("/links/incident").and_then(Value::as_str) {
            _ if public_url.is_empty() => String::new(),
            Some(path) if path.starts_with('/') => format!("{public_url}{path}"),
            _ => format!("{public_url}/v1/incidents/{}", row.incident),
        };
        Event {
            id: row.id,
            kind: row.kind.clone(),
            incident: row.incident,
            suite: row.suite.clone(),
            trigger: row.trigger.clone(),
            action: row.action.clone(),
            at: time(row.at),
            at_us: row.at,
            severity: text("severity")
                .filter(|it| ["critical", "warning", "info"].contains(it))
                .unwrap_or("warning")
                .to_owned(),
            reason: text("reason").unwrap_or_default().to_owned(),
            headline: format!("{}: `{}` {verb}", row.suite, row.trigger),
            link,
            data: row.data.clone(),
            what,
        }
    }

    /// Whether an action takes it that takes these.
    pub(super) fn is_one_of(&self, moments: &[Moment]) -> bool {
        self.kind == TEST || moments.iter().any(|it| it.name() == self.what)
    }
}

/// The word of a kind: of `io.driftline.trigger.needs_approval.v1` `needs-approval`.
fn what(kind: &str) -> String {
    let parts: Vec<_> = kind.split('.').collect();
    let word = parts.len().checked_sub(2).and_then(|it| parts.get(it)).copied().unwrap_or(kind);
    word.replace('_', "-")
}

/// A notice that says that it is a test, as actions are tried with.
pub(super) fn test_notice(action: &str, at: Micros) -> Notice {
    let id = Uuid::now_v7();
    Notice {
        id,
        incident: id,
        suite: "test".to_owned(),
        trigger: "test".to_owned(),
        action: action.to_owned(),
        kind: TEST,
        data: json!({
            "suite": "test", "trigger": "test", "incident": id, "severity": "info", "mode": "suggest",
            "reason": "somebody asked for a test of this action", "test": true,
        }),
        at,
        trace: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_kind_is_found() {
        assert_eq!(what("io.driftline.trigger.fired.v1"), "fired");
        assert_eq!(what("io.driftline.trigger.needs_approval.v1"), "needs-approval");
        assert_eq!(what(TEST), "test");
        assert_eq!((what(""), what("x")), (String::new(), "x".to_owned()));
    }
}
