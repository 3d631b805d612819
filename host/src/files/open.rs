//! A file's bytes, decompressed, and the format that its name and its first bytes tell.

use std::io::{self, Cursor, Read};

use super::{Format, Input, Options};

/// Bytes that are looked at to tell the format, and that a decoder is asked for at a time.
const BLOCK: usize = 64 << 10;

/// An open file.
pub(super) struct Opened {
    pub format: Format,
    /// The first bytes, also to be read from `bytes`.
    pub head: Vec<u8>,
    pub bytes: Box<dyn Read + Send>,
    /// The bytes on disk are not those of the file itself.
    pub compressed: bool,
    /// Length of the byte order mark, which `bytes` no longer has.
    pub mark: u64,
}

/// Opens an input. Compression is told by content, the format by `options`, the name, the content.
pub(super) fn open(input: &Input, options: &Options) -> io::Result<Opened> {
    let mut raw = input.open()?;
    let start = read_up_to(&mut raw, 4)?.0;
    let raw = Cursor::new(start.clone()).chain(raw);
    let (mut bytes, compressed): (Box<dyn Read + Send>, bool) = match *start.as_slice() {
        [0x1f, 0x8b, ..] => (Box::new(Steady::new(flate2::read::MultiGzDecoder::new(io::BufReader::new(raw)))), true),
        [0x28, 0xb5, 0x2f, 0xfd] => (Box::new(Steady::new(zstd::stream::read::Decoder::new(raw)?)), true),
        _ => (Box::new(raw), false),
    };
    let (mut head, error) = read_up_to(&mut bytes, BLOCK)?;
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Err(io::Error::other("is UTF-16 text; convert it to UTF-8"));
    }
    let mark = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    head.drain(..mark);
    let format = options.format.unwrap_or_else(|| tell(&input.name(), &head));
    let bytes = Box::new(Cursor::new(head.clone()).chain(Late(error)).chain(bytes));
    Ok(Opened { format, head, bytes, compressed, mark: mark as u64 })
}

/// The format by the extension, `.gz` and `.zst` left out, else by the first bytes. A `.json` file
/// that does not begin with `[` is read line by line, since many such files are NDJSON.
fn tell(name: &str, head: &[u8]) -> Format {
    let name = name.to_ascii_lowercase();
    let name = [".gz", ".zst", ".zstd"].iter().find_map(|it| name.strip_suffix(it)).unwrap_or(&name);
    let extension = name.rsplit_once('.').map(|it| it.1);
    match extension {
        Some("ndjson" | "jsonl") => return Format::Ndjson,
        Some("csv" | "tsv" | "psv") => return Format::Csv,
        Some("parquet" | "pq") => return Format::Parquet,
        Some("arrows") => return Format::Arrow,
        _ => {}
    }
    if head.starts_with(b"PAR1") {
        return Format::Parquet;
    }
    match head.trim_ascii_start().first() {
        Some(b'[') => Format::Json,
        Some(b'{') => Format::Ndjson,
        _ if extension == Some("json") => Format::Ndjson,
        _ => Format::Csv,
    }
}

/// Up to `n` bytes, and the error that came behind them; an error before the first byte is one at once.
fn read_up_to(bytes: &mut impl Read, n: usize) -> io::Result<(Vec<u8>, Option<io::Error>)> {
    let mut head = Vec::new();
    match bytes.take(n as u64).read_to_end(&mut head) {
        Err(error) if head.is_empty() => Err(error),
        Err(error) => Ok((head, Some(error))),
        Ok(_) => Ok((head, None)),
    }
}

/// Gives an error that came early when its turn has come.
struct Late(Option<io::Error>);

impl Read for Late {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Asks a decoder for blocks of one size whatever it is asked for itself, so that how much comes
/// before an error does not depend on the reader.
struct Steady<R> {
    inner: R,
    block: Vec<u8>,
    at: usize,
    end: usize,
}

impl<R: Read> Steady<R> {
    fn new(inner: R) -> Self {
        Steady { inner, block: vec![0; BLOCK], at: 0, end: 0 }
    }
}

impl<R: Read> Read for Steady<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.end {
            self.end = self.inner.read(&mut self.block)?;
            self.at = 0;
        }
        let n = self.block.get(self.at..self.end).unwrap_or_default().read(out)?;
        self.at += n;
        Ok(n)
    }
}
