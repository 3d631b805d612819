//! Templates of bodies. They see the event and nothing else, and end after so many steps.

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::event::Event;
use crate::config::ActionType;

/// Steps that a template may take: some milliseconds.
const FUEL: u64 = 200_000;
/// Bytes that it may make.
const MOST: usize = 1 << 20;
/// What errors call it.
const NAME: &str = "body";

/// The template that is shipped for a type.
pub const fn shipped(kind: ActionType) -> Option<&'static str> {
    Some(match kind {
        ActionType::Slack => include_str!("templates/slack.jinja"),
        ActionType::Teams => include_str!("templates/teams.jinja"),
        ActionType::Pagerduty => include_str!("templates/pagerduty.jinja"),
        ActionType::GithubDispatch => include_str!("templates/github-dispatch.jinja"),
        ActionType::Airflow => include_str!("templates/airflow.jinja"),
        ActionType::Webhook | ActionType::Alertmanager | ActionType::Template => return None,
    })
}

/// A template that was read.
pub(super) struct Template {
    environment: Environment<'static>,
    is_json: bool,
}

/// What a template sees.
#[derive(Serialize)]
struct Seen<'a> {
    event: &'a Event,
    token: &'a str,
}

impl Template {
    /// Reads a template. For JSON every `{{ .. }}` is written as JSON, so that no value can end the text it stands in.
    pub fn new(text: &str, is_json: bool) -> Result<Template, String> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_auto_escape_callback(move |_| if is_json { AutoEscape::Json } else { AutoEscape::None });
        environment.add_template_owned(NAME, text.to_owned()).map_err(|it| said(&it))?;
        Ok(Template { environment, is_json })
    }

    /// The body for an event.
    pub fn render(&self, event: &Event, token: &str) -> Result<Vec<u8>, String> {
        let template = self.environment.get_template(NAME).map_err(|it| said(&it))?;
        let mut out = Bounded(Vec::new());
        template.render_captured_to(Seen { event, token }, &mut out).map_err(|it| said(&it))?;
        if !self.is_json {
            return Ok(out.0);
        }
        // Compact, and proven to be what it says.
        let json: serde_json::Value =
            serde_json::from_slice(&out.0).map_err(|it| format!("the template makes no JSON: {it}"))?;
        Ok(json.to_string().into_bytes())
    }
}

/// Takes no more than it may.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(std::io::Error::other("the template makes more than 1 MiB"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn said(error: &minijinja::Error) -> String {
    let line = error.line().map_or_else(String::new, |it| format!("line {it} of the template: "));
    let detail = error.detail().map_or_else(String::new, |it| format!(": {it}"));
    format!("{line}{}{detail}", error.kind())
}
