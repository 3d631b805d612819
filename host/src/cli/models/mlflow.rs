//! The versions that an `MLflow` model registry tells of, as they are put.
//!
//! Of the shapes of its REST API 2.0: `model_version`, `model_versions`, `registered_model(s).latest_versions`, and the
//! `data` of a webhook. Tags are a list of keys and values in answers, and an object in webhooks.

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use crate::wire::ModelPut;

/// Tags that name what identifies a model's bytes, the first that is there.
const HASHES: [&str; 4] = ["model_hash", "hash", "sha256", "digest"];
/// Members that are kept as metadata.
const KEPT: [&str; 9] = [
    "source",
    "run_id",
    "run_link",
    "description",
    "user_id",
    "status",
    "current_stage",
    "creation_timestamp",
    "last_updated_timestamp",
];

/// A version in a registry.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) told: ModelPut,
    stage: Option<String>,
    aliases: Vec<String>,
}

impl Registered {
    /// Whether this is its stage or one of its aliases.
    pub(super) fn is_called(&self, alias: &str) -> bool {
        self.stage.as_deref() == Some(alias) || self.aliases.iter().any(|it| it == alias)
    }
}

/// The versions in an answer of the registry, in its order.
pub(super) fn read(answer: &[u8]) -> anyhow::Result<Vec<Registered>> {
    let answer: Value = serde_json::from_slice(answer).context("the answer of MLflow is no JSON")?;
    if let Some(code) = answer.get("error_code") {
        bail!("MLflow answers {code}: {}", answer["message"].as_str().unwrap_or_default());
    }
    let mut found = Vec::new();
    if let Some(version) = answer.get("model_version") {
        found.extend(registered(version, &Value::Null));
    }
    for version in answer["model_versions"].as_array().into_iter().flatten() {
        found.extend(registered(version, &Value::Null));
    }
    let models = answer.get("registered_model").into_iter();
    for model in models.chain(answer["registered_models"].as_array().into_iter().flatten()) {
        for version in model["latest_versions"].as_array().into_iter().flatten() {
            found.extend(registered(version, &model["aliases"]));
        }
    }
    if answer["entity"] == "model_version" {
        found.extend(registered(&answer["data"], &Value::Null));
    }
    if found.is_empty() {
        bail!(
            "there is no version of a model in it: it is the answer of `model-versions/get` or `search`, of \
             `registered-models/get` or `search`, or a webhook of a model version"
        );
    }
    Ok(found)
}

/// A version; `aliases` are those of its model, by which `registered-models` tells them.
fn registered(version: &Value, aliases: &Value) -> Option<Registered> {
    let name = version["name"].as_str()?.to_owned();
    // A number in protocol buffers, a text in JSON, and some proxies turn it back.
    let number = match &version["version"] {
        Value::String(it) => it.clone(),
        Value::Number(it) => it.to_string(),
        _ => return None,
    };
    let own = version["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let of_model = aliases.as_array().into_iter().flatten().filter(|it| it["version"] == version["version"]);
    let mut names: Vec<String> = own.map(str::to_owned).collect();
    names.extend(of_model.filter_map(|it| it["alias"].as_str()).map(str::to_owned));
    names.sort_unstable();
    names.dedup();
    let tags = tags(&version["tags"]);
    let mut metadata: Map<String, Value> = KEPT
        .iter()
        .filter_map(|it| Some(((*it).to_owned(), version.get(*it)?.clone())))
        .filter(|it| !it.1.is_null() && it.1 != "")
        .collect();
    metadata.insert("registry".to_owned(), json!("mlflow"));
    if !names.is_empty() {
        metadata.insert("aliases".to_owned(), json!(names));
    }
    let hash = HASHES.iter().find_map(|it| tags.get(*it)?.as_str()).filter(|it| !it.is_empty()).map(str::to_owned);
    if !tags.is_empty() {
        metadata.insert("tags".to_owned(), Value::Object(tags));
    }
    let told = ModelPut { hash, metadata: Some(Value::Object(metadata)), ..ModelPut::default() };
    let stage = version["current_stage"].as_str().filter(|it| *it != "None").map(str::to_owned);
    Some(Registered { name, version: number, told, stage, aliases: names })
}

fn tags(tags: &Value) -> Map<String, Value> {
    match tags {
        Value::Object(it) => it.clone(),
        Value::Array(items) => {
            let pair = |it: &Value| Some((it["key"].as_str()?.to_owned(), it["value"].clone()));
            items.iter().filter_map(pair).collect()
        }
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = r#"{
        "name": "intents", "version": "8", "creation_timestamp": 1714557600000, "last_updated_timestamp": 1714557660000,
        "user_id": "", "current_stage": "Production", "description": "retrained on April", "status": "READY",
        "source": "mlflow-artifacts:/1/3f2a/artifacts/model", "run_id": "3f2a",
        "tags": [{"key": "model_hash", "value": "sha256:1f3c"}, {"key": "team", "value": "nlp"}],
        "aliases": ["champion"]}"#;

    #[test]
    fn a_version_is_read_of_each_answer() {
        let model =
            r#"{"name": "intents", "aliases": [{"alias": "champion", "version": "8"}], "latest_versions": [VERSION]}"#;
        for (shape, n) in [
            (r#"{"model_version": VERSION}"#.to_owned(), 1),
            (r#"{"model_versions": [VERSION, VERSION], "next_page_token": "x"}"#.to_owned(), 2),
            (format!("{{\"registered_model\": {model}}}"), 1),
            (format!("{{\"registered_models\": [{model}]}}"), 1),
        ] {
            let found = read(shape.replace("VERSION", VERSION).as_bytes()).unwrap();
            assert_eq!(found.len(), n, "{shape}");
            let it = &found[0];
            assert_eq!(
                (it.name.as_str(), it.version.as_str(), it.told.hash.as_deref()),
                ("intents", "8", Some("sha256:1f3c"))
            );
            let metadata = it.told.metadata.as_ref().unwrap();
            assert_eq!((&metadata["run_id"], &metadata["tags"]["team"]), (&json!("3f2a"), &json!("nlp")));
            assert_eq!(metadata["aliases"], json!(["champion"]));
            assert!(metadata.get("user_id").is_none());
            assert!(it.is_called("champion") && it.is_called("Production") && !it.is_called("None"), "{shape}");
        }
    }

    #[test]
    fn a_webhook_is_read_and_an_error_told() {
        let hook = r#"{"entity": "model_version", "action": "created", "timestamp": "2024-05-01T12:00:00Z",
            "data": {"name": "intents", "version": 9, "source": "s", "run_id": "r", "tags": {"hash": "h"}}}"#;
        let found = read(hook.as_bytes()).unwrap();
        assert_eq!((found[0].version.as_str(), found[0].told.hash.as_deref()), ("9", Some("h")));
        let error = read(br#"{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such model"}"#).unwrap_err();
        assert!(error.to_string().contains("no such model"), "{error}");
        assert!(read(b"{}").is_err() && read(b"x").is_err());
    }
}
