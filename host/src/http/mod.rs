//! The HTTP API: every path on one screen. Handlers carry; they decide nothing about data.

mod actions;
mod asked;
mod baselines;
mod check;
mod clock;
mod diagnosis;
mod docs;
mod features;
mod findings;
mod first_byte;
mod frame;
mod health;
mod history;
mod labels;
mod listen;
mod metrics;
mod models;
mod plugins;
pub mod problem;
mod receiving;
mod reports;
mod retrain;
mod suites;
mod triggers;
mod windows;

use std::sync::Arc;

use axum::routing::{get, post};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::service::app::App;
pub use listen::{Listening, bind, listen};
use problem::Problem;
pub use receiving::{Came, receive};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Driftline",
        description = "Data-quality and drift rules for ML inference: checks every record against a suite, keeps what failed, answers what happened.\n\nErrors are RFC 9457 problem documents (`application/problem+json`), each with a stable `type`.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    // Their paths end in a word that the router cannot tell from the name.
    paths(baselines::from_windows, models::deploy, actions::redeliver, actions::test, triggers::command, triggers::fire),
    components(schemas(crate::wire::RecordVerdict, crate::wire::Finding)),
    tags(
        (name = "check", description = "Check records."),
        (name = "labels", description = "Labels, and the predictions that they are joined to."),
        (name = "suites", description = "Suites and their versions."),
        (name = "baselines", description = "What windows are compared with."),
        (name = "models", description = "Models, their versions, and their retraining runs."),
        (name = "plugins", description = "Plugins and their versions."),
        (name = "actions", description = "What is told to other systems when a trigger fires."),
        (name = "triggers", description = "What is to be done, and who decides."),
        (name = "history", description = "What was stored."),
        (name = "service", description = "The service itself."),
    )
)]
struct Api;

/// The whole API.
pub fn router(app: Arc<App>) -> frame::Framed {
    let (router, api) = routes().split_for_parts();
    let api = docs::finished(api);
    crate::metrics::here().requests.know(templates(&api));
    let router = router
        .route("/openapi.json", get(move || async move { docs::openapi(api.clone()) }))
        .route("/docs", get(docs::page))
        .fallback(|| async { Problem::not_found("there is no such path; /openapi.json lists what there is") })
        .method_not_allowed_fallback(|| async { Problem::method() })
        .with_state(app);
    frame::Framed { router, scheme: "http" }
}

/// The paths as the router knows them: a word behind a name is of its last part there.
fn templates(api: &utoipa::openapi::OpenApi) -> impl Iterator<Item = String> {
    let of = |path: &String| path.rfind("}:").and_then(|at| path.get(..=at)).unwrap_or(path).to_owned();
    api.paths.paths.keys().map(of).chain(["/openapi.json", "/docs"].map(str::to_owned))
}

/// The description of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    docs::finished(routes().split_for_parts().1)
}

fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(check::check))
        .routes(routes!(check::check_ad_hoc))
        .routes(routes!(suites::list))
        .routes(routes!(suites::get, suites::put, suites::delete))
        .routes(routes!(suites::versions))
        .routes(routes!(suites::version))
        .routes(routes!(suites::activate))
        .routes(routes!(suites::lint))
        .routes(routes!(suites::reload))
        .routes(routes!(history::results))
        .routes(routes!(history::result))
        .routes(routes!(history::failures))
        .routes(routes!(history::stats))
        .routes(routes!(labels::labels))
        .routes(routes!(labels::predictions))
        .routes(routes!(findings::findings))
        .routes(routes!(reports::report))
        .routes(routes!(features::list))
        .routes(routes!(features::distribution))
        .routes(routes!(features::drift))
        .routes(routes!(windows::windows))
        .routes(routes!(windows::window))
        .routes(routes!(windows::streams))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::version))
        .routes(routes!(metrics::metrics))
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::get))
        .routes(routes!(plugins::version, plugins::put, plugins::delete))
        .routes(routes!(plugins::activate))
        .routes(routes!(baselines::list))
        .routes(routes!(baselines::get, baselines::put))
        .route("/v1/baselines/{name}", post(baselines::from_windows))
        .routes(routes!(baselines::versions))
        .routes(routes!(baselines::version, baselines::delete))
        .routes(routes!(baselines::activate))
        .routes(routes!(models::list))
        .routes(routes!(models::get))
        .routes(routes!(models::version, models::put))
        .route("/v1/models/{name}/versions/{version}", post(models::deploy))
        .routes(routes!(models::deployments))
        .routes(routes!(models::deployed))
        .routes(routes!(retrain::list, retrain::tell))
        .routes(routes!(retrain::get))
        .routes(routes!(actions::list))
        .routes(routes!(actions::deliveries))
        .route("/v1/actions/deliveries/{id}", post(actions::redeliver))
        .route("/v1/actions/{name}", post(actions::test))
        .routes(routes!(triggers::list))
        .routes(routes!(triggers::get))
        .route("/v1/triggers/{id}", post(triggers::command))
        .routes(routes!(triggers::incident))
        .routes(routes!(diagnosis::of_incident))
        .routes(routes!(diagnosis::of_suite))
        .routes(routes!(triggers::of_suite))
        .route("/v1/suites/{suite}/triggers/{trigger}", post(triggers::fire))
}
