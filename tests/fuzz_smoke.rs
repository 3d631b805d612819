//! The bodies of the fuzz targets on any compiler: their seeds, and a few seconds of mutated ones.

#[path = "../host/fuzz/src/lib.rs"]
mod bodies;

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use bodies::BODIES;

/// Xorshift: a seed gives the same inputs everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// One of the seeds, cut, joined, repeated and sprinkled with what means something in one of the grammars.
fn mutated(seeds: &[&str], dice: &mut Dice) -> Vec<u8> {
    const MARKS: &[u8] = b"{}[]():,;\"'`\\|.*+?^$#&%<>=!~-@\n\r\t 019eE\0\xef\xbb\xbf\xff\xc3\xa9ntf";
    let mut bytes = seeds[dice.below(seeds.len())].as_bytes().to_vec();
    for _ in 0..=dice.below(6) {
        let (at, other) = (dice.below(bytes.len() + 1), seeds[dice.below(seeds.len())].as_bytes());
        match dice.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, MARKS[dice.below(MARKS.len())]),
            2 if at < bytes.len() => bytes[at] = MARKS[dice.below(MARKS.len())],
            3 => {
                let end = bytes.len().min(at + dice.below(12));
                let piece = bytes[at..end].repeat(1 + dice.below(4));
                bytes.splice(at..end, piece);
            }
            _ => {
                let start = dice.below(other.len());
                let end = other.len().min(start + dice.below(30));
                bytes.splice(at..at, other[start..end].iter().copied());
            }
        }
    }
    bytes
}

/// How long a body runs: two seconds, or what `DRIFTLINE_FUZZ_SECONDS` says.
fn seconds() -> Duration {
    let given = std::env::var("DRIFTLINE_FUZZ_SECONDS").ok().and_then(|it| it.parse().ok());
    Duration::from_secs(given.unwrap_or(2))
}

/// Runs one body for some seconds; says what failed, so that it can be put among the seeds.
fn smoke(name: &str) {
    let (_, body, seeds) = BODIES.into_iter().find(|it| it.0 == name).expect("a name of BODIES");
    let check = |bytes: &[u8]| {
        let found = catch_unwind(|| body(bytes));
        assert!(found.is_ok(), "{name} fails with {:?}", bytes.escape_ascii().to_string());
    };
    for it in seeds {
        check(it.as_bytes());
    }
    check(b"");
    let (started, mut dice, mut n_runs) = (Instant::now(), Dice(0x5eed_0000 + name.len() as u64), 0_u64);
    while started.elapsed() < seconds() {
        check(&mutated(seeds, &mut dice));
        n_runs += 1;
    }
    assert!(n_runs > 0);
    say(&format!("{name}: {n_runs} inputs in {:?}", started.elapsed()));
}

#[test]
fn a_record_reads_the_same_in_every_way() {
    smoke("record");
}

#[test]
fn no_suite_panics() {
    smoke("suite");
}

#[test]
fn a_table_reads_the_same_in_any_chunks() {
    smoke("csv");
}

#[test]
fn a_condition_is_written_as_it_was_meant() {
    smoke("condition");
}

#[test]
fn a_pattern_ends_soon() {
    smoke("regex");
}

#[test]
fn a_stored_window_is_read_or_refused() {
    smoke("window");
}

#[test]
fn no_bytes_harm_as_a_component() {
    smoke("component");
}

#[test]
fn no_batch_harms_through_a_guest() {
    smoke("batch");
}

/// Says something on the test's output.
#[allow(clippy::print_stdout)]
fn say(line: &str) {
    println!("{line}");
}
