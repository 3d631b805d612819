//! `watch:` beside an expectation: the number that it finds in one window after another, watched by a change detector.

use serde_json::{Map, Value as Json};

use super::Expectation;
use super::compile::Compiler;
use super::implicit::only;
use crate::detector::{self, DETECTORS, DetectorKind, Settings, Takes, Watch};
use crate::kind::{Check, Kind, Scope, Subject};
use crate::report::Severity;
use crate::suite::Entry;
use crate::suite::node::{Member, Node};
use crate::suite::problem::{Problem, did_you_mean};
use crate::value::Value;

/// What an expectation finds does not change from window to window.
pub static NO_CHANGE: Kind = Kind {
    name: "no_change",
    gx: "expect_observed_value_not_to_change",
    in_gx: false,
    since: "0.1.0",
    summary: "what another expectation finds not to change from window to window",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[],
    main: None,
    page: "",
    compile: only,
};

/// Members of `watch:` that are not the detector's parameters.
const OWN: [&str; 2] = ["detector", "severity"];

impl Compiler<'_> {
    /// The expectation that watches `target`, which stands right before it.
    pub(super) fn watch(&mut self, entry: &Entry, target: &Expectation) -> Option<Expectation> {
        let node = entry.watch.as_ref()?;
        let path = format!("{}.watch", entry.path);
        let (watch, severity) = match read(node, entry.severity) {
            Ok(it) => it,
            Err(problems) => {
                self.problems.extend(problems.into_iter().map(|it| it.within(&path)));
                return None;
            }
        };
        let kind = watch.settings.kind();
        let mut kwargs: Vec<_> = vec![("detector".into(), Value::text(kind.name))];
        kwargs.extend(watch.settings.all().map(|(it, value)| (it.name.into(), plain(&it.to_json(value)))));
        Some(Expectation {
            kind: &NO_CHANGE,
            called: None,
            type_name: NO_CHANGE.gx.to_owned(),
            source: None,
            form: target.form,
            at: node.at,
            path,
            name: Some(format!("{}, {}", target.title(), kind.name)),
            fields: target.fields.clone(),
            slots: Vec::new(),
            reads: target.reads.clone(),
            ignore: super::Ignore::Never,
            guard: None,
            when: target.when.clone(),
            mostly: 1.0,
            severity,
            over: target.over,
            side: target.side,
            kwargs: Value::Map(kwargs),
            carried: Vec::new(),
            // What privacy keeps out of windows cannot be watched there.
            sketches: target.sketches.clone(),
            reads_columns: target.reads_columns,
            check: Check::Watch(Box::new(watch)),
        })
    }
}

/// A parameter as a value of a suite.
fn plain(it: &Json) -> Value<'static> {
    match it {
        Json::Bool(it) => Value::Bool(*it),
        Json::Number(it) => it.as_i64().map_or_else(|| Value::Num(it.as_f64().unwrap_or(f64::NAN)), Value::Int),
        Json::String(it) => Value::Str(it.clone().into()),
        _ => Value::Null,
    }
}

fn read(node: &Node, severity: Severity) -> Result<(Watch, Severity), Vec<Problem>> {
    let usual = || "`watch: adwin`, or `watch: { detector: page_hinkley, threshold: 50 }`";
    let name = match node.text() {
        Some(_) => node,
        None if !node.is_mapping() => {
            let message = format!("expected a detector, found {}", node.what());
            return Err(vec![Problem::new(node.at, message).hint(usual())]);
        }
        None => node
            .get("detector")
            .ok_or_else(|| vec![Problem::new(node.at, "`watch` needs a `detector`").hint(usual())])?,
    };
    let kind = detector(name).map_err(|it| vec![it])?;
    let mut problems = Vec::new();
    let mut params = Map::new();
    for Member { name, value, .. } in node.members().iter().filter(|it| !OWN.contains(&it.name.as_str())) {
        params.insert(name.clone(), value.to_value().to_json());
    }
    let severity = match node.get("severity") {
        None => severity,
        Some(it) => Severity::ALL.into_iter().find(|word| Some(word.name()) == it.text()).unwrap_or_else(|| {
            let names: Vec<_> = Severity::ALL.iter().map(|it| it.name()).collect();
            let message = format!("unknown severity {}", it.what());
            problems.push(Problem::new(it.at, message).hint(format!("the severities are {}", names.join(", "))));
            severity
        }),
    };
    // A detector that is told wrong says so when it is made.
    let made = Settings::read(kind, &params).and_then(|it| {
        detector::Detector::new(kind, &params)?;
        Ok(it)
    });
    match made {
        Ok(settings) if problems.is_empty() => Ok((Watch { settings }, severity)),
        Ok(_) => Err(problems),
        Err(why) => {
            problems.push(Problem::new(node.at, why));
            Err(problems)
        }
    }
}

