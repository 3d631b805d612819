//! From the text of a `windows:` block to its data.

use super::{Length, Of, Slide, Windows};
use crate::suite::node::{Data, Member, Node};
use crate::suite::problem::{At, Problem, did_you_mean};
use crate::time::{Timestamp, seconds};
use crate::value::Value;

const MEMBERS: [&str; 5] = ["length", "lengths", "slide", "lateness", "idle"];

/// Spans that overlap are merged and judged one by one, so a record lies in so many of them at most.
const OVERLAPS: Timestamp = 1000;

/// The longest time that the closing of a window may wait for.
const PATIENCE: f64 = 366.0 * 86_400.0;

struct Reader<'p> {
    problems: &'p mut Vec<Problem>,
}

impl Windows {
    /// Reads `windows: off` or `windows: { lengths: [5m, 1h, month], slide: { length: 1h, every: 5m }, .. }`.
    pub(in crate::suite) fn read(node: &Node, problems: &mut Vec<Problem>) -> Self {
        if node.text() == Some("off") || node.to_value() == Value::Bool(false) {
            return Windows::off();
        }
        let mut reader = Reader { problems };
        if !node.is_mapping() && !node.is_null() {
            reader.problem(node.at, "windows", format!("expected `off` or `{{length: 5m}}`, found {}", node.what()));
        }
        let mut windows = Windows::default();
        let mut said = None;
        for Member { name, at, value } in node.members() {
            match name.as_str() {
                "length" | "lengths" => {
                    if said.replace(value.at).is_some() {
                        reader.problem(*at, "windows", "`length` is short for `lengths` of one: say one of the two");
                    }
                    windows.lengths = reader.lengths(name, value).unwrap_or(windows.lengths);
                }
                "slide" => windows.slide = reader.slide(value),
                "lateness" => windows.lateness = reader.time("lateness", value),
                "idle" => windows.idle = reader.time("idle", value).unwrap_or(windows.idle),
                _ => {
                    let hint = did_you_mean(name, MEMBERS)
                        .unwrap_or_else(|| format!("`windows` holds {}", MEMBERS.join(", ")));
                    let problem = Problem::new(*at, format!("unknown member `{name}`"));
                    reader.problems.push(problem.within("windows").hint(hint));
                }
            }
        }
        reader.fit(&windows, said.unwrap_or(node.at));
        windows
    }
}

impl Reader<'_> {
    fn problem(&mut self, at: At, path: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(at, message).within(path));
    }

    /// Some lengths, the shortest first and each once.
    fn lengths(&mut self, name: &str, node: &Node) -> Option<Vec<Length>> {
        let path = format!("windows.{name}");
        let one = std::slice::from_ref(node);
        let items = if name == "lengths" { node.items().unwrap_or(one) } else { one };
        let mut lengths: Vec<_> = items.iter().filter_map(|it| self.length(it, &path)).collect();
        if items.is_empty() {
            self.problem(node.at, &path, "expected at least one length; `windows: off` says that there are no windows");
        }
        lengths.sort_unstable();
        lengths.dedup();
        (!lengths.is_empty()).then_some(lengths)
    }

    fn length(&mut self, node: &Node, path: &str) -> Option<Length> {
        let length = node.text().and_then(Length::parse);
        if length.is_none() {
            let message = format!("expected a length of time, found {}", node.what());
            let hint = "a length is such as `30s`, `5m`, `1h`, `1d` or `1w`, at least a second and at most 366 days, or \
                        `month`";
            self.problems.push(Problem::new(node.at, message).within(path).hint(hint));
        }
        length
    }

    fn time(&mut self, name: &str, node: &Node) -> Option<Timestamp> {
        if node.is_null() {
            return None;
        }
        let found = match &node.data {
            Data::Scalar(Value::Int(0)) => Some(0.0),
            _ => node.text().and_then(seconds).filter(|it| *it <= PATIENCE),
        };
        if found.is_none() {
            let message = format!("expected a length of time such as `10m`, found {}", node.what());
            self.problem(node.at, &format!("windows.{name}"), message);
        }
        found.map(|it| (it * 1e6).round() as Timestamp)
    }

    fn slide(&mut self, node: &Node) -> Option<Slide> {
        let path = "windows.slide";
        if node.is_null() {
            return None;
        }
        for member in node.members() {
            if !["length", "every"].contains(&member.name.as_str()) {
                let problem = Problem::new(member.at, format!("unknown member `{}`", member.name));
                self.problems.push(problem.within(path).hint("`slide` holds length and every"));
            }
        }
        let (Some(length), Some(every)) = (node.get("length"), node.get("every")) else {
            self.problem(node.at, path, "expected `{length: 1h, every: 5m}`");
            return None;
        };
        let (Some(whole), Some(step)) = (self.length(length, path), self.length(every, path)) else { return None };
        let (Length::Time(length), Length::Time(every)) = (whole, step) else {
            self.problem(node.at, path, "months do not slide: say a length such as `30d`");
            return None;
        };
        if length <= every || length % every != 0 {
            self.problem(node.at, path, format!("a `length` of {whole} is not a multiple of `every` {step}"));
            return None;
        }
        if length / every > OVERLAPS {
            self.problem(node.at, path, format!("each record would lie in more than {OVERLAPS} windows"));
            return None;
        }
        Some(Slide { length, every })
    }

    /// Every longer window must be made of whole panes.
    fn fit(&mut self, windows: &Windows, at: At) {
        let Some(pane) = windows.pane() else { return };
        let longer = windows.lengths.iter().skip(1).map(|it| Of::Length(*it));
        for of in longer.chain(windows.slide.map(Of::Slide)).filter(|it| windows.base(*it).is_none()) {
            let message = match of {
                Of::Length(Length::Month) => format!("days are not a multiple of the shortest length, {pane}"),
                Of::Length(it) => format!("{it} is not a multiple of the shortest length, {pane}"),
                Of::Slide(it) => {
                    format!(
                        "{}, by which windows slide, is not a multiple of the shortest length, {pane}",
                        Length::Time(it.every)
                    )
                }
            };
            let hint =
                "longer windows are merges of the shortest; weeks begin on Mondays, months on their first day, UTC";
            self.problems.push(Problem::new(at, message).within("windows").hint(hint));
        }
    }
}
