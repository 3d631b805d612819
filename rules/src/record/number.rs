//! Numbers: integers exactly while they fit 64 bits, everything else as the nearest float.

use super::cursor::{Cursor, Fault};
use crate::value::Value;

/// The powers of ten that a float holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads a number that begins here with `-` or a digit.
///
/// `-0` is the integer 0, as in Python. An integer beyond 64 bits and a number with a fraction or an
/// exponent is the nearest float; beyond the range of floats that is an infinity, as in Python.
#[inline]
pub(super) fn read<'r>(cursor: &mut Cursor<'r>) -> Result<Value<'r>, Fault> {
    let start = cursor.at;
    let negative = cursor.peek() == b'-';
    if negative {
        cursor.at += 1;
        if cursor.peek() == b'I' {
            cursor.word("Infinity")?;
            return Ok(Value::Num(f64::NEG_INFINITY));
        }
    }
    let mut mantissa = 0;
    let mut n_digits = whole(cursor, &mut mantissa)?;
    let mut exponent = 0;
    match cursor.peek() {
        b'.' | b'e' | b'E' => {}
        _ if n_digits <= 18 => {
            return Ok(Value::Int(if negative { -(mantissa as i64) } else { mantissa as i64 }));
        }
        _ => return Ok(long_integer(cursor.since(start))),
    }
    if cursor.peek() == b'.' {
        cursor.at += 1;
        let n_decimals = digits(cursor, &mut mantissa)?;
        n_digits += n_decimals;
        exponent = -(n_decimals as i64);
    }
    if matches!(cursor.peek(), b'e' | b'E') {
        exponent += power(cursor)?;
    }
    // Clinger's fast path ("How to read floating point numbers accurately", 1990): both operands are
    // exact, so the one operation rounds correctly. 19 digits cannot overflow the mantissa.
    if n_digits <= 19 && mantissa <= 1 << 53 {
        let ten = TENS.get(exponent.unsigned_abs() as usize);
        if let Some(ten) = ten {
            let it = if exponent < 0 { mantissa as f64 / ten } else { mantissa as f64 * ten };
            return Ok(Value::Num(if negative { -it } else { it }));
        }
    }
    Ok(Value::Num(nearest(cursor.since(start))))
}

/// Passes over a number that begins here with `-` or a digit.
#[inline]
pub(super) fn skip(cursor: &mut Cursor) -> Result<(), Fault> {
    if cursor.peek() == b'-' {
        cursor.at += 1;
        if cursor.peek() == b'I' {
            return cursor.word("Infinity");
        }
    }
    whole(cursor, &mut 0)?;
    if cursor.peek() == b'.' {
        cursor.at += 1;
        digits(cursor, &mut 0)?;
    }
    if matches!(cursor.peek(), b'e' | b'E') {
        power(cursor)?;
    }
    Ok(())
}

/// The digits before the point: a single 0, or any that begin with another. Gives how many.
#[inline]
fn whole(cursor: &mut Cursor, mantissa: &mut u64) -> Result<usize, Fault> {
    if cursor.peek() != b'0' {
        return digits(cursor, mantissa);
    }
    cursor.at += 1;
    if cursor.peek().is_ascii_digit() {
        return Err(cursor.fault("a digit after a leading zero"));
    }
    Ok(1)
}

/// At least one digit, added to the mantissa (which wraps when there are more than 19). Gives how many.
#[inline]
fn digits(cursor: &mut Cursor, mantissa: &mut u64) -> Result<usize, Fault> {
    let start = cursor.at;
    loop {
        let digit = cursor.peek().wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        cursor.at += 1;
    }
    if cursor.at == start {
        return Err(cursor.expected("a digit"));
    }
    Ok(cursor.at - start)
}

/// The exponent after the `e` that stands here; huge ones are cut, which changes no float.
fn power(cursor: &mut Cursor) -> Result<i64, Fault> {
    cursor.at += 1;
    let negative = cursor.peek() == b'-';
    if matches!(cursor.peek(), b'+' | b'-') {
        cursor.at += 1;
    }
    let mut power = 0;
    let n_digits = digits(cursor, &mut power)?;
    let power = if n_digits > 9 { 1_000_000_000 } else { power as i64 };
    Ok(if negative { -power } else { power })
}

/// An integer of 19 digits or more.
#[cold]
fn long_integer(text: &str) -> Value<'static> {
    if let Ok(it) = text.parse() {
        return Value::Int(it);
    }
    text.parse().map_or_else(|_| Value::Num(nearest(text)), Value::Big)
}

/// The nearest float of a number that follows JSON's grammar, which Rust's own is wider than.
fn nearest(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}
