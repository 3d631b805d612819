//! Tokens: who asks, what they may do, and how often.

use std::fmt;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::config::{Digest, Scope, TOKEN_PREFIX, TokenConfig};
use crate::suites::hex;

/// All tokens that the service knows.
pub struct Tokens(Vec<Token>);

/// A token that the service knows; the token itself it does not know, only its hash.
pub struct Token {
    name: String,
    digest: Digest,
    scopes: Vec<Scope>,
    rate: Option<DefaultDirectRateLimiter>,
}

impl Tokens {
    /// Those of the configuration, each with its whole burst at hand.
    pub fn new(configured: &[TokenConfig]) -> Self {
        Tokens(configured.iter().map(Token::new).collect())
    }

    /// Whose token it is.
    ///
    /// Hashes are compared, in constant time and every one of them, so that the time of the answer tells neither how
    /// much of a guess was right nor whose token it resembles.
    pub fn who(&self, bearer: &str) -> Option<&Token> {
        let presented = Sha256::digest(bearer.as_bytes());
        let mut found = None;
        for token in &self.0 {
            if bool::from(token.digest.bytes().as_slice().ct_eq(presented.as_slice())) {
                found = Some(token);
            }
        }
        found
    }
}

impl Token {
    fn new(configured: &TokenConfig) -> Self {
        let quota = |rate| Quota::per_second(rate).allow_burst(configured.burst.unwrap_or(rate));
        Token {
            name: configured.name.clone(),
            digest: configured.sha256.clone(),
            scopes: configured.scopes.clone(),
            rate: configured.rate.map(|rate| RateLimiter::direct(quota(rate))),
        }
    }

    /// Its name, for logs and for who changed a suite.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it allows that; `admin` allows everything, and `read` to read metrics.
    pub fn may(&self, scope: Scope) -> bool {
        let of_reading = scope == Scope::Metrics;
        self.scopes.iter().any(|it| *it == scope || *it == Scope::Admin || of_reading && *it == Scope::Read)
    }

    /// Counts a request. An error is the time after which the next one is allowed.
    pub fn allow(&self) -> Result<(), Duration> {
        let Some(rate) = &self.rate else { return Ok(()) };
        rate.check().map_err(|wait| wait.wait_time_from(DefaultClock::default().now()))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {:?}", self.name, self.scopes)
    }
}

/// A new token of 256 random bits; `None`: the operating system has no randomness.
pub fn fresh() -> Option<String> {
    let mut bytes = [0; 32];
    // What TLS takes its keys from is good enough for a token.
    rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).ok()?;
    Some(format!("{TOKEN_PREFIX}{}", hex(&bytes)))
}

/// The hash of a token as the configuration holds it.
pub fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn token(name: &str, text: &str, scopes: &[Scope], rate: Option<(u32, u32)>) -> TokenConfig {
        TokenConfig {
            name: name.to_owned(),
            sha256: Digest::of_hex(&hash(text)).unwrap(),
            scopes: scopes.to_vec(),
            rate: rate.and_then(|it| NonZeroU32::new(it.0)),
            burst: rate.and_then(|it| NonZeroU32::new(it.1)),
        }
    }

    #[test]
    fn a_token_is_known_by_its_hash() {
        let (one, two) = (fresh().unwrap(), fresh().unwrap());
        assert!(one != two && one.len() == 67 && one.starts_with("dl_"), "{one}");
        let tokens =
            Tokens::new(&[token("one", &one, &[Scope::Read], None), token("two", &two, &[Scope::Check], None)]);
        assert_eq!(tokens.who(&one).map(Token::name), Some("one"));
        assert_eq!(tokens.who(&two).map(Token::name), Some("two"));
        for other in ["", "one", &hash(&one), &one[1..], &format!("{one} "), &fresh().unwrap()] {
            assert!(tokens.who(other).is_none(), "{other}");
        }
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(format!("{tokens:?}"), "[one [Read], two [Check]]");
    }

    #[test]
    fn a_token_allows_its_scopes_and_admin_all() {
        for scope in Scope::ALL {
            let token = Token::new(&token("a", "x", &[scope], None));
            let allowed: Vec<_> = Scope::ALL.into_iter().filter(|it| token.may(*it)).collect();
            let expected = match scope {
                Scope::Admin => Scope::ALL.to_vec(),
                Scope::Read => vec![Scope::Metrics, Scope::Read],
                scope => vec![scope],
            };
            assert_eq!(allowed, expected);
        }
        let both = Token::new(&token("a", "x", &[Scope::Check, Scope::Read], None));
        assert!(both.may(Scope::Check) && both.may(Scope::Read) && !both.may(Scope::WriteSuites));
    }

    #[test]
    fn a_rate_allows_its_burst_and_then_says_how_long_to_wait() {
        let configured = token("a", "x", &[Scope::Check], Some((5, 3)));
        let limited = Token::new(&configured);
        assert!((0..3).all(|_| limited.allow().is_ok()));
        let wait = limited.allow().unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(200), "{wait:?}");
        // Each token has a rate of its own.
        assert!(Token::new(&configured).allow().is_ok());
        std::thread::sleep(wait);
        assert!(limited.allow().is_ok());
        let free = Token::new(&token("a", "x", &[Scope::Check], None));
        assert!((0..10_000).all(|_| free.allow().is_ok()));
    }

    #[test]
    fn a_burst_is_as_large_as_the_rate_unless_it_is_given() {
        let mut configured = token("a", "x", &[Scope::Check], Some((1000, 1)));
        configured.burst = None;
        configured.rate = NonZeroU32::new(5);
        let limited = Token::new(&configured);
        assert_eq!((0..20).take_while(|_| limited.allow().is_ok()).count(), 5);
    }
}
