//! States as bytes: the state version, the count of rows, a checksum, and the state by postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// The first byte: raised when the form of the envelope changes.
const FORM: u8 = 2;

/// The bytes of a state after `rows` rows.
pub(crate) fn save<S: Serialize>(version: u32, rows: u64, state: &S) -> Result<Vec<u8>> {
    let mut bytes = vec![FORM];
    bytes.extend(version.to_le_bytes());
    bytes.extend(rows.to_le_bytes());
    bytes.extend([0; 8]);
    let mut bytes = postcard::to_extend(state, bytes)?;
    let sum = checksum(&bytes);
    bytes[13..21].copy_from_slice(&sum.to_le_bytes());
    Ok(bytes)
}

/// The rows and the state of bytes that `save` made. The error is [`Error::State`].
pub(crate) fn load<S: DeserializeOwned>(version: u32, bytes: &[u8]) -> Result<(u64, S)> {
    let damaged = |why: &str| Error::State(format!("the state is damaged: {why}"));
    let (Some(&form), Some(saved), Some(rows), Some(sum), Some(state)) =
        (bytes.first(), number(bytes, 1..5), number(bytes, 5..13), number(bytes, 13..21), bytes.get(21..))
    else {
        return Err(damaged(&format!("it has {} bytes", bytes.len())));
    };
    if form != FORM {
        return Err(Error::State(format!("the state was saved in form {form}; this plugin reads form {FORM}")));
    }
    if saved != u64::from(version) {
        return Err(Error::State(format!(
            "the state has version {saved}, this plugin's is {version}: measure the window again"
        )));
    }
    if sum != checksum(bytes) {
        return Err(damaged("its checksum does not match"));
    }
    match postcard::take_from_bytes(state) {
        Ok((state, [])) => Ok((rows, state)),
        Ok((_, rest)) => Err(damaged(&format!("{} bytes are left over", rest.len()))),
        Err(error) => Err(damaged(&error.to_string())),
    }
}

fn number(bytes: &[u8], range: std::ops::Range<usize>) -> Option<u64> {
    let bytes = bytes.get(range)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// A checksum of all but itself: FNV-1a over words of eight bytes, in four lanes that do not wait for each other, since
/// states of megabytes are looked at whenever a batch is added. It finds damage, not forgery, which is not the plugin's
/// to find.
fn checksum(bytes: &[u8]) -> u64 {
    let (head, state) = (bytes.get(..13).unwrap_or(bytes), bytes.get(21..).unwrap_or_default());
    let [mut a, mut b, mut c, mut d] = [1, 2, 3, 4].map(|it| mix(0xcbf2_9ce4_8422_2325, it));
    let (blocks, short) = state.as_chunks::<32>();
    for block in blocks {
        // Written out, since components are compiled to be small and loops are not unrolled.
        if let ([one, two, three, four], _) = block.as_chunks::<8>() {
            a = mix(a, u64::from_le_bytes(*one));
            b = mix(b, u64::from_le_bytes(*two));
            c = mix(c, u64::from_le_bytes(*three));
            d = mix(d, u64::from_le_bytes(*four));
        }
    }
    let rest = head.iter().chain(short).fold(state.len() as u64, |sum, it| mix(sum, u64::from(*it)));
    [a, b, c, d].into_iter().fold(rest, mix)
}

/// Takes in a word. Multiplying by an odd number only carries upwards, so the upper half is brought down again.
fn mix(sum: u64, word: u64) -> u64 {
    let it = (sum ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    it ^ (it >> 32)
}

#[cfg(test)]
mod tests {
    use super::{load, save};
    use crate::Error;

    #[test]
    fn what_was_saved_is_loaded() {
        let state = (vec![1.5, f64::NAN], "refund".to_owned());
        let bytes = save(3, 7, &state).unwrap();
        let (rows, (numbers, text)): (u64, (Vec<f64>, String)) = load(3, &bytes).unwrap();
        assert_eq!((rows, text.as_str(), numbers[0]), (7, "refund", 1.5));
        assert!(numbers[1].is_nan());
    }

    #[test]
    fn any_damage_is_found() {
        let bytes =
            save(1, 300, &(1_u64, "a text that is longer than the blocks of the checksum, and then some")).unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                assert!(matches!(load::<(u64, String)>(1, &damaged), Err(Error::State(_))), "byte {at}, bit {bit}");
            }
            assert!(matches!(load::<(u64, String)>(1, &bytes[..at]), Err(Error::State(_))), "cut at {at}");
        }
    }

    #[test]
    fn another_version_is_refused_by_its_number() {
        let bytes = save(1, 300, &1_u64).unwrap();
        let Err(Error::State(message)) = load::<u64>(2, &bytes) else { panic!("it was taken") };
        assert!(message.contains("version 1") && message.contains("is 2"), "{message}");
    }
}
