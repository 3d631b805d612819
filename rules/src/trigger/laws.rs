//! What holds whatever windows, revisions, times and people do.

use proptest::prelude::*;

use super::tests::{MINUTE, Play, kinds, window};
use super::{Command, Kind, Moved};

#[derive(Clone, Debug)]
enum Deed {
    Window(i64, f64),
    Tick(i64),
    Person(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0_i64..40, 80_u32..100).prop_map(|(n, it)| Deed::Window(n, f64::from(it) / 100.0)),
        2 => (0_i64..80).prop_map(Deed::Tick),
        1 => (0_usize..5).prop_map(Deed::Person),
    ]
}

const TEXT: &str = "- { name: a, when: { finding: accuracy, below: 0.9, clear_above: 0.95 }, for: 2m, cooldown: 7m, repeat: 9m, \
    verify: { within: 5m, finding: accuracy, above: 0.95 }, give_up: { after: 2, gain: 0.01 } }\n\
    - { name: b, when: { finding: accuracy, below: 0.9, quorum: { failing: 2, of: 3 } }, mode: approve, cooldown: 7m }\n\
    - { name: c, when: { trigger: a }, mode: suggest }\n- { name: d, schedule: '*/5 * * * *', cooldown: 7m }";

/// What each deed led to, with whose it was.
fn play(deeds: &[Deed]) -> Vec<(String, Moved)> {
    let mut play = Play::new(TEXT);
    let mut all = Vec::new();
    for it in deeds {
        let moved = match it {
            Deed::Window(n, accuracy) => play.judge(&window(*n, *accuracy)),
            Deed::Tick(minute) => play.tick(*minute),
            Deed::Person(i) => {
                // What a person may do follows from the state, and nothing else happens.
                let before = play.states.clone();
                if play.command("b", Command::ALL[*i]).is_err() {
                    let key = ("b".to_owned(), String::new());
                    let same = before.get(&key).is_none_or(|it| it.phase == play.states[&key].phase);
                    assert!(same, "a refused command changed something");
                }
                Vec::new()
            }
        };
        let name = |it: &Moved| play.triggers[it.trigger].name.clone();
        all.extend(moved.into_iter().map(|it| (name(&it), it)));
    }
    all
}

proptest! {
    #[test]
    fn the_same_deeds_do_the_same(deeds in proptest::collection::vec(deed(), 0..60)) {
        prop_assert_eq!(play(&deeds), play(&deeds));
    }

    /// Incidents of a key are numbered one after the other, and none begins before the last has ended; a trigger that
    /// nobody asks does not fire again within its cooldown.
    #[test]
    fn one_incident_at_a_time_and_cooldown_holds(deeds in proptest::collection::vec(deed(), 0..80)) {
        let all = play(&deeds);
        for name in ["a", "d"] {
            let mut open: Option<u64> = None;
            let mut last = 0;
            let mut fired: Option<i64> = None;
            for (_, it) in all.iter().filter(|it| it.0 == name) {
                let it = &it.transition;
                let Some(number) = it.incident else { continue };
                match open {
                    None => {
                        prop_assert_eq!(number, last + 1, "{:?}", it);
                        (open, last) = (Some(number), number);
                    }
                    Some(before) => prop_assert_eq!(number, before, "{:?}", it),
                }
                if it.kind == Kind::Fired {
                    prop_assert!(fired.is_none_or(|at| it.at >= at + 7 * MINUTE), "{:?} after {:?}", it, fired);
                    fired = Some(it.at);
                }
                if !it.to.is_open() {
                    open = None;
                }
            }
        }
    }

    /// Numbers between the two bounds never open nor close anything.
    #[test]
    fn nothing_flaps_between_the_bounds(first in prop::bool::ANY, values in proptest::collection::vec(900_u32..950, 1..50)) {
        let mut play = Play::new("- { name: a, when: { finding: accuracy, below: 0.9, clear_above: 0.95 } }");
        let begin = kinds(&play.judge(&window(0, if first { 0.8 } else { 0.99 })));
        prop_assert_eq!(begin.len(), usize::from(first));
        for (it, n) in values.iter().zip(1..) {
            prop_assert_eq!(kinds(&play.judge(&window(n, f64::from(*it) / 1000.0))), Vec::new());
        }
    }

    /// However windows were judged before, when all are well at last, no timer is left.
    #[test]
    fn windows_that_are_well_at_last_leave_nothing_pending(deeds in proptest::collection::vec((0_i64..12, 80_u32..100), 0..40)) {
        let mut play = Play::new("- { name: a, when: { finding: accuracy, below: 0.9 }, for: 1h }");
        for (n, it) in deeds {
            play.judge(&window(n, f64::from(it) / 100.0));
        }
        for n in 0..12 {
            play.judge(&window(n, 0.99));
        }
        let state = &play.states[&("a".to_owned(), String::new())];
        prop_assert_eq!((state.phase, state.wake), (super::Phase::Ok, None));
        prop_assert_eq!(kinds(&play.tick(1000)), Vec::new());
    }

    /// The order in which windows were judged makes no difference to what is kept of them.
    #[test]
    fn the_order_of_judgements_does_not_matter(
        values in proptest::collection::vec(80_u32..100, 1..12),
        order in proptest::collection::vec(0_usize..12, 0..30),
    ) {
        let text = "- { name: a, when: { finding: accuracy, below: 0.9, quorum: { failing: 2, of: 4 } }, for: 1h }";
        let all: Vec<_> = values.iter().zip(0..).map(|(it, n)| window(n, f64::from(*it) / 100.0)).collect();
        let (mut one, mut other) = (Play::new(text), Play::new(text));
        let end = all.len() as i64;
        for it in &all {
            one.judge(it);
        }
        one.tick(end);
        // In any order, some again; then each once, so that all are there.
        for it in order.iter().filter_map(|i| all.get(*i)).chain(all.iter().rev()) {
            other.judge(it);
        }
        other.tick(end);
        prop_assert_eq!(one.states, other.states);
    }
}
