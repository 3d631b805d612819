//! The entries of [`Keys`](super::Keys), in piles that merge without a copy, and the equal ones among them.

use std::sync::OnceLock;

use super::Spread;
use super::counts::Counts;
use super::keys::Duplicates;
use super::pack::unpack;
use crate::value::Value;

#[derive(Clone, Debug, Default)]
pub(super) struct Pile {
    pub(super) entries: Vec<Entry>,
    /// The values, one after the other, packed.
    values: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) hash: u128,
    pub(super) row: u64,
    /// Where the value starts.
    at: usize,
}

/// An entry's pile and its position there.
type Place = (u32, u32);

/// Half of an entry's hash, and where it is.
type Part = Vec<(u64, Place)>;

/// What was found in those entries whose hashes end alike.
#[derive(Debug, Default)]
pub(super) struct Equal {
    members: Vec<Place>,
    groups: u64,
    distinct: u64,
}

impl Pile {
    pub(super) fn value(&self, entry: &Entry) -> Value<'static> {
        unpack(self.values.get(entry.at..).unwrap_or_default())
    }

    pub(super) fn count(&self, into: &mut Counts) {
        for it in &self.entries {
            into.add(it.hash, 1, it.row, || self.value(it));
        }
    }

    pub(super) fn size(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.values.capacity()
    }

    /// The entries by the last bits of their hashes.
    fn parts(&self, number: u32, bits: u32) -> Vec<Part> {
        let mut out = vec![Vec::with_capacity((self.entries.len() >> bits) * 9 / 8); 1 << bits];
        for (at, entry) in (0_u32..).zip(&self.entries) {
            if let Some(it) = out.get_mut(entry.hash as usize & ((1 << bits) - 1)) {
                // The upper half; equal halves are looked at again.
                it.push(((entry.hash >> 64) as u64, (number, at)));
            }
        }
        out
    }
}

#[inline]
pub(super) fn add(piles: &mut [Pile], hash: u128, row: u64, pack: impl FnOnce(&mut Vec<u8>)) {
    // There is always one.
    if let Some(Pile { entries, values }) = piles.last_mut() {
        entries.push(Entry { hash, row, at: values.len() });
        pack(values);
    }
}

/// A large pile is taken up as it is; of many small ones one is made.
pub(super) fn add_pile(piles: &mut Vec<Pile>, mut more: Pile) {
    match piles.last_mut() {
        Some(last) if last.entries.is_empty() => *last = more,
        Some(last) if more.entries.len() < 10_000 => {
            let base = last.values.len();
            last.entries.extend(more.entries.iter().map(|it| Entry { at: it.at + base, ..*it }));
            last.values.append(&mut more.values);
        }
        _ => piles.push(more),
    }
}

/// The groups of equal keys: cut by hash into parts that fit a processor's cache, then part by part.
pub(super) fn groups(piles: &[Pile], spread: &Spread) -> Vec<Equal> {
    let n: usize = piles.iter().map(|it| it.entries.len()).sum();
    let bits = (n / 4096).checked_ilog2().map_or(0, |it| (it + 1).min(10));
    let cut = all(piles.len(), spread, |i| piles.get(i).map(|it| it.parts(i as u32, bits)).unwrap_or_default());
    all(1 << bits, spread, |part| {
        let parts = cut.iter().filter_map(|it| it.get(part));
        resolve(parts.flatten().copied().collect(), |at| entry(piles, at).map(|it| it.1.hash))
    })
}

/// The results of a piece of work for each number below `n`.
fn all<T: Send + Sync>(n: usize, spread: &Spread, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let results: Vec<OnceLock<T>> = (0..n).map(|_| OnceLock::new()).collect();
    spread(n, &|i| {
        if let Some(it) = results.get(i) {
            it.get_or_init(|| work(i));
        }
    });
    results.into_iter().enumerate().map(|(i, it)| it.into_inner().unwrap_or_else(|| work(i))).collect()
}

fn resolve(mut all: Part, hash: impl Fn(Place) -> Option<u128>) -> Equal {
    let mut out = Equal::default();
    all.sort_unstable_by_key(|it| it.0);
    for half in all.chunk_by_mut(|a, b| a.0 == b.0) {
        if half.len() == 1 {
            out.distinct += 1;
            continue;
        }
        half.sort_unstable_by_key(|it| hash(it.1));
        for group in half.chunk_by(|a, b| hash(a.1) == hash(b.1)) {
            out.distinct += 1;
            if group.len() > 1 {
                out.groups += 1;
                out.members.extend(group.iter().map(|it| it.1));
            }
        }
    }
    out
}

fn entry(piles: &[Pile], (pile, at): Place) -> Option<(&Pile, &Entry)> {
    let pile = piles.get(pile as usize)?;
    Some((pile, pile.entries.get(at as usize)?))
}

pub(super) fn gather(piles: &[Pile], found: &[Equal]) -> Duplicates {
    let groups: u64 = found.iter().map(|it| it.groups).sum();
    let distinct: u64 = found.iter().map(|it| it.distinct).sum();
    let places = found.iter().flat_map(|it| &it.members);
    let mut members: Vec<_> = places.filter_map(|at| entry(piles, *at)).collect();
    members.sort_unstable_by_key(|it| it.1.row);
    Duplicates {
        rows_in_groups: members.len() as f64,
        extra: members.len() as f64 - groups as f64,
        groups: groups as f64,
        members: members.iter().map(|(pile, it)| (it.row, pile.value(it))).collect(),
        distinct: distinct as f64,
        error: 0.0,
        at_least: members.len() as f64,
        exact: true,
        complete: true,
    }
}
