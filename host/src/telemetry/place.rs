//! Where running code stands in a trace, and the spans that are recorded there.
//!
//! A place goes with the task of a request, so that lines of the log, rows of the store and webhooks know their trace
//! whether spans are recorded or not. It is not a span of `tracing`: those would cost every request what only a recorded
//! one needs, and a trace id that came from elsewhere has none.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use driftline_rules::trace::{Traceparent, hex};
use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator, SdkTracer, Span as SdkSpan};
use tokio::task::futures::TaskLocalFuture;

/// Letters of a `tracestate` that are carried: as many as the specification asks for.
const LONGEST_STATE: usize = 512;

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

tokio::task_local! {
    static HERE: Place;
}

/// Spans are recorded from now on.
pub(super) fn record_with(tracer: SdkTracer) {
    let _ = TRACER.set(tracer);
}

/// A place in a trace.
#[derive(Clone)]
pub struct Place {
    context: SpanContext,
    /// Whether the trace is that of a caller.
    is_told: bool,
    /// The span that is recorded here.
    span: Option<Arc<Mutex<SdkSpan>>>,
}

/// A place as it is handed on to others: the headers of W3C's Trace Context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// `traceparent`.
    pub traceparent: String,
    /// `tracestate`; empty: there is none.
    pub tracestate: String,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({})", self.traceparent())
    }
}

impl Place {
    /// Where a caller stands who sends these headers; `None` where the specification says that they are to be ignored.
    pub fn told(traceparent: &str, tracestate: &str) -> Option<Self> {
        let it = Traceparent::parse(traceparent)?;
        // A bad state is dropped, and the trace goes on.
        let is_member = |it: &str| it.split_once('=').is_some_and(|(key, value)| !key.is_empty() && !value.is_empty());
        let is_good = tracestate.len() <= LONGEST_STATE && tracestate.split(',').all(|it| is_member(it.trim()));
        let state =
            if is_good { TraceState::from_str(tracestate).unwrap_or(TraceState::NONE) } else { TraceState::NONE };
        let (trace, parent) = (TraceId::from_bytes(it.trace_id), SpanId::from_bytes(it.parent_id));
        let context = SpanContext::new(trace, parent, TraceFlags::new(it.flags), true, state);
        Some(Place { context, is_told: true, span: None })
    }

    /// A trace of its own, which nobody knows.
    pub fn fresh() -> Self {
        let ids = RandomIdGenerator::default();
        let (trace, span) = (ids.new_trace_id(), ids.new_span_id());
        let context = SpanContext::new(trace, span, TraceFlags::default(), false, TraceState::NONE);
        Place { context, is_told: false, span: None }
    }

    /// That of the running task.
    pub fn here() -> Option<Self> {
        HERE.try_with(Clone::clone).ok()
    }

    /// The id of the trace, 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        hex(&self.context.trace_id().to_bytes())
    }

    /// The id of the span, 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        hex(&self.context.span_id().to_bytes())
    }

    /// Whether the trace can be found anywhere: a caller knows it, or its spans are recorded.
    pub fn is_known(&self) -> bool {
        self.is_told || self.context.is_sampled()
    }

    /// What is handed on to others; nothing of a trace that nobody knows.
    pub fn carried(&self) -> Option<Carried> {
        self.is_known()
            .then(|| Carried { traceparent: self.traceparent(), tracestate: self.context.trace_state().header() })
    }

    fn traceparent(&self) -> String {
        // Of the flags those that the specification knows.
        let flags = self.context.trace_flags().to_u8() & 3;
        format!("00-{}-{}-{flags:02x}", self.trace_id(), self.span_id())
    }

    /// Runs a task here.
    pub fn cover<F: Future>(self, task: F) -> TaskLocalFuture<Place, F> {
        HERE.scope(self, task)
    }
}

/// The id of the trace that the running task is part of, if it can be found anywhere.
pub fn trace_id() -> Option<String> {
    HERE.try_with(|it| it.is_known().then(|| it.trace_id())).ok().flatten()
}

/// What the running task hands on to others.
pub fn carried() -> Option<Carried> {
    HERE.try_with(Place::carried).ok().flatten()
}

/// Looks at the place of the running task.
pub(super) fn with_here<T>(look: impl FnOnce(&Place) -> T) -> Option<T> {
    HERE.try_with(look).ok()
}

