use super::{Command, Event, Found, Judged, Kind, Moved, Phase, State, States, Times, advance, command};
use crate::plan::{Options, compile};
use crate::report::Status;
use crate::suite::read;
use crate::suite::triggers::Trigger;

pub(super) const MINUTE: i64 = 60_000_000;

pub(super) fn triggers(text: &str) -> Vec<Trigger> {
    let suite = "windows: { lengths: [1m, 1h] }\nsegments: [region]\nexpectations:\n\
        - { field: a, mean_between: { min: 0 }, name: accuracy }\n- { field: a, stable: {} }\n- { field: b, stable: {} }\n\
        - { field: c, stable: {} }\n- { field: a, not_null: {} }\ntriggers:\n";
    let (suite, mut problems) = read(&format!("{suite}{text}"));
    let (plan, more) = compile(&suite, &Options::default());
    problems.extend(more);
    assert!(problems.is_empty(), "{problems:?}");
    plan.triggers
}

/// The minute that begins at `n`, with its accuracy.
pub(super) fn window(n: i64, accuracy: f64) -> Judged {
    let status = if accuracy < 0.95 { Status::Fail } else { Status::Pass };
    let found = Found { check: "accuracy".into(), status, observed: Some(accuracy), pass_rate: None };
    Judged {
        id: format!("w{n}"),
        start: n * MINUTE,
        end: (n + 1) * MINUTE,
        length: "1m".into(),
        records: 1000,
        is_judged: true,
        findings: vec![found],
        ..Judged::default()
    }
}

pub(super) struct Play {
    pub triggers: Vec<Trigger>,
    pub states: States,
    pub now: i64,
}

impl Play {
    pub fn new(text: &str) -> Self {
        Play { triggers: triggers(text), states: States::new(), now: 0 }
    }

    fn times(&self) -> Times {
        Times { now: self.now, wall: self.now }
    }

    /// What happens when a window was judged, right after its end.
    pub fn judge(&mut self, window: &Judged) -> Vec<Moved> {
        self.now = self.now.max(window.end);
        self.keep();
        let times = self.times();
        advance(&self.triggers, &mut self.states, &Event::Window(window), times)
    }

    pub fn tick(&mut self, minute: i64) -> Vec<Moved> {
        self.now = self.now.max(minute * MINUTE);
        let times = self.times();
        advance(&self.triggers, &mut self.states, &Event::Tick, times)
    }

    pub fn command(&mut self, name: &str, wanted: Command) -> Result<Vec<Kind>, String> {
        let trigger = self.triggers.iter().find(|it| it.name == name).unwrap();
        let times = self.times();
        let state = self.states.entry((name.to_owned(), String::new())).or_default();
        command(trigger, state, wanted, "", times, &|_| None).map(|it| it.iter().map(|it| it.kind).collect())
    }

    /// The states go to text and back.
    fn keep(&mut self) {
        for it in self.states.values_mut() {
            *it = State::from_json(&it.to_json()).unwrap();
        }
    }

    fn state(&self, name: &str) -> &State {
        &self.states[&(name.to_owned(), String::new())]
    }
}

pub(super) fn kinds(moved: &[Moved]) -> Vec<Kind> {
    moved.iter().map(|it| it.transition.kind).collect()
}

/// What windows of these accuracies do, one after the other, each minute.
fn over(play: &mut Play, from: i64, accuracies: &[f64]) -> Vec<Vec<Kind>> {
    accuracies.iter().zip(from..).map(|(it, n)| kinds(&play.judge(&window(n, *it)))).collect()
}

const NONE: Vec<Kind> = Vec::new();

#[test]
fn a_condition_that_holds_for_long_enough_fires_once_and_is_over_when_it_does_not_hold() {
    let mut play = Play::new("- { name: a, when: { finding: accuracy, below: 0.95, clear_above: 0.97 }, for: 2m }");
    assert_eq!(over(&mut play, 0, &[0.99, 0.94]), [NONE, vec![Kind::Pending]]);
    assert_eq!(over(&mut play, 2, &[0.96, 0.96]), [NONE, vec![Kind::Fired]]);
    let moved = play.judge(&window(4, 0.90));
    assert_eq!(kinds(&moved), NONE);
    let moved = play.judge(&window(5, 0.98));
    assert_eq!(kinds(&moved), [Kind::Resolved]);
    let it = &moved[0].transition;
    assert_eq!((it.from, it.to, it.incident), (Phase::Firing, Phase::Resolved, Some(1)));
    assert_eq!(it.reason, "the condition does not hold any more: accuracy is 0.98 (below 0.95)");
    // Only the condition, and no window, makes the time pass.
    assert_eq!(over(&mut play, 6, &[0.90]), [vec![Kind::Pending]]);
    assert_eq!(play.state("a").wake, Some(9 * MINUTE));
    assert_eq!(kinds(&play.tick(8)), NONE);
    let moved = play.tick(9);
    assert_eq!(kinds(&moved), [Kind::Fired]);
    let it = &moved[0].transition;
    assert_eq!((it.incident, it.reason.as_str()), (Some(2), "the condition holds: accuracy is 0.9 (below 0.95)"));
    let evidence = &it.evidence[0];
    assert_eq!(
        (evidence.window.as_str(), evidence.observed, evidence.bound.as_str()),
        ("w6", Some(0.90), "below 0.95")
    );
}

