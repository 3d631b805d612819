//! Great Expectations' `partial_unexpected_counts`: equality, order and sorting are those of Python, and
//! a null in a column of numbers is pandas' NaN, which equals nothing, itself included.

use std::cmp::Ordering;

use driftline_rules::kind::Subject;
use driftline_rules::plan::Expectation;
use driftline_rules::value::Value;

use super::gx::object;
use crate::report::Report;

/// How many values are listed.
const LISTED: usize = 20;

struct Counted {
    value: Value<'static>,
    count: i64,
}

/// The most frequent values with their counts; `None` where Python cannot hash or order them.
pub fn most_common(report: &Report, expectation: &Expectation, values: Vec<Value<'static>>) -> Option<Value<'static>> {
    let is_numeric = |it: &driftline_rules::row::Slot| report.numeric.get(it.0 as usize).copied().unwrap_or(false);
    let numeric: Vec<bool> = expectation.slots.iter().map(is_numeric).collect();
    let mut counted: Vec<Counted> = Vec::new();
    for value in values {
        let value = match (expectation.kind.subject, value) {
            // A row of several columns is counted by its values alone.
            (Subject::Fields(_), Value::Map(members)) => Value::List(members.into_iter().map(|(_, it)| it).collect()),
            (Subject::Pair, value) => value,
            (_, Value::List(_) | Value::Map(_)) => return None,
            (_, value) => value,
        };
        match counted.iter_mut().find(|it| equal(&it.value, &value, &numeric)) {
            Some(it) => it.count += 1,
            None => counted.push(Counted { value, count: 1 }),
        }
    }
    // Of equal counts the value met first stays, as in Python's `Counter.most_common`.
    counted.sort_by_key(|it| -it.count);
    counted.truncate(LISTED);
    let mut comparable = true;
    sort(&mut counted, &mut |a, b| match a.count.cmp(&b.count) {
        Ordering::Equal => less(&a.value, &b.value, &numeric, &mut comparable),
        order => order == Ordering::Greater,
    });
    let counted =
        counted.into_iter().map(|it| object([("value", it.value), ("count", Value::Int(it.count))])).collect();
    comparable.then_some(Value::List(counted))
}

/// Python's `==` of two values or tuples; `numeric` tells of each column whether it holds numbers only.
fn equal(a: &Value, b: &Value, numeric: &[bool]) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            let columns = numeric.chunks(1).chain(std::iter::repeat(&[][..]));
            a.len() == b.len() && a.iter().zip(b).zip(columns).all(|((a, b), numeric)| equal(a, b, numeric))
        }
        _ if a.is_null() && b.is_null() => !numeric.first().is_some_and(|it| *it),
        _ => a.same(b),
    }
}

/// Python's `<` of two values or tuples; notes where there is none.
fn less(a: &Value, b: &Value, numeric: &[bool], comparable: &mut bool) -> bool {
    if let (Value::List(a), Value::List(b)) = (a, b) {
        let columns = numeric.chunks(1).chain(std::iter::repeat(&[][..]));
        let unlike = a.iter().zip(b).zip(columns).find(|((a, b), numeric)| !equal(a, b, numeric));
        return unlike.map_or(a.len() < b.len(), |((a, b), numeric)| less(a, b, numeric, comparable));
    }
    if a.is_null() || b.is_null() {
        // NaN and NaT are not less than anything; None and text cannot be compared with them.
        let is_time = matches!((a, b), (Value::Time(_), _) | (_, Value::Time(_)));
        *comparable &= is_time || numeric.first().is_some_and(|it| *it);
        return false;
    }
    a.compare(b).map_or_else(
        || {
            *comparable = false;
            false
        },
        |it| it == Ordering::Less,
    )
}

/// Python's `list.sort` of a short list: a run at the beginning, then insertion by halving. Which way it
/// goes shows where NaN makes the order inconsistent.
fn sort<T>(items: &mut [T], less: &mut dyn FnMut(&T, &T) -> bool) {
    let mut run = items.len().min(1);
    let falls = items.len() > 1 && less(&items[1], &items[0]);
    while run < items.len() && less(&items[run], &items[run - 1]) == falls {
        run += 1;
    }
    if falls {
        items[..run].reverse();
    }
    for next in run..items.len() {
        let (mut low, mut high) = (0, next);
        while low < high {
            let middle = low + (high - low) / 2;
            if less(&items[next], &items[middle]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        items[low..=next].rotate_right(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sorted_list_is_in_order() {
        for mut items in [vec![], vec![1], vec![3, 2, 1], vec![1, 2, 9, 3, 0, 3], vec![5, 4, 6, 1, 7, 2]] {
            let mut expected = items.clone();
            expected.sort_unstable();
            sort(&mut items, &mut |a, b| a < b);
            assert_eq!(items, expected);
        }
    }
}
