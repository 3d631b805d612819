//! Reading from a registry of the network: every answer is read to a limit, whoever gives it.

use reqwest::header::{ACCEPT, HeaderMap, WWW_AUTHENTICATE};
use reqwest::{Client, Method, Response, StatusCode};

use super::limits::{cut, megabytes};

/// Bytes of a manifest, as the specification advises registries; and of what a registry says of tokens and errors.
pub(super) const MANIFEST: u64 = 4 << 20;
/// Bytes of an error that are told.
const TOLD: usize = 300;

/// Who we are to a registry.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub user: String,
    pub password: String,
}

/// What is known after the registry has asked who we are.
enum Proof {
    None,
    Token(String),
    Login(Login),
}

/// One conversation about one repository.
pub(super) struct Fetching<'a> {
    client: &'a Client,
    /// `https://ghcr.io/v2/our-team/language`
    base: String,
    /// What a token is asked for: `repository:our-team/language:pull`
    scope: String,
    login: Option<Login>,
    proof: Proof,
}

/// Why nothing came, in words that follow the name of what was asked for.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The network.
    Network(reqwest::Error),
    /// Who we are is not known, or not enough.
    Refused(String),
    /// Anything else.
    Other(String),
}

impl From<reqwest::Error> for Trouble {
    fn from(it: reqwest::Error) -> Trouble {
        Trouble::Network(it)
    }
}

impl<'a> Fetching<'a> {
    /// Of a repository of a registry; `scheme` is `http` or `https`.
    pub fn new(
        client: &'a Client,
        (scheme, registry, repository): (&str, &str, &str),
        login: Option<Login>,
    ) -> Fetching<'a> {
        let base = format!("{scheme}://{registry}/v2/{repository}");
        Fetching { client, base, scope: format!("repository:{repository}:pull"), login, proof: Proof::None }
    }

    /// The headers of what lies at a place of the repository, such as `manifests/1.0`.
    pub async fn head(&mut self, place: &str, accept: &str) -> Result<HeaderMap, Trouble> {
        self.ask(Method::HEAD, place, accept).await.map(|it| it.headers().clone())
    }

    /// What lies there; an error as soon as it is more than `most` bytes.
    pub async fn get(&mut self, place: &str, accept: &str, most: u64) -> Result<Vec<u8>, Trouble> {
        let answer = self.ask(Method::GET, place, accept).await?;
        read(answer, most).await
    }

    async fn ask(&mut self, method: Method, place: &str, accept: &str) -> Result<Response, Trouble> {
        let mut answer = self.send(method.clone(), place, accept).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && matches!(self.proof, Proof::None) {
            self.proof = self.prove(answer.headers()).await?;
            answer = self.send(method, place, accept).await?;
        }
        match answer.status() {
            it if it.is_success() => Ok(answer),
            it @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(Trouble::Refused(it.to_string())),
            it => {
                // Registries say why in JSON; what is no text is not told.
                let body = read(answer, MANIFEST).await.unwrap_or_default();
                let body = cut(String::from_utf8(body).unwrap_or_default(), TOLD);
                Err(Trouble::Other(format!("{it} {}", body.trim()).trim_end().to_owned()))
            }
        }
    }

    async fn send(&self, method: Method, place: &str, accept: &str) -> Result<Response, Trouble> {
        let request = self.client.request(method, format!("{}/{place}", self.base)).header(ACCEPT, accept);
        let request = match &self.proof {
            Proof::None => request,
            Proof::Token(it) => request.bearer_auth(it),
            Proof::Login(it) => request.basic_auth(&it.user, Some(&it.password)),
        };
        Ok(request.send().await?)
    }

    /// What the registry wants to see, as its challenge says it: a token of its server of tokens, or the password.
    async fn prove(&self, asked: &HeaderMap) -> Result<Proof, Trouble> {
        let challenge = asked.get(WWW_AUTHENTICATE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let Some(parts) = bearer(challenge) else {
            return Ok(self.login.clone().map_or(Proof::None, Proof::Login));
        };
        let part = |name: &str| parts.iter().find(|it| it.0 == name).map(|it| it.1);
        let realm = part("realm").ok_or_else(|| Trouble::Refused("it does not say who gives tokens".to_owned()))?;
        let mut realm = reqwest::Url::parse(realm)
            .map_err(|it| Trouble::Refused(format!("`{realm}`, who gives tokens, is no address: {it}")))?;
        realm.query_pairs_mut().append_pair("scope", &self.scope);
        if let Some(service) = part("service") {
            realm.query_pairs_mut().append_pair("service", service);
        }
        let mut request = self.client.get(realm);
        if let Some(login) = &self.login {
            request = request.basic_auth(&login.user, Some(&login.password));
        }
        let answer = request.send().await?;
        if !answer.status().is_success() {
            return Err(Trouble::Refused(format!("no token is given: {}", answer.status())));
        }
        let text = read(answer, MANIFEST).await?;
        let text: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        let token = text.get("token").or_else(|| text.get("access_token")).and_then(|it| it.as_str());
        token.map(|it| Proof::Token(it.to_owned())).ok_or_else(|| Trouble::Refused("no token is given".to_owned()))
    }
}

/// The parts of a challenge, if it asks for a token: `Bearer realm="https://..",service="..",scope="a:b:pull,push"`.
fn bearer(challenge: &str) -> Option<Vec<(&str, &str)>> {
    let (scheme, mut rest) = challenge.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut parts = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([',', ' ']);
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        parts.push((name, value));
        rest = after;
    }
    Some(parts)
}

/// Reads an answer; what it says of its length is not believed.
async fn read(mut answer: Response, most: u64) -> Result<Vec<u8>, Trouble> {
    let too_much = || Trouble::Other(format!("it has more than the limit of {}", megabytes(most)));
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if (bytes.len() + piece.len()) as u64 > most {
            return Err(too_much());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn challenges_are_read() {
        let text = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let wanted = [
            ("realm", "https://auth.docker.io/token"),
            ("service", "registry.docker.io"),
            ("scope", "repository:a/b:pull,push"),
        ];
        assert_eq!(bearer(text).as_deref(), Some(&wanted[..]));
        assert_eq!(bearer("bearer realm=x, service=y").as_deref(), Some(&[("realm", "x"), ("service", "y")][..]));
        assert_eq!(bearer("Bearer realm=\"open").as_deref(), Some(&[("realm", "open")][..]));
        assert_eq!(bearer("Basic realm=\"x\""), None);
        assert_eq!(bearer(""), None);
    }
}
