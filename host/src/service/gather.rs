//! Compiling all suites with the plugins that they name, before any of it is shown.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use driftline_rules::plan::Options;
use driftline_rules::plugin::{Plugin, Plugins, Wanted};
use tracing::{error, info};

use super::folder::files;
use super::registry::{Index, Registry};
use super::shelf::{Broken, Refused, Suites};
use super::signals::clashes;
use super::version::{Settings, Version};
use crate::store::Store;
use crate::store::rows::{Micros, VersionRow};
use crate::suites::{self, Loaded};

/// All that suites are compiled with.
#[derive(Clone, Debug)]
pub(super) struct Builder {
    pub settings: Settings,
    pub registry: Arc<Registry>,
}

/// All suites, compiled but not yet shown.
pub(super) struct Gathered {
    /// Those that are shown.
    pub before: Arc<Suites>,
    /// Those that may take their place.
    pub suites: Suites,
    /// Suites that name a plugin which stands for itself: by suite, what it calls them.
    pub plugins: HashMap<String, BTreeSet<String>>,
    /// Versions without a problem of their own, and the files that they are of.
    whole: Vec<(Arc<Version>, String)>,
}

impl Builder {
    /// Compiles everything. May block.
    pub fn gather(
        &self,
        folder: &Path,
        index: &Arc<Index>,
        stored: Option<&[VersionRow]>,
        before: Arc<Suites>,
    ) -> Gathered {
        let mut gathered = Gathered { before, suites: Suites::default(), plugins: HashMap::new(), whole: Vec::new() };
        let plugins = Some(self.registry.seen_from(index, Some(folder)));
        let options = Options { plugins, labels_come_later: true, ..Options::default() };
        for (name, path, loaded) in files(folder, &options) {
            gathered.suites.of_folder.insert(name.clone());
            let file = path.display().to_string();
            match loaded {
                Ok(loaded) => gathered.take(&name, loaded, &file, &self.settings),
                Err(message) => gathered.keep(&name, Broken { file, problems: vec![message] }),
            }
        }
        for row in stored.unwrap_or_default() {
            if gathered.suites.of_folder.contains(&row.suite) {
                tracing::debug!(suite = row.suite, "the folder has a suite of the same name, which is the active one");
                continue;
            }
            let plugins = self.registry.seen_from(index, None);
            let loaded = build(&row.suite, row.text.clone(), &row.files, plugins);
            gathered.take(&row.suite, loaded, &format!("{} (in the store)", row.suite), &self.settings);
        }
        if stored.is_none() {
            // What was active stays so.
            let before = Arc::clone(&gathered.before);
            for (name, version) in before.active.iter().filter(|it| !before.of_folder.contains(it.0)) {
                gathered.suites.active.entry(name.clone()).or_insert_with(|| Arc::clone(version));
            }
        }
        gathered
    }

    /// A version of a suite that has no problem.
    pub fn version(&self, name: &str, loaded: Loaded) -> Result<Version, Refused> {
        if !loaded.problems.is_empty() {
            return Err(Refused::Because(loaded.problems));
        }
        let version = Version::new(name, loaded, &self.settings);
        match self.settings.no_hashes.as_ref().filter(|_| version.privacy.hashes_any()) {
            Some(why) => Err(Refused::Failed(why.clone())),
            None => Ok(version),
        }
    }
}

impl Gathered {
    fn take(&mut self, name: &str, loaded: Loaded, file: &str, settings: &Settings) {
        let floating = loaded.suite.plugins.iter().map(|it| &it.wanted).filter(|it| it.file.is_none());
        self.plugins.insert(name.to_owned(), floating.map(|it| it.name.clone()).collect());
        if !loaded.problems.is_empty() {
            let problems = loaded.problems.iter().map(ToString::to_string).collect();
            self.keep(name, Broken { file: file.to_owned(), problems });
            return;
        }
        let version = match self.before.active.get(name) {
            // Its workers have learned what records look like.
            Some(it) if it.hash == loaded.hash() => Arc::clone(it),
            _ => Arc::new(Version::new(name, loaded, settings)),
        };
        if let Some(why) = settings.no_hashes.as_ref().filter(|_| version.privacy.hashes_any()) {
            self.keep(name, Broken { file: file.to_owned(), problems: vec![why.clone()] });
            return;
        }
        self.whole.push((version, file.to_owned()));
    }

