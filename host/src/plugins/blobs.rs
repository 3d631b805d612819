//! Bytes on disk that were fetched from elsewhere, found by their digest.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use super::shelf::digest;

/// A folder of fetched bytes. What is read from it is checked against its digest, so nobody needs to trust the disk.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    most: u64,
}

impl Blobs {
    /// Opens the folder, and makes it if it is not there; beyond `most` bytes the files that were used least recently
    /// go.
    pub fn open(folder: &Path, most: u64) -> Result<Blobs, String> {
        fs::create_dir_all(folder).map_err(|it| format!("the folder of fetched plugins {}: {it}", folder.display()))?;
        Ok(Blobs { folder: folder.to_owned(), most })
    }

    /// The bytes of this digest, if they are here.
    pub fn find(&self, wanted: &str) -> Option<Vec<u8>> {
        let place = self.place(wanted)?;
        let bytes = fs::read(&place).ok()?;
        if !digest(&bytes).eq_ignore_ascii_case(wanted) {
            tracing::warn!(digest = wanted, "{} was changed; it is fetched again", place.display());
            let _ = fs::remove_file(place);
            return None;
        }
        touch(&place);
        Some(bytes)
    }

    /// Keeps bytes. That they cannot be kept costs time only, and is logged.
    pub fn keep(&self, bytes: &[u8]) {
        let digest = digest(bytes);
        let Some(place) = self.place(&digest) else { return };
        // What is there under this name is looked at when it is read.
        if fs::metadata(&place).is_ok_and(|it| it.len() == bytes.len() as u64) {
            touch(&place);
            return;
        }
        let write = || -> std::io::Result<()> {
            self.make_room(bytes.len() as u64)?;
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(bytes)?;
            file.persist(place)?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!(digest, "a fetched plugin cannot be kept in {}: {error}", self.folder.display());
        }
    }

    /// A small text that is not found by its digest: what a tag meant.
    pub(super) fn note(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.note_place(name)).ok()
    }

    /// Keeps such a text.
    pub(super) fn keep_note(&self, name: &str, text: &str) {
        let write = || -> std::io::Result<()> {
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(text.as_bytes())?;
            file.persist(self.note_place(name))?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!("what `{name}` means cannot be kept in {}: {error}", self.folder.display());
        }
    }

    fn note_place(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}.note", digest(name.as_bytes()).trim_start_matches("sha256:")))
    }

    /// Digests come from suites and registries: only hexadecimal digits become the name of a file.
    fn place(&self, digest: &str) -> Option<PathBuf> {
        let digits = digest.strip_prefix("sha256:")?;
        let is_digest = digits.len() == 64 && digits.bytes().all(|it| it.is_ascii_hexdigit());
        is_digest.then(|| self.folder.join(format!("{}.blob", digits.to_ascii_lowercase())))
    }

    fn make_room(&self, wanted: u64) -> std::io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|it| it == "blob") {
                // Another process may be making room too.
                let Ok(meta) = entry.metadata() else { continue };
                entries.push((meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len(), entry.path()));
            }
        }
        entries.sort();
        let mut total = wanted + entries.iter().map(|it| it.1).sum::<u64>();
        for (_, size, path) in entries {
            if total <= self.most {
                break;
            }
            let _ = fs::remove_file(path);
            total -= size;
        }
        Ok(())
    }
}

/// Which were used least recently is told by their times.
fn touch(place: &Path) {
    let _ = fs::File::options().append(true).open(place).and_then(|it| it.set_modified(SystemTime::now()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_by_their_digest_and_checked() {
        let room = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&room.path().join("a/b"), 1 << 20).unwrap();
        blobs.keep(b"component");
        let known = digest(b"component");
        assert_eq!(blobs.find(&known).as_deref(), Some(&b"component"[..]));
        assert_eq!(
            blobs.find(&known.to_ascii_uppercase().replace("SHA256", "sha256")).as_deref(),
            Some(&b"component"[..])
        );
        assert_eq!(blobs.find(&digest(b"other")), None);
        assert_eq!(blobs.find("sha256:../../../etc/passwd"), None);
        let place = blobs.place(&known).unwrap();
        fs::write(&place, b"changed").unwrap();
        assert_eq!(blobs.find(&known), None);
        assert!(!place.exists(), "what was changed is gone");
    }

    #[test]
    fn the_least_recently_used_make_room() {
        let room = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(room.path(), 25).unwrap();
        let all: Vec<_> = (0..3_u64)
            .map(|n| {
                let bytes = vec![b'0' + n as u8; 10];
                blobs.keep(&bytes);
                let age = std::time::Duration::from_secs(100 - 10 * n);
                let file = fs::File::options().append(true).open(blobs.place(&digest(&bytes)).unwrap()).unwrap();
                file.set_modified(SystemTime::now() - age).unwrap();
                if n == 1 {
                    // The oldest is used again, so that the second goes.
                    assert!(blobs.find(&digest(&[b'0'; 10])).is_some());
                }
                digest(&bytes)
            })
            .collect();
        let left: Vec<_> = all.iter().map(|it| blobs.find(it).is_some()).collect();
        assert_eq!(left, [true, false, true]);
    }

    #[test]
    fn notes_are_kept() {
        let room = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(room.path(), 25).unwrap();
        assert_eq!(blobs.note("r/a:1"), None);
        blobs.keep_note("r/a:1", "sha256:1");
        assert_eq!(blobs.note("r/a:1").as_deref(), Some("sha256:1"));
    }
}
