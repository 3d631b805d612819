//! Guests that mean harm, or have bugs: each gives a clear message, and everything else goes on.

use std::time::{Duration, Instant};

use driftline::plugins::{Found, Limits, Runtime, Shelf, Trust};
use driftline_rules::plugin::{Checker, Context, Fault, Plugin, Summarizer};

use super::guests::Guest;
use super::{check, failure, load, numbers, opened, shelf, tight};

/// `$check` with this body before it lets everything pass; `$n` is the first value's integer part.
fn doing(body: &str) -> Guest {
    Guest::check(&format!(
        "(global $calls (mut i32) (i32.const 0))
         (func $forever (loop $l (br $l)))
         (func $deep (param $n i32) (result i32) (i32.add (i32.const 1) (call $deep (i32.add (local.get $n) (i32.const 1)))))
         (func $check (param $args i32) (result i32) (local $n i32)
           (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
           (local.set $n (i32.trunc_f64_s (f64.load (i32.load offset=4 (i32.load offset=84 (local.get $args))))))
           {body}
           (call $verdicts (call $all_pass (local.get $args)) (call $bytes (local.get $args)) (i32.const 4) (i32.const 0)))"
    ))
}

/// Runs a guest that goes wrong when the first value is 1: the message is as expected, a call with 0 works before
/// and after, another rule works, and no instance is left over.
fn survives(body: &str, expected: &str) {
    let shelf = shelf(tight());
    let plug = |guest: &Guest| shelf.load(&Found { component: guest.build(), signature: None }, &tight()).unwrap();
    let plugins = (plug(&doing(body)), plug(&Guest::range()));
    let (evil, good) =
        (plugins.0.checker(&opened("range", 1)).unwrap(), plugins.1.checker(&opened("range", 1)).unwrap());
    let before = shelf.runtime().instances();
    for _ in 0..2 {
        assert_eq!(check(&*evil, &[0.0]).map(|it| it[0] & 1), Ok(1));
        let text = failure(check(&*evil, &[1.0]));
        assert!(text.starts_with("plugin `evil` 1.2.3, rule `range`: ") && text.contains(expected), "{text}");
        assert_eq!(check(&*good, &[0.5]).map(|it| it[0] & 1), Ok(1));
    }
    assert_eq!(shelf.runtime().instances(), before - 1, "the instance that trapped is gone");
    assert_eq!(check(&*evil, &[0.0]).map(|it| it[0] & 1), Ok(1));
    assert_eq!(shelf.runtime().instances(), before);
    drop((evil, good, plugins));
    assert_eq!((shelf.runtime().instances(), shelf.count()), (0, 0));
}

const WHEN: &str = "(if (i32.eq (local.get $n) (i32.const 1)) (then ";

#[test]
fn an_endless_loop_ends() {
    let started = Instant::now();
    survives(&format!("{WHEN} (call $forever)))"), "took longer than 150 ms");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_memory_bomb_is_told_its_limit() {
    let body = format!("{WHEN} (loop $l (drop (memory.grow (i32.const 64))) (br $l))))");
    survives(&body, "plugin memory limit: wanted 16 MB, limit 16 MB");
}

#[test]
fn a_recursion_without_end_leaves_the_host_its_stack() {
    survives(&format!("{WHEN} (drop (call $deep (i32.const 0)))))"), "ran out of stack");
}

#[test]
fn a_trap_is_named() {
    survives(&format!("{WHEN} unreachable))"), "panicked or aborted");
    survives(&format!("{WHEN} (drop (i32.load (i32.const 0x7fffffff)))))"), "trapped: ");
}

#[test]
fn a_panic_that_was_logged_is_told() {
    let body =
        format!("{WHEN} (call $log (i32.const 4) (i32.const 0x300) (i32.const 14)) unreachable)) (drop (i32.const 0))");
    let mut guest = doing(&body);
    guest.more.push_str("(data (i32.const 0x300) \"index 7 of 3 !\")");
    let plugin = load(&guest, &tight()).unwrap();
    let text = failure(check(&*plugin.checker(&opened("range", 1)).unwrap(), &[1.0]));
    assert!(text.ends_with("panicked or aborted; it logged: index 7 of 3 !"), "{text}");
    // Where lines are not wanted, no fault brings one either.
    let plugin = load(&guest, &Limits { log: None, ..tight() }).unwrap();
    let text = failure(check(&*plugin.checker(&opened("range", 1)).unwrap(), &[1.0]));
    assert!(text.ends_with("panicked or aborted"), "{text}");
}

#[test]
fn log_without_end_is_dropped_and_harmless() {
    let body = format!(
        "{WHEN} (loop $l (call $log (i32.const 2) (i32.const 0) (i32.const 1000)) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (i32.const 10000))))))"
    );
    let limits = Limits { time: Duration::from_secs(10), ..tight() };
    let plugin = load(&doing(&body), &limits).unwrap();
    assert!(check(&*plugin.checker(&opened("range", 1)).unwrap(), &[1.0]).is_ok());
}

#[test]
fn huge_output_is_refused() {
    let huge = |n: &str| {
        format!(
            "{WHEN} (drop (memory.grow (i32.const 200))) (return (call $verdicts (i32.const 0) (i32.const {n}) (i32.const 4) (i32.const 0)))))"
        )
    };
    survives(&huge("10000000"), "answered more than 1048 kB");
    // Lies about what it has: the list would end behind the memory.
    survives(&huge("0x70000000"), "list pointer/length out of bounds of memory");
}

#[test]
fn an_answer_that_lies_is_a_fault() {
    let answer = |what: &str| format!("{WHEN} (return {what})))");
    survives(
        &answer("(call $verdicts (i32.const 0) (i32.const 2) (i32.const 4) (i32.const 0))"),
        "answered `passed` with 2 bytes for 1 rows; 1 are due",
    );
    // A finding, 28 zero bytes long, for row 0, which has passed; then for row 77; then eleven of them.
    let of = |row: u32, passed: &str, n: u32| {
        format!(
            "{WHEN} (i32.store (i32.const 0x400) (i32.const {row})) (return (call $verdicts {passed} (i32.const 1) (i32.const 0x400) (i32.const {n})))))"
        )
    };
    survives(&of(0, "(call $all_pass (local.get $args))", 1), "a finding for row 0, which it says has not failed");
    survives(&of(77, "(i32.const 0x800)", 1), "a finding for row 77 of a batch of 1 rows");
    survives(&of(0, "(i32.const 0x800)", 11), "answered 11 findings; 10 were asked for");
    let column = format!(
        "{WHEN} (i32.store8 (i32.const 0x404) (i32.const 1)) (i32.store (i32.const 0x408) (i32.const 5)) (return (call $verdicts (i32.const 0x800) (i32.const 1) (i32.const 0x400) (i32.const 1)))))"
    );
    survives(&column, "a finding for column 5; there are 1");
    // The code of the finding is one byte that is no UTF-8.
    let text = format!(
        "{WHEN} (i32.store8 (i32.const 0x420) (i32.const 0xff)) (i32.store (i32.const 0x40c) (i32.const 0x420)) (i32.store (i32.const 0x410) (i32.const 1)) (return (call $verdicts (i32.const 0x800) (i32.const 1) (i32.const 0x400) (i32.const 1)))))"
    );
    survives(&text, "utf-8");
}

#[test]
fn long_messages_are_cut() {
    let body = format!(
        "{WHEN} (memory.fill (i32.const 0x1000) (i32.const 0x61) (i32.const 5000)) (i32.store (i32.const 0x414) (i32.const 0x1000)) (i32.store (i32.const 0x418) (i32.const 5000)) (return (call $verdicts (i32.const 0x800) (i32.const 1) (i32.const 0x400) (i32.const 1)))))"
    );
    let plugin = load(&doing(&body), &tight()).unwrap();
    let checker = plugin.checker(&opened("range", 1)).unwrap();
    let verdicts = checker.check(&Context::default(), &numbers(&[1.0]), 5).unwrap();
    assert_eq!(verdicts.notes[0].message.len(), 1000 + "…".len());
}

#[test]
fn slow_but_within_its_time_is_fine() {
    // Some hundred million turns of nothing take longer than a tick and less than the limit.
    let body = format!(
        "{WHEN} (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (i32.const 30000000))))))"
    );
    let limits = Limits { time: Duration::from_secs(20), ..tight() };
    let plugin = load(&doing(&body), &limits).unwrap();
    assert!(check(&*plugin.checker(&opened("range", 1)).unwrap(), &[1.0]).is_ok());
}

#[test]
fn who_fails_again_and_again_is_left_alone_for_a_while() {
    let plugin = load(&doing(&format!("{WHEN} unreachable))")), &tight()).unwrap();
    let checker = plugin.checker(&opened("range", 1)).unwrap();
    for _ in 0..5 {
        assert!(failure(check(&*checker, &[1.0])).contains("panicked"));
    }
    let text = failure(check(&*checker, &[0.0]));
    assert!(text.contains("is not called after 5 failures in a row; the next try is in 1 s"), "{text}");
    std::thread::sleep(Duration::from_millis(1_100));
    assert!(check(&*checker, &[0.0]).is_ok(), "one call tries, and its success closes the circuit");
    assert!(check(&*checker, &[0.0]).is_ok());
    // Another rule of the same plugin has its own.
    assert!(check(&*plugin.checker(&opened("range", 1)).unwrap(), &[0.0]).is_ok());
}

#[test]
fn a_host_without_room_is_no_failure_of_the_plugin() {
    // One instance at a time, which an endless loop takes; and none is kept warm.
    let limits = Limits { warm: 0, time: Duration::from_secs(1), ..tight() };
    let shelf = Shelf::new(Runtime::new(limits.clone(), 1).unwrap(), None, Trust::default(), None);
    let plug = |guest: &Guest| shelf.load(&Found { component: guest.build(), signature: None }, &limits).unwrap();
    let plugins = [plug(&doing(&format!("{WHEN} (call $forever)))"))), plug(&Guest::range())];
    let [busy, other] = plugins.map(|it| it.checker(&opened("range", 1)).unwrap());
    std::thread::scope(|scope| {
        // The other may have been faster once; then it tries again.
        let busy = scope.spawn(|| while !failure(check(&*busy, &[1.0])).contains("took longer") {});
        let mut refused = 0;
        while refused < 6 {
            if let Err(Fault::Failed(text)) = check(&*other, &[0.5]) {
                let room = "does not start: finds no room: as many instances of plugins";
                assert!(text.contains(room) && !text.contains("is not called"), "{text}");
                refused += 1;
            }
        }
        busy.join().unwrap();
    });
    assert!(check(&*other, &[0.5]).is_ok(), "it is called as soon as there is room");
}

#[test]
fn idle_instances_make_room_for_others() {
    let limits = Limits { time: Duration::from_secs(1), ..tight() };
    let shelf = Shelf::new(Runtime::new(limits.clone(), 2).unwrap(), None, Trust::default(), None);
    let plug = |guest: &Guest| shelf.load(&Found { component: guest.build(), signature: None }, &limits).unwrap();
    let plugins = [plug(&Guest::range()), plug(&doing(&format!("{WHEN} (call $forever)))")))];
    let [first, second] = plugins.map(|it| it.checker(&opened("range", 1)).unwrap());
    assert_eq!(shelf.runtime().instances(), 1, "the first rule keeps an instance");
    // Two calls of the second at a time need its room.
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| failure(check(&*second, &[1.0])));
        while !busy.is_finished() {
            assert!(check(&*second, &[0.0]).is_ok());
        }
        let text = busy.join().unwrap();
        assert!(text.contains("took longer"), "{text}");
    });
    assert!(check(&*first, &[0.5]).is_ok());
}

