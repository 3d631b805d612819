//! What no schema can say: what settings mean together.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value as Json;

use super::Config;
use super::merge::{Merged, child, segments};
use super::problem::{Origin, Problem};
use super::words::{Privacy, Signatures};
use crate::actions::Actions;

/// The configuration, and what is wrong with it as a whole. `broken` are the values that the schema refused: they are
/// left out, and nothing is said that rests on them.
pub(super) fn read(merged: &Merged, broken: &[String]) -> Result<(Config, Vec<Problem>), Problem> {
    let mut check = Check { merged, broken: broken.to_vec(), problems: Vec::new() };
    let mut json = merged.json.clone();
    check.address(&json);
    leave_out(&mut json, &check.broken);
    let config: Config = serde_json::from_value(json).map_err(|error| {
        Problem::new(merged.origin(""), "", format!("the schema takes what the service does not: {error}"))
    })?;
    check.all(&config);
    Ok((config, check.problems))
}

/// Takes values away; what lies in a list goes with the whole list, so that no item changes its number.
fn leave_out(json: &mut Json, pointers: &[String]) {
    for pointer in pointers {
        let path = segments(pointer);
        let until_list = path.iter().position(|it| it.parse::<usize>().is_ok()).unwrap_or(path.len());
        let Some((name, above)) = path[..until_list].split_last() else {
            *json = Json::Object(serde_json::Map::new());
            return;
        };
        let above = above.iter().fold(String::new(), |pointer, it| child(&pointer, it));
        if let Some(Json::Object(members)) = json.pointer_mut(&above) {
            members.shift_remove(name);
        }
    }
}

struct Check<'m> {
    merged: &'m Merged,
    broken: Vec<String>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    /// Whether the values, and all that lies in them, are as they were given.
    fn sound(&self, pointers: &[&str]) -> bool {
        let within = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        !self.broken.iter().any(|broken| pointers.iter().any(|it| within(it, broken) || within(broken, it)))
    }

    /// Says what is wrong at the first of the values that was set by somebody.
    fn say(&mut self, pointers: &[&str], message: impl Into<String>, hint: impl Into<String>) {
        let set = pointers.iter().find(|it| self.merged.set_by(it) != Origin::Default);
        let pointer = *set.or(pointers.first()).unwrap_or(&"");
        self.problems.push(Problem::new(self.merged.origin(pointer), pointer, message).hint(hint));
    }

    /// The one setting whose form needs a parser of its own.
    fn address(&mut self, json: &Json) {
        let Some(Json::String(text)) = json.get("listen") else { return };
        if text.parse::<SocketAddr>().is_err() && self.sound(&["/listen"]) {
            let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or("8080");
            let hint = format!("such as `127.0.0.1:{port}` for this machine, `0.0.0.0:{port}` for all interfaces");
            self.say(&["/listen"], "expected an IP address and a port", hint);
            self.broken.push("/listen".to_owned());
        }
    }

    fn all(&mut self, config: &Config) {
        self.doors(config);
        self.tokens(config);
        self.actions(config);
        self.plugins(config);
        let (journal, limits) = (&config.journal, &config.limits);
        if self.sound(&["/journal"]) && journal.segment_max > journal.max {
            let message = format!("a file of {} does not fit into a journal of {}", journal.segment_max, journal.max);
            self.say(&["/journal/segment_max", "/journal/max"], message, "raise `journal.max`");
        }
        if self.sound(&["/limits"]) && limits.record > limits.body {
            let message = format!("a record of {} does not fit into a body of {}", limits.record, limits.body);
            self.say(&["/limits/record", "/limits/body"], message, "raise `limits.body`");
        }
        if self.sound(&["/limits"]) && limits.read_timeout > limits.request_timeout {
            let message = format!(
                "a pause of {} is longer than the {} of a request",
                limits.read_timeout, limits.request_timeout
            );
            self.say(&["/limits/read_timeout", "/limits/request_timeout"], message, "raise `limits.request_timeout`");
        }
        let results = &config.results;
        if self.sound(&["/results"]) && results.privacy == Privacy::Hash && results.privacy_key.is_none() {
            let hint = "set `results.privacy_key`, or `DRIFTLINE_RESULTS__PRIVACY_KEY`, to a random text";
            self.say(&["/results/privacy"], "hashes need a key, or values could be found by guessing", hint);
        }
    }

    /// Who can reach the service, and how.
    fn doors(&mut self, config: &Config) {
        let tls = [("/tls/certificate", &config.tls.certificate, "key"), ("/tls/key", &config.tls.key, "certificate")];
        for (pointer, file, other) in tls {
            if self.sound(&["/tls"]) && file.is_some() && config.tls_files().is_none() {
                self.say(
                    &[pointer],
                    format!("is given without `tls.{other}`"),
                    "the two belong together; give both or none",
                );
            }
        }
        let open = config.tokens.is_empty() && !config.insecure && !config.listen.ip().is_loopback();
        if open && self.sound(&["/listen", "/insecure", "/tokens"]) {
            self.say(
                &["/listen"],
                format!("anyone who reaches {} could do anything: there are no tokens", config.listen),
                "make one with `driftline token new`, listen on 127.0.0.1, or say `insecure: true`",
            );
        }
    }

    /// Whose plugins run.
    fn plugins(&mut self, config: &Config) {
        let needs_keys = config.plugins.signatures == Signatures::Required && config.plugins.keys.is_empty();
        if !self.sound(&["/plugins"]) {
        } else if needs_keys {
            let message = "no plugin could run: there is no key that could have signed one";
            self.say(&["/plugins/signatures"], message, "name the public keys under `plugins.keys`");
        } else if let Err(why) = config.plugins.trust() {
            let hint = "PEM as `openssl pkey -pubout` writes it, or the 32 bytes of the key in Base64";
            self.say(&["/plugins/keys"], why, hint);
        }
    }

    /// What is told to other systems.
    fn actions(&mut self, config: &Config) {
        if !self.sound(&["/actions", "/public_url"]) {
            return;
        }
        for it in Actions::new(&config.actions, config.public_url.as_deref()).err().into_iter().flatten() {
            let at = it.member.iter().fold(child("/actions", &it.item.to_string()), |at, name| child(&at, name));
            self.say(&[&at], it.message, it.hint);
        }
    }

    fn tokens(&mut self, config: &Config) {
        if !self.sound(&["/tokens"]) {
            return;
        }
        let (mut names, mut digests) = (BTreeMap::new(), BTreeMap::new());
        for (i, token) in config.tokens.iter().enumerate() {
            let at = child("/tokens", &i.to_string());
            if let Some(first) = names.insert(&token.name, i) {
                let message = format!("`{}` is the name of `tokens[{first}]` already", token.name);
                self.say(&[&child(&at, "name")], message, "a name tells in logs who it was; give each token its own");
            }
            if let Some(first) = digests.insert(token.sha256.bytes(), i) {
                let message = format!("is the same token as `tokens[{first}]`");
                self.say(&[&child(&at, "sha256")], message, "make another with `driftline token new`");
            }
            if token.burst.is_some() && token.rate.is_none() {
                self.say(
                    &[&child(&at, "burst")],
                    "is given without `rate`",
                    "say how many requests a second `rate` allows",
                );
            }
        }
    }
}
