//! Arrow arrays into values.
//!
//! | Arrow | value |
//! |---|---|
//! | integers, floats, booleans, text, null | the same; half floats as floats |
//! | dictionary | its values |
//! | decimal | `Dec`; the nearest float where it has more than 28 digits |
//! | date | a date |
//! | timestamp | a time in microseconds (nanoseconds are cut off); with its offset when it has a fixed one, a named zone in UTC |
//! | time of day | text, `12:30:00.250000` |
//! | binary | text when it is UTF-8, else hexadecimal digits |
//! | list, struct, map | `List`, `Map`, `Map` with the keys as text |
//! | anything else (intervals, durations, unions) | text as Arrow prints it |

use std::borrow::Cow;
use std::fmt::Write;
use std::str;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, OffsetSizeTrait};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};
use driftline_rules::time::{Time, Zone};
use driftline_rules::value::Value;
use rust_decimal::Decimal;

/// Reads the value at a position of one array into a cell: written in its place, for to move a value
/// costs as much as to read it.
pub(super) type Reader<'b> = Box<dyn Fn(usize, &mut Value<'b>) + 'b>;

/// The value at a position.
fn get<'b>(read: &Reader<'b>, i: usize) -> Value<'b> {
    let mut value = Value::Missing;
    read(i, &mut value);
    value
}

/// The reader of an array, its type found out once.
pub(super) fn reader(array: &dyn Array) -> Reader<'_> {
    match array.data_type() {
        DataType::Null => Box::new(|_, cell| *cell = Value::Null),
        DataType::Boolean => match array.as_boolean_opt() {
            Some(it) => with_nulls(array, move |i| Value::Bool(it.value(i))),
            None => printed(array),
        },
        DataType::Int8 => primitive::<Int8Type>(array, |it| Value::Int(it.into())),
        DataType::Int16 => primitive::<Int16Type>(array, |it| Value::Int(it.into())),
        DataType::Int32 => primitive::<Int32Type>(array, |it| Value::Int(it.into())),
        DataType::Int64 => primitive::<Int64Type>(array, Value::Int),
        DataType::UInt8 => primitive::<UInt8Type>(array, |it| Value::Int(it.into())),
        DataType::UInt16 => primitive::<UInt16Type>(array, |it| Value::Int(it.into())),
        DataType::UInt32 => primitive::<UInt32Type>(array, |it| Value::Int(it.into())),
        DataType::UInt64 => primitive::<UInt64Type>(array, |it| i64::try_from(it).map_or(Value::Big(it), Value::Int)),
        DataType::Float16 => primitive::<Float16Type>(array, |it| Value::Num(it.to_f64())),
        DataType::Float32 => primitive::<Float32Type>(array, |it| Value::Num(it.into())),
        DataType::Float64 => primitive::<Float64Type>(array, Value::Num),
        DataType::Utf8 => strings::<i32>(array),
        DataType::LargeUtf8 => strings::<i64>(array),
        DataType::Utf8View => match array.as_string_view_opt() {
            Some(it) => with_nulls(array, move |i| Value::text(it.value(i))),
            None => printed(array),
        },
        DataType::Binary => binary(array, array.as_binary_opt::<i32>().map(|it| move |i| it.value(i))),
        DataType::LargeBinary => binary(array, array.as_binary_opt::<i64>().map(|it| move |i| it.value(i))),
        DataType::BinaryView => binary(array, array.as_binary_view_opt().map(|it| move |i| it.value(i))),
        DataType::FixedSizeBinary(_) => binary(array, array.as_fixed_size_binary_opt().map(|it| move |i| it.value(i))),
        DataType::Decimal32(_, scale) => decimal::<Decimal32Type>(array, *scale, |it| Some(it.into())),
        DataType::Decimal64(_, scale) => decimal::<Decimal64Type>(array, *scale, |it| Some(it.into())),
        DataType::Decimal128(_, scale) => decimal::<Decimal128Type>(array, *scale, Some),
        DataType::Decimal256(_, scale) => decimal::<Decimal256Type>(array, *scale, arrow_buffer::i256::to_i128),
        DataType::Date32 => primitive::<Date32Type>(array, |it| Value::Time(Time::from_days(it.into()))),
        DataType::Date64 => {
            primitive::<Date64Type>(array, |it| Value::Time(Time::from_days(it.div_euclid(86_400_000))))
        }
        DataType::Timestamp(unit, zone) => timestamp(array, *unit, zone.as_deref()),
        DataType::Time32(TimeUnit::Second) => clock::<Time32SecondType>(array, |it| i64::from(it) * 1_000_000),
        DataType::Time32(_) => clock::<Time32MillisecondType>(array, |it| i64::from(it) * 1_000),
        DataType::Time64(TimeUnit::Nanosecond) => clock::<Time64NanosecondType>(array, |it| it / 1_000),
        DataType::Time64(_) => clock::<Time64MicrosecondType>(array, |it| it),
        DataType::Dictionary(..) => dictionary(array),
        DataType::List(_) => list::<i32>(array),
        DataType::LargeList(_) => list::<i64>(array),
        DataType::FixedSizeList(_, n) => fixed_list(array, usize::try_from(*n).unwrap_or(0)),
        DataType::Struct(_) => members(array),
        DataType::Map(..) => map(array),
        _ => printed(array),
    }
}

