//! The journal: every answered request is written here before its answer, so that it outlives a
//! killed process. A file is a segment: what goes to the store in one transaction. It is removed when
//! that transaction has been committed, and read back when a process finds it at its start.
//!
//! A file begins with [`MAGIC`] and the segment's id. Each entry is its length and CRC-32, four bytes
//! each, the lowest first, and its payload. Reading ends at the first entry that is not whole: it was
//! being written when the process died, so nobody was answered.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::entry::Entry;

/// The first bytes of every segment; another form of entries has another number.
pub const MAGIC: &[u8; 8] = b"DRIFTJ08";
const HEAD: u64 = 24;
/// A longer entry was never written.
const LONGEST: u32 = 256 << 20;

/// A folder of segments, which one process holds.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    /// Held as long as the process lives.
    _lock: File,
}

/// A segment that is being written.
#[derive(Debug)]
pub struct Segment {
    /// What the store knows it by.
    pub id: Uuid,
    path: PathBuf,
    file: Arc<File>,
    /// Bytes of whole entries, the head included.
    len: u64,
    /// A part of an entry may lie behind `len` and could not be cut off: nothing more is appended.
    torn: bool,
    /// Whole entries that are not written yet.
    frames: Vec<u8>,
}

/// Where an entry goes: behind what is there.
struct Behind<'b>(&'b mut Vec<u8>);

impl Extend<u8> for Behind<'_> {
    fn extend<T: IntoIterator<Item = u8>>(&mut self, bytes: T) {
        self.0.extend(bytes);
    }
}

/// What was read of a segment.
#[derive(Debug)]
pub struct Recovered {
    /// What the store knows it by.
    pub id: Uuid,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// Bytes behind the last whole entry.
    pub torn: u64,
}

impl Journal {
    /// Opens the folder, which is made if need be. Another process that holds it is an error.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => io::Error::other(format!(
                "{} is in use by another driftline; give each its own data folder",
                folder.display()
            )),
            fs::TryLockError::Error(error) => error,
        })?;
        Ok(Journal { folder: folder.to_owned(), _lock: lock })
    }

    /// The segments that an earlier process left, the oldest first.
    pub fn left(&self) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "journal") {
                paths.push(path);
            }
        }
        // Names begin with a UUID v7, whose order is that of time.
        paths.sort();
        Ok(paths)
    }

    /// Begins a segment.
    pub fn begin(&self) -> io::Result<Segment> {
        let id = Uuid::now_v7();
        let path = self.folder.join(format!("{id}.journal"));
        let mut file = OpenOptions::new().create_new(true).read(true).append(true).open(&path)?;
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(id.as_bytes());
        if let Err(error) = file.write_all(&head) {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Segment { id, path, file: Arc::new(file), len: HEAD, torn: false, frames: Vec::new() })
    }

    /// Puts a segment that the store refuses aside, in the folder `refused`.
    pub fn put_aside(&self, path: &Path) -> io::Result<PathBuf> {
        let folder = self.folder.join("refused");
        fs::create_dir_all(&folder)?;
        let to = folder.join(path.file_name().unwrap_or_default());
        fs::rename(path, &to)?;
        Ok(to)
    }

    /// Whether a file can be written there.
    pub fn is_writable(&self) -> io::Result<()> {
        // A file of its own each time, since several may ask at once.
        tempfile::tempfile_in(&self.folder)?.write_all(b"?")
    }
}

impl Segment {
    /// Appends an entry, the whole of it or nothing; `synced`: on the disk when this returns.
    pub fn append(&mut self, entry: &Entry, synced: bool) -> io::Result<()> {
        self.put(entry)?;
        self.write(synced)
    }

    /// Puts an entry behind those that the next [`Segment::write`] writes.
    pub fn put(&mut self, entry: &Entry) -> io::Result<()> {
        let before = self.frames.len();
        let framed = frame(entry, &mut self.frames);
        if framed.is_err() {
            self.frames.truncate(before);
        }
        framed
    }

    /// Writes what was put, all of it or nothing; `synced`: on the disk when this returns.
    pub fn write(&mut self, synced: bool) -> io::Result<()> {
        let written = if self.torn {
            Err(io::Error::other("an earlier write to the journal failed half-way"))
        } else {
            let mut written = (&*self.file).write_all(&self.frames);
            if synced && written.is_ok() {
                written = self.file.sync_data();
            }
            match written {
                Ok(()) => self.len += self.frames.len() as u64,
                // A full disk may have taken a part. What is refused must not be counted after a crash.
                Err(_) => self.torn = self.file.set_len(self.len).is_err(),
            }
            written
        };
        self.frames.clear();
        written
    }

    /// Bytes that were put and not written.
    pub const fn put_off(&self) -> usize {
        self.frames.len()
    }

    /// From now on as if the disk were full.
    #[cfg(all(test, target_os = "linux"))]
    pub fn fill(&mut self) {
        self.file = Arc::new(OpenOptions::new().write(true).open("/dev/full").expect("Linux has it"));
    }

