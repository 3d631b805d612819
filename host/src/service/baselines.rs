//! Baselines at hand: those of the folder of suites, and the active versions of the store that suites name.
//!
//! A file `NAME.baseline.json` beside the suites is the baseline of that name; it is what the file says, and is not
//! changed over HTTP. Another is looked up in the store for each window, so that a version that any host activates
//! holds from the next window on; its text is read once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use driftline_rules::baseline::Baseline;
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;
use tracing::{error, info};

use super::folder::is_name;
use crate::store::baselines::BaselineRow;
use crate::store::rows::Micros;
use crate::store::{self, Store};
use crate::suites::hex;

/// What the name of a file ends in that is a baseline.
const SUFFIX: &str = ".baseline.json";

/// A baseline that was read.
#[derive(Debug)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Its version in the store; `None`: it is a file of the folder.
    pub version: Option<i64>,
    /// SHA-256 of its text, in hexadecimal digits.
    pub hash: String,
    /// Its distributions.
    pub baseline: Baseline,
}

/// A file of the folder that is a baseline, or should be one.
#[derive(Clone, Debug)]
pub struct OfFolder {
    /// The file.
    pub file: PathBuf,
    /// What it holds; where it cannot be read now, what it held before.
    pub known: Option<Arc<Known>>,
    /// Why it cannot be read.
    pub problem: Option<String>,
    stamp: (u64, Option<SystemTime>),
}

/// The baselines of a service.
#[derive(Debug)]
pub struct Baselines {
    folder: PathBuf,
    of_folder: ArcSwap<BTreeMap<String, OfFolder>>,
    stored: ArcSwap<BTreeMap<String, Arc<Known>>>,
}

/// A baseline that is put.
#[derive(Clone, Debug)]
pub struct Put {
    /// Its name.
    pub name: String,
    /// Its text.
    pub body: String,
    /// The model whose training data it is of.
    pub model: Option<String>,
    /// The model's version.
    pub model_version: Option<String>,
    /// `file` or `windows`.
    pub source: &'static str,
    /// Whether it is active at once.
    pub activate: bool,
}

/// Why a baseline was not put, activated or removed.
#[derive(Debug)]
pub enum Refused {
    /// Its name is none.
    Name(String),
    /// The folder has a baseline of this name.
    OfFolder,
    /// It has problems.
    Problems(Vec<String>),
    /// It is active.
    Active,
    /// There is no such baseline or version.
    Unknown,
    /// The service failed.
    Failed(String),
    /// The store did not answer.
    Store(store::Error),
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Refused::Store(error)
    }
}

impl Known {
    /// What a window says that was compared with it.
    pub fn told(&self) -> String {
        match self.version {
            Some(version) => format!("{}, version {version}", self.name),
            None => format!("{}, of the folder", self.name),
        }
    }
}

impl Baselines {
    /// Of a folder of suites, nothing read yet.
    pub fn new(folder: &Path) -> Self {
        Baselines { folder: folder.to_owned(), of_folder: ArcSwap::default(), stored: ArcSwap::default() }
    }

    /// Those of the folder, by name.
    pub fn of_folder(&self) -> Arc<BTreeMap<String, OfFolder>> {
        self.of_folder.load_full()
    }

    /// The baseline that has this name, as far as it is known without a look into the store.
    pub fn known(&self, name: &str) -> Option<Arc<Known>> {
        match self.of_folder.load().get(name) {
            Some(it) => it.known.clone(),
            None => self.stored.load().get(name).cloned(),
        }
    }

    /// The baseline that has this name now.
    pub async fn active(&self, store: &Store, name: &str) -> Result<Option<Arc<Known>>, store::Error> {
        if let Some(it) = self.of_folder.load().get(name) {
            return Ok(it.known.clone());
        }
        let known = match store.active_baseline(name).await? {
            Some(row) => self.read(store, &row).await?,
            None => None,
        };
        self.stored.rcu(|before| {
            let mut next = BTreeMap::clone(before);
            match &known {
                Some(it) => next.insert(name.to_owned(), Arc::clone(it)),
                None => next.remove(name),
            };
            next
        });
        Ok(known)
    }

