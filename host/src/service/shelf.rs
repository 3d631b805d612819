//! The active suites: those of a folder, and those that were put over HTTP and lie in the store.
//!
//! A suite of the folder is what its file says, and is not changed over HTTP; where both have a suite
//! of one name, the folder's is active. What cannot be loaded never replaces what could.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use arc_swap::ArcSwap;
use driftline_rules::plan::Options;
use driftline_rules::suite::problem::Problem;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tracing::{error, info};

use super::folder::{Stamp, is_name, stamps};
use super::gather::{Builder, Gathered, Pinned, build, tell};
use super::registry::{Index, Registry};
use super::signals::{Signals, clashes};
use super::version::{Settings, Version};
use crate::store::rows::VersionRow;
use crate::store::{self, Store};
use crate::suites;

/// How many versions that are not active any more are kept compiled.
const EARLIER: usize = 32;

/// What stands before the path of the file that a version came from.
const OF_FILE: &str = "file:";

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
    builder: Builder,
    now: ArcSwap<Suites>,
    /// Versions that were active, or were compiled again, the last one behind: windows that are open may be theirs.
    earlier: std::sync::Mutex<VecDeque<Arc<Version>>>,
    /// Versions that the store could not take yet.
    unstored: std::sync::Mutex<Vec<VersionRow>>,
    signals: Signals,
    /// Held while suites or plugins are changed; readers never wait.
    pub(super) changing: Mutex<()>,
}

/// Why a suite was not put, activated or removed: its problems, if it has any.
pub type Refused = super::refused::Refused<Vec<Problem>>;

impl Shelf {
    /// A shelf with nothing on it yet.
    pub fn new(folder: &Path, settings: Settings, registry: Arc<Registry>) -> Self {
        let builder = Builder { settings, registry };
        Shelf {
            folder: folder.to_owned(),
            builder,
            now: ArcSwap::default(),
            earlier: std::sync::Mutex::default(),
            unstored: std::sync::Mutex::default(),
            signals: Signals::default(),
            changing: Mutex::default(),
        }
    }

    /// All suites, as they are at this moment.
    pub fn now(&self) -> Arc<Suites> {
        self.now.load_full()
    }

    /// An active suite.
    pub fn get(&self, name: &str) -> Option<Arc<Version>> {
        self.now.load().active.get(name).cloned()
    }

    /// The metrics that active suites make of what they see.
    pub const fn signals(&self) -> &Signals {
        &self.signals
    }

    /// The folder of suites.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the service decides for every suite.
    pub const fn settings(&self) -> &Settings {
        &self.builder.settings
    }

