//! From a suite to a plan: names are resolved, parameters converted, checks made. All problems at once.

use std::collections::BTreeSet;

use super::echo::{carried, kwargs};
use super::guard::Guard;
use super::implicit::{readable, schema, typed, unknown, written};
use super::joined;
use super::plugins::Found;
use super::when::describe;
use super::{Expectation, Ignore, Options, Plan};
use crate::args::{Args, Form};
use crate::binder::{Binder, Bindings, Side};
use crate::expectation;
use crate::kind::{Check, Kind, ParamType};
use crate::path::Path;
use crate::row::Slot;
use crate::shape::Shape;
use crate::suite::node::{Data, Member, Node};
use crate::suite::problem::{At, Problem, did_you_mean};
use crate::suite::{Declared, Entry, RecordFields, Suite};
use crate::value::Value;

/// Compiles a suite. The plan is whole even when there are problems: an entry that has one becomes
/// an expectation that cannot be evaluated, so that a caller who wants the others can go on.
pub fn compile(suite: &Suite, options: &Options) -> (Plan, Vec<Problem>) {
    let record = joined::roles(suite);
    let mut compiler = Compiler {
        options,
        declared: &suite.types,
        record: &record,
        joins: suite.predictions.is_some(),
        is_sequential: suite.drift.sequential.is_some(),
        plugins: Vec::new(),
        problems: Vec::new(),
        bindings: Bindings::default(),
        guards: Vec::new(),
        keys: Vec::new(),
        read_by: Vec::new(),
        logged: BTreeSet::new(),
    };
    compiler.find_plugins(&suite.plugins);
    let mut expectations = vec![readable()];
    if let Some(source) = &suite.schema {
        let root = compiler.bindings.slot(&Path::default());
        expectations.push(schema(source, root, options, &mut compiler.problems));
    }
    let mut entries = Vec::with_capacity(suite.entries.len());
    for entry in &suite.entries {
        let made = compiler.sided_entry(entry, suite);
        let watch = compiler.watch(entry, &made);
        entries.push(made);
        entries.extend(watch);
    }
    let mut signals = compiler.signals(suite);
    compiler.bindings.begin(Side::Record);
    let segments = compiler.splits(suite, &entries);
    let predictions = compiler.predictions(suite);
    let versions = compiler.versions(suite);
    let mut typed_slots = Vec::new();
    for declared in &suite.types {
        for slot in compiler.slots_named(&declared.field, declared.at) {
            compiler.bindings.types[slot.0 as usize] = Some(declared.ty);
            typed_slots.push((slot, declared.ty, expectations.len() as u16));
            expectations.push(typed(&declared.field, slot, declared.ty, declared.at));
        }
    }
    let filter = options.filter.as_ref().and_then(|it| compiler.filter(it));
    let mut cell = |field: &str| Path::parse(field).ok().map(|it| compiler.bindings.slot(&it));
    let roles = ["id", "model", "version", "time", "trace_id"];
    let [record_id, model, version, time, trace_id] = roles.map(|it| record.role(it).and_then(&mut cell));
    let labels = suite.record.role("segment").into_iter().chain(suite.record.segments.iter().map(String::as_str));
    let label_segments = labels.filter_map(&mut cell).collect();
    let n_implicit = expectations.len();
    expectations.append(&mut entries);
    let triggers = compiler.triggers(suite, &expectations, &segments);
    compiler.find_signals(suite, &mut signals, &expectations, &segments);
    let Compiler { mut problems, bindings, guards, keys, read_by, .. } = compiler;
    let cells = |it: BTreeSet<u16>| it.into_iter().map(Slot).collect();
    if bindings.paths.len() > MAX_SLOTS || expectations.len() > MAX_SLOTS {
        problems.push(Problem::new(At::START, format!("more than {MAX_SLOTS} fields or expectations")));
        expectations.clear();
    }
    problems.sort_by_key(|it| it.at);
    let plan = Plan {
        name: suite.name.clone(),
        id: suite.id.clone(),
        meta: suite.meta.clone(),
        notes: suite.notes.clone(),
        n_implicit: n_implicit.min(expectations.len()),
        expectations,
        guards,
        guard_texts: keys.into_iter().zip(read_by.into_iter().map(cells)).collect(),
        filter,
        schema: suite.schema.as_ref().map(|it| written(it, options)),
        shape: Shape::new(&bindings.paths),
        reads_columns: bindings.reads_columns,
        bindings,
        typed: typed_slots,
        record_id,
        trace_id,
        model,
        version,
        versions,
        label_segments,
        segments,
        predictions,
        labels_come_later: options.labels_come_later,
        time,
        on_fail: suite.on_fail,
        windows: suite.windows.clone(),
        drift: suite.drift.clone(),
        privacy: suite.privacy.clone(),
        record,
        runs_of: suite.runs_of.clone(),
        triggers,
        signals,
        examples: suite.examples.clone(),
    };
    (plan, problems)
}