    /// Makes those the active ones whose signals can be shown together: of two that cannot, the one that was active
    /// before, else, as after a start, the one that the store saw first.
    pub async fn settle(&mut self, store: &Store) {
        let mut whole = Vec::with_capacity(self.whole.len());
        for (version, file) in std::mem::take(&mut self.whole) {
            let rank = match self.before.active.get(&version.name) {
                Some(active) => (u8::from(active.hash != version.hash), 0),
                None if version.loaded.plan.signals.is_empty() => (2, 0),
                // Without the store their names decide.
                None => match store.version(&version.name, &version.hash).await {
                    Ok(Some(row)) => (2, row.at),
                    Ok(None) | Err(_) => (2, Micros::MAX),
                },
            };
            whole.push((rank, version, file));
        }
        whole.sort_by_key(|it| it.0);
        for (_, version, file) in whole {
            let clashes = clashes(&version, &self.suites.active);
            if clashes.is_empty() {
                self.suites.active.insert(version.name.clone(), version);
            } else {
                let problems = clashes.iter().map(ToString::to_string).collect();
                self.keep(&version.name, Broken { file, problems });
            }
        }
    }

    fn keep(&mut self, name: &str, broken: Broken) {
        if let Some(it) = self.before.active.get(name) {
            self.suites.active.insert(name.to_owned(), Arc::clone(it));
        }
        self.suites.broken.insert(name.to_owned(), broken);
    }
}

/// Plugins of the digests that a version ran with, whatever is active now.
#[derive(Debug)]
pub(super) struct Pinned {
    pub plugins: Arc<dyn Plugins>,
    pub digests: BTreeMap<String, String>,
}

impl Plugins for Pinned {
    fn find(&self, wanted: &Wanted) -> Result<Arc<dyn Plugin>, String> {
        match self.digests.get(&wanted.name) {
            Some(digest) => self.plugins.find(&Wanted { digest: Some(digest.clone()), ..wanted.clone() }),
            None => self.plugins.find(wanted),
        }
    }
}

/// Compiles a suite that lies in no folder.
pub(super) fn build(name: &str, text: String, files: &BTreeMap<String, String>, plugins: Arc<dyn Plugins>) -> Loaded {
    let read = |it: &str| {
        let missing =
            || "a suite that is sent holds its schema inline; schema files lie beside suites of the folder".to_owned();
        files.get(it).cloned().ok_or_else(missing)
    };
    let options = Options { plugins: Some(plugins), labels_come_later: true, ..Options::default() };
    suites::build(name.to_owned(), text, &options, &read)
}

/// Says what has changed.
pub(super) fn tell(before: &Suites, after: &Suites) {
    for (name, version) in &after.active {
        match before.active.get(name) {
            Some(old) if old.hash == version.hash => {}
            Some(old) => info!(suite = name, from = old.hash, to = version.hash, "a suite has changed"),
            None => info!(suite = name, hash = version.hash, "a suite is active"),
        }
    }
    for name in before.active.keys().filter(|it| !after.active.contains_key(*it)) {
        info!(suite = name, "a suite is gone");
    }
    // The folder is looked at again and again; what is wrong with it is said once.
    let is_new =
        |name: &String, broken: &Broken| before.broken.get(name).is_none_or(|it| it.problems != broken.problems);
    for (name, broken) in after.broken.iter().filter(|(name, broken)| is_new(name, broken)) {
        for problem in &broken.problems {
            error!(suite = name, "{}:{problem}", broken.file);
        }
    }
}
