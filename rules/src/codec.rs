//! Windows as bytes: what a store keeps, and what one process hands to another.
//!
//! A header (`DLWN`, the version of the format, and a fingerprint that says which plan the window is
//! of), then the state of the window without its caches. Equal windows give equal bytes, so bytes can be
//! compared and hashed. `tests/golden` holds windows of every version that was released.
//!
//! The bytes are laid out here and not by a library for serde: the states have one order that equal ones
//! share, the plan knows half of what a derived format would repeat in every window, hashes and caches
//! are left out, and what is read may be anyone's, so every count is looked at before it is believed.

use std::fmt;

use crate::binder::{Bindings, SketchPlan};
use crate::bytes::{
    MOST_ROWS, byte, get, get_counts, get_length, get_next, get_text, put, put_all, put_next, put_text,
};
use crate::report::{Tally, Trouble};
use crate::sketch::{Sketch, Type};
use crate::window::{Columns, Held, Window};

const MAGIC: &[u8; 4] = b"DLWN";

/// The version of the format that [`encode`] writes and [`decode`] reads.
pub const VERSION: u8 = 1;

/// Why bytes are not a window of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// They do not begin as a window does.
    NoWindow,
    /// The format is of another version: this one.
    Version(u8),
    /// The fingerprint is another: they are a window of another plan.
    OtherPlan,
    /// They stop making sense at this byte, counted from 0.
    Broken(usize),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodecError::NoWindow => f.write_str("the bytes are not a window: they do not begin with `DLWN`"),
            CodecError::Version(it) => write!(
                f,
                "the window is of format {it} and this program reads format {VERSION}; read it with the version of \
                 Driftline that wrote it"
            ),
            CodecError::OtherPlan => f.write_str("the window is of another suite, or of another version of it"),
            CodecError::Broken(at) => write!(f, "the window is damaged at byte {at}; restore it, or leave it out"),
        }
    }
}

impl std::error::Error for CodecError {}

/// The window as bytes. `fingerprint` says which plan it is of, and at most 255 bytes of it count;
/// whoever decodes gives the same. A window without its plan's summaries, of verdicts alone, cannot be
/// read back.
pub fn encode(window: &Window, fingerprint: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    encode_into(window, fingerprint, &mut out);
    out
}

/// As [`encode`], behind what `out` holds already.
pub fn encode_into(window: &Window, fingerprint: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    let fingerprint = cut(fingerprint);
    out.push(fingerprint.len() as u8);
    out.extend_from_slice(fingerprint);
    put_all([window.rows, window.unreadable, window.logged, window.joined, window.waited.unsigned_abs()], out);
    write_alike(&window.tallies, out, write_tally);
    write_alike(&window.held, out, |it, out| out.push(it.bits()));
    put(window.columns.names().len() as u64, out);
    let mut before = 0;
    for ((row, place), name) in window.columns.iter() {
        put_next(*row, &mut before, out);
        put(u64::from(*place), out);
        put_text(name, out);
    }
    window.sketches.iter().for_each(|it| it.write(out));
}

/// The window of a plan with these expectations and bindings, from bytes that may be anyone's: it
/// takes memory in proportion to them.
pub fn decode(
    n_expectations: usize,
    bindings: &Bindings,
    fingerprint: &[u8],
    bytes: &[u8],
) -> Result<Window, CodecError> {
    let mut from = bytes.strip_prefix(MAGIC).ok_or(CodecError::NoWindow)?;
    let version = byte(&mut from).ok_or(CodecError::NoWindow)?;
    if version != VERSION {
        return Err(CodecError::Version(version));
    }
    let n = usize::from(byte(&mut from).ok_or(CodecError::NoWindow)?);
    if from.split_off(..n).ok_or(CodecError::NoWindow)? != cut(fingerprint) {
        return Err(CodecError::OtherPlan);
    }
    let window = read(n_expectations, bindings, &mut from).filter(|_| from.is_empty());
    window.ok_or(CodecError::Broken(bytes.len() - from.len()))
}

fn cut(fingerprint: &[u8]) -> &[u8] {
    fingerprint.get(..255).unwrap_or(fingerprint)
}

fn read(n_expectations: usize, bindings: &Bindings, from: &mut &[u8]) -> Option<Window> {
    let [rows, unreadable, logged, joined] =
        get_counts(from).filter(|[rows, unreadable, logged, _]| unreadable <= rows && logged <= rows)?;
    let waited = i64::try_from(get(from)?).ok()?;
    let most = rows.checked_add(joined)?;
    let tallies = read_alike(n_expectations, from, |from| read_tally(most, from))?;
    let held = read_alike(bindings.paths.len(), from, |from| Held::from_bits(byte(from)?))?;
    let (mut columns, mut before) = (Columns::default(), 0);
    for _ in 0..get_length(from)? {
        let row = get_next(from, &mut before)?;
        let place = u32::try_from(get(from)?).ok()?;
        columns.see(get_text(from)?, row, place);
    }
    let sketch = |it: &SketchPlan| Sketch::read(&it.spec, it.slots.len() != 1, from);
    let sketches = bindings.sketches.iter().map(sketch).collect::<Option<_>>()?;
    Some(Window { rows, unreadable, logged, joined, waited, tallies, sketches, held, columns })
}

/// Most tallies of a window are alike, as are most cells: each stretch of equal ones is written once.
fn write_alike<T: PartialEq>(all: &[T], out: &mut Vec<u8>, mut write: impl FnMut(&T, &mut Vec<u8>)) {
    for alike in all.chunk_by(|a, b| a == b) {
        put(alike.len() as u64, out);
        alike.first().iter().for_each(|it| write(it, out));
    }
}

fn read_alike<T: Clone>(n: usize, from: &mut &[u8], read: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let mut out = Vec::with_capacity(n);
    while out.len() < n {
        let alike = usize::try_from(get(from)?).ok().filter(|it| (1..=n - out.len()).contains(it))?;
        let it = read(from)?;
        out.resize(out.len() + alike, it);
    }
    Some(out)
}

fn write_tally(it: &Tally, out: &mut Vec<u8>) {
    let troubled = it.trouble.as_ref().map_or(0, |it| it.records);
    put_all([it.seen, it.skipped, it.failed, it.mismatched, troubled], out);
    if let Some((row, of)) = it.mismatch {
        put(row, out);
        let of = Type::ALL.iter().position(|it| it.name() == of).unwrap_or(0);
        out.push(of as u8);
    }
    if let Some(trouble) = &it.trouble {
        put(trouble.row, out);
        put_text(&trouble.why, out);
    }
}

fn read_tally(rows: u64, from: &mut &[u8]) -> Option<Tally> {
    let [seen, skipped, failed, mismatched, troubled] = get_counts(from)?;
    let fits = seen <= rows.min(MOST_ROWS) && skipped + failed + mismatched + troubled <= seen;
    let mismatch = match fits.then_some(mismatched)? {
        0 => None,
        _ => Some((get(from)?, Type::ALL.get(usize::from(byte(from)?))?.name())),
    };
    let trouble = match troubled {
        0 => None,
        records => Some(Box::new(Trouble { records, row: get(from)?, why: get_text(from)?.to_owned() })),
    };
    Some(Tally { seen, skipped, failed, mismatched, mismatch, trouble })
}
