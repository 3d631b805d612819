//! Writes YAML that every reader takes for what was meant.

use std::fmt::Write;

use driftline_rules::value::Value;

/// A value in one line: scalars quoted where they must be, lists and mappings in flow style.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::Missing | Value::Null => "null".to_owned(),
        Value::Bool(it) => it.to_string(),
        Value::Int(it) => it.to_string(),
        Value::Big(it) => it.to_string(),
        Value::Num(it) if it.is_nan() => ".nan".to_owned(),
        Value::Num(it) if it.is_infinite() => if *it > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
        // Rust's shortest form, which keeps the point: `1.0`, `1e300`.
        Value::Num(it) => format!("{it:?}"),
        Value::Str(it) => text(it),
        Value::Time(it) => quoted(&it.to_string()),
        Value::Dec(it) => quoted(&it.to_string()),
        Value::List(items) => {
            format!("[{}]", items.iter().map(scalar).collect::<Vec<_>>().join(", "))
        }
        Value::Map(members) if members.is_empty() => "{}".to_owned(),
        Value::Map(members) => {
            let members: Vec<_> = members.iter().map(|(name, it)| format!("{}: {}", text(name), scalar(it))).collect();
            format!("{{ {} }}", members.join(", "))
        }
    }
}

/// Text, quoted unless it reads as itself without.
pub fn text(it: &str) -> String {
    if is_plain(it) {
        return it.to_owned();
    }
    // A pattern is easier to read where a backslash is a backslash.
    if it.contains('\\') && !it.chars().any(needs_escape) {
        return format!("'{}'", it.replace('\'', "''"));
    }
    quoted(it)
}

/// Words that some version of YAML takes for something else than text.
const WORDS: [&str; 12] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "none"];

fn is_plain(it: &str) -> bool {
    let starts = it.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ' | '+' | '$');
    starts && !it.ends_with(' ') && it.chars().all(plain) && !WORDS.contains(&it.to_ascii_lowercase().as_str())
}

fn needs_escape(c: char) -> bool {
    // What YAML does not count as printable, and its own line ends.
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(it: &str) -> String {
    let mut out = String::from("\"");
    for c in it.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out += "\\n",
            '\t' => out += "\\t",
            '\r' => out += "\\r",
            c if needs_escape(c) => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use driftline_rules::suite::node;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value<'static>> {
        let texts = prop_oneof![
            any::<String>(),
            "[a-z:#,'\" \\\\\\[\\]{}&*!|>%@`?.0-9\n\t-]{0,8}",
            Just("null".to_owned()),
            Just("~".to_owned()),
            Just("1e5".to_owned()),
            Just("Yes".to_owned())
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_filter("NaN is no equal", |it| !it.is_nan()).prop_map(Value::Num),
            texts.clone().prop_map(|it| Value::Str(it.into())),
        ];
        leaf.prop_recursive(3, 16, 4, move |inner| {
            let names = texts.clone().prop_filter("the merge key is YAML's own", |it| it != "<<");
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map(names, inner, 0..4)
                    .prop_map(|it| Value::Map(it.into_iter().map(|(name, it)| (name.into(), it)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            let text = format!("it: {}\n", scalar(&value));
            let node = node::parse(&text).map_err(|it| TestCaseError::fail(format!("{it}: {text}")))?;
            prop_assert_eq!(node.get("it").map(node::Node::to_value), Some(value), "{}", text);
        }
    }

    #[test]
    fn what_reads_well_is_not_quoted() {
        for (value, expected) in [
            ("score", "score"),
            ("a b.c", "a b.c"),
            ("yes", "\"yes\""),
            ("^\\d+$", "'^\\d+$'"),
            ("a: b", "\"a: b\""),
            ("1", "\"1\""),
        ] {
            assert_eq!(scalar(&Value::text(value)), expected);
        }
        assert_eq!(scalar(&Value::Num(2.0)), "2.0");
    }
}
