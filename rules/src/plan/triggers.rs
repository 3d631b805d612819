//! The triggers of a suite, with the expectations that they mean, in the order in which they can be decided.

use std::fmt::Write as _;

use super::compile::Compiler;
use super::{Expectation, Splits};
use crate::kind::Check;
use crate::suite::problem::{At, Problem, did_you_mean};
use crate::suite::triggers::{Condition, Leaf, Per, Source, Trigger, Wanted, When};
use crate::suite::{Over, Suite, Windows};

/// The length of windows that no record came in.
const SILENCE: &str = "silence";

impl Compiler<'_> {
    /// The triggers, one that names another behind it.
    pub(super) fn triggers(&mut self, suite: &Suite, expectations: &[Expectation], splits: &Splits) -> Vec<Trigger> {
        let mut triggers = suite.triggers.clone();
        let names: Vec<_> = triggers.iter().map(|it| it.name.clone()).collect();
        let has_conditions = triggers.iter().any(|it| !it.leaves.is_empty());
        if has_conditions && suite.windows.pane().is_none() {
            let message = "the suite has no windows, so triggers have nothing to look at";
            self.problems.push(Problem::new(At::START, message).within("triggers").hint("`windows: {length: 5m}`"));
        }
        for trigger in &mut triggers {
            self.per(trigger, splits);
            let Trigger { leaves, per, .. } = &mut *trigger;
            for leaf in leaves {
                self.leaf(leaf, per, suite, expectations, splits);
            }
            for (name, at) in trigger.triggers() {
                if !names.iter().any(|it| it == name) {
                    let hint = did_you_mean(name, names.iter().map(String::as_str));
                    let problem = Problem::new(at, format!("there is no trigger `{name}`")).within(&trigger.path);
                    self.problems.push(match hint {
                        Some(it) => problem.hint(it),
                        None => problem,
                    });
                }
            }
        }
        self.in_order(triggers)
    }

    /// What has an incident of its own, as fields of the suite's segments.
    fn per(&mut self, trigger: &mut Trigger, splits: &Splits) {
        let Per::Fields(names) = &mut trigger.per else {
            if trigger.per == Per::Segment && splits.is_empty() {
                let problem = Problem::new(trigger.at, "the suite has no segments").within(&trigger.path);
                self.problems.push(problem.hint("say by which fields: `segments: [region]`"));
            }
            return;
        };
        for name in names.iter_mut() {
            let role = match name.as_str() {
                "model" => self.record.role("model"),
                "version" | "model_version" => self.record.role("version"),
                _ => None,
            };
            // A field of that name comes first.
            if let Some(field) = role.filter(|_| !splits.by.iter().any(|it| it.fields.contains(name))) {
                field.clone_into(name);
            }
        }
        if let Some(split) = splits.by.iter().find(|it| same(&it.fields, names)) {
            // In the order of the names of segments.
            names.clone_from(&split.fields);
            return;
        }
        let message = format!("the suite does not divide its records by {}", names.join(", "));
        let hint = format!("`segments: [[{}]]`", names.join(", "));
        self.problems.push(Problem::new(trigger.at, message).within(&trigger.path).hint(hint));
    }

    fn leaf(&mut self, leaf: &mut Leaf, per: &Per, suite: &Suite, expectations: &[Expectation], splits: &Splits) {
        let found = match &leaf.source {
            Source::Drifted(of) | Source::DriftedShare(of) => drifting(of, expectations),
            Source::Finding(it) | Source::PassRate(it) => meant(it, expectations),
            Source::Watch(it) => watched(it, expectations),
        };
        let found = found.and_then(|found| fitting(leaf, per, found));
        let found = match found {
            Ok(it) => it,
            Err((message, hint)) => {
                let problem = Problem::new(leaf.at, message).within(&leaf.path);
                self.problems.push(if hint.is_empty() { problem } else { problem.hint(hint) });
                return;
            }
        };
        let is_silence = found.iter().all(|it| it.kind.name == "not_silent");
        leaf.checks = found.iter().map(|it| (it.title(), it.fields.clone())).collect();
        if let Err((message, hint)) = length(leaf, &suite.windows, is_silence) {
            self.problems.push(Problem::new(leaf.at, message).within(&leaf.path).hint(hint));
        }
        if let Some(segment) = leaf.segment.as_deref() {
            let message = if *per != Per::Suite {
                Some("a trigger that is judged by segment looks at the segments themselves".to_owned())
            } else if !segment.is_empty() && !splits.could_be(segment) {
                Some(format!("the suite divides its records into no segment `{segment}`"))
            } else {
                None
            };
            if let Some(it) = message {
                self.problems.push(Problem::new(leaf.at, it).within(&leaf.path));
            }
        }
    }

    /// The same, one that names another behind it. Those in a circle are told, and left out.
    fn in_order(&mut self, mut left: Vec<Trigger>) -> Vec<Trigger> {
        let mut ordered: Vec<Trigger> = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let waits = |it: &Trigger| it.triggers().iter().any(|(name, _)| left.iter().any(|it| it.name == *name));
            let ready: Vec<bool> = left.iter().map(|it| !waits(it)).collect();
            if !ready.contains(&true) {
                let names: Vec<_> = left.iter().map(|it| format!("`{}`", it.name)).collect();
                let at = left.first().map_or(At::START, |it| it.at);
                let message = format!("triggers wait for each other: {}", names.join(", "));
                self.problems.push(Problem::new(at, message).within("triggers"));
                break;
            }
            let mut ready = ready.into_iter();
            let (now, later): (Vec<_>, _) = left.into_iter().partition(|_| ready.next().unwrap_or(false));
            ordered.extend(now);
            left = later;
        }
        ordered
    }
}

