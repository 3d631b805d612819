//! Signatures: HMAC-SHA256 (RFC 2104) of what is sent and when.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::suites::hex;

/// The header of the time, in seconds since 1970.
pub(super) const TIMESTAMP: &str = "x-driftline-timestamp";
/// The header of the signatures.
pub(super) const SIGNATURE: &str = "x-driftline-signature";

/// `v1=` and the hexadecimal digits of the HMAC of the time, a point and the body; of several keys one behind the
/// other with a comma between.
pub fn signature(keys: &[&str], timestamp: &str, body: &[u8]) -> String {
    let one = |key: &&str| {
        // A key of any length is a key.
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        Some(format!("v1={}", hex(&mac.finalize().into_bytes())))
    };
    keys.iter().filter_map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn a_signature_is_that_of_openssl() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'a key of many letters'
        let one = signature(&["a key of many letters"], "1700000000", br#"{"a":1}"#);
        assert_eq!(one, "v1=d76ece373d9631691dc05d837ab0add8b80fc851d84ed90294d1221e7b1dffb2");
        let two = signature(&["a key of many letters", "another key of letters"], "1700000000", br#"{"a":1}"#);
        assert!(two.starts_with(&format!("{one},v1=")) && two.len() == 2 * one.len() + 1);
    }
}