    /// Bytes in the file.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was appended.
    pub const fn is_empty(&self) -> bool {
        self.len == HEAD
    }

    /// Whether nothing can be appended any more.
    pub const fn is_torn(&self) -> bool {
        self.torn
    }

    /// The file, to be synchronised with the disk.
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// An entry behind its length and checksum, behind `frames`.
fn frame(entry: &Entry, frames: &mut Vec<u8>) -> io::Result<()> {
    let before = frames.len();
    frames.extend_from_slice(&[0; 8]);
    postcard::to_extend(entry, Behind(frames)).map_err(io::Error::other)?;
    let (head, payload) = frames.get_mut(before..).unwrap_or_default().split_at_mut(8);
    let len = u32::try_from(payload.len()).ok().filter(|it| *it <= LONGEST);
    let len = len.ok_or_else(|| io::Error::other("an entry of the journal is too long"))?;
    head[..4].copy_from_slice(&len.to_le_bytes());
    head[4..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    Ok(())
}

/// Reads a segment as far as it is whole. An error when it is none, or cannot be read.
pub fn read(path: &Path) -> io::Result<Recovered> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    let Some((head, mut rest)) = bytes.split_first_chunk::<{ HEAD as usize }>() else {
        // Its process died when it began.
        return Ok(Recovered { id: Uuid::nil(), entries: Vec::new(), torn: bytes.len() as u64 });
    };
    let (magic, id) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(io::Error::other("is no journal segment of this version of driftline"));
    }
    let id = Uuid::from_slice(id).map_err(io::Error::other)?;
    let mut entries = Vec::new();
    while let Some((entry, behind)) = next(rest) {
        entries.push(entry);
        rest = behind;
    }
    Ok(Recovered { id, entries, torn: rest.len() as u64 })
}

fn next(bytes: &[u8]) -> Option<(Entry, &[u8])> {
    let (len, bytes) = bytes.split_first_chunk::<4>()?;
    let (sum, bytes) = bytes.split_first_chunk::<4>()?;
    let (payload, behind) = bytes.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    if crc32fast::hash(payload) != u32::from_le_bytes(*sum) {
        return None;
    }
    Some((postcard::from_bytes(payload).ok()?, behind))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

    use super::super::entry::{Mark, Marks, PlanNote, Single};
    use super::*;

    fn entries() -> Vec<Entry> {
        let marks = Marks::new([Mark::Passed, Mark::Skipped, Mark::Unseen, Mark::Failed, Mark::Passed].into_iter());
        vec![
            Entry::Plan(PlanNote { suite: "s".into(), hash: "h".into(), ..PlanNote::default() }),
            Entry::Single(Single { at: 5, duration_us: 3, marks, ..Single::default() }),
            Entry::Request(Box::default()),
        ]
    }

    #[test]
    fn what_was_appended_is_read_back_however_the_last_entry_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let mut segment = journal.begin().unwrap();
        assert!(segment.is_empty());
        let mut whole = vec![(segment.len() as usize, 0)];
        for (i, entry) in entries().iter().enumerate() {
            segment.append(entry, i == 1).unwrap();
            whole.push((segment.len() as usize, i + 1));
        }
        assert_eq!(journal.left().unwrap(), [segment.path()]);
        let bytes = fs::read(segment.path()).unwrap();
        assert_eq!(bytes.len() as u64, segment.len());
        for cut in 0..=bytes.len() {
            fs::write(segment.path(), &bytes[..cut]).unwrap();
            let found = read(segment.path()).unwrap();
            let (at, n) = whole.iter().rfind(|it| it.0 <= cut).copied().unwrap_or((0, 0));
            assert_eq!(found.entries, entries()[..n], "cut at {cut}");
            assert_eq!(found.torn, (cut - at) as u64);
        }
        for at in whole[1].0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            fs::write(segment.path(), &bad).unwrap();
            let found = read(segment.path()).unwrap().entries;
            assert!(found.len() < 3 && found[..] == entries()[..found.len()], "changed at {at}");
        }
    }

    #[test]
    fn marks_are_read_back() {
        let all = [Mark::Passed, Mark::Skipped, Mark::Unseen, Mark::Failed, Mark::Passed, Mark::Failed];
        let read: Vec<_> = Marks::new(all.into_iter()).iter().collect();
        assert_eq!(read[..6], all);
        assert!(read[6..].iter().all(|it| *it == Mark::Unseen));
    }

    #[test]
    fn a_folder_belongs_to_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let first = Journal::open(folder.path()).unwrap();
        let error = Journal::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("in use by another driftline"), "{error}");
        drop(first);
        Journal::open(folder.path()).unwrap();
    }

    #[test]
    fn another_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.journal");
        fs::write(&path, b"something else altogether").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("no journal segment"));
    }
}