pub(super) type Found<'e> = Result<Vec<&'e Expectation>, (String, String)>;

fn same(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|it| b.contains(it))
}

/// The expectations that are meant: by name or title, or else by kind.
pub(super) fn meant<'e>(wanted: &Wanted, expectations: &'e [Expectation]) -> Found<'e> {
    let fits = |it: &&Expectation| {
        wanted.kind.as_ref().is_none_or(|kind| it.kind_name() == kind || it.kind.name == kind || it.type_name == *kind)
            && wanted.field.as_ref().is_none_or(|field| it.fields.contains(field))
    };
    let all = || expectations.iter().filter(fits);
    let Some(name) = &wanted.name else {
        let found: Vec<_> = all().collect();
        let what = [&wanted.kind, &wanted.field].into_iter().flatten().cloned().collect::<Vec<_>>().join(" of ");
        return if found.is_empty() {
            Err((format!("there is no expectation {what}"), String::new()))
        } else {
            Ok(found)
        };
    };
    let mut found: Vec<_> = all().filter(|it| it.title() == *name).collect();
    if found.is_empty() {
        found = all().filter(|it| it.kind_name() == name).collect();
    }
    match found.as_slice() {
        [] => {
            let titles: Vec<_> = expectations.iter().map(Expectation::title).collect();
            let hint = did_you_mean(name, titles.iter().map(String::as_str)).unwrap_or_else(|| {
                "an expectation is called by its `name`, its fields and kind (`amount between`), or its kind".to_owned()
            });
            Err((format!("there is no expectation `{name}`"), hint))
        }
        [_] => Ok(found),
        several => {
            let titles: Vec<_> = several.iter().map(|it| format!("`{}`", it.title())).collect();
            let hint = "give it a `name`, or say `{kind: .., field: ..}` to mean several".to_owned();
            Err((format!("`{name}` may be any of {}", titles.join(", ")), hint))
        }
    }
}

/// The detectors that watch what is meant: each stands right behind it.
fn watched<'e>(wanted: &Wanted, expectations: &'e [Expectation]) -> Found<'e> {
    let targets = meant(wanted, expectations)?;
    let is_target = |it: &Expectation| targets.iter().any(|target| std::ptr::eq(*target, it));
    let pairs = expectations.iter().zip(expectations.iter().skip(1));
    let found: Vec<_> =
        pairs.filter(|(it, next)| is_target(it) && matches!(next.check, Check::Watch(_))).map(|it| it.1).collect();
    if found.is_empty() {
        return Err(("no detector watches it".to_owned(), "`watch: adwin` beside the expectation".to_owned()));
    }
    Ok(found)
}

