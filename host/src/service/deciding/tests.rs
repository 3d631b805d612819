use driftline_rules::plan::{Options, Plan, compile};
use driftline_rules::suite::read;
use driftline_rules::trigger::{Command, Event, Moved};

use super::*;
use crate::store::triggers::Decision;

const SUITE: &str = "\
windows: { length: 1m }
record: { version: model_version }
segments: [[model_version, region]]
expectations:
- { field: score, mean_between: { min: 0.9 }, name: score }
triggers:
- { name: low, when: { finding: score }, mode: approve, per: segment, actions: [retrain, chat], notify: [chat, page], notes: 'see the runbook' }
";

fn plan() -> Plan {
    let (suite, mut problems) = read(SUITE);
    let (plan, more) = compile(&suite, &Options::default());
    problems.extend(more);
    assert!(problems.is_empty(), "{problems:?}");
    plan
}

const KEY: &str = "model_version=3, region=eu";

fn low(n: i64) -> trigger::Judged {
    let status = driftline_rules::report::Status::Fail;
    let found = trigger::Found { check: "score".into(), status, observed: Some(0.5), pass_rate: None };
    let (start, end) = (n * 60_000_000, (n + 1) * 60_000_000);
    let (id, length, segment) = (format!("w{n}"), "1m".to_owned(), KEY.to_owned());
    trigger::Judged { id, start, end, length, segment, records: 10, is_judged: true, findings: vec![found] }
}

async fn decided(store: &Store, rules: Rules<'_>, wanted: Option<Command>) -> Decision {
    let mut sight = Sight::of(store, rules).await.unwrap();
    let times = sight.times;
    let moved = match wanted {
        None => trigger::advance(&rules.plan.triggers, &mut sight.states, &Event::Window(&low(1)), times),
        Some(it) => {
            let state = sight.states.get_mut(&("low".to_owned(), KEY.to_owned())).unwrap();
            let done = trigger::command(&rules.plan.triggers[0], state, it, "why not", times, &|_| None).unwrap();
            done.into_iter().map(|transition| Moved { trigger: 0, key: KEY.to_owned(), transition }).collect()
        }
    };
    sight.write(store, rules, Vec::new(), moved, wanted.map(|_| "ann")).await.unwrap().unwrap()
}

#[tokio::test]
async fn actions_are_run_when_it_fires_and_others_are_told_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("store.db").display());
    let store = Store::open(&url, &store::Options::default()).await.unwrap();
    let plan = plan();
    let rules = Rules { suite: "loans", hash: "5", plan: &plan };
    let asked = decided(&store, rules, None).await;
    let told =
        |it: &Decision| -> Vec<(String, &str)> { it.notices.iter().map(|it| (it.action.clone(), it.kind)).collect() };
    let needs = "io.driftline.trigger.needs_approval.v1";
    assert_eq!(told(&asked), [("chat".to_owned(), needs), ("page".to_owned(), needs)]);
    let data = &asked.notices[0].data;
    assert_eq!((&data["version"], &data["key"], &data["mode"]), (&"3".into(), &KEY.into(), &"approve".into()));
    assert_eq!(
        (&data["reason"], &data["notes"]),
        (&"the condition holds: score is 0.5 (fail)".into(), &"see the runbook".into())
    );
    assert_eq!(
        (&data["data"]["from"], &data["data"]["to"]),
        (&"1970-01-01T00:01:00.000000Z".into(), &"1970-01-01T00:02:00.000000Z".into())
    );
    assert_eq!(data["links"]["windows"][0], "/v1/windows/w1");
    assert_eq!(data["links"]["incident"], format!("/v1/incidents/{}", asked.incidents[0].id));
    // The same window again is nothing new.
    assert!(decided(&store, rules, None).await.notices.is_empty());
    let approved = decided(&store, rules, Some(Command::Approve)).await;
    let (approves, fires) = ("io.driftline.trigger.approved.v1", "io.driftline.trigger.fired.v1");
    let named =
        |names: &[&str], kind: &'static str| names.iter().map(|it| ((*it).to_owned(), kind)).collect::<Vec<_>>();
    let expected = [named(&["chat", "page"], approves), named(&["chat", "page", "retrain"], fires)].concat();
    assert_eq!(told(&approved), expected);
    assert_eq!(approved.notices[0].data["by"], "ann");
    // Ids follow from the incident, the step and the action, so that nothing is told twice.
    let mut ids: Vec<_> = asked.notices.iter().chain(&approved.notices).map(|it| it.id).collect();
    assert_eq!(approved.events.iter().map(|it| it.n).collect::<Vec<_>>(), [2, 3]);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 7);
    assert!(run_ended(&store, rules, approved.incidents[0].id, false, "the job failed").await.unwrap());
    let events = store.incident_events(approved.incidents[0].id).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["needs_approval", "approved", "fired", "run_ended", "escalated"]);
}
