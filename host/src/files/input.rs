//! What the user names on the command line: paths, patterns, standard input.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// One thing to read. It can be opened again, standard input too when it was kept.
#[derive(Clone, Debug)]
pub enum Input {
    /// A regular file.
    File(PathBuf),
    /// Standard input, or a pipe of that name: it flows once.
    Pipe(String, Arc<Mutex<Pipe>>),
}

impl Input {
    /// The name for messages.
    pub fn name(&self) -> String {
        match self {
            Input::File(path) => path.display().to_string(),
            Input::Pipe(name, _) => name.clone(),
        }
    }

    /// A path, `-` being standard input.
    pub fn new(name: &str) -> Self {
        let regular = name != "-" && fs::metadata(name).map_or(true, |it| it.is_file());
        if regular {
            return Input::File(PathBuf::from(name));
        }
        Input::Pipe(name.to_owned(), Arc::default())
    }

    /// Bytes that flow once, such as the body of a request.
    pub fn flow(name: &str, source: Box<dyn Read + Send>) -> Self {
        let pipe = Pipe { source: Some(source), forget: true, ..Pipe::default() };
        Input::Pipe(name.to_owned(), Arc::new(Mutex::new(pipe)))
    }

    /// The same, kept in a temporary file, since the format may have them read again.
    pub fn kept(name: &str, source: Box<dyn Read + Send>) -> io::Result<Self> {
        let pipe = Pipe { source: Some(source), kept: Some(tempfile::tempfile()?), ..Pipe::default() };
        Ok(Input::Pipe(name.to_owned(), Arc::new(Mutex::new(pipe))))
    }

    /// Its bytes from the beginning.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Input::File(path) => Ok(Box::new(File::open(path)?)),
            Input::Pipe(name, pipe) => {
                let mut it = lock(pipe);
                if it.source.is_none() {
                    it.source = Some(if name == "-" { Box::new(io::stdin()) } else { Box::new(File::open(name)?) });
                    it.kept = Some(tempfile::tempfile()?);
                } else if it.kept.is_none() && it.n_read > 0 {
                    return Err(io::Error::other("a pipe cannot be read twice"));
                }
                drop(it);
                Ok(Box::new(Replay { pipe: Arc::clone(pipe), at: 0 }))
            }
        }
    }

    /// Says that it will not be opened again, so that a pipe need not be kept on disk.
    pub(super) fn forget(&self) {
        if let Input::Pipe(_, pipe) = self {
            let mut it = lock(pipe);
            it.forget = !it.held;
        }
    }

    /// Says that it will be opened again when it was read to its end, so that a pipe must be kept on disk.
    pub fn hold(&self) {
        if let Input::Pipe(_, pipe) = self {
            lock(pipe).held = true;
        }
    }
}

/// A pipe, and a temporary file with what it has given so far.
#[derive(Default)]
pub struct Pipe {
    source: Option<Box<dyn Read + Send>>,
    kept: Option<File>,
    n_kept: u64,
    n_read: u64,
    forget: bool,
    held: bool,
}

impl std::fmt::Debug for Pipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pipe({} bytes kept)", self.n_kept)
    }
}

/// Reads what was kept, then goes on with the pipe itself.
struct Replay {
    pipe: Arc<Mutex<Pipe>>,
    at: u64,
}

impl Read for Replay {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        use io::{Seek, SeekFrom, Write};
        let mut guard = lock(&self.pipe);
        let it = &mut *guard;
        if self.at < it.n_kept
            && let Some(kept) = &mut it.kept
        {
            kept.seek(SeekFrom::Start(self.at))?;
            let left = usize::try_from(it.n_kept - self.at).unwrap_or(usize::MAX).min(out.len());
            let n = kept.read(out.get_mut(..left).unwrap_or_default())?;
            self.at += n as u64;
            return Ok(n);
        }
        let Some(source) = &mut it.source else { return Ok(0) };
        let n = source.read(out)?;
        self.at += n as u64;
        it.n_read += n as u64;
        if it.forget {
            it.kept = None;
        }
        if let Some(kept) = &mut it.kept {
            kept.seek(SeekFrom::Start(it.n_kept))?;
            kept.write_all(out.get(..n).unwrap_or_default())?;
            it.n_kept += n as u64;
        }
        Ok(n)
    }
}

