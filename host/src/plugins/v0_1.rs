//! Version 0.1 of `wit/`: nothing else knows its shapes.

use driftline_rules::plugin as own;
use wasmtime::Store;
use wasmtime::component::{HasSelf, Instance, InstancePre, Linker, ResourceAny};

use super::guest::Guest;
use generated::driftline::plugin::{logging, types};
use generated::exports::driftline::plugin::{about, drift_test, metric, record_check};

/// What wasmtime makes of the interface. Its lifting and lowering is unsafe code inside; the text here is not.
#[allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic, reason = "generated")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../wit/v0.1",
        world: "full-plugin",
        // Columns are lent to the guest, and copied once: into its memory.
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

/// The version that this module speaks.
pub(super) const VERSION: &str = "0.1.0";

/// Lets guests import what the host offers.
pub(super) fn offer(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    generated::FullPlugin::add_to_linker::<_, HasSelf<_>>(linker, |it| it)
}

impl types::Host for Guest {}

impl logging::Host for Guest {
    fn log(&mut self, level: logging::Level, message: String) {
        let level = match level {
            logging::Level::Trace => tracing::Level::TRACE,
            logging::Level::Debug => tracing::Level::DEBUG,
            logging::Level::Info => tracing::Level::INFO,
            logging::Level::Warn => tracing::Level::WARN,
            logging::Level::Error => tracing::Level::ERROR,
        };
        Guest::log(self, level, message);
    }
}

/// What a guest answers instead of a result. The instance stays usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    Params(String),
    TooLittle(String),
    /// The data does not fit, the state is damaged, or the plugin itself is: in words.
    Failed(String),
}

/// An answer; the outer error is the end of the instance.
pub(super) type Answer<T> = wasmtime::Result<Result<T, Declared>>;

fn declared(it: types::Error) -> Declared {
    match it {
        types::Error::InvalidParams(it) => Declared::Params(it),
        types::Error::InsufficientData(it) => Declared::TooLittle(it),
        types::Error::InvalidInput(it) => Declared::Failed(format!("does not take the data: {it}")),
        types::Error::InvalidState(it) => Declared::Failed(format!("does not take the state: {it}")),
        types::Error::Internal(it) => Declared::Failed(format!("reports a fault of its own: {it}")),
    }
}

/// The interfaces that a component exports.
#[derive(Clone)]
pub(super) struct Exports {
    about: about::GuestIndices,
    record_check: Option<record_check::GuestIndices>,
    drift_test: Option<drift_test::GuestIndices>,
    metric: Option<metric::GuestIndices>,
}

impl Exports {
    /// Binds the interfaces that are there; the error is all that does not fit. `has` tells which are there.
    pub fn bind(pre: &InstancePre<Guest>, has: impl Fn(&str) -> bool) -> Result<Exports, Vec<String>> {
        let mut wrong = Vec::new();
        let mut note = |name: &str, it: wasmtime::Error| {
            wrong.push(format!("its interface `{name}` is not that of {VERSION}: {it:#}"));
        };
        let about = about::GuestIndices::new(pre).map_err(|it| note("about", it)).ok();
        let there = |name: &str| has(name).then_some(());
        let record_check = there("record-check")
            .and_then(|()| record_check::GuestIndices::new(pre).map_err(|it| note("record-check", it)).ok());
        let drift_test = there("drift-test")
            .and_then(|()| drift_test::GuestIndices::new(pre).map_err(|it| note("drift-test", it)).ok());
        let metric =
            there("metric").and_then(|()| metric::GuestIndices::new(pre).map_err(|it| note("metric", it)).ok());
        match about {
            Some(about) if wrong.is_empty() => Ok(Exports { about, record_check, drift_test, metric }),
            _ => Err(wrong),
        }
    }

    /// What the plugin says of itself, unchecked; schemas that are no JSON are strings.
    pub fn describe(&self, store: &mut Store<Guest>, instance: &Instance) -> wasmtime::Result<own::About> {
        let it = self.about.load(&mut *store, instance)?.call_describe(store)?;
        Ok(own::About {
            name: it.name,
            version: it.version,
            digest: String::new(),
            description: it.description,
            page: it.page,
            capabilities: it.capabilities.into_iter().map(capability).collect(),
        })
    }

    /// Whether the interface that the task needs is there.
    pub fn can(&self, task: own::Task) -> bool {
        match task {
            own::Task::RecordCheck => self.record_check.is_some(),
            own::Task::DriftTest => self.drift_test.is_some(),
            own::Task::Metric => self.metric.is_some(),
        }
    }

