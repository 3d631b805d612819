//! The law of all sketches, for those of pairs: any split, merged in any order, equals one pass.

use proptest::prelude::*;

use super::laws::any_value;
use super::{Sketch, Spec};
use crate::value::Value;

type Pair = (Value<'static>, Value<'static>);

fn any_pairs() -> impl Strategy<Value = Vec<Pair>> {
    let score = prop_oneof![
        6 => (0_i32..40).prop_map(|it| Value::Num(f64::from(it) / 39.0)),
        3 => any::<f64>().prop_map(Value::Num),
        1 => any_value(),
    ];
    let flag = any::<bool>().prop_map(|it| if it { Value::Int(1) } else { Value::Num(0.0) });
    let class = prop_oneof![
        3 => (0_i64..4).prop_map(Value::Int),
        2 => prop::sample::select(vec!["a", "b", "0", "2"]).prop_map(Value::text),
        1 => any_value(),
    ];
    let of_classes = prop_oneof![
        4 => prop::collection::vec((0_i32..9).prop_map(|it| Value::Num(f64::from(it) / 8.0)), 2..4).prop_map(Value::List),
        3 => prop::collection::vec((prop::sample::select(vec!["a", "b", "c"]), score.clone()), 0..4)
            .prop_map(|it| Value::Map(it.into_iter().map(|(name, it)| (name.into(), it)).collect())),
        1 => prop::collection::vec(any_value(), 0..4).prop_map(Value::List),
        1 => any_value(),
    ];
    prop_oneof![
        prop::collection::vec((flag, score), 0..60),
        prop::collection::vec((class, of_classes), 0..60),
        prop::collection::vec((any_value(), any_value()), 0..60),
    ]
}

fn specs() -> Vec<Spec> {
    let mut all = vec![Spec::Errors];
    for budget in [1, 5, 20, 1000] {
        for positive in [None, Some(Value::Int(1)), Some(Value::text("a"))] {
            all.push(Spec::Scored { positive, budget });
        }
        for by_class in [false, true] {
            all.push(Spec::Ranked { names: None, by_class, budget });
            all.push(Spec::Ranked { names: Some(["a".to_owned(), "b".to_owned()].into()), by_class, budget });
        }
    }
    all
}

fn pass(spec: &Spec, pairs: &[Pair]) -> Sketch {
    let mut it = Sketch::new(spec);
    for (row, (a, b)) in pairs.iter().enumerate() {
        it.update_many([a, b].into_iter(), row as u64);
    }
    it
}

fn bytes(sketch: &Sketch) -> Vec<u8> {
    let mut out = vec![];
    sketch.write(&mut out);
    out
}

fn stored(sketch: &Sketch, spec: &Spec) -> Sketch {
    let bytes = bytes(sketch);
    let mut from = bytes.as_slice();
    let it = Sketch::read(spec, true, &mut from).unwrap_or_else(|| panic!("{spec:?} {sketch:?}"));
    assert!(from.is_empty() && it == *sketch, "{spec:?} {sketch:?}");
    it
}

fn reads(it: &Sketch) {
    match it {
        Sketch::Errors(it) => drop((it.bias(), it.mae(), it.mse(), it.mape(), it.r2(), it.quantile_loss(0.3))),
        Sketch::Scored(it) => it.classes().iter().flatten().for_each(|class| drop(it.of(class).collect::<Vec<_>>())),
        Sketch::Ranked(it) => {
            assert!(it.within(2) <= it.n, "{:?} {:?}", it.log_loss(), it.brier());
            it.classes().into_iter().flatten().for_each(drop);
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// As hosts do: parts are stored, and merged when they are read.
    #[test]
    fn any_split_merged_in_any_order_equals_one_pass(
        pairs in any_pairs(),
        cuts in prop::collection::vec(any::<usize>(), 0..5),
        order in prop::collection::vec(any::<usize>(), 1..12),
    ) {
        let mut bounds: Vec<usize> = cuts.iter().map(|it| it % (pairs.len() + 1)).collect();
        bounds.extend([0, pairs.len()]);
        bounds.sort_unstable();
        for spec in specs() {
            let mut parts: Vec<Sketch> =
                bounds.windows(2).map(|it| stored(&pass(&spec, &pairs[it[0]..it[1]]), &spec)).collect();
            let mut step = 0;
            while parts.len() > 1 {
                let other = parts.swap_remove(order[step % order.len()] % parts.len());
                let into = order[(step + 1) % order.len()] % parts.len();
                prop_assert_eq!(parts[into].merge(other), Ok(()));
                step += 2;
            }
            let whole = pass(&spec, &pairs);
            prop_assert_eq!(bytes(&parts[0]), bytes(&whole), "{:?}", &spec);
            prop_assert_eq!(&parts[0], &whole);
            let mut empty = whole.emptied();
            prop_assert_eq!(empty.merge(whole.clone()), Ok(()));
            prop_assert_eq!(&empty, &whole);
            reads(&whole);
        }
    }

    #[test]
    fn a_budget_may_be_lowered_at_any_time(pairs in any_pairs(), budget in 1_usize..30) {
        for positive in [None, Some(Value::Int(1))] {
            let mut it = pass(&Spec::Scored { positive: positive.clone(), budget: 40 }, &pairs);
            it.narrow(budget);
            prop_assert_eq!(it.budget(), Some(budget));
            prop_assert_eq!(it, pass(&Spec::Scored { positive, budget }, &pairs));
        }
    }

    #[test]
    fn damaged_bytes_never_panic(
        pairs in any_pairs(), flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        for spec in specs() {
            let mut damaged = bytes(&pass(&spec, &pairs));
            for (at, byte) in &flips {
                let at = at % damaged.len();
                damaged[at] = *byte;
            }
            let Some(mut it) = Sketch::read(&spec, true, &mut damaged.as_slice()) else { continue };
            reads(&it);
            let again = stored(&it, &spec);
            prop_assert_eq!(it.merge(again), Ok(()));
            reads(&it);
        }
    }
}

#[test]
fn sketches_of_other_specs_are_refused_and_nothing_changes() {
    let pairs = [(Value::Int(1), Value::Num(0.5)), (Value::Int(0), Value::Num(0.25))];
    for (i, a) in specs().iter().enumerate() {
        for (k, b) in specs().iter().enumerate() {
            let mut it = pass(a, &pairs);
            assert!(it.merge(pass(b, &pairs)).is_ok() == (i == k), "{a:?} {b:?}");
            assert!(i == k || it == pass(a, &pairs));
        }
    }
}
