//! `driftline runs`: the retraining runs of a service that runs.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args as ClapArgs, Subcommand};
use serde_json::{Map, Value, json};

use super::client::{Question, Service, input, refused, text};
use super::history::table;
use super::models::{Format, as_json};
use super::say;

/// List retraining runs, show one, or tell of one.
///
/// A pipeline tells of its runs, with a file or with options; a run that has ended is checked against the suites whose
/// `runs_of` names its model. `docs/models.md` says what they can expect of it.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline runs put --id r-8 --model intents --status started\n  driftline runs put --id r-8 --job train_model_job=succeeded:41m --rows 120000\n  driftline runs put --id r-8 --status succeeded --model-version 8 --metric accuracy=0.953\n  driftline runs put events.json\n  driftline runs list --model intents --since 30d\n  driftline runs show r-8\n\nExit codes: 0; of `put`: 2 a suite warns of the run, 1 a suite fails it, or the service refuses what is told; 3 bad usage, or nobody answers."
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List runs, the newest first.
    List(List),
    /// Show a run, with what follows from it and from the runs before.
    Show {
        /// The run.
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        service: Service,
    },
    /// Tell of a run: what is told adds to what is known of it.
    Put(Box<Put>),
}

#[derive(ClapArgs, Debug)]
struct List {
    /// Only of this model.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Only `started`, `running`, `succeeded`, `failed` or `cancelled` ones.
    #[arg(long, value_name = "WORD")]
    status: Option<String>,
    /// From this time on: RFC 3339, or a span before now such as `24h`.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many, the newest first.
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    service: Service,
}

#[derive(ClapArgs, Debug)]
struct Put {
    /// Events as JSON, one or an array of them, in place of options; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present = "id")]
    file: Option<PathBuf>,
    /// The run.
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    id: Option<String>,
    /// Its model; needed when it is told of first.
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    model: Option<String>,
    /// The version that it makes.
    #[arg(long, value_name = "VERSION", conflicts_with = "file")]
    model_version: Option<String>,
    /// `started`, `running`, `succeeded`, `failed` or `cancelled`.
    #[arg(long, value_name = "WORD", conflicts_with = "file")]
    status: Option<String>,
    /// What was measured of the model; may be given several times.
    #[arg(long, value_name = "NAME=NUMBER", conflicts_with = "file")]
    metric: Vec<String>,
    /// A job of the run, with its status and perhaps how long it took; may be given several times.
    #[arg(long, value_name = "NAME=STATUS[:DURATION]", conflicts_with = "file")]
    job: Vec<String>,
    /// Rows that it is trained with.
    #[arg(long, value_name = "N", conflicts_with = "file")]
    rows: Option<u64>,
    /// Where its training data lie.
    #[arg(long, value_name = "URI", conflicts_with = "file")]
    uri: Option<String>,
    /// How serving took the model up: `succeeded` or `failed`.
    #[arg(long, value_name = "WORD", conflicts_with = "file")]
    reload: Option<String>,
    /// The incident that asked for it.
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    incident: Option<String>,
    #[command(flatten)]
    service: Service,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.verb {
        Verb::List(it) => list(it),
        Verb::Show { id, service } => {
            let (status, answer) = service.ask(Question { path: &["v1", "retrain-runs", id], ..Question::GET })?;
            if status >= 400 { refused(&answer) } else { as_json(&answer) }
        }
        Verb::Put(it) => put(it),
    }
}