fn with_nulls<'b>(array: &'b dyn Array, read: impl Fn(usize) -> Value<'b> + 'b) -> Reader<'b> {
    match array.nulls().filter(|it| it.null_count() > 0) {
        None => Box::new(move |i, cell| *cell = read(i)),
        Some(nulls) => Box::new(move |i, cell| *cell = if nulls.is_valid(i) { read(i) } else { Value::Null }),
    }
}

fn printed(array: &dyn Array) -> Reader<'_> {
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(array, &options) {
        Ok(it) => with_nulls(array, move |i| Value::Str(Cow::Owned(it.value(i).to_string()))),
        Err(error) => {
            let text = error.to_string();
            with_nulls(array, move |_| Value::Str(Cow::Owned(text.clone())))
        }
    }
}

fn primitive<'b, T: ArrowPrimitiveType>(array: &'b dyn Array, to: impl Fn(T::Native) -> Value<'b> + 'b) -> Reader<'b> {
    let Some(it) = array.as_primitive_opt::<T>() else { return printed(array) };
    let values: &'b [T::Native] = it.values();
    with_nulls(array, move |i| values.get(i).map_or(Value::Null, |it| to(*it)))
}

fn strings<O: OffsetSizeTrait>(array: &dyn Array) -> Reader<'_> {
    match array.as_string_opt::<O>() {
        Some(it) => with_nulls(array, move |i| Value::text(it.value(i))),
        None => printed(array),
    }
}

fn binary<'b>(array: &'b dyn Array, value: Option<impl Fn(usize) -> &'b [u8] + 'b>) -> Reader<'b> {
    let Some(value) = value else { return printed(array) };
    with_nulls(array, move |i| {
        let bytes = value(i);
        Value::Str(str::from_utf8(bytes).map_or_else(|_| Cow::Owned(hex(bytes)), Cow::Borrowed))
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn decimal<'b, T: DecimalType>(
    array: &'b dyn Array,
    scale: i8,
    units: impl Fn(T::Native) -> Option<i128> + 'b,
) -> Reader<'b> {
    primitive::<T>(array, move |it| {
        let exact = match u32::try_from(scale) {
            Ok(scale) => units(it).and_then(|it| Decimal::try_from_i128_with_scale(it, scale).ok()),
            Err(_) => 10_i128
                .checked_pow(u32::from(scale.unsigned_abs()))
                .and_then(|tens| units(it)?.checked_mul(tens))
                .and_then(|it| Decimal::try_from_i128_with_scale(it, 0).ok()),
        };
        match exact {
            Some(it) => Value::Dec(it),
            // Its text is read as a float, so that it is rounded once.
            None => T::format_decimal(it, T::MAX_PRECISION, scale).parse().map_or(Value::Null, Value::Num),
        }
    })
}