const MAX_SLOTS: usize = 60_000;

pub(super) struct Compiler<'o> {
    pub(super) options: &'o Options,
    /// The suite's `types:`.
    pub(super) declared: &'o [Declared],
    /// The suite's `record:`.
    pub(super) record: &'o RecordFields,
    /// Whether labels are joined to records later.
    pub(super) joins: bool,
    /// Whether windows are watched together.
    pub(super) is_sequential: bool,
    pub(super) plugins: Vec<Found>,
    pub(super) problems: Vec<Problem>,
    pub(super) bindings: Bindings,
    pub(super) guards: Vec<Guard>,
    /// What each guard was written as, so that equal ones are evaluated once.
    pub(super) keys: Vec<String>,
    /// The slots that each guard reads.
    pub(super) read_by: Vec<BTreeSet<u16>>,
    /// The slots that expectations on labels read.
    pub(super) logged: BTreeSet<u16>,
}

impl Compiler<'_> {
    pub(super) fn entry(&mut self, entry: &Entry) -> Expectation {
        let n_problems = self.problems.len();
        let short = expectation::find_short(&entry.kind);
        let Some(kind) = expectation::find(&entry.kind).or(short.map(|it| it.0)) else {
            if let Some(it) = self.plugin_entry(entry) {
                return it;
            }
            let hint = did_you_mean(&entry.kind, expectation::names())
                .unwrap_or_else(|| expectation::why_not(&entry.kind).to_owned());
            let message = format!("unknown kind `{}`", entry.kind);
            self.problems.push(Problem::new(entry.kind_at, message.clone()).within(&entry.path).hint(hint.clone()));
            return unknown(entry, format!("{message} ({hint})"));
        };
        let mut params = self.params_of(entry, kind, short.map(|it| (it.1, it.2)));
        if let Some(expect) = &entry.expect {
            let hint = format!("`{}` says in its parameters what it expects", kind.name);
            let message = "`expect` stands beside rules of plugins";
            self.problems.push(Problem::new(expect.at, message).within(&entry.path).hint(hint));
        }
        if let Some(bound) = entry.inputs.first() {
            self.problem(
                bound.at,
                format!("`{}` has no inputs to bind fields to; write a list", kind.name),
                &entry.path,
            );
        }
        let fields = self.fields(entry, kind, &mut params);
        let args = self.args(entry, kind, params);
        let slots: Vec<Slot> = fields.iter().filter_map(|(it, at)| self.slot(entry, it, *at)).collect();
        let ignore = ignore(kind, &args);
        let mostly = self.mostly(entry, kind);
        let guard = entry.when.as_ref().and_then(|it| self.guard(it, entry));
        let fields: Vec<String> = fields.into_iter().map(|(it, _)| it).collect();
        let mut binder = Binder {
            bindings: &mut self.bindings,
            guard,
            slots,
            names: fields,
            ignore,
            budget: self.options.budget,
            is_sequential: self.is_sequential,
            record: self.record,
            joins: self.joins,
            when: entry.when.as_ref().map(describe),
            metrics: &self.options.metrics,
            called: None,
            asked: Vec::new(),
        };
        let read_columns = std::mem::take(&mut binder.bindings.reads_columns);
        let compiled =
            if self.problems.len() > n_problems { Err(String::new()) } else { (kind.compile)(&args, &mut binder) };
        // Some kinds find their fields by what they are for.
        let Binder { asked: sketches, slots, names: fields, called, .. } = binder;
        let reads_columns = self.bindings.reads_columns;
        self.bindings.reads_columns |= read_columns;
        let check = match compiled {
            Ok(check) => check,
            Err(message) => {
                if !message.is_empty() {
                    self.problem(entry.kind_at, message, &entry.path);
                }
                let found = &self.problems[n_problems..];
                let why: Vec<_> = found.iter().map(|it| it.message.clone()).collect();
                Check::Invalid(why.join("; "))
            }
        };
        let when = entry.when.as_ref().map(describe);
        Expectation {
            kind,
            called,
            type_name: kind.gx.to_owned(),
            source: None,
            form: entry.form,
            at: entry.at,
            path: entry.path.clone(),
            name: entry.name.clone(),
            kwargs: kwargs(entry, kind, &fields, &args, mostly),
            fields,
            slots,
            ignore,
            guard,
            when,
            mostly,
            severity: entry.severity,
            over: entry.over,
            side: Side::Record,
            carried: carried(entry),
            reads: Vec::new(),
            sketches,
            reads_columns,
            check,
        }
    }

    /// The parameters as they are written: in a mapping, alone after the kind's name, or by a name that stands for one.
    fn params_of(&mut self, entry: &Entry, kind: &Kind, short: Option<(&str, &'static str)>) -> Vec<Member> {
        let mut params: Vec<Member> = entry.params.clone();
        if let Some((name, value)) = short {
            if let Some(twice) = params.iter().find(|it| it.name == name) {
                let message = format!("`{}` says the {name} already", entry.kind);
                self.problem(twice.at, message, &entry.path);
            }
            let value = Node { at: entry.kind_at, data: Data::Scalar(Value::text(value)) };
            params.push(Member { name: name.into(), at: entry.kind_at, value });
        }
        if let Some(alone) = &entry.alone {
            match kind.main {
                Some(main) => params.push(Member { name: main.into(), at: alone.at, value: alone.clone() }),
                None => self.problem(
                    alone.at,
                    format!("`{}` takes a mapping of parameters, found {}", kind.name, alone.what()),
                    &entry.path,
                ),
            }
        }
        params
    }

    pub(super) fn problem(&mut self, at: At, message: impl Into<String>, path: &str) {
        self.problems.push(Problem::new(at, message).within(path));
    }

    fn args(&mut self, entry: &Entry, kind: &Kind, params: Vec<Member>) -> Args {
        let mut given = Vec::new();
        for Member { name, at, value } in params {
            let Some(param) = kind.param(&name) else {
                let names = kind.params.iter().map(|it| if entry.form == Form::Gx { it.gx } else { it.name });
                let hint = did_you_mean(&name, names.clone()).unwrap_or_else(|| {
                    let names: Vec<_> = names.collect();
                    if names.is_empty() {
                        "it has no parameters".to_owned()
                    } else {
                        format!("its parameters are {}", names.join(", "))
                    }
                });
                let message = format!("`{}` has no parameter `{name}`", entry.kind);
                self.problems.push(Problem::new(at, message).within(&entry.path).hint(hint));
                continue;
            };
            if value.is_null() {
                continue;
            }
            if value.get("$PARAMETER").is_some() {
                let message = format!("`{name}` is a run-time parameter of Great Expectations; write its value");
                self.problem(value.at, message, &entry.path);
                continue;
            }
            match param.ty.convert(&value, entry.form) {
                Ok(it) => given.push((param.name, it)),
                Err(message) => self.problem(value.at, format!("`{name}`: {message}"), &entry.path),
            }
        }
        let bad = self.problems.iter().any(|it| it.path == entry.path);
        for param in kind.params.iter().filter(|it| it.required && !bad) {
            if !given.iter().any(|(it, _)| *it == param.name) {
                let name = if entry.form == Form::Gx { param.gx } else { param.name };
                let message = format!("`{}` needs `{name}`: {}", entry.kind, param.ty.describe());
                self.problem(entry.kind_at, message, &entry.path);
            }
        }
        Args::new(entry.form, given)
    }

    pub(super) fn mostly(&mut self, entry: &Entry, kind: &Kind) -> f64 {
        let Some(node) = &entry.mostly else { return 1.0 };
        if !kind.mostly {
            self.problem(node.at, format!("`{}` takes no `mostly`", entry.kind), &entry.path);
            return 1.0;
        }
        match ParamType::Ratio.convert(node, entry.form) {
            Ok(it) => it.as_f64().unwrap_or(1.0),
            Err(message) => {
                let hint = "0.95 means that at least 95 % must hold";
                self.problems
                    .push(Problem::new(node.at, format!("`mostly`: {message}")).within(&entry.path).hint(hint));
                1.0
            }
        }
    }

    /// The slots that a name under `types:` means: those that entries read, in either notation.
    fn slots_named(&mut self, name: &str, at: At) -> Vec<Slot> {
        let literal = Path::literal(name);
        let parsed = match Path::parse(name) {
            Ok(path) => path,
            Err(message) => {
                self.problem(at, message, "types");
                return Vec::new();
            }
        };
        let known = self.bindings.paths.iter().enumerate();
        let known = known.filter(|(_, it)| **it == parsed || **it == literal).map(|(i, _)| Slot(i as u16));
        let slots: Vec<Slot> = known.collect();
        if slots.is_empty() { vec![self.bindings.slot(&parsed)] } else { slots }
    }
}

/// GX's names for the same three choices differ between pairs and lists of columns.
fn ignore(kind: &Kind, args: &Args) -> Ignore {
    if !kind.params.iter().any(|it| it.name == "ignore_row_if") {
        return Ignore::Never;
    }
    match args.text("ignore_row_if") {
        Some("both_values_are_missing" | "all_values_are_missing") | None => Ignore::All,
        Some("either_value_is_missing" | "any_value_is_missing") => Ignore::Any,
        Some(_) => Ignore::Never,
    }
}