/// A poisoned lock still holds a pipe that can be read.
fn lock(pipe: &Mutex<Pipe>) -> std::sync::MutexGuard<'_, Pipe> {
    pipe.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Paths, patterns (`data/*.csv`, sorted by name) and `-` into inputs, in the order given. A path that
/// exists is never taken for a pattern. All that is wrong with them is told at once.
pub fn expand(args: &[String]) -> Result<Vec<Input>, Vec<String>> {
    let mut inputs = Vec::new();
    let mut errors = Vec::new();
    for (i, arg) in args.iter().enumerate() {
        if arg == "-" {
            if args.iter().take(i).any(|it| it == "-") {
                errors.push("standard input (`-`) is named twice".to_owned());
            }
            inputs.push(Input::new(arg));
        } else if Path::new(arg).exists() {
            add(arg, &mut inputs, &mut errors);
        } else if arg.contains(['*', '?', '[']) {
            expand_pattern(arg, &mut inputs, &mut errors);
        } else {
            errors.push(format!("{arg}: no such file"));
        }
    }
    if errors.is_empty() { Ok(inputs) } else { Err(errors) }
}

fn expand_pattern(pattern: &str, inputs: &mut Vec<Input>, errors: &mut Vec<String>) {
    let paths = match glob::glob(pattern) {
        Ok(it) => it,
        Err(error) => return errors.push(format!("{pattern}: {error}")),
    };
    let n_before = inputs.len() + errors.len();
    // The crate gives the paths in alphabetical order.
    for path in paths {
        match path {
            Ok(path) if path.is_dir() => {}
            Ok(path) => inputs.push(Input::File(path)),
            Err(error) => errors.push(error.to_string()),
        }
    }
    if inputs.len() + errors.len() == n_before {
        errors.push(format!("{pattern}: the pattern matches no file"));
    }
}

fn add(path: &str, inputs: &mut Vec<Input>, errors: &mut Vec<String>) {
    if Path::new(path).is_dir() {
        errors.push(format!("{path}: is a directory; name its files, such as {path}/*.parquet"));
    } else {
        inputs.push(Input::new(path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::csv::{CsvPlan, Kinds, Nulls};
    use crate::files::{Options, Source};

    fn pipe(bytes: &'static [u8]) -> Input {
        let pipe = Pipe { source: Some(Box::new(bytes)), kept: tempfile::tempfile().ok(), ..Pipe::default() };
        Input::Pipe("-".to_owned(), Arc::new(Mutex::new(pipe)))
    }

    #[test]
    fn csv_from_a_pipe_can_be_begun_again() {
        let input = pipe(b"a\n1\n2\n3\n4\n");
        let read = |n: usize| {
            let mut texts = Vec::new();
            let options = Options { chunk: 2, ..Options::default() };
            for chunk in Source::new(vec![input.clone()], options).take(n) {
                let chunk = chunk.expect("it can be read");
                let plan = CsvPlan::new(&chunk.file, &[], &Kinds::default(), &Nulls::default());
                let (mut rows, mut cells) = (plan.rows(&chunk), Vec::new());
                while let Some(row) = rows.next_into(&mut cells) {
                    texts.push(row.expect("a whole record").text.to_owned());
                }
            }
            texts
        };
        assert_eq!(read(2), ["1", "2"]);
        assert_eq!(read(9), ["1", "2", "3", "4"]);
        assert_eq!(read(9), ["1", "2", "3", "4"]);
    }

    #[test]
    fn json_from_a_pipe_is_not_kept() {
        let input = pipe(b"{}\n{}\n");
        let rows = |input: &Input| {
            let chunks = Source::new(vec![input.clone()], Options::default());
            chunks.map(|it| it.map_or(0, |it| it.rows)).sum::<u64>()
        };
        assert_eq!(rows(&input), 2);
        let Input::Pipe(_, pipe) = &input else { panic!("it is a pipe") };
        assert!(lock(pipe).kept.is_none());
        assert_eq!(Source::new(vec![input], Options::default()).filter(Result::is_err).count(), 1);
    }
}
