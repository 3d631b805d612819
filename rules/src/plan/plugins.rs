//! From an entry that names a plugin's rule to its check.

mod bind;
mod bounds;

use std::sync::Arc;

use super::compile::Compiler;
use super::echo::carried;
use super::implicit::unknown;
use super::when::describe;
use super::{Expectation, Ignore};
use crate::binder::{Side, SketchPlan};
use crate::expectation::plugin::{Measures, ON_RECORDS, ON_WINDOWS, P_VALUE, STATISTIC};
use crate::kind::Check;
use crate::plugin::rule::{RecordRule, Shape, Source, Summary};
use crate::plugin::{Binding, Capability, Context, Fault, Opened, Output, Plugin, Task};
use crate::row::Slot;
use crate::sketch::Spec;
use crate::suite::plugins::{Used, same_name};
use crate::suite::problem::{At, Problem, did_you_mean};
use crate::suite::{Entry, Form};
use crate::value::Value;

/// A plugin of the suite, or why there is none.
pub(super) struct Found {
    name: String,
    plugin: Option<Arc<dyn Plugin>>,
}

/// What a kind's name means among plugins.
enum Meant<'f> {
    Rule(&'f Found, Arc<dyn Plugin>, usize),
    /// The plugin could not be had, which was said already.
    Lost(&'f Found),
    /// A problem and its mend.
    Wrong(String, String),
    /// Nothing: it may be a slip of a built-in kind.
    Nothing,
}

impl Compiler<'_> {
    /// Looks the suite's plugins up.
    pub(super) fn find_plugins(&mut self, used: &[Used]) {
        for Used { wanted, at, path } in used {
            let found = match &self.options.plugins {
                Some(plugins) => plugins.find(wanted),
                None => Err("there are no plugins here: this program was built or started without them".to_owned()),
            };
            let plugin = found.map_err(|why| {
                let message = format!("the plugin `{}` cannot be used: {why}", wanted.name);
                self.problems.push(Problem::new(*at, message).within(path));
            });
            self.plugins.push(Found { name: wanted.name.clone(), plugin: plugin.ok() });
        }
    }

    /// Compiles an entry whose kind is not built in; `None` when no plugin has it either.
    pub(super) fn plugin_entry(&mut self, entry: &Entry) -> Option<Expectation> {
        let plugins = std::mem::take(&mut self.plugins);
        let n_problems = self.problems.len();
        let expectation = match meant(&plugins, &entry.kind) {
            Meant::Nothing => None,
            Meant::Lost(found) => Some(unknown(entry, format!("the plugin `{}` cannot be used", found.name))),
            Meant::Wrong(message, hint) => {
                let problem = Problem::new(entry.kind_at, message.clone()).within(&entry.path).hint(hint);
                self.problems.push(problem);
                Some(unknown(entry, message))
            }
            Meant::Rule(found, plugin, at) => {
                let about = plugin.about();
                let source = Source {
                    plugin: found.name.clone(),
                    version: about.version.clone(),
                    digest: about.digest.clone(),
                    capability: about.capabilities[at].id.clone(),
                };
                Some(self.rule(entry, plugin.as_ref(), &about.capabilities[at], source, n_problems))
            }
        };
        self.plugins = plugins;
        expectation
    }

    fn rule(
        &mut self,
        entry: &Entry,
        plugin: &dyn Plugin,
        capability: &Capability,
        source: Source,
        n_problems: usize,
    ) -> Expectation {
        let kind = if capability.task == Task::RecordCheck { &ON_RECORDS } else { &ON_WINDOWS };
        if entry.form == Form::Gx {
            let hint = format!("`{}: {{ ... }}` with `field:` beside it", source.kind());
            self.wrong(entry.kind_at, entry, "a plugin's rule is written in the short form", hint);
        }
        let params = self.params(entry, capability);
        let mut kwargs = params.clone();
        if let (Value::Map(members), Some(expect)) = (&mut kwargs, &entry.expect) {
            members.push(("expect".into(), expect.to_value()));
        }
        let columns = self.columns(entry, capability);
        let bounds = self.bounds(entry, capability);
        let mostly = self.mostly(entry, kind);
        let guard = entry.when.as_ref().and_then(|it| self.guard(it, entry));
        let opened = Opened {
            capability: capability.id.clone(),
            params: params.to_json().to_string(),
            columns: columns
                .iter()
                .map(|it| {
                    let input = capability.inputs[it.input].name.clone();
                    Binding { input, field: it.field.clone(), column_type: it.ty }
                })
                .collect(),
        };
        let slots: Vec<Slot> = columns.iter().map(|it| it.slot).collect();
        let fields: Vec<String> = columns.iter().map(|it| it.field.clone()).collect();
        let shape = Shape {
            types: columns.iter().map(|it| it.ty).collect(),
            required: columns.iter().map(|it| capability.inputs[it.input].required).collect(),
        };
        let source = Arc::new(source);
        let mut sketches_asked = Vec::new();
        let made = if self.problems.len() > n_problems {
            Err(None)
        } else if capability.task == Task::RecordCheck {
            plugin.checker(&opened).map_err(Some).map(|checker| {
                Check::Batch(Arc::new(RecordRule {
                    bound: bound_words(capability, &params),
                    source: Arc::clone(&source),
                    checker,
                    slots: slots.clone(),
                    shape,
                    fields: fields.clone(),
                    context: Context { seed: seed(&opened), ..Context::default() },
                }))
            })
        } else {
            plugin.summarizer(&opened).map_err(Some).map(|summarizer| {
                let summary = Arc::new(Summary {
                    key: format!("{} {:?}", source.digest, opened),
                    source: Arc::clone(&source),
                    summarizer,
                    shape,
                    mergeable: capability.mergeable,
                    max_state: self.options.max_state,
                });
                let spec = Spec::Folded(Arc::clone(&summary));
                let plan = SketchPlan::new(guard, slots.clone(), spec);
                let sketch = self.bindings.kept(plan);
                sketches_asked.push(sketch);
                let outputs = outputs(capability);
                Check::Window(Box::new(Measures { sketch, summary, task: capability.task, outputs, bounds }))
            })
        };
        let check = made.unwrap_or_else(|fault: Option<Fault>| {
            if let Some(fault) = fault {
                let hint = format!("`driftline kinds {}` shows what it takes", source.kind());
                self.wrong(entry.kind_at, entry, source.say(&fault), hint);
            }
            let why: Vec<_> = self.problems[n_problems..].iter().map(|it| it.message.clone()).collect();
            Check::Invalid(why.join("; "))
        });
        Expectation {
            kind,
            called: None,
            type_name: source.kind(),
            source: Some(source),
            form: entry.form,
            at: entry.at,
            path: entry.path.clone(),
            name: entry.name.clone(),
            kwargs,
            fields,
            slots,
            ignore: Ignore::Never,
            guard,
            when: entry.when.as_ref().map(describe),
            mostly,
            severity: entry.severity,
            over: entry.over,
            side: Side::Record,
            carried: carried(entry),
            reads: Vec::new(),
            sketches: sketches_asked,
            reads_columns: false,
            check,
        }
    }

    pub(super) fn wrong(&mut self, at: At, entry: &Entry, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(at, message).within(&entry.path).hint(hint));
    }
}

