//! What a plugin costs beside the same rule in native code. `cargo bench -p driftline --bench plugins`.
//!
//! Passes take turns, and the best of each counts, so that the ratios hold on a busy machine. The guest is text and
//! needs no toolchain: numbers of ten columns within 0 and 1.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on fails")]

#[path = "../../tests/support/guests.rs"]
mod guests;

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use driftline::plugins::{Cache, Found, Limits, LoadedPlugin, Runtime, Shelf, Trust};
use driftline_rules::plugin::rule::SUMMARY_BATCH;
use driftline_rules::plugin::{Batch, Binding, Checker, Column, ColumnData, ColumnType, Context, Opened, Plugin};
use guests::Guest;

const COLUMNS: usize = 10;
const PASSES: usize = 200;
const DRIFT_PASSES: usize = 50;
/// What a record in a batch of 1,000 may cost, as a multiple of the native rule.
const MOST: f64 = 3.0;
/// What a call with one record may add, in microseconds.
const MOST_SINGLE: f64 = 15.0;
/// What a drift test of 100,000 records against 100,000 may cost, as a multiple of the same in native code: half of it
/// is the way of the states over the border, and fresh memory for them.
const MOST_DRIFT: f64 = 3.5;
/// What it may take to load a plugin that was compiled before, in milliseconds.
const MOST_LOAD: f64 = 5.0;
/// What 100 plugins with 4 instances each may take, in megabytes.
const MOST_MEMORY: f64 = 100.0;

fn main() {
    let limits = Limits::default();
    // Instances may wait in half of the room.
    let shelf = Shelf::new(Runtime::new(limits.clone(), 1_024).unwrap(), None, Trust::default(), None);
    let found = Found { component: Guest::range().build(), signature: None };
    let plugin = shelf.load(&found, &limits).unwrap();
    let checker = plugin.checker(&opened()).unwrap();
    let mut within = true;
    for rows in [1, 100, 1_000] {
        let (guest, native) = compare(&*checker, &batch(rows));
        let per = |it: f64| it * 1e9 / f64::from(rows);
        let line = format!(
            "{rows:>5} records x {COLUMNS}: guest {:>8.1} ns a record, native {:>6.1}",
            per(guest),
            per(native)
        );
        within &= match rows {
            1 => bound(&line, (guest - native) * 1e6, MOST_SINGLE, "µs added"),
            1_000 => bound(&line, guest / native, MOST, "times native"),
            _ => bound(&line, guest / native, f64::INFINITY, "times native"),
        };
    }
    within &= bound("loading a plugin compiled before", load(&found, &limits), MOST_LOAD, "ms");
    // Those of `plugins/` that are there, the large ones of other languages without a bound.
    for (name, most) in [
        ("language-id", MOST_LOAD),
        ("vector-norms", MOST_LOAD),
        ("iban", f64::INFINITY),
        ("quantile-shift", f64::INFINITY),
    ] {
        if let Some(found) = built(name) {
            let size = found.component.len() / 1_000;
            within &= bound(&format!("loading {name}, {size} kB"), load(&found, &limits), most, "ms");
        }
    }
    if let Some(found) = built("ks") {
        let plugin = shelf.load(&found, &limits).unwrap();
        let (guest, native) = drift(&plugin);
        let line = format!("ks on 100k + 100k: guest {:.1} ms, native {:.1} ms", guest * 1e3, native * 1e3);
        within &= bound(&line, guest / native, MOST_DRIFT, "times native");
    }
    within &= bound("100 plugins x 4 instances", crowd(&shelf, &limits), MOST_MEMORY, "MB");
    assert!(within, "a bound does not hold");
}

fn bound(what: &str, is: f64, most: f64, unit: &str) -> bool {
    let limit = if most.is_finite() { format!(" (at most {most})") } else { String::new() };
    say(&format!("{what}: {is:.2} {unit}{limit}"));
    is <= most
}

fn opened() -> Opened {
    let column = |n| Binding { input: "value".to_owned(), field: format!("f{n}"), column_type: ColumnType::Number };
    Opened { capability: "range".to_owned(), params: "{}".to_owned(), columns: (0..COLUMNS).map(column).collect() }
}

/// Shares with a validity bitmap; one in a hundred is missing, one in a thousand out of range.
fn batch(rows: u32) -> Batch {
    let value = |n: u32| if n % 1_000 == 999 { 7.0 } else { f64::from(n % 100) / 100.0 };
    let column = |c: u32| Column {
        data: ColumnData::Numbers((0..rows).map(|it| value(it * 7 + c)).collect()),
        validity: Some((0..rows.div_ceil(8)).map(|it| if it % 12 == c { 0xfe } else { 0xff }).collect()),
    };
    Batch { rows, columns: (0..COLUMNS as u32).map(column).collect() }
}

/// Seconds of a call: in the guest, and in native code that does the same.
fn compare(checker: &dyn Checker, batch: &Batch) -> (f64, f64) {
    let context = Context::default();
    let expected = native(batch);
    assert_eq!(checker.check(&context, batch, 0).unwrap().passed, expected);
    let calls = (1_000 / batch.rows).max(1);
    let (mut guest, mut own) = (f64::INFINITY, f64::INFINITY);
    let time = |run: &mut dyn FnMut()| {
        let started = Instant::now();
        (0..calls).for_each(|_| run());
        started.elapsed().as_secs_f64() / f64::from(calls)
    };
    for _ in 0..PASSES {
        guest = guest.min(time(&mut || drop(black_box(checker.check(&context, black_box(batch), 0)))));
        own = own.min(time(&mut || drop(black_box(native(black_box(batch))))));
    }
    (guest, own)
}

