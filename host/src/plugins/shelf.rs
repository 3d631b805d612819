//! The plugins of a process, each loaded once, and how suites find them.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use driftline_rules::plugin::{Plugin, Plugins, Wanted};
use sha2::{Digest, Sha256};

use super::cache::Cache;
use super::engine::Runtime;
use super::limits::{Limits, cut, megabytes};
use super::loaded::{Loaded, LoadedPlugin};
use super::trust::Trust;

/// A component and, if there is one, its signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The component.
    pub component: Vec<u8>,
    /// Its signature, raw or in Base64.
    pub signature: Option<Vec<u8>>,
}

/// Where plugins come from that are no files: a registry of the service, or one of the network.
pub trait Elsewhere: Debug + Send + Sync {
    /// The registered plugin that an entry without a file means, by name, version and digest. The error is for the
    /// author of the suite.
    fn registered(&self, wanted: &Wanted) -> Result<Found, String>;

    /// What `oci://registry/repository:tag` names.
    fn pull(&self, reference: &str) -> Result<Found, String>;
}

/// All plugins that are loaded, by digest: suites that name the same component share one, and a component that no
/// suite uses any more is forgotten.
#[derive(Debug)]
pub struct Shelf {
    runtime: Arc<Runtime>,
    cache: Option<Cache>,
    trust: Trust,
    elsewhere: Option<Arc<dyn Elsewhere>>,
    // The inner lock is held while a component compiles, so that it compiles once and others do not wait for it.
    loaded: Mutex<HashMap<String, Arc<Mutex<Weak<Loaded>>>>>,
}

impl Shelf {
    /// An empty shelf. Without a cache, components are compiled in every process; without `elsewhere`, plugins are
    /// files only.
    pub fn new(
        runtime: Arc<Runtime>,
        cache: Option<Cache>,
        trust: Trust,
        elsewhere: Option<Arc<dyn Elsewhere>>,
    ) -> Arc<Shelf> {
        Arc::new(Shelf { runtime, cache, trust, elsewhere, loaded: Mutex::default() })
    }

    /// The plugins of suites that lie in `folder`.
    pub fn beside(self: &Arc<Shelf>, folder: &Path) -> Beside {
        Beside { shelf: Arc::clone(self), folder: Some(folder.to_owned()) }
    }

    /// The plugins of suites that come from no folder: files are refused, since whoever sends a suite may not read
    /// the host's disk.
    pub fn without_files(self: &Arc<Shelf>) -> Beside {
        Beside { shelf: Arc::clone(self), folder: None }
    }

    /// Loads a component under limits that are the smaller of the host's and these. The error is all that is wrong
    /// with it, a line each.
    pub fn load(&self, found: &Found, limits: &Limits) -> Result<LoadedPlugin, String> {
        let digest = digest(&found.component);
        self.trust.check(&found.component, found.signature.as_deref())?;
        let slot = {
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            loaded.retain(|_, it| Arc::strong_count(it) > 1 || it.lock().is_ok_and(|it| it.strong_count() > 0));
            Arc::clone(loaded.entry(digest.clone()).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = match slot.upgrade() {
            Some(it) => it,
            None => {
                let fresh = Loaded::new(&self.runtime, self.cache.as_ref(), &found.component, &digest);
                let fresh = Arc::new(fresh.map_err(|it| listed(it, &self.runtime.limits))?);
                *slot = Arc::downgrade(&fresh);
                fresh
            }
        };
        Ok(LoadedPlugin { loaded, limits: limits.clone() })
    }

    /// The engine that the plugins run in.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Components that are loaded or being loaded now.
    pub fn count(&self) -> usize {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.values().filter(|it| it.try_lock().map_or(true, |it| it.strong_count() > 0)).count()
    }
}

fn listed(problems: Vec<String>, limits: &Limits) -> String {
    let mut problems: Vec<_> = problems.into_iter().map(|it| cut(it, limits.message)).collect();
    match problems.len() {
        1 => problems.remove(0),
        n => format!("{n} problems:\n- {}", problems.join("\n- ")),
    }
}

/// The digest of a component, as suites pin it: `sha256:` and 64 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A shelf as the suites of one folder see it.
#[derive(Clone, Debug)]
pub struct Beside {
    shelf: Arc<Shelf>,
    folder: Option<PathBuf>,
}

impl Beside {
    /// Like [`Plugins::find`], with what is known of the component besides.
    pub fn open(&self, wanted: &Wanted) -> Result<LoadedPlugin, String> {
        let (found, origin) = self.fetch(wanted).map_err(|it| format!("plugin `{}`: {it}", wanted.name))?;
        let say = |it: String| format!("plugin `{}` ({origin}): {it}", wanted.name);
        if let Some(pinned) = &wanted.digest {
            let is = digest(&found.component);
            if !is.eq_ignore_ascii_case(pinned) {
                return Err(say(format!(
                    "its digest is {is}, and the suite asks for {pinned}: it is another build; correct the suite if \
                     this is the one that is meant"
                )));
            }
        }
        let plugin = self.shelf.load(&found, &self.shelf.runtime.limits.within(wanted)).map_err(say)?;
        let version = &plugin.about().version;
        if let Some(asked) = wanted.version.as_ref().filter(|it| *it != version) {
            return Err(say(format!("it is version {version}, and the suite asks for {asked}")));
        }
        Ok(plugin)
    }

    fn fetch(&self, wanted: &Wanted) -> Result<(Found, String), String> {
        let elsewhere = self.shelf.elsewhere.as_ref();
        match (&wanted.file, &self.folder) {
            (Some(file), _) if file.starts_with("oci://") => {
                let from = elsewhere.ok_or("`oci://` is not available here: give a file")?;
                Ok((from.pull(file)?, file.clone()))
            }
            (Some(file), Some(folder)) => Ok((read(&folder.join(file), &self.shelf.runtime.limits)?, file.clone())),
            (Some(_), None) => {
                Err("a suite that is no file cannot name one: register the plugin, and give its version or digest"
                    .to_owned())
            }
            (None, _) => {
                let from = elsewhere.ok_or("plugins cannot be registered here: give a `file`")?;
                Ok((from.registered(wanted)?, "registered".to_owned()))
            }
        }
    }
}

impl Plugins for Beside {
    fn find(&self, wanted: &Wanted) -> Result<Arc<dyn Plugin>, String> {
        Ok(Arc::new(self.open(wanted)?))
    }
}

/// A component and its signature beside it.
fn read(path: &Path, limits: &Limits) -> Result<Found, String> {
    let place = path.display();
    let trouble = |it: std::io::Error| format!("{place}: {it}");
    // Known before it is read: a file may be larger than the memory.
    let size = fs::metadata(path).map_err(trouble)?.len();
    if size > limits.component {
        let (size, limit) = (megabytes(size), megabytes(limits.component));
        return Err(format!("{place} has {size}; the limit for a component is {limit}"));
    }
    let component = fs::read(path).map_err(trouble)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".sig");
    let signature = match fs::read(Path::new(&beside)) {
        Ok(it) => Some(it),
        Err(it) if it.kind() == std::io::ErrorKind::NotFound => None,
        Err(it) => return Err(format!("{}: {it}", Path::new(&beside).display())),
    };
    Ok(Found { component, signature })
}
