//! Whose plugins run here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::DecodePublicKey;
use ed25519_dalek::{Signature, VerifyingKey};

/// Which signatures count, and whether one is needed.
///
/// A signature is pure Ed25519 over the bytes of the component, as `openssl pkeyutl -sign -rawin -inkey key.pem -in
/// plugin.wasm -out plugin.wasm.sig` writes it: 64 bytes, or these in Base64.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    keys: Vec<VerifyingKey>,
    required: bool,
}

impl Trust {
    /// Trusts the holders of these keys: PEM (`openssl pkey -pubout`), or 32 bytes in Base64. With `required`, a
    /// plugin without a signature is refused. The error names the key that is none.
    pub fn new(keys: &[String], required: bool) -> Result<Trust, String> {
        if required && keys.is_empty() {
            return Err("signatures are required, but no key is given that could have made one".to_owned());
        }
        let keys = keys.iter().enumerate().map(|(i, it)| key(it).map_err(|why| format!("key {}: {why}", i + 1)));
        Ok(Trust { keys: keys.collect::<Result<_, _>>()?, required })
    }

    /// Whether the component may run. A signature that is there must be right, required or not, unless no key is
    /// known to check it with.
    pub(super) fn check(&self, component: &[u8], signature: Option<&[u8]>) -> Result<(), String> {
        let Some(signature) = signature.filter(|_| !self.keys.is_empty()) else {
            if !self.required {
                return Ok(());
            }
            return Err("it is not signed, and this host runs signed plugins only: put the signature into a file of \
                        the same name with `.sig` behind it"
                .to_owned());
        };
        let signature = read(signature)?;
        if self.keys.iter().any(|it| it.verify_strict(component, &signature).is_ok()) {
            return Ok(());
        }
        let n = self.keys.len();
        Err(format!(
            "its signature fits none of the {n} keys that are trusted: it was changed after it was signed, or signed by somebody else"
        ))
    }
}

fn key(text: &str) -> Result<VerifyingKey, String> {
    if text.contains("-----BEGIN") {
        return VerifyingKey::from_public_key_pem(text.trim())
            .map_err(|it| format!("is no Ed25519 public key in PEM: {it}"));
    }
    let bytes = STANDARD.decode(text.trim()).map_err(|it| format!("is neither PEM nor Base64: {it}"))?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|it: Vec<u8>| format!("has {} bytes; 32 are due", it.len()))?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|it| format!("is no Ed25519 public key: {it}"))?;
    // With a key of small order, signatures can be made that fit any text.
    if key.is_weak() { Err("is a weak key".to_owned()) } else { Ok(key) }
}

fn read(bytes: &[u8]) -> Result<Signature, String> {
    let due = "its signature is neither 64 bytes nor these in Base64";
    let raw = match bytes.len() {
        64 => bytes.to_vec(),
        _ => {
            let text: Vec<u8> = bytes.iter().copied().filter(|it| !it.is_ascii_whitespace()).collect();
            STANDARD.decode(text).map_err(|it| format!("{due}: {it}"))?
        }
    };
    Signature::from_slice(&raw).map_err(|it| format!("{due}: {it}"))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    #[test]
    fn only_a_trusted_signature_of_these_bytes_counts() {
        let (own, other) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]));
        let public = STANDARD.encode(own.verifying_key().as_bytes());
        let trust = Trust::new(&[public], true).unwrap();
        let signed = own.sign(b"component").to_bytes();
        let text = format!("{}\n", STANDARD.encode(signed));
        assert_eq!(trust.check(b"component", Some(&signed)), Ok(()));
        assert_eq!(trust.check(b"component", Some(text.as_bytes())), Ok(()));
        let refused = |bytes: &[u8], signature: Option<&[u8]>| trust.check(bytes, signature).unwrap_err();
        assert!(refused(b"componenT", Some(&signed)).contains("fits none of the 1 keys"));
        assert!(refused(b"component", Some(&other.sign(b"component").to_bytes())).contains("fits none"));
        assert!(refused(b"component", Some(b"short")).contains("neither 64 bytes nor"));
        assert!(refused(b"component", None).contains("is not signed"));
    }

    #[test]
    fn a_wrong_signature_is_refused_even_where_none_is_needed() {
        let own = SigningKey::from_bytes(&[7; 32]);
        let trust = Trust::new(&[STANDARD.encode(own.verifying_key().as_bytes())], false).unwrap();
        assert_eq!(trust.check(b"component", None), Ok(()));
        assert!(trust.check(b"component", Some(&[1; 64])).is_err());
    }

    #[test]
    fn a_key_that_is_none_is_named() {
        let wrong = |key: &str| Trust::new(&[key.to_owned()], false).unwrap_err();
        assert!(wrong("AAAA").contains("key 1: has 3 bytes; 32 are due"));
        assert!(wrong("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").contains("key 1: is no Ed25519"));
        assert!(Trust::new(&[], true).is_err());
        // As `openssl pkey -pubout` writes it.
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        assert!(Trust::new(&[pem.to_owned()], true).is_ok());
    }
}