fn list(args: &List) -> anyhow::Result<u8> {
    let limit = args.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    let given = [("model", &args.model), ("status", &args.status), ("since", &args.since), ("until", &args.until)];
    query.extend(given.iter().filter_map(|(name, it)| Some((*name, it.as_deref()?))));
    let (status, answer) =
        args.service.ask(Question { path: &["v1", "retrain-runs"], query: &query, ..Question::GET })?;
    if status >= 400 {
        return refused(&answer);
    }
    if args.format == Format::Json {
        return as_json(&answer["items"]);
    }
    let row = |it: &Value| {
        let metrics = it["metrics"].as_object().into_iter().flatten();
        let metrics: Vec<_> = metrics.map(|(name, value)| format!("{name}={value}")).collect();
        let mut row =
            ["id", "model", "version", "status", "started_at", "finished_at"].map(|name| text(&it[name])).to_vec();
        row.extend([text(&it["data"]["rows"]), text(&it["reload"]["status"]), text(&it["verdict"]), metrics.join(" ")]);
        row
    };
    let rows: Vec<_> = answer["items"].as_array().into_iter().flatten().map(row).collect();
    let head = ["RUN", "MODEL", "VERSION", "STATUS", "STARTED", "FINISHED", "ROWS", "RELOAD", "VERDICT", "METRICS"];
    say(|out| table(&head, &rows, out))?;
    Ok(0)
}

fn put(args: &Put) -> anyhow::Result<u8> {
    let body = match &args.file {
        Some(file) => input(file)?,
        None => event(args)?.to_string().into_bytes(),
    };
    let path = ["v1", "retrain-runs"];
    let (status, answer) = args.service.ask(Question { method: "POST", path: &path, body: &body, ..Question::GET })?;
    if status >= 400 {
        return refused(&answer);
    }
    let one = [answer];
    let runs = match &one {
        [Value::Array(runs)] => runs.as_slice(),
        runs => runs.as_slice(),
    };
    say(|out| {
        for run in runs {
            writeln!(out, "`{}` of `{}`: {}", text(&run["id"]), text(&run["model"]), text(&run["status"]))?;
            for check in run["checks"].as_array().into_iter().flatten() {
                writeln!(out, "  {}: {}", text(&check["suite"]), text(&check["verdict"]))?;
                for it in check["failures"].as_array().into_iter().flatten() {
                    writeln!(out, "    {} {}: {}", text(&it["severity"]), text(&it["check"]), text(&it["message"]))?;
                }
            }
        }
        Ok(())
    })?;
    let checks: Vec<_> = runs.iter().filter_map(|it| it["checks"].as_array()).flatten().collect();
    let any = |verdict: &str| checks.iter().any(|it| it["verdict"] == verdict);
    Ok(if any("fail") {
        1
    } else if any("warn") {
        2
    } else {
        0
    })
}

/// The event that options tell of.
fn event(args: &Put) -> anyhow::Result<Value> {
    let mut event = Map::new();
    let words = [
        ("id", &args.id),
        ("model", &args.model),
        ("version", &args.model_version),
        ("status", &args.status),
        ("incident", &args.incident),
    ];
    event.extend(words.iter().filter_map(|(name, it)| Some(((*name).to_owned(), json!(it.as_ref()?)))));
    let mut metrics = Map::new();
    for it in &args.metric {
        let (name, number) = it.split_once('=').with_context(|| format!("--metric {it}: it is NAME=NUMBER"))?;
        let number: f64 = number.parse().with_context(|| format!("--metric {it}: `{number}` is no number"))?;
        if !number.is_finite() {
            bail!("--metric {it}: `{number}` is no number that can be compared");
        }
        metrics.insert(name.to_owned(), json!(number));
    }
    let job = |it: &String| {
        let (name, rest) =
            it.split_once('=').with_context(|| format!("--job {it}: it is NAME=STATUS or NAME=STATUS:DURATION"))?;
        anyhow::Ok(match rest.split_once(':') {
            None => json!({"name": name, "status": rest}),
            Some((status, duration)) => json!({"name": name, "status": status, "duration": duration}),
        })
    };
    let jobs = args.job.iter().map(job).collect::<anyhow::Result<Vec<_>>>()?;
    if !metrics.is_empty() {
        event.insert("metrics".to_owned(), Value::Object(metrics));
    }
    if !jobs.is_empty() {
        event.insert("jobs".to_owned(), Value::Array(jobs));
    }
    if args.rows.is_some() || args.uri.is_some() {
        event.insert("data".to_owned(), json!({"rows": args.rows, "uri": args.uri}));
    }
    if let Some(status) = &args.reload {
        event.insert("reload".to_owned(), json!({"status": status}));
    }
    Ok(Value::Object(event))
}
