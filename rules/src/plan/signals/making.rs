//! From the suite's signals to those of a plan.

use super::{Feed, Label, Signals, Spec, Term, What};
use crate::args::Form;
use crate::binder::Side;
use crate::family::FamilyType;
use crate::path::Path;
use crate::plan::compile::Compiler;
use crate::plan::segments::{is_dropped, telling};
use crate::plan::triggers::meant;
use crate::plan::{Expectation, Splits};
use crate::row::Slot;
use crate::suite::problem::{At, Problem};
use crate::suite::signals::{Amount, LabelOf, Number, OfFinding, On, Signal};
use crate::suite::triggers::Wanted;
use crate::suite::{Entry, LABEL, Length, Over, Suite, Telling};

impl Compiler<'_> {
    /// The suite's signals; which expectations they mean is found by [`Compiler::find_signals`].
    pub(in crate::plan) fn signals(&mut self, suite: &Suite) -> Signals {
        let mut signals = Signals::default();
        let mut keys: Vec<String> = Vec::new();
        for signal in &suite.signals {
            self.bindings.begin(Side::Record);
            let n_problems = self.problems.len();
            let family = self.family(signal, &mut signals.families);
            let mut labels: Vec<Label> = signal.labels.iter().map(|it| self.label(&it.1, signal, suite)).collect();
            let what = self.what(signal, suite);
            if let Amount::Each(..) = signal.amount {
                labels.push(Label::Each);
            }
            let guard = signal.when.as_ref().and_then(|node| {
                let key = format!("{:?}", node.to_value());
                if let Some(at) = keys.iter().position(|it| *it == key) {
                    // What it reads counts as read by this one, too.
                    let entry = Entry::new(node.at, &signal.path, Form::Short, "", node.at);
                    self.short_guard(node, &entry);
                    return Some(at);
                }
                let entry = Entry::new(node.at, &signal.path, Form::Short, "", node.at);
                signals.guards.push(self.short_guard(node, &entry)?);
                keys.push(key);
                Some(keys.len() - 1)
            });
            let on = self.side(signal, suite);
            let mut members = Vec::new();
            if on == On::Labels {
                self.logged.extend(&self.bindings.touched);
                members.extend(self.label_members());
            }
            if let (Some(family), true) = (family, self.problems.len() == n_problems) {
                if let Some(it) = signals.families.get_mut(family) {
                    it.open.resize(it.labels.len(), false);
                    it.open.iter_mut().zip(&labels).for_each(|(open, label)| *open |= !label.is_bounded());
                }
                signals.feeds.push(Feed { path: signal.path.clone(), family, on, guard, labels, what, members });
            }
        }
        let trace = self.record.role("trace_id").filter(|_| !signals.is_empty());
        signals.trace = trace.and_then(|it| Path::parse(it).ok()).map(|it| self.bindings.slot(&it));
        signals
    }

    fn signal_problem(&mut self, at: At, signal: &Signal, message: impl Into<String>, hint: &str) {
        let problem = Problem::new(at, message).within(&signal.path);
        self.problems.push(if hint.is_empty() { problem } else { problem.hint(hint) });
    }

    /// The place of the family that it feeds.
    fn family(&mut self, signal: &Signal, families: &mut Vec<Spec>) -> Option<usize> {
        let mut labels: Vec<String> = signal.labels.iter().map(|it| it.0.clone()).collect();
        let is_sum = signal.kind == FamilyType::Counter && matches!(signal.amount, Amount::Of(_) | Amount::Each(..));
        if let Amount::Each(label, _) = &signal.amount {
            labels.push(label.clone());
        }
        let spec = Spec {
            name: signal.name.clone(),
            kind: signal.kind,
            help: signal.help.clone(),
            labels,
            bounds: signal.buckets.clone(),
            is_sum,
            keep: signal.keep,
            span: signal.span,
            open: Vec::new(),
            most: signal.most.unwrap_or(Signal::MOST),
            shape: 0,
        };
        let spec = Spec { shape: spec.hash(), ..spec };
        let found = families.iter().find_map(|it| spec.against(it));
        if let Some(message) = found {
            self.signal_problem(signal.at, signal, message, Signal::ALIKE);
            return None;
        }
        match families.iter_mut().enumerate().find(|it| it.1.name == spec.name) {
            Some((at, there)) => {
                there.help = there.help.take().or(spec.help);
                there.most = signal.most.map_or(there.most, |it| it.max(there.most));
                Some(at)
            }
            None => {
                families.push(spec);
                Some(families.len() - 1)
            }
        }
    }

    fn signal_slot(&mut self, field: &str) -> Slot {
        self.bindings.slot(&Path::parse(field).unwrap_or_default())
    }

    fn label(&mut self, of: &LabelOf, signal: &Signal, suite: &Suite) -> Label {
        let (of_findings, of_models) = match signal.amount {
            Amount::Finding(..) | Amount::Findings(..) => (true, false),
            Amount::DeployedAt(_) | Amount::Deployed(_) => (false, true),
            _ => (false, false),
        };
        let only = |this: &mut Self, at: At, is_right: bool, message: &str, hint: &str| {
            if !is_right {
                this.signal_problem(at, signal, message, hint);
            }
        };
        match of {
            LabelOf::Field(field, at) => {
                only(
                    self,
                    *at,
                    !of_findings && !of_models,
                    "what it is about has no fields",
                    "`{finding: ..}`, `{segment: FIELD}`, `{model: ..}` or `{value: ..}`",
                );
                let path = Path::parse(field).unwrap_or_default();
                if is_dropped(&suite.privacy, &path) {
                    let message = format!("`privacy` drops the values of `{field}`, which are this label's");
                    self.signal_problem(*at, signal, message, "`hash` keeps equal values together and tells none");
                }
                Label::Field(field.clone(), self.bindings.slot(&path))
            }
            LabelOf::Bucket(number, buckets) => {
                only(self, signal.at, !of_findings && !of_models, "what it is about has no fields", "");
                Label::Bucket(self.term(number, signal, suite), buckets.clone())
            }
            LabelOf::Constant(it) => Label::Constant(it.clone()),
            LabelOf::Verdict(it, at) => {
                let is_of_records = !of_findings && !of_models && matches!(signal.on, None | Some(On::Records));
                only(self, *at, is_of_records, "verdicts are on records as they come", "");
                Label::Verdict(*it)
            }
            LabelOf::Finding(it, at) => {
                only(self, *at, of_findings, "it is about no findings", "`on: findings`, or `finding: NAME`");
                Label::Finding(*it)
            }
            LabelOf::Segment(it, at) => {
                only(
                    self,
                    *at,
                    of_findings,
                    "segments are those of findings",
                    "`finding: NAME`; of records the field itself is a label",
                );
                Label::Segment(it.clone())
            }
            LabelOf::Model(it, at) => {
                only(self, *at, of_models, "it is about no registered versions", "`of: {model: deployed_at}`");
                Label::Model(*it)
            }
        }
    }

    fn term(&mut self, number: &Number, signal: &Signal, suite: &Suite) -> Term {
        let all = |this: &mut Self, of: &[Number]| of.iter().map(|it| this.term(it, signal, suite)).collect();
        match number {
            Number::Constant(it) => Term::Constant(*it),
            Number::Field(field, at) | Number::Length(field, at) => {
                let told = telling(&suite.privacy, &Path::parse(field).unwrap_or_default());
                if let Some(it) = told.filter(|it| *it != Telling::Keep) {
                    let message =
                        format!("`privacy` says `{}` for `{field}`, so its numbers cannot be shown", it.name());
                    self.signal_problem(*at, signal, message, "`privacy: {FIELD: keep}` lets them be shown");
                }
                let slot = self.signal_slot(field);
                if matches!(number, Number::Field(..)) { Term::Field(slot) } else { Term::Length(slot) }
            }
            Number::Product(of) => Term::Product(all(self, of)),
            Number::Sum(of) => Term::Sum(all(self, of)),
            Number::Difference(it) => {
                Term::Difference(Box::new((self.term(&it.0, signal, suite), self.term(&it.1, signal, suite))))
            }
            Number::Quotient(it) => {
                Term::Quotient(Box::new((self.term(&it.0, signal, suite), self.term(&it.1, signal, suite))))
            }
        }
    }

    fn what(&mut self, signal: &Signal, suite: &Suite) -> What {
        match &signal.amount {
            Amount::Event => What::Event,
            Amount::Of(it) => What::Of(self.term(it, signal, suite)),
            Amount::Each(_, all) => {
                What::Each(all.iter().map(|it| (it.0.clone(), self.term(&it.1, signal, suite))).collect())
            }
            Amount::Finding(..) => What::Observed(Vec::new(), String::new()),
            Amount::Findings(..) => What::Findings(None, None),
            Amount::DeployedAt(it) => What::DeployedAt(it.clone()),
            Amount::Deployed(it) => What::Deployed(it.clone()),
        }
    }

    /// What it is about, which what it reads must fit.
    fn side(&mut self, signal: &Signal, suite: &Suite) -> On {
        let of_findings = matches!(signal.amount, Amount::Finding(..) | Amount::Findings(..));
        let of_models = matches!(signal.amount, Amount::DeployedAt(_) | Amount::Deployed(_));
        if of_findings || of_models {
            if let Some(it) = signal.when.as_ref() {
                self.signal_problem(it.at, signal, "`when` is a condition on records", "");
            }
            if signal.on.is_some_and(|it| of_models || it != On::Findings) {
                let what = if of_models { "the registry of models" } else { "findings" };
                self.signal_problem(
                    signal.at,
                    signal,
                    format!("it is about {what}, whatever `on` says"),
                    "leave out `on`",
                );
            }
            return if of_findings { On::Findings } else { On::Records };
        }
        if signal.on == Some(On::Findings) {
            let hint = "a counter counts findings, and `gauge` with `finding: NAME` shows what one observed";
            self.signal_problem(signal.at, signal, "findings have no fields", hint);
        }
        let reads_label = !self.label_members().is_empty();
        if suite.predictions.is_none() {
            if signal.on == Some(On::Labels) {
                let hint = "`predictions: {}` keeps what labels are joined to";
                self.signal_problem(signal.at, signal, "the suite keeps no predictions, so no labels are joined", hint);
            }
            return signal.on.unwrap_or_default();
        }
        if reads_label && signal.on == Some(On::Records) {
            self.signal_problem(signal.at, signal, "labels come later than records", "`on: labels`, or leave out `on`");
        }
        if reads_label { On::Labels } else { signal.on.unwrap_or_default() }
    }

    /// The cells of the label that were read since the bindings were begun.
    fn label_members(&self) -> Vec<Slot> {
        let is_of_label = |it: &u16| {
            let path = self.bindings.paths.get(usize::from(*it));
            path.is_some_and(|it| it.segments().first().is_some_and(|it| it == LABEL))
        };
        self.bindings.touched.iter().copied().filter(is_of_label).map(Slot).collect()
    }

    /// Finds the expectations that signals mean.
    pub(in crate::plan) fn find_signals(
        &mut self,
        suite: &Suite,
        signals: &mut Signals,
        expectations: &[Expectation],
        splits: &Splits,
    ) {
        for feed in &mut signals.feeds {
            let Some(signal) = suite.signals.iter().find(|it| it.path == feed.path) else { continue };
            match &signal.amount {
                Amount::Finding(wanted, length) => {
                    let checks = self.checks(signal, wanted, expectations);
                    self.segments_of(signal, feed, &checks, expectations, splits);
                    // Without windows, what a batch as a whole showed is all there is.
                    let shortest = suite.windows.pane().map_or_else(String::new, |it| it.to_string());
                    let length = self.length_of(signal, length.as_deref(), suite).unwrap_or(shortest);
                    feed.what = What::Observed(checks, length);
                }
                Amount::Findings(wanted, length) => {
                    let checks = wanted.as_ref().map(|it| self.checks(signal, it, expectations));
                    self.segments_of(signal, feed, &[], expectations, splits);
                    feed.what = What::Findings(checks, self.length_of(signal, length.as_deref(), suite));
                }
                _ => {}
            }
        }
    }

    fn checks(&mut self, signal: &Signal, wanted: &Wanted, expectations: &[Expectation]) -> Vec<usize> {
        let found = match meant(wanted, expectations) {
            Ok(it) => it,
            Err((message, hint)) => {
                self.signal_problem(signal.at, signal, message, &hint);
                return Vec::new();
            }
        };
        let place = |it: &Expectation| expectations.iter().position(|other| std::ptr::eq(other, it));
        found.into_iter().filter_map(place).collect()
    }

    fn segments_of(
        &mut self,
        signal: &Signal,
        feed: &Feed,
        checks: &[usize],
        expectations: &[Expectation],
        splits: &Splits,
    ) {
        let fields: Vec<&String> =
            feed.labels.iter().filter_map(|it| if let Label::Segment(it) = it { Some(it) } else { None }).collect();
        let is_way = |it: &&crate::plan::Split| {
            it.fields.len() == fields.len() && fields.iter().all(|field| it.fields.contains(field))
        };
        if !fields.is_empty() && !splits.by.iter().any(|it| is_way(&it)) {
            let names: Vec<_> = fields.iter().map(|it| it.as_str()).collect();
            let message = format!("the suite does not divide its records by {}", names.join(", "));
            self.signal_problem(signal.at, signal, message, &format!("`segments: [[{}]]`", names.join(", ")));
        }
        let tells = !fields.is_empty() || feed.labels.iter().any(|it| matches!(it, Label::Finding(OfFinding::Segment)));
        let mut meant = checks.iter().filter_map(|it| expectations.get(*it));
        if !tells && !checks.is_empty() && meant.all(|it| it.over == Over::Segments) {
            let hint = "`labels: {segment: {finding: segment}}`";
            self.signal_problem(signal.at, signal, "it is judged of segments only, and no label tells which", hint);
        }
    }

    fn length_of(&mut self, signal: &Signal, given: Option<&str>, suite: &Suite) -> Option<String> {
        let given = given?;
        let read = Length::parse(given).map_or_else(|| given.to_owned(), |it| it.to_string());
        if suite.windows.named(&read).is_none() {
            let all: Vec<_> = suite.windows.lengths.iter().map(ToString::to_string).collect();
            let hint = if all.is_empty() {
                "`windows: {length: 1h}`".to_owned()
            } else {
                format!("there are {}", all.join(", "))
            };
            self.signal_problem(signal.at, signal, format!("the suite has no windows of {given}"), &hint);
        }
        Some(read)
    }
}
