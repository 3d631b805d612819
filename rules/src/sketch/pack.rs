//! Values as a few bytes each, so that a million of them are one allocation.

use std::borrow::Cow;

use rust_decimal::Decimal;

use crate::bytes::{byte, get_length, get_signed, get_text, put, put_signed, put_text, take};
use crate::time::{Time, Zone};
use crate::value::Value;

/// Arrays and objects in each other beyond this are no value: records nest no deeper, and compound keys are arrays of values.
const DEPTH: usize = 514;

/// Appends a value, as written: `1` and `1.0` stay different.
pub(super) fn pack(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Missing => out.push(0),
        Value::Null => out.push(1),
        Value::Bool(it) => out.extend_from_slice(&[2, u8::from(*it)]),
        Value::Int(it) => {
            out.push(3);
            put_signed(i128::from(*it), out);
        }
        Value::Big(it) => fixed(4, it.to_le_bytes(), out),
        Value::Num(it) => fixed(5, it.to_bits().to_le_bytes(), out),
        Value::Str(it) => {
            out.push(6);
            put_text(it, out);
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
            put(it.len() as u64, out);
            for it in it {
                pack(it, out);
            }
        }
        Value::Map(it) => {
            out.push(10);
            put(it.len() as u64, out);
            for (name, it) in it {
                put_text(name, out);
                pack(it, out);
            }
        }
    }
}

/// Appends the list of `cells`.
pub(super) fn pack_many<'v, 'r: 'v>(cells: impl Iterator<Item = &'v Value<'r>> + Clone, out: &mut Vec<u8>) {
    out.push(9);
    put(cells.clone().count() as u64, out);
    cells.for_each(|it| pack(it, out));
}

/// Reads the value at the start of `bytes`; `Null` when there is none.
pub(super) fn unpack(mut bytes: &[u8]) -> Value<'static> {
    read(&mut bytes).unwrap_or(Value::Null)
}

/// Reads the value at the start of bytes that may be anyone's; `None` when there is none.
pub(super) fn read(from: &mut &[u8]) -> Option<Value<'static>> {
    read_within(from, DEPTH)
}

fn read_within(from: &mut &[u8], depth: usize) -> Option<Value<'static>> {
    Some(match byte(from)? {
        0 => Value::Missing,
        1 => Value::Null,
        2 => Value::Bool(byte(from)? != 0),
        3 => Value::Int(get_signed(from)?.try_into().ok()?),
        4 => Value::Big(u64::from_le_bytes(take(from)?)),
        5 => Value::Num(f64::from_bits(u64::from_le_bytes(take(from)?))),
        6 => Value::Str(read_text(from)?),
        7 => {
            let micros = i64::from_le_bytes(take(from)?);
            let zone = match byte(from)? {
                0 => Zone::Date,
                1 => Zone::Local,
                // A day at most: no clock shows another.
                _ => Zone::Offset(Some(i16::from_le_bytes(take(from)?)).filter(|it| (-1439..1440).contains(it))?),
            };
            Value::Time(Time { micros, zone })
        }
        8 => Value::Dec(Decimal::deserialize(take(from)?)),
        9 => {
            let (n, depth) = (get_length(from)?, depth.checked_sub(1)?);
            Value::List((0..n).map(|_| read_within(from, depth)).collect::<Option<_>>()?)
        }
        10 => {
            let (n, depth) = (get_length(from)?, depth.checked_sub(1)?);
            let member = |_| Some((read_text(from)?, read_within(from, depth)?));
            Value::Map((0..n).map(member).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn fixed<const N: usize>(tag: u8, bytes: [u8; N], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&bytes);
}

fn read_text(from: &mut &[u8]) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(get_text(from)?.to_owned()))
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
    fn arrays_in_arrays_end() {
        assert!(read(&mut [9, 1].repeat(100_000).as_slice()).is_none());
    }

    #[test]
    fn long_texts_have_long_lengths() {
        let value = Value::Str("x".repeat(70_000).into());
        let mut bytes = vec![];
        pack(&value, &mut bytes);
        assert_eq!(unpack(&bytes), value);
    }
}
