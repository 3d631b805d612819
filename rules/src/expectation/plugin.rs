//! Rules of plugins: what is judged of what they measure. Record checks are judged by the run.

use std::sync::Arc;

use crate::kind::{Args, Binder, Check, Kind, Scope, SketchId, Subject, View, WindowCheck};
use crate::plugin::rule::Summary;
use crate::plugin::{Comparison, Fault, Measurement, Output, Task};
use crate::report::{Counts, Judgement, Status};
use crate::sketch::{Folded, Sketch};
use crate::suite::plugins::same_name;
use crate::value::Value;
use crate::window::Window;

/// A plugin's rule on records. It is not in [`KINDS`](super::KINDS): its names are those of the suite's plugins.
pub static ON_RECORDS: Kind = Kind {
    name: "plugin",
    gx: "expect_records_to_satisfy_plugin",
    in_gx: false,
    since: "0.2.0",
    summary: "each record to satisfy a rule of a plugin",
    subject: Subject::Table,
    scope: Scope::Record,
    mostly: true,
    params: &[],
    main: None,
    page: include_str!("plugin.md"),
    compile: of_suite_only,
};

/// A plugin's rule on windows.
pub static ON_WINDOWS: Kind = Kind {
    name: "plugin",
    gx: "expect_table_to_satisfy_plugin",
    in_gx: false,
    since: "0.2.0",
    summary: "what a plugin measures of a window to be within bounds",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[],
    main: None,
    page: include_str!("plugin.md"),
    compile: of_suite_only,
};

fn of_suite_only(_: &Args, _: &mut Binder) -> Result<Check, String> {
    Err("a plugin's rule is written `plugin.rule`".to_owned())
}

/// Bounds on one output; each of its measurements must lie within.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The output.
    pub output: String,
    /// The least.
    pub min: Option<f64>,
    /// The most.
    pub max: Option<f64>,
}

impl Bound {
    fn holds(&self, value: f64) -> bool {
        self.min.is_none_or(|it| value >= it) && self.max.is_none_or(|it| value <= it)
    }

    /// `between 1 and 3`
    fn words(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("between {min} and {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => "anything".to_owned(),
        }
    }
}

/// A drift test or a metric.
pub struct Measures {
    /// What is kept of the window.
    pub sketch: SketchId,
    /// The plugin's side.
    pub summary: Arc<Summary>,
    /// Which of the two.
    pub task: Task,
    /// What it may measure.
    pub outputs: Vec<Output>,
    /// What is expected of it.
    pub bounds: Vec<Bound>,
}

/// A drift test's own outputs.
pub const STATISTIC: &str = "statistic";
/// See [`STATISTIC`].
pub const P_VALUE: &str = "p_value";

impl WindowCheck for Measures {
    fn judge(&self, view: &View) -> Judgement {
        let bound = self.bounds.iter().map(|it| {
            if self.bounds.len() == 1 && self.outputs.len() < 2 && self.task == Task::Metric {
                it.words()
            } else {
                format!("{} {}", it.output, it.words())
            }
        });
        let bound = bound.collect::<Vec<_>>().join(", ");
        let mut details = vec![("plugin".into(), self.summary.source.to_value())];
        let Some(folded) = self.folded(view.window) else {
            return Judgement::skip("windows are not judged here").bound(bound);
        };
        if view.tally.seen == 0 {
            return Judgement::skip("there is no record").bound(bound).details(Value::Map(details));
        }
        let (n_left_out, first) = folded.misfits();
        if n_left_out > 0 {
            details.push(("left_out".into(), Value::Int(n_left_out as i64)));
        }
        let measured = match self.task {
            Task::DriftTest => self.compare(folded, view, &mut details),
            _ => self.finish(folded, view),
        };
        let mut judgement = match measured {
            Ok(all) => self.bounded(&all),
            Err(Fault::TooLittle(why)) => Judgement::skip(why),
            Err(fault) => Judgement::error(self.summary.source.say(&fault)),
        };
        if let (Some((row, of)), Status::Error | Status::Skip) = (first, judgement.status) {
            let left_out =
                format!("{n_left_out} records were left out, the first, row {row}, for a value of type {of}");
            judgement.why = Some(judgement.why.map_or_else(|| left_out.clone(), |it| format!("{it}; {left_out}")));
        }
        judgement.counts = Some(Counts { elements: view.tally.seen, missing: Some(n_left_out), unexpected: 0 });
        judgement.bound(bound).details(Value::Map(details))
    }
}

