//! Compiled code on disk.
//!
//! Compiled code runs with the rights of the host, so nothing is taken from disk but what this host put there. The name
//! of an entry holds its tag: BLAKE3, keyed, over the component's digest, the engine's settings and the code, with a
//! key that lies in the same folder and that only the owner may read. To forge an entry one has to read the key, which
//! takes the rights of the owner, and whoever has these needs no forgery.
//!
//! The code is mapped and not copied: pages are read when they are needed, all processes share them, and a fresh memory
//! of an instance is the file's until it is written to. So the file must stay as it was when it was checked. Whoever
//! could change it has the rights of the owner again; and a host never does, since entries are read-only, come into
//! being whole, under a name that says what is in them, and go by being unlinked, which leaves a mapping alone.
//!
//! What does not fit, for whatever reason, is compiled anew.

use std::fs::{self, DirBuilder, File};
use std::hash::Hash as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use blake3::{Hash, Hasher};
use tempfile::NamedTempFile;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The bytes of the key's file.
const KEY: usize = 64;
/// What the key is for, so that no other use of it could make a tag.
const PURPOSE: &str = "driftline 2026-11-21 tags of compiled plugins";
/// Bytes of all entries together, beyond which the oldest go.
const BUDGET: u64 = 2 << 30;
/// How much of an entry is read at a time.
const PIECE: usize = 256 << 10;

/// A folder of compiled plugins that only its owner may enter.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    key: [u8; blake3::KEY_LEN],
}

impl Cache {
    /// Opens the folder, and makes it if it is not there. The error says what is wrong with it and how to mend it.
    pub fn open(folder: &Path) -> Result<Cache, String> {
        let place = folder.display();
        let trouble = |it: std::io::Error| format!("the folder of compiled plugins {place}: {it}");
        make_private(folder).map_err(trouble)?;
        // A file of our own tells who we are; its owner has to be the folder's.
        let mut probe = NamedTempFile::new_in(folder).map_err(trouble)?;
        check_private(folder, probe.as_file())?;
        let path = folder.join("key");
        if !path.exists() {
            let mut key = [0; KEY];
            getrandom::fill(&mut key).map_err(|it| format!("no randomness for the key of {place}: {it}"))?;
            probe.write_all(&key).and_then(|()| probe.as_file().sync_all()).map_err(trouble)?;
            // Another process may have been faster; its key is as good.
            if let Err(error) = probe.persist_noclobber(&path)
                && error.error.kind() != std::io::ErrorKind::AlreadyExists
            {
                return Err(trouble(error.error));
            }
        }
        let mut file = File::open(&path).map_err(trouble)?;
        check_key(&path, &file)?;
        let mut key = [0; KEY];
        file.read_exact(&mut key)
            .map_err(|it| format!("{}: {it}; remove it, and a new one is made", path.display()))?;
        Ok(Cache { folder: folder.to_owned(), key: blake3::derive_key(PURPOSE, &key) })
    }

    /// The compiled code of the component with this digest, if it is here, ours and of these settings.
    pub(super) fn find(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let of = Of::new(engine, digest);
        let entries = fs::read_dir(&self.folder).ok()?.flatten();
        let named = entries.filter_map(|it| Some((of.tag(it.file_name().to_str()?)?, it.path())));
        for (tag, path) in named {
            match self.load(engine, &of, tag, &path) {
                Ok(it) => return Some(it),
                Err(why) => {
                    tracing::warn!(digest, "compiled code on disk is not taken, compiling anew: {why}");
                    // What fits no tag never will.
                    let _ = fs::remove_file(path);
                }
            }
        }
        None
    }

    fn load(&self, engine: &Engine, of: &Of, tag: Hash, path: &Path) -> Result<Component, String> {
        let mut hasher = self.hasher(of);
        let read = File::open(path).and_then(|it| {
            read_all(it, |piece| {
                hasher.update(piece);
            })
        });
        read.map_err(|it| it.to_string())?;
        // Hashes are compared in constant time.
        if hasher.finalize() != tag {
            return Err("it is not what this host put there".to_owned());
        }
        match map(engine, path) {
            Ok(it) => Ok(it),
            // Where nothing may be run from a disk, it may be from memory.
            Err(why) => {
                let code = fs::read(path).map_err(|it| it.to_string())?;
                if self.hasher(of).update(&code).finalize() != tag {
                    return Err("it is not what this host put there".to_owned());
                }
                let copied = copy(engine, &code).map_err(|it| format!("{it:#}"))?;
                tracing::debug!("compiled code cannot be mapped, and was copied: {why:#}");
                Ok(copied)
            }
        }
    }

