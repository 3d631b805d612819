//! From the text of a `triggers:` block to its data.

use super::{Condition, GiveUp, Leaf, Mode, Per, Schedule, Silence, Trigger, Verify, When};
use crate::report::Severity;
use crate::suite::node::{Data, Member, Node};
use crate::suite::problem::{At, Problem, did_you_mean};
use crate::time::{Time, Timestamp, seconds};
use crate::value::Value;

const MEMBERS: [&str; 18] = [
    "name", "when", "all", "any", "at_least", "schedule", "for", "cooldown", "repeat", "severity", "per", "mode",
    "silence", "verify", "give_up", "actions", "notify", "notes",
];

/// Triggers of a suite.
const MOST: usize = 200;

/// The longest time that is waited for.
const LONGEST: f64 = 10.0 * 366.0 * 86_400.0;

pub(super) struct Reader<'p> {
    pub(super) problems: &'p mut Vec<Problem>,
    /// The path of the trigger that is being read.
    pub(super) path: String,
    /// What its conditions read so far.
    pub(super) leaves: Vec<Leaf>,
}

impl Trigger {
    /// Reads `triggers:`, a list or a mapping of names.
    pub(in crate::suite) fn read_all(node: &Node, problems: &mut Vec<Problem>) -> Vec<Trigger> {
        let mut triggers: Vec<Trigger> = Vec::new();
        let named: Vec<(Option<&Member>, &Node)> = match &node.data {
            Data::List(items) => items.iter().map(|it| (None, it)).collect(),
            Data::Map(members) => members.iter().map(|it| (Some(it), &it.value)).collect(),
            Data::Scalar(_) if node.is_null() => Vec::new(),
            Data::Scalar(_) => {
                let message = format!("expected a list of triggers, found {}", node.what());
                problems.push(Problem::new(node.at, message).within("triggers"));
                return triggers;
            }
        };
        if named.len() > MOST {
            problems.push(Problem::new(node.at, format!("more than {MOST} triggers")).within("triggers"));
        }
        for (i, (member, value)) in named.into_iter().take(MOST).enumerate() {
            let path = member.map_or_else(|| format!("triggers[{i}]"), |it| format!("triggers.{}", it.name));
            let Some(it) = (Reader { problems, path, leaves: Vec::new() }).trigger(member, value) else { continue };
            match triggers.iter().find(|other| other.name == it.name) {
                Some(twin) => {
                    let message = format!("there are two triggers `{}`", it.name);
                    let hint = format!("the other stands in line {}; each needs a name of its own", twin.at.line);
                    problems.push(Problem::new(it.at, message).within(&it.path).hint(hint));
                }
                None => triggers.push(it),
            }
        }
        triggers
    }
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, at: At, member: &str, message: impl Into<String>, hint: &str) {
        let path = if member.is_empty() { self.path.clone() } else { format!("{}.{member}", self.path) };
        let problem = Problem::new(at, message).within(&path);
        self.problems.push(if hint.is_empty() { problem } else { problem.hint(hint) });
    }

    /// Says what is not among the members that there are.
    pub(super) fn only(&mut self, node: &Node, path: &str, known: &[&str]) {
        for member in node.members() {
            if !known.contains(&member.name.as_str()) {
                let hint = did_you_mean(&member.name, known.iter().copied())
                    .unwrap_or_else(|| format!("it holds {}", known.join(", ")));
                self.problem(member.at, path, format!("unknown member `{}`", member.name), &hint);
            }
        }
    }

    fn trigger(mut self, member: Option<&Member>, node: &Node) -> Option<Trigger> {
        if !node.is_mapping() {
            let message = format!("expected a trigger, found {}", node.what());
            self.problem(node.at, "", message, "`{name: .., when: {finding: NAME}}`");
            return None;
        }
        self.only(node, "", &MEMBERS);
        let name = match (member, node.get("name")) {
            (Some(it), None) => it.name.clone(),
            (Some(it), Some(own)) => {
                self.problem(own.at, "name", "it has a name already, as a member of the mapping", "");
                it.name.clone()
            }
            (None, Some(own)) => own.text().map(str::trim).unwrap_or_default().to_owned(),
            (None, None) => String::new(),
        };
        if name.is_empty() || name.chars().count() > 200 || name.contains(['/', '\0']) {
            let hint = "`name: accuracy is down`; its state is kept by it";
            let at = node.get("name").map_or(node.at, |it| it.at);
            self.problem(at, "name", "a trigger needs a name of up to 200 characters, without `/`", hint);
            return None;
        }
        let when = self.when(node);
        let is_condition = matches!(when, When::Condition(_));
        let severity = self.word(node, "severity", Severity::ALL.map(|it| (it.name(), it))).unwrap_or_default();
        let mode = self.word(node, "mode", Mode::ALL.map(|it| (it.name(), it))).unwrap_or_default();
        let time = |this: &mut Self, name: &str| node.get(name).and_then(|it| this.time(it, name));
        let hold = time(&mut self, "for").unwrap_or(0);
        let cooldown = time(&mut self, "cooldown").unwrap_or(0);
        let repeat = time(&mut self, "repeat");
        if let Some(it) = node.get("for").filter(|_| !is_condition) {
            self.problem(it.at, "for", "only a condition can hold for some time", "");
        }
        if let (Some(it), Some(at)) = (repeat, node.get("repeat").map(|it| it.at)) {
            if !is_condition {
                self.problem(at, "repeat", "only a condition can hold still", "");
            } else if it < cooldown || it == 0 {
                self.problem(at, "repeat", "it must be longer than nothing and no shorter than `cooldown`", "");
            }
        }
        let per = node.get("per").map_or(Per::Suite, |it| self.per(it));
        if per != Per::Suite && !is_condition {
            let at = node.get("per").map_or(node.at, |it| it.at);
            self.problem(at, "per", "only a condition can be judged of segments", "");
        }
        let silence = node.get("silence").map(|it| self.silences(it)).unwrap_or_default();
        let verify = node.get("verify").and_then(|it| self.verify(it, is_condition));
        let give_up = node.get("give_up").and_then(|it| self.give_up(it));
        let actions = node.get("actions").map(|it| self.names(it, "actions")).unwrap_or_default();
        let notify = node.get("notify").map(|it| self.names(it, "notify")).unwrap_or_default();
        if let Some(it) = node.get("actions").filter(|_| mode == Mode::Suggest && !actions.is_empty()) {
            let hint = "`notify:` names those that are told of it";
            self.problem(it.at, "actions", "`mode: suggest` runs no actions", hint);
        }
        let notes = node.get("notes").and_then(|it| it.text().map(str::to_owned));
        let (at, path, leaves) = (node.at, self.path, self.leaves);
        Some(Trigger {
            name,
            at,
            path,
            when,
            leaves,
            hold,
            cooldown,
            repeat,
            severity,
            per,
            mode,
            silence,
            verify,
            give_up,
            actions,
            notify,
            notes,
        })
    }

    fn when(&mut self, node: &Node) -> When {
        let given: Vec<_> = ["when", "all", "any", "at_least", "schedule"]
            .into_iter()
            .filter(|it| node.get(it).is_some_and(|it| !it.is_null()))
            .collect();
        if let [_, second, ..] = given.as_slice() {
            let at = node.get(second).map_or(node.at, |it| it.at);
            let message = format!("`{}` stand side by side", given.join("` and `"));
            self.problem(at, second, message, "say one; `all: [..]` and `any: [..]` join conditions");
        }
        match given.first() {
            None => When::Demand,
            Some(&"schedule") => {
                let value = node.get("schedule").unwrap_or(node);
                self.schedule(value, "schedule").map_or(When::Demand, When::Schedule)
            }
            Some(&"when") => {
                let value = node.get("when").unwrap_or(node);
                self.condition(value, "when", 0).map_or(When::Demand, When::Condition)
            }
            // The joining words may stand at the top.
            Some(word) => {
                let members = node.members().iter().filter(|it| it.name == **word).cloned().collect();
                let value = Node { at: node.at, data: Data::Map(members) };
                self.condition(&value, "", 0).map_or(When::Demand, When::Condition)
            }
        }
    }

    pub(super) fn schedule(&mut self, node: &Node, member: &str) -> Option<Schedule> {
        let hint = "`0 3 * * 1` is Mondays at 03:00 UTC: minute, hour, day of the month, month, day of the week";
        match node.text().map(Schedule::parse) {
            Some(Ok(it)) => Some(it),
            Some(Err(why)) => {
                self.problem(node.at, member, format!("not a schedule as cron writes it: {why}"), hint);
                None
            }
            None => {
                self.problem(node.at, member, format!("expected a schedule, found {}", node.what()), hint);
                None
            }
        }
    }

    pub(super) fn word<T: Copy, const N: usize>(
        &mut self,
        node: &Node,
        member: &str,
        words: [(&'static str, T); N],
    ) -> Option<T> {
        let value = node.get(member).filter(|it| !it.is_null())?;
        let given = value.text().unwrap_or_else(|| value.what());
        let found = words.iter().find(|it| it.0 == given).map(|it| it.1);
        if found.is_none() {
            let names = words.map(|it| it.0);
            let hint = did_you_mean(given, names).unwrap_or_else(|| format!("it is one of {}", names.join(", ")));
            self.problem(value.at, member, format!("unknown word `{given}`"), &hint);
        }
        found
    }

    pub(super) fn time(&mut self, node: &Node, member: &str) -> Option<Timestamp> {
        if node.is_null() {
            return None;
        }
        let found = match &node.data {
            Data::Scalar(Value::Int(0)) => Some(0.0),
            _ => node.text().and_then(seconds).filter(|it| *it <= LONGEST),
        };
        if found.is_none() {
            let message = format!("expected a length of time such as `30m`, found {}", node.what());
            self.problem(node.at, member, message, "");
        }
        found.map(|it| (it * 1e6).round() as Timestamp)
    }

    pub(super) fn number(&mut self, node: &Node, member: &str) -> Option<f64> {
        let found = match &node.data {
            Data::Scalar(it) => it.as_f64().filter(|it| it.is_finite()),
            _ => None,
        };
        if found.is_none() && !node.is_null() {
            self.problem(node.at, member, format!("expected a number, found {}", node.what()), "");
        }
        found
    }

    pub(super) fn count(&mut self, node: &Node, member: &str, least: i64, most: i64) -> Option<i64> {
        match node.data {
            Data::Scalar(Value::Int(it)) if (least..=most).contains(&it) => Some(it),
            _ => {
                self.problem(node.at, member, format!("expected a whole number from {least} to {most}"), "");
                None
            }
        }
    }

    pub(super) fn names(&mut self, node: &Node, member: &str) -> Vec<String> {
        let one = std::slice::from_ref(node);
        let items = if node.is_null() { &[] } else { node.items().unwrap_or(one) };
        let mut names = Vec::new();
        for it in items {
            match it.text() {
                Some(name) if !name.is_empty() => names.push(name.to_owned()),
                _ => self.problem(it.at, member, format!("expected a name, found {}", it.what()), ""),
            }
        }
        names.dedup();
        names
    }

    fn per(&mut self, node: &Node) -> Per {
        let names = self.names(node, "per");
        match names.as_slice() {
            [] => Per::Suite,
            [one] if one == "suite" => Per::Suite,
            [one] if one == "segment" => Per::Segment,
            _ => Per::Fields(names),
        }
    }

    fn silences(&mut self, node: &Node) -> Vec<Silence> {
        let one = std::slice::from_ref(node);
        let items = if node.is_null() { &[] } else { node.items().unwrap_or(one) };
        items.iter().filter_map(|it| self.silence(it)).collect()
    }

    fn silence(&mut self, node: &Node) -> Option<Silence> {
        let hint = "`{from: 2026-12-24T00:00Z, to: 2026-12-27T00:00Z}` or `{schedule: \"0 2 * * 0\", lasts: 2h}`";
        self.only(node, "silence", &["from", "to", "schedule", "lasts"]);
        match (node.get("from"), node.get("to"), node.get("schedule"), node.get("lasts")) {
            (Some(from), Some(to), None, None) => {
                let [from, to] = [from, to].map(|it| (it.at, it.text().and_then(Time::parse).map(|it| it.micros)));
                for (at, found) in [from, to] {
                    if found.is_none() {
                        self.problem(at, "silence", "expected a time such as `2026-12-24T00:00Z`", "");
                    }
                }
                let ((_, from), (at, to)) = (from, to);
                let (from, to) = (from?, to?);
                if to <= from {
                    self.problem(at, "silence", "it ends before it begins", "");
                    return None;
                }
                Some(Silence::Between(from, to))
            }
            (None, None, Some(schedule), Some(lasts)) => {
                let (schedule, lasts) = (self.schedule(schedule, "silence"), self.time(lasts, "silence"));
                Some(Silence::Every(schedule?, lasts?))
            }
            _ => {
                self.problem(node.at, "silence", "expected a time to be silent in", hint);
                None
            }
        }
    }

    fn verify(&mut self, node: &Node, is_condition: bool) -> Option<Verify> {
        let within = node.get("within").and_then(|it| self.time(it, "verify.within")).filter(|it| *it > 0);
        if within.is_none() {
            let hint = "`verify: {within: 24h, finding: accuracy, above: 0.95}`";
            self.problem(node.at, "verify", "`within` is missing: how long it may take", hint);
        }
        let members = node.members().iter().filter(|it| it.name != "within").cloned().collect::<Vec<_>>();
        let mut leaf = None;
        if !members.is_empty() {
            let value = Node { at: node.at, data: Data::Map(members) };
            match self.condition(&value, "verify", 0)? {
                Condition::Leaf(it) => leaf = Some(it),
                _ => self.problem(node.at, "verify", "it takes one finding, and no others joined", ""),
            }
        } else if !is_condition {
            let hint = "name what is to be looked at: `finding: accuracy, above: 0.95`";
            self.problem(node.at, "verify", "there is no condition that could hold no more", hint);
        }
        Some(Verify { within: within?, leaf })
    }

    fn give_up(&mut self, node: &Node) -> Option<GiveUp> {
        self.only(node, "give_up", &["after", "gain"]);
        let Some(after) = node.get("after") else {
            let hint = "`give_up: {after: 3, gain: 0.005}`";
            self.problem(node.at, "give_up", "`after` is missing: how many runs without gain", hint);
            return None;
        };
        let after = self.count(after, "give_up.after", 1, 1_000)?;
        let gain = node.get("gain").and_then(|it| self.number(it, "give_up.gain")).unwrap_or(0.0);
        if gain < 0.0 {
            self.problem(node.at, "give_up", "a gain is not below 0", "");
        }
        Some(GiveUp { after: after as u32, gain: gain.max(0.0) })
    }
}
