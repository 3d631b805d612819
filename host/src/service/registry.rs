//! The plugins that suites of a service may name: those of a folder, and those that were put over HTTP and lie in the
//! store, where every host finds them.
//!
//! As with suites, a plugin of the folder is what its file says and is not changed over HTTP; where both have a plugin
//! of one name, the folder's is meant. Of several versions in the folder the highest is active.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use driftline_rules::plugin::{Plugin as _, Plugins, Wanted};
use driftline_rules::suite::plugins::same_name;
use tokio::runtime::Handle;
use tracing::error;

use super::plugin_files::{PluginFolder, Stamp};
use crate::plugins::{self, Elsewhere, Found, Registries, Shelf, digest};
use crate::store::plugins::PluginRow;
use crate::store::rows::Micros;
use crate::store::{self, Store};
use crate::wire::AboutOut;

/// A version of a plugin that can be named.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The plugin's own name.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// `sha256:` and the hexadecimal digits of the component's bytes.
    pub digest: String,
    /// Bytes of the component.
    pub size: u64,
    /// The version of `driftline:plugin` that it was built against.
    pub wit: String,
    /// What it says of itself.
    pub about: AboutOut,
    /// The signature that it came with.
    pub signature: Option<Vec<u8>>,
    /// When it was put, or its file changed; microseconds since 1970.
    pub at: Micros,
    /// Who put it: a token's name, or `file:` and the path.
    pub by: String,
    /// Whether suites that name no version get it.
    pub active: bool,
    /// Its file, when the folder holds it.
    pub file: Option<PathBuf>,
}

/// All that is registered, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// By name, the newest first.
    pub all: Vec<Arc<Registered>>,
    /// Files of the folder that are no plugins that can run, and why.
    pub broken: BTreeMap<PathBuf, String>,
}

impl Index {
    /// All versions of a plugin.
    pub fn versions(&self, name: &str) -> impl Iterator<Item = &Arc<Registered>> {
        self.all.iter().filter(move |it| same_name(&it.name, name))
    }

    /// One version of a plugin.
    pub fn get(&self, name: &str, version: &str) -> Option<&Arc<Registered>> {
        self.versions(name).find(|it| it.version == version)
    }

    /// Whether the folder holds a plugin of this name.
    pub fn is_of_folder(&self, name: &str) -> bool {
        self.versions(name).any(|it| it.file.is_some())
    }

    /// The same with another version active.
    #[must_use]
    pub fn with_active(&self, name: &str, version: &str) -> Index {
        let all = self.all.iter().map(|it| {
            let active = it.version == version;
            if same_name(&it.name, name) && it.active != active {
                Arc::new(Registered { active, ..Registered::clone(it) })
            } else {
                Arc::clone(it)
            }
        });
        Index { all: all.collect(), broken: self.broken.clone() }
    }

    /// The version that an entry of a suite means.
    fn resolve(&self, wanted: &Wanted) -> Result<&Arc<Registered>, String> {
        let name = &wanted.name;
        let mut all = self.versions(name).peekable();
        if all.peek().is_none() {
            let names: BTreeSet<_> = self.all.iter().map(|it| it.name.as_str()).collect();
            let names: Vec<_> = names.into_iter().collect();
            let there =
                if names.is_empty() { "nothing is".to_owned() } else { format!("there are {}", names.join(", ")) };
            return Err(format!(
                "it is not registered ({there}): `driftline plugin push {name}.wasm --to URL` registers it, or name its \
                 `file` in a suite of the folder"
            ));
        }
        let versions = || self.versions(name).map(|it| it.version.as_str()).collect::<Vec<_>>().join(", ");
        match (&wanted.version, &wanted.digest) {
            (Some(version), _) => self
                .get(name, version)
                .ok_or_else(|| format!("version {version} of it is not registered; there are {}", versions())),
            (None, Some(digest)) => all
                .find(|it| it.digest.eq_ignore_ascii_case(digest))
                .ok_or_else(|| format!("none of its registered versions ({}) has the digest {digest}", versions())),
            (None, None) => all.find(|it| it.active).ok_or_else(|| {
                format!("none of its versions ({}) is active: activate one, or name a `version`", versions())
            }),
        }
    }
}