#[test]
fn a_window_that_is_judged_again_takes_the_place_of_what_it_said() {
    let mut play =
        Play::new("- { name: a, when: { finding: accuracy, below: 0.95, quorum: { failing: 2, of: 3 } }, for: 5m }");
    assert_eq!(over(&mut play, 0, &[0.9, 0.99]), [NONE, NONE]);
    // The same window again is no second one.
    assert_eq!(kinds(&play.judge(&window(0, 0.91))), NONE);
    assert_eq!(over(&mut play, 2, &[0.9]), [vec![Kind::Pending]]);
    assert_eq!(kinds(&play.judge(&window(0, 0.99))), [Kind::Cleared]);
    assert_eq!(play.state("a").wake, None);
    assert_eq!(kinds(&play.tick(60)), NONE);
    // Once more, and since when it holds follows from the windows, not from when they were judged.
    assert_eq!(kinds(&play.judge(&window(1, 0.9))), [Kind::Fired]);
}

#[test]
fn few_records_and_what_could_not_be_judged_say_nothing() {
    let mut play = Play::new("- { name: a, when: { finding: accuracy, below: 0.95, min_records: 500 } }");
    assert_eq!(kinds(&play.judge(&Judged { records: 499, ..window(0, 0.1) })), NONE);
    assert_eq!(kinds(&play.judge(&window(1, 0.1))), [Kind::Fired]);
    assert_eq!(kinds(&play.judge(&Judged { is_judged: false, ..window(2, 0.99) })), NONE);
    let mut skipped = window(3, 0.99);
    skipped.findings[0].status = Status::Skip;
    assert_eq!(kinds(&play.judge(&skipped)), NONE);
    assert_eq!(kinds(&play.judge(&Judged { length: "1h".into(), ..window(4, 0.99) })), NONE);
    assert_eq!(kinds(&play.judge(&Judged { segment: "region=eu".into(), ..window(5, 0.99) })), NONE);
    assert_eq!(kinds(&play.judge(&window(6, 0.99))), [Kind::Resolved]);
}

#[test]
fn somebody_approves_rejects_acknowledges_and_resolves() {
    let mut play = Play::new(
        "- { name: a, when: { finding: accuracy }, mode: approve, verify: { within: 10m, finding: accuracy, above: 0.96 } }",
    );
    assert_eq!(over(&mut play, 0, &[0.9]), [vec![Kind::NeedsApproval]]);
    assert!(play.command("a", Command::Acknowledge).unwrap_err().contains("waiting"));
    assert_eq!(play.command("a", Command::Reject).unwrap(), [Kind::Rejected]);
    // For what was rejected it does not ask again until it was well once.
    assert_eq!(over(&mut play, 1, &[0.9, 0.97, 0.9]), [NONE, NONE, vec![Kind::NeedsApproval]]);
    assert_eq!(play.command("a", Command::Approve).unwrap(), [Kind::Approved, Kind::Fired]);
    assert_eq!(play.state("a").phase, Phase::Verifying);
    assert!(play.command("a", Command::Approve).unwrap_err().contains("verifying"));
    assert_eq!(play.command("a", Command::Acknowledge).unwrap(), [Kind::Acknowledged]);
    // Not as good as it must be, then good.
    assert_eq!(over(&mut play, 4, &[0.955, 0.97]), [NONE, vec![Kind::Resolved]]);
    assert!(play.command("a", Command::Resolve).unwrap_err().contains("nothing to resolve"));
    assert_eq!(over(&mut play, 6, &[0.9]), [vec![Kind::NeedsApproval]]);
    assert_eq!(play.command("a", Command::Resolve).unwrap(), [Kind::Resolved]);
    assert_eq!(kinds(&play.tick(60)), NONE);
}

