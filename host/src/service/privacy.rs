//! What of a record's values may be told: applied before anything is answered, journalled or stored.

use driftline_rules::path::Path;
use driftline_rules::suite::Telling;
use driftline_rules::value::Value;
use sha2::{Digest as _, Sha256};

use crate::output::json_value::to_line;
use crate::suites::hex;

/// A suite's privacy setting, with the service's for what the suite does not say.
#[derive(Clone, Debug)]
pub struct Privacy {
    fields: Vec<(Path, Telling)>,
    others: Telling,
    key: Vec<u8>,
}

impl Privacy {
    /// The setting of a suite. `key` is what hashes are made with.
    pub fn new(suite: &driftline_rules::suite::Privacy, others: Telling, key: &[u8]) -> Self {
        Privacy { fields: suite.fields.clone(), others: suite.others.unwrap_or(others), key: key.to_vec() }
    }

    /// Whether every value may be told as it is.
    pub fn keeps_all(&self) -> bool {
        self.others == Telling::Keep && self.fields.iter().all(|it| it.1 == Telling::Keep)
    }

    /// Whether any value may be told by hash.
    pub fn hashes_any(&self) -> bool {
        self.others == Telling::Hash || self.fields.iter().any(|it| it.1 == Telling::Hash)
    }

    /// What may be told of a field as a whole: of the nearest field around it that the setting names.
    fn of(&self, segments: &[String]) -> Telling {
        let around = self.fields.iter().filter(|(path, _)| segments.starts_with(path.segments()));
        around.max_by_key(|(path, _)| path.segments().len()).map_or(self.others, |it| it.1)
    }

    /// Whether all of a field's value may be told, with what lies within it.
    pub fn keeps(&self, field: &str) -> bool {
        let path = Path::parse(field).unwrap_or_default();
        let within = self.fields.iter().filter(|(it, _)| it.segments().starts_with(path.segments()));
        self.of(path.segments()) == Telling::Keep && within.into_iter().all(|it| it.1 == Telling::Keep)
    }

    /// Whether a field's values may be told by hash, with what lies within them.
    pub fn hashes(&self, field: &str) -> bool {
        let path = Path::parse(field).unwrap_or_default();
        let mut within = self.fields.iter().filter(|(it, _)| it.segments().starts_with(path.segments()));
        self.of(path.segments()) == Telling::Hash && within.all(|it| it.1 == Telling::Hash)
    }

    /// What stands for a value where only its equality to others counts: equal values, `1` and `1.0` too, have
    /// equal hashes; what is absent stays so.
    pub fn stand_in(&self, value: &Value) -> Value<'static> {
        if value.is_null() || value.is_nan() {
            return value.to_owned();
        }
        let mut key = Vec::new();
        value.key_into(&mut key);
        Value::Str(self.hash_of(&key).into())
    }

    /// A field's value as JSON; `None` when nothing may be told of it.
    pub fn tell(&self, field: &str, value: &Value) -> Option<String> {
        let path = Path::parse(field).unwrap_or_default();
        self.told(&mut path.segments().to_vec(), value).map(|it| to_line(&it))
    }

    /// The value of several fields by name, or of two in a list, as JSON.
    pub fn tell_many(&self, fields: &[String], value: &Value) -> Option<String> {
        let told = match value {
            Value::List(items) if items.len() == fields.len() => {
                let items = fields.iter().zip(items).map(|(field, it)| self.told_at(field, it).unwrap_or(Value::Null));
                Value::List(items.collect())
            }
            Value::Map(members) => Value::Map(
                members
                    .iter()
                    .filter_map(|(name, it)| Some((name.to_string().into(), self.told_at(name, it)?)))
                    .collect(),
            ),
            // A value that is of none of them in particular is told as the most private.
            _ if fields.iter().all(|it| self.keeps(it)) => value.to_owned(),
            _ => return None,
        };
        Some(to_line(&told))
    }

    /// A text of a field, such as a record's id.
    pub fn text(&self, field: &str, value: &Value) -> Option<String> {
        let path = Path::parse(field).unwrap_or_default();
        match self.told(&mut path.segments().to_vec(), value)? {
            Value::Missing | Value::Null => None,
            Value::Str(it) => Some(it.into_owned()),
            it => Some(to_line(&it)),
        }
    }

    /// A field's value as the log of predictions keeps it, so that what equals it still does: a hash stands for it where
    /// it may be told by hash. `None`: nothing may be told of it.
    pub fn kept(&self, field: &str, value: &Value) -> Option<Value<'static>> {
        if self.hashes(field) { Some(self.stand_in(value)) } else { self.told_at(field, value) }
    }

    fn told_at(&self, field: &str, value: &Value) -> Option<Value<'static>> {
        let path = Path::parse(field).unwrap_or_default();
        self.told(&mut path.segments().to_vec(), value)
    }

    fn told(&self, at: &mut Vec<String>, value: &Value) -> Option<Value<'static>> {
        match value {
            Value::Map(members) => {
                let mut told = Vec::new();
                for (name, value) in members {
                    at.push(name.to_string());
                    if let Some(value) = self.told(at, value) {
                        told.push((name.to_string().into(), value));
                    }
                    at.pop();
                }
                Some(Value::Map(told))
            }
            // An element is told as its array; what an object in it holds has paths through its number.
            Value::List(items) => {
                let mut told = Vec::new();
                for (i, value) in items.iter().enumerate() {
                    at.push(i.to_string());
                    told.push(self.told(at, value).unwrap_or(Value::Null));
                    at.pop();
                }
                (self.of(at) != Telling::Drop).then_some(Value::List(told))
            }
            Value::Missing | Value::Null => Some(Value::Null),
            value => match self.of(at) {
                Telling::Keep => Some(value.to_owned()),
                Telling::Drop => None,
                Telling::Mask => Some(Value::Str(mask(&plain(value)).into())),
                Telling::Hash => Some(Value::Str(self.hash(value).into())),
            },
        }
    }

    /// 16 bytes of a keyed SHA-256; `1` and `"1"` differ.
    fn hash(&self, value: &Value) -> String {
        self.hash_of(to_line(value).as_bytes())
    }

    fn hash_of(&self, bytes: &[u8]) -> String {
        let inner = Sha256::new().chain_update(&self.key).chain_update(bytes).finalize();
        let outer = Sha256::new().chain_update(&self.key).chain_update(inner).finalize();
        format!("hash:{}", hex(outer.get(..16).unwrap_or_default()))
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| to_line(value), str::to_owned)
}

