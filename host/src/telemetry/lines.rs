//! Lines of the log, which say in which trace they were written.

use std::fmt::{self, Write as _};

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::place::{Place, with_here};

/// A form of lines that says the trace at their end.
pub struct Traced<F> {
    lines: F,
    say: fn(&Place, &mut String),
}

/// Lines in JSON: within a request all have `trace_id` and `span_id`.
pub fn json<F>(lines: F) -> Traced<F> {
    Traced { lines, say: into_object }
}

/// Lines for people: they have the trace if it can be found anywhere. Whether they have colours they must know by
/// themselves.
pub fn text<F>(lines: F) -> Traced<F> {
    Traced { lines, say: behind }
}

impl<S, N, F> FormatEvent<S, N> for Traced<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if with_here(|_| ()).is_none() {
            return self.lines.format_event(context, to, event);
        }
        let mut line = String::new();
        self.lines.format_event(context, Writer::new(&mut line), event)?;
        with_here(|it| (self.say)(it, &mut line));
        to.write_str(&line)
    }
}

fn into_object(place: &Place, line: &mut String) {
    if let Some(at) = line.rfind('}') {
        line.truncate(at);
        let _ = writeln!(line, ",\"trace_id\":\"{}\",\"span_id\":\"{}\"}}", place.trace_id(), place.span_id());
    }
}

fn behind(place: &Place, line: &mut String) {
    if place.is_known() {
        line.truncate(line.trim_end().len());
        let _ = writeln!(line, " trace_id={}", place.trace_id());
    }
}
