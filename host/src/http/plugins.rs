//! Plugins over HTTP: putting, activating and removing versions.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::asked::{Named, Pace, allow, by, whole};
use super::problem::Problem;
use crate::config::Scope;
use crate::plugins::{Found, signature_text};
use crate::service::app::{App, now};
use crate::service::plugging::{Objection, Refused};
use crate::service::registry::{Index, Registered};
use crate::wire::{BrokenPlugin, PluginOut, PluginVersionOut, PluginsOut, time};

/// The header with the signature of a component.
const SIGNATURE: &str = "driftline-signature";

fn told(index: &Index, name: &str) -> Result<PluginOut, Problem> {
    let newest = index.versions(name).next().ok_or_else(|| unknown(name))?;
    let active = index.versions(name).find(|it| it.active);
    Ok(PluginOut {
        name: newest.name.clone(),
        active: active.map(|it| it.version.clone()),
        of_folder: newest.file.is_some(),
        about: active.unwrap_or(newest).about.clone(),
        versions: index.versions(name).map(|it| version_out(it)).collect(),
    })
}

fn version_out(it: &Registered) -> PluginVersionOut {
    PluginVersionOut {
        version: it.version.clone(),
        digest: it.digest.clone(),
        size: it.size,
        wit: it.wit.clone(),
        signed: it.signature.is_some(),
        at: time(it.at),
        by: it.by.clone(),
        active: it.active,
    }
}

fn unknown(name: &str) -> Problem {
    Problem::not_found(format!("there is no plugin `{name}`, or not this version; /v1/plugins lists those there are"))
}

/// All plugins, and the files of their folder that are none.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins", responses(
    (status = 200, description = "By name.", body = PluginsOut),
))]
pub async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<PluginsOut>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let index = app.shelf.registry().now();
    let names: BTreeSet<_> = index.all.iter().map(|it| it.name.as_str()).collect();
    let broken = index.broken.iter();
    let broken =
        broken.map(|(file, why)| BrokenPlugin { file: file.display().to_string(), problem: why.clone() }).collect();
    Ok(Json(PluginsOut { plugins: names.into_iter().map(|it| told(&index, it)).collect::<Result<_, _>>()?, broken }))
}

/// A plugin: its rules, its page and its versions.
#[utoipa::path(get, path = "/v1/plugins/{name}", tag = "plugins", params(("name" = String, Path, description = "The plugin.")), responses(
    (status = 200, description = "The plugin.", body = PluginOut),
    (status = 404, description = "There is no such plugin.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
) -> Result<Json<PluginOut>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    told(&app.shelf.registry().now(), &name).map(Json)
}

/// The bytes of a version.
#[utoipa::path(get, path = "/v1/plugins/{name}/versions/{version}", tag = "plugins", params(
    ("name" = String, Path, description = "The plugin."), ("version" = String, Path, description = "Its semantic version.")), responses(
    (status = 200, description = "The component; its digest is the `ETag`, its signature the header `Driftline-Signature`.", body = Vec<u8>, content_type = "application/wasm"),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn version(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let (it, bytes) = app.shelf.component(&name, &version).await.map_err(|it| problem(it, &name))?;
    let etag = format!("\"{}\"", it.digest);
    let kind = (header::CONTENT_TYPE, "application/wasm".to_owned());
    let mut response = ([kind, (header::ETAG, etag)], bytes).into_response();
    let signature = it.signature.as_ref().and_then(|it| signature_text(it).parse().ok());
    response.headers_mut().extend(signature.map(|it| (header::HeaderName::from_static(SIGNATURE), it)));
    Ok(response)
}

/// Puts a version of a plugin: a WebAssembly component that says the same name and version of itself. It is tested,
/// with the cases of its page and with the laws for its kind, and kept for all hosts; it is not active yet. The same
/// bytes may be put again.
#[utoipa::path(put, path = "/v1/plugins/{name}/versions/{version}", tag = "plugins", params(
    ("name" = String, Path, description = "The plugin."), ("version" = String, Path, description = "Its semantic version."),
    ("Driftline-Signature" = Option<String>, Header, description = "The Ed25519 signature of the component, Base64; needed where `plugins.signatures` is `required`.")),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component."), responses(
    (status = 200, description = "These bytes were there already.", body = PluginOut),
    (status = 201, description = "Taken in.", body = PluginOut),
    (status = 400, description = "The name or the version is none.", body = Problem, content_type = "application/problem+json"),
    (status = 408, description = "The body stopped coming.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Other bytes have this name and version; or the folder of plugins holds the plugin.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "It is larger than `plugins.component` allows.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It is no plugin that may run here: all reasons.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn put(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<PluginOut>), Problem> {
    let token = allow(&app, &headers, Scope::WritePlugins)?;
    let most = app.shelf.registry().shelf().runtime().limits().component;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let component = whole(body, most, Pace::new(&app.live().settings)).await?.to_vec();
    let signature = headers.get(SIGNATURE).map(|it| it.as_bytes().to_vec());
    let found = Found { component, signature };
    let put = app.shelf.put_plugin(&app.store, (&name, &version), found, &by(token), now()).await;
    let status = if put.map_err(|it| problem(it, &name))? { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(told(&app.shelf.registry().now(), &name)?)))
}