    /// Opens a record check in an instance.
    pub fn checker(&self, store: &mut Store<Guest>, instance: &Instance, opened: &own::Opened) -> Answer<Checker> {
        let Some(indices) = &self.record_check else { return Err(absent("record-check")) };
        let guest = indices.load(&mut *store, instance)?;
        let columns = bindings(opened);
        let answer = guest.checker().call_open(store, &opened.capability, &opened.params, &columns)?;
        Ok(answer.map(|resource| Checker { guest, resource }).map_err(declared))
    }

    /// Prepares an instance for summaries of a task.
    pub fn summaries(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        task: own::Task,
    ) -> wasmtime::Result<Summaries> {
        Ok(match (task, &self.drift_test, &self.metric) {
            (own::Task::DriftTest, Some(it), _) => Summaries::Drift(it.load(store, instance)?),
            (own::Task::Metric, _, Some(it)) => Summaries::Metric(it.load(store, instance)?),
            _ => return Err(absent("drift-test or metric")),
        })
    }
}

fn absent(name: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("exports no `{name}`"))
}

/// An open record check.
pub(super) struct Checker {
    guest: record_check::Guest,
    resource: ResourceAny,
}

impl Checker {
    /// Verdicts as the guest gives them.
    pub fn check(
        &self,
        store: &mut Store<Guest>,
        context: &own::Context,
        rows: &own::Batch,
        max_findings: u32,
    ) -> Answer<own::Verdicts> {
        let dictionaries = dictionaries(rows);
        let columns = columns(rows, &dictionaries);
        let batch = types::Batch { rows: rows.rows, columns: &columns };
        let answer =
            self.guest.checker().call_check(store, self.resource, lend_context(context), batch, max_findings)?;
        Ok(answer.map_err(declared).map(|it| own::Verdicts {
            passed: it.passed,
            skipped: it.skipped,
            notes: it
                .findings
                .into_iter()
                .map(|it| own::Note { row: it.row, column: it.column, code: it.code, message: it.message })
                .collect(),
        }))
    }
}

/// Where summaries are opened: drift tests and metrics keep them alike.
pub(super) enum Summaries {
    Drift(drift_test::Guest),
    Metric(metric::Guest),
}

impl Summaries {
    /// An empty summary.
    pub fn open(&self, store: &mut Store<Guest>, opened: &own::Opened) -> Answer<ResourceAny> {
        let columns = bindings(opened);
        let (capability, params) = (&opened.capability, &opened.params);
        let answer = match self {
            Summaries::Drift(it) => it.summary().call_open(store, capability, params, &columns)?,
            Summaries::Metric(it) => it.accumulator().call_open(store, capability, params, &columns)?,
        };
        Ok(answer.map_err(declared))
    }

    /// Takes in some records.
    pub fn observe(&self, store: &mut Store<Guest>, it: ResourceAny, rows: &own::Batch) -> Answer<()> {
        let dictionaries = dictionaries(rows);
        let columns = columns(rows, &dictionaries);
        let batch = types::Batch { rows: rows.rows, columns: &columns };
        let answer = match self {
            Summaries::Drift(guest) => guest.summary().call_observe(store, it, batch)?,
            Summaries::Metric(guest) => guest.accumulator().call_observe(store, it, batch)?,
        };
        Ok(answer.map_err(declared))
    }

    /// Adds what was saved.
    pub fn merge(&self, store: &mut Store<Guest>, it: ResourceAny, state: &[u8]) -> Answer<()> {
        let answer = match self {
            Summaries::Drift(guest) => guest.summary().call_merge(store, it, state)?,
            Summaries::Metric(guest) => guest.accumulator().call_merge(store, it, state)?,
        };
        Ok(answer.map_err(declared))
    }

    /// The state.
    pub fn save(&self, store: &mut Store<Guest>, it: ResourceAny) -> Answer<Vec<u8>> {
        let answer = match self {
            Summaries::Drift(guest) => guest.summary().call_save(store, it)?,
            Summaries::Metric(guest) => guest.accumulator().call_save(store, it)?,
        };
        Ok(answer.map_err(declared))
    }

    /// What a metric measures.
    pub fn finish(
        &self,
        store: &mut Store<Guest>,
        it: ResourceAny,
        context: &own::Context,
    ) -> Answer<Vec<own::Measurement>> {
        let Summaries::Metric(guest) = self else { return Err(absent("metric")) };
        let answer = guest.accumulator().call_finish(store, it, lend_context(context))?;
        Ok(answer.map(measurements).map_err(declared))
    }

    /// What a drift test measures.
    pub fn compare(
        &self,
        store: &mut Store<Guest>,
        context: &own::Context,
        reference: ResourceAny,
        current: ResourceAny,
    ) -> Answer<own::Comparison> {
        let Summaries::Drift(guest) = self else { return Err(absent("drift-test")) };
        let answer = guest.call_compare(store, lend_context(context), reference, current)?;
        Ok(answer.map_err(declared).map(|it| own::Comparison {
            statistic: it.statistic,
            p_value: it.p_value,
            details: measurements(it.details),
            explanation: it.explanation,
        }))
    }
}

