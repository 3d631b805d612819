//! Whole values: the tree of a text, or only the proof that it is one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cursor::{Cursor, Fault};
use super::number;
use crate::value::Value;

/// Objects with more members are freed of duplicates at their end, not member by member.
const FEW: usize = 32;

type Member<'r> = (Cow<'r, str>, Value<'r>);

/// Reads the value that begins here.
pub(super) fn read<'r>(cursor: &mut Cursor<'r>) -> Result<Value<'r>, Fault> {
    let mut value = Value::Missing;
    read_into(cursor, &mut value)?;
    Ok(value)
}

/// Reads the value that begins here into its place: to move a value costs as much as to read it.
/// Recursion is bounded by [`Cursor::enter`].
pub(super) fn read_into<'r>(cursor: &mut Cursor<'r>, out: &mut Value<'r>) -> Result<(), Fault> {
    *out = match cursor.peek() {
        b'"' => Value::Str(cursor.string()?),
        b'-' | b'0'..=b'9' => number::read(cursor)?,
        b'{' => Value::Map(read_object(cursor)?),
        b'[' => Value::List(read_array(cursor)?),
        b't' => cursor.word("true").map(|()| Value::Bool(true))?,
        b'f' => cursor.word("false").map(|()| Value::Bool(false))?,
        b'n' => cursor.word("null").map(|()| Value::Null)?,
        b'N' => cursor.word("NaN").map(|()| Value::Num(f64::NAN))?,
        b'I' => cursor.word("Infinity").map(|()| Value::Num(f64::INFINITY))?,
        _ => return Err(cursor.expected("a value")),
    };
    Ok(())
}

/// Passes over the value that begins here, checking it as [`read`] does.
pub(super) fn skip(cursor: &mut Cursor) -> Result<(), Fault> {
    match cursor.peek() {
        b'"' => cursor.skip_string(),
        b'-' | b'0'..=b'9' => number::skip(cursor),
        b'{' => {
            cursor.enter()?;
            cursor.skip_space();
            if cursor.peek() == b'}' {
                cursor.leave();
                return Ok(());
            }
            loop {
                cursor.skip_string()?;
                skip_colon(cursor)?;
                skip(cursor)?;
                if !cursor.goes_on(b'}')? {
                    return Ok(());
                }
            }
        }
        b'[' => {
            cursor.enter()?;
            cursor.skip_space();
            if cursor.peek() == b']' {
                cursor.leave();
                return Ok(());
            }
            loop {
                skip(cursor)?;
                if !cursor.goes_on(b']')? {
                    return Ok(());
                }
            }
        }
        b't' => cursor.word("true"),
        b'f' => cursor.word("false"),
        b'n' => cursor.word("null"),
        b'N' => cursor.word("NaN"),
        b'I' => cursor.word("Infinity"),
        _ => Err(cursor.expected("a value")),
    }
}

/// The colon after a name, with the space around it.
#[inline]
pub(super) fn skip_colon(cursor: &mut Cursor) -> Result<(), Fault> {
    cursor.skip_space();
    cursor.take(b':')?;
    cursor.skip_space();
    Ok(())
}

fn read_array<'r>(cursor: &mut Cursor<'r>) -> Result<Vec<Value<'r>>, Fault> {
    cursor.enter()?;
    cursor.skip_space();
    let mut items = Vec::new();
    if cursor.peek() == b']' {
        cursor.leave();
        return Ok(items);
    }
    loop {
        items.push(Value::Missing);
        if let Some(item) = items.last_mut() {
            read_into(cursor, item)?;
        }
        if !cursor.goes_on(b']')? {
            return Ok(items);
        }
    }
}

fn read_object<'r>(cursor: &mut Cursor<'r>) -> Result<Vec<Member<'r>>, Fault> {
    cursor.enter()?;
    cursor.skip_space();
    if cursor.peek() == b'}' {
        cursor.leave();
        return Ok(Vec::new());
    }
    // Most objects of a record have two to eight members: one allocation.
    let mut members: Vec<Member> = Vec::with_capacity(8);
    let mut seen = 0_u64;
    loop {
        let name = cursor.string()?;
        skip_colon(cursor)?;
        let mark = mark(&name);
        let twin =
            if seen & mark == 0 || members.len() > FEW { None } else { members.iter().position(|(it, _)| *it == name) };
        seen |= mark;
        let place = twin.unwrap_or(members.len());
        if twin.is_none() {
            members.push((name, Value::Missing));
        }
        if let Some((_, value)) = members.get_mut(place) {
            read_into(cursor, value)?;
        }
        if !cursor.goes_on(b'}')? {
            return Ok(if members.len() > FEW { without_twins(members) } else { members });
        }
    }
}

/// One bit of 64 for a name; two names with different bits differ, which spares most comparisons.
#[inline]
fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
    1 << ((usize::from(first) * 7 + usize::from(last) * 3 + bytes.len()) % 64)
}

/// Each name once, at its first place and with its last value.
fn without_twins(members: Vec<Member>) -> Vec<Member> {
    let mut places = BTreeMap::new();
    let mut is_twin = Vec::with_capacity(members.len());
    for (place, (name, _)) in members.iter().enumerate() {
        is_twin.push(*places.entry(name.as_ref()).or_insert(place));
    }
    if is_twin.iter().enumerate().all(|(i, first)| i == *first) {
        return members;
    }
    let mut out: Vec<Option<Member>> = Vec::with_capacity(members.len());
    for ((name, value), first) in members.into_iter().zip(is_twin) {
        match out.get_mut(first) {
            Some(Some(twin)) => {
                twin.1 = value;
                out.push(None);
            }
            _ => out.push(Some((name, value))),
        }
    }
    out.into_iter().flatten().collect()
}