/// What the guest does, as one writes it in Rust.
fn native(batch: &Batch) -> Vec<u8> {
    let mut passed = vec![0xff; batch.rows.div_ceil(8) as usize];
    for column in &batch.columns {
        let ColumnData::Numbers(values) = &column.data else { continue };
        for (row, it) in values.iter().enumerate() {
            let is_there = column.validity.as_ref().is_none_or(|bits| bits[row / 8] & (1 << (row % 8)) != 0);
            if is_there && !(0.0..=1.0).contains(it) {
                passed[row / 8] &= !(1 << (row % 8));
            }
        }
    }
    passed
}

/// Seconds of the Kolmogorov-Smirnov test of two windows of 100,000 records, each of two parts: folded batch by batch,
/// merged and compared, in the guest as the engine does it, and in native code that does the same.
fn drift(plugin: &LoadedPlugin) -> (f64, f64) {
    let column = Binding { input: "value".to_owned(), field: "f".to_owned(), column_type: ColumnType::Number };
    let opened = Opened { capability: "drift".to_owned(), params: "{}".to_owned(), columns: vec![column] };
    let summary = plugin.summarizer(&opened).unwrap();
    let windows = [0, 1].map(|window| {
        let mut values = values(window);
        let second = values.split_off(values.len() / 2);
        [values, second].map(|it| it.chunks(SUMMARY_BATCH as usize).map(one_column).collect::<Vec<_>>())
    });
    let in_guest = || {
        let states = windows.each_ref().map(|parts| {
            let states: Vec<_> = parts.iter().flatten().map(|it| summary.observe(None, it).unwrap()).collect();
            summary.merge(&states.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap()
        });
        summary.compare(&Context::default(), Some(&states[0]), Some(&states[1])).unwrap().statistic
    };
    let (is, due) = (in_guest(), native_drift(&windows));
    assert!(is > 0.0 && (is - due).abs() < 1e-12, "{is} is not {due}");
    let (mut guest, mut own) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..DRIFT_PASSES {
        let started = Instant::now();
        black_box(in_guest());
        guest = guest.min(started.elapsed().as_secs_f64());
        let started = Instant::now();
        black_box(native_drift(black_box(&windows)));
        own = own.min(started.elapsed().as_secs_f64());
    }
    (guest, own)
}

/// 100,000 numbers in no order; those of the second window lie a little higher.
fn values(window: u64) -> Vec<f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_add(window);
    let next = || {
        // Marsaglia's xorshift, which is enough to be out of order.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / 9_007_199_254_740_992.0 + window as f64 * 0.01
    };
    std::iter::repeat_with(next).take(100_000).collect()
}

fn one_column(values: &[f64]) -> Batch {
    let column = Column { data: ColumnData::Numbers(values.to_vec()), validity: None };
    Batch { rows: values.len() as u32, columns: vec![column] }
}

/// The same as one writes it in Rust, without a border: values are gathered batch by batch, the parts put together, sorted, and
/// walked along.
fn native_drift(windows: &[[Vec<Batch>; 2]; 2]) -> f64 {
    let [first, second] = windows.each_ref().map(|parts| {
        let [mut whole, mut second] = parts.each_ref().map(|batches| {
            let mut kept = Vec::new();
            for batch in batches {
                let ColumnData::Numbers(values) = &batch.columns[0].data else { continue };
                kept.extend(values.iter().filter(|it| !it.is_nan()).map(|it| it + 0.0));
            }
            kept
        });
        whole.append(&mut second);
        whole.sort_unstable_by(f64::total_cmp);
        whole
    });
    let (n, m) = (first.len() as f64, second.len() as f64);
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while let (Some(a), Some(b)) = (first.get(i), second.get(j)) {
        let at = a.min(*b);
        while first.get(i).is_some_and(|it| *it <= at) {
            i += 1;
        }
        while second.get(j).is_some_and(|it| *it <= at) {
            j += 1;
        }
        most = most.max((j as f64 / m - i as f64 / n).abs());
    }
    most
}

/// A component of `plugins/built/`, if it was built.
fn built(name: &str) -> Option<Found> {
    let place = format!("{}/../plugins/built/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    Some(Found { component: fs::read(place).ok()?, signature: None })
}

/// Milliseconds to a plugin that is ready, its compiled code on disk and the engine running.
fn load(found: &Found, limits: &Limits) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("compiled");
    let mut best = f64::INFINITY;
    for pass in 0..10 {
        let runtime = Runtime::new(limits.clone(), 8).unwrap();
        let shelf = Shelf::new(runtime, Some(Cache::open(&folder).unwrap()), Trust::default(), None);
        let started = Instant::now();
        let plugin = shelf.load(found, limits).unwrap();
        let took = started.elapsed().as_secs_f64() * 1e3;
        assert_eq!(plugin.facts().cached, pass > 0);
        if pass > 0 {
            best = best.min(took);
        }
    }
    best
}

/// Megabytes of resident memory for 100 plugins with 4 instances each, all called once.
fn crowd(shelf: &Shelf, limits: &Limits) -> f64 {
    let before = resident();
    let batch = batch(100);
    let mut rules = Vec::new();
    for n in 0..100 {
        let guest = Guest { version: format!("1.0.{n}"), ..Guest::range() };
        let plugin = shelf.load(&Found { component: guest.build(), signature: None }, limits).unwrap();
        for _ in 0..4 {
            let checker = plugin.checker(&opened()).unwrap();
            checker.check(&Context::default(), &batch, 0).unwrap();
            rules.push(checker);
        }
    }
    assert!(shelf.runtime().instances() >= 400);
    resident() - before
}

/// Megabytes of resident memory of this process.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1e3
}

#[allow(clippy::print_stdout)]
fn say(line: &str) {
    println!("{line}");
}
