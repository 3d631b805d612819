//! Values as a few bytes each, so that a million of them are one allocation.

use std::borrow::Cow;

use rust_decimal::Decimal;

use crate::time::{Time, Zone};
use crate::value::Value;

/// Appends a value, as written: `1` and `1.0` stay different.
pub(super) fn pack(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Missing => out.push(0),
        Value::Null => out.push(1),
        Value::Bool(it) => out.extend_from_slice(&[2, u8::from(*it)]),
        Value::Int(it) => fixed(3, it.to_le_bytes(), out),
        Value::Big(it) => fixed(4, it.to_le_bytes(), out),
        Value::Num(it) => fixed(5, it.to_bits().to_le_bytes(), out),
        Value::Str(it) => {
            out.push(6);
            text(it, out);
        }
        Value::Time(it) => {
            fixed(7, it.micros.to_le_bytes(), out);
            match it.zone {
                Zone::Date => out.push(0),
                Zone::Local => out.push(1),
                Zone::Offset(minutes) => fixed(2, minutes.to_le_bytes(), out),
            }
        }
        Value::Dec(it) => fixed(8, it.serialize(), out),
        Value::List(it) => {
            out.push(9);
            length(it.len(), out);
            for it in it {
                pack(it, out);
            }
        }
        Value::Map(it) => {
            out.push(10);
            length(it.len(), out);
            for (name, it) in it {
                text(name, out);
                pack(it, out);
            }
        }
    }
}

/// Appends the list of `cells`.
pub(super) fn pack_many<'v, 'r: 'v>(cells: impl Iterator<Item = &'v Value<'r>> + Clone, out: &mut Vec<u8>) {
    out.push(9);
    length(cells.clone().count(), out);
    cells.for_each(|it| pack(it, out));
}

/// Reads the value at the start of `bytes`; `Null` when there is none.
pub(super) fn unpack(mut bytes: &[u8]) -> Value<'static> {
    read(&mut bytes).unwrap_or(Value::Null)
}

fn read(from: &mut &[u8]) -> Option<Value<'static>> {
    Some(match byte(from)? {
        0 => Value::Missing,
        1 => Value::Null,
        2 => Value::Bool(byte(from)? != 0),
        3 => Value::Int(i64::from_le_bytes(take(from)?)),
        4 => Value::Big(u64::from_le_bytes(take(from)?)),
        5 => Value::Num(f64::from_bits(u64::from_le_bytes(take(from)?))),
        6 => Value::Str(read_text(from)?),
        7 => {
            let micros = i64::from_le_bytes(take(from)?);
            let zone = match byte(from)? {
                0 => Zone::Date,
                1 => Zone::Local,
                _ => Zone::Offset(i16::from_le_bytes(take(from)?)),
            };
            Value::Time(Time { micros, zone })
        }
        8 => Value::Dec(Decimal::deserialize(take(from)?)),
        9 => {
            let n = read_length(from)?;
            Value::List((0..n).map(|_| read(from)).collect::<Option<_>>()?)
        }
        10 => {
            let n = read_length(from)?;
            let member = |_| Some((read_text(from)?, read(from)?));
            Value::Map((0..n).map(member).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn fixed<const N: usize>(tag: u8, bytes: [u8; N], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&bytes);
}

fn text(it: &str, out: &mut Vec<u8>) {
    length(it.len(), out);
    out.extend_from_slice(it.as_bytes());
}

/// Seven bits a byte, the lowest first, the top bit set on all but the last.
fn length(mut it: usize, out: &mut Vec<u8>) {
    while it >= 0x80 {
        out.push(it as u8 | 0x80);
        it >>= 7;
    }
    out.push(it as u8);
}

fn byte(from: &mut &[u8]) -> Option<u8> {
    from.split_off_first().copied()
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    from.split_off(..N)?.try_into().ok()
}

fn read_length(from: &mut &[u8]) -> Option<usize> {
    let mut it = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let next = byte(from)?;
        it |= usize::from(next & 0x7f).checked_shl(shift)?;
        if next & 0x80 == 0 {
            return Some(it);
        }
    }
    None
}

fn read_text(from: &mut &[u8]) -> Option<Cow<'static, str>> {
    let n = read_length(from)?;
    Some(Cow::Owned(String::from_utf8_lossy(from.split_off(..n)?).into_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sketch::laws::any_value;

    proptest! {
        #[test]
        fn a_value_comes_back_as_it_was_written(value in any_value()) {
            let mut bytes = vec![];
            pack(&value, &mut bytes);
            prop_assert_eq!(format!("{:?}", unpack(&bytes)), format!("{value:?}"));
        }

        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            unpack(&bytes);
        }
    }

    #[test]
    fn long_texts_have_long_lengths() {
        let value = Value::Str("x".repeat(70_000).into());
        let mut bytes = vec![];
        pack(&value, &mut bytes);
        assert_eq!(unpack(&bytes), value);
    }
}
