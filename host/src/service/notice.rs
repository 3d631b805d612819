//! What a trigger has to tell: one notice for each transition and action.

use serde_json::Value;
use uuid::Uuid;

use crate::store::rows::Micros;

/// Something that an action is told of an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its id, which receivers are given as idempotency key: the same for the same transition and action.
    pub id: Uuid,
    /// The incident, whose notices are sent in the order in which they were written.
    pub incident: Uuid,
    /// The suite.
    pub suite: String,
    /// The trigger.
    pub trigger: String,
    /// The action's name in the configuration.
    pub action: String,
    /// `io.driftline.trigger.fired.v1` and the like.
    pub kind: &'static str,
    /// What is told: reason, severity, key, evidence, links.
    pub data: Value,
    /// When it happened.
    pub at: Micros,
}
