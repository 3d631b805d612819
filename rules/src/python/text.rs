//! Python's `str(value)`: the text on which regular expressions and lengths are judged.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;

use crate::value::Value;

/// `str(value)` as `CPython` 3 writes it; text is borrowed as it is.
pub fn text<'v>(value: &'v Value<'_>) -> Cow<'v, str> {
    match value {
        Value::Str(it) => Cow::Borrowed(it),
        Value::Missing | Value::Null => Cow::Borrowed("None"),
        Value::Bool(true) => Cow::Borrowed("True"),
        Value::Bool(false) => Cow::Borrowed("False"),
        Value::Int(it) => Cow::Owned(it.to_string()),
        Value::Big(it) => Cow::Owned(it.to_string()),
        Value::Num(it) => float(*it),
        // `str(datetime)` is `isoformat(' ')`.
        Value::Time(it) => Cow::Owned(it.to_string().replacen('T', " ", 1)),
        Value::Dec(it) => Cow::Owned(it.to_string()),
        Value::List(_) | Value::Map(_) => {
            let mut out = String::new();
            repr_into(value, &mut out);
            Cow::Owned(out)
        }
    }
}

/// `len(str(value))`: Unicode code points, not bytes and not what a reader sees as characters.
pub fn length(value: &Value<'_>) -> u64 {
    match value {
        Value::Str(it) => it.chars().count() as u64,
        Value::Int(it) => u64::from(it.unsigned_abs().checked_ilog10().unwrap_or(0)) + 1 + u64::from(*it < 0),
        _ => text(value).chars().count() as u64,
    }
}

/// The shortest digits that read back as the same float, with an exponent below 1e-4 and from 1e16.
fn float(it: f64) -> Cow<'static, str> {
    if it.is_nan() {
        return Cow::Borrowed("nan");
    }
    if it.is_infinite() {
        return Cow::Borrowed(if it > 0.0 { "inf" } else { "-inf" });
    }
    if it == 0.0 || (1e-4..1e16).contains(&it.abs()) {
        // Rust writes the same shortest digits, and keeps the `.0` of a whole number.
        return Cow::Owned(format!("{it:?}"));
    }
    let scientific = format!("{it:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return Cow::Owned(scientific) };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |it| ('-', it));
    Cow::Owned(format!("{digits}e{sign}{exponent:0>2}"))
}

/// `repr(value)`, which is how members of lists and dicts appear.
fn repr_into(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Str(it) => quote_into(it, out),
        Value::Dec(it) => {
            let _ = write!(out, "Decimal('{it}')");
        }
        Value::List(it) => {
            out.push('[');
            for (at, member) in it.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                repr_into(member, out);
            }
            out.push(']');
        }
        Value::Map(it) => {
            out.push('{');
            for (at, (name, member)) in it.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                quote_into(name, out);
                out.push_str(": ");
                repr_into(member, out);
            }
            out.push('}');
        }
        _ => out.push_str(&text(value)),
    }
}

/// Appends `repr(text)`: single quotes, unless the text has some and no double ones.
pub fn quote_into(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        let _ = match c {
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            _ if c == quote => write!(out, "\\{c}"),
            ' '..='~' => out.write_char(c),
            _ if is_printable(c) => out.write_char(c),
            _ => match u32::from(c) {
                code @ ..=0xff => write!(out, "\\x{code:02x}"),
                code @ ..=0xffff => write!(out, "\\u{code:04x}"),
                code => write!(out, "\\U{code:08x}"),
            },
        };
    }
    out.push(quote);
}

/// `str.isprintable()` of one character: neither "other" nor a separator.
fn is_printable(c: char) -> bool {
    static HIDDEN: LazyLock<Option<::regex::Regex>> = LazyLock::new(|| ::regex::Regex::new(r"[\p{C}\p{Z}]").ok());
    c == ' ' || !HIDDEN.as_ref().is_some_and(|it| it.is_match(c.encode_utf8(&mut [0; 4])))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn scalars_read_as_python_writes_them() {
        // Answers of CPython 3.11.
        for (value, expected) in [
            (Value::Bool(true), "True"),
            (Value::Null, "None"),
            (Value::Int(-10), "-10"),
            (Value::Big(u64::MAX), "18446744073709551615"),
            (Value::Num(1.0), "1.0"),
            (Value::Num(-0.0), "-0.0"),
            (Value::Num(0.1), "0.1"),
            (Value::Num(0.0001), "0.0001"),
            (Value::Num(0.000_01), "1e-05"),
            (Value::Num(1e-7), "1e-07"),
            (Value::Num(1.5e-7), "1.5e-07"),
            (Value::Num(1e15), "1000000000000000.0"),
            (Value::Num(9_999_999_999_999_998.0), "9999999999999998.0"),
            (Value::Num(1e16), "1e+16"),
            (Value::Num(-1.234_567e20), "-1.234567e+20"),
            (Value::Num(5e-324), "5e-324"),
            (Value::Num(f64::MAX), "1.7976931348623157e+308"),
            (Value::Num(f64::NAN), "nan"),
            (Value::Num(f64::NEG_INFINITY), "-inf"),
        ] {
            assert_eq!(text(&value), expected);
            assert_eq!(length(&value), expected.len() as u64, "{expected}");
        }
    }

    #[test]
    fn times_read_as_datetimes() {
        for (iso, expected) in [
            ("2024-01-01T00:00", "2024-01-01 00:00:00"),
            ("2024-01-01T00:00:00.5+02:00", "2024-01-01 00:00:00.500000+02:00"),
            ("2024-01-01", "2024-01-01"),
        ] {
            assert_eq!(text(&Value::Time(Time::parse(iso).unwrap())), expected);
        }
    }

    #[test]
    fn containers_read_as_repr() {
        let value = Value::Map(vec![
            ("a".into(), Value::List(vec![Value::Int(1), Value::Null, Value::Num(1e-7), Value::Bool(false)])),
            ("it's".into(), Value::text("say \"hi\" 'x'")),
            ("e".into(), Value::text("é\u{a0}\n\\\u{7f}\u{200b}\u{e000}\u{1f600}\u{10ffff}")),
        ]);
        assert_eq!(
            text(&value),
            r#"{'a': [1, None, 1e-07, False], "it's": 'say "hi" \'x\'', 'e': 'é\xa0\n\\\x7f\u200b\ue000😀\U0010ffff'}"#
        );
        assert_eq!(text(&Value::List(vec![])), "[]");
    }

    #[test]
    fn text_is_borrowed_and_counted_in_code_points() {
        let value = Value::text("naïve👩‍🚀");
        assert!(matches!(text(&value), Cow::Borrowed(_)));
        assert_eq!(length(&value), 8);
    }

    #[test]
    fn lengths_of_integers_are_those_of_their_text() {
        for it in [0, 9, 10, 99, 100, -1, -10, i64::MAX, i64::MIN] {
            assert_eq!(length(&Value::Int(it)), it.to_string().len() as u64);
        }
    }
}
