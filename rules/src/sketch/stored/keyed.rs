//! Counts, keys and sampled rows as bytes.

use super::{Bytes, read_first, write_first};
use crate::bytes::{MOST_ROWS, byte, get, get_counts, get_length, get_next, put, put_all, put_next, take};
use crate::sketch::bottom_k::BottomK;
use crate::sketch::categories::{Categories, MOST_NUMBERS};
use crate::sketch::counts::{Count, Counts};
use crate::sketch::hash::{hash, hash_many};
use crate::sketch::keys::{Held, Keys};
use crate::sketch::pack::{pack, read as read_value};
use crate::sketch::piles::{Pile, add};
use crate::value::Value;

pub(super) fn write_counts(it: &Counts, out: &mut Vec<u8>) {
    put_all([it.n, it.null, it.nan, it.budget as u64, u64::from(it.level)], out);
    write_first(it.unhashable, out);
    put(it.table().len() as u64, out);
    let mut before = 0;
    for it in it.sorted() {
        put_next(it.row, &mut before, out);
        put(it.count, out);
        pack(&it.value, out);
    }
}

pub(super) fn read_counts(from: Bytes) -> Option<Counts> {
    read_table(false, from).filter(|(counts, seen)| adds_up(counts, *seen, counts.n)).map(|it| it.0)
}

pub(super) fn write_categories(it: &Categories, out: &mut Vec<u8>) {
    write_counts(&it.others, out);
    put(it.n_numbers, out);
    let numbers = it.numbers.as_deref();
    out.push(u8::from(numbers.is_some()));
    put(numbers.map_or(0, <[_]>::len) as u64, out);
    for (number, count) in numbers.unwrap_or_default() {
        out.extend_from_slice(&number.to_bits().to_le_bytes());
        put(*count, out);
    }
}

pub(super) fn read_categories(from: Bytes) -> Option<Categories> {
    let others = read_counts(from)?;
    let n_numbers = get(from).filter(|it| *it <= MOST_ROWS)?;
    let are_known = byte(from).filter(|it| *it <= 1)? == 1;
    let length = get_length(from)?;
    let (mut numbers, mut seen) = (Vec::new(), 0_u64);
    for _ in 0..length {
        let number = f64::from_bits(u64::from_le_bytes(take(from)?));
        let count = get(from).filter(|it| (1..=MOST_ROWS).contains(it))?;
        let is_next = numbers.last().is_none_or(|it: &(f64, u64)| it.0.total_cmp(&number).is_lt());
        if !is_next || number.is_nan() || number.to_bits() == (-0.0_f64).to_bits() {
            return None;
        }
        seen = seen.checked_add(count)?;
        numbers.push((number, count));
    }
    let adds_up = if are_known { seen == n_numbers } else { length == 0 && n_numbers > MOST_NUMBERS as u64 };
    let numbers = are_known.then_some(numbers);
    (adds_up && length <= MOST_NUMBERS).then_some(Categories { others, n_numbers, numbers })
}

/// All rows are behind the values kept, when all values are.
fn adds_up(counts: &Counts, seen: u64, n: u64) -> bool {
    if counts.is_exact() { seen == n } else { seen <= n }
}

/// The counts, and how many rows they count. `compound`: the values are those of [`Keys`] of several cells.
fn read_table(compound: bool, from: Bytes) -> Option<(Counts, u64)> {
    let [n, null, nan] = get_counts(from)?;
    let mut it = Counts::new(usize::try_from(get(from)?).ok().filter(|it| *it > 0)?);
    (it.n, it.null, it.nan) = (n, null, nan);
    it.level = u32::try_from(get(from)?).ok().filter(|it| *it <= u128::BITS)?;
    it.unhashable = read_first(from)?;
    let (mut before, mut seen, mut key) = (0, 0_u64, Vec::new());
    for _ in 0..get_length(from)? {
        let row = get_next(from, &mut before)?;
        let count = get(from).filter(|it| (1..=MOST_ROWS).contains(it))?;
        let value = read_value(from)?;
        let hash = hash_of(&value, compound, &mut key)?;
        seen = seen.checked_add(count)?;
        if hash.leading_zeros() < it.level || it.table.insert(hash, Count { value, count, row }).is_some() {
            return None;
        }
    }
    (it.table.len() <= it.budget).then_some((it, seen))
}

fn hash_of(value: &Value, compound: bool, key: &mut Vec<u8>) -> Option<u128> {
    match (compound, value) {
        (false, it) => Some(hash(it, key)),
        (true, Value::List(cells)) => Some(hash_many(cells.iter(), key)),
        (true, _) => None,
    }
}

pub(super) fn write_keys(it: &Keys, out: &mut Vec<u8>) {
    put_all([it.n, it.null, it.budget as u64], out);
    write_first(it.unhashable, out);
    match &it.held {
        Held::Piles(piles) => {
            let entries = piles.iter().flat_map(|pile| pile.entries.iter().map(move |it| (it.row, it.hash, pile, it)));
            let mut entries: Vec<_> = entries.collect();
            entries.sort_unstable_by_key(|it| (it.0, it.1));
            let mut before = 0;
            for (row, _, pile, entry) in entries {
                put_next(row, &mut before, out);
                pack(&pile.value(entry), out);
            }
        }
        Held::Turned(it) => write_counts(it, out),
    }
}

pub(super) fn read_keys(compound: bool, from: Bytes) -> Option<Keys> {
    let [n, null] = get_counts(from)?;
    let mut it = Keys::new(usize::try_from(get(from)?).ok().filter(|it| *it > 0)?);
    (it.n, it.null, it.unhashable) = (n, null, read_first(from)?);
    if n > it.budget as u64 {
        let (counts, seen) = read_table(compound, from)?;
        // How many keys and nulls there were is told by the keys, not by their counts.
        let is_right = counts.budget == it.budget && counts.n == 0 && adds_up(&counts, seen, n);
        it.held = Held::Turned(counts);
        return is_right.then_some(it);
    }
    let (mut piles, mut before, mut key) = (vec![Pile::default()], 0, Vec::new());
    for _ in 0..usize::try_from(n).ok().filter(|it| *it <= from.len())? {
        let row = get_next(from, &mut before)?;
        let value = read_value(from)?;
        let hash = hash_of(&value, compound, &mut key)?;
        add(&mut piles, hash, row, |values| pack(&value, values));
    }
    it.held = Held::Piles(piles);
    Some(it)
}

pub(super) fn write_rows(it: &BottomK, out: &mut Vec<u8>) {
    put_all([it.n, it.null, it.too_long], out);
    out.push(u8::from(it.below.is_some()));
    if let Some(below) = it.below {
        out.extend_from_slice(&below.to_le_bytes());
    }
    put(it.rows.len() as u64, out);
    for row in it.rows.values() {
        put(row.count, out);
        out.extend_from_slice(&row.cells);
    }
}

pub(super) fn read_rows(k: usize, from: Bytes) -> Option<BottomK> {
    let mut it = BottomK::new(k);
    [it.n, it.null, it.too_long] = get_counts(from)?;
    it.below = match byte(from)? {
        0 => None,
        _ => Some(u64::from_le_bytes(take(from)?)),
    };
    let mut seen = it.too_long;
    for _ in 0..get_length(from)? {
        let count = get(from).filter(|it| (1..=MOST_ROWS).contains(it))?;
        let Value::List(cells) = read_value(from)? else { return None };
        seen = seen.checked_add(count)?;
        it.restore(count, &cells)?;
    }
    let adds_up = if it.below.is_none() { seen == it.n } else { seen <= it.n };
    adds_up.then_some(it)
}