#[test]
fn what_does_not_help_in_time_is_escalated_and_a_run_that_ends_gives_it_more() {
    let text = "- { name: a, when: { finding: accuracy, below: 0.95 }, verify: { within: 10m, finding: accuracy, above: 0.96 } }";
    let mut play = Play::new(text);
    assert_eq!(over(&mut play, 0, &[0.9]), [vec![Kind::Fired]]);
    assert_eq!(play.state("a").wake, Some(11 * MINUTE));
    let run = |play: &mut Play, is_good| {
        let event = Event::Run { is_good, what: "run 7".into() };
        let (times, key) = (play.times(), ("a".to_owned(), String::new()));
        let mut state = play.states.remove(&key).unwrap();
        let done = super::step(&play.triggers[0], &mut state, &event, times, &|_| None);
        play.states.insert(key, state);
        done.iter().map(|it| it.kind).collect::<Vec<_>>()
    };
    play.now = 8 * MINUTE;
    assert_eq!(run(&mut play, true), [Kind::RunEnded]);
    assert_eq!(kinds(&play.tick(17)), NONE);
    assert_eq!(kinds(&play.tick(18)), [Kind::Escalated]);
    assert_eq!(kinds(&play.tick(60)), NONE);
    assert_eq!(over(&mut play, 60, &[0.99]), [vec![Kind::Resolved]]);
    assert_eq!(over(&mut play, 61, &[0.9]), [vec![Kind::Fired]]);
    assert_eq!(run(&mut play, false), [Kind::RunEnded, Kind::Escalated]);
}

#[test]
fn a_trigger_gives_up_when_runs_bring_nothing() {
    let text = "- { name: a, when: { finding: accuracy, below: 0.95 }, repeat: 5m, give_up: { after: 2, gain: 0.01 } }";
    let mut play = Play::new(text);
    assert_eq!(over(&mut play, 0, &[0.80]), [vec![Kind::Fired]]);
    // Better by enough.
    assert_eq!(over(&mut play, 1, &[0.80, 0.82, 0.81, 0.81]), [NONE, NONE, NONE, NONE]);
    assert_eq!(kinds(&play.tick(6)), [Kind::Fired]);
    assert_eq!(over(&mut play, 6, &[0.815]), [NONE]);
    assert_eq!(kinds(&play.tick(11)), [Kind::Fired]);
    assert_eq!(over(&mut play, 11, &[0.80]), [NONE]);
    let moved = play.tick(16);
    assert_eq!(kinds(&moved), [Kind::Stopped]);
    assert!(moved[0].transition.reason.ends_with("2 runs in a row brought no gain"), "{:?}", moved[0]);
    assert_eq!(kinds(&play.tick(100)), NONE);
    assert_eq!(over(&mut play, 101, &[0.96]), [vec![Kind::Resolved]]);
}

#[test]
fn silence_holds_an_incident_back_until_it_is_over() {
    let text =
        "- { name: a, when: { finding: accuracy }, silence: { from: 1970-01-01T00:00Z, to: 1970-01-01T00:10Z } }";
    let mut play = Play::new(text);
    assert_eq!(over(&mut play, 0, &[0.9, 0.9, 0.99]), [vec![Kind::Silenced], NONE, vec![Kind::Resolved]]);
    assert_eq!(over(&mut play, 3, &[0.9]), [vec![Kind::Silenced]]);
    assert_eq!(play.state("a").wake, Some(10 * MINUTE));
    assert_eq!(kinds(&play.tick(9)), NONE);
    assert_eq!(kinds(&play.tick(10)), [Kind::Fired]);
}

#[test]
fn a_schedule_fires_at_its_times_and_makes_up_for_one_that_was_missed() {
    let mut play = Play::new(
        "- { name: hourly, schedule: '0 * * * *' }\n- { name: asked, schedule: '30 * * * *', mode: approve }",
    );
    assert_eq!(kinds(&play.tick(10)), NONE);
    assert_eq!(play.state("hourly").wake_wall, Some(60 * MINUTE));
    assert_eq!(kinds(&play.tick(30)), [Kind::NeedsApproval]);
    let moved = play.tick(60);
    assert_eq!(kinds(&moved), [Kind::Fired, Kind::Resolved]);
    assert_eq!((moved[0].transition.is_told, moved[1].transition.is_told), (true, false));
    // One incident at a time: it waits still.
    assert_eq!(kinds(&play.tick(95)), NONE);
    assert_eq!(kinds(&play.tick(400)), [Kind::Fired, Kind::Resolved]);
    assert_eq!(kinds(&play.tick(401)), NONE);
    assert_eq!(play.command("asked", Command::Approve).unwrap(), [Kind::Approved, Kind::Fired, Kind::Resolved]);
}

