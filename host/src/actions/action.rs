//! Actions as they are configured, ready to send.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::address::{Guard, Names, Private, is_public, system};
use super::event::{Event, test_notice};
use super::template::{Template, shipped};
use crate::config::{ActionConfig, ActionType, Moment, Secret, TargetUrl};
use crate::store::outbox::DeliveryRow;
use crate::store::rows::Micros;

/// Where events of `PagerDuty` go that names no other place.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
/// What receivers are told of who sends.
const AGENT: &str = concat!("driftline/", env!("CARGO_PKG_VERSION"));
/// Headers that are set for every request.
const OWN: [&str; 8] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "idempotency-key",
    "x-driftline-timestamp",
    "x-driftline-signature",
];

/// All actions of a configuration.
pub struct Actions {
    by_name: BTreeMap<String, Arc<Action>>,
}

/// One action.
pub struct Action {
    /// As it was configured.
    pub config: ActionConfig,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) template: Option<Template>,
    pub(super) client: Client,
    pub(super) public_url: String,
    /// Whether the receiver has said that it wants events.
    pub(super) is_welcome: AtomicBool,
}

/// What is wrong with an action.
#[derive(Debug)]
pub struct Complaint {
    /// Which of the list.
    pub item: usize,
    /// Which of its settings.
    pub member: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = self.member.map_or_else(String::new, |it| format!(".{it}"));
        write!(f, "actions[{}]{member}: {} ({})", self.item, self.message, self.hint)
    }
}

impl fmt::Debug for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_name.keys()).finish()
    }
}

impl Actions {
    /// Those of a configuration, or all that is wrong with them. Files of templates are read.
    pub fn new(configs: &[ActionConfig], public_url: Option<&str>) -> Result<Actions, Vec<Complaint>> {
        Actions::with_names(configs, public_url, &system())
    }

