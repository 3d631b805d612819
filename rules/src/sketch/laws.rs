//! The law of all sketches: any split, merged in any order, equals one pass.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Sketch, Spec};
use crate::time::{Time, Zone};
use crate::value::Value;

/// Values of all kinds, from few enough that equal ones meet.
pub(super) fn any_value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        2 => Just(Value::Null),
        1 => Just(Value::Missing),
        1 => any::<bool>().prop_map(Value::Bool),
        4 => (-3_i64..4).prop_map(Value::Int),
        1 => any::<i64>().prop_map(Value::Int),
        1 => ((1_u64 << 63)..=u64::MAX).prop_map(Value::Big),
        4 => (-6_i32..7).prop_map(|it| Value::Num(f64::from(it) / 2.0)),
        2 => any::<f64>().prop_map(Value::Num),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 9_007_199_254_740_992.0, 5e-324])
            .prop_map(Value::Num),
        3 => prop::sample::select(vec!["", " ", "a", "b", "1", "ä"]).prop_map(Value::text),
        2 => (-3_i64..4, 0_u32..3).prop_map(|(it, scale)| Value::Dec(Decimal::new(it * 10, scale))),
        1 => (any::<i64>(), 0_u32..20).prop_map(|(it, scale)| Value::Dec(Decimal::new(it, scale))),
        2 => (-2_i64..3, prop::sample::select(vec![Zone::Date, Zone::Local, Zone::Offset(0), Zone::Offset(-90)]))
            .prop_map(|(micros, zone)| Value::Time(Time { micros, zone })),
    ];
    let leaf = leaf.boxed();
    prop_oneof![
        20 => leaf.clone(),
        1 => prop::collection::vec(leaf.clone(), 0..3).prop_map(Value::List),
        1 => leaf.prop_map(|it| Value::Map(vec![("k".into(), Value::List(vec![it]))])),
    ]
}

/// Columns of one kind or of all kinds together.
fn any_column() -> impl Strategy<Value = Vec<Value<'static>>> {
    let number = any_value().prop_map(|it| if it.is_number() { it } else { Value::Null });
    let text = any_value().prop_map(|it| it.as_str().map_or(Value::Null, |text| Value::Str(text.to_string().into())));
    let time = (-2_i64..3, prop::sample::select(vec![Zone::Date, Zone::Local, Zone::Offset(0), Zone::Offset(-90)]))
        .prop_map(|(micros, zone)| Value::Time(Time { micros, zone }));
    prop_oneof![
        prop::collection::vec(number, 0..60),
        prop::collection::vec(text, 0..60),
        prop::collection::vec(time, 0..60),
        prop::collection::vec(any_value(), 0..60),
    ]
}

fn specs() -> Vec<Spec> {
    let mut all = vec![
        Spec::Presence,
        Spec::Moments,
        Spec::Extremes,
        Spec::Bins { edges: vec![-1.0, 0.0, 0.5, 2.0] },
        Spec::Runs { increasing: true },
        Spec::Runs { increasing: false },
        Spec::Types,
    ];
    for budget in [0, 1, 5, 20, 1000] {
        all.push(Spec::Values { rows: true, budget });
        all.push(Spec::Values { rows: false, budget });
        all.push(Spec::Counts { budget });
        all.push(Spec::Categories { budget });
        all.push(Spec::Keys { budget });
        all.push(Spec::BottomK { k: budget });
    }
    all
}

