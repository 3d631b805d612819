//! An event of a run, added to what is known of the run.

use driftline_rules::time::{Time, seconds};
use serde_json::{Map, Value as Json, json};

use crate::store::rows::Micros;
use crate::store::runs::RunRow;
use crate::wire::{RunEvent, RunJob, RunWord as Word, time};

/// What a run or a job may be; the later ones end it.
pub const STATUSES: [&str; 5] = ["started", "running", "succeeded", "failed", "cancelled"];
const RELOADS: [&str; 2] = ["succeeded", "failed"];
/// Characters of a name.
const LONGEST: usize = 200;
/// Metrics, and jobs, of a run.
const MOST: usize = 1000;

/// Whether a status is of what has ended.
pub fn is_over(status: &str) -> bool {
    rank(status) == 2
}

fn rank(status: &str) -> usize {
    STATUSES.iter().position(|it| *it == status).map_or(0, |it| it.min(2))
}

/// The later of two: what has ended has ended, and of two ends the one that was told last holds.
fn later<'s>(before: Option<&'s str>, told: &'s str) -> &'s str {
    before.filter(|it| rank(it) > rank(told)).unwrap_or(told)
}

/// The run after an event that comes `now`; all that is wrong with the event. `before` has revision 0 where the run is
/// not known yet.
pub fn merged(before: &RunRow, event: &RunEvent, by: &str, now: Micros) -> Result<RunRow, Vec<String>> {
    let mut reader = Reader { problems: Vec::new() };
    let mut run = RunRow { put: now, by: by.to_owned(), ..before.clone() };
    if run.revision == 0 {
        run = RunRow { id: event.id.clone(), metrics: json!({}), data: json!({}), jobs: json!({}), at: now, ..run };
        "started".clone_into(&mut run.status);
        if event.model.is_none() {
            reader.wrong("model", "is missing: the first event of a run says which model it is of");
        }
    }
    reader.name("id", Some(&event.id));
    reader.name("model", event.model.as_ref());
    if let Some(model) = event.model.as_ref() {
        if before.revision > 0 && *model != before.model {
            reader.wrong("model", &format!("is `{model}`; the run is one of `{}`", before.model));
        }
        run.model.clone_from(model);
    }
    if let Some(version) = event.version.as_ref().map(ToString::to_string) {
        reader.name("version", Some(&version));
        run.version = Some(version);
    }
    if let Some(incident) = &event.incident {
        reader.name("incident", Some(incident));
        run.incident = Some(incident.clone());
    }
    if let Some(status) = reader.word("status", event.status.as_ref(), &STATUSES) {
        run.status = String::from(later(Some(&run.status), status));
    }
    run.started = reader.time("started_at", event.started_at.as_ref()).or(run.started);
    run.finished = reader.time("finished_at", event.finished_at.as_ref()).or(run.finished);
    if event.status.as_deref() == Some("started") {
        run.started = run.started.or(Some(now));
    }
    if is_over(&run.status) {
        run.finished = run.finished.or(Some(now));
    }
    if let (Some(started), Some(finished)) = (run.started, run.finished)
        && finished < started
    {
        reader.wrong("finished_at", &format!("{} is before `started_at`, {}", time(finished), time(started)));
    }
    run.at = run.started.or(run.finished).unwrap_or(run.at);
    for (name, value) in event.metrics.iter().flatten() {
        reader.name("metrics", Some(name));
        set(&mut run.metrics, name, json!(value));
    }
    if let Some(data) = &event.data {
        for (name, told) in [("from", &data.from), ("to", &data.to)] {
            if let Some(at) = reader.time(&format!("data.{name}"), told.as_ref()) {
                set(&mut run.data, name, time(at).into());
            }
        }
        for (name, told) in [("rows", data.rows.map(Json::from)), ("uri", data.uri.clone().map(Json::from))] {
            if let Some(told) = told {
                set(&mut run.data, name, told);
            }
        }
    }
    for job in event.job.iter().chain(event.jobs.iter().flatten()) {
        reader.job(&mut run.jobs, job);
    }
    for (name, of) in [("metrics", &run.metrics), ("jobs", &run.jobs)] {
        if of.as_object().is_some_and(|it| it.len() > MOST) {
            reader.wrong(name, &format!("are more than {MOST} of one run"));
        }
    }
    if let Some(told) = &event.reload {
        let mut reload = run.reload.take().unwrap_or_else(|| json!({}));
        if let Some(status) = reader.word("reload.status", told.status.as_ref(), &RELOADS) {
            set(&mut reload, "status", status.into());
        }
        if let Some(at) = reader.time("reload.at", told.at.as_ref()) {
            set(&mut reload, "at", time(at).into());
        }
        if let Some(message) = &told.message {
            set(&mut reload, "message", message.as_str().into());
        }
        run.reload = Some(reload);
    }
    if reader.problems.is_empty() { Ok(run) } else { Err(reader.problems) }
}

