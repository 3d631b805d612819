//! Taking the configuration up again while the service runs.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::Value as Json;
use tracing::{error, info, warn};

use super::app::{App, Live};
use super::start::may_listen;
use crate::config::{self, Config, Sources};

/// What takes effect at once; everything else wants a restart. Sections of the configuration, or settings.
const AT_ONCE: [&str; 11] = [
    "tokens",
    "actions",
    "public_url",
    "limits",
    "results.record",
    "results.sample",
    "results.failures_per_request",
    "retention",
    "idempotency",
    "metrics",
    "insecure",
];
/// What of them does not: suites were compiled with it, room was made for it, or a clock runs by it.
const BUT: [&str; 4] = ["limits.depth", "limits.concurrency", "limits.idle_timeout", "retention.every"];

/// Where the configuration of a running service came from, and what it was.
pub struct Reloader {
    sources: Sources,
    file: PathBuf,
    config: Mutex<Config>,
}

impl Reloader {
    /// Of a configuration that was read from these sources.
    pub fn new(sources: Sources, file: Option<PathBuf>, config: Config) -> Self {
        let file = file.unwrap_or_else(|| config::FILE.into());
        Reloader { sources, file, config: Mutex::new(config) }
    }

    /// Changes when the file does.
    pub fn fingerprint(&self) -> Option<(u64, SystemTime)> {
        let it = std::fs::metadata(&self.file).ok()?;
        Some((it.len(), it.modified().ok()?))
    }

    /// Reads all sources again. What may change at once does; the settings that have changed and want a
    /// restart are returned. With problems nothing changes.
    pub fn reload(&self, app: &App) -> Result<Vec<String>, String> {
        let mut before = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        let problems = |it: String| {
            error!("the configuration cannot be taken up, what was in effect stays: {it}");
            it
        };
        let new = config::load(&self.sources).map_err(|it| problems(it.to_string()))?.config;
        may_listen(&new, before.listen).map_err(|it| problems(it.to_string()))?;
        let mut changed = Vec::new();
        differences(&json(&before), &json(&new), "", &mut changed);
        // Written, these hide what they are.
        let hidden = [
            ("tokens", before.tokens != new.tokens),
            ("actions", before.actions != new.actions),
            ("database", before.database != new.database),
            ("results.privacy_key", before.results.privacy_key != new.results.privacy_key),
        ];
        for (path, differs) in hidden {
            if differs && !changed.iter().any(|it| it == path) {
                changed.push(path.to_owned());
            }
        }
        let (at_once, later): (Vec<_>, Vec<_>) = changed.into_iter().partition(|it| is_at_once(it));
        // A file of a template may have changed where no setting has.
        let has_files = new.actions.iter().any(|it| it.body_file.is_some());
        if !at_once.is_empty() || has_files {
            let tokens_changed = at_once.iter().any(|it| is_within(it, "tokens"));
            let live = Live::new(&new).map_err(|it| problems(format!("{it:#}")))?;
            app.change(live, tokens_changed);
            if !at_once.is_empty() {
                info!(settings = at_once.join(", "), "the configuration has changed");
            }
        }
        if !later.is_empty() {
            warn!(settings = later.join(", "), "the configuration has changed, and wants a restart");
        }
        *before = new;
        Ok(later)
    }
}

fn is_within(path: &str, section: &str) -> bool {
    path.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_at_once(path: &str) -> bool {
    AT_ONCE.iter().any(|it| is_within(path, it)) && !BUT.contains(&path)
}

/// A configuration as it would be written.
fn json(config: &Config) -> Json {
    serde_json::to_value(config).unwrap_or_default()
}

/// The paths of the settings in which two configurations differ.
fn differences(a: &Json, b: &Json, path: &str, found: &mut Vec<String>) {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => {
            for (name, value) in a {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                differences(value, b.get(name).unwrap_or(&Json::Null), &path, found);
            }
        }
        _ if a == b => {}
        _ => found.push(path.to_owned()),
    }
}