/// The shape of a text: letters become `x`, digits `9`, the rest stays; at most 64 characters.
fn mask(text: &str) -> String {
    let masked = |it: char| match it {
        _ if it.is_alphabetic() => 'x',
        _ if it.is_numeric() => '9',
        _ => it,
    };
    text.chars().take(64).map(masked).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

    use super::*;

    fn privacy(fields: &[(&str, Telling)], others: Telling) -> Privacy {
        let fields = fields.iter().map(|(it, telling)| (Path::parse(it).unwrap(), *telling)).collect();
        Privacy::new(&driftline_rules::suite::Privacy { fields, others: None }, others, b"key")
    }

    #[test]
    fn a_value_is_told_as_its_field_is() {
        let it =
            privacy(&[("email", Telling::Mask), ("user", Telling::Drop), ("user.name", Telling::Hash)], Telling::Keep);
        let text = Value::text("Bo.1@x.de");
        assert_eq!(it.tell("email", &text).unwrap(), "\"xx.9@x.xx\"");
        assert_eq!(it.tell("other", &text).unwrap(), "\"Bo.1@x.de\"");
        assert_eq!(it.tell("user.age", &Value::Int(3)), None);
        assert!(it.tell("user.name", &text).unwrap().starts_with("\"hash:"));
        let user = Value::Map(vec![("age".into(), Value::Int(3)), ("name".into(), Value::text("Bo"))]);
        let told = it.tell("user", &user).unwrap();
        assert!(told.starts_with("{\"name\":\"hash:") && !told.contains("Bo") && !told.contains("age"), "{told}");
        let whole = Value::Map(vec![("user".into(), user), ("email".into(), text)]);
        let told = it.tell("$", &whole).unwrap();
        assert!(!told.contains("Bo") && told.contains("\"xx.9@x.xx\""), "{told}");
        assert!(it.keeps("other") && !it.keeps("user") && !it.keeps("$") && !it.keeps_all());
    }

    #[test]
    fn equal_values_have_equal_hashes_under_one_key_only() {
        let [a, b] = [b"a", b"b"].map(|key| {
            Privacy::new(&driftline_rules::suite::Privacy::default(), Telling::Hash, key)
                .tell("x", &Value::Int(1))
                .unwrap()
        });
        let again = Privacy::new(&driftline_rules::suite::Privacy::default(), Telling::Hash, b"a");
        assert_eq!(again.tell("x", &Value::Int(1)).unwrap(), a);
        assert_ne!(again.tell("x", &Value::text("1")).unwrap(), a);
        assert_ne!(a, b);
    }

    #[test]
    fn several_fields_are_told_each_as_it_is() {
        let it = privacy(&[("a", Telling::Drop)], Telling::Keep);
        let fields = ["a".to_owned(), "b".to_owned()];
        let pair = Value::List(vec![Value::Int(1), Value::Int(2)]);
        assert_eq!(it.tell_many(&fields, &pair).unwrap(), "[null,2]");
        let map = Value::Map(vec![("a".into(), Value::Int(1)), ("b".into(), Value::Int(2))]);
        assert_eq!(it.tell_many(&fields, &map).unwrap(), "{\"b\":2}");
        assert_eq!(it.tell_many(&fields, &Value::Int(1)), None);
    }
}
