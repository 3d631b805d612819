//! An instance of a plugin, and one call into it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::component::{Instance, InstancePre};
use wasmtime::{OutOfMemory, PoolConcurrencyLimitError, Store, Trap};

use super::engine::{Runtime, ticks};
use super::limits::{Limits, Meter, cut, megabytes};

/// What the host keeps for an instance while it lives.
#[derive(Debug)]
pub struct Guest {
    pub(super) meter: Meter,
    /// Name and version for the log; nothing is known before `describe`.
    label: Arc<str>,
    lines: u32,
    least: Option<tracing::Level>,
    line_limit: usize,
    lines_limit: u32,
    /// The last line that the guest has logged at level error: a panic's message, as a rule.
    last_error: Option<String>,
    live: Arc<AtomicUsize>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Guest {
    /// Takes a line from the guest. Too long ones are cut, too many and those that nobody wants dropped.
    pub(super) fn log(&mut self, level: tracing::Level, message: String) {
        if self.least.is_none_or(|least| level > least) {
            return;
        }
        self.lines = self.lines.saturating_add(1);
        let is_error = level == tracing::Level::ERROR;
        if self.lines > self.lines_limit && !is_error {
            return;
        }
        let message = cut(message, self.line_limit);
        if self.lines <= self.lines_limit {
            let plugin = &*self.label;
            match level {
                tracing::Level::ERROR => tracing::error!(plugin, "{message}"),
                tracing::Level::WARN => tracing::warn!(plugin, "{message}"),
                tracing::Level::INFO => tracing::info!(plugin, "{message}"),
                tracing::Level::DEBUG => tracing::debug!(plugin, "{message}"),
                tracing::Level::TRACE => tracing::trace!(plugin, "{message}"),
            }
        }
        if is_error {
            self.last_error = Some(message);
        }
    }
}

/// An instance that can be called. After a [`Broken`] it is dead and has to be dropped.
pub(super) struct Live {
    pub store: Store<Guest>,
    pub instance: Instance,
    calls: u32,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("calls", &self.calls).finish_non_exhaustive()
    }
}

/// Why there is no instance any more, in words that follow the plugin's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// It died; the plugin is to blame.
    Died(String),
    /// There never was one, for want of room in the host; the plugin is not to blame.
    NoRoom(String),
}

impl Broken {
    /// The words.
    pub fn why(self) -> String {
        match self {
            Broken::Died(it) | Broken::NoRoom(it) => it,
        }
    }
}

impl Live {
    /// A fresh instance. Where there is no room for it, those that nothing calls now go.
    pub fn new(runtime: &Runtime, limits: &Limits, pre: &InstancePre<Guest>, label: &Arc<str>) -> Result<Live, Broken> {
        match Live::start(runtime, limits, pre, label) {
            Err(Broken::NoRoom(_)) => {
                runtime.idle.make_room();
                Live::start(runtime, limits, pre, label)
            }
            other => other,
        }
    }

    fn start(runtime: &Runtime, limits: &Limits, pre: &InstancePre<Guest>, label: &Arc<str>) -> Result<Live, Broken> {
        runtime.live.fetch_add(1, Ordering::Relaxed);
        let guest = Guest {
            meter: Meter::new(limits),
            label: Arc::clone(label),
            lines: 0,
            least: limits.log,
            line_limit: limits.log_line,
            lines_limit: limits.log_lines,
            last_error: None,
            live: Arc::clone(&runtime.live),
        };
        let mut store = Store::new(&runtime.engine, guest);
        store.limiter(|it| &mut it.meter);
        store.set_hostcall_fuel(limits.transfer);
        store.set_epoch_deadline(ticks(limits.time));
        match pre.instantiate(&mut store) {
            Ok(instance) => Ok(Live { store, instance, calls: 0 }),
            Err(error) => {
                let why = format!("does not start: {}", reason(&error, limits, store.data()));
                Err(if no_room(&error).is_some() { Broken::NoRoom(why) } else { Broken::Died(why) })
            }
        }
    }

    /// One call, with its own time and its own lines of log.
    pub fn call<T>(
        &mut self,
        limits: &Limits,
        run: impl FnOnce(&mut Store<Guest>) -> wasmtime::Result<T>,
    ) -> Result<T, Broken> {
        self.calls = self.calls.saturating_add(1);
        self.store.set_epoch_deadline(ticks(limits.time));
        let guest = self.store.data_mut();
        guest.lines = 0;
        guest.last_error = None;
        let answer = run(&mut self.store);
        let guest = self.store.data();
        if guest.lines > guest.lines_limit {
            let dropped = guest.lines - guest.lines_limit;
            tracing::warn!(plugin = &*guest.label, "{dropped} more lines of log in one call were dropped");
        }
        answer.map_err(|error| Broken::Died(reason(&error, limits, guest)))
    }

    /// Whether a fresh instance should take its place.
    pub fn is_worn(&self, limits: &Limits) -> bool {
        self.calls >= limits.calls || self.store.data().meter.memory > limits.memory_mark
    }

    /// Bytes of linear memory that it holds.
    pub fn memory(&self) -> u64 {
        self.store.data().meter.memory
    }
}

/// Why the host has no place for an instance, if that is what went wrong.
fn no_room(error: &wasmtime::Error) -> Option<&'static str> {
    if error.is::<PoolConcurrencyLimitError>() {
        return Some("finds no room: as many instances of plugins as the host allows are in use");
    }
    error.is::<OutOfMemory>().then_some("finds no room: the host is out of memory")
}

/// What happened, in words of the one who wrote the plugin.
fn reason(error: &wasmtime::Error, limits: &Limits, guest: &Guest) -> String {
    let said = guest.last_error.as_ref().map_or_else(String::new, |it| format!("; it logged: {it}"));
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => format!("took longer than {} ms", limits.time.as_millis()),
        Some(Trap::StackOverflow) => "ran out of stack: a recursion that does not end?".to_owned(),
        Some(Trap::UnreachableCodeReached) => format!("panicked or aborted{said}"),
        Some(trap) => format!("trapped: {trap}{said}"),
        None => {
            if let Some(why) = no_room(error) {
                return why.to_owned();
            }
            let text = format!("{:#}", error.root_cause());
            if text.contains("fuel allocated for hostcalls") {
                return format!("answered more than {}", megabytes(limits.transfer as u64));
            }
            format!("{text}{said}")
        }
    }
}
