//! Compiled code on disk.
//!
//! Compiled code runs with the rights of the host, so nothing is taken from disk but what this host put there. Each
//! entry begins with an HMAC-SHA-256 over the component's digest, the engine's settings and the code, with a key
//! that lies in the same folder and that only the owner may read. To forge an entry one has to read the key, which
//! takes the rights of the owner, and whoever has these needs no forgery. The code is checked in memory and taken
//! from there, not from the file again, so that nothing can change in between. What does not fit, for whatever
//! reason, is compiled anew.

use std::fs::{self, DirBuilder, File};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The bytes of a tag.
const TAG: usize = 32;
/// The bytes of a key: a block of the hash, so that it is taken as it is.
const KEY: usize = 64;
/// Bytes of all entries together, beyond which the oldest go.
const BUDGET: u64 = 2 << 30;

/// A folder of compiled plugins that only its owner may enter.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    key: [u8; KEY],
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
        Ok(Cache { folder: folder.to_owned(), key })
    }

    /// The compiled code of the component with this digest, if it is here, ours and of these settings.
    pub(super) fn find(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let entry = fs::read(self.place(digest)).ok()?;
        let (tag, code) = entry.split_at_checked(TAG)?;
        if self.mac(engine, digest, code).verify_slice(tag).is_err() {
            tracing::warn!(digest, "compiled code on disk is not of this host or of other settings; compiling anew");
            return None;
        }
        match deserialise(engine, code) {
            Ok(it) => Some(it),
            Err(error) => {
                tracing::warn!(digest, "compiled code on disk is refused, compiling anew: {error:#}");
                None
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
        let tag = self.mac(engine, digest, &code).finalize().into_bytes();
        let write = || -> std::io::Result<()> {
            self.make_room(code.len() as u64)?;
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(&tag)?;
            file.write_all(&code)?;
            file.persist(self.place(digest))?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!(digest, "compiled code cannot be kept in {}: {error}", self.folder.display());
        }
    }

    fn place(&self, digest: &str) -> PathBuf {
        // `sha256:` and hexadecimal digits, which the host has computed itself.
        self.folder.join(format!("{}.cwasm", digest.trim_start_matches("sha256:")))
    }

    fn mac(&self, engine: &Engine, digest: &str, code: &[u8]) -> Hmac<Sha256> {
        let mut settings = Hashed(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut settings);
        // The digest has one length, and so has the hash: what stands where is beyond doubt.
        Hmac::<Sha256>::new(&self.key.into())
            .chain_update(digest.as_bytes())
            .chain_update(settings.0.finalize())
            .chain_update(code)
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
            fs::remove_file(path)?;
            total -= size;
        }
        Ok(())
    }
}

/// Native code out of bytes.
#[allow(unsafe_code, reason = "see below: the one place where bytes become code")]
fn deserialise(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must be what `Component::serialize` gave, unchanged. The only caller has just verified,
    // over these same bytes in memory, a MAC that only `Cache::keep` makes, from what `serialize` gave it.
    unsafe { Component::deserialize(engine, code) }
}

/// A hasher that is the same in every build, which the standard library's need not be.
struct Hashed(Sha256);

impl Hasher for Hashed {
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
