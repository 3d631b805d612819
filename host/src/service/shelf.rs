//! The active suites: those of a folder, and those that were put over HTTP and lie in the store.
//!
//! A suite of the folder is what its file says, and is not changed over HTTP; where both have a suite
//! of one name, the folder's is active. What cannot be loaded never replaces what could.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use driftline_rules::plan::Options;
use driftline_rules::suite::problem::Problem;
use tokio::sync::Mutex;
use tracing::{error, info};

use super::version::{Settings, Version};
use crate::store::rows::VersionRow;
use crate::store::{self, Store};
use crate::suites::{self, Loaded};

/// A suite that cannot be loaded.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Its file, or what it is called in the store.
    pub file: String,
    /// Why.
    pub problems: Vec<String>,
}

/// One state of all suites.
#[derive(Debug, Default)]
pub struct Suites {
    /// The active ones by name.
    pub active: BTreeMap<String, Arc<Version>>,
    /// Those of the folder, which only the folder changes.
    pub of_folder: BTreeSet<String>,
    /// Suites, or newer versions of active ones, that cannot be loaded.
    pub broken: BTreeMap<String, Broken>,
}

/// The suites of a service.
pub struct Shelf {
    folder: PathBuf,
    settings: Settings,
    now: ArcSwap<Suites>,
    /// Held while the set is changed; readers never wait.
    changing: Mutex<()>,
}

/// Why a suite was not put.
#[derive(Debug)]
pub enum Refused {
    /// Its name is none.
    Name(String),
    /// The folder has a suite of this name.
    OfFolder,
    /// It has problems.
    Problems(Vec<Problem>),
    /// There is no such suite or version.
    Unknown,
    /// The store did not answer.
    Store(store::Error),
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Refused::Store(error)
    }
}

impl Shelf {
    /// A shelf with nothing on it yet.
    pub fn new(folder: &Path, settings: Settings) -> Self {
        Shelf { folder: folder.to_owned(), settings, now: ArcSwap::default(), changing: Mutex::default() }
    }

    /// All suites, as they are at this moment.
    pub fn now(&self) -> Arc<Suites> {
        self.now.load_full()
    }

    /// An active suite.
    pub fn get(&self, name: &str) -> Option<Arc<Version>> {
        self.now.load().active.get(name).cloned()
    }

    /// What the service decides for every suite.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Looks at the folder and the store again. An error is the store's; the folder's suites are
    /// active nevertheless.
    pub async fn reload(&self, store: &Store, at: i64) -> Result<(), store::Error> {
        let _changing = self.changing.lock().await;
        let before = self.now.load_full();
        let mut suites = Suites::default();
        let folder = self.folder.clone();
        // Files may lie far away, and compiling takes its time.
        let Ok(found) = tokio::task::spawn_blocking(move || files(&folder)).await else {
            error!("the folder of suites could not be gone through; what was active stays");
            return Ok(());
        };
        for (name, path, loaded) in found {
            suites.of_folder.insert(name.clone());
            match loaded {
                Ok(loaded) => self.take(&mut suites, &before, &name, loaded, &path.display().to_string()),
                Err(message) => self.keep(
                    &mut suites,
                    &before,
                    &name,
                    Broken { file: path.display().to_string(), problems: vec![message] },
                ),
            }
        }
        let stored = store.active().await;
        for row in stored.as_deref().unwrap_or_default() {
            if suites.of_folder.contains(&row.suite) {
                tracing::debug!(suite = row.suite, "the folder has a suite of the same name, which is the active one");
                continue;
            }
            let file = format!("{} (in the store)", row.suite);
            self.take(&mut suites, &before, &row.suite, of_row(row), &file);
        }
        if stored.is_err() {
            // What was active stays so.
            for (name, version) in &before.active {
                if !before.of_folder.contains(name) {
                    suites.active.entry(name.clone()).or_insert_with(|| Arc::clone(version));
                }
            }
        }
        tell(&before, &suites);
        let new: Vec<_> = suites.of_folder.iter().filter_map(|it| suites.active.get(it).cloned()).collect();
        self.now.store(Arc::new(suites));
        stored?;
        for version in new.iter().filter(|it| before.active.get(&it.name).is_none_or(|old| old.hash != it.hash)) {
            store.put_version(&row(version, at, &format!("file:{}", version.loaded.file))).await?;
        }
        Ok(())
    }

    fn take(&self, suites: &mut Suites, before: &Suites, name: &str, loaded: Loaded, file: &str) {
        if !loaded.problems.is_empty() {
            let problems = loaded.problems.iter().map(ToString::to_string).collect();
            self.keep(suites, before, name, Broken { file: file.to_owned(), problems });
            return;
        }
        let version = match before.active.get(name) {
            // Its workers have learned what records look like.
            Some(it) if it.hash == loaded.hash() => Arc::clone(it),
            _ => Arc::new(Version::new(name, loaded, &self.settings)),
        };
        suites.active.insert(name.to_owned(), version);
    }

    #[allow(clippy::unused_self, reason = "the twin of `take`")]
    fn keep(&self, suites: &mut Suites, before: &Suites, name: &str, broken: Broken) {
        if let Some(it) = before.active.get(name) {
            suites.active.insert(name.to_owned(), Arc::clone(it));
        }
        suites.broken.insert(name.to_owned(), broken);
    }