    /// The same, with names that are looked up in another way.
    pub fn with_names(
        configs: &[ActionConfig],
        public_url: Option<&str>,
        names: &Names,
    ) -> Result<Actions, Vec<Complaint>> {
        let mut by_name: BTreeMap<String, Arc<Action>> = BTreeMap::new();
        let mut wrong = Vec::new();
        let mut firsts = BTreeMap::new();
        for (i, config) in configs.iter().enumerate() {
            if let Some(first) = firsts.insert(&config.name, i) {
                let message = format!("`{}` is the name of `actions[{first}]` already", config.name);
                let hint = "triggers name actions; give each a name of its own".to_owned();
                wrong.push(Complaint { item: i, member: Some("name"), message, hint });
            }
            let mut reading = Reading { config, item: i, wrong: &mut wrong };
            if let Some(it) = reading.action(public_url.unwrap_or_default(), names) {
                by_name.insert(config.name.clone(), Arc::new(it));
            }
        }
        if wrong.is_empty() { Ok(Actions { by_name }) } else { Err(wrong) }
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Arc<Action>> {
        self.by_name.get(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Action>> {
        self.by_name.values()
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.by_name.keys().cloned().collect()
    }

    /// The longest time that one of them may take for one try.
    pub fn longest(&self) -> Duration {
        self.iter().map(|it| it.config.timeout.duration()).max().unwrap_or_default()
    }
}

/// An action that is read, and what is wrong with it.
struct Reading<'a> {
    config: &'a ActionConfig,
    item: usize,
    wrong: &'a mut Vec<Complaint>,
}

impl Reading<'_> {
    fn say(&mut self, member: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        let (message, hint) = (message.into(), hint.into());
        self.wrong.push(Complaint { item: self.item, member: Some(member), message, hint });
    }

    fn action(&mut self, public_url: &str, names: &Names) -> Option<Action> {
        let n_before = self.wrong.len();
        let config = self.config;
        let url = self.url();
        let headers = self.headers();
        let template = self.template();
        self.what_belongs_together();
        // Whoever is the first to use TLS in this process says whose cryptography it is.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let guard = Guard { names: Arc::clone(names), allow_private: config.allow_private };
        let client = Client::builder()
            .user_agent(AGENT)
            .redirect(Policy::none())
            // A proxy would look names up by itself.
            .no_proxy()
            .dns_resolver(Arc::new(guard))
            .connect_timeout(config.timeout.duration())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(1);
        let client = match client.build() {
            Ok(it) => it,
            Err(error) => {
                self.say("url", format!("no client can be made: {error}"), "look at the certificates of the system");
                return None;
            }
        };
        let public_url = public_url.trim_end_matches('/').to_owned();
        let action = Action {
            config: config.clone(),
            url: url?,
            headers,
            template,
            client,
            public_url,
            is_welcome: AtomicBool::new(false),
        };
        if self.wrong.len() == n_before
            && let Err(why) = action.request(&action.test(0), 0)
        {
            let member = if config.body.is_some() { "body" } else { "body_file" };
            let hint = "values stand as `{{ event.reason }}`, without quotes around them: they are written as JSON";
            self.say(member, why, hint);
        }
        (self.wrong.len() == n_before).then_some(action)
    }

    fn url(&mut self) -> Option<Url> {
        let of_pagerduty = || (self.config.kind == ActionType::Pagerduty).then_some(PAGERDUTY);
        let Some(text) = self.config.url.as_ref().map(TargetUrl::reveal).or_else(of_pagerduty) else {
            self.say("type", "there is no `url` that it is sent to", "write `url: https://..`");
            return None;
        };
        let mut url = match Url::parse(text) {
            Ok(it) => it,
            Err(error) => {
                self.say("url", format!("is no address: {error}"), "such as `https://hooks.example.com/driftline`");
                return None;
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.say("url", "holds a user or a password", "name them under `headers`, or give a `token`");
        }
        if let Some(it) = address(&url).filter(|it| !self.config.allow_private && !is_public(*it)) {
            self.say("url", format!("{it} is of this machine or of a private network"), "say `allow_private: true`");
        }
        if self.config.kind == ActionType::Alertmanager && !url.path().ends_with("/api/v2/alerts") {
            let path = format!("{}/api/v2/alerts", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        Some(url)
    }

    fn headers(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for it in &self.config.headers {
            let (name, value) = (it.name.parse::<HeaderName>(), HeaderValue::from_str(it.value.reveal()));
            match (name, value) {
                (Ok(name), _) if OWN.contains(&name.as_str()) || name.as_str().starts_with("ce-") => {
                    self.say("headers", format!("`{name}` is set by Driftline itself"), "leave it out");
                }
                (Ok(AUTHORIZATION), Ok(_))
                    if self.config.token.is_some() && self.config.kind != ActionType::Pagerduty =>
                {
                    self.say("headers", "`authorization` is given, and `token` too", "give one of them");
                }
                (Ok(name), Ok(mut value)) => {
                    value.set_sensitive(true);
                    headers.append(name, value);
                }
                (Err(_), _) => self.say("headers", format!("`{}` is no name of a header", it.name), "such as `X-Team`"),
                (_, Err(_)) => {
                    let message = format!("the value of `{}` cannot stand in a header", it.name);
                    self.say("headers", message, "visible letters on one line");
                }
            }
        }
        if let Some(token) = self.config.token.as_ref().filter(|_| self.config.kind != ActionType::Pagerduty) {
            match HeaderValue::from_str(&format!("Bearer {}", token.reveal())) {
                Ok(mut it) => {
                    it.set_sensitive(true);
                    headers.insert(AUTHORIZATION, it);
                }
                Err(_) => self.say("token", "cannot stand in a header", "visible letters on one line"),
            }
        }
        headers
    }

    fn template(&mut self) -> Option<Template> {
        let config = self.config;
        let is_json = config.content_type.split(';').next().is_some_and(|it| it.ends_with("json"));
        let fixed = matches!(config.kind, ActionType::Webhook | ActionType::Alertmanager);
        let (text, member) = match (&config.body, &config.body_file) {
            (Some(_), Some(_)) => {
                self.say("body_file", "is given, and `body` too", "give one of them");
                return None;
            }
            (Some(_), None) | (None, Some(_)) if fixed => {
                let message = format!("the body of type `{}` is always the same", config.kind.name());
                self.say(if config.body.is_some() { "body" } else { "body_file" }, message, "say `type: template`");
                return None;
            }
            (Some(text), None) => (text.clone(), "body"),
            (None, Some(file)) => match std::fs::read_to_string(file) {
                Ok(it) => (it, "body_file"),
                Err(error) => {
                    self.say("body_file", format!("`{}` cannot be read: {error}", file.display()), "name a text file");
                    return None;
                }
            },
            (None, None) if fixed => return None,
            (None, None) => match shipped(config.kind) {
                Some(it) => (it.to_owned(), "body"),
                None => {
                    self.say("type", "there is no template", "give it as `body`, or a file as `body_file`");
                    return None;
                }
            },
        };
        let template = Template::new(&text, is_json);
        template.map_err(|why| self.say(member, why, "the language is that of Jinja: `{{ event.reason }}`")).ok()
    }

    fn what_belongs_together(&mut self) {
        let config = self.config;
        if config.previous_secret.is_some() && config.secret.is_none() {
            self.say("previous_secret", "is given without `secret`", "the key that holds now is `secret`");
        }
        if config.kind == ActionType::Pagerduty
            && config.token.is_none()
            && config.body.is_none()
            && config.body_file.is_none()
        {
            self.say("type", "there is no routing key", "give it as `token`");
        }
        if config.kind != ActionType::Webhook
            && (config.handshake || config.mode != crate::config::EventMode::Structured)
        {
            let member = if config.handshake { "handshake" } else { "mode" };
            self.say(member, "is of type `webhook`", "leave it out");
        }
        if config.first_retry > config.longest_retry {
            let message = format!("{} is longer than `longest_retry`, {}", config.first_retry, config.longest_retry);
            self.say("first_retry", message, "raise `longest_retry`");
        }
    }
}

/// The address that a URL names without a name.
pub(super) fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl Action {
    /// What a row of the outbox is about.
    pub fn event(&self, row: &DeliveryRow) -> Event {
        Event::new(row, &self.public_url)
    }

    /// Whether it takes a notice.
    pub fn takes(&self, row: &DeliveryRow) -> bool {
        let starts = matches!(self.config.kind, ActionType::GithubDispatch | ActionType::Airflow);
        match &self.config.on {
            Some(moments) => self.event(row).is_one_of(moments),
            None => !starts || self.event(row).is_one_of(&[Moment::Fired]),
        }
    }

    /// A row that is a test, which is in no outbox.
    pub fn test(&self, now: Micros) -> DeliveryRow {
        DeliveryRow::from(test_notice(&self.config.name, now))
    }

    /// Whether the address may be reached that its URL names without a name.
    pub(super) fn may_reach(&self) -> Result<(), Private> {
        match address(&self.url) {
            Some(it) if !self.config.allow_private && !is_public(it) => Err(Private(it.to_string())),
            _ => Ok(()),
        }
    }

    /// Time from a try to the next: it doubles from try to try, and a hash takes off up to half of it, so that what
    /// failed together does not come together again.
    pub fn pause(&self, id: Uuid, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(30);
        let longest = self.config.longest_retry.duration();
        let whole = self.config.first_retry.duration().saturating_mul(1 << doublings).min(longest);
        let hash = Sha256::new().chain_update(id.as_bytes()).chain_update(tries.to_be_bytes()).finalize();
        let part = hash.first_chunk::<4>().map_or(0, |it| u32::from_be_bytes(*it));
        whole.mul_f64(1.0 - f64::from(part) / f64::from(u32::MAX) / 2.0)
    }

    /// A text without anything that is a secret of this action.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let config = &self.config;
        let keys = [&config.secret, &config.previous_secret, &config.token].into_iter().flatten();
        let keys = keys.map(Secret::reveal).chain(config.headers.iter().map(|it| it.value.reveal()));
        let path = self.url.path().trim_end_matches('/');
        let query = self.url.query().unwrap_or_default();
        let mut all: Vec<&str> = keys.chain([self.url.as_str(), path, query]).filter(|it| it.len() > 3).collect();
        // A secret may lie in another one.
        all.sort_by_key(|it| std::cmp::Reverse(it.len()));
        all.iter().fold(text.to_owned(), |text, it| text.replace(it, crate::redact::HIDDEN))
    }
}
