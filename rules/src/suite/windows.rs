//! `windows:`, the spans of time over which a service judges the records of a suite together.

mod length;
mod reading;

use std::cmp::Reverse;
use std::fmt;

pub use length::Length;

use crate::time::Timestamp;

/// The spans of time over which a service judges records together, and when they are over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The lengths of spans that lie one behind the other, the shortest first: each record is added to a span of that,
    /// the pane, and all others are merges of panes. Empty: only records and batches are judged.
    pub lengths: Vec<Length>,
    /// Spans that overlap.
    pub slide: Option<Slide>,
    /// Microseconds that records may come late; `None` leaves it to the service.
    pub lateness: Option<Timestamp>,
    /// Microseconds without a record after which the clock closes windows by event time.
    pub idle: Timestamp,
}

/// Spans of one length that begin more often than they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slide {
    /// How long each is, in microseconds.
    pub length: Timestamp,
    /// The time from the start of one to the start of the next, in microseconds.
    pub every: Timestamp,
}

/// A span of time that is judged as a whole, the end not being part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The start, in microseconds since 1970 UTC.
    pub start: Timestamp,
    /// The end.
    pub end: Timestamp,
    /// What it is one of.
    pub of: Of,
}

/// What a span is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Spans one behind the other.
    Length(Length),
    /// Spans that overlap.
    Slide(Slide),
}

const MINUTE: Timestamp = 60_000_000;

impl Default for Windows {
    fn default() -> Self {
        Windows { lengths: vec![Length::Time(5 * MINUTE)], slide: None, lateness: None, idle: 5 * MINUTE }
    }
}

impl Windows {
    /// No windows.
    pub fn off() -> Self {
        Windows { lengths: Vec::new(), ..Windows::default() }
    }

    /// The length of the spans that records are added to; `None` without windows.
    pub fn pane(&self) -> Option<Length> {
        self.lengths.first().copied()
    }

    /// The start of the pane that a time lies in, and its end; `None` without windows. In microseconds.
    pub fn around(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        self.pane()?.around(at)
    }

    /// The length of the spans that a longer one is merged of, which is the longest that fits; `None` for panes.
    pub fn base(&self, of: Of) -> Option<Length> {
        let fits = |it: &&Length| match of {
            Of::Length(longer) => it.fills(longer),
            Of::Slide(slide) => it.fills(Length::Time(slide.every)) || **it == Length::Time(slide.every),
        };
        self.lengths.iter().rev().find(fits).copied()
    }

    /// The longer spans that are merged of spans of this length, and that hold the one that starts at `start`: in order
    /// of their ends, the later start first.
    pub fn longer(&self, base: Length, start: Timestamp) -> Vec<Span> {
        let mut found: Vec<Span> = Vec::new();
        for length in self.lengths.iter().filter(|it| self.base(Of::Length(**it)) == Some(base)) {
            let around = length.around(start);
            found.extend(around.map(|(start, end)| Span { start, end, of: Of::Length(*length) }));
        }
        if let Some(slide) = self.slide.filter(|it| self.base(Of::Slide(*it)) == Some(base)) {
            found.extend(slide.around(start));
        }
        found.sort_by_key(|it| (it.end, Reverse(it.start)));
        found
    }

    /// What is called so, if these windows have it.
    pub fn named(&self, name: &str) -> Option<Of> {
        let lengths = self.lengths.iter().map(|it| Of::Length(*it));
        lengths.chain(self.slide.map(Of::Slide)).find(|it| it.to_string() == name)
    }
}

impl Slide {
    /// The spans that a time lies in.
    fn around(self, at: Timestamp) -> Vec<Span> {
        let Some((newest, _)) = Length::Time(self.every).around(at) else { return Vec::new() };
        let starts = (0..self.length / self.every).map_while(|i| newest.checked_sub(i * self.every));
        let span = |start: Timestamp| Some(Span { start, end: start.checked_add(self.length)?, of: Of::Slide(self) });
        starts.filter_map(span).collect()
    }
}

/// As `?length=` takes it: `5m`, `month`, `1h/5m`.
impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Of::Length(it) => it.fmt(f),
            Of::Slide(it) => write!(f, "{}/{}", Length::Time(it.length), Length::Time(it.every)),
        }
    }
}

#[cfg(test)]
mod tests;
