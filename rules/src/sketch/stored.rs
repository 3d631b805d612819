//! Sketches as bytes: the state of each in the one order that equal states share, without its caches.
//!
//! What is read may be anyone's, so whatever the code relies on is looked at: counts that add up, rows
//! that rise, values of the sort that belongs there. Hashes are not written but computed anew: they are
//! longer than most values, and cannot be wrong then.

#![expect(clippy::option_option, reason = "damaged, or sound and nothing there")]

mod keyed;
mod numbers;
mod paired;
mod ranked;

use std::cmp::Ordering;

use keyed::{
    read_categories, read_counts, read_keys, read_rows, write_categories, write_counts, write_keys, write_rows,
};
use numbers::{read_bins, read_moments, read_values, write_bins, write_moments, write_values};
use paired::{read_errors, read_scored, write_errors, write_scored};
use ranked::{read_ranked, write_ranked};

use super::extremes::{Extremes, Range};
use super::folded::Folded;
use super::pack::{pack, read as read_value};
use super::presence::Presence;
use super::runs::{Ends, Runs, Step, Stretch};
use super::types::{Type, Types};
use super::{Sketch, Spec};
use crate::bytes::{byte, get, get_counts, get_length, get_next, get_signed, put, put_all, put_next, put_signed};
use crate::time::Zone;
use crate::value::Value;

/// What is still to be read.
type Bytes<'i, 'b> = &'i mut &'b [u8];

pub(super) fn write(sketch: &Sketch, out: &mut Vec<u8>) {
    match sketch {
        Sketch::Presence(it) => put_all([it.rows, it.missing, it.null, it.nan, it.empty, it.blank], out),
        Sketch::Moments(it) => write_moments(it, out),
        Sketch::Extremes(it) => write_extremes(it, out),
        Sketch::Values(it) => write_values(it, out),
        Sketch::Counts(it) => write_counts(it, out),
        Sketch::Categories(it) => write_categories(it, out),
        Sketch::Keys(it) => write_keys(it, out),
        Sketch::Bins(it) => write_bins(it, out),
        Sketch::Runs(it) => write_runs(it, out),
        Sketch::BottomK(it) => write_rows(it, out),
        Sketch::Errors(it) => write_errors(it, out),
        Sketch::Scored(it) => write_scored(it, out),
        Sketch::Ranked(it) => write_ranked(it, out),
        Sketch::Folded(it) => it.write(out),
        Sketch::Types(it) => {
            for (count, first) in it.counts.iter().zip(&it.first) {
                put(*count, out);
                if let Some(row) = first {
                    put(*row, out);
                }
            }
        }
    }
}

pub(super) fn read(spec: &Spec, compound: bool, from: Bytes) -> Option<Sketch> {
    Some(match spec {
        Spec::Presence => Sketch::Presence(read_presence(from)?),
        Spec::Moments => Sketch::Moments(read_moments(from)?),
        Spec::Extremes => Sketch::Extremes(Box::new(read_extremes(from)?)),
        Spec::Values { rows, .. } => Sketch::Values(read_values(*rows, from)?),
        Spec::Counts { .. } => Sketch::Counts(read_counts(from)?),
        Spec::Categories { .. } => Sketch::Categories(Box::new(read_categories(from)?)),
        Spec::Keys { .. } => Sketch::Keys(Box::new(read_keys(compound, from)?)),
        Spec::Bins { edges } => Sketch::Bins(read_bins(edges, from)?),
        Spec::Runs { increasing } => Sketch::Runs(read_runs(*increasing, from)?),
        Spec::Types => Sketch::Types(Box::new(read_types(from)?)),
        Spec::BottomK { k } => Sketch::BottomK(read_rows(*k, from)?),
        Spec::Errors => Sketch::Errors(Box::new(read_errors(from)?)),
        Spec::Scored { positive, .. } => Sketch::Scored(Box::new(read_scored(positive.as_ref(), from)?)),
        Spec::Ranked { names, by_class, .. } => Sketch::Ranked(Box::new(read_ranked(names.as_ref(), *by_class, from)?)),
        Spec::Folded(it) => Sketch::Folded(Box::new(Folded::read(it, from)?)),
    })
}

fn read_presence(from: Bytes) -> Option<Presence> {
    let [rows, missing, null, nan, empty, blank] = get_counts(from)?;
    let fits = missing + null + nan + blank <= rows && empty <= blank;
    fits.then_some(Presence { rows, missing, null, nan, empty, blank })
}

fn write_zone(zone: Zone, out: &mut Vec<u8>) {
    match zone {
        Zone::Date => out.push(0),
        Zone::Local => out.push(1),
        Zone::Offset(minutes) => {
            out.push(2);
            put_signed(i128::from(minutes), out);
        }
    }
}

fn read_zone(from: Bytes) -> Option<Zone> {
    Some(match byte(from)? {
        0 => Zone::Date,
        1 => Zone::Local,
        2 => Zone::Offset(get_signed(from)?.try_into().ok().filter(|it| (-1439..1440).contains(it))?),
        _ => return None,
    })
}