/// Everything that can be read, as text: NaN equals itself there, and 0.0 is not -0.0.
fn reads(sketch: &Sketch) -> String {
    use super::Interpolation::{Higher, Linear, Lower, Midpoint, Nearest};
    match sketch {
        // `tests/plugins` holds plugins to these laws, and `paired_laws` what is of pairs.
        Sketch::Folded(it) => format!("{:?}", it.whole()),
        Sketch::Errors(it) => format!("{:?} {:?}", it.mae(), it.r2()),
        Sketch::Scored(it) => format!("{:?}", it.classes()),
        Sketch::Ranked(it) => format!("{:?}", it.log_loss()),
        Sketch::Presence(it) => format!("{it:?} {} {}", it.present(), it.absent()),
        Sketch::Moments(it) => format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            it.numbers,
            it.numbers.kind(),
            it.sum(),
            it.integer_sum(),
            it.mean(),
            it.variance(0),
            it.standard_deviation(1)
        ),
        Sketch::Extremes(it) => format!("{:?} {:?} {:?}", it.min(), it.max(), it.mixed()),
        Sketch::Values(it) => format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            it.numbers,
            it.exact(),
            [Linear, Lower, Higher, Midpoint, Nearest].map(|by| it.quantiles(&[0.0, 0.3, 0.5, 1.0], by)),
            it.count_outside(-1.0, 1.0, false),
            it.rows_where(&|x| x > 0.0),
            it.error_bound(),
        ),
        Sketch::Counts(it) => format!(
            "{:?} {:?} {:?} {:?} {:?}",
            it.distinct(),
            it.sorted(),
            it.modes(),
            it.get(&Value::Int(1)),
            it.unhashable()
        ),
        Sketch::Categories(it) => {
            format!(
                "{} {} {:?} {:?} {:?}",
                it.n(),
                it.are_flags(),
                it.numbers(),
                it.others.sorted(),
                it.others.distinct()
            )
        }
        Sketch::Keys(it) => format!("{} {} {:?} {:?}", it.n, it.null, it.duplicates(), it.unhashable()),
        Sketch::Bins(it) => format!("{:?} {:?} {} {}", it.numbers, it.counts(), it.below(), it.above()),
        Sketch::Runs(it) => format!("{:?} {:?} {:?}", it.violations(true), it.violations(false), it.incomparable()),
        Sketch::Types(it) => format!("{it:?}"),
        Sketch::BottomK(it) => {
            format!("{} {} {} {:?} {:?}", it.n, it.null, it.too_long, it.below(), it.iter().collect::<Vec<_>>())
        }
    }
}

