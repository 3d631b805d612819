//! Values of records as JSON.

use std::io::{self, Write};

use driftline_rules::value::Value;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

/// A value on its way out: times as ISO text, decimals as numbers, NaN as null, and infinity as
/// `1e999`, which is valid JSON and is read back as infinity by Python and JavaScript.
pub struct Json<'v, 'r>(pub &'v Value<'r>);

impl Serialize for Json<'_, '_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Missing | Value::Null => to.serialize_unit(),
            Value::Bool(it) => to.serialize_bool(*it),
            Value::Int(it) => to.serialize_i64(*it),
            Value::Big(it) => to.serialize_u64(*it),
            Value::Num(it) if it.is_infinite() => raw(if *it > 0.0 { "1e999" } else { "-1e999" }, to),
            Value::Num(it) => to.serialize_f64(*it),
            Value::Str(it) => to.serialize_str(it),
            Value::Time(it) => to.collect_str(it),
            Value::Dec(it) => raw(&it.to_string(), to),
            Value::List(items) => {
                let mut list = to.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Json(item))?;
                }
                list.end()
            }
            Value::Map(members) => {
                let mut map = to.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, &Json(value))?;
                }
                map.end()
            }
        }
    }
}

fn raw<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(text.to_owned()).map_err(serde::ser::Error::custom)?.serialize(to)
}

/// Writes a value as indented JSON and ends the line.
pub fn write_pretty(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Json(value))?;
    writeln!(out)
}

/// A value as JSON in one line.
pub fn to_line(value: &Value) -> String {
    serde_json::to_string(&Json(value)).unwrap_or_default()
}
