//! The expectations that nobody writes: each record can be read, and each declared field has its type.

use super::{Expectation, Ignore, Options};
use crate::args::{Args, Form};
use crate::binder::{Binder, Side};
use crate::kind::{Check, Kind, Scope, Subject, ValueCheck, View, WindowCheck};
use crate::report::{Counts, Judgement, Outcome, Severity, Status};
use crate::row::Slot;
use crate::schema::Schema;
use crate::suite::problem::{At, Problem};
use crate::suite::{Entry, Over, SchemaSource};
use crate::types::Type;
use crate::value::Value;

/// Each record of the input can be read.
pub static READABLE: Kind = Kind {
    name: "readable",
    gx: "expect_records_to_be_readable",
    in_gx: false,
    since: "0.1.0",
    summary: "each record to be readable",
    subject: Subject::Table,
    scope: Scope::Record,
    mostly: false,
    params: &[],
    main: None,
    page: "",
    compile: implicit_only,
};

/// Each value of a field is of the type that the suite's `types:` declares.
pub static TYPED: Kind = Kind {
    name: "typed",
    gx: "expect_column_values_to_be_of_declared_type",
    in_gx: false,
    since: "0.1.0",
    summary: "each value to be of the type that `types:` declares",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: false,
    params: &[],
    main: None,
    page: "",
    compile: implicit_only,
};

/// Each record conforms to the suite's `schema:`.
pub static SCHEMA: Kind = Kind {
    name: "schema",
    gx: "expect_records_to_match_json_schema",
    in_gx: false,
    since: "0.1.0",
    summary: "each record to conform to the suite's `schema:`",
    subject: Subject::Table,
    scope: Scope::Record,
    mostly: false,
    params: &[],
    main: None,
    page: "",
    compile: implicit_only,
};

/// A name that is no kind.
static UNKNOWN: Kind = Kind {
    name: "unknown",
    gx: "unknown",
    in_gx: false,
    since: "0.1.0",
    summary: "",
    subject: Subject::Table,
    scope: Scope::Window,
    mostly: false,
    params: &[],
    main: None,
    page: "",
    compile: implicit_only,
};

/// As the function that compiles a kind that no entry names.
pub(super) fn only(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    implicit_only(args, binder)
}

fn implicit_only(_: &Args, _: &mut Binder) -> Result<Check, String> {
    Err("it is checked always; declare types under `types:`".to_owned())
}

/// "The records can be read."
pub fn readable() -> Expectation {
    // What could not be read lies in no segment.
    let over = Over::Total;
    Expectation { over, ..expectation(&READABLE, Check::Window(Box::new(Readable)), Vec::new(), Vec::new(), At::START) }
}

/// "The field has its declared type"; the run converts and counts, so the check only has words.
pub fn typed(field: &str, slot: Slot, ty: Type, at: At) -> Expectation {
    expectation(&TYPED, Check::Converted(format!("of type {}", ty.name())), vec![field.to_owned()], vec![slot], at)
}

fn expectation(kind: &'static Kind, check: Check, fields: Vec<String>, slots: Vec<Slot>, at: At) -> Expectation {
    Expectation {
        kind,
        called: None,
        type_name: kind.gx.to_owned(),
        source: None,
        form: Form::Short,
        at,
        path: fields.first().map_or_else(|| kind.name.to_owned(), |it| format!("types.{it}")),
        name: None,
        fields,
        reads: slots.clone(),
        slots,
        ignore: Ignore::Never,
        guard: None,
        when: None,
        mostly: 1.0,
        severity: Severity::Critical,
        over: Over::Both,
        side: Side::Record,
        kwargs: Value::Map(Vec::new()),
        carried: Vec::new(),
        sketches: Vec::new(),
        reads_columns: false,
        check,
    }
}

struct Readable;

impl WindowCheck for Readable {
    fn judge(&self, view: &View) -> Judgement {
        let (rows, unreadable) = (view.window.rows, view.window.unreadable);
        let mut judgement = match rows {
            0 => Judgement::skip("there are no records"),
            _ => Judgement::new(Status::of(unreadable == 0)),
        };
        judgement.counts = Some(Counts { elements: rows, missing: Some(0), unexpected: unreadable });
        judgement.bound("readable")
    }
}

/// "The record conforms to the schema."
pub fn schema(source: &SchemaSource, root: Slot, options: &Options, problems: &mut Vec<Problem>) -> Expectation {
    let (document, at) = match source {
        SchemaSource::Inline(value, at) => (Ok(value.to_json()), *at),
        SchemaSource::File(name, at) => {
            let found = options.schemas.iter().find(|(it, _)| it == name).map(|(_, document)| document.clone());
            (found.ok_or_else(|| format!("the schema file `{name}` is not there")), *at)
        }
    };
    let compiled = document.map_err(|it| vec![it]).and_then(|document| {
        Schema::compile(&document, &options.schemas)
            .map_err(|errors| errors.into_iter().map(|it| format!("{}: {}", it.path, it.message)).collect())
    });
    let check = match compiled {
        Ok(schema) => Check::Value(Box::new(Conforms(schema))),
        Err(messages) => {
            problems.extend(messages.iter().map(|it| Problem::new(at, it.clone()).within("schema")));
            Check::Invalid(messages.join("; "))
        }
    };
    Expectation { path: "schema".to_owned(), ..expectation(&SCHEMA, check, Vec::new(), vec![root], at) }
}

/// A schema with all that it refers to, as text.
pub fn written(source: &SchemaSource, options: &Options) -> String {
    let itself = match source {
        SchemaSource::Inline(value, _) => value.to_json(),
        SchemaSource::File(name, _) => serde_json::Value::String(name.clone()),
    };
    serde_json::json!([itself, options.schemas]).to_string()
}

struct Conforms(Schema);

impl ValueCheck for Conforms {
    fn check(&self, value: &Value) -> Outcome {
        Outcome::of(self.0.is_valid(value))
    }

    fn bound(&self) -> String {
        "conforming to the schema".to_owned()
    }

    fn why(&self, value: &Value) -> Option<String> {
        let failures = self.0.failures(value, 5);
        let said = failures.iter().map(|it| match it.path.as_str() {
            "" | "$" => it.message.clone(),
            path => format!("{path}: {}", it.message),
        });
        Some(said.collect::<Vec<_>>().join("; "))
    }
}

/// An entry whose kind is not known.
pub fn unknown(entry: &Entry, why: String) -> Expectation {
    let params = entry.params.iter().map(|it| (it.name.clone().into(), it.value.to_value()));
    Expectation {
        called: None,
        type_name: entry.kind.clone(),
        path: entry.path.clone(),
        name: entry.name.clone(),
        severity: entry.severity,
        kwargs: Value::Map(params.collect()),
        ..expectation(&UNKNOWN, Check::Invalid(why), Vec::new(), Vec::new(), entry.at)
    }
}
