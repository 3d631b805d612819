//! What journal segments add to windows, on its way into the store and out of it.
//!
//! A journal segment may have records of thousands of segments of a suite. A row for each would be more than a database
//! is for, so the segments whose names hash to one number share a row: a window of all records has its own (bucket 0),
//! and those of segments are in [`BUCKETS`] others, each of which is taken up in one transaction.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::due::time_or_null;
use super::queries::Dialect;
use super::windows::WindowPart;

/// Bytes of states that are written by one statement, and of one part; and no more parts than a hundred.
const STATEMENT: usize = 4 << 20;

/// Rows that the segments of one window share. Every host must have it alike.
const BUCKETS: i64 = 64;

/// The row that a segment is in; 0: all records.
pub(super) fn bucket(segment: &str) -> i64 {
    match (segment, Sha256::digest(segment).first()) {
        ("", _) | (_, None) => 0,
        (_, Some(byte)) => 1 + i64::from(*byte) % BUCKETS,
    }
}

/// A row of parts: of all records, or of the segments of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bundle {
    /// Which.
    pub bucket: i64,
    /// The part; of segments, its state is that of each behind its name and counts.
    pub part: WindowPart,
}

impl Bundle {
    /// Parts as rows.
    pub fn of(parts: Vec<WindowPart>) -> Vec<Self> {
        let mut rows: BTreeMap<_, WindowPart> = BTreeMap::new();
        let mut bundles = Vec::new();
        for part in parts {
            let bucket = bucket(&part.segment);
            if bucket == 0 {
                bundles.push(Bundle { bucket, part });
                continue;
            }
            let key = (part.suite.clone(), part.suite_hash.clone(), part.start, part.length.clone(), bucket);
            let row = rows.entry(key).or_insert_with(|| WindowPart {
                segment: String::new(),
                records: 0,
                unreadable: 0,
                untimed: 0,
                state: Vec::new(),
                ..part.clone()
            });
            row.records += part.records;
            row.unreadable += part.unreadable;
            row.untimed += part.untimed;
            put(&mut row.state, part.segment.as_bytes());
            for it in [part.records, part.unreadable, part.untimed] {
                row.state.extend_from_slice(&it.to_le_bytes());
            }
            put(&mut row.state, &part.state);
        }
        bundles.extend(rows.into_iter().map(|((.., bucket), part)| Bundle { bucket, part }));
        bundles
    }

    /// The parts of a row; what is torn of it is left out.
    pub fn apart(self) -> Vec<WindowPart> {
        let Bundle { bucket, part: mut row } = self;
        if bucket == 0 {
            return vec![row];
        }
        let bytes = std::mem::take(&mut row.state);
        let (mut rest, mut parts) = (bytes.as_slice(), Vec::new());
        while let Some(part) = take_part(&mut rest, &row) {
            parts.push(part);
        }
        parts
    }
}

/// Bytes behind their length.
fn put(to: &mut Vec<u8>, bytes: &[u8]) {
    // A journal segment is shorter than four gigabytes.
    to.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    to.extend_from_slice(bytes);
}

fn take<'b>(from: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = from.split_off(..4)?.try_into().map(u32::from_le_bytes).ok()?;
    from.split_off(..length as usize)
}

fn take_part(from: &mut &[u8], row: &WindowPart) -> Option<WindowPart> {
    let segment = std::str::from_utf8(take(from)?).ok()?.to_owned();
    let mut number = || from.split_off(..8)?.try_into().map(i64::from_le_bytes).ok();
    let (records, unreadable, untimed) = (number()?, number()?, number()?);
    let state = take(from)?.to_vec();
    Some(WindowPart { segment, records, unreadable, untimed, state, ..row.clone() })
}

/// New parts.
pub(super) fn add_parts<DB: Dialect>(segment: Uuid, parts: &[Bundle]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO window_part (segment_id, suite, suite_hash, start_at, end_at, length, bucket, close_at, records, \
         unreadable, untimed, state) VALUES ",
    );
    for (i, Bundle { bucket, part: it }) in parts.iter().enumerate() {
        DB::id(query.push(if i == 0 { "(" } else { ", (" }), segment);
        DB::text(query.push(", "), &it.suite);
        DB::text(query.push(", "), &it.suite_hash);
        DB::time(query.push(", "), it.start);
        DB::time(query.push(", "), it.end);
        DB::text(query.push(", "), &it.length);
        DB::number(query.push(", "), *bucket);
        time_or_null(query.push(", "), it.close_at);
        for number in [it.records, it.unreadable, it.untimed] {
            DB::number(query.push(", "), number);
        }
        DB::bytes(query.push(", "), Some(it.state.clone()));
        query.push(")");
    }
    query
}

/// Parts as many as go into one statement: replays have some of many windows, and a state may be long.
pub(super) fn in_statements(parts: &[Bundle]) -> impl Iterator<Item = &[Bundle]> {
    let mut bytes = 0;
    parts.chunk_by(move |it, _| {
        bytes += it.part.state.len() + STATEMENT / 100;
        let fits = bytes < STATEMENT;
        bytes = if fits { bytes } else { 0 };
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bundled_comes_apart_as_it_was() {
        let part = |start, i: usize| WindowPart {
            suite: "s".into(),
            start,
            segment: if i == 0 { String::new() } else { format!("region={i}") },
            records: i as i64 + 1,
            unreadable: 1,
            untimed: 2,
            state: vec![7; i % 5],
            ..WindowPart::default()
        };
        let parts: Vec<_> = (0..2).flat_map(|start| (0..300).map(move |i| part(start, i))).collect();
        let rows = Bundle::of(parts.clone());
        assert!(rows.len() <= 2 * (1 + BUCKETS as usize), "{}", rows.len());
        assert!(rows.iter().filter(|it| it.bucket == 0).all(|it| it.part.records == 1));
        let by_name = |it: &WindowPart| (it.start, it.segment.clone());
        let (mut back, mut wanted) = (rows.into_iter().flat_map(Bundle::apart).collect::<Vec<_>>(), parts);
        back.sort_by_key(by_name);
        wanted.sort_by_key(by_name);
        assert_eq!(back, wanted);
        let torn = Bundle { bucket: 1, part: WindowPart { state: vec![9; 30], ..WindowPart::default() } };
        assert_eq!(torn.apart(), []);
    }
}
