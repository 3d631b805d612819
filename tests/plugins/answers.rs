//! Summaries that lie, and the laws that find out.

use driftline::plugins::laws::{self, Outcome};
use driftline_rules::plugin::{Context, Plugin};

use super::guests::{Capability, Guest};
use super::{failure, load, numbers, opened, tight};

const CONTEXT: &str = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i64)";

/// A metric that answers this value under the name `mean`, or another name of four letters.
fn measuring(value: &str, name: &str) -> String {
    format!(
        "(func $finish {CONTEXT} (result i32)
           (i32.store (i32.const 0x140) (i32.const 0x260)) (i32.store (i32.const 0x144) (i32.const 4))
           (f64.store (i32.const 0x148) {value}) (i64.store (i32.const 0x150) (i64.const 0))
           (i32.store8 (i32.const 0x100) (i32.const 0)) (i32.store (i32.const 0x104) (i32.const 0x140)) (i32.store (i32.const 0x108) (i32.const 1))
           (i32.const 0x100))
         (data (i32.const 0x260) \"{name}\")"
    )
}

fn finish_fault(guest: &Guest) -> String {
    let plugin = load(guest, &tight()).unwrap();
    let it = plugin.summarizer(&opened("mean", 1)).unwrap();
    let state = it.observe(None, &numbers(&[1.0])).unwrap();
    failure(it.finish(&Context::default(), Some(&state)))
}

#[test]
fn measurements_are_numbers_and_declared() {
    let nan = finish_fault(&Guest::mean().instead("finish", &measuring("(f64.const nan)", "mean")));
    assert_eq!(nan, "plugin `evil` 1.2.3, rule `mean`: answered `mean` as NaN");
    let other = finish_fault(&Guest::mean().instead("finish", &measuring("(f64.const 1)", "mood")));
    assert!(other.ends_with("answered `mood`, which is none of the outputs it declares"), "{other}");
}

fn comparing(statistic: &str, p: &str) -> Guest {
    let compare = format!(
        "(func $compare (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i64 i32 i32) (result i32)
           (i32.store8 (i32.const 0x100) (i32.const 0)) (f64.store (i32.const 0x108) (f64.const {statistic}))
           (i32.store8 (i32.const 0x110) (i32.const 1)) (f64.store (i32.const 0x118) (f64.const {p}))
           (i64.store (i32.const 0x120) (i64.const 0)) (i32.store8 (i32.const 0x128) (i32.const 0)) (i32.const 0x100))"
    );
    Guest::shift().instead("compare", &compare)
}

#[test]
fn a_statistic_is_a_number_and_a_p_value_a_probability() {
    let compare = |guest: &Guest| {
        let plugin = load(guest, &tight()).unwrap();
        plugin.summarizer(&opened("shift", 1)).unwrap().compare(&Context::default(), None, None)
    };
    assert!(failure(compare(&comparing("nan", "0.5"))).ends_with("answered NaN as the statistic"));
    for p in ["1.5", "-0.1", "nan"] {
        let text = failure(compare(&comparing("1", p)));
        assert!(text.contains("as the p-value, which is no probability"), "{text}");
    }
    assert!(compare(&comparing("inf", "0")).is_ok(), "a distance may be infinite");
}

#[test]
fn a_state_is_bounded() {
    let saving = |bytes: u32| {
        format!(
            "(func $save (param $it i32) (result i32) (drop (memory.grow (i32.const 2000)))
               (i32.store8 (i32.const 0x100) (i32.const 0)) (i32.store (i32.const 0x104) (i32.const 0))
               (i32.store (i32.const 0x108) (i32.const {bytes})) (i32.const 0x100))"
        )
    };
    let observe = |bytes, limits| {
        let plugin = load(&Guest::mean().instead("save", &saving(bytes)), &limits).unwrap();
        failure(plugin.summarizer(&opened("mean", 1)).unwrap().observe(None, &numbers(&[1.0])))
    };
    let roomy = driftline::plugins::Limits { memory: 256 << 20, ..tight() };
    assert!(observe(500_000, roomy.clone()).ends_with("saved a state of 500 kB; the limit is 100 kB"));
    assert!(observe(100_000_000, roomy).ends_with("answered more than 1048 kB"));
}

fn broken(guest: &Guest) -> Vec<&'static str> {
    let plugin = load(guest, &tight()).unwrap();
    let trials = laws::try_all(&plugin, 20);
    assert!(!trials.is_empty());
    let broken = |it: &laws::Trial| {
        assert!(!matches!(it.outcome, Outcome::Untried(_)), "{it:?}");
        matches!(it.outcome, Outcome::Broken(_)).then_some(it.law)
    };
    trials.iter().filter_map(broken).collect()
}

#[test]
fn the_well_behaved_keep_the_laws() {
    for guest in [Guest::range(), Guest::mean(), Guest::shift()] {
        assert_eq!(broken(&guest), Vec::<&str>::new());
    }
}

#[test]
fn an_answer_that_changes_from_call_to_call_is_found() {
    let check = "(global $calls (mut i32) (i32.const 0))
        (func $check (param $args i32) (result i32) (local $at i32)
          (local.set $at (call $all_pass (local.get $args)))
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (if (i32.and (global.get $calls) (i32.const 2)) (then (i32.store8 (local.get $at) (i32.const 0))))
          (call $verdicts (local.get $at) (call $bytes (local.get $args)) (i32.const 4) (i32.const 0)))";
    assert!(broken(&Guest::check(check)).iter().any(|it| it.starts_with("the same batch has the same verdicts")));
}

#[test]
fn a_verdict_that_depends_on_neighbours_is_found() {
    // Fails every record of a batch of more than one.
    let check = "(func $check (param $args i32) (result i32) (local $at i32)
        (local.set $at (call $all_pass (local.get $args)))
        (if (i32.gt_u (i32.load offset=80 (local.get $args)) (i32.const 1)) (then (memory.fill (local.get $at) (i32.const 0) (call $bytes (local.get $args)))))
        (call $verdicts (local.get $at) (call $bytes (local.get $args)) (i32.const 4) (i32.const 0)))";
    assert_eq!(broken(&Guest::check(check)), ["neighbours do not change a verdict"]);
}

#[test]
fn a_merge_that_neither_commutes_nor_associates_is_found() {
    // The mean of what was there and what comes, instead of their sum.
    let merge = "(func $merge (param $it i32) (param $state i32) (param $len i32) (result i32)
        (i64.store (local.get $it) (i64.const 1))
        (f64.store offset=8 (local.get $it) (f64.add (f64.mul (f64.const 0.3) (f64.load offset=8 (local.get $it))) (f64.load offset=8 (local.get $state))))
        (call $ok (i32.const 0)))";
    let observe = include_str!("../guests/sums.wat").split("(func $merge").next().unwrap();
    let mut guest = Guest::mean().instead("sums", observe);
    guest.more.push_str(merge);
    guest.capabilities = vec![Capability::new("mean", 2)];
    let laws = broken(&guest);
    for law in ["merging commutes", "merging associates", "the parts of a window merged are the whole"] {
        assert!(laws.contains(&law), "{law} is not in {laws:?}");
    }
    // Who says that it does not merge is not held to it.
    guest.capabilities[0].mergeable = false;
    assert_eq!(broken(&guest), Vec::<&str>::new());
}
