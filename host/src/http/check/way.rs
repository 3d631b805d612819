//! How a check is answered.

use driftline_rules::suite::OnFail;
use driftline_rules::time::Time;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::problem::Problem;
use crate::service::app::now;
use crate::service::batch::Wanted;
use crate::store::rows::Micros;

/// How a check is answered.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Of a batch: verdicts on `all` records, on those that `failed` something, or `none`.
    #[param(pattern = "^(all|failed|none)$")]
    verdicts: Option<String>,
    /// In place of the suite's own: `observe`, `tag` or `reject`.
    #[param(pattern = "^(observe|tag|reject)$")]
    on_fail: Option<String>,
    /// `accepted`: answered when the journal has it; `stored`: when the store has committed it.
    #[param(pattern = "^(accepted|stored)$")]
    wait: Option<String>,
    /// A name for where the records come from, for the history; `http` without it.
    #[param(max_length = 100)]
    source: Option<String>,
    /// The time that the records are of (RFC 3339), when what was logged earlier is checked now: it is the
    /// time of the result, and what `fresh` takes for now. Not later than the clock says.
    at: Option<String>,
}

/// The same, understood.
pub struct Way {
    /// Which verdicts are answered.
    pub wanted: Wanted,
    /// In place of the suite's own.
    pub on_fail: Option<OnFail>,
    /// Whether the answer waits for the store.
    pub stored: bool,
    /// Where the records come from.
    pub source: String,
    /// The time that they are of.
    pub at: Micros,
}

impl Asked {
    /// What the words mean.
    pub fn way(self) -> Result<Way, Problem> {
        let wanted = match self.verdicts.as_deref() {
            None | Some("all") => Wanted::All,
            Some("failed") => Wanted::Failed,
            Some("none") => Wanted::None,
            Some(it) => return Err(Problem::bad_request(format!("`verdicts={it}` is none of all, failed, none"))),
        };
        let on_fail = match self.on_fail {
            None => None,
            Some(word) => Some(
                OnFail::parse_name(&word)
                    .ok_or_else(|| Problem::bad_request(format!("`on_fail={word}` is none of observe, tag, reject")))?,
            ),
        };
        let stored = match self.wait.as_deref() {
            None | Some("accepted") => false,
            Some("stored") => true,
            Some(it) => return Err(Problem::bad_request(format!("`wait={it}` is none of accepted, stored"))),
        };
        let source = self.source.unwrap_or_else(|| "http".to_owned());
        if source.chars().count() > 100 {
            return Err(Problem::bad_request("`source` is longer than 100 characters"));
        }
        let now = now();
        let at = match self.at {
            None => now,
            Some(text) => Time::parse(&text.replace(' ', "+"))
                .map(|it| it.micros)
                .filter(|it| (0..=now).contains(it))
                .ok_or_else(|| {
                    Problem::bad_request(format!("`at={text}` is no time of the past such as 2024-05-01T12:00:00Z"))
                })?,
        };
        Ok(Way { wanted, on_fail, stored, source, at })
    }
}
