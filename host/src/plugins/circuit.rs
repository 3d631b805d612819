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
}

impl Circuit {
    /// Whether to call now. The error says why not, and when it is tried again.
    pub fn ask(&self, now: Instant) -> Result<(), String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.closed_until {
            Some(until) if now < until => {
                let seconds = (until - now).as_millis().div_ceil(1000);
                let State { failures, last, .. } = &*state;
                Err(format!(
                    "is not called after {failures} failures in a row; the next try is in {seconds} s; the last failure: {last}"
                ))
            }
            Some(_) => {
                // One call tries; until it has ended the others go on waiting.
                state.closed_until = Some(now + pause(state.failures));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A call has worked, or has failed in a way that was declared.
    pub fn succeed(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failures > 0 {
            *state = State::default();
        }
    }

    /// A call has failed in a way that must not happen.
    pub fn fail(&self, now: Instant, why: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        why.clone_into(&mut state.last);
        if state.failures >= ENOUGH {
            state.closed_until = Some(now + pause(state.failures));
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
        for _ in 1..ENOUGH {
            circuit.fail(start, "trapped");
            assert_eq!(circuit.ask(start), Ok(()));
        }
        circuit.fail(start, "trapped");
        let refused = circuit.ask(start).unwrap_err();
        assert!(
            refused.contains("after 5 failures in a row; the next try is in 1 s; the last failure: trapped"),
            "{refused}"
        );
        // One may try, and no other at the same time.
        assert_eq!(circuit.ask(at(1)), Ok(()));
        assert!(circuit.ask(at(1)).is_err());
        circuit.fail(at(1), "trapped");
        assert!(circuit.ask(at(2)).is_err(), "the pause has doubled");
        assert_eq!(circuit.ask(at(3)), Ok(()));
        circuit.succeed();
        assert_eq!(circuit.ask(at(3)), Ok(()));
        circuit.fail(at(3), "trapped");
        assert_eq!(circuit.ask(at(3)), Ok(()), "success has forgotten the failures");
    }

    #[test]
    fn a_pause_has_an_end() {
        assert_eq!(pause(ENOUGH), FIRST);
        assert_eq!(pause(u32::MAX), LONGEST);
    }
}