#[test]
fn anybody_may_fire_one_by_hand() {
    let mut play = Play::new("- { name: a, cooldown: 1h }\n- { name: b, when: { finding: accuracy }, mode: suggest }");
    assert_eq!(play.command("a", Command::Fire).unwrap(), [Kind::Fired, Kind::Resolved]);
    assert_eq!(play.command("a", Command::Fire).unwrap(), [Kind::Fired, Kind::Resolved]);
    assert_eq!(over(&mut play, 0, &[0.9]), [vec![Kind::Suggested]]);
    assert!(play.command("b", Command::Approve).is_err());
    assert_eq!(play.command("b", Command::Fire).unwrap(), [Kind::Fired]);
    assert_eq!(over(&mut play, 1, &[0.99]), [vec![Kind::Resolved]]);
}

#[test]
fn each_segment_has_an_incident_of_its_own() {
    let mut play =
        Play::new("- { name: a, when: { finding: accuracy }, per: segment }\n- { name: any, when: { trigger: a } }");
    let of = |segment: &str, n, accuracy| Judged {
        segment: segment.into(),
        id: format!("{segment}{n}"),
        ..window(n, accuracy)
    };
    assert_eq!(kinds(&play.judge(&of("", 0, 0.5))), NONE);
    let moved = play.judge(&of("region=eu", 0, 0.5));
    // The one that names it fires in the same step.
    assert_eq!(kinds(&moved), [Kind::Fired, Kind::Fired]);
    assert_eq!((moved[0].key.as_str(), moved[1].key.as_str()), ("region=eu", ""));
    assert_eq!(moved[1].transition.reason, "the condition holds: `a` is firing");
    assert_eq!(kinds(&play.judge(&of("region=us", 0, 0.5))), [Kind::Fired]);
    assert_eq!(kinds(&play.judge(&of("region=eu", 1, 0.99))), [Kind::Resolved]);
    assert_eq!(kinds(&play.judge(&of("region=us", 1, 0.99))), [Kind::Resolved, Kind::Resolved]);
}

#[test]
fn conditions_are_joined_and_drift_is_counted() {
    let text = "- { name: a, when: { at_least: { n: 2, of: [{ finding: accuracy }, { drifted: { fields: 2 } }, { pass_rate: a not_null, below: 0.5 }] } } }\n\
        - { name: b, all: [{ drifted: { share: 0.6 } }, { not: { finding: accuracy } }] }";
    let mut play = Play::new(text);
    let with = |n, accuracy, drifted: &[&str], pass_rate| {
        let mut it = window(n, accuracy);
        for field in ["a", "b"] {
            let status = if drifted.contains(&field) { Status::Fail } else { Status::Pass };
            it.findings.push(Found { check: format!("{field} stable"), status, observed: None, pass_rate: None });
        }
        // What drift cannot be told of does not count.
        it.findings.push(Found { check: "c stable".into(), status: Status::Skip, observed: None, pass_rate: None });
        let status = Status::Fail;
        it.findings.push(Found { check: "a not_null".into(), status, observed: None, pass_rate: Some(pass_rate) });
        it
    };
    assert_eq!(kinds(&play.judge(&with(0, 0.9, &["a"], 0.9))), NONE);
    assert_eq!(kinds(&play.judge(&with(1, 0.9, &["a"], 0.4))), [Kind::Fired]);
    assert_eq!(kinds(&play.judge(&with(2, 0.99, &["a", "b"], 0.9))), [Kind::Resolved, Kind::Fired]);
    let moved = play.judge(&with(3, 0.99, &["a", "b"], 0.4));
    assert_eq!(kinds(&moved), [Kind::Fired]);
    assert_eq!(
        moved[0].transition.reason,
        "the condition holds: fields that drifted is 2 (at least 2); pass rate of a not_null is 0.4 (below 0.5)"
    );
}

#[test]
fn another_condition_under_the_same_name_begins_anew_and_keeps_its_incident() {
    let mut play = Play::new("- { name: a, when: { finding: accuracy, below: 0.95 } }");
    assert_eq!(over(&mut play, 0, &[0.9]), [vec![Kind::Fired]]);
    play.triggers = triggers("- { name: a, when: { finding: accuracy, below: 0.85 } }");
    // It has seen nothing yet.
    assert_eq!(kinds(&play.tick(2)), NONE);
    let moved = play.judge(&window(2, 0.9));
    assert_eq!(kinds(&moved), [Kind::Resolved]);
    assert_eq!(moved[0].transition.incident, Some(1));
}
