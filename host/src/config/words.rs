//! Settings that are one of a few words.

use driftline_rules::suite::Telling;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// To read metrics, which `read` allows as well.
    Metrics,
    /// To send records.
    Check,
    /// To read suites, results and statistics.
    Read,
    /// To add suites, and to say which version is active.
    WriteSuites,
    /// To add plugins, and to say which version is active: whoever may do that brings code to the service.
    WritePlugins,
    /// To decide about incidents of triggers, and to fire triggers.
    WriteTriggers,
    /// Everything.
    Admin,
}

impl Scope {
    /// All, the least first.
    pub const ALL: [Scope; 7] = [
        Scope::Metrics,
        Scope::Check,
        Scope::Read,
        Scope::WriteSuites,
        Scope::WritePlugins,
        Scope::WriteTriggers,
        Scope::Admin,
    ];

    /// The word in the configuration and in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Metrics => "metrics",
            Scope::Check => "check",
            Scope::Read => "read",
            Scope::WriteSuites => "write-suites",
            Scope::WritePlugins => "write-plugins",
            Scope::WriteTriggers => "write-triggers",
            Scope::Admin => "admin",
        }
    }
}

/// Whether a plugin must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Signatures {
    /// No; a signature that is there must fit one of the keys, if there are keys.
    #[default]
    Optional,
    /// Yes, by one of the keys.
    Required,
}

/// When the journal is synchronised with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sync {
    /// When the operating system does it.
    Never,
    /// As often as `sync_interval` says.
    Interval,
    /// Before each answer.
    Each,
}

/// Which requests are recorded one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// Those with a failure.
    Failures,
    /// All of them, of those that passed the share `sample`.
    All,
    /// None of them.
    None,
}

/// What is told and stored of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Privacy {
    /// The value itself.
    Keep,
    /// Its shape: letters and digits are replaced.
    Mask,
    /// A keyed hash, so that equal values can be told to be equal.
    Hash,
    /// Nothing.
    Drop,
}

impl From<Privacy> for Telling {
    fn from(it: Privacy) -> Telling {
        match it {
            Privacy::Keep => Telling::Keep,
            Privacy::Mask => Telling::Mask,
            Privacy::Hash => Telling::Hash,
            Privacy::Drop => Telling::Drop,
        }
    }
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// From which importance on something is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What may fail soon.
    Warn,
    /// What the service does: start, stop, reload.
    #[default]
    Info,
    /// Each request.
    Debug,
    /// Everything.
    Trace,
}

/// Which lines that plugins log reach the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginLog {
    /// None, and no error of a plugin tells what it logged.
    Off,
    /// Errors.
    Error,
    /// Warnings too.
    Warn,
    /// What it tells of its work too.
    Info,
    /// Details too.
    Debug,
    /// All, as far as `log.level` lets them.
    #[default]
    Trace,
}

impl PluginLog {
    /// The least important of them.
    pub const fn level(self) -> Option<tracing::Level> {
        Some(match self {
            PluginLog::Off => return None,
            PluginLog::Error => tracing::Level::ERROR,
            PluginLog::Warn => tracing::Level::WARN,
            PluginLog::Info => tracing::Level::INFO,
            PluginLog::Debug => tracing::Level::DEBUG,
            PluginLog::Trace => tracing::Level::TRACE,
        })
    }
}