fn detector(node: &Node) -> Result<&'static DetectorKind, Problem> {
    let name = node.text().unwrap_or_default();
    let fitting = || DETECTORS.iter().filter(|it| it.takes != Takes::Bits).map(|it| it.name);
    let all = || format!("there are {}", fitting().collect::<Vec<_>>().join(", "));
    match detector::find(name) {
        Some(it) if it.takes == Takes::Bits => {
            let message = format!("`{}` takes {}, one a record, and windows have shares", it.name, it.takes.describe());
            Err(Problem::new(node.at, message).hint(format!("{}; `driftline detect` runs it over records", all())))
        }
        Some(it) => Ok(it),
        None => {
            let message = format!("there is no detector `{name}`");
            Err(Problem::new(node.at, message).hint(did_you_mean(name, fitting()).unwrap_or_else(all)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Options, Plan, compile};
    use crate::suite::read;

    fn compiled(watch: &str) -> (Plan, Vec<Problem>) {
        let text =
            format!("expectations:\n- {{ field: a, mean_between: {{ min: 0 }}, severity: warning, watch: {watch} }}");
        let (suite, mut problems) = read(&text);
        let (plan, more) = compile(&suite, &Options::default());
        problems.extend(more);
        (plan, problems)
    }

    #[test]
    fn a_watch_stands_behind_what_it_watches() {
        let (plan, problems) = compiled("{ detector: page_hinkley, threshold: 5, cooldown: 3, severity: info }");
        assert!(problems.is_empty(), "{problems:?}");
        let [_, target, watch] = plan.expectations.as_slice() else { panic!("{:?}", plan.expectations) };
        assert_eq!((target.kind.name, target.severity), ("mean_between", Severity::Warning));
        assert_eq!((watch.title(), watch.severity), ("a mean_between, page_hinkley".to_owned(), Severity::Info));
        let Check::Watch(it) = &watch.check else { panic!("{:?}", watch.check) };
        assert_eq!((it.words(), it.warm_up()), ("page_hinkley (threshold 5.0, cooldown 3)".to_owned(), 30));
        let (plan, problems) = compiled("adwin");
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(plan.expectations.last().map(|it| it.severity), Some(Severity::Warning));
    }

    #[test]
    fn what_is_wrong_with_a_watch_is_told_with_its_place() {
        for (watch, message) in [
            ("5", "expected a detector, found a number"),
            ("{ threshold: 5 }", "`watch` needs a `detector`"),
            ("page_hinkly", "there is no detector `page_hinkly`"),
            ("ddm", "`ddm` takes 0 and 1, one a record, and windows have shares"),
            ("{ detector: adwin, delta: 7 }", "`adwin`: `delta` must be a number above 0 and at most 1, not 7"),
            ("{ detector: adwin, speed: 7 }", "`adwin` has no parameter `speed`"),
            ("{ detector: adwin, severity: bad }", "unknown severity"),
        ] {
            let (_, problems) = compiled(watch);
            let [problem] = problems.as_slice() else { panic!("{watch}: {problems:?}") };
            assert!(problem.message.starts_with(message), "{watch}: {}", problem.message);
            assert_eq!(problem.path, "expectations[0].watch");
        }
        let (_, problems) =
            read("expectations:\n- { type: expect_column_mean_to_be_between, kwargs: {column: a}, watch: adwin }");
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
}
