//! The folder of plugins: what its files are, and what they were when they could be read last.
//!
//! A file that is being copied is no plugin for a while. Then the plugin that it was goes on, so that no other version
//! becomes active and no suite breaks; only a file that is gone takes its plugin with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use semver::Version;
use tracing::error;

use super::registry::Registered;

/// Changes when a file or its signature does: size, and the times of both.
pub(super) type Stamp = (u64, Option<SystemTime>, Option<SystemTime>);

/// What came of a file when it was looked at last.
#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    /// Why it is none, if it is none.
    trouble: Option<String>,
    /// The plugin that it is, or was when it could be read last.
    plugin: Option<Arc<Registered>>,
}

/// A folder of plugins.
#[derive(Debug)]
pub(super) struct PluginFolder {
    folder: PathBuf,
    seen: Mutex<BTreeMap<PathBuf, Seen>>,
}

impl PluginFolder {
    /// A folder that was not looked at yet.
    pub fn new(folder: &Path) -> PluginFolder {
        PluginFolder { folder: folder.to_owned(), seen: Mutex::default() }
    }

    /// The files of the folder, each with what changes when it does.
    pub fn stamps(&self) -> BTreeMap<PathBuf, Stamp> {
        let changed = |path: &Path| fs::metadata(path).ok().and_then(|it| it.modified().ok());
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|it| it.path());
        let plugins = files.filter(|it| it.extension().is_some_and(|it| it == "wasm") && it.is_file());
        let stamp = |path: PathBuf| {
            let size = fs::metadata(&path).map_or(0, |it| it.len());
            let stamp = (size, changed(&path), changed(&signature_of(&path)));
            (path, stamp)
        };
        plugins.map(stamp).collect()
    }

    /// The plugins of the folder, of each the highest version active, and the files that are none, with why. Files that
    /// did not change are not read again.
    pub fn look(
        &self,
        read: impl Fn(&Path, &Stamp) -> Result<Registered, String>,
    ) -> (Vec<Arc<Registered>>, BTreeMap<PathBuf, String>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = BTreeMap::new();
        for (path, stamp) in self.stamps() {
            let now = match seen.remove(&path) {
                Some(it) if it.stamp == stamp => it,
                before => look_at(&path, stamp, before.and_then(|it| it.plugin), &read),
            };
            found.insert(path, now);
        }
        let mut broken = BTreeMap::new();
        let mut good = Vec::<Arc<Registered>>::new();
        // Where two files are the same plugin, one that can be read comes before one that only could be.
        let (sound, torn): (Vec<_>, Vec<_>) = found.iter().partition(|it| it.1.trouble.is_none());
        for (path, it) in sound.into_iter().chain(torn) {
            if let Some(why) = &it.trouble {
                broken.insert(path.clone(), why.clone());
            }
            let Some(plugin) = &it.plugin else { continue };
            match good.iter().find(|other| other.name == plugin.name && other.version == plugin.version) {
                Some(other) => {
                    let other = other.file.as_deref().unwrap_or(Path::new("")).display();
                    let (name, version) = (&plugin.name, &plugin.version);
                    let why = format!("is `{name}` {version} as {other} is, which is the one that is used");
                    broken.entry(path.clone()).or_insert(why);
                }
                None => good.push(Arc::clone(plugin)),
            }
        }
        *seen = found;
        drop(seen);
        let order = |it: &Registered| (Version::parse(&it.version).ok(), it.version.clone());
        let good = good.iter().map(|it| {
            let highest = good.iter().filter(|other| other.name == it.name).all(|other| order(other) <= order(it));
            Arc::new(Registered { active: highest, ..Registered::clone(it) })
        });
        (good.collect(), broken)
    }
}

fn look_at(
    path: &Path,
    stamp: Stamp,
    before: Option<Arc<Registered>>,
    read: impl Fn(&Path, &Stamp) -> Result<Registered, String>,
) -> Seen {
    match read(path, &stamp) {
        Ok(it) => Seen { stamp, trouble: None, plugin: Some(Arc::new(it)) },
        Err(why) => {
            let file = path.display();
            let trouble = match &before {
                Some(it) => format!("{why}; `{}` {}, which it was, goes on", it.name, it.version),
                None => why,
            };
            error!(%file, "is no plugin that can be used: {trouble}");
            Seen { stamp, trouble: Some(trouble), plugin: before }
        }
    }
}

/// Where the signature of a file lies.
pub(super) fn signature_of(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".sig");
    beside.into()
}
