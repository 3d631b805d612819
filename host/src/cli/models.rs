//! `driftline models`: the models of a service that runs, their versions, and which of them is deployed.

mod mlflow;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::client::{Question, Service, input, refused, text};
use super::history::table;
use super::say;
use crate::wire::ModelPut;
use mlflow::Registered;

/// List models, register versions, and say which one is deployed.
///
/// Models lie in a service that runs; `docs/models.md` says what it does with them.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline models list\n  driftline models put intents 8 --hash sha256:1f3c --metadata run=r-8\n  driftline models deploy intents 8\n  driftline models show intents\n  curl -s \"$MLFLOW/api/2.0/mlflow/model-versions/search?filter=name%3D%27intents%27\" | driftline models import-mlflow - --deploy champion\n\nExit codes: 0; 1 the service refuses it; 3 bad usage, or nobody answers."
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List all models and what is deployed of each.
    List {
        #[command(flatten)]
        service: Service,
        #[command(flatten)]
        shown: Shown,
    },
    /// Show a model: its versions and its last deployments.
    Show {
        /// The model.
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        service: Service,
        #[command(flatten)]
        shown: Shown,
    },
    /// Register a version of a model, or say anew what is known of it.
    Put(Box<Put>),
    /// Say that a version is deployed; a rollback is the deployment of an earlier one.
    Deploy {
        /// The model.
        #[arg(value_name = "NAME")]
        name: String,
        /// Its version.
        #[arg(value_name = "VERSION")]
        version: String,
        /// When it was deployed (RFC 3339); now, without it.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        service: Service,
    },
    /// Register the versions that a REST answer, or a webhook, of a model registry of `MLflow` tells of.
    ImportMlflow {
        /// The answer, as JSON: of `model-versions/get` or `search`, `registered-models/get` or `search`; `-` is standard
        /// input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Say that the version with this alias or stage is deployed, such as `champion` or `Production`.
        #[arg(long, value_name = "ALIAS")]
        deploy: Option<String>,
        /// Let another hash take the place of the one that is known.
        #[arg(long)]
        replace: bool,
        /// Print what would be put, and ask nobody.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        service: Service,
    },
}

#[derive(ClapArgs, Debug)]
struct Put {
    /// The model.
    #[arg(value_name = "NAME")]
    name: String,
    /// Its version.
    #[arg(value_name = "VERSION")]
    version: String,
    /// What identifies its bytes, such as `sha256:..`.
    #[arg(long, value_name = "HASH")]
    hash: Option<String>,
    /// Something else that is known of it; may be given several times. A value is read as JSON where it is that.
    #[arg(long, value_name = "NAME=VALUE")]
    metadata: Vec<String>,
    /// A file with its schema, as JSON.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// The baseline that its records are compared with, perhaps with a version: `training` or `training:3`.
    #[arg(long, value_name = "NAME[:VERSION]")]
    baseline: Option<String>,
    /// The suite that its records are checked against.
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// Let another hash take the place of the one that is known.
    #[arg(long)]
    replace: bool,
    /// Say that it is deployed now, too.
    #[arg(long)]
    deploy: bool,
    #[command(flatten)]
    service: Service,
}

#[derive(ClapArgs, Debug)]
struct Shown {
    /// What the answer looks like.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// A format of the answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    match &args.verb {
        Verb::List { service, shown } => list(service, shown.format),
        Verb::Show { name, service, shown } => show(service, name, shown.format),
        Verb::Put(it) => put(it),
        Verb::Deploy { name, version, at, service } => deploy(service, name, version, at.as_deref()),
        Verb::ImportMlflow { file, deploy, replace, dry_run, service } => {
            import(service, &mlflow::read(&input(file)?)?, deploy.as_deref(), *replace, *dry_run)
        }
    }
}

pub(super) fn as_json(answer: &Value) -> anyhow::Result<u8> {
    say(|out| writeln!(out, "{answer:#}"))?;
    Ok(0)
}

fn list(service: &Service, format: Format) -> anyhow::Result<u8> {
    let (status, answer) = service.ask(Question { path: &["v1", "models"], ..Question::GET })?;
    if status >= 400 {
        return refused(&answer);
    }
    if format == Format::Json {
        return as_json(&answer);
    }
    let row = |it: &Value| {
        let count = it["versions"].as_array().map_or(0, Vec::len).to_string();
        vec![text(&it["name"]), text(&it["deployed"]), text(&it["deployed_at"]), count]
    };
    let rows: Vec<_> = answer.as_array().into_iter().flatten().map(row).collect();
    say(|out| table(&["MODEL", "DEPLOYED", "SINCE", "VERSIONS"], &rows, out))?;
    Ok(0)
}

