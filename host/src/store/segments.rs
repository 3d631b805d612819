//! Which segments of a suite are kept apart: the same on all hosts and in every window, and no more than the suite says.
//!
//! The transaction that writes parts takes new names in; what comes when there are enough is counted under the name of
//! the overflow. Each host remembers for a while which names are taken in, so that few transactions ask.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::queries::Dialect;
use super::rows::Micros;
use super::windows::{WindowKey, WindowPart};

/// For so long a name is known without another look; names are forgotten after days.
const KNOWN_FOR: Micros = 3_600_000_000;

/// How many names one statement has.
pub(super) const NAMES: usize = 500;

/// Versions whose names are remembered.
const VERSIONS: usize = 64;

/// A version of a suite: its name and hash.
type Of = (String, String);

/// The names that are taken in, and since when that is known, by version.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<Of, HashMap<String, Micros>>>);

/// The names that the parts of one version have.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// How many names there may be.
    pub most: i64,
    /// Those that were not known a while ago.
    pub names: Vec<String>,
}

impl Known {
    /// The names of parts that are to be looked for, by version.
    pub fn wanted(&self, parts: &[WindowPart], now: Micros) -> BTreeMap<Of, Wanted> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wanted: BTreeMap<Of, (i64, BTreeSet<&str>)> = BTreeMap::new();
        for it in parts.iter().filter(|it| !it.segment.is_empty() && it.segment != it.other) {
            let of = (it.suite.clone(), it.suite_hash.clone());
            let is_known = known.get(&of).and_then(|it_| it_.get(&it.segment)).is_some_and(|at| now - at < KNOWN_FOR);
            if !is_known {
                let of = wanted.entry(of).or_default();
                of.0 = it.most;
                of.1.insert(&it.segment);
            }
        }
        let named = |it: BTreeSet<&str>| it.into_iter().map(str::to_owned).collect();
        wanted.into_iter().map(|(of, (most, names))| (of, Wanted { most, names: named(names) })).collect()
    }

    /// Remembers names that were taken in.
    pub fn remember(&self, names: BTreeMap<Of, Vec<String>>, now: Micros) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (of, names) in names {
            if known.len() >= VERSIONS && !known.contains_key(&of) {
                known.clear();
            }
            let of = known.entry(of).or_default();
            of.retain(|_, at| now - *at < KNOWN_FOR);
            of.extend(names.into_iter().map(|it| (it, now)));
        }
    }
}

/// Puts what is of names that are not taken in under the name of the overflow.
pub(super) fn renamed(parts: &mut [WindowPart], left_out: &BTreeMap<Of, HashSet<String>>) {
    if left_out.is_empty() {
        return;
    }
    for it in parts.iter_mut().filter(|it| !it.segment.is_empty()) {
        let of = (it.suite.clone(), it.suite_hash.clone());
        if left_out.get(&of).is_some_and(|names| names.contains(&it.segment)) {
            it.segment.clone_from(&it.other);
        }
    }
}

/// The number of the lock under which names of a version are taken in.
pub(super) fn lock_of((suite, hash): &Of) -> Uuid {
    let names =
        WindowKey { suite: suite.clone(), suite_hash: hash.clone(), length: "names".into(), ..WindowKey::default() };
    names.id()
}

fn of_version<DB: Dialect>(query: &mut QueryBuilder<DB>, (suite, hash): &Of) {
    DB::text(query.push(" WHERE suite = "), suite);
    DB::text(query.push(" AND suite_hash = "), hash);
}

fn and_names<DB: Dialect>(query: &mut QueryBuilder<DB>, names: &[String]) {
    for (i, it) in names.iter().enumerate() {
        DB::text(query.push(if i == 0 { " AND segment IN (" } else { ", " }), it);
    }
    query.push(")");
}

/// Those of the names that are taken in.
pub(super) fn taken_in<DB: Dialect>(of: &Of, names: &[String]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT segment FROM segment_name");
    of_version(&mut query, of);
    and_names(&mut query, names);
    query
}

/// How many names are taken in.
pub(super) fn count<DB: Dialect>(of: &Of) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("SELECT count(*) FROM segment_name");
    of_version(&mut query, of);
    query
}

/// Takes note that names that are taken in were seen.
pub(super) fn seen<DB: Dialect>(of: &Of, names: &[String], now: Micros) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("UPDATE segment_name SET last_seen = ");
    DB::time(&mut query, now);
    of_version(&mut query, of);
    DB::time(query.push(" AND last_seen < "), now.saturating_sub(KNOWN_FOR));
    and_names(&mut query, names);
    query
}

/// Takes names in.
pub(super) fn take_in<DB: Dialect>((suite, hash): &Of, names: &[String], now: Micros) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new("INSERT INTO segment_name (suite, suite_hash, segment, last_seen) VALUES ");
    for (i, it) in names.iter().enumerate() {
        DB::text(query.push(if i == 0 { "(" } else { ", (" }), suite);
        DB::text(query.push(", "), hash);
        DB::text(query.push(", "), it);
        DB::time(query.push(", "), now);
        query.push(")");
    }
    query.push(" ON CONFLICT DO NOTHING");
    query
}

/// What both databases do alike in the transaction that writes parts; `$lock` waits until no other host takes names of
/// the version in. The rows, and the names to remember once they are committed.
macro_rules! admit {
    ($transaction:ident, $known:expr, $parts:expr, $now:ident, $lock:expr) => {{
        let mut parts: Vec<crate::store::windows::WindowPart> = $parts;
        let (mut taken_in, mut left_out) = (BTreeMap::new(), BTreeMap::new());
        for (of, segments::Wanted { most, mut names }) in $known.wanted(&parts, $now) {
            let mut is_in: Vec<String> = Vec::new();
            for is_locked in [false, true] {
                if is_locked {
                    $lock(&mut $transaction, segments::lock_of(&of)).await?;
                }
                let mut found = std::collections::HashSet::new();
                for some in names.chunks(segments::NAMES) {
                    let query = &mut segments::taken_in(&of, some);
                    let some: Vec<String> =
                        query.build_query_scalar().persistent(false).fetch_all(&mut *$transaction).await?;
                    found.extend(some);
                }
                names.retain(|it| !found.contains(it));
                is_in.extend(found);
                if names.is_empty() {
                    break;
                }
            }
            // In one order, so that two hosts that update them do not wait for each other in a circle.
            is_in.sort_unstable();
            for some in is_in.chunks(segments::NAMES) {
                segments::seen(&of, some, $now).build().persistent(false).execute(&mut *$transaction).await?;
            }
            if !names.is_empty() {
                let n: i64 = segments::count(&of).build_query_scalar().fetch_one(&mut *$transaction).await?;
                let room = usize::try_from(most - n).unwrap_or(0).min(names.len());
                let others: std::collections::HashSet<String> = names.split_off(room).into_iter().collect();
                for some in names.chunks(segments::NAMES) {
                    segments::take_in(&of, some, $now).build().persistent(false).execute(&mut *$transaction).await?;
                }
                is_in.extend(names);
                left_out.insert(of.clone(), others);
            }
            taken_in.insert(of, is_in);
        }
        segments::renamed(&mut parts, &left_out);
        (parts::Bundle::of(parts), taken_in)
    }};
}

pub(super) use admit;