/// What an entry's kind means among the suite's plugins.
fn meant<'f>(plugins: &'f [Found], kind: &str) -> Meant<'f> {
    let find =
        |plugin: &Arc<dyn Plugin>, id: &str| plugin.about().capabilities.iter().position(|it| same_name(&it.id, id));
    if let Some((name, id)) = kind.split_once('.') {
        let Some(found) = plugins.iter().find(|it| same_name(&it.name, name)) else {
            let hint = did_you_mean(name, plugins.iter().map(|it| it.name.as_str()))
                .unwrap_or_else(|| format!("name it under `plugins:`, as in `plugins: {{ {name}: {name}.wasm }}`"));
            return Meant::Wrong(format!("the suite has no plugin `{name}`"), hint);
        };
        let Some(plugin) = &found.plugin else { return Meant::Lost(found) };
        return match find(plugin, id) {
            Some(at) => Meant::Rule(found, Arc::clone(plugin), at),
            None => {
                let ids = || plugin.about().capabilities.iter().map(|it| it.id.as_str());
                let hint = did_you_mean(id, ids())
                    .unwrap_or_else(|| format!("its rules are {}", ids().collect::<Vec<_>>().join(", ")));
                let version = &plugin.about().version;
                Meant::Wrong(format!("the plugin `{}` {version} has no rule `{id}`", found.name), hint)
            }
        };
    }
    let having = plugins.iter().filter_map(|it| {
        let plugin = it.plugin.as_ref()?;
        Some((it, plugin, find(plugin, kind)?))
    });
    match having.collect::<Vec<_>>().as_slice() {
        [] => match plugins {
            // What the lost one has is not known.
            [lost] if lost.plugin.is_none() => Meant::Lost(lost),
            _ => Meant::Nothing,
        },
        [(found, plugin, at)] => Meant::Rule(found, Arc::clone(plugin), *at),
        [(a, ..), (b, ..), ..] => Meant::Wrong(
            format!("both `{}` and `{}` have a rule `{kind}`", a.name, b.name),
            format!("write `{}.{kind}` or `{}.{kind}`", a.name, b.name),
        ),
    }
}

/// A drift test's statistic and p-value are outputs too.
fn outputs(capability: &Capability) -> Vec<Output> {
    let mut all = Vec::new();
    if capability.task == Task::DriftTest {
        for (name, description) in [(STATISTIC, "The statistic or distance."), (P_VALUE, "Its p-value.")] {
            if !capability.outputs.iter().any(|it| same_name(&it.name, name)) {
                all.push(Output { name: name.to_owned(), unit: None, description: description.to_owned() });
            }
        }
    }
    all.extend(capability.outputs.iter().cloned());
    all
}

/// What a record is expected to be, with the parameters that say so.
fn bound_words(capability: &Capability, params: &Value) -> String {
    let summary = capability.summary.trim().trim_end_matches('.');
    match params {
        Value::Map(members) if members.is_empty() => summary.to_owned(),
        params => format!("{summary} {}", params.to_json()),
    }
}

/// The same for the same rule.
fn seed(opened: &Opened) -> u64 {
    xxhash_rust::xxh3::xxh3_64(format!("{} {}", opened.capability, opened.params).as_bytes())
}
