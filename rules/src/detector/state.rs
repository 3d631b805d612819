//! A detector as bytes: what is kept between two stretches of a stream.
//!
//! `DLDT`, the version of the format, the detector's name and parameters, what it counted, then its own state. Equal
//! detectors give equal bytes, and bytes that no detector gives are refused.

use std::fmt;

use super::parts::Tape;
use super::{Detector, Settings, find};
use crate::bytes::{byte, get, get_counts, get_text, put_all, put_text, take};

const MAGIC: &[u8; 4] = b"DLDT";

/// The version of the format that [`Detector::to_bytes`] writes and [`Detector::from_bytes`] reads.
pub const VERSION: u8 = 1;

/// Why bytes are not a detector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// They do not begin as a detector does.
    NoDetector,
    /// The format is of another version: this one.
    Version(u8),
    /// No detector has this name.
    Unknown(String),
    /// They stop making sense at this byte, counted from 0.
    Broken(usize),
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateError::NoDetector => f.write_str("the bytes are not a detector: they do not begin with `DLDT`"),
            StateError::Version(it) => write!(
                f,
                "the detector is of format {it} and this program reads format {VERSION}; read it with the version of \
                 Driftline that wrote it"
            ),
            StateError::Unknown(name) => write!(f, "the bytes are of a detector `{name}`, which this program has not"),
            StateError::Broken(at) => write!(f, "the detector is damaged at byte {at}; restore it, or begin anew"),
        }
    }
}

impl std::error::Error for StateError {}

impl Detector {
    /// All that it knows, its parameters included.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        put_text(self.settings.kind.name, &mut out);
        self.settings.values.iter().for_each(|it| out.extend_from_slice(&it.to_bits().to_le_bytes()));
        put_all([self.n, self.skipped, u64::from(self.over), self.quiet], &mut out);
        // What goes over the state may change it, as reading does; writing is done on a copy.
        let written = self.change.copy().state(&mut Tape::Write(&mut out));
        debug_assert_eq!(written, Some(()), "what a detector holds can be written");
        out
    }

    /// The detector that bytes are of, which may be anyone's: it takes memory in proportion to its parameters.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let mut from = bytes.strip_prefix(MAGIC).ok_or(StateError::NoDetector)?;
        let version = byte(&mut from).ok_or(StateError::NoDetector)?;
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        let name = get_text(&mut from).ok_or(StateError::NoDetector)?;
        let kind = find(name).filter(|it| it.name == name).ok_or_else(|| StateError::Unknown(name.to_owned()))?;
        let settings = Settings { kind, values: vec![] };
        let detector = read(settings, &mut from).filter(|_| from.is_empty());
        // An integer can be written longer than need be, for one; bytes that are not ours are nobody's.
        let detector = detector.filter(|it| it.to_bytes() == bytes);
        detector.ok_or(StateError::Broken(bytes.len() - from.len()))
    }
}

fn read(mut settings: Settings, from: &mut &[u8]) -> Option<Detector> {
    let params = settings.kind.params.iter().chain([&super::params::COOLDOWN]);
    for param in params {
        let value = f64::from_bits(u64::from_le_bytes(take(from)?));
        settings.values.push(Some(value).filter(|it| param.may_be(*it))?);
    }
    let [n, skipped] = get_counts(from)?;
    let over = get(from).filter(|it| *it <= 1)? == 1;
    let quiet = get(from).filter(|it| *it <= settings.cooldown())?;
    let mut it = Detector { n, skipped, over, quiet, ..Detector::of(settings).ok()? };
    it.change.state(&mut Tape::Read(from))?;
    Some(it)
}
