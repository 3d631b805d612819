//! What a plugin may use, and what keeps it to that.

use std::time::Duration;

use driftline_rules::plugin::Wanted;
use wasmtime::ResourceLimiter;

/// What an instance of a plugin may use, and what it may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a component.
    pub component: u64,
    /// Bytes of linear memory of an instance, all its memories together.
    pub memory: u64,
    /// Elements of the tables of an instance, together.
    pub table_elements: usize,
    /// How long one call may take.
    pub time: Duration,
    /// Bytes that a plugin may hand over in one answer, counted as the host stores them.
    pub transfer: usize,
    /// Bytes of a message, a code or an explanation; longer ones are cut.
    pub message: usize,
    /// The least important lines that are logged; none: no line, and no fault tells one.
    pub log: Option<tracing::Level>,
    /// Lines of log in one call; further ones are dropped and counted.
    pub log_lines: u32,
    /// Bytes of a line of log; longer ones are cut.
    pub log_line: usize,
    /// Bytes of a saved state.
    pub state: usize,
    /// Measurements in one answer.
    pub measurements: usize,
    /// Labels of one measurement.
    pub labels: usize,
    /// Calls after which a warm instance makes room for a fresh one.
    pub calls: u32,
    /// Bytes of memory beyond which a warm instance makes room for a fresh one.
    pub memory_mark: u64,
    /// Warm instances that an opened rule keeps while nothing calls it.
    pub warm: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            component: 128 << 20,
            // CPython with its library takes about 40 MB; what Rust and C need is far below.
            memory: 256 << 20,
            table_elements: 100_000,
            time: Duration::from_secs(2),
            // Ten findings a record of the largest batches of 10,000 records, and 16 MB of state.
            transfer: 32 << 20,
            message: 1_000,
            log: Some(tracing::Level::TRACE),
            log_lines: 20,
            log_line: 1_000,
            state: 16 << 20,
            measurements: 10_000,
            labels: 16,
            calls: 100_000,
            memory_mark: 64 << 20,
            warm: 4,
        }
    }
}

impl Limits {
    /// The smaller of these and what a suite asks for.
    #[must_use]
    pub fn within(&self, wanted: &Wanted) -> Limits {
        let memory = wanted.memory.map_or(self.memory, |it| it.min(self.memory));
        let time = wanted.time.map_or(self.time, |it| Duration::from_micros(it).min(self.time));
        Limits { memory, time, memory_mark: self.memory_mark.min(memory), ..self.clone() }
    }
}

/// The most core instances, memories and tables that a component is made of. A component from one of the
/// usual toolchains has three to ten core instances; one from Python about twenty.
const PARTS: usize = 64;

/// Counts what an instance holds, and refuses to let it hold more.
#[derive(Debug)]
pub(super) struct Meter {
    memory_limit: u64,
    table_limit: usize,
    /// Bytes of linear memory now.
    pub memory: u64,
    table_elements: usize,
}

impl Meter {
    pub fn new(limits: &Limits) -> Meter {
        Meter { memory_limit: limits.memory, table_limit: limits.table_elements, memory: 0, table_elements: 0 }
    }
}

impl ResourceLimiter for Meter {
    // An error and not `Ok(false)`: a guest that is told "no" aborts, which looks like a panic, while the
    // error's own text reaches the user.
    fn memory_growing(&mut self, current: usize, desired: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.memory + (desired.saturating_sub(current)) as u64;
        if wanted > self.memory_limit {
            let (wanted, limit) = (megabytes(wanted), megabytes(self.memory_limit));
            return Err(wasmtime::Error::msg(format!("plugin memory limit: wanted {wanted}, limit {limit}")));
        }
        // Beyond what the module itself declares nothing grows, and nothing counts.
        if most.is_some_and(|it| desired > it) {
            return Ok(false);
        }
        self.memory = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.table_elements + desired.saturating_sub(current);
        if wanted > self.table_limit {
            let limit = self.table_limit;
            return Err(wasmtime::Error::msg(format!("plugin table limit: wanted {wanted} elements, limit {limit}")));
        }
        self.table_elements = wanted;
        Ok(true)
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}

/// Bytes as a person reads them.
pub(super) fn megabytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// The text, cut at a character's border if it is longer than `limit` bytes.
pub(super) fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_only_narrows() {
        let host = Limits::default();
        let more = Wanted { memory: Some(u64::MAX), time: Some(u64::MAX), ..Wanted::default() };
        assert_eq!(host.within(&more), host);
        let less = host.within(&Wanted { memory: Some(1 << 20), time: Some(5_000), ..Wanted::default() });
        assert_eq!((less.memory, less.memory_mark, less.time), (1 << 20, 1 << 20, Duration::from_millis(5)));
    }

    #[test]
    fn memories_count_together() {
        let mut meter = Meter::new(&Limits { memory: 100, ..Limits::default() });
        assert!(meter.memory_growing(0, 60, None).is_ok_and(|it| it));
        let error = meter.memory_growing(0, 60, None).map_err(|it| it.to_string());
        assert_eq!(error, Err("plugin memory limit: wanted 120 B, limit 100 B".to_owned()));
        assert!(meter.memory_growing(60, 90, Some(80)).is_ok_and(|it| !it));
        assert!(meter.memory_growing(60, 100, None).is_ok_and(|it| it));
        assert_eq!(meter.memory, 100);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("äöü".to_owned(), 3), "ä…");
        assert_eq!(cut("abc".to_owned(), 3), "abc");
    }
}
