//! What the service says of actions and of what they sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::time;
use crate::store::outbox::DeliveryRow;

/// An action, and what became of its notices.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ActionOut {
    /// Its name.
    pub name: String,
    /// `webhook`, `alertmanager`, `slack`, ..; none of one that notices name and nobody configured.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Where it sends to: scheme and host.
    pub url: Option<String>,
    /// The notices that it takes; none: all, or `fired` of types that start something.
    pub on: Option<Vec<String>>,
    /// Whether what it sends is signed.
    pub signed: bool,
    /// Whether it may send to this machine and to private networks.
    pub allow_private: bool,
    /// Notices that wait, or are being sent.
    pub pending: i64,
    /// When the oldest of them happened (RFC 3339).
    pub oldest_pending: Option<String>,
    /// Notices that were delivered, as long as they are kept.
    pub delivered: i64,
    /// Notices that were given up.
    pub dead: i64,
    /// Notices that it does not take.
    pub skipped: i64,
}

/// A notice, and what became of it.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct DeliveryOut {
    /// Its id, which the receiver is given as `Idempotency-Key`.
    pub id: Uuid,
    /// The incident.
    pub incident: Uuid,
    /// The suite.
    pub suite: String,
    /// The trigger.
    pub trigger: String,
    /// The action.
    pub action: String,
    /// `io.driftline.trigger.fired.v1` and the like.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened (RFC 3339).
    pub at: String,
    /// `pending`, `delivered`, `dead` (given up) or `skipped` (the action does not take it).
    pub state: String,
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried again; none: at once, or never.
    pub next_at: Option<String>,
    /// What the receiver answered at last.
    pub last_status: Option<i64>,
    /// Why it was not delivered at last.
    pub last_error: Option<String>,
    /// When it was delivered, given up or passed over.
    pub ended_at: Option<String>,
    /// What is told.
    pub data: Value,
}

impl From<DeliveryRow> for DeliveryOut {
    fn from(it: DeliveryRow) -> Self {
        DeliveryOut {
            id: it.id,
            incident: it.incident,
            suite: it.suite,
            trigger: it.trigger,
            action: it.action,
            kind: it.kind,
            at: time(it.at),
            next_at: it.next_at.filter(|_| it.state == "pending").map(time),
            state: it.state,
            tries: it.tries,
            last_status: it.last_status,
            last_error: it.last_error,
            ended_at: it.ended_at.map(time),
            data: it.data,
        }
    }
}

/// What came of a test of an action.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct TestOut {
    /// Whether the receiver took it.
    pub delivered: bool,
    /// The id of the notice.
    pub id: Uuid,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// Why it did not take it.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}
