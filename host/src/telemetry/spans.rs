//! From recorded spans to messages: the SDK gathers them on a thread of its own, in a queue that is bounded, and what has no
//! room there is dropped.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use tokio::runtime::Handle;

use super::scope;
use super::sending::Sender;

/// What gathers spans and sends them.
pub struct Spans {
    provider: SdkTracerProvider,
    sender: Sender,
}

#[derive(Debug)]
struct Exporter {
    sender: Sender,
    resource: ResourceAttributesWithSchema,
    /// Where requests are made: the SDK's thread is none of tokio's.
    runtime: Handle,
}

impl Spans {
    /// Begins to gather. Sampler, limits and the queue are as the variables say.
    pub fn new(sender: Sender, resource: Resource) -> Self {
        let exporter = Exporter {
            sender: sender.clone(),
            resource: ResourceAttributesWithSchema::from(&resource),
            runtime: Handle::current(),
        };
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Spans { provider, sender }
    }

    /// What begins spans.
    pub fn tracer(&self) -> SdkTracer {
        self.provider.tracer_with_scope(scope())
    }

    /// Sends what is there, for so long; blocks.
    pub fn stop(&self, grace: Duration) {
        self.sender.hurry();
        // What was lost was told.
        let _ = self.provider.shutdown_with_timeout(grace);
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        let message = ExportTraceServiceRequest { resource_spans };
        let sender = self.sender.clone();
        let sent = self.runtime.spawn(async move { sender.send(&message).await }).await;
        sent.map_err(|it| it.to_string()).flatten().map_err(OTelSdkError::InternalFailure)
    }
}
