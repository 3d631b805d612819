//! The law of stored windows: bytes come back as what they were, and add up as the windows do.

use driftline_rules::codec::{CodecError, decode, encode};
use driftline_rules::plan::Plan;
use driftline_rules::run::Fold;
use driftline_rules::value::Value;
use driftline_rules::window::Window;
use proptest::prelude::*;

use super::{findings, fold, for_each_kind};

const PRINT: &[u8] = b"a suite's hash";

fn read(plan: &Plan, bytes: &[u8]) -> Result<Window, CodecError> {
    decode(plan.expectations.len(), &plan.bindings, PRINT, bytes)
}

/// The fold with its window written and read.
fn stored(plan: &Plan, fold: &Fold) -> Fold {
    let bytes = encode(&fold.window, PRINT);
    let window = read(plan, &bytes).unwrap_or_else(|it| panic!("{it}: {:?}", fold.window));
    assert_eq!(encode(&window, PRINT), bytes);
    let mut again = fold.clone();
    again.window = window;
    again
}

#[test]
fn a_stored_window_is_judged_as_it_was() {
    for_each_kind(60, |plan, records, _| {
        let whole = fold(plan, records, 0);
        let again = stored(plan, &whole);
        prop_assert_eq!(findings(plan, &again), findings(plan, &whole));
        // NaN within a value is unequal to itself.
        if !format!("{records:?}").contains("NaN") {
            prop_assert_eq!(&again.window, &whole.window);
        }
        Ok(())
    });
}

/// Hosts count the rows of their parts from 0, and whoever merges moves each behind those before it.
#[test]
fn stored_parts_add_up_to_the_window_of_all() {
    for_each_kind(60, |plan, records, cuts| {
        let cut = cuts.first().copied().unwrap_or(0).min(records.len());
        let whole = fold(plan, records, 0);
        let (head, tail) = records.split_at(cut);
        let part = |records: &[Value<'static>]| stored(plan, &fold(plan, records, 0)).window;
        let (mut merged, mut rest) = (part(head), part(tail));
        rest.shift(merged.rows);
        prop_assert_eq!(merged.merge(rest), Ok(()));
        prop_assert_eq!(encode(&merged, PRINT), encode(&whole.window, PRINT));
        Ok(())
    });
}

/// An hour is merged of stored panes, a day of stored hours: the bytes are those of one fold over all records.
#[test]
fn longer_windows_are_merges_of_shorter_ones() {
    let merged = |plan: &Plan, parts: &[Vec<u8>]| {
        let mut sum = Window::new(plan.expectations.len(), &plan.bindings);
        for part in parts {
            let mut part = read(plan, part).unwrap_or_else(|it| panic!("{it}"));
            part.shift(sum.rows);
            assert_eq!(sum.merge(part), Ok(()));
        }
        encode(&sum, PRINT)
    };
    for_each_kind(60, |plan, records, cuts| {
        let mut cuts: Vec<_> = cuts.iter().map(|it| (*it).min(records.len())).chain([records.len()]).collect();
        cuts.sort_unstable();
        let mut from = 0;
        let mut panes = Vec::new();
        for to in cuts {
            panes.push(encode(&fold(plan, &records[from..to], 0).window, PRINT));
            from = to;
        }
        let hours: Vec<_> = panes.chunks(2).map(|it| merged(plan, it)).collect();
        prop_assert_eq!(merged(plan, &hours), encode(&fold(plan, records, 0).window, PRINT));
        Ok(())
    });
}

#[test]
fn damaged_windows_are_refused_or_judged() {
    for_each_kind(60, |plan, records, cuts| {
        let whole = fold(plan, records, 0);
        let bytes = encode(&whole.window, PRINT);
        for at in 0..bytes.len() {
            prop_assert!(read(plan, &bytes[..at]).is_err(), "cut at {at}");
            let mut damaged = bytes.clone();
            damaged[at] = damaged[at].wrapping_add(1 + cuts.len() as u8 * 60);
            if let Ok(window) = read(plan, &damaged) {
                findings(plan, &Fold::of_window(plan, window));
            }
        }
        Ok(())
    });
}

#[test]
fn a_window_of_something_else_says_so() {
    for_each_kind(1, |plan, records, _| {
        let bytes = encode(&fold(plan, records, 0).window, PRINT);
        let other = decode(plan.expectations.len(), &plan.bindings, b"another", &bytes);
        prop_assert_eq!(other.err(), Some(CodecError::OtherPlan));
        let mut newer = bytes.clone();
        newer[4] = 9;
        prop_assert_eq!(read(plan, &newer).err(), Some(CodecError::Version(9)));
        prop_assert_eq!(read(plan, b"{}").err(), Some(CodecError::NoWindow));
        let longer = [bytes.as_slice(), b"x"].concat();
        prop_assert_eq!(read(plan, &longer).err(), Some(CodecError::Broken(bytes.len())));
        Ok(())
    });
}