    async fn read(&self, store: &Store, row: &BaselineRow) -> Result<Option<Arc<Known>>, store::Error> {
        let is_it = |it: &&Arc<Known>| it.hash == row.hash && it.version == Some(row.version);
        if let Some(known) = self.stored.load().get(&row.name).filter(is_it) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(body) = store.baseline_body(&row.name, row.version).await? else { return Ok(None) };
        let read = spawn_blocking(move || Baseline::read(body.as_bytes())).await;
        match read.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(baseline) => {
                let (name, hash) = (row.name.clone(), row.hash.clone());
                Ok(Some(Arc::new(Known { name, version: Some(row.version), hash, baseline })))
            }
            Err(why) => {
                error!(baseline = row.name, version = row.version, why, "a stored baseline cannot be read");
                Ok(None)
            }
        }
    }

    /// Looks at the folder and the store again; only those of `names` are kept at hand.
    pub async fn look(self: &Arc<Self>, store: &Store, names: BTreeSet<String>) -> Result<(), store::Error> {
        let this = Arc::clone(self);
        if let Err(error) = spawn_blocking(move || this.look_into_folder()).await {
            error!(%error, "the baselines of the folder could not be gone through");
        }
        self.stored.rcu(|before| {
            let named = before.iter().filter(|it| names.contains(it.0));
            named.map(|(name, it)| (name.clone(), Arc::clone(it))).collect::<BTreeMap<_, _>>()
        });
        for name in &names {
            self.active(store, name).await?;
        }
        Ok(())
    }

    fn look_into_folder(&self) {
        let before = self.of_folder.load();
        let mut now = BTreeMap::new();
        for path in fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|it| it.path()) {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some(name) = file.strip_suffix(SUFFIX).filter(|it| !it.starts_with(['.', '_'])) else { continue };
            if let Err(why) = is_baseline_name(name) {
                error!(file = %path.display(), "is left out: {why}");
                continue;
            }
            let about = fs::metadata(&path).ok();
            let stamp = about.map_or((0, None), |it| (it.len(), it.modified().ok()));
            let earlier = before.get(name);
            let it = match earlier.filter(|it| it.stamp == stamp) {
                Some(it) => it.clone(),
                None => read_file(name, path, stamp, earlier),
            };
            now.insert(name.to_owned(), it);
        }
        for name in before.keys().filter(|it| !now.contains_key(*it)) {
            info!(baseline = name, "a baseline is gone from the folder");
        }
        self.of_folder.store(Arc::new(now));
    }

    /// A version of a baseline of the store.
    pub async fn version(&self, store: &Store, name: &str, version: i64) -> Result<Option<Arc<Known>>, store::Error> {
        match store.baseline(name, version).await? {
            Some(row) => self.read(store, &row).await,
            None => Ok(None),
        }
    }

    /// Keeps a baseline as a version of its name. Its row, and whether it is new.
    pub async fn put(&self, store: &Store, put: Put, by: &str, at: Micros) -> Result<(BaselineRow, bool), Refused> {
        self.may_change(&put.name)?;
        let Put { name, body, model, model_version, source, activate } = put;
        let read = move || Baseline::read(body.as_bytes()).map(|it| (it.records, hash_of(&body), body));
        let read = spawn_blocking(read).await.map_err(|it| Refused::Failed(it.to_string()))?;
        let lines = |it: String| Refused::Problems(it.lines().map(str::to_owned).collect());
        let (records, hash, body) = read.map_err(lines)?;
        let row = BaselineRow {
            name,
            hash,
            size: body.len() as i64,
            records: i64::try_from(records).unwrap_or(i64::MAX),
            at,
            by: by.to_owned(),
            model,
            model_version,
            source: source.to_owned(),
            ..BaselineRow::default()
        };
        let (row, is_new) = store.put_baseline(&row, &body).await?;
        info!(baseline = row.name, version = row.version, by, is_new, "a baseline was put");
        if !activate || row.active {
            return Ok((row, is_new));
        }
        self.activate(store, &row.name, row.version, by, at).await?;
        Ok((BaselineRow { active: true, ..row }, is_new))
    }

    /// Makes a version the active one.
    pub async fn activate(&self, store: &Store, name: &str, version: i64, by: &str, at: Micros) -> Result<(), Refused> {
        self.may_change(name)?;
        if !store.activate_baseline(name, version, by, at).await? {
            return Err(Refused::Unknown);
        }
        info!(baseline = name, version, by, "a version of a baseline was activated");
        if self.stored.load().contains_key(name) {
            self.active(store, name).await?;
        }
        Ok(())
    }

    /// Removes a version that is not active.
    pub async fn remove(&self, store: &Store, name: &str, version: i64, by: &str) -> Result<(), Refused> {
        self.may_change(name)?;
        if !store.remove_baseline(name, version).await? {
            let is_there = store.baseline(name, version).await?.is_some();
            return Err(if is_there { Refused::Active } else { Refused::Unknown });
        }
        info!(baseline = name, version, by, "a version of a baseline was removed");
        Ok(())
    }

    /// Whether a name may be changed over HTTP.
    pub fn may_change(&self, name: &str) -> Result<(), Refused> {
        is_baseline_name(name).map_err(Refused::Name)?;
        if self.of_folder.load().contains_key(name) { Err(Refused::OfFolder) } else { Ok(()) }
    }
}

