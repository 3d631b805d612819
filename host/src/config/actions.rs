//! The settings of actions: what is told to other systems when a trigger fires.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::{Hidden, Secret, TargetUrl};
use super::units::Span;

/// An action, which triggers name: where its notices are sent, in which form, and how often it is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionConfig {
    /// Name of the action, by which triggers name it; unique.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))]
    #[schemars(extend("x-expected" = "a name of up to 64 letters, digits, `.`, `_` and `-`"))]
    pub name: String,
    /// What is sent, and how.
    #[serde(rename = "type")]
    pub kind: ActionType,
    /// Address that it is sent to, `https://..` or `http://..`; of type `pagerduty` there is a default.
    #[serde(default)]
    pub url: Option<TargetUrl>,
    /// Which notices are sent; null: of types that start something (`github-dispatch`, `airflow`) `fired`, of the
    /// others all.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub on: Option<Vec<Moment>>,
    /// Key of the signature in `X-Driftline-Signature`; null: nothing is signed.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// The key before this one, while receivers change over: both signatures are sent.
    #[serde(default)]
    pub previous_secret: Option<Secret>,
    /// What is sent as `Authorization: Bearer ..`; of type `pagerduty` the routing key.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Further headers; their values are secrets.
    #[serde(default)]
    pub headers: Vec<HeaderConfig>,
    /// Of type `webhook`: where the attributes of the event stand.
    #[serde(default)]
    pub mode: EventMode,
    /// Of type `webhook`: whether the receiver is asked with `OPTIONS` before the first event whether it wants any
    /// (`WebHook-Request-Origin`).
    #[serde(default)]
    pub handshake: bool,
    /// Template of the body, instead of the one that is shipped; needed with type `template`, where no file is named.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub body: Option<String>,
    /// File of the template.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub body_file: Option<PathBuf>,
    /// Type of the body; what a template makes for JSON must be JSON.
    #[serde(default = "json")]
    #[schemars(regex(pattern = "^[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+(; ?[a-z]+=[A-Za-z0-9._-]+)*$"))]
    #[schemars(extend("x-expected" = "a media type such as `application/json`"))]
    pub content_type: String,
    /// The longest time that one try may take.
    #[serde(default = "ten_seconds")]
    pub timeout: Span,
    /// Tries before a notice is given up, which `driftline triggers redeliver` sends again.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 100))]
    pub attempts: u32,
    /// Time before the second try; it doubles from try to try.
    #[serde(default = "five_seconds")]
    pub first_retry: Span,
    /// The longest time between two tries, unless the receiver asks for a longer one.
    #[serde(default = "one_hour")]
    pub longest_retry: Span,
    /// Further statuses of an answer that mean that it was delivered; of type `airflow` 409 always does.
    #[serde(default)]
    pub delivered_on: Vec<u16>,
    /// Whether it may be sent to this machine and to private networks (127.0.0.1, 10.0.0.0/8, 169.254.169.254, ..).
    #[serde(default)]
    pub allow_private: bool,
}

/// A header that is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderConfig {
    /// Its name.
    #[schemars(regex(pattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"))]
    #[schemars(extend("x-expected" = "the name of a header"))]
    pub name: String,
    /// Its value.
    pub value: Hidden,
}

/// What is sent, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionType {
    /// A `CloudEvents` 1.0 event.
    Webhook,
    /// An alert for Prometheus Alertmanager (API v2).
    Alertmanager,
    /// A message for an incoming webhook of Slack.
    Slack,
    /// A card for a workflow's webhook of Microsoft Teams.
    Teams,
    /// An event for `PagerDuty` (Events API v2).
    Pagerduty,
    /// A `repository_dispatch` of GitHub, which starts workflows.
    GithubDispatch,
    /// A run of a DAG of Apache Airflow (REST API v2).
    Airflow,
    /// What `body` or `body_file` says.
    Template,
}

impl ActionType {
    /// The word in the configuration and in answers.
    pub const fn name(self) -> &'static str {
        match self {
            ActionType::Webhook => "webhook",
            ActionType::Alertmanager => "alertmanager",
            ActionType::Slack => "slack",
            ActionType::Teams => "teams",
            ActionType::Pagerduty => "pagerduty",
            ActionType::GithubDispatch => "github-dispatch",
            ActionType::Airflow => "airflow",
            ActionType::Template => "template",
        }
    }
}

/// Where the attributes of an event stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EventMode {
    /// In the body, beside the data (`application/cloudevents+json`).
    #[default]
    Structured,
    /// In headers `ce-..`; the body is the data alone.
    Binary,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// A trigger fired, in mode `approve` after somebody approved: now something is to be done.
    Fired,
    /// A trigger would have fired, and leaves it to people what is done.
    Suggested,
    /// It waits for somebody's approval.
    NeedsApproval,
    /// Somebody approved.
    Approved,
    /// Somebody rejected.
    Rejected,
    /// Somebody has seen it.
    Acknowledged,
    /// What was done did not help.
    Escalated,
    /// It is over.
    Resolved,
    /// Nothing more is done, since runs brought no gain.
    Stopped,
}

impl Moment {
    /// The word in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Moment::Fired => "fired",
            Moment::Suggested => "suggested",
            Moment::NeedsApproval => "needs-approval",
            Moment::Approved => "approved",
            Moment::Rejected => "rejected",
            Moment::Acknowledged => "acknowledged",
            Moment::Escalated => "escalated",
            Moment::Resolved => "resolved",
            Moment::Stopped => "stopped",
        }
    }
}

fn json() -> String {
    "application/json".to_owned()
}

fn ten_seconds() -> Span {
    Span::seconds(10)
}

fn five_seconds() -> Span {
    Span::seconds(5)
}

fn one_hour() -> Span {
    Span::hours(1)
}

fn ten() -> u32 {
    10
}