/// The registry of a service.
#[derive(Debug)]
pub struct Registry {
    shelf: Arc<Shelf>,
    folder: PluginFolder,
    network: Registries,
    /// Registries that suites may name which are no files.
    open_to_all: Vec<String>,
    store: Store,
    runtime: Handle,
    now: ArcSwap<Index>,
}

impl Registry {
    /// A registry with nothing in it yet. Must be made where the store's runtime runs. Suites that are no files may
    /// name `oci://` references that begin with one of `open_to_all` only: whoever sends a suite may else make the
    /// service fetch from anywhere.
    pub fn new(
        shelf: Arc<Shelf>,
        folder: &Path,
        network: Registries,
        open_to_all: Vec<String>,
        store: Store,
    ) -> Arc<Registry> {
        let (now, folder) = (ArcSwap::default(), PluginFolder::new(folder));
        Arc::new(Registry { shelf, folder, network, open_to_all, store, runtime: Handle::current(), now })
    }

    /// All that is registered, as it is at this moment.
    pub fn now(&self) -> Arc<Index> {
        self.now.load_full()
    }

    /// What suites find from now on.
    pub(super) fn set(&self, index: Arc<Index>) {
        self.now.store(index);
    }

    /// Where plugins are loaded.
    pub fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// The plugins that a suite finds: one in a folder its files too. Finding may block, and must not happen on a
    /// thread of async tasks.
    pub fn seen_from(self: &Arc<Self>, index: &Arc<Index>, folder: Option<&Path>) -> Arc<dyn Plugins> {
        let view = View { registry: Arc::clone(self), index: Arc::clone(index), sent: folder.is_none() };
        let beside = match folder {
            Some(folder) => self.shelf.beside(folder),
            None => self.shelf.without_files(),
        };
        Arc::new(beside.with(Arc::new(view)))
    }

    /// Looks at the folder and the store again. When the store does not answer, what was known of it stays.
    pub(super) async fn look(self: &Arc<Self>) -> (Index, Option<store::Error>) {
        let this = Arc::clone(self);
        let files = tokio::task::spawn_blocking(move || this.folder.look(|path, stamp| this.read(path, stamp)));
        let (rows, files) = (self.store.plugins().await, files.await.unwrap_or_default());
        let mut index = Index { all: Vec::new(), broken: files.1 };
        let of_folder = |name: &str| files.0.iter().any(|it| same_name(&it.name, name));
        let (stored, error) = match rows {
            Ok(rows) => (rows.into_iter().filter_map(of_row).map(Arc::new).collect(), None),
            Err(error) => {
                let known = self.now();
                (known.all.iter().filter(|it| it.file.is_none()).cloned().collect::<Vec<_>>(), Some(error))
            }
        };
        index.all.extend(stored.into_iter().filter(|it| !of_folder(&it.name)));
        index.all.extend(files.0);
        index.all.sort_by(|a, b| (&a.name, b.at).cmp(&(&b.name, a.at)));
        (index, error)
    }

    /// The files of the folder, each with what changes when it does.
    pub(super) fn stamps(&self) -> BTreeMap<PathBuf, Stamp> {
        self.folder.stamps()
    }

    fn read(&self, path: &Path, stamp: &Stamp) -> Result<Registered, String> {
        let limits = self.shelf.runtime().limits().clone();
        let found = plugins::read(path, &limits)?;
        let plugin = self.shelf.load(&found, &limits)?;
        // The file may be overwritten, and suites have to be compiled with what it was until it is a plugin again.
        self.network.blobs().keep(&found.component);
        let at = stamp.1.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
        Ok(Registered {
            file: Some(path.to_owned()),
            at: at.map_or(0, |it| it.as_micros() as Micros),
            by: format!("file:{}", path.display()),
            ..Registered::new(&plugin, found.signature)
        })
    }

