//! What journal segments add to windows, on its way into the store.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::due::time_or_null;
use super::queries::Dialect;
use super::windows::WindowPart;

/// Bytes of states that are written by one statement, and of one part; and no more parts than a hundred.
const STATEMENT: usize = 4 << 20;

/// New parts.
pub(super) fn add_parts<DB: Dialect>(segment: Uuid, parts: &[WindowPart]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(
        "INSERT INTO window_part (segment_id, suite, suite_hash, start_at, end_at, length, close_at, records, unreadable, \
         untimed, state) VALUES ",
    );
    for (i, it) in parts.iter().enumerate() {
        DB::id(query.push(if i == 0 { "(" } else { ", (" }), segment);
        DB::text(query.push(", "), &it.suite);
        DB::text(query.push(", "), &it.suite_hash);
        DB::time(query.push(", "), it.start);
        DB::time(query.push(", "), it.end);
        DB::text(query.push(", "), &it.length);
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
pub(super) fn in_statements(parts: &[WindowPart]) -> impl Iterator<Item = &[WindowPart]> {
    let mut bytes = 0;
    parts.chunk_by(move |it, _| {
        bytes += it.state.len() + STATEMENT / 100;
        let fits = bytes < STATEMENT;
        bytes = if fits { bytes } else { 0 };
        fits
    })
}