impl Measures {
    fn folded<'w>(&self, window: &'w Window) -> Option<&'w Folded> {
        match window.sketches.get(self.sketch.0 as usize) {
            Some(Sketch::Folded(it)) => Some(it),
            _ => None,
        }
    }

    fn finish(&self, folded: &Folded, view: &View) -> Result<Vec<Measurement>, Fault> {
        let state = folded.whole()?;
        let all = self.summary.summarizer.finish(view.context, state.as_deref())?;
        self.known(all)
    }

    fn compare(
        &self,
        folded: &Folded,
        view: &View,
        details: &mut Vec<(std::borrow::Cow<'static, str>, Value<'static>)>,
    ) -> Result<Vec<Measurement>, Fault> {
        let Some(reference) = view.reference.and_then(|it| self.folded(it)) else {
            return Err(Fault::TooLittle("no baseline: there is no window to compare with".to_owned()));
        };
        let [reference, current] = [reference.whole()?, folded.whole()?];
        let it = self.summary.summarizer.compare(view.context, reference.as_deref(), current.as_deref())?;
        let Comparison { statistic, p_value, details: further, explanation } = it;
        if let Some(text) = explanation {
            details.push(("explanation".into(), Value::Str(text.into())));
        }
        details.push((STATISTIC.into(), Value::Num(statistic)));
        details.extend(p_value.map(|it| (P_VALUE.into(), Value::Num(it))));
        let one = |name: &str, value| Measurement { name: name.to_owned(), value, labels: Vec::new() };
        let mut all = vec![one(STATISTIC, statistic)];
        all.extend(p_value.map(|it| one(P_VALUE, it)));
        all.extend(self.known(further)?);
        Ok(all)
    }

    /// A name that the plugin did not announce is an answer that cannot be.
    fn known(&self, mut all: Vec<Measurement>) -> Result<Vec<Measurement>, Fault> {
        for it in &mut all {
            let Some(output) = self.outputs.iter().find(|output| same_name(&output.name, &it.name)) else {
                return Err(Fault::Failed(format!("measured `{}`, which is none of its outputs", it.name)));
            };
            it.name.clone_from(&output.name);
        }
        Ok(all)
    }

    /// Judges what was measured.
    fn bounded(&self, all: &[Measurement]) -> Judgement {
        let mut broken = Vec::new();
        let mut shown = Vec::new();
        for it in all {
            let bound = self.bounds.iter().find(|bound| same_name(&bound.output, &it.name));
            if bound.is_some() && it.value.is_nan() {
                let fault = format!("{} is not a number, so its bound cannot be judged", title(it));
                return Judgement::error(self.summary.source.say(&fault));
            }
            let bound = bound.filter(|bound| !bound.holds(it.value));
            if let Some(bound) = bound {
                broken.push(format!("{} is {}, expected {}", title(it), it.value, bound.words()));
            }
            shown.push(self.shown(it, bound));
        }
        let unmeasured = self.bounds.iter().find(|bound| !all.iter().any(|it| same_name(&it.name, &bound.output)));
        let judgement = match (broken.as_slice(), unmeasured) {
            ([], Some(bound)) => Judgement::skip(format!("`{}` was not measured", bound.output)),
            ([], None) => Judgement::new(Status::Pass),
            (broken, _) => {
                let mut why: Vec<String> = broken.iter().take(5).cloned().collect();
                if broken.len() > 5 {
                    why.push(format!("and {} more", broken.len() - 5));
                }
                Judgement::new(Status::Fail).why(why.join("; "))
            }
        };
        judgement.observed(Value::List(shown))
    }

    /// A measurement in a report, with the bound that it broke.
    fn shown(&self, it: &Measurement, broken: Option<&Bound>) -> Value<'static> {
        let text = |it: &str| Value::Str(it.to_owned().into());
        let mut members = vec![("name".into(), text(&it.name))];
        if !it.labels.is_empty() {
            let labels = it.labels.iter().map(|(name, value)| (name.clone().into(), text(value)));
            members.push(("labels".into(), Value::Map(labels.collect())));
        }
        members.push(("value".into(), Value::Num(it.value)));
        if let Some(unit) = self.outputs.iter().find(|output| output.name == it.name).and_then(|it| it.unit.as_ref()) {
            members.push(("unit".into(), text(unit)));
        }
        if let Some(bound) = broken {
            members.push(("expected".into(), text(&bound.words())));
        }
        Value::Map(members)
    }
}

/// `share{class=refund}`
fn title(it: &Measurement) -> String {
    if it.labels.is_empty() {
        return it.name.clone();
    }
    let labels: Vec<_> = it.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}{{{}}}", it.name, labels.join(","))
}
