//! What the loss is put down to.

use super::client::Client;
use super::stage::Stage;

/// What has changed, as the service says.
pub struct Cause {
    /// The field.
    pub field: String,
    /// How far its values moved, in standard deviations of the baseline.
    pub distance: f64,
    /// The same in the units of the field.
    pub effect: String,
}

/// The field that has moved furthest from the baseline in the window that begins at `since`; none if no drift was found
/// there.
pub fn cause(client: &Client, stage: &Stage, since: &str) -> anyhow::Result<Option<Cause>> {
    let drifted = stage.findings(client, "kind=stable&status=fail&length=5m", since)?;
    let causes = drifted.iter().map(|it| Cause {
        field: it["path"].as_str().unwrap_or_default().to_owned(),
        distance: it["statistic"].as_f64().unwrap_or(0.0),
        effect: it["details"]["effect"].as_str().unwrap_or_default().to_owned(),
    });
    Ok(causes.max_by(|a, b| a.distance.total_cmp(&b.distance)))
}