    /// Keeps compiled code. A disk that is full or gone only costs the time to compile again.
    pub(super) fn keep(&self, engine: &Engine, digest: &str, component: &Component) {
        let code = match component.serialize() {
            Ok(it) => it,
            Err(error) => {
                tracing::warn!(digest, "compiled code cannot be kept: {error:#}");
                return;
            }
        };
        let of = Of::new(engine, digest);
        let tag = self.hasher(&of).update(&code).finalize();
        let write = || -> std::io::Result<()> {
            self.make_room(code.len() as u64)?;
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(&code)?;
            let mut rights = file.as_file().metadata()?.permissions();
            rights.set_readonly(true);
            file.as_file().set_permissions(rights)?;
            file.persist(self.folder.join(of.name(tag)))?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!(digest, "compiled code cannot be kept in {}: {error}", self.folder.display());
        }
    }

    /// What the tag of code is made by.
    fn hasher(&self, of: &Of) -> Hasher {
        let mut hasher = Hasher::new_keyed(&self.key);
        // Both have one length: what stands where is beyond doubt.
        hasher.update(of.digest.as_bytes()).update(of.settings.as_bytes());
        hasher
    }

    /// Removes the oldest entries until there is room.
    fn make_room(&self, wanted: u64) -> std::io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            if entry.path().extension().is_some_and(|it| it == "cwasm") {
                entries.push((meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len(), entry.path()));
            }
        }
        entries.sort();
        let mut total: u64 = wanted + entries.iter().map(|it| it.1).sum::<u64>();
        for (_, size, path) in entries {
            if total <= BUDGET {
                break;
            }
            // Some systems leave a file that is mapped where it is.
            if fs::remove_file(path).is_ok() {
                total -= size;
            }
        }
        Ok(())
    }
}

/// What code is of: a component, and the settings of an engine.
struct Of {
    /// The hexadecimal digits of the component's SHA-256, which the host has computed itself.
    digest: String,
    settings: Hash,
}

impl Of {
    fn new(engine: &Engine, digest: &str) -> Of {
        let mut settings = Settings(Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut settings);
        Of { digest: digest.trim_start_matches("sha256:").to_owned(), settings: settings.0.finalize() }
    }

    /// How entries begin; of the settings as much as tells them apart.
    fn beginning(&self) -> String {
        let settings = self.settings.to_hex();
        format!("{}-{}-", self.digest, settings.get(..16).unwrap_or_default())
    }

    fn name(&self, tag: Hash) -> String {
        format!("{}{tag}.cwasm", self.beginning())
    }

    /// The tag in the name of a file, if it is one of these entries.
    fn tag(&self, name: &str) -> Option<Hash> {
        let tag = name.strip_prefix(&self.beginning())?.strip_suffix(".cwasm")?;
        Hash::from_hex(tag).ok()
    }
}

/// Reads to the end, a piece at a time.
fn read_all(mut file: File, mut each: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let n = file.read(&mut piece)?;
        match piece.get(..n) {
            Some(it) if n > 0 => each(it),
            _ => return Ok(()),
        }
    }
}

/// Native code out of a file, which is mapped.
#[allow(unsafe_code, reason = "see below: one of the two places where bytes become code")]
fn map(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file must be what `Component::serialize` gave, and must not be changed while it is mapped. The only
    // caller has just verified a MAC over it that only `Cache::keep` makes, from what `serialize` gave it. Only the
    // owner may enter the folder, and could change the file after that; hosts never do, see the text of this module.
    // Should the path name another file by now, then one of the same name, whose MAC is that of the same code.
    unsafe { Component::deserialize_file(engine, path) }
}

/// Native code out of bytes, which are copied.
#[allow(unsafe_code, reason = "see below: the other place")]
fn copy(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must be what `Component::serialize` gave, unchanged. The only caller has just verified the MAC
    // over these same bytes in memory.
    unsafe { Component::deserialize(engine, code) }
}

/// A hasher that is the same in every build, which the standard library's need not be.
struct Settings(Hasher);

impl std::hash::Hasher for Settings {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(it) if it.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(unix)]
fn check_private(folder: &Path, own: &File) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let place = folder.display();
    let trouble = |it: std::io::Error| format!("the folder of compiled plugins {place}: {it}");
    let (meta, own) = (fs::metadata(folder).map_err(trouble)?, own.metadata().map_err(trouble)?);
    if meta.uid() != own.uid() {
        return Err(format!(
            "the folder of compiled plugins {place} belongs to another user; give a folder of your own"
        ));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(format!("the folder of compiled plugins {place} is open to others: `chmod 700 {place}`"));
    }
    Ok(())
}

#[cfg(unix)]
fn check_key(path: &Path, file: &File) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let place = path.display();
    let meta = file.metadata().map_err(|it| format!("{place}: {it}"))?;
    if meta.mode() & 0o077 != 0 {
        return Err(format!("the key {place} is open to others: remove it, and a new one is made"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: &File) -> Result<(), String> {
    Ok(())
}

#[cfg(not(unix))]
fn check_key(_: &Path, _: &File) -> Result<(), String> {
    Ok(())
}