fn show(service: &Service, name: &str, format: Format) -> anyhow::Result<u8> {
    let (status, mut answer) = service.ask(Question { path: &["v1", "models", name], ..Question::GET })?;
    if status >= 400 {
        return refused(&answer);
    }
    let path = ["v1", "models", name, "deployments"];
    let (status, deployments) = service.ask(Question { path: &path, query: &[("limit", "20")], ..Question::GET })?;
    if status >= 400 {
        return refused(&deployments);
    }
    if format == Format::Json {
        answer["deployments"] = deployments;
        return as_json(&answer);
    }
    let version = |it: &Value| {
        ["version", "status", "deployed_at", "hash", "baseline", "at", "by"].map(|name| text(&it[name])).to_vec()
    };
    let versions: Vec<_> = answer["versions"].as_array().into_iter().flatten().map(version).collect();
    let deployment = |it: &Value| ["at", "version", "hash", "by"].map(|name| text(&it[name])).to_vec();
    let deployments: Vec<_> = deployments.as_array().into_iter().flatten().map(deployment).collect();
    say(|out| {
        table(&["VERSION", "STATUS", "DEPLOYED", "HASH", "BASELINE", "PUT", "BY"], &versions, out)?;
        writeln!(out)?;
        table(&["DEPLOYED", "VERSION", "HASH", "BY"], &deployments, out)
    })?;
    Ok(0)
}

fn put(args: &Put) -> anyhow::Result<u8> {
    let mut metadata = Map::new();
    for it in &args.metadata {
        let Some((name, value)) = it.split_once('=') else {
            bail!("`--metadata {it}` must be NAME=VALUE, such as `--metadata run=r-8`");
        };
        metadata.insert(name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)));
    }
    let schema = match &args.schema {
        None => None,
        Some(file) => Some(serde_json::from_slice(&input(file)?).with_context(|| file.display().to_string())?),
    };
    let (baseline, baseline_version) = match args.baseline.as_deref().map(|it| it.rsplit_once(':').unwrap_or((it, "")))
    {
        None => (None, None),
        Some((name, "")) => (Some(name.trim_end_matches(':').to_owned()), None),
        Some((name, version)) => {
            let number =
                version.parse().with_context(|| format!("--baseline {name}:{version}: a version is a number"))?;
            (Some(name.to_owned()), Some(number))
        }
    };
    let told = ModelPut {
        hash: args.hash.clone(),
        metadata: Some(Value::Object(metadata)),
        schema,
        baseline,
        baseline_version,
        suite: args.suite.clone(),
    };
    let code = register(&args.service, (&args.name, &args.version), &told, args.replace)?;
    if code > 0 || !args.deploy { Ok(code) } else { deploy(&args.service, &args.name, &args.version, None) }
}

fn register(service: &Service, (name, version): (&str, &str), told: &ModelPut, replaces: bool) -> anyhow::Result<u8> {
    let body = serde_json::to_vec(told)?;
    let replace: &[(&str, &str)] = if replaces { &[("replace", "true")] } else { &[] };
    let path = ["v1", "models", name, "versions", version];
    let asked = Question { method: "PUT", path: &path, query: replace, body: &body, ..Question::GET };
    let (status, answer) = service.ask(asked)?;
    if status >= 400 {
        return refused(&answer);
    }
    let was = if status == 201 { "registered" } else { "was registered already, and is brought up to date" };
    say(|out| writeln!(out, "`{name}` {version} {was}"))?;
    Ok(0)
}

fn deploy(service: &Service, name: &str, version: &str, at: Option<&str>) -> anyhow::Result<u8> {
    let body = at.map_or_else(Vec::new, |it| json!({"at": it}).to_string().into_bytes());
    let version_and_verb = format!("{version}:deploy");
    let path = ["v1", "models", name, "versions", &version_and_verb];
    let (status, answer) = service.ask(Question { method: "POST", path: &path, body: &body, ..Question::GET })?;
    if status >= 400 {
        return refused(&answer);
    }
    let (deployed, since) = (text(&answer["deployed"]), text(&answer["deployed_at"]));
    say(|out| writeln!(out, "`{name}` {deployed} is deployed since {since}"))?;
    Ok(0)
}

fn import(
    service: &Service,
    found: &[Registered],
    alias: Option<&str>,
    replaces: bool,
    is_dry: bool,
) -> anyhow::Result<u8> {
    let is_deployed = |it: &Registered| alias.is_some_and(|alias| it.is_called(alias));
    if let Some(alias) = alias.filter(|_| !found.iter().any(is_deployed)) {
        bail!("--deploy {alias}: no version in the answer has this alias or stage");
    }
    for it in found {
        if is_dry {
            say(|out| {
                let told = serde_json::to_value(&it.told).unwrap_or_default();
                writeln!(
                    out,
                    "{}",
                    json!({"model": it.name, "version": it.version, "put": told, "deploy": is_deployed(it)})
                )
            })?;
            continue;
        }
        let code = register(service, (&it.name, &it.version), &it.told, replaces)?;
        if code > 0 {
            return Ok(code);
        }
        if is_deployed(it) {
            let code = deploy(service, &it.name, &it.version, None)?;
            if code > 0 {
                return Ok(code);
            }
        }
    }
    Ok(0)
}
