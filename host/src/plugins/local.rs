//! The plugins of suites that are given on the command line.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use driftline_rules::plugin::{Plugin, Plugins, Wanted};

use super::blobs::Blobs;
use super::cache::Cache;
use super::engine::Runtime;
use super::limits::Limits;
use super::oci::Registries;
use super::shelf::{Elsewhere, Found, Shelf};
use super::trust::Trust;

/// Instances at a time: each core has its own, and a suite some rules.
const INSTANCES: u32 = 256;
/// Bytes of fetched components that are kept.
const FETCHED: u64 = 1 << 30;

/// The plugins that a suite in `folder` may name: files relative to it, and those of registries. Nothing is made before
/// the first one is asked for, so that a suite without plugins pays nothing.
pub fn beside(folder: &Path) -> Arc<dyn Plugins> {
    Arc::new(Local { folder: folder.to_owned() })
}

#[derive(Debug)]
struct Local {
    folder: PathBuf,
}

impl Plugins for Local {
    fn find(&self, wanted: &Wanted) -> Result<Arc<dyn Plugin>, String> {
        static SHELF: OnceLock<Result<Arc<Shelf>, String>> = OnceLock::new();
        let shelf = SHELF.get_or_init(open).as_ref().map_err(Clone::clone)?;
        shelf.beside(&self.folder).find(wanted)
    }
}

fn open() -> Result<Arc<Shelf>, String> {
    let limits = Limits::default();
    let runtime = Runtime::new(limits.clone(), INSTANCES)?;
    let folder = cache_folder();
    // A home that cannot be written is no reason to refuse a suite: plugins are compiled each time.
    let cache = folder.and_then(|it| Cache::open(&it).map_err(|why| tracing::warn!("{why}")).ok());
    let elsewhere = Network { most: limits.component };
    Ok(Shelf::new(runtime, cache, Trust::default(), Some(Arc::new(elsewhere))))
}

/// `DRIFTLINE_PLUGIN_CACHE`, else `driftline/plugins` in the user's folder of caches.
fn cache_folder() -> Option<PathBuf> {
    let given = |name| env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let usual = || given("XDG_CACHE_HOME").or_else(|| given("HOME").map(|it| it.join(".cache")));
    given("DRIFTLINE_PLUGIN_CACHE").or_else(|| usual().map(|it| it.join("driftline").join("plugins")))
}

/// Registries of the network; there is no registry of a service.
#[derive(Debug)]
struct Network {
    most: u64,
}

impl Elsewhere for Network {
    fn registered(&self, wanted: &Wanted) -> Result<Found, String> {
        let name = &wanted.name;
        Err(format!(
            "it is registered with a service, and the command line knows of none: give its file, \
             `{name}: {name}.wasm`, or where it is, `oci://REGISTRY/REPOSITORY:TAG`"
        ))
    }

    fn pull(&self, reference: &str) -> Result<Found, String> {
        local_registries(self.most)?.pull(reference)
    }
}

/// Registries as the command line asks them, for components of at most `most` bytes: what they answer is kept where
/// compiled plugins are.
pub fn local_registries(most: u64) -> Result<Registries, String> {
    let place = cache_folder().unwrap_or_else(|| env::temp_dir().join("driftline-plugins"));
    Ok(Registries::new(Blobs::open(&place.join("fetched"), FETCHED)?, most, Vec::new()))
}
