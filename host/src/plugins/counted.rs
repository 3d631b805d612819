//! What metrics count of one opened rule of a plugin.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::metrics::{here, list};

/// Counts under the name of the plugin.
#[derive(Debug)]
pub(super) struct Counted {
    plugin: String,
    is_open: AtomicBool,
    /// The most memory of an instance by now.
    memory: AtomicU64,
}

impl Counted {
    pub fn new(plugin: &str) -> Self {
        // Known before the first failure.
        here().table.shift(&list::PLUGIN_OPEN, &[plugin], 0.0);
        Counted { plugin: plugin.to_owned(), is_open: AtomicBool::new(false), memory: AtomicU64::new(0) }
    }

    /// It was called.
    pub fn called(&self, outcome: &str, took: Duration, is_open: bool) {
        let table = &here().table;
        table.add(&list::PLUGIN_CALLS, &[&self.plugin, outcome], 1);
        table.observe(&list::PLUGIN_DURATION, &[&self.plugin], took);
        self.open(is_open);
    }

    /// It was not called, since it failed too often.
    pub fn refused(&self) {
        here().table.add(&list::PLUGIN_CALLS, &[&self.plugin, "open"], 1);
    }

    /// An instance of it holds so much memory.
    pub fn held(&self, bytes: u64) {
        if self.memory.fetch_max(bytes, Ordering::Relaxed) < bytes {
            here().table.raise(&list::PLUGIN_MEMORY, &[&self.plugin], bytes as f64);
        }
    }

    fn open(&self, is_open: bool) {
        if self.is_open.swap(is_open, Ordering::Relaxed) != is_open {
            here().table.shift(&list::PLUGIN_OPEN, &[&self.plugin], if is_open { 1.0 } else { -1.0 });
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.open(false);
    }
}