#[test]
fn worn_instances_are_replaced() {
    let mut limits = tight();
    limits.calls = 3;
    // Fails in its fifth call, which no instance lives to see: the first of three is the one that opens.
    let plugin = load(&doing("(if (i32.eq (global.get $calls) (i32.const 3)) (then unreachable))"), &limits).unwrap();
    let checker = plugin.checker(&opened("range", 1)).unwrap();
    assert!((0..20).all(|_| check(&*checker, &[0.0]).is_ok()));
    // The same past a mark of memory.
    limits = Limits { memory_mark: 1 << 20, ..tight() };
    let grows =
        "(drop (memory.grow (i32.const 32))) (if (i32.eq (global.get $calls) (i32.const 2)) (then unreachable))";
    let plugin = load(&doing(grows), &limits).unwrap();
    let checker = plugin.checker(&opened("range", 1)).unwrap();
    assert!((0..20).all(|_| check(&*checker, &[0.0]).is_ok()));
}

#[test]
fn threads_share_a_rule() {
    let plugin = load(&Guest::range(), &Limits::default()).unwrap();
    let checker = plugin.checker(&opened("range", 1)).unwrap();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let checker = &checker;
            scope.spawn(move || {
                for _ in 0..200 {
                    let value = if n % 2 == 0 { 0.5 } else { 2.0 };
                    assert_eq!(check(&**checker, &[value]).unwrap()[0] & 1, 1 - n % 2);
                }
            });
        }
    });
}

/// Holds for all: they are traits that a host implements.
#[allow(dead_code, reason = "compiling is the test")]
fn they_cross_threads(a: Box<dyn Checker>, b: std::sync::Arc<dyn Summarizer>) -> impl Send + Sync {
    (a, b)
}