/// The expectations that compare these fields with a baseline, or all that do.
fn drifting<'e>(of: &[String], expectations: &'e [Expectation]) -> Found<'e> {
    let comparing = || expectations.iter().filter(|it| it.compares());
    if let Some(field) = of.iter().find(|field| !comparing().any(|it| it.fields.contains(field))) {
        let hint = format!("`{{field: {field}, stable: {{}}}}` compares it with the baseline");
        return Err((format!("nothing tells whether `{field}` drifts"), hint));
    }
    let found: Vec<_> = comparing().filter(|it| of.is_empty() || it.fields.iter().any(|it| of.contains(it))).collect();
    if found.is_empty() {
        let hint = "`{field: amount, stable: {}}` compares a field with the baseline".to_owned();
        return Err(("no expectation tells drift".to_owned(), hint));
    }
    Ok(found)
}

/// Those that are judged of the windows that the trigger looks at.
fn fitting<'e>(leaf: &Leaf, per: &Per, found: Vec<&'e Expectation>) -> Found<'e> {
    let is_segment = *per != Per::Suite || leaf.segment.as_ref().is_some_and(|it| !it.is_empty());
    if let Some(it) = found.iter().find(|it| !it.over.takes(is_segment)) {
        let (of, hint) = if it.over == Over::Total {
            ("all records together only", "leave out `per:`")
        } else {
            ("segments only", "`per: segment`")
        };
        return Err((format!("`{}` is judged of {of}", it.title()), hint.to_owned()));
    }
    if matches!(leaf.source, Source::PassRate(_))
        && let Some(it) = found.iter().find(|it| matches!(it.check, Check::Window(_)))
    {
        let hint = "`finding: NAME` reads what was observed".to_owned();
        return Err((format!("`{}` is about windows, and no share of records passes it", it.title()), hint));
    }
    Ok(found)
}

/// The length of the windows that are looked at, as they are called.
fn length(leaf: &mut Leaf, windows: &Windows, is_silence: bool) -> Result<(), (String, String)> {
    let shortest = windows.pane().map(|it| it.to_string());
    let Some(given) = leaf.length.take() else {
        leaf.length = if is_silence { Some(SILENCE.to_owned()) } else { shortest };
        return Ok(());
    };
    let read = crate::suite::Length::parse(&given).map_or_else(|| given.clone(), |it| it.to_string());
    if is_silence || windows.named(&read).is_none() {
        let mut all: Vec<_> = windows.lengths.iter().map(ToString::to_string).collect();
        if let Some(it) = windows.slide {
            all.push(crate::suite::Of::Slide(it).to_string());
        }
        let hint = if is_silence { "leave it out".to_owned() } else { format!("there are {}", all.join(", ")) };
        return Err((format!("the suite has no windows of {given} that tell it"), hint));
    }
    leaf.length = Some(read);
    Ok(())
}

impl Trigger {
    /// Whether the state that was kept with this text is of the same condition: what was read of windows is kept by the
    /// place of its leaf.
    pub fn fingerprint(&self) -> u64 {
        let when = match &self.when {
            When::Condition(it) => shape(it),
            When::Schedule(it) => it.to_string(),
            When::Demand => String::new(),
        };
        let mut text = format!("{when}\n{:?}", self.per);
        for it in &self.leaves {
            let Leaf { source, test, length, segment, quorum, min_records, checks, .. } = it;
            let _ = write!(text, "\n{source:?} {test:?} {length:?} {segment:?} {quorum:?} {min_records} {checks:?}");
        }
        xxhash_rust::xxh3::xxh3_64(text.as_bytes())
    }
}

/// A condition without the places that it was written at.
fn shape(it: &Condition) -> String {
    let several = |of: &[Condition]| of.iter().map(shape).collect::<Vec<_>>().join(", ");
    match it {
        Condition::All(of) => format!("all({})", several(of)),
        Condition::Any(of) => format!("any({})", several(of)),
        Condition::AtLeast(n, of) => format!("{n} of ({})", several(of)),
        Condition::Not(of) => format!("not({})", shape(of)),
        Condition::Leaf(i) => format!("leaf {i}"),
        Condition::Trigger(name, _) => format!("trigger {name:?}"),
    }
}