    /// The bytes of a version, with its digest. May block.
    pub(super) fn component(&self, it: &Registered) -> Result<Vec<u8>, String> {
        if let Some(file) = &it.file {
            return self.component_of(file, &it.digest);
        }
        if let Some(bytes) = self.network.blobs().find(&it.digest) {
            return Ok(bytes);
        }
        let asked = self.runtime.block_on(self.store.component(&it.name, &it.version));
        let bytes = asked.map_err(|error| format!("the store does not give its bytes: {error}"))?;
        let bytes = bytes.ok_or_else(|| format!("version {} of it was removed", it.version))?;
        let is = digest(&bytes);
        if is != it.digest {
            return Err(format!("its bytes in the store have the digest {is} instead of {}", it.digest));
        }
        self.network.blobs().keep(&bytes);
        Ok(bytes)
    }

    /// What the file was when it was registered: the file itself, or what was kept of it.
    fn component_of(&self, file: &Path, registered: &str) -> Result<Vec<u8>, String> {
        let read = plugins::read(file, self.shelf.runtime().limits());
        let why = match read.map(|it| it.component) {
            Ok(bytes) if digest(&bytes) == registered => return Ok(bytes),
            Ok(bytes) => format!("{}: its digest is {} now", file.display(), digest(&bytes)),
            Err(why) => why,
        };
        let kept = self.network.blobs().find(registered);
        kept.ok_or_else(|| format!("{why}; what is registered has {registered}, and was not kept: put it there again"))
    }
}

impl Registered {
    /// What is known of a plugin that was loaded; not active, and by nobody yet.
    pub(super) fn new(plugin: &crate::plugins::LoadedPlugin, signature: Option<Vec<u8>>) -> Registered {
        let (about, facts) = (plugin.about(), plugin.facts());
        Registered {
            name: about.name.clone(),
            version: about.version.clone(),
            digest: about.digest.clone(),
            size: facts.size,
            wit: facts.interfaces.version().unwrap_or_default().to_owned(),
            about: AboutOut::from(about),
            signature,
            at: 0,
            by: String::new(),
            active: false,
            file: None,
        }
    }

    /// As it is stored.
    pub(super) fn row(&self) -> PluginRow {
        PluginRow {
            name: self.name.clone(),
            version: self.version.clone(),
            digest: self.digest.clone(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            signature: self.signature.clone(),
            wit: self.wit.clone(),
            about: serde_json::to_value(&self.about).unwrap_or_default(),
            at: self.at,
            by: self.by.clone(),
            active: self.active,
        }
    }
}

fn of_row(row: PluginRow) -> Option<Registered> {
    let about = match serde_json::from_value(row.about) {
        Ok(it) => it,
        Err(error) => {
            error!(%error, plugin = row.name, version = row.version, "what the store says of it cannot be read");
            return None;
        }
    };
    Some(Registered {
        name: row.name,
        version: row.version,
        digest: row.digest,
        size: row.size.unsigned_abs(),
        wit: row.wit,
        about,
        signature: row.signature,
        at: row.at,
        by: row.by,
        active: row.active,
        file: None,
    })
}

/// The registry as it is at one moment, or would be.
#[derive(Debug)]
struct View {
    registry: Arc<Registry>,
    index: Arc<Index>,
    /// Whether the suite came over HTTP.
    sent: bool,
}

impl Elsewhere for View {
    fn registered(&self, wanted: &Wanted) -> Result<Found, String> {
        let it = self.index.resolve(wanted)?;
        Ok(Found { component: self.registry.component(it)?, signature: it.signature.clone() })
    }

    fn pull(&self, reference: &str) -> Result<Found, String> {
        let name = reference.trim_start_matches("oci://");
        let may = |it: &String| name.strip_prefix(it.as_str()).is_some_and(|rest| rest.starts_with(['/', ':', '@']));
        if self.sent && !self.registry.open_to_all.iter().any(may) {
            return Err("a suite that is sent may not name this registry: the operator names those that it may under \
                        `plugins.registries`"
                .to_owned());
        }
        self.registry.network.pull(reference)
    }
}