/// One pass in which each part counts its rows from 0, is moved into place and then merged.
fn merged(spec: &Spec, column: &[Value<'static>], cuts: &[usize], order: &[usize], many: bool) -> Sketch {
    let mut bounds: Vec<usize> = cuts.iter().map(|it| it % (column.len() + 1)).collect();
    bounds.extend([0, column.len()]);
    bounds.sort_unstable();
    let mut parts: Vec<Sketch> = bounds
        .windows(2)
        .map(|it| {
            let mut part = pass(spec, &column[it[0]..it[1]], many);
            part.shift(it[0] as u64);
            part
        })
        .collect();
    // Any two neighbours or strangers are merged, until one is left: also trees, not only chains.
    let mut step = 0;
    while parts.len() > 1 {
        let at = order[step % order.len()] % parts.len();
        let other = parts.swap_remove(at);
        let into = order[(step + 1) % order.len()] % parts.len();
        assert_eq!(parts[into].merge(other), Ok(()));
        step += 2;
    }
    parts.remove(0)
}

fn pass(spec: &Spec, column: &[Value<'static>], many: bool) -> Sketch {
    let mut it = Sketch::new(spec);
    for (row, value) in column.iter().enumerate() {
        if many {
            it.update_many([value, &Value::Null, value].into_iter(), row as u64);
        } else {
            it.update(value, row as u64);
        }
    }
    it
}

fn bytes(sketch: &Sketch) -> Vec<u8> {
    let mut out = vec![];
    sketch.write(&mut out);
    out
}

/// The sketch after it was written and read.
fn stored(sketch: &Sketch, spec: &Spec, many: bool) -> Sketch {
    let bytes = bytes(sketch);
    let mut from = bytes.as_slice();
    // Only keys know compounds; the values of the others are single.
    let it = Sketch::read(spec, many, &mut from).unwrap_or_else(|| panic!("{spec:?} {sketch:?}"));
    assert!(from.is_empty(), "{spec:?} {sketch:?}");
    it
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_split_merged_in_any_order_equals_one_pass(
        column in any_column(),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
        order in prop::collection::vec(any::<usize>(), 1..12),
    ) {
        for spec in specs() {
            let whole = pass(&spec, &column, false);
            let parts = merged(&spec, &column, &cuts, &order, false);
            prop_assert_eq!(reads(&whole), reads(&parts), "{:?}", &spec);
            prop_assert_eq!(bytes(&whole), bytes(&parts), "{:?}", &spec);
            prop_assert_eq!(reads(&whole), reads(&stored(&whole, &spec, false)), "{:?}", &spec);
            // Nested NaN is unequal to itself; the reads above have compared such states.
            if !format!("{column:?}").contains("NaN") {
                prop_assert!(whole == parts, "{:?}\n{:?}\n{:?}", &spec, whole, parts);
            }
        }
    }

    #[test]
    fn compound_keys_too(
        column in any_column(),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
        order in prop::collection::vec(any::<usize>(), 1..12),
    ) {
        let specs = [1, 5, 1000].map(|budget| [Spec::Keys { budget }, Spec::BottomK { k: budget }]);
        for spec in specs.into_iter().flatten() {
            let whole = pass(&spec, &column, true);
            let parts = merged(&spec, &column, &cuts, &order, true);
            prop_assert_eq!(reads(&whole), reads(&parts));
            prop_assert_eq!(bytes(&whole), bytes(&parts));
            prop_assert_eq!(reads(&whole), reads(&stored(&whole, &spec, true)));
        }
    }

    /// As hosts do: parts are stored, and merged when they are read.
    #[test]
    fn stored_parts_merge_as_the_parts_do(column in any_column(), cut in any::<usize>()) {
        let (head, tail) = column.split_at(cut % (column.len() + 1));
        for spec in specs() {
            let whole = pass(&spec, &column, false);
            let mut rest = stored(&pass(&spec, tail, false), &spec, false);
            rest.shift(head.len() as u64);
            prop_assert_eq!(rest.merge(stored(&pass(&spec, head, false), &spec, false)), Ok(()));
            prop_assert_eq!(bytes(&rest), bytes(&whole), "{:?}", &spec);
            prop_assert_eq!(reads(&rest), reads(&whole), "{:?}", &spec);
        }
    }

    #[test]
    fn a_budget_may_be_lowered_at_any_time(column in any_column(), budget in 1_usize..30) {
        for (wide, small) in [
            (Spec::Values { rows: true, budget: 40 }, Spec::Values { rows: true, budget }),
            (Spec::Counts { budget: 40 }, Spec::Counts { budget }),
            (Spec::Keys { budget: 40 }, Spec::Keys { budget }),
        ] {
            let mut it = pass(&wide, &column, false);
            it.narrow(budget);
            prop_assert_eq!(bytes(&it), bytes(&pass(&small, &column, false)), "{:?}", &small);
            prop_assert_eq!(it.budget(), Some(budget));
        }
    }

    /// Damage is found, or makes another sketch that can be written, merged and read.
    #[test]
    fn damaged_bytes_never_panic(
        column in any_column(), flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4), many in any::<bool>(),
    ) {
        for spec in specs() {
            let mut damaged = bytes(&pass(&spec, &column, many));
            for (at, byte) in &flips {
                let at = at % damaged.len();
                damaged[at] = *byte;
            }
            let Some(mut it) = Sketch::read(&spec, many, &mut damaged.as_slice()) else { continue };
            reads(&it);
            prop_assert_eq!(bytes(&stored(&it, &spec, many)), bytes(&it));
            let again = it.clone();
            it.shift(3);
            prop_assert_eq!(it.merge(again), Ok(()));
            reads(&it);
        }
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(column in any_column(), seed in any::<u64>()) {
        let mut rows: Vec<usize> = (0..column.len()).collect();
        rows.sort_by_key(|it| (*it as u64 + 1).wrapping_mul(seed | 1));
        for spec in specs() {
            let mut shuffled = Sketch::new(&spec);
            for row in &rows {
                shuffled.update(&column[*row], *row as u64);
            }
            prop_assert_eq!(reads(&pass(&spec, &column, false)), reads(&shuffled), "{:?}", &spec);
        }
    }

    #[test]
    fn the_empty_sketch_is_neutral(column in any_column()) {
        for spec in specs() {
            let whole = pass(&spec, &column, false);
            let mut left = Sketch::new(&spec);
            prop_assert_eq!(left.merge(whole.clone()), Ok(()));
            let mut right = whole.clone();
            prop_assert_eq!(right.merge(Sketch::new(&spec)), Ok(()));
            prop_assert_eq!(reads(&whole), reads(&left));
            prop_assert_eq!(reads(&whole), reads(&right));
        }
    }
}

#[test]
fn sketches_of_other_specs_are_refused_and_nothing_changes() {
    let column = [Value::Int(1), Value::text("a"), Value::Null];
    let mut specs = specs();
    specs.push(Spec::Bins { edges: vec![0.0, 1.0] });
    for (i, a) in specs.iter().enumerate() {
        for (k, b) in specs.iter().enumerate() {
            let mut it = pass(a, &column, false);
            let merged = it.merge(pass(b, &column, false));
            // Budgets 0 and 1 are the same where at least one value is kept.
            if merged.is_ok() {
                let floor = |spec: &Spec| format!("{spec:?}").replace("budget: 0", "budget: 1").replace("k: 0", "k: 1");
                assert!(i == k || floor(a) == floor(b), "{a:?} {b:?}");
            } else {
                assert!(i != k && it == pass(a, &column, false), "{a:?} {b:?}");
            }
        }
    }
}
