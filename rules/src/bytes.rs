//! Numbers and texts as bytes: what stored states are made of.
//!
//! Integers take seven bits a byte, the lowest first, so that small counts take one byte. Nothing is
//! reserved on the word of the bytes alone: a length is believed up to the bytes that are there.

/// No window holds more records; so sums of the counts of thousands of windows fit into 64 bits.
pub(crate) const MOST_ROWS: u64 = 1 << 48;

/// Appends an integer.
#[inline]
pub(crate) fn put(it: u64, out: &mut Vec<u8>) {
    put_wide(u128::from(it), out);
}

/// Appends an integer of either sign, small ones in few bytes.
#[inline]
pub(crate) fn put_signed(it: i128, out: &mut Vec<u8>) {
    put_wide((it << 1 ^ it >> 127) as u128, out);
}

/// Appends several integers.
pub(crate) fn put_all<const N: usize>(them: [u64; N], out: &mut Vec<u8>) {
    for it in them {
        put(it, out);
    }
}

/// Appends a text behind its length.
pub(crate) fn put_text(it: &str, out: &mut Vec<u8>) {
    put(it.len() as u64, out);
    out.extend_from_slice(it.as_bytes());
}

#[inline]
fn put_wide(mut it: u128, out: &mut Vec<u8>) {
    while it >= 0x80 {
        out.push(it as u8 | 0x80);
        it >>= 7;
    }
    out.push(it as u8);
}

/// Reads a byte.
#[inline]
pub(crate) fn byte(from: &mut &[u8]) -> Option<u8> {
    from.split_off_first().copied()
}

/// Reads so many bytes.
#[inline]
pub(crate) fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    from.split_off(..N)?.try_into().ok()
}

/// Reads what [`put`] wrote.
#[inline]
pub(crate) fn get(from: &mut &[u8]) -> Option<u64> {
    get_wide(from)?.try_into().ok()
}

/// Reads what [`put_signed`] wrote.
pub(crate) fn get_signed(from: &mut &[u8]) -> Option<i128> {
    let it = get_wide(from)?;
    Some((it >> 1) as i128 ^ -((it & 1) as i128))
}

/// Reads several integers that count records.
pub(crate) fn get_counts<const N: usize>(from: &mut &[u8]) -> Option<[u64; N]> {
    let mut out = [0; N];
    for it in &mut out {
        *it = get(from).filter(|it| *it <= MOST_ROWS)?;
    }
    Some(out)
}

/// Reads how many things follow, of which each takes at least a byte.
pub(crate) fn get_length(from: &mut &[u8]) -> Option<usize> {
    usize::try_from(get(from)?).ok().filter(|it| *it <= from.len())
}

/// Reads a text.
pub(crate) fn get_text<'b>(from: &mut &'b [u8]) -> Option<&'b str> {
    let n = get_length(from)?;
    std::str::from_utf8(from.split_off(..n)?).ok()
}

#[inline]
fn get_wide(from: &mut &[u8]) -> Option<u128> {
    let mut it = 0_u128;
    for shift in (0..u128::BITS).step_by(7) {
        let next = byte(from)?;
        let bits = u128::from(next & 0x7f);
        it |= bits << shift;
        if next & 0x80 == 0 {
            // Of the nineteenth byte two bits are left.
            return (it >> shift == bits).then_some(it);
        }
    }
    None
}

/// Appends an ascending number as the distance from the one before, which it becomes.
pub(crate) fn put_next(it: u64, before: &mut u64, out: &mut Vec<u8>) {
    put(it.wrapping_sub(*before), out);
    *before = it;
}

/// Reads what [`put_next`] wrote.
pub(crate) fn get_next(from: &mut &[u8], before: &mut u64) -> Option<u64> {
    *before = before.checked_add(get(from)?)?;
    Some(*before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(number in any::<u64>(), signed in any::<i128>(), shift in 0_u32..128) {
            let signed = signed >> shift;
            let mut bytes = vec![];
            put(number, &mut bytes);
            put_signed(signed, &mut bytes);
            let mut from = bytes.as_slice();
            prop_assert_eq!((get(&mut from), get_signed(&mut from), from.len()), (Some(number), Some(signed), 0));
        }

        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = (get(&mut bytes.as_slice()), get_signed(&mut bytes.as_slice()));
            let _ = (get_counts::<3>(&mut bytes.as_slice()), get_text(&mut bytes.as_slice()));
        }
    }

    #[test]
    fn the_ends_of_the_range_come_back() {
        for it in [i128::MIN, -1, 0, 1, i128::MAX] {
            let mut bytes = vec![];
            put_signed(it, &mut bytes);
            assert_eq!(get_signed(&mut bytes.as_slice()), Some(it));
        }
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused() {
        let mut bytes = vec![];
        put(1 << 40, &mut bytes);
        assert_eq!(get_length(&mut bytes.as_slice()), None);
        assert_eq!(get_text(&mut [5, b'a'].as_slice()), None);
    }
}
