//! Plugins written in the test: what a host makes of components, without a host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use driftline_rules::plugin::{
    About, Batch, Capability, Checker, ColumnData, ColumnType, Comparison, Context, Fault, Input, Measurement, Note,
    Opened, Output, Plugin, Plugins, Summarizer, Task, Verdicts, Wanted,
};
use serde_json::{Value as Json, json};

/// The plugins `words`, `numbers`, `broken` and `twin`, which has a rule that `words` has too.
#[derive(Debug, Default)]
pub struct Native {
    /// How often any was asked about records.
    pub calls: Arc<AtomicU32>,
}

impl Plugins for Native {
    fn find(&self, wanted: &Wanted) -> Result<Arc<dyn Plugin>, String> {
        let mut about = About {
            name: wanted.name.clone(),
            version: "1.2.0".to_owned(),
            digest: format!("sha256:{}", "0".repeat(64)),
            ..About::default()
        };
        let file = wanted.file.as_deref().unwrap_or(&wanted.name);
        about.capabilities = match file.trim_end_matches(".wasm") {
            "words" => vec![shorter_than(), same_words()],
            "twin" => vec![shorter_than()],
            "numbers" => vec![sums(), drift(), last()],
            "broken" => {
                vec![broken("traps"), broken("lies"), broken("declines"), metric_of("grows"), metric_of("invents")]
            }
            other => return Err(format!("there is no file `{other}.wasm`")),
        };
        Ok(Arc::new(Made { about, calls: Arc::clone(&self.calls) }))
    }
}

#[derive(Debug)]
struct Made {
    about: About,
    calls: Arc<AtomicU32>,
}

fn input(name: &str, accepts: &[ColumnType], many: bool) -> Input {
    Input { name: name.to_owned(), accepts: accepts.to_vec(), required: true, many, description: String::new() }
}

fn output(name: &str, unit: Option<&str>) -> Output {
    Output { name: name.to_owned(), unit: unit.map(str::to_owned), description: String::new() }
}

fn capability(id: &str, task: Task, params: Json, inputs: Vec<Input>, outputs: Vec<Output>) -> Capability {
    let summary = format!("each record to satisfy {id}");
    Capability { id: id.to_owned(), task, summary, params, inputs, outputs, state_version: 1, mergeable: true }
}

fn shorter_than() -> Capability {
    let params = json!({"type": "object", "required": ["chars"], "additionalProperties": false,
        "properties": {"chars": {"type": "integer", "minimum": 1}, "only": {"type": "array", "items": {"type": "string"}}}});
    capability("shorter-than", Task::RecordCheck, params, vec![input("text", &[ColumnType::Text], false)], vec![])
}

fn same_words() -> Capability {
    let inputs = vec![input("first", &[ColumnType::Category], false), input("others", &[ColumnType::Category], true)];
    capability(
        "same-words",
        Task::RecordCheck,
        json!({"type": "object", "additionalProperties": false}),
        inputs,
        vec![],
    )
}

fn sums() -> Capability {
    let inputs = vec![
        input("value", &[ColumnType::Integer, ColumnType::Number], false),
        Input { required: false, ..input("class", &[ColumnType::Category], false) },
    ];
    let outputs = vec![output("sum", Some("EUR")), output("share", None), output("rows", None)];
    capability("sums", Task::Metric, json!({"type": "object"}), inputs, outputs)
}

fn drift() -> Capability {
    let inputs = vec![input("value", &[ColumnType::Integer], false)];
    capability("mean-shift", Task::DriftTest, json!({"type": "object"}), inputs, vec![output("moved", None)])
}

fn last() -> Capability {
    let inputs = vec![input("value", &[ColumnType::Integer], false)];
    let it = capability("last", Task::Metric, json!({"type": "object"}), inputs, vec![output("value", None)]);
    Capability { mergeable: false, ..it }
}

fn broken(id: &str) -> Capability {
    capability(
        id,
        Task::RecordCheck,
        json!({"type": "object"}),
        vec![input("any", &ColumnType::ALL[7..], false)],
        vec![],
    )
}

fn metric_of(id: &str) -> Capability {
    let inputs = vec![input("any", &ColumnType::ALL[7..], false)];
    capability(id, Task::Metric, json!({"type": "object"}), inputs, vec![output("size", None)])
}

impl Plugin for Made {
    fn about(&self) -> &About {
        &self.about
    }

    fn checker(&self, opened: &Opened) -> Result<Box<dyn Checker>, Fault> {
        let params: Json = serde_json::from_str(&opened.params).unwrap();
        if params["chars"] == 13 {
            return Err(Fault::Params("13 brings no luck".to_owned()));
        }
        Ok(Box::new(Rule { opened: opened.clone(), params, calls: Arc::clone(&self.calls) }))
    }

    fn summarizer(&self, opened: &Opened) -> Result<Arc<dyn Summarizer>, Fault> {
        Ok(Arc::new(Sums { opened: opened.clone() }))
    }
}

#[derive(Debug)]
struct Rule {
    opened: Opened,
    params: Json,
    calls: Arc<AtomicU32>,
}

fn is_there(batch: &Batch, column: usize, row: usize) -> bool {
    batch.columns[column].validity.as_ref().is_none_or(|it| it[row / 8] >> (row % 8) & 1 == 1)
}

fn category(batch: &Batch, column: usize, row: usize) -> Option<&str> {
    let ColumnData::Categories { codes, dictionary } = &batch.columns[column].data else { panic!("no categories") };
    is_there(batch, column, row).then(|| dictionary[codes[row] as usize].as_str())
}