    /// The plugins that suites may name.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.builder.registry
    }

    /// Looks at the folders and the store again. An error is the store's; the folder's suites are
    /// active nevertheless.
    pub async fn reload(&self, store: &Store, at: i64) -> Result<(), store::Error> {
        let _changing = self.changing.lock().await;
        let (index, unread) = self.registry().look().await;
        let index = Arc::new(index);
        let caught_up = self.store_versions(store, Vec::new()).await;
        let stored = store.active().await;
        let Some(gathered) = self.gather(store, &index, stored.as_deref().ok()).await else { return Ok(()) };
        self.show(&index, gathered, store, at).await?;
        caught_up?;
        stored?;
        unread.map_or(Ok(()), Err)
    }

    /// All suites compiled with these plugins. Without `stored` the store did not answer, and what was active of it
    /// stays. `None`: it could not be done, which was logged.
    pub(super) async fn gather(
        &self,
        store: &Store,
        index: &Arc<Index>,
        stored: Option<&[VersionRow]>,
    ) -> Option<Gathered> {
        let (builder, folder) = (self.builder.clone(), self.folder.clone());
        let (index, stored) = (Arc::clone(index), stored.map(<[VersionRow]>::to_vec));
        let before = self.now.load_full();
        // Files may lie far away, and compiling takes its time.
        let gathered = spawn_blocking(move || builder.gather(&folder, &index, stored.as_deref(), before)).await;
        let failed = |error| error!(%error, "the suites could not be gone through; what was active stays");
        let mut gathered = gathered.map_err(failed).ok()?;
        gathered.settle(store).await;
        Some(gathered)
    }

    /// Makes what was gathered the suites from now on, and keeps the versions that are new.
    pub(super) async fn show(
        &self,
        index: &Arc<Index>,
        Gathered { before, suites, .. }: Gathered,
        store: &Store,
        at: i64,
    ) -> Result<(), store::Error> {
        tell(&before, &suites);
        let is_new = |it: &&Arc<Version>| before.active.get(&it.name).is_none_or(|old| old.hash != it.hash);
        let new: Vec<_> = suites.active.values().filter(is_new).map(Arc::clone).collect();
        let of_folder = suites.of_folder.clone();
        self.registry().set(Arc::clone(index));
        self.set(suites);
        let rows = new.into_iter().map(|version| {
            // That of the store is there already, unless it runs with other plugins than it was put with.
            let by = if of_folder.contains(&version.name) {
                format!("{OF_FILE}{}", version.loaded.file)
            } else {
                "plugins".to_owned()
            };
            row(&version, at, &by)
        });
        self.store_versions(store, rows.collect()).await
    }

    /// Stores versions, with those that could not be stored before; what cannot be stored now is kept for the next time.
    async fn store_versions(&self, store: &Store, new: Vec<VersionRow>) -> Result<(), store::Error> {
        let mut rows = std::mem::take(&mut *self.unstored.lock().unwrap_or_else(PoisonError::into_inner));
        rows.extend(new);
        let mut left = Vec::new();
        let mut failed = Ok(());
        for row in rows {
            if let Err(error) = store.put_version(&row).await {
                failed = Err(error);
                left.push(row);
            }
        }
        self.unstored.lock().unwrap_or_else(PoisonError::into_inner).extend(left);
        failed
    }

    /// A version of a suite, active or not. The inner error says why there is none.
    pub async fn version(
        &self,
        store: &Store,
        name: &str,
        hash: &str,
    ) -> Result<Result<Arc<Version>, String>, store::Error> {
        if let Some(active) = self.get(name).filter(|it| it.hash == hash) {
            return Ok(Ok(active));
        }
        let known = {
            let earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
            earlier.iter().find(|it| it.name == name && it.hash == hash).cloned()
        };
        if let Some(known) = known {
            return Ok(Ok(known));
        }
        let Some(row) = store.version(name, hash).await? else {
            return Ok(Err("the store does not have the version of the suite that checked them".to_owned()));
        };
        Ok(match self.revive(&row).await {
            Ok(version) => {
                let version = Arc::new(version);
                self.remember([Arc::clone(&version)]);
                Ok(version)
            }
            Err(Refused::Store(error)) => return Err(error),
            Err(Refused::Because(problems)) => {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                Err(format!("the version of the suite that checked them has problems now: {}", problems.join("; ")))
            }
            Err(Refused::Failed(why)) => Err(why),
            Err(Refused::Name(_) | Refused::OfFolder | Refused::Unknown) => Err("there is no such version".to_owned()),
        })
    }

    /// Makes these the suites from now on.
    fn set(&self, suites: Suites) {
        self.signals.show(&suites.active);
        let before = self.now.swap(Arc::new(suites));
        let now = self.now.load();
        let is_gone = |it: &&Arc<Version>| now.active.get(&it.name).is_none_or(|now| now.hash != it.hash);
        self.remember(before.active.values().filter(is_gone).cloned());
    }

    fn remember(&self, versions: impl IntoIterator<Item = Arc<Version>>) {
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        for version in versions {
            earlier.retain(|it| it.name != version.name || it.hash != version.hash);
            earlier.push_back(version);
        }
        // Whoever changes suites all day is not remembered for ever: older ones are compiled again.
        while earlier.len() > EARLIER {
            earlier.pop_front();
        }
    }

    /// Compiles a suite that came over HTTP; it cannot refer to files.
    pub async fn build(&self, name: &str, text: String) -> Result<Version, Refused> {
        let (builder, index, name) = (self.builder.clone(), self.registry().now(), name.to_owned());
        let build = move || {
            let plugins = builder.registry.seen_from(&index, None);
            builder.version(&name, build(&name, text, &BTreeMap::new(), plugins))
        };
        spawn_blocking(build).await.unwrap_or_else(|error| Err(Refused::Failed(error.to_string())))
    }

    /// Looks which plugins there are, and nothing else: no suite is shown and nothing is stored.
    pub async fn look_at_plugins(&self) -> Result<(), store::Error> {
        let (index, unread) = self.registry().look().await;
        self.registry().set(Arc::new(index));
        unread.map_or(Ok(()), Err)
    }

    /// Compiles a suite of a file, under the name that it is to have.
    pub async fn load(&self, name: &str, file: &Path) -> Result<Version, Refused> {
        let (builder, index) = (self.builder.clone(), self.registry().now());
        let (name, file) = (name.to_owned(), file.to_owned());
        let load = move || {
            let plugins = Some(builder.registry.seen_from(&index, file.parent()));
            let options = Options { plugins, labels_come_later: true, ..Options::default() };
            let loaded = suites::load(&file, &options).map_err(Refused::Failed)?;
            builder.version(&name, loaded)
        };
        spawn_blocking(load).await.unwrap_or_else(|error| Err(Refused::Failed(error.to_string())))
    }

    /// Compiles a stored version, with the schemas that were stored with it and the plugins that it ran with.
    pub async fn revive(&self, row: &VersionRow) -> Result<Version, Refused> {
        let (builder, index, row) = (self.builder.clone(), self.registry().now(), row.clone());
        // One that came from the folder may name files there.
        let folder = row.by.starts_with(OF_FILE).then(|| self.folder.clone());
        let revive = move || {
            let plugins = builder.registry.seen_from(&index, folder.as_deref());
            let pinned = Pinned { plugins, digests: row.plugins.clone() };
            builder.version(&row.suite, build(&row.suite, row.text.clone(), &row.files, Arc::new(pinned)))
        };
        spawn_blocking(revive).await.unwrap_or_else(|error| Err(Refused::Failed(error.to_string())))
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
        let _changing = self.changing.lock().await;
        if self.now.load().of_folder.contains(name) {
            return Err(Refused::OfFolder);
        }
        let version = Arc::new(self.build(name, text).await?);
        self.fits(&version)?;
        store.put_version(&row(&version, at, by)).await?;
        store.activate(name, &version.hash, by, at).await?;
        self.swap(|suites| {
            suites.active.insert(name.to_owned(), Arc::clone(&version));
            suites.broken.remove(name);
        });
        info!(suite = name, hash = version.hash, by, "a suite was put");
        Ok(version)
    }

    /// Makes an earlier version the active one. Where it names no version of a plugin, the active one is meant, as
    /// with any suite.
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
        let floating = VersionRow { plugins: BTreeMap::new(), ..found };
        let version = Arc::new(self.revive(&floating).await?);
        self.fits(&version)?;
        store.put_version(&row(&version, at, by)).await?;
        store.activate(name, &version.hash, by, at).await?;
        self.swap(|suites| {
            suites.active.insert(name.to_owned(), Arc::clone(&version));
            suites.broken.remove(name);
        });
        info!(suite = name, hash = version.hash, by, "a version was activated");
        Ok(version)
    }

    /// Whether its signals can be shown beside those of other suites.
    fn fits(&self, version: &Version) -> Result<(), Refused> {
        let problems = clashes(version, &self.now.load().active);
        if problems.is_empty() { Ok(()) } else { Err(Refused::Because(problems)) }
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
        self.set(next);
    }

    /// What the folders look like: changes when a file in them does. Looked at every few seconds, which
    /// works on every file system, those of containers and networks too.
    pub fn fingerprint(&self) -> Vec<Stamp> {
        let mut all = stamps(&self.folder);
        for (path, (size, changed, signed)) in self.registry().stamps() {
            all.extend([(path.clone(), size, changed), (path, size, signed)]);
        }
        all.sort();
        all
    }
}

fn row(version: &Version, at: i64, by: &str) -> VersionRow {
    VersionRow {
        suite: version.name.clone(),
        hash: version.hash.clone(),
        text: version.loaded.text.clone(),
        files: version.loaded.files.clone(),
        plugins: version.loaded.plugins(),
        at,
        by: by.to_owned(),
        active: true,
    }
}