fn set(of: &mut Json, name: &str, value: Json) {
    if !of.is_object() {
        *of = Json::Object(Map::new());
    }
    if let Some(members) = of.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// What is wrong with an event, while it is read.
struct Reader {
    problems: Vec<String>,
}

impl Reader {
    fn wrong(&mut self, member: &str, why: &str) {
        self.problems.push(format!("`{member}` {why}"));
    }

    fn name(&mut self, member: &str, text: Option<&String>) {
        let Some(text) = text else { return };
        if text.is_empty() || text.chars().count() > LONGEST || text.chars().any(char::is_control) {
            self.wrong(member, &format!("is no name: 1 to {LONGEST} characters, none of them a control character"));
        }
    }

    fn word<'w>(&mut self, member: &str, text: Option<&'w String>, words: &[&str]) -> Option<&'w str> {
        let text = text?;
        if words.contains(&text.as_str()) {
            return Some(text);
        }
        self.wrong(member, &format!("is `{text}`, which is none of {}", words.join(", ")));
        None
    }

    fn time(&mut self, member: &str, text: Option<&String>) -> Option<Micros> {
        let text = text?;
        let at = Time::parse(text).map(|it| it.micros);
        if at.is_none() {
            self.wrong(member, &format!("is `{text}`, which is no time such as 2024-05-01T12:00:00Z"));
        }
        at
    }

    fn job(&mut self, jobs: &mut Json, told: &RunJob) {
        let member = format!("jobs.{}", told.name);
        self.name("job.name", Some(&told.name));
        let mut job = jobs.get(&told.name).cloned().unwrap_or_else(|| json!({}));
        if let Some(status) = self.word(&format!("{member}.status"), told.status.as_ref(), &STATUSES) {
            let status = later(job.get("status").and_then(Json::as_str), status).to_owned();
            set(&mut job, "status", status.into());
        }
        if let Some(duration) = &told.duration {
            let length = match duration {
                Word::Number(it) => it.as_f64(),
                Word::Text(it) => seconds(it),
            };
            match length.filter(|it| *it >= 0.0 && it.is_finite()) {
                Some(it) => set(&mut job, "duration_seconds", json!(it)),
                None => self.wrong(
                    &format!("{member}.duration"),
                    &format!("is `{duration}`: seconds from 0, or text such as `90s`"),
                ),
            }
        }
        set(jobs, &told.name, job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> RunEvent {
        serde_json::from_str(text).unwrap()
    }

    const EVENTS: [&str; 5] = [
        r#"{"id": "r1", "model": "intents", "status": "started", "started_at": "2024-05-01T12:00:00Z"}"#,
        r#"{"id": "r1", "model": "intents", "job": {"name": "train_model_job", "status": "running"}}"#,
        r#"{"id": "r1", "model": "intents", "job": {"name": "train_model_job", "status": "succeeded", "duration": "5m"}, "data": {"rows": 900}}"#,
        r#"{"id": "r1", "model": "intents", "version": 7, "status": "succeeded", "finished_at": "2024-05-01T12:10:00Z", "metrics": {"accuracy": 0.9}}"#,
        r#"{"id": "r1", "model": "intents", "reload": {"status": "failed", "message": "no room"}}"#,
    ];

    #[test]
    fn events_come_in_any_order_and_again() {
        let all = |order: &[usize]| {
            order.iter().fold(RunRow::default(), |run, i| {
                let next = merged(&run, &event(EVENTS[*i]), "ann", 5).unwrap();
                RunRow { revision: run.revision + 1, ..next }
            })
        };
        let expected = RunRow { revision: 0, ..all(&[0, 1, 2, 3, 4]) };
        assert_eq!(expected.status, "succeeded");
        assert_eq!(expected.version.as_deref(), Some("7"));
        assert_eq!(expected.finished.unwrap() - expected.started.unwrap(), 600_000_000);
        assert_eq!(expected.jobs, json!({"train_model_job": {"status": "succeeded", "duration_seconds": 300.0}}));
        assert_eq!(expected.reload, Some(json!({"status": "failed", "message": "no room"})));
        for order in [[4, 3, 2, 1, 0].as_slice(), &[3, 0, 4, 2, 1], &[0, 0, 1, 2, 3, 3, 4, 4, 0], &[2, 1, 3, 4, 0, 1]] {
            assert_eq!(RunRow { revision: 0, ..all(order) }, expected, "{order:?}");
        }
    }

    #[test]
    fn a_correction_holds_and_an_end_stays_one() {
        let first = RunRow { revision: 1, ..merged(&RunRow::default(), &event(EVENTS[3]), "ann", 5).unwrap() };
        let next = |text: &str| merged(&first, &event(text), "bob", 6).unwrap();
        assert_eq!(next(r#"{"id": "r1", "metrics": {"accuracy": 0.8}}"#).metrics, json!({"accuracy": 0.8}));
        assert_eq!(next(r#"{"id": "r1", "status": "failed"}"#).status, "failed");
        assert_eq!(next(r#"{"id": "r1", "status": "running"}"#).status, "succeeded");
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let text = r#"{"id": "", "status": "done", "started_at": "soon", "metrics": {"": 1},
            "job": {"name": "train", "status": "odd", "duration": "long"}, "reload": {"status": "running"}}"#;
        let problems = merged(&RunRow::default(), &event(text), "ann", 5).unwrap_err();
        assert_eq!(problems.len(), 8, "{problems:#?}");
        let first = RunRow { revision: 1, ..merged(&RunRow::default(), &event(EVENTS[0]), "ann", 5).unwrap() };
        for text in [
            r#"{"id": "r1", "model": "other"}"#,
            r#"{"id": "r1", "finished_at": "2024-05-01T11:00:00Z"}"#,
            r#"{"id": "r1", "job": {"name": "a", "duration": -1}}"#,
        ] {
            assert_eq!(merged(&first, &event(text), "ann", 5).unwrap_err().len(), 1, "{text}");
        }
        let many: Vec<_> = (0..=MOST).map(|it| format!("\"m{it}\": 1")).collect();
        let many = event(&format!("{{\"id\": \"r1\", \"metrics\": {{{}}}}}", many.join(", ")));
        assert_eq!(merged(&first, &many, "ann", 5).unwrap_err(), ["`metrics` are more than 1000 of one run"]);
    }
}
