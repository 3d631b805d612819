//! The sketches of numbers as bytes.

use super::{Bytes, read_type, read_zone, write_zone};
use crate::bytes::{
    MOST_ROWS, byte, get, get_counts, get_length, get_next, get_signed, put, put_all, put_next, put_signed, take,
};
use crate::sketch::Bins;
use crate::sketch::exact::Exact;
use crate::sketch::moments::Moments;
use crate::sketch::numbers::Numbers;
use crate::sketch::quantiles::{Quantiles, sorted};
use crate::sketch::values::{Held, Rows, Values};

fn write_numbers(it: &Numbers, out: &mut Vec<u8>) {
    put_all([it.n, it.nan, it.infinite, it.negative_infinite, it.null, it.refused, it.integers, it.times], out);
    if let Some((row, zone)) = it.zone {
        put(row, out);
        write_zone(zone, out);
    }
    if let Some((row, of)) = it.first_refused {
        put(row, out);
        out.push(of as u8);
    }
}

fn read_numbers(from: Bytes) -> Option<Numbers> {
    let [n, nan, infinite, negative_infinite, null, refused, integers, times] = get_counts(from)?;
    if infinite + negative_infinite + integers + times > n || n + nan + null + refused > MOST_ROWS {
        return None;
    }
    // Each stands there exactly when something of its sort was met.
    let zone = if times > 0 { Some((get(from)?, read_zone(from)?)) } else { None };
    let first_refused = if refused > 0 { Some((get(from)?, read_type(from)?)) } else { None };
    Some(Numbers { n, nan, infinite, negative_infinite, null, refused, integers, times, zone, first_refused })
}

pub(super) fn write_moments(it: &Moments, out: &mut Vec<u8>) {
    write_numbers(&it.numbers, out);
    write_exact(&it.sum, out);
    write_exact(&it.squares, out);
}

pub(super) fn read_moments(from: Bytes) -> Option<Moments> {
    let mut it = Moments { numbers: read_numbers(from)?, ..Moments::default() };
    read_exact(&mut it.sum, from)?;
    read_exact(&mut it.squares, from)?;
    Some(it)
}

/// Of many limbs few are in use.
pub(super) fn write_exact(it: &Exact, out: &mut Vec<u8>) {
    let used = || it.limbs.iter().enumerate().filter(|(_, limb)| **limb != 0);
    put(used().count() as u64, out);
    for (at, limb) in used() {
        out.push(at as u8);
        put_signed(*limb, out);
    }
}

pub(super) fn read_exact(into: &mut Exact, from: Bytes) -> Option<()> {
    for _ in 0..get_length(from)? {
        let limb = into.limbs.get_mut(usize::from(byte(from)?)).filter(|it| **it == 0)?;
        *limb = get_signed(from).filter(|it| *it != 0)?;
    }
    Some(())
}

pub(super) fn write_values(it: &Values, out: &mut Vec<u8>) {
    write_numbers(&it.numbers, out);
    put(it.budget as u64, out);
    match &it.held {
        Held::Exact { .. } => {
            let mut before = 0;
            for (row, bits) in it.pairs() {
                if it.with_rows {
                    put_next(row, &mut before, out);
                }
                out.extend_from_slice(&bits.to_le_bytes());
            }
        }
        Held::Turned(it) => write_quantiles(it, out),
    }
}

/// Whether the numbers themselves are there follows from how many they are.
pub(super) fn read_values(with_rows: bool, from: Bytes) -> Option<Values> {
    let numbers = read_numbers(from)?;
    let budget = usize::try_from(get(from)?).ok()?;
    let n = numbers.n;
    if n > budget as u64 {
        let held = Held::Turned(Box::new(read_quantiles(n, from)?));
        return Some(Values { numbers, with_rows, budget, held });
    }
    let (mut values, mut rows, mut before) = (Vec::new(), Rows::default(), 0);
    for at in 0..usize::try_from(n).ok().filter(|it| *it <= from.len())? {
        if with_rows {
            rows.push(at, get_next(from, &mut before)?);
        }
        values.push(f64::from_bits(u64::from_le_bytes(take(from)?)));
    }
    if values.iter().any(|it| it.is_nan()) {
        return None;
    }
    Some(Values { numbers, with_rows, budget, held: Held::Exact { values, rows } })
}

fn write_quantiles(it: &Quantiles, out: &mut Vec<u8>) {
    put_all([it.zero, it.infinite, it.negative_infinite], out);
    for buckets in [&it.negative, &it.positive] {
        put(buckets.len() as u64, out);
        let mut before = 0;
        for (bucket, count) in sorted(buckets) {
            put_signed(i128::from(bucket) - before, out);
            put(count, out);
            before = i128::from(bucket);
        }
    }
}

fn read_quantiles(n: u64, from: Bytes) -> Option<Quantiles> {
    let [zero, infinite, negative_infinite] = get_counts(from)?;
    let mut it = Quantiles { zero, infinite, negative_infinite, ..Quantiles::default() };
    let mut seen = zero + infinite + negative_infinite;
    for buckets in [&mut it.negative, &mut it.positive] {
        let mut before = 0_i128;
        for _ in 0..get_length(from)? {
            before = before.checked_add(get_signed(from)?)?;
            let count = get(from).filter(|it| (1..=MOST_ROWS).contains(it))?;
            seen = seen.checked_add(count)?;
            // The widest range of floats has no bucket beyond.
            let bucket = i32::try_from(before).ok().filter(|it| it.unsigned_abs() < 1 << 20)?;
            if buckets.insert(bucket, count).is_some() {
                return None;
            }
        }
    }
    (seen == n).then_some(it)
}

pub(super) fn write_bins(it: &Bins, out: &mut Vec<u8>) {
    write_numbers(&it.numbers, out);
    it.counts.iter().for_each(|it| put(*it, out));
    put(it.on_last_edge, out);
}

pub(super) fn read_bins(edges: &[f64], from: Bytes) -> Option<Bins> {
    let mut it = Bins::new(edges.to_vec());
    it.numbers = read_numbers(from)?;
    let mut seen = 0_u64;
    for count in &mut it.counts {
        *count = get(from)?;
        seen = seen.checked_add(*count)?;
    }
    it.on_last_edge = get(from)?;
    let last = it.counts.last().copied().unwrap_or(0);
    (seen == it.numbers.n && it.on_last_edge <= last).then_some(it)
}