    /// Compiles a suite that came over HTTP; it cannot refer to files.
    pub fn build(&self, name: &str, text: String) -> Result<Version, Refused> {
        let loaded = build(name, text, &BTreeMap::new());
        if !loaded.problems.is_empty() {
            return Err(Refused::Problems(loaded.problems));
        }
        Ok(Version::new(name, loaded, &self.settings))
    }

    /// Compiles a stored version, with the schemas that were stored with it.
    pub fn revive(&self, row: &VersionRow) -> Result<Version, Refused> {
        let loaded = of_row(row);
        if !loaded.problems.is_empty() {
            return Err(Refused::Problems(loaded.problems));
        }
        Ok(Version::new(&row.suite, loaded, &self.settings))
    }

    /// Keeps a version and makes it the active one.
    pub async fn put(
        &self,
        store: &Store,
        name: &str,
        text: String,
        by: &str,
        at: i64,
    ) -> Result<Arc<Version>, Refused> {
        is_name(name).map_err(Refused::Name)?;
        let version = Arc::new(self.build(name, text)?);
        let _changing = self.changing.lock().await;
        if self.now.load().of_folder.contains(name) {
            return Err(Refused::OfFolder);
        }
        store.put_version(&row(&version, at, by)).await?;
        store.activate(name, &version.hash, by, at).await?;
        self.swap(|suites| {
            suites.active.insert(name.to_owned(), Arc::clone(&version));
            suites.broken.remove(name);
        });
        info!(suite = name, hash = version.hash, by, "a suite was put");
        Ok(version)
    }

    /// Makes an earlier version the active one.
    pub async fn activate(
        &self,
        store: &Store,
        name: &str,
        hash: &str,
        by: &str,
        at: i64,
    ) -> Result<Arc<Version>, Refused> {
        let _changing = self.changing.lock().await;
        if self.now.load().of_folder.contains(name) {
            return Err(Refused::OfFolder);
        }
        let found = store.version(name, hash).await?.ok_or(Refused::Unknown)?;
        let version = Arc::new(self.revive(&found)?);
        store.activate(name, hash, by, at).await?;
        self.swap(|suites| {
            suites.active.insert(name.to_owned(), Arc::clone(&version));
            suites.broken.remove(name);
        });
        info!(suite = name, hash, by, "a version was activated");
        Ok(version)
    }

    /// Takes a suite off the shelf; its versions and results stay.
    pub async fn remove(&self, store: &Store, name: &str, by: &str, at: i64) -> Result<(), Refused> {
        let _changing = self.changing.lock().await;
        if self.now.load().of_folder.contains(name) {
            return Err(Refused::OfFolder);
        }
        if !store.deactivate(name, by, at).await? {
            return Err(Refused::Unknown);
        }
        self.swap(|suites| {
            suites.active.remove(name);
            suites.broken.remove(name);
        });
        info!(suite = name, by, "a suite was removed");
        Ok(())
    }

    fn swap(&self, change: impl Fn(&mut Suites)) {
        let now = self.now.load();
        let mut next =
            Suites { active: now.active.clone(), of_folder: now.of_folder.clone(), broken: now.broken.clone() };
        change(&mut next);
        self.now.store(Arc::new(next));
    }

    /// What the folder looks like: changes when a file in it does. Looked at every few seconds, which
    /// works on every file system, those of containers and networks too.
    pub fn fingerprint(&self) -> Vec<(PathBuf, u64, Option<std::time::SystemTime>)> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if let Ok(it) = fs::metadata(entry.path()) {
                all.push((entry.path(), it.len(), it.modified().ok()));
            }
        }
        all.sort();
        all
    }
}

/// The suites of a folder, loaded: its YAML and JSON files, without those that begin with a point or `_`, and
/// without JSON Schemas, which are called `NAME.schema.json` or are named by a suite.
fn files(folder: &Path) -> Vec<(String, PathBuf, Result<Loaded, String>)> {
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
        if is_suite && !name.starts_with(['.', '_']) && !stem.ends_with(".schema") {
            if let Err(why) = is_name(stem) {
                error!(file = %path.display(), "is left out: {why}");
                continue;
            }
            let loaded = suites::load(&path, &Options::default());
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
fn is_name(name: &str) -> Result<(), String> {
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if name.is_empty() || name.len() > 100 || !name.chars().all(fits) || name.starts_with('.') {
        return Err(format!("`{name}` is no name of a suite: letters, digits, `-`, `_` and `.`, at most 100"));
    }
    Ok(())
}

fn build(name: &str, text: String, files: &BTreeMap<String, String>) -> Loaded {
    let read = |it: &str| {
        let missing =
            || "a suite that is sent holds its schema inline; schema files lie beside suites of the folder".to_owned();
        files.get(it).cloned().ok_or_else(missing)
    };
    suites::build(name.to_owned(), text, &Options::default(), &read)
}

fn of_row(row: &VersionRow) -> Loaded {
    build(&row.suite, row.text.clone(), &row.files)
}

fn row(version: &Version, at: i64, by: &str) -> VersionRow {
    VersionRow {
        suite: version.name.clone(),
        hash: version.hash.clone(),
        text: version.loaded.text.clone(),
        files: version.loaded.files.clone(),
        at,
        by: by.to_owned(),
        active: true,
    }
}

fn tell(before: &Suites, after: &Suites) {
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
