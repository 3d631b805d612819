//! The folder of suites.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use driftline_rules::plan::Options;
use tracing::error;

use crate::suites::{self, Loaded};

/// What a file looks like from outside: its path, its size and when it was changed.
pub type Stamp = (PathBuf, u64, Option<SystemTime>);

/// What the files of a folder look like.
pub(super) fn stamps(folder: &Path) -> Vec<Stamp> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let stamp = |it: fs::DirEntry| {
        let metadata = fs::metadata(it.path()).ok()?;
        Some((it.path(), metadata.len(), metadata.modified().ok()))
    };
    entries.filter_map(stamp).collect()
}

/// The suites of a folder, loaded: its YAML and JSON files, without those that begin with a point or `_`, and
/// without JSON Schemas, which are called `NAME.schema.json` or are named by a suite, and baselines,
/// which are called `NAME.baseline.json`.
pub(super) fn files(folder: &Path, options: &Options) -> Vec<(String, PathBuf, Result<Loaded, String>)> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(it) => it,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                error!(%error, folder = %folder.display(), "the folder of suites cannot be read");
            }
            return found;
        }
    };
    for path in entries.flatten().map(|it| it.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some((stem, extension)) = name.rsplit_once('.') else { continue };
        let is_suite = matches!(extension, "yaml" | "yml" | "json") && path.is_file();
        if is_suite && !name.starts_with(['.', '_']) && ![".schema", ".baseline"].iter().any(|it| stem.ends_with(it)) {
            if let Err(why) = is_name(stem) {
                error!(file = %path.display(), "is left out: {why}");
                continue;
            }
            let loaded = suites::load(&path, options);
            found.push((stem.to_owned(), path, loaded));
        }
    }
    found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let named = found.iter().filter_map(|it| it.2.as_ref().ok()).flat_map(|it| it.files.keys());
    let named: BTreeSet<PathBuf> = named.map(|it| folder.join(it)).collect();
    found.retain(|it| !named.contains(&it.1));
    found.dedup_by(|a, b| {
        let same = a.0 == b.0;
        if same {
            error!(file = %a.1.display(), other = %b.1.display(), "two files have a suite of one name; the second is left out");
        }
        same
    });
    found
}

/// A name that can stand in a URL and a file name.
pub(super) fn is_name(name: &str) -> Result<(), String> {
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if name.is_empty() || name.len() > 100 || !name.chars().all(fits) || name.starts_with('.') {
        return Err(format!("`{name}` is no name: letters, digits, `-`, `_` and `.`, at most 100"));
    }
    Ok(())
}
