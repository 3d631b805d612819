//! `driftline plugin push`, `pull`, `list` and `activate`: plugins in registries and in services that run.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args as ClapArgs;
use driftline_rules::plugin::Plugin as _;
use serde_json::Value;

use super::Opening;
use crate::cli::say;
use crate::cli::service::{self, refused};
use crate::plugins::{Limits, Registries, digest, local_registries, signature_text};

/// A service that runs, and who asks it.
#[derive(ClapArgs, Debug)]
struct Service {
    /// The service.
    #[arg(long = "service", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The token, of the scope `write-plugins` or, to list, `read`.
    #[arg(long, env = "DRIFTLINE_CLIENT_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

/// Put a plugin into a service that runs, or into an OCI registry.
///
/// The service tests the plugin and keeps it for all hosts on its database; it is used when a version is activated.
/// A signature in a file of the same name with `.sig` behind it goes along.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin push language.wasm --activate\n  driftline plugin push language.wasm --service https://driftline.example.com\n  driftline plugin push language.wasm --to oci://ghcr.io/our-team/language:1.2.0\n\nExit codes: 0; 1 the service refuses it; 3 for a file that is no plugin, or nobody answers."
)]
pub struct Push {
    #[command(flatten)]
    opening: Opening,
    #[command(flatten)]
    service: Service,
    /// A registry instead of a service: `oci://REGISTRY/REPOSITORY:TAG`.
    #[arg(long, value_name = "REFERENCE", conflicts_with_all = ["url", "activate"])]
    to: Option<String>,
    /// Make it the active version.
    #[arg(long)]
    activate: bool,
}

/// Fetch a plugin from an OCI registry.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin pull oci://ghcr.io/our-team/language:1.2.0 -o language.wasm\n\nExit codes: 0; 3 when it cannot be fetched."
)]
pub struct Pull {
    /// `oci://REGISTRY/REPOSITORY:TAG` or `..@sha256:DIGEST`.
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// The file to write; a signature is written beside it, with `.sig` behind its name.
    #[arg(short, long, value_name = "FILE", default_value = "plugin.wasm")]
    output: PathBuf,
}

/// List the plugins of a service that runs.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin list\n  driftline plugin list --service https://driftline.example.com\n\nExit codes: 0; 3 when nobody answers."
)]
pub struct List {
    #[command(flatten)]
    service: Service,
}

/// Make a version of a plugin the active one, a newer or an earlier.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline plugin activate language 1.2.0\n\nExit codes: 0; 1 the service refuses it; 3 when nobody answers."
)]
pub struct Activate {
    #[command(flatten)]
    service: Service,
    /// The plugin.
    #[arg(value_name = "NAME")]
    name: String,
    /// The version.
    #[arg(value_name = "VERSION")]
    version: String,
}

/// Runs `push`; the exit code.
pub fn push(args: &Push) -> anyhow::Result<u8> {
    let plugin = args.opening.open()?;
    let about = plugin.about();
    let found = args.opening.found()?;
    if let Some(reference) = &args.to {
        let told = [("title", about.name.clone()), ("version", about.version.clone())];
        let told = [&told[..], &[("description", about.description.clone())]].concat();
        let manifest = registries()?.push(reference, &found, &told).map_err(|it| anyhow!(it))?;
        say(|out| writeln!(out, "pushed {reference}\n  manifest {manifest}\n  component {}", about.digest))?;
        return Ok(0);
    }
    let path = format!("/v1/plugins/{}/versions/{}", about.name, about.version);
    let (status, answer) = args.service.ask("PUT", &path, Some(&found))?;
    if status >= 400 {
        return refused(&answer);
    }
    let was = if status == 201 { "registered" } else { "was registered already" };
    say(|out| writeln!(out, "`{}` {} {was} ({})", about.name, about.version, about.digest))?;
    if args.activate { args.service.activate(&about.name, &about.version) } else { Ok(0) }
}

/// Runs `pull`; the exit code.
pub fn pull(args: &Pull) -> anyhow::Result<u8> {
    let found = registries()?.pull(&args.reference).map_err(|it| anyhow!(it))?;
    let place = args.output.display();
    fs::write(&args.output, &found.component).with_context(|| place.to_string())?;
    if let Some(signature) = &found.signature {
        let mut beside = args.output.as_os_str().to_owned();
        beside.push(".sig");
        fs::write(&beside, signature).with_context(|| format!("{place}.sig"))?;
    }
    say(|out| writeln!(out, "{place}\n  digest {}", digest(&found.component)))?;
    Ok(0)
}

/// Runs `list`; the exit code.
pub fn list(args: &List) -> anyhow::Result<u8> {
    let (status, answer) = args.service.ask("GET", "/v1/plugins", None)?;
    if status >= 400 {
        return refused(&answer);
    }
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    say(|out| {
        for plugin in answer["plugins"].as_array().into_iter().flatten() {
            writeln!(out, "{}  {}", text(&plugin["name"]), text(&plugin["description"]))?;
            for version in plugin["versions"].as_array().into_iter().flatten() {
                let mark = if version["active"] == true { '*' } else { ' ' };
                let (number, digest) = (text(&version["version"]), text(&version["digest"]));
                writeln!(out, "  {mark} {number:12} {digest}  {}", text(&version["at"]))?;
            }
        }
        for broken in answer["broken"].as_array().into_iter().flatten() {
            writeln!(out, "{}: {}", text(&broken["file"]), text(&broken["problem"]))?;
        }
        Ok(())
    })?;
    Ok(0)
}

/// Runs `activate`; the exit code.
pub fn activate(args: &Activate) -> anyhow::Result<u8> {
    args.service.activate(&args.name, &args.version)
}

impl Service {
    fn activate(&self, name: &str, version: &str) -> anyhow::Result<u8> {
        let path = format!("/v1/plugins/{name}/versions/{version}/activate");
        let (status, answer) = self.ask("POST", &path, None)?;
        if status >= 400 {
            return refused(&answer);
        }
        say(|out| writeln!(out, "`{name}` {version} is active"))?;
        Ok(0)
    }

    /// The status and the document that was answered.
    fn ask(&self, method: &str, path: &str, body: Option<&crate::plugins::Found>) -> anyhow::Result<(u16, Value)> {
        let mut headers = vec![("content-type", "application/wasm".to_owned())];
        if let Some(signature) = body.and_then(|it| it.signature.as_ref()) {
            headers.push(("driftline-signature", signature_text(signature)));
        }
        let bytes = body.map_or_else(Vec::new, |it| it.component.clone());
        service::ask((&self.url, self.token.as_deref()), method, path, &headers, bytes)
    }
}

fn registries() -> anyhow::Result<Registries> {
    local_registries(Limits::default().component).map_err(|it| anyhow!(it))
}
