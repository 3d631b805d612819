//! The settings of plugins.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{Size, Span};
use super::words::{PluginLog, Signatures};
use crate::plugins::{Limits, Trust};

/// Plugins: where they come from, whose may run, and what they may use.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plugins {
    /// Folder of plugins that suites may name without a file; a change of a file is taken up while the service runs.
    #[schemars(length(min = 1))]
    pub folder: PathBuf,
    /// Folder of compiled plugins and of those that were fetched, which only its owner may enter; null: `plugins` in
    /// the folder `data`.
    #[schemars(length(min = 1))]
    pub cache: Option<PathBuf>,
    /// Bytes of fetched plugins that are kept; beyond them the oldest go.
    pub cache_max: Size,
    /// Bytes of a plugin, sent, fetched or in a folder.
    pub component: Size,
    /// Bytes of memory that an instance of a plugin may have; a suite may ask for less.
    pub memory: Size,
    /// The longest time that a call of a plugin may take; a suite may ask for less.
    pub time: Span,
    /// Instances of all plugins together at a time.
    #[schemars(range(min = 8, max = 10_000))]
    pub instances: u32,
    /// Which lines that plugins log reach the log of the service; they are the plugin's own words, and may hold values
    /// of records.
    pub log: PluginLog,
    /// Whether a plugin must be signed.
    pub signatures: Signatures,
    /// Ed25519 public keys whose signatures count: PEM, or 32 bytes in Base64.
    pub keys: Vec<String>,
    /// Registries, or parts of them (`ghcr.io/our-team`), that suites may take plugins from which are sent; suites of
    /// the folder may take them from anywhere.
    pub registries: Vec<String>,
    /// Registries (`HOST` or `HOST:PORT`) that are asked over plain HTTP; those of this machine always are.
    pub plain_http: Vec<String>,
}

impl Default for Plugins {
    fn default() -> Self {
        Plugins {
            folder: "./plugins".into(),
            cache: None,
            cache_max: Size::gib(1),
            component: Size::mib(128),
            memory: Size::mib(256),
            time: Span::seconds(2),
            instances: 256,
            log: PluginLog::Trace,
            signatures: Signatures::Optional,
            keys: Vec::new(),
            registries: Vec::new(),
            plain_http: Vec::new(),
        }
    }
}

impl Plugins {
    /// What any plugin may use.
    pub fn limits(&self) -> Limits {
        let (memory, time) = (self.memory.bytes(), self.time.duration());
        let usual = Limits::default();
        let (component, log) = (self.component.bytes(), self.log.level());
        Limits { component, memory, time, log, memory_mark: usual.memory_mark.min(memory), ..usual }
    }

    /// Whose plugins run. The error names the key that is none.
    pub fn trust(&self) -> Result<Trust, String> {
        Trust::new(&self.keys, self.signatures == Signatures::Required)
    }

    /// The folder of compiled plugins and of those that were fetched.
    pub fn cache(&self, data: &Path) -> PathBuf {
        self.cache.clone().unwrap_or_else(|| data.join("plugins"))
    }
}