fn measurements(them: Vec<types::Measurement>) -> Vec<own::Measurement> {
    them.into_iter().map(|it| own::Measurement { name: it.name, value: it.value, labels: it.labels }).collect()
}

fn lend_context(it: &own::Context) -> types::Context<'_> {
    types::Context {
        model: it.model.as_deref(),
        model_version: it.model_version.as_deref(),
        segment: it.segment.as_deref(),
        window: it.window,
        seed: it.seed,
    }
}

fn bindings(opened: &own::Opened) -> Vec<types::Binding<'_>> {
    opened
        .columns
        .iter()
        .map(|it| types::Binding { input: &it.input, field: &it.field, column_type: to_wit(it.column_type) })
        .collect()
}

/// The dictionary of each column as the interface lends it; nothing if no column has one.
fn dictionaries(batch: &own::Batch) -> Vec<Vec<&str>> {
    if !batch.columns.iter().any(|it| matches!(it.data, own::ColumnData::Categories { .. })) {
        return Vec::new();
    }
    batch
        .columns
        .iter()
        .map(|it| match &it.data {
            own::ColumnData::Categories { dictionary, .. } => dictionary.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        })
        .collect()
}

fn columns<'a>(batch: &'a own::Batch, dictionaries: &'a [Vec<&'a str>]) -> Vec<types::Column<'a>> {
    let dictionary = |i: usize| dictionaries.get(i).map_or(&[][..], Vec::as_slice);
    let lend = |(i, it): (usize, &'a own::Column)| types::Column {
        data: data(&it.data, dictionary(i)),
        validity: it.validity.as_deref(),
    };
    batch.columns.iter().enumerate().map(lend).collect()
}

fn data<'a>(it: &'a own::ColumnData, dictionary: &'a [&'a str]) -> types::ColumnData<'a> {
    use types::ColumnData as Wit;
    match it {
        own::ColumnData::Numbers(it) => Wit::Numbers(it),
        own::ColumnData::Integers(it) => Wit::Integers(it),
        own::ColumnData::Booleans(it) => Wit::Booleans(it),
        own::ColumnData::Texts(it) => Wit::Texts(texts(it)),
        own::ColumnData::Categories { codes, .. } => Wit::Categories(types::CategoryData { codes, dictionary }),
        own::ColumnData::Timestamps(it) => Wit::Timestamps(it),
        own::ColumnData::Vectors { dimension, values } => {
            Wit::Vectors(types::VectorData { dimension: *dimension, values })
        }
        own::ColumnData::Json(it) => Wit::Json(texts(it)),
    }
}

fn texts(it: &own::Texts) -> types::TextData<'_> {
    types::TextData { offsets: &it.offsets, data: &it.data }
}

fn capability(it: about::Capability) -> own::Capability {
    own::Capability {
        id: it.id,
        task: match it.kind {
            about::Kind::RecordCheck => own::Task::RecordCheck,
            about::Kind::DriftTest => own::Task::DriftTest,
            about::Kind::Metric => own::Task::Metric,
        },
        summary: it.summary,
        params: serde_json::from_str(&it.params_schema).unwrap_or(serde_json::Value::String(it.params_schema)),
        inputs: it
            .inputs
            .into_iter()
            .map(|it| own::Input {
                name: it.name,
                accepts: it.accepts.into_iter().map(from_wit).collect(),
                required: it.required,
                many: it.many,
                description: it.description,
            })
            .collect(),
        outputs: it
            .outputs
            .into_iter()
            .map(|it| own::Output { name: it.name, unit: it.unit, description: it.description })
            .collect(),
        state_version: it.state_version,
        mergeable: it.mergeable,
    }
}

const TYPES: [(own::ColumnType, types::ColumnType); 8] = [
    (own::ColumnType::Number, types::ColumnType::Number),
    (own::ColumnType::Integer, types::ColumnType::Integer),
    (own::ColumnType::Boolean, types::ColumnType::Boolean),
    (own::ColumnType::Text, types::ColumnType::Text),
    (own::ColumnType::Category, types::ColumnType::Category),
    (own::ColumnType::Timestamp, types::ColumnType::Timestamp),
    (own::ColumnType::Vector, types::ColumnType::Vector),
    (own::ColumnType::Json, types::ColumnType::Json),
];

fn to_wit(it: own::ColumnType) -> types::ColumnType {
    TYPES[it as usize].1
}

fn from_wit(it: types::ColumnType) -> own::ColumnType {
    TYPES[it as usize].0
}
