//! What is to be told of an incident, and to whom.

use uuid::Uuid;

use crate::store::rows::Micros;
use crate::telemetry::Carried;

/// What one action is to be told of one step of an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its id, which follows from the incident, the number of the step and the action: the same whoever makes it.
    pub id: Uuid,
    /// The incident.
    pub incident: Uuid,
    /// The suite.
    pub suite: String,
    /// The trigger.
    pub trigger: String,
    /// The name of the action, as the host's configuration has it.
    pub action: String,
    /// The type of the event, such as `io.driftline.trigger.fired.v1`.
    pub kind: &'static str,
    /// What there is to tell.
    pub data: serde_json::Value,
    /// When it happened, by the clock.
    pub at: Micros,
    /// Where in a trace that was, if anybody knows the trace.
    pub trace: Option<Carried>,
}
