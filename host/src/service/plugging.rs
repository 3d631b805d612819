//! Taking plugins in, activating and removing them, with the suites that use them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use driftline_rules::suite::plugins::same_name;
use tokio::task::spawn_blocking;
use tracing::info;

use super::registry::{Index, Registered};
use super::shelf::Shelf;
use crate::plugins::{Found, digest, self_test};
use crate::store::Store;

/// How long the laws are tried on a plugin that is put.
const TEST_TIME: Duration = Duration::from_secs(5);

/// Why a plugin was not put, activated or removed.
pub type Refused = super::refused::Refused<Objection>;

/// What speaks against a change of a plugin alone.
#[derive(Debug)]
pub enum Objection {
    /// There are other bytes of this name and version; their digest.
    Other(String),
    /// It has problems.
    Problems(Vec<String>),
    /// Suites cannot be loaded with it; why, a line each.
    Suites(Vec<String>),
    /// It is active.
    Active,
    /// Suites use it; which.
    Used(Vec<String>),
}

impl From<Objection> for Refused {
    fn from(it: Objection) -> Self {
        Refused::Because(it)
    }
}

impl Shelf {
    /// Takes a plugin in under its own name and version, after it was tested. It is not active yet. Whether it is new.
    pub async fn put_plugin(
        &self,
        store: &Store,
        (name, version): (&str, &str),
        found: Found,
        by: &str,
        at: i64,
    ) -> Result<bool, Refused> {
        are_names(name, version)?;
        if self.registry().now().is_of_folder(name) {
            return Err(Refused::OfFolder);
        }
        let is = digest(&found.component);
        let same = |known: &str| if known == is { Ok(false) } else { Err(Objection::Other(known.to_owned()).into()) };
        if let Some(known) = store.plugin(name, version).await? {
            return same(&known.digest);
        }
        let (registry, asked) = (Arc::clone(self.registry()), (name.to_owned(), version.to_owned()));
        // Tests take seconds; nothing waits for them but this request.
        let try_out = move || try_out(&registry, &asked, &found).map(|it| (it, found));
        let (registered, found) = spawn_blocking(try_out)
            .await
            .map_err(|it| Refused::Failed(it.to_string()))?
            .map_err(Objection::Problems)?;
        let row = Registered { at, by: by.to_owned(), ..registered }.row();
        let _changing = self.changing.lock().await;
        if !store.put_plugin(&row, &found.component).await? {
            // Another one was faster.
            return same(&store.plugin(name, version).await?.ok_or(Refused::Unknown)?.digest);
        }
        let (index, _) = self.registry().look().await;
        self.registry().set(Arc::new(index));
        info!(plugin = name, version, digest = row.digest, by, "a plugin was put");
        Ok(true)
    }

    /// Makes a version the active one, with all suites that name no version of it, at once. When a suite that can be
    /// loaded now could not any more, nothing changes.
    pub async fn activate_plugin(
        &self,
        store: &Store,
        (name, version): (&str, &str),
        by: &str,
        at: i64,
    ) -> Result<(), Refused> {
        let _changing = self.changing.lock().await;
        let (index, unread) = self.registry().look().await;
        if let Some(error) = unread {
            return Err(error.into());
        }
        if index.is_of_folder(name) {
            return Err(Refused::OfFolder);
        }
        let it = index.get(name, version).ok_or(Refused::Unknown)?;
        let name = it.name.clone();
        let next = Arc::new(index.with_active(&name, version));
        let rows = store.active().await?;
        let failed = || Refused::Failed("the suites could not be gone through; the log says why".to_owned());
        let gathered = self.gather(store, &next, Some(&rows)).await.ok_or_else(failed)?;
        let before = self.now();
        let uses = |suite: &str| gathered.plugins.get(suite).is_some_and(|it| it.iter().any(|it| same_name(it, &name)));
        let broken = gathered.suites.broken.iter();
        let broken = broken.filter(|(suite, _)| uses(suite) && !before.broken.contains_key(*suite));
        let broken: Vec<_> =
            broken.flat_map(|(_, it)| it.problems.iter().map(|why| format!("{}:{why}", it.file))).collect();
        if !broken.is_empty() {
            return Err(Objection::Suites(broken).into());
        }
        if !store.activate_plugin(&name, version, by, at).await? {
            return Err(Refused::Unknown);
        }
        self.show(&next, gathered, store, at).await?;
        info!(plugin = name, version, by, "a version of a plugin was activated");
        Ok(())
    }