/// Says something of the span that is recorded where the task runs. Nothing is asked for where none is.
pub fn note<const N: usize>(say: impl FnOnce() -> [(&'static str, Value); N]) {
    let _ = HERE.try_with(|it| {
        if it.span.is_some() {
            for (name, value) in say() {
                it.note(name, value);
            }
        }
    });
}

/// Lets work that another thread does stand where this task does.
pub fn carry<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let here = Place::here();
    move || match here {
        Some(here) => HERE.sync_scope(here, work),
        None => work(),
    }
}

impl Place {
    fn note(&self, name: &'static str, value: Value) {
        if let Some(span) = &self.span {
            lock(span).set_attribute(KeyValue::new(name, value));
        }
    }
}

/// A piece of work that may be recorded; it ends when it is dropped, and all who stand in it are gone.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Span(Option<Place>);

/// What a span is known by from its beginning, and what samplers see.
#[derive(Debug, Default)]
pub struct Begun {
    /// What it is called.
    pub name: Cow<'static, str>,
    /// What is said of it.
    pub notes: Vec<(&'static str, Value)>,
    /// What has caused it, in other traces.
    pub causes: Vec<Carried>,
}

impl Span {
    /// Of a request that came: the place where it is answered, and whether it is recorded. `told` is where the caller
    /// stands; `begun` is asked where spans are recorded.
    pub fn of_request(told: Option<Place>, begun: impl FnOnce() -> Begun) -> (Place, Span) {
        let Some(tracer) = TRACER.get() else { return (told.unwrap_or_else(Place::fresh), Span(None)) };
        let is_told = told.is_some();
        let parent = told.map(|it| it.context);
        let place = start(tracer, SpanKind::Server, parent, is_told, begun());
        let span = Span(place.span.is_some().then(|| place.clone()));
        (place, span)
    }

    /// A part of what the running task does.
    pub fn part(name: &'static str) -> Span {
        Span::within(SpanKind::Internal, || Begun { name: Cow::Borrowed(name), ..Begun::default() })
    }

    fn within(kind: SpanKind, begun: impl FnOnce() -> Begun) -> Span {
        let Some(tracer) = TRACER.get() else { return Span(None) };
        let here = HERE.try_with(|it| it.span.is_some().then(|| (it.context.clone(), it.is_told)));
        let Ok(Some((parent, is_told))) = here else { return Span(None) };
        recorded(start(tracer, kind, Some(parent), is_told, begun()))
    }

    /// A request to another system, a part of what the running task does.
    pub fn call(begun: impl FnOnce() -> Begun) -> Span {
        Span::within(SpanKind::Client, begun)
    }

    /// Work that no request waits for: a trace of its own.
    pub fn of_task(begun: impl FnOnce() -> Begun) -> Span {
        let Some(tracer) = TRACER.get() else { return Span(None) };
        recorded(start(tracer, SpanKind::Internal, None, false, begun()))
    }

    /// Says something of it. Nothing is asked for where it is not recorded.
    pub fn note<const N: usize>(&self, say: impl FnOnce() -> [(&'static str, Value); N]) {
        if let Some(place) = &self.0 {
            for (name, value) in say() {
                place.note(name, value);
            }
        }
    }

    /// It did not do what it should.
    pub fn fail(&self, kind: impl Into<Value>, why: impl Into<Cow<'static, str>>) {
        if let Some(span) = self.0.as_ref().and_then(|it| it.span.as_ref()) {
            let mut span = lock(span);
            span.set_attribute(KeyValue::new("error.type", kind));
            span.set_status(Status::error(why));
        }
    }

    /// Runs a task within it, which does not end it. Meant for work beside which a box costs nothing.
    pub async fn cover<F: Future>(&self, task: F) -> F::Output {
        // Such tasks are large, and would be part of the future three times.
        let task = Box::pin(task);
        match self.0.clone() {
            None => task.await,
            Some(place) => place.cover(task).await,
        }
    }

    /// Does work within it, which does not end it.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        match self.0.clone() {
            None => work(),
            Some(place) => HERE.sync_scope(place, work),
        }
    }
}

fn recorded(place: Place) -> Span {
    Span(place.span.is_some().then_some(place))
}

fn start(tracer: &SdkTracer, kind: SpanKind, parent: Option<SpanContext>, is_told: bool, begun: Begun) -> Place {
    let Begun { name, notes, causes } = begun;
    let links = causes.iter().filter_map(|it| Place::told(&it.traceparent, &it.tracestate));
    let builder = SpanBuilder::from_name(name)
        .with_kind(kind)
        .with_attributes(notes.into_iter().map(|(name, value)| KeyValue::new(name, value)))
        .with_links(links.map(|it| Link::with_context(it.context)).collect());
    // Not the current context of OpenTelemetry, which nobody here sets.
    let parent = parent.map_or_else(Context::new, |it| Context::new().with_remote_span_context(it));
    let span = tracer.build_with_context(builder, &parent);
    let context = span.span_context().clone();
    let span = span.is_recording().then(|| Arc::new(Mutex::new(span)));
    Place { context, is_told, span }
}

fn lock(span: &Mutex<SdkSpan>) -> std::sync::MutexGuard<'_, SdkSpan> {
    span.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_a_caller_tells_is_carried_on() {
        let it = Place::told(PARENT, "vendor=a,other=b").unwrap();
        let carried = it.carried().unwrap();
        assert_eq!((carried.traceparent.as_str(), carried.tracestate.as_str()), (PARENT, "vendor=a,other=b"));
        assert_eq!(
            (it.trace_id(), it.span_id()),
            ("0af7651916cd43dd8448eb211c80319c".into(), "b7ad6b7169203331".into())
        );
        // Flags of later specifications are not ours to tell.
        let later = Place::told(&PARENT.replace("-01", "-ff"), "").unwrap();
        assert_eq!(later.carried().unwrap().traceparent, PARENT.replace("-01", "-03"));
        for bad in ["no", "=,", &"a=b,".repeat(200)] {
            assert_eq!(Place::told(PARENT, bad).unwrap().carried().unwrap().tracestate, "", "{bad}");
        }
        assert!(Place::told("00-0-0-00", "").is_none());
    }

    #[test]
    fn a_trace_that_nobody_knows_is_not_told() {
        let it = Place::fresh();
        assert_eq!((it.carried(), it.is_known()), (None, false));
        assert_ne!(it.trace_id(), Place::fresh().trace_id());
        assert_eq!((it.trace_id().len(), it.span_id().len()), (32, 16));
    }

    #[tokio::test]
    async fn a_place_goes_with_its_task_and_with_work_that_is_carried() {
        assert_eq!(trace_id(), None);
        let place = Place::told(PARENT, "").unwrap();
        let expected = Some(place.trace_id());
        let found = place.cover(async {
            let carried = tokio::task::spawn_blocking(carry(trace_id)).await.unwrap();
            (trace_id(), carried, tokio::task::spawn_blocking(trace_id).await.unwrap())
        });
        assert_eq!(found.await, (expected.clone(), expected, None));
        assert_eq!(trace_id(), None);
    }
}
