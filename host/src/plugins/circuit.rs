//! A rule that fails again and again is not called for a while.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which the circuit opens.
const ENOUGH: u32 = 5;
/// How long it stays open the first time; each further failure doubles it.
const FIRST: Duration = Duration::from_secs(1);
/// The longest it stays open.
const LONGEST: Duration = Duration::from_mins(5);

/// Counts the failures in a row of one opened rule. Open, it lets one call through each time its pause is over;
/// the first success closes it.
#[derive(Debug, Default)]
pub(super) struct Circuit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    closed_until: Option<Instant>,
    last: String,
    /// Moves on whenever the failures change.
    counted: u64,
}

/// What a call saw of its circuit when it began. Calls that run side by side and fail of one cause are one failure
/// and not many in a row: only the first of them still finds the circuit as it saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen(u64);

impl Circuit {
    /// Whether to call now. The error says why not, and when it is tried again.
    pub fn ask(&self, now: Instant) -> Result<Seen, String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.closed_until {
            Some(until) if now < until => {
                let seconds = (until - now).as_millis().div_ceil(1000);
                let State { failures, last, .. } = &*state;
                return Err(format!(
                    "is not called after {failures} failures in a row; the next try is in {seconds} s; the last failure: {last}"
                ));
            }
            // One call tries; until it has ended the others go on waiting.
            Some(_) => state.closed_until = Some(now + pause(state.failures)),
            None => {}
        }
        Ok(Seen(state.counted))
    }

    /// Whether calls are kept away now, or would be but for one that tries.
    pub fn is_open(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).closed_until.is_some()
    }

    /// A call has worked, or has failed in a way that was declared.
    pub fn succeed(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failures > 0 {
            *state = State { counted: state.counted + 1, ..State::default() };
        }
    }

    /// A call has failed in a way that must not happen. It counts unless another one was counted since it began.
    pub fn fail(&self, seen: Seen, now: Instant, why: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.counted != seen.0 {
            return;
        }
        state.counted += 1;
        state.failures = state.failures.saturating_add(1);
        why.clone_into(&mut state.last);
        if state.failures >= ENOUGH {
            state.closed_until = Some(now + pause(state.failures));
        }
    }

    /// A call never reached the plugin, so nothing is known of it: if it was the one that tries, another may.
    pub fn give_back(&self, seen: Seen, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.counted == seen.0 && state.closed_until.is_some() {
            state.closed_until = Some(now);
        }
    }
}

fn pause(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(ENOUGH));
    FIRST.saturating_mul(doubled).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_tries_again_and_closes() {
        let (circuit, start) = (Circuit::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..ENOUGH {
            circuit.fail(circuit.ask(start).unwrap(), start, "trapped");
        }
        let refused = circuit.ask(start).unwrap_err();
        assert!(
            refused.contains("after 5 failures in a row; the next try is in 1 s; the last failure: trapped"),
            "{refused}"
        );
        // One may try, and no other at the same time.
        let seen = circuit.ask(at(1)).unwrap();
        assert!(circuit.ask(at(1)).is_err());
        circuit.fail(seen, at(1), "trapped");
        assert!(circuit.ask(at(2)).is_err(), "the pause has doubled");
        assert!(circuit.ask(at(3)).is_ok());
        circuit.succeed();
        let seen = circuit.ask(at(3)).unwrap();
        circuit.fail(seen, at(3), "trapped");
        assert!(circuit.ask(at(3)).is_ok(), "success has forgotten the failures");
    }

    #[test]
    fn calls_that_fail_side_by_side_are_one_failure() {
        let (circuit, start) = (Circuit::default(), Instant::now());
        let wave = || {
            let calls: Vec<_> = (0..2 * ENOUGH).map(|_| circuit.ask(start).unwrap()).collect();
            for it in calls {
                circuit.fail(it, start, "trapped");
            }
        };
        (1..ENOUGH).for_each(|_| wave());
        let late = circuit.ask(start).unwrap();
        wave();
        assert!(circuit.ask(start).is_err(), "five waves are five failures in a row");
        circuit.fail(late, start, "trapped");
        assert!(circuit.ask(start + FIRST).is_ok(), "a call that began before it opened does not lengthen the pause");
        // Nor does one that began before a success.
        let (circuit, late) = (Circuit::default(), Circuit::default().ask(start).unwrap());
        circuit.fail(late, start, "trapped");
        let late = circuit.ask(start).unwrap();
        circuit.succeed();
        circuit.fail(late, start, "trapped");
        assert_eq!(circuit.0.lock().unwrap().failures, 0);
    }

    #[test]
    fn a_try_that_did_not_reach_the_plugin_leaves_its_turn_to_another() {
        let (circuit, start) = (Circuit::default(), Instant::now());
        for _ in 0..ENOUGH {
            let seen = circuit.ask(start).unwrap();
            circuit.give_back(seen, start);
            circuit.fail(circuit.ask(start).unwrap(), start, "trapped");
        }
        let late = start + FIRST;
        let seen = circuit.ask(late).unwrap();
        assert!(circuit.ask(late).is_err());
        circuit.give_back(seen, late);
        assert!(circuit.ask(late).is_ok());
    }

    #[test]
    fn a_pause_has_an_end() {
        assert_eq!(pause(ENOUGH), FIRST);
        assert_eq!(pause(u32::MAX), LONGEST);
    }
}
