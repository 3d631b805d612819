//! The sketch of scores of several classes as bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Bytes;
use super::numbers::{read_exact, write_exact};
use super::paired::{read_score, write_score};
use crate::bytes::{MOST_ROWS, byte, get, get_counts, get_length, get_text, put, put_all, put_text};
use crate::sketch::ranked::{ByClass, Class, LAST, MOST_CLASSES, Ranked};
use crate::sketch::scored::Score;

/// What stands before the classes: they are exact, in buckets, too many, or nobody asked for them.
const EXACT: u8 = 0;
const BUCKETS: u8 = 1;
const TOO_MANY: u8 = 2;
const UNASKED: u8 = 3;

pub(super) fn write_ranked(it: &Ranked, out: &mut Vec<u8>) {
    put_all([it.n, it.null, it.refused, it.unknown, it.beyond, it.budget as u64], out);
    put(it.places.len() as u64, out);
    for (place, count) in &it.places {
        put_all([*place, *count], out);
    }
    it.sums.iter().for_each(|it| write_exact(it, out));
    match &it.by_class {
        ByClass::Unasked => out.push(UNASKED),
        ByClass::TooMany => out.push(TOO_MANY),
        ByClass::Kept(all) => {
            out.push(if it.is_bucketed { BUCKETS } else { EXACT });
            put(all.len() as u64, out);
            for (name, class) in all {
                put_text(name, out);
                put(class.records, out);
                for scores in [&class.own, &class.others] {
                    put(scores.len() as u64, out);
                    for (score, count) in scores {
                        write_score(*score, out);
                        put(*count, out);
                    }
                }
            }
        }
    }
}

pub(super) fn read_ranked(names: Option<&Arc<[String]>>, by_class: bool, from: Bytes) -> Option<Ranked> {
    let [n, null, refused, unknown, beyond] = get_counts(from)?;
    let budget = usize::try_from(get(from)?).ok().filter(|it| *it > 0)?;
    let mut it = Ranked { n, null, refused, unknown, beyond, ..Ranked::new(names.cloned(), by_class, budget) };
    let mut seen = 0_u64;
    for _ in 0..get_length(from)? {
        let place = get(from).filter(|it| (1..=LAST).contains(it))?;
        let count = get(from).filter(|it| (1..=MOST_ROWS).contains(it))?;
        if it.places.last_key_value().is_some_and(|(before, _)| *before >= place) {
            return None;
        }
        seen = seen.checked_add(count)?;
        it.places.insert(place, count);
    }
    for sum in &mut it.sums {
        read_exact(sum, from)?;
    }
    let form = byte(from)?;
    it.is_bucketed = form == BUCKETS;
    match form {
        EXACT | BUCKETS if by_class => it.by_class = ByClass::Kept(read_classes(&it, from)?),
        TOO_MANY if by_class => it.by_class = ByClass::TooMany,
        UNASKED if !by_class => {}
        _ => return None,
    }
    (seen == n && beyond <= n && n + null + refused + unknown <= MOST_ROWS).then_some(it)
}

fn read_classes(it: &Ranked, from: Bytes) -> Option<BTreeMap<String, Class>> {
    let mut all: BTreeMap<String, Class> = BTreeMap::new();
    let (mut records, mut kept) = (0_u64, 0);
    for _ in 0..get_length(from).filter(|it| *it <= MOST_CLASSES)? {
        let name = get_text(from)?.to_owned();
        if all.last_key_value().is_some_and(|(before, _)| *before >= name) {
            return None;
        }
        let own_records = get(from).filter(|own| *own <= it.n)?;
        let own = read_scores(it.is_bucketed, own_records, from)?;
        let others = read_scores(it.is_bucketed, it.n - own_records, from)?;
        // A class is kept since it was true, or had a score.
        if own_records == 0 && others.is_empty() {
            return None;
        }
        records = records.checked_add(own_records)?;
        kept += own.len() + others.len() + 1;
        all.insert(name, Class { records: own_records, own, others });
    }
    (records == it.n && (it.is_bucketed || kept <= it.budget)).then_some(all)
}

/// Scores of no more than so many records.
fn read_scores(is_bucketed: bool, most: u64, from: Bytes) -> Option<BTreeMap<Score, u64>> {
    let (mut scores, mut seen): (BTreeMap<Score, u64>, u64) = (BTreeMap::new(), 0);
    for _ in 0..get_length(from)? {
        let score = read_score(from)?;
        let count = get(from).filter(|it| (1..=MOST_ROWS).contains(it))?;
        let is_next = scores.last_key_value().is_none_or(|(before, _)| *before < score);
        if !is_next || is_bucketed && score.bucket() != score {
            return None;
        }
        seen = seen.checked_add(count).filter(|it| *it <= most)?;
        scores.insert(score, count);
    }
    Some(scores)
}