/// A name, or two of them with an `@` between: the baseline of a version of a model.
fn is_baseline_name(name: &str) -> Result<(), String> {
    is_name(&name.replacen('@', "-", 1))
        .map_err(|_| format!("`{name}` is no name: letters, digits, `-`, `_`, `.` and one `@`, at most 100"))
}

/// What the baseline of a version of a model is called: `MODEL@VERSION`. What cannot stand in a name is `_` there, and
/// then, or where it would be too long, a part of its hash follows, so that two that differ stay two.
pub fn name_of_version(model: &str, version: &str) -> String {
    let fits = |it: char| if it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.') { it } else { '_' };
    let of = |text: &str| text.chars().map(fits).collect::<String>();
    let name = format!("{}@{}", of(model), of(version));
    if is_baseline_name(&name).is_ok() && name == format!("{model}@{version}") {
        return name;
    }
    let (start, hash) = (name.trim_start_matches('.'), hash_of(&format!("{model}@{version}")));
    format!("{}-{}", start.get(..start.len().min(80)).unwrap_or_default(), hash.get(..8).unwrap_or_default())
}

fn hash_of(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// What cannot be read replaces nothing.
fn read_file(name: &str, file: PathBuf, stamp: (u64, Option<SystemTime>), earlier: Option<&OfFolder>) -> OfFolder {
    let text = fs::read_to_string(&file).map_err(|it| it.to_string());
    let read = text.and_then(|text| Ok((Baseline::read(text.as_bytes())?, hash_of(&text))));
    match read {
        Ok((baseline, hash)) => {
            info!(baseline = name, hash, file = %file.display(), "a baseline of the folder is active");
            let known = Known { name: name.to_owned(), version: None, hash, baseline };
            OfFolder { file, known: Some(Arc::new(known)), problem: None, stamp }
        }
        Err(why) => {
            error!(baseline = name, file = %file.display(), "a baseline of the folder cannot be read: {why}");
            OfFolder { file, known: earlier.and_then(|it| it.known.clone()), problem: Some(why), stamp }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_a_model_has_a_baseline_of_its_name() {
        assert_eq!(name_of_version("intents", "4"), "intents@4");
        let odd = [("team/intents", "4"), ("team_intents", "4 "), ("team intents", "4"), (".a", "1"), ("ä@b", "c@d")];
        let long = "x".repeat(200);
        let names: Vec<_> =
            odd.iter().map(|(m, v)| name_of_version(m, v)).chain([name_of_version(&long, "1")]).collect();
        for (i, name) in names.iter().enumerate() {
            assert_eq!(is_baseline_name(name), Ok(()), "{name}");
            assert!(!names[..i].contains(name), "{name}");
        }
        assert!(is_baseline_name("a@b@c").is_err() && is_baseline_name("a/b").is_err());
    }
}
