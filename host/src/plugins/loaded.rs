//! From the bytes of a component to a plugin that can be opened, or to all that is wrong with it.

use std::fmt::{Debug, Formatter};
use std::sync::Arc;
use std::time::{Duration, Instant};

use driftline_rules::plugin::{About, Checker, Fault, Opened, Plugin, Summarizer, Task};
use wasmtime::component::{Component, InstancePre};

use super::cache::Cache;
use super::engine::Runtime;
use super::guest::{Broken, Guest, Live};
use super::interfaces::Interfaces;
use super::limits::{Limits, megabytes};
use super::rule::{RecordCheck, Summary};
use super::v0_1::Exports;
use super::{about, interfaces};

/// A component that was validated and compiled; shared by all suites that name it.
pub(super) struct Loaded {
    pub runtime: Arc<Runtime>,
    pub about: About,
    pub exports: Exports,
    pub facts: Facts,
    pre: InstancePre<Guest>,
}

impl Debug for Loaded {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("about", &self.about.name).field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// What is known of a component without asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Which interfaces it imports and exports.
    pub interfaces: Interfaces,
    /// Bytes of the component.
    pub size: u64,
    /// How long it took to compile, or to read what was compiled before.
    pub ready_after: Duration,
    /// Whether its compiled code was on disk.
    pub cached: bool,
}

impl Loaded {
    /// Validates, compiles and describes. The error is all that is wrong.
    pub fn new(
        runtime: &Arc<Runtime>,
        cache: Option<&Cache>,
        bytes: &[u8],
        digest: &str,
    ) -> Result<Loaded, Vec<String>> {
        let size = bytes.len() as u64;
        if size > runtime.limits.component {
            let (size, limit) = (megabytes(size), megabytes(runtime.limits.component));
            return Err(vec![format!("it has {size}; the limit for a component is {limit}")]);
        }
        let binary = wat::parse_bytes(bytes).map_err(|it| vec![format!("it is no WebAssembly: {it}")])?;
        let interfaces = interfaces::read(&binary)?;
        let started = Instant::now();
        let (component, cached) = compile(runtime, cache, &binary, digest)?;
        let ready_after = started.elapsed();
        let fits = |it: wasmtime::Error| vec![format!("it does not fit the host: {it:#}")];
        let pre = runtime.linker.instantiate_pre(&component).map_err(fits)?;
        let exports = Exports::bind(&pre, |name| interfaces.has(name))?;
        let broken = |it: Broken| vec![format!("`describe` {}", it.why())];
        let limits = &runtime.limits;
        let mut live = Live::new(runtime, limits, &pre, &Arc::from(digest)).map_err(broken)?;
        let instance = live.instance;
        let mut about = live.call(limits, |store| exports.describe(store, &instance)).map_err(broken)?;
        let wrong = about::problems(&about, |task| exports.can(task));
        if !wrong.is_empty() {
            return Err(wrong);
        }
        digest.clone_into(&mut about.digest);
        let facts = Facts { interfaces, size, ready_after, cached };
        Ok(Loaded { runtime: Arc::clone(runtime), about, exports, facts, pre })
    }

    /// Name and version, as messages say them.
    pub fn label(&self) -> String {
        format!("`{}` {}", self.about.name, self.about.version)
    }

    /// A fresh instance.
    pub fn instance(&self, limits: &Limits) -> Result<Live, Broken> {
        Live::new(&self.runtime, limits, &self.pre, &Arc::from(self.label()))
    }
}

/// Compiled code, from disk if it is there; whether it was.
fn compile(
    runtime: &Runtime,
    cache: Option<&Cache>,
    binary: &[u8],
    digest: &str,
) -> Result<(Component, bool), Vec<String>> {
    if let Some(found) = cache.and_then(|it| it.find(&runtime.engine, digest)) {
        return Ok((found, true));
    }
    let component =
        Component::from_binary(&runtime.engine, binary).map_err(|it| vec![format!("it does not compile: {it:#}")])?;
    if let Some(cache) = cache {
        cache.keep(&runtime.engine, digest, &component);
    }
    Ok((component, false))
}

/// A plugin with the limits under which one suite runs it.
#[derive(Clone, Debug)]
pub struct LoadedPlugin {
    pub(super) loaded: Arc<Loaded>,
    pub(super) limits: Limits,
}

impl LoadedPlugin {
    /// What is known of the component without asking it.
    pub fn facts(&self) -> &Facts {
        &self.loaded.facts
    }

    /// The limits it runs under: the smaller of the host's and the suite's.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Bytes of linear memory that a fresh instance holds. The error says why there is none.
    pub fn memory(&self) -> Result<u64, Fault> {
        let failed = |it: Broken| Fault::Failed(format!("plugin {}: {}", self.loaded.label(), it.why()));
        self.loaded.instance(&self.limits).map(|it| it.memory()).map_err(failed)
    }

    /// The task of the capability; none if there is no such capability, which opening it says.
    fn task(&self, opened: &Opened) -> Option<Task> {
        self.loaded.about.capabilities.iter().find(|it| it.id == opened.capability).map(|it| it.task)
    }

    fn wrong_task(&self, opened: &Opened, due: &str) -> Fault {
        Fault::Failed(format!("plugin {}, rule `{}`: is no {due}", self.loaded.label(), opened.capability))
    }
}

impl Plugin for LoadedPlugin {
    fn about(&self) -> &About {
        &self.loaded.about
    }

    fn checker(&self, opened: &Opened) -> Result<Box<dyn Checker>, Fault> {
        if matches!(self.task(opened), Some(Task::DriftTest | Task::Metric)) {
            return Err(self.wrong_task(opened, "record check"));
        }
        Ok(Box::new(RecordCheck::open(&self.loaded, &self.limits, opened)?))
    }

    fn summarizer(&self, opened: &Opened) -> Result<Arc<dyn Summarizer>, Fault> {
        if self.task(opened) == Some(Task::RecordCheck) {
            return Err(self.wrong_task(opened, "drift test or metric"));
        }
        Ok(Arc::new(Summary::open(&self.loaded, &self.limits, opened)?))
    }
}