/// Makes a version the active one, a newer or an earlier: suites that name no version of the plugin have it from the
/// next request on. When one of them cannot be loaded with it, nothing changes.
#[utoipa::path(post, path = "/v1/plugins/{name}/versions/{version}/activate", tag = "plugins", params(
    ("name" = String, Path, description = "The plugin."), ("version" = String, Path, description = "Its semantic version.")), responses(
    (status = 200, description = "Active.", body = PluginOut),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The folder of plugins holds the plugin.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Suites cannot be loaded with it: all reasons.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn activate(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<PluginOut>, Problem> {
    let token = allow(&app, &headers, Scope::WritePlugins)?;
    let activated = app.shelf.activate_plugin(&app.store, (&name, &version), &by(token), now()).await;
    activated.map_err(|it| problem(it, &name))?;
    told(&app.shelf.registry().now(), &name).map(Json)
}

/// Removes a version that is not active and that no active suite uses. Results that name its digest stay.
#[utoipa::path(delete, path = "/v1/plugins/{name}/versions/{version}", tag = "plugins", params(
    ("name" = String, Path, description = "The plugin."), ("version" = String, Path, description = "Its semantic version.")), responses(
    (status = 204, description = "Removed."),
    (status = 404, description = "There is no such version.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is active, or suites use it, or the folder of plugins holds it.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn delete(
    State(app): State<Arc<App>>,
    Named((name, version)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let token = allow(&app, &headers, Scope::WritePlugins)?;
    let removed = app.shelf.remove_plugin(&app.store, (&name, &version), &by(token)).await;
    removed.map_err(|it| problem(it, &name))?;
    Ok(StatusCode::NO_CONTENT)
}

fn problem(refused: Refused, name: &str) -> Problem {
    match refused {
        Refused::Name(why) => Problem::bad_request(why),
        Refused::OfFolder => Problem::conflict(
            "of-folder",
            "The plugin is a file",
            "the folder of plugins holds this plugin; change its file, which is read again at once",
        ),
        Refused::Because(Objection::Other(digest)) => Problem::conflict(
            "other-bytes",
            "The version has other bytes",
            format!(
                "this version of `{name}` is there with the digest {digest}; give what changed a version of its own"
            ),
        ),
        Refused::Because(Objection::Problems(all)) => Problem::reasons("plugin", "The plugin has problems", all),
        Refused::Because(Objection::Suites(all)) => {
            Problem::reasons("suites-break", "Suites cannot be loaded with it", all)
        }
        Refused::Because(Objection::Active) => Problem::conflict(
            "active",
            "The version is active",
            "activate another version first; the last version of a plugin stays",
        ),
        Refused::Because(Objection::Used(suites)) => {
            let detail = format!("these suites use it: {}; change or remove them first", suites.join(", "));
            Problem::conflict("used", "Suites use the version", detail)
        }
        Refused::Unknown => unknown(name),
        Refused::Failed(why) => {
            tracing::error!(why, plugin = name, "a plugin could not be handled");
            Problem::internal("the plugin could not be handled; the log says why")
        }
        Refused::Store(error) => error.into(),
    }
}
