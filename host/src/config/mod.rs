//! The configuration: defaults, a file, variables and flags, of which the later wins; all problems at once.

mod actions;
mod merge;
mod meaning;
mod metrics;
mod plugins;
mod problem;
mod schema;
mod secret;
mod show;
mod sources;
mod token;
mod tree;
mod units;
mod words;

pub use actions::{ActionConfig, ActionType, EventMode, HeaderConfig, Moment};
pub use metrics::Metrics;
pub use plugins::Plugins;
pub use problem::{Origin, Problem, Problems};
pub use schema::{Field, fields, schema};
pub use secret::{DatabaseUrl, Digest, Hidden, Secret, TOKEN_PREFIX, TargetUrl};
pub use sources::{FILE, Flag, Sources};
pub use token::TokenConfig;
pub use tree::{Config, Idempotency, Intake, Journal, Limits, Log, Reload, Results, Retention, Stop, Store, Tls};
pub use units::{Size, Span};
pub use words::{LogFormat, LogLevel, PluginLog, Privacy, Record, Scope, Signatures, Sync};

use std::fmt;
use std::path::{Path, PathBuf};

use merge::Merged;

/// A configuration without problems.
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// The file that was read; `None`: there is none.
    pub file: Option<PathBuf>,
    merged: Merged,
}

/// Reads all sources and checks what they say together.
pub fn load(sources: &Sources) -> Result<Loaded, Problems> {
    let schema = schema();
    let (mut merged, file) = sources.merged(&schema);
    let mut problems = std::mem::take(&mut merged.problems);
    problems.extend(problem::against(&schema, &merged));
    let broken: Vec<String> = problems.iter().map(|it| it.pointer.clone()).collect();
    match meaning::read(&merged, &broken) {
        Ok((config, more)) => {
            problems.extend(more);
            if problems.is_empty() {
                return Ok(Loaded { config, file, merged });
            }
        }
        Err(more) => problems.push(more),
    }
    problems.sort_by(|a, b| (&a.origin, &a.pointer).cmp(&(&b.origin, &b.pointer)));
    Err(Problems(problems))
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Loaded").field("config", &self.config).field("file", &self.file).finish_non_exhaustive()
    }
}

impl Loaded {
    /// The configuration in effect as YAML, each value with its source; secrets are hidden.
    pub fn show(&self) -> String {
        show::yaml(&self.config, &self.merged)
    }
}

impl Config {
    /// The address of the database, with its password.
    pub fn database_url(&self) -> String {
        match &self.database {
            Some(it) => it.reveal().to_owned(),
            None => format!("sqlite:{}", self.data.join("driftline.db").display()),
        }
    }

    /// The certificate's file and the key's; `None`: plain HTTP.
    pub fn tls_files(&self) -> Option<(&Path, &Path)> {
        Some((self.tls.certificate.as_deref()?, self.tls.key.as_deref()?))
    }

    /// How long rows are kept, as the store counts it.
    pub fn rows_kept(&self) -> crate::store::rows::Retention {
        let days = |it: Option<Span>| it.map(Span::in_days);
        crate::store::rows::Retention {
            results: days(self.retention.results),
            failures: days(self.retention.failures),
            tallies: days(self.retention.tallies),
            windows: days(self.retention.windows),
            predictions: days(self.retention.predictions),
            deliveries: days(self.retention.deliveries),
            key_hours: self.idempotency.window.in_hours(),
        }
    }
}