    /// Removes a version that is not active and that no active suite uses.
    pub async fn remove_plugin(&self, store: &Store, (name, version): (&str, &str), by: &str) -> Result<(), Refused> {
        let _changing = self.changing.lock().await;
        let (index, unread) = self.registry().look().await;
        if let Some(error) = unread {
            return Err(error.into());
        }
        if index.is_of_folder(name) {
            return Err(Refused::OfFolder);
        }
        let it = Arc::clone(index.get(name, version).ok_or(Refused::Unknown)?);
        let suites = self.now();
        let using = suites.active.values().filter(|suite| uses(&suite.loaded, &it));
        let using: Vec<_> = using.map(|suite| suite.name.clone()).collect();
        if !using.is_empty() {
            return Err(Objection::Used(using).into());
        }
        // Windows are judged by the version that checked their records, which may not be active any more.
        let mut open = BTreeSet::new();
        for (suite, hash) in store.open_versions().await? {
            let version = store.version(&suite, &hash).await?;
            if version.is_some_and(|version| version.plugins.values().any(|digest| *digest == it.digest)) {
                open.insert(format!("{suite} (in windows that are not judged yet)"));
            }
        }
        if !open.is_empty() {
            return Err(Objection::Used(open.into_iter().collect()).into());
        }
        if !store.remove_plugin(&it.name, version).await? {
            return Err(Objection::Active.into());
        }
        let all = index.all.into_iter().filter(|other| (&other.name, &other.version) != (&it.name, &it.version));
        self.registry().set(Arc::new(Index { all: all.collect(), broken: index.broken }));
        info!(plugin = name, version, by, "a version of a plugin was removed");
        Ok(())
    }

    /// The bytes of a version.
    pub async fn component(&self, name: &str, version: &str) -> Result<(Arc<Registered>, Vec<u8>), Refused> {
        let it = Arc::clone(self.registry().now().get(name, version).ok_or(Refused::Unknown)?);
        let (registry, wanted) = (Arc::clone(self.registry()), Arc::clone(&it));
        let bytes = spawn_blocking(move || registry.component(&wanted)).await;
        let bytes = bytes.map_err(|it| Refused::Failed(it.to_string()))?.map_err(Refused::Failed)?;
        Ok((it, bytes))
    }
}

/// Whether a suite names this version, or uses a rule of it; one that names a version and uses none of its rules
/// would be broken without it too.
fn uses(suite: &crate::suites::Loaded, it: &Registered) -> bool {
    let named = suite.suite.plugins.iter().map(|it| &it.wanted).any(|wanted| {
        let same = wanted.file.is_none() && same_name(&wanted.name, &it.name);
        same && (wanted.version.as_ref() == Some(&it.version) || wanted.digest.as_ref() == Some(&it.digest))
    });
    named || suite.plugins().values().any(|digest| *digest == it.digest)
}

/// Loads and tests a plugin; all that is wrong with it.
fn try_out(
    registry: &super::registry::Registry,
    (name, version): &(String, String),
    found: &Found,
) -> Result<Registered, Vec<String>> {
    use driftline_rules::plugin::Plugin as _;
    let shelf = registry.shelf();
    let lines = |text: String| {
        // Several problems come as a list.
        let lines: Vec<_> = text.lines().filter_map(|it| it.strip_prefix("- ")).map(str::to_owned).collect();
        if lines.is_empty() { vec![text] } else { lines }
    };
    let plugin = shelf.load(found, shelf.runtime().limits()).map_err(lines)?;
    let about = plugin.about();
    let mut wrong = Vec::new();
    if about.name != *name {
        wrong.push(format!("it says that it is `{}`, and it was put as `{name}`", about.name));
    }
    if about.version != *version {
        wrong.push(format!("it says that it is version {}, and it was put as {version}", about.version));
    }
    wrong.extend(self_test(&plugin, TEST_TIME));
    if wrong.is_empty() { Ok(Registered::new(&plugin, found.signature.clone())) } else { Err(wrong) }
}

/// Name and version as `describe` would have to give them, so that what cannot be is said before anything is read.
fn are_names(name: &str, version: &str) -> Result<(), Refused> {
    let letter = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    if name.is_empty() || name.len() > 100 || !name.chars().all(letter) {
        let why = format!("`{name}` is no name of a plugin: lower-case letters, digits and hyphens, at most 100");
        return Err(Refused::Name(why));
    }
    if version.len() > 100 || semver::Version::parse(version).is_err() {
        return Err(Refused::Name(format!("`{version}` is no semantic version, such as 1.0.0")));
    }
    Ok(())
}
