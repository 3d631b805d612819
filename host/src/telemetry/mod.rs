//! OpenTelemetry: traces that requests come with and go on in, spans that are recorded, and metrics, all sent to a collector
//! by OTLP where the variables of the specification (`OTEL_*`) say so. `docs/opentelemetry.md` tells what is sent.
//!
//! Traces and messages are those of the official crates; their exporters are not used, since they would bring a second
//! client, and none takes families of metrics that were counted elsewhere. Nothing else says `opentelemetry`.

pub mod lines;
mod metrics;
mod place;
mod sending;
mod spans;
mod variables;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use driftline_rules::family::Family;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

pub use opentelemetry::Value;
pub use place::{Begun, Carried, Place, Span, carried, carry, note, trace_id};
use sending::Sender;
use spans::Spans;
use variables::{Target, Variables};

/// Where families come from.
pub type Gather = Arc<dyn Fn() -> Vec<Family> + Send + Sync>;

/// What is sent while the service runs.
pub struct Telemetry {
    spans: Option<Spans>,
    metrics: Option<(Sender, Duration)>,
    resource: Resource,
    started: SystemTime,
    sending: Option<(JoinHandle<()>, watch::Sender<bool>)>,
}

impl Telemetry {
    /// Begins as the variables of the process say; what is wrong with them is told in the log. Within tokio, once.
    pub fn begin() -> Self {
        let variables = Variables::of_process();
        for problem in &variables.problems {
            warn!("{problem}");
        }
        let sender = |target: Option<Target>| {
            let made = Sender::new(target?);
            made.map_err(|why| warn!("OpenTelemetry: {why}; nothing is sent with it")).ok()
        };
        let (traces, metrics) = (sender(variables.traces), sender(variables.metrics));
        let resource = resource();
        for (what, to) in [("spans", &traces), ("metrics", &metrics)] {
            if let Some(to) = to {
                info!(to = to.url(), what, "sending to OpenTelemetry");
            }
        }
        let spans = traces.map(|it| Spans::new(it, resource.clone()));
        if let Some(it) = &spans {
            place::record_with(it.tracer());
        }
        let metrics = metrics.map(|it| (it, variables.every));
        Telemetry { spans, metrics, resource, started: SystemTime::now(), sending: None }
    }

    /// Sends metrics from now on, if they are to be sent.
    pub fn send_metrics(&mut self, gather: Gather) {
        let Some((sender, every)) = self.metrics.take() else { return };
        let (stop, stopped) = watch::channel(false);
        let sending = metrics::Sending::new(sender, &self.resource, self.started, gather);
        self.sending = Some((tokio::spawn(sending.run(every, stopped)), stop));
    }

    /// Sends what is there; what a collector does not take within `grace` is lost.
    pub async fn stop(self, grace: Duration) {
        if let Some((task, stop)) = self.sending {
            let _ = stop.send(true);
            let _ = tokio::time::timeout(grace, task).await;
        }
        if let Some(spans) = self.spans {
            let _ = tokio::task::spawn_blocking(move || spans.stop(grace)).await;
        }
    }
}

/// Who sends: what the variables say, and what they leave open.
fn resource() -> Resource {
    let said = Resource::builder().build();
    let has = |name: &'static str| said.get(&name.into()).is_some();
    let name = said.get(&"service.name".into()).map(|it| it.to_string()).unwrap_or_default();
    let mut more = Vec::new();
    // The SDK's word for a service without a name.
    if name.is_empty() || name.starts_with("unknown_service") {
        more.push(KeyValue::new("service.name", "driftline"));
    }
    if !has("service.version") {
        more.push(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    }
    // Counts of two hosts, or of a host before and after a restart, are not one.
    if !has("service.instance.id") {
        more.push(KeyValue::new("service.instance.id", uuid::Uuid::now_v7().to_string()));
    }
    Resource::builder().with_attributes(more).build()
}

/// What spans and metrics say of who has made them.
fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("driftline").with_version(env!("CARGO_PKG_VERSION")).build()
}
