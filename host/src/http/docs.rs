//! The description of the API, and a page for people that needs nothing from elsewhere.

use axum::Json;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

/// What every operation has in common: what any of them may answer.
pub fn finished(api: OpenApi) -> OpenApi {
    use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
    let problem = |description: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        RefOr::T(ResponseBuilder::new().description(description).content("application/problem+json", content).build())
    };
    let mut api = api;
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = api.components.get_or_insert_with(Default::default);
    components.add_security_scheme("token", SecurityScheme::Http(scheme));
    for (path, item) in &mut api.paths.paths {
        if !path.starts_with("/v1/") && !path.starts_with("/api/v1/") {
            continue;
        }
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let more = [
                ("400", "The request cannot be understood."),
                ("401", "A token is needed."),
                ("403", "The token may not do that."),
                ("429", "The token's rate is used up; `Retry-After` says for how long."),
                ("500", "The service has a defect."),
                ("503", "Try again: the store, the journal or the service cannot take it; `Retry-After` says when."),
            ];
            for (status, description) in more {
                operation.responses.responses.entry(status.to_owned()).or_insert_with(|| problem(description));
            }
            let token = utoipa::openapi::security::SecurityRequirement::new("token", Vec::<String>::new());
            operation.security = Some(vec![token, utoipa::openapi::security::SecurityRequirement::default()]);
        }
    }
    api
}

/// The description.
pub fn openapi(api: OpenApi) -> Json<OpenApi> {
    Json(api)
}

/// The page: the description, made readable by a few lines of script in it.
pub async fn page() -> impl IntoResponse {
    let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(include_str!("docs.html")))
}