fn read_type(from: Bytes) -> Option<Type> {
    Type::ALL.get(usize::from(byte(from)?)).copied()
}

/// The type and its row; one byte when there is none.
fn write_first(it: Option<(u64, Type)>, out: &mut Vec<u8>) {
    out.push(it.map_or(0, |(_, of)| of as u8 + 1));
    if let Some((row, _)) = it {
        put(row, out);
    }
}

fn read_first(from: Bytes) -> Option<Option<(u64, Type)>> {
    match byte(from)?.checked_sub(1) {
        None => Some(None),
        Some(of) => Some(Some((get(from)?, Type::ALL.get(usize::from(of)).copied()?))),
    }
}

fn write_extremes(it: &Extremes, out: &mut Vec<u8>) {
    put_all([it.n, it.null, it.nan], out);
    for range in [&it.numbers, &it.decimals, &it.texts, &it.times] {
        write_first(range.as_ref().map(|it| it.first), out);
        if let Some(Range { min, max, .. }) = range {
            let start = out.len();
            pack(min, out);
            let end = out.len();
            pack(max, out);
            // One value, of one record or of a constant, is written once.
            let alike = out[start..end] == out[end..];
            if alike {
                out.truncate(end);
            }
            out.insert(start, u8::from(alike));
        }
    }
    write_first(it.unordered, out);
}

fn read_extremes(from: Bytes) -> Option<Extremes> {
    let [n, null, nan] = get_counts(from)?;
    let numbers = read_range(from, |it| it.is_number() && !matches!(it, Value::Dec(_)) && !it.is_nan())?;
    let decimals = read_range(from, |it| matches!(it, Value::Dec(_)))?;
    let texts = read_range(from, |it| matches!(it, Value::Str(_)))?;
    let times = read_range(from, |it| matches!(it, Value::Time(_)))?;
    let it = Extremes { n, null, nan, numbers, decimals, texts, times, unordered: read_first(from)? };
    let ranges = [&it.numbers, &it.decimals, &it.texts, &it.times].into_iter().flatten().count();
    let sorts = ranges as u64 + u64::from(it.unordered.is_some());
    (sorts <= n && (n == 0) == (sorts == 0)).then_some(it)
}

fn read_range(from: Bytes, is_right: impl Fn(&Value) -> bool) -> Option<Option<Range>> {
    let Some(first) = read_first(from)? else { return Some(None) };
    let alike = byte(from)? != 0;
    let min = read_value(from).filter(&is_right)?;
    let max = if alike { min.clone() } else { read_value(from).filter(is_right)? };
    Some(Some(Range { min, max, first }))
}

fn write_runs(it: &Runs, out: &mut Vec<u8>) {
    put(it.n, out);
    put(it.stretches.len() as u64, out);
    let mut before = 0;
    for Stretch { start, end, ends } in &it.stretches {
        put_next(*start, &mut before, out);
        put_next(*end, &mut before, out);
        out.push(u8::from(ends.is_some()));
        if let Some(Ends { first, last }) = ends {
            put(first.0, out);
            pack(&first.1, out);
            pack(last, out);
        }
    }
    let mut steps: Vec<&Step> = it.kept.iter().collect();
    steps.sort_unstable_by_key(|it| it.row);
    put(steps.len() as u64, out);
    let mut before = 0;
    for it in steps {
        put_next(it.row, &mut before, out);
        pack(&it.value, out);
        out.push(it.order.map_or(0, |it| (it as i8 + 2) as u8));
    }
}

fn read_runs(increasing: bool, from: Bytes) -> Option<Runs> {
    let mut it = Runs::new(increasing);
    [it.n] = get_counts(from)?;
    let mut before = 0;
    for i in 0..get_length(from)? {
        let touching = before;
        let start = get_next(from, &mut before).filter(|it| i == 0 || *it > touching)?;
        let end = get_next(from, &mut before).filter(|it| *it > start)?;
        let ends = match byte(from)? {
            0 => None,
            _ => Some(Ends { first: (get(from)?, read_value(from)?), last: read_value(from)? }),
        };
        it.stretches.push(Stretch { start, end, ends });
    }
    let mut before = 0;
    for _ in 0..get_length(from)? {
        let (row, value) = (get_next(from, &mut before)?, read_value(from)?);
        let order = match byte(from)? {
            0 => None,
            1 => Some(Ordering::Less),
            2 => Some(Ordering::Equal),
            3 => Some(Ordering::Greater),
            _ => return None,
        };
        it.kept.push(Step { row, value, order });
    }
    Some(it)
}

fn read_types(from: Bytes) -> Option<Types> {
    let mut it = Types::default();
    for (count, first) in it.counts.iter_mut().zip(&mut it.first) {
        [*count] = get_counts(from)?;
        if *count > 0 {
            *first = Some(get(from)?);
        }
    }
    Some(it)
}
