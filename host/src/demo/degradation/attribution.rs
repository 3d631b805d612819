//! What the loss is put down to.

use super::client::Client;

/// The likeliest cause, as the service's diagnosis of an incident says.
pub struct Cause {
    /// `data`, `model` or `infrastructure`.
    pub category: String,
    /// The field, or what else it is.
    pub subject: String,
    /// How likely, from 0 to 1, as hypotheses are ranked.
    pub score: f64,
    /// What speaks for it, in a sentence or two.
    pub evidence: String,
}

/// The first hypothesis about an incident; none if there is none.
pub fn cause(client: &Client, incident: &str) -> anyhow::Result<Option<Cause>> {
    let diagnosis = client.get(&format!("/v1/incidents/{incident}/diagnosis"))?;
    let text = |it: &serde_json::Value| it.as_str().unwrap_or_default().to_owned();
    let first = diagnosis["hypotheses"].as_array().and_then(|it| it.first());
    Ok(first.map(|it| Cause {
        category: text(&it["category"]),
        subject: text(&it["subject"]),
        score: it["score"].as_f64().unwrap_or(0.0),
        evidence: it["evidence"].as_array().into_iter().flatten().take(2).map(text).collect::<Vec<_>>().join("; "),
    }))
}