impl Rule {
    /// Whether a row holds, and why not; `None`: nothing to judge.
    fn row(&self, batch: &Batch, row: usize) -> Option<Result<(), (Option<u32>, String)>> {
        if self.opened.capability == "same-words" {
            let first = category(batch, 0, row)?;
            let other = (1..batch.columns.len()).find(|it| category(batch, *it, row) != Some(first));
            return Some(other.map_or(Ok(()), |it| Err((Some(it as u32), format!("is not `{first}`")))));
        }
        let ColumnData::Texts(texts) = &batch.columns[0].data else { panic!("no texts") };
        let text = texts.get(row).unwrap();
        let n = text.chars().count() as u64;
        if text == "skip me" {
            return None;
        }
        let holds = n < self.params["chars"].as_u64().unwrap();
        Some(if holds { Ok(()) } else { Err((None, format!("has {n} characters"))) })
    }
}

impl Checker for Rule {
    fn check(&self, context: &Context, batch: &Batch, max_findings: u32) -> Result<Verdicts, Fault> {
        assert!((1..=1_024).contains(&batch.rows) && context.seed != 0);
        assert!(max_findings >= batch.rows);
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.opened.capability.as_str() {
            "traps" => return Err(Fault::Failed("reached code that cannot be reached".to_owned())),
            "declines" => return Err(Fault::TooLittle("too few".to_owned())),
            "lies" => return Ok(Verdicts::default()),
            _ => {}
        }
        let n = batch.rows as usize;
        let (mut passed, mut skipped, mut notes) = (vec![0_u8; n.div_ceil(8)], vec![0_u8; n.div_ceil(8)], Vec::new());
        for row in 0..n {
            match self.row(batch, row) {
                None => skipped[row / 8] |= 1 << (row % 8),
                Some(Ok(())) => passed[row / 8] |= 1 << (row % 8),
                Some(Err((column, message))) => {
                    notes.push(Note { row: row as u32, column, code: "long".to_owned(), message });
                }
            }
        }
        Ok(Verdicts { passed, skipped: Some(skipped), notes })
    }
}

/// Sums by class, written as JSON: exact, and so equal whatever the parts.
#[derive(Debug)]
struct Sums {
    opened: Opened,
}

type State = BTreeMap<String, (i64, i64)>;

fn state_of(bytes: &[u8]) -> Result<State, Fault> {
    serde_json::from_slice(bytes).map_err(|it| Fault::Failed(format!("damaged state: {it}")))
}

impl Summarizer for Sums {
    fn observe(&self, state: Option<&[u8]>, batch: &Batch) -> Result<Vec<u8>, Fault> {
        assert!((1..=1_024).contains(&batch.rows));
        if self.opened.capability == "grows" {
            return Ok(vec![0; 5_000]);
        }
        let mut sums = state.map_or_else(|| Ok(State::new()), state_of)?;
        for row in 0..batch.rows as usize {
            let class = if batch.columns.len() > 1 { category(batch, 1, row).unwrap_or("none") } else { "all" };
            let (sum, n) = sums.entry(class.to_owned()).or_default();
            if !is_there(batch, 0, row) {
                continue;
            }
            let value = match &batch.columns[0].data {
                ColumnData::Integers(it) => it[row],
                ColumnData::Numbers(it) => it[row] as i64,
                _ => 0,
            };
            // The last value, not the sum, is what cannot be merged.
            *sum = if self.opened.capability == "last" { value } else { *sum + value };
            *n += 1;
        }
        Ok(serde_json::to_vec(&sums).unwrap())
    }

    fn merge(&self, states: &[&[u8]]) -> Result<Vec<u8>, Fault> {
        let mut all = State::new();
        for state in states {
            for (class, (sum, n)) in state_of(state)? {
                let mine = all.entry(class).or_default();
                mine.0 += sum;
                mine.1 += n;
            }
        }
        Ok(serde_json::to_vec(&all).unwrap())
    }

    fn finish(&self, _: &Context, state: Option<&[u8]>) -> Result<Vec<Measurement>, Fault> {
        let sums = state.map_or_else(|| Ok(State::new()), state_of)?;
        let n: i64 = sums.values().map(|it| it.1).sum();
        if n < 2 {
            return Err(Fault::TooLittle(format!("{n} values are too few")));
        }
        let one = |name: &str, value: i64| Measurement { name: name.to_owned(), value: value as f64, labels: vec![] };
        if self.opened.capability == "last" {
            return Ok(vec![one("value", sums["all"].0)]);
        }
        if self.opened.capability == "invents" {
            return Ok(vec![one("weight", 1)]);
        }
        let mut all = vec![one("sum", sums.values().map(|it| it.0).sum()), one("rows", n)];
        for (class, (_, of)) in sums.iter().filter(|_| self.opened.columns.len() > 1) {
            let labels = vec![("class".to_owned(), class.clone())];
            all.push(Measurement { name: "share".to_owned(), value: *of as f64 / n as f64, labels });
        }
        Ok(all)
    }

    fn compare(&self, _: &Context, reference: Option<&[u8]>, current: Option<&[u8]>) -> Result<Comparison, Fault> {
        let mean = |state: Option<&[u8]>| {
            let (sum, n) = state.map_or_else(|| Ok(State::new()), state_of)?.remove("all").unwrap_or_default();
            if n == 0 { Err(Fault::TooLittle("a window is empty".to_owned())) } else { Ok(sum as f64 / n as f64) }
        };
        let statistic = (mean(current)? - mean(reference)?).abs();
        let moved = Measurement { name: "moved".to_owned(), value: statistic, labels: vec![] };
        Ok(Comparison {
            statistic,
            p_value: Some(0.5),
            details: vec![moved],
            explanation: Some(format!("the mean moved by {statistic}")),
        })
    }
}