fn timestamp<'b>(array: &'b dyn Array, unit: TimeUnit, zone: Option<&str>) -> Reader<'b> {
    let zone = zone.map_or(Zone::Local, |it| Zone::Offset(fixed_offset(it).unwrap_or(0)));
    let at = move |micros| Value::Time(Time { micros, zone });
    match unit {
        TimeUnit::Second => primitive::<TimestampSecondType>(array, move |it| at(it.saturating_mul(1_000_000))),
        TimeUnit::Millisecond => primitive::<TimestampMillisecondType>(array, move |it| at(it.saturating_mul(1_000))),
        TimeUnit::Microsecond => primitive::<TimestampMicrosecondType>(array, at),
        TimeUnit::Nanosecond => primitive::<TimestampNanosecondType>(array, move |it| at(it.div_euclid(1_000))),
    }
}

/// Minutes of `+02:00`.
fn fixed_offset(zone: &str) -> Option<i16> {
    match Time::parse(&format!("2000-01-01T00:00{zone}"))?.zone {
        Zone::Offset(minutes) => Some(minutes),
        Zone::Date | Zone::Local => None,
    }
}

fn clock<'b, T: ArrowPrimitiveType>(array: &'b dyn Array, micros: impl Fn(T::Native) -> i64 + 'b) -> Reader<'b> {
    primitive::<T>(array, move |it| {
        let (seconds, rest) = (micros(it).div_euclid(1_000_000), micros(it).rem_euclid(1_000_000));
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let fraction = if rest == 0 { String::new() } else { format!(".{rest:06}") };
        Value::Str(Cow::Owned(format!("{h:02}:{m:02}:{s:02}{fraction}")))
    })
}

fn dictionary(array: &dyn Array) -> Reader<'_> {
    let Some(it) = array.as_any_dictionary_opt() else { return printed(array) };
    if it.values().is_empty() {
        return Box::new(|_, cell| *cell = Value::Null);
    }
    let keys = it.normalized_keys();
    let read = reader(it.values().as_ref());
    with_nulls(it.keys(), move |i| keys.get(i).map_or(Value::Null, |key| get(&read, *key)))
}

fn list<O: OffsetSizeTrait>(array: &dyn Array) -> Reader<'_> {
    let Some(it) = array.as_list_opt::<O>() else { return printed(array) };
    let read = reader(it.values().as_ref());
    let offsets = it.value_offsets();
    let at = |i: usize| offsets.get(i).map_or(0, |it| it.as_usize());
    with_nulls(array, move |i| Value::List((at(i)..at(i + 1)).map(|it| get(&read, it)).collect()))
}

fn fixed_list(array: &dyn Array, n: usize) -> Reader<'_> {
    let Some(it) = array.as_fixed_size_list_opt() else { return printed(array) };
    let read = reader(it.values().as_ref());
    with_nulls(array, move |i| Value::List((i * n..(i + 1) * n).map(|it| get(&read, it)).collect()))
}

fn members(array: &dyn Array) -> Reader<'_> {
    let Some(it) = array.as_struct_opt() else { return printed(array) };
    let members: Vec<(&str, Reader)> =
        it.fields().iter().zip(it.columns()).map(|(field, it)| (field.name().as_str(), reader(it.as_ref()))).collect();
    with_nulls(array, move |i| {
        Value::Map(members.iter().map(|(name, read)| (Cow::Borrowed(*name), get(read, i))).collect())
    })
}

fn map(array: &dyn Array) -> Reader<'_> {
    let Some(it) = array.as_map_opt() else { return printed(array) };
    let (keys, values) = (reader(it.keys().as_ref()), reader(it.values().as_ref()));
    let offsets = it.value_offsets();
    let at = |i: usize| offsets.get(i).map_or(0, |it| usize::try_from(*it).unwrap_or(0));
    with_nulls(array, move |i| Value::Map((at(i)..at(i + 1)).map(|i| (key(get(&keys, i)), get(&values, i))).collect()))
}

/// A map's key as the name of a member.
fn key(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Str(it) => it,
        Value::Int(it) => Cow::Owned(it.to_string()),
        Value::Big(it) => Cow::Owned(it.to_string()),
        Value::Num(it) => Cow::Owned(it.to_string()),
        Value::Bool(it) => Cow::Owned(it.to_string()),
        Value::Time(it) => Cow::Owned(it.to_string()),
        Value::Dec(it) => Cow::Owned(it.to_string()),
        it => Cow::Owned(format!("{it:?}")),
    }
}
