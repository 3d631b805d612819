//! Into which segments the records of a plan are divided, and what each is called.

use std::borrow::Cow;
use std::fmt::Write as _;

use xxhash_rust::xxh3::xxh3_64;

use super::Expectation;
use super::compile::Compiler;
use crate::kind::Beside;
use crate::path::Path;
use crate::row::Slot;
use crate::suite::problem::Problem;
use crate::suite::{Entry, Over, Privacy, Reference, Suite, Telling};
use crate::value::Value;

/// How records are divided into segments.
#[derive(Clone, Debug, Default)]
pub struct Splits {
    /// Each way to divide them; a record lies in one segment of each.
    pub by: Vec<Split>,
    /// Segments that are kept apart, of all ways together. Records of the others are counted in [`Split::other`].
    pub most: usize,
}

/// One way to divide records: by the values of some fields.
#[derive(Clone, Debug)]
pub struct Split {
    /// The fields, as the suite writes them.
    pub fields: Vec<String>,
    /// Their cells.
    pub slots: Vec<Slot>,
}

/// Characters of a value that a name shows; a longer one is cut to [`CUT`] and ends in a part of its hash, so that it
/// is longer than any that is shown whole.
const SHOWN: usize = 100;
const CUT: usize = 84;

impl Splits {
    /// Whether records are divided at all.
    pub const fn is_empty(&self) -> bool {
        self.by.is_empty()
    }

    /// The names of the segments that a record lies in, from its cells as checking left them: one for each of
    /// [`Splits::by`], in order. `tell` gives the text of a field's value, as far as it may be told; see [`text`].
    pub fn names<'c, T: AsRef<str>>(&self, cells: &'c [Value], tell: impl Fn(&str, &'c Value) -> T) -> Vec<String> {
        let name = |it: &Split| {
            let mut name = String::new();
            it.name_into(cells, &tell, &mut name);
            name
        };
        self.by.iter().map(name).collect()
    }

    /// Whether a record could lie in a segment of this name.
    pub fn could_be(&self, name: &str) -> bool {
        self.by.iter().any(|it| it.could_be(name))
    }
}

impl Split {
    /// Whether a record could lie in a segment of this name, by these fields and no others.
    pub fn could_be(&self, name: &str) -> bool {
        if name == self.other() {
            return true;
        }
        // A comma of a value is escaped, so one that is not stands before a further field.
        let parts = at_commas(name);
        parts.len() == self.fields.len()
            && parts.iter().zip(&self.fields).enumerate().all(|(i, (part, field))| {
                let mut wanted = String::from(if i == 0 { "" } else { " " });
                escape(field, true, &mut wanted);
                wanted.push('=');
                part.starts_with(&wanted)
            })
    }

    /// The value of one of its fields in the name of a segment, if that is one by these fields.
    pub fn value_in(&self, name: &str, field: &str) -> Option<String> {
        if !self.could_be(name) || name == self.other() {
            return None;
        }
        let at = self.fields.iter().position(|it| it == field)?;
        let part = at_commas(name).get(at).copied()?;
        let mut before = String::from(if at == 0 { "" } else { " " });
        escape(field, true, &mut before);
        before.push('=');
        let mut value = String::new();
        let mut is_escaped = false;
        for it in part.strip_prefix(before.as_str())?.chars() {
            // Marks that are shown by their code stay as they are shown.
            if it == '\\' && !is_escaped {
                is_escaped = true;
                continue;
            }
            if is_escaped && !matches!(it, '\\' | ',' | '"') {
                value.push('\\');
            }
            is_escaped = false;
            value.push(it);
        }
        Some(value)
    }

    /// Appends the name of the segment that a record lies in: `model_version=3, region=eu`. Null, and a field that the
    /// record does not have, is `null`; the text "null" stands in quotes. See [`Splits::names`].
    pub fn name_into<'c, T: AsRef<str>>(
        &self,
        cells: &'c [Value],
        tell: impl Fn(&str, &'c Value) -> T,
        name: &mut String,
    ) {
        for (i, (field, slot)) in self.fields.iter().zip(&self.slots).enumerate() {
            name.push_str(if i == 0 { "" } else { ", " });
            escape(field, true, name);
            name.push('=');
            match cells.get(usize::from(slot.0)) {
                Some(value) if !value.is_null() => shown(tell(field, value).as_ref(), name),
                _ => name.push_str("null"),
            }
        }
    }

    /// The name of what counts the records of segments that are not kept apart: `(other) by region`.
    pub fn other(&self) -> String {
        let mut name = String::from("(other) by ");
        for (i, field) in self.fields.iter().enumerate() {
            name.push_str(if i == 0 { "" } else { ", " });
            escape(field, true, &mut name);
        }
        name
    }
}

/// A value as names of segments have it where all may be told: text as it is, numbers that are equal alike, everything
/// else as JSON.
pub fn text<'v>(value: &'v Value) -> Cow<'v, str> {
    match value {
        Value::Str(it) => Cow::Borrowed(it),
        Value::Int(it) => it.to_string().into(),
        Value::Num(it) if it.fract() == 0.0 && it.abs() < 9e15 => (*it as i64).to_string().into(),
        // As Rust debugs it: shortest, and with an exponent where the digits would be many.
        Value::Num(it) => format!("{it:?}").into(),
        Value::Dec(it) => it.normalize().to_string().into(),
        it => match it.to_json() {
            serde_json::Value::String(it) => it.into(),
            it => it.to_string().into(),
        },
    }
}

fn shown(text: &str, name: &mut String) {
    if text == "null" {
        return name.push_str("\"null\"");
    }
    // What begins with a quote is no null.
    if text.starts_with('"') {
        name.push('\\');
    }
    match text.char_indices().nth(SHOWN) {
        None => escape(text, false, name),
        Some(_) => {
            let end = text.char_indices().nth(CUT).map_or(text.len(), |it| it.0);
            escape(text.get(..end).unwrap_or(text), false, name);
            let _ = write!(name, "…{:016x}", xxh3_64(text.as_bytes()));
        }
    }
}

/// Text in which nothing is taken for what stands between values or, in a field, before one.
fn escape(text: &str, is_field: bool, to: &mut String) {
    for it in text.chars() {
        match it {
            '\\' | ',' => to.extend(['\\', it]),
            '=' if is_field => to.push_str("\\="),
            it if it.is_control() || turns(it) => to.extend(it.escape_default()),
            it => to.push(it),
        }
    }
}

/// What stands between commas that are not escaped.
fn at_commas(text: &str) -> Vec<&str> {
    let mut is_escaped = false;
    text.split(|it: char| {
        let found = it == ',' && !is_escaped;
        is_escaped = it == '\\' && !is_escaped;
        found
    })
    .collect()
}

/// Marks that turn the direction of text make a name look like another.
const fn turns(it: char) -> bool {
    matches!(it, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl Compiler<'_> {
    /// The expectation of an entry, judged of the records that the entry names, as far as it can be.
    pub(super) fn judged_entry(&mut self, entry: &Entry, suite: &Suite) -> Expectation {
        let mut made = self.entry(entry);
        let why = if made.reads_columns {
            Some("the names of columns are those of all records")
        } else if made.kind.name == "not_silent" {
            Some("a segment without records is not known")
        } else if self.segments(suite).is_empty() && entry.over == Over::Segments {
            Some("the suite has none; say by which fields: `segments: [region]`")
        } else {
            None
        };
        if let Some(why) = why {
            if entry.over == Over::Segments {
                let message = format!("`{}` cannot be judged of segments only", entry.kind);
                self.problems.push(Problem::new(entry.at, message).within(&entry.path).hint(why));
            }
            made.over = Over::Total;
        }
        made
    }

    /// The fields of each way to divide the records.
    pub(super) fn segments<'s>(&'s self, suite: &'s Suite) -> &'s [Vec<String>] {
        if self.options.segments.is_empty() { &suite.segments.by } else { &self.options.segments }
    }

    /// The cells of the suite's segments, and what is wrong with them.
    pub(super) fn splits(&mut self, suite: &Suite, entries: &[Expectation]) -> Splits {
        let at = suite.segments.at;
        let by = self.segments(suite).to_vec();
        let mut splits = Splits { by: Vec::new(), most: suite.segments.most };
        for fields in by {
            let mut slots = Vec::new();
            for field in &fields {
                let Ok(path) = Path::parse(field) else { continue };
                if is_dropped(&suite.privacy, &path) {
                    let message = format!("`privacy` drops the values of `{field}`, so its segments have no names");
                    let hint = "`hash` keeps equal values together and tells none";
                    self.problems.push(Problem::new(at, message).within("segments").hint(hint));
                }
                slots.push(self.bindings.slot(&path));
            }
            splits.by.push(Split { fields, slots });
        }
        let champion = match &suite.drift.reference {
            Reference::Segment(name) => Some((name.as_str(), suite.drift.at, "drift.baseline")),
            _ => None,
        };
        let beside = entries.iter().filter_map(|it| match it.beside() {
            Beside::Segment(name) => Some((name, it.at, it.path.as_str())),
            _ => None,
        });
        for (name, at, path) in champion.into_iter().chain(beside).filter(|it| !splits.could_be(it.0)) {
            let message = format!("the suite divides its records into no segment `{name}`");
            let hint = match splits.by.first() {
                None => "say by which fields: `segments: [model_version]`".to_owned(),
                Some(it) => {
                    let shown: Vec<_> = it.fields.iter().map(|it| format!("{it}=..")).collect();
                    format!("a segment is named as in `{}`", shown.join(", "))
                }
            };
            self.problems.push(Problem::new(at, message).within(path).hint(hint));
        }
        splits
    }
}

/// Whether nothing may be told of a field.
pub(super) fn is_dropped(privacy: &Privacy, path: &Path) -> bool {
    telling(privacy, path) == Some(Telling::Drop)
}

/// What the suite says may be told of a field; `None`: it leaves that to the service.
pub(super) fn telling(privacy: &Privacy, path: &Path) -> Option<Telling> {
    // Of the entries that the field lies in, the nearest says it.
    let around = privacy.fields.iter().filter(|(it, _)| path.segments().starts_with(it.segments()));
    let nearest = around.max_by_key(|(it, _)| it.segments().len()).map(|it| it.1);
    nearest.or(privacy.others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Options, Plan, compile};
    use crate::suite::{Over, read};

    fn plan(text: &str) -> (Plan, Vec<Problem>) {
        let (suite, problems) = read(text);
        assert_eq!(problems, []);
        compile(&suite, &Options::default())
    }

    fn names(plan: &Plan, cells: &[Value]) -> Vec<String> {
        plan.segments.names(cells, |_, it| text(it))
    }

    #[test]
    fn a_record_lies_in_one_segment_of_each_way() {
        let (plan, problems) = plan("segments: [region, [version, region]]");
        assert_eq!(problems, []);
        let all = |region: Value<'static>, version: Value<'static>| names(&plan, &[region, version]).join(" | ");
        assert_eq!(all(Value::text("eu"), Value::Int(3)), "region=eu | version=3, region=eu");
        assert_eq!(all(Value::Null, Value::Missing), "region=null | version=null, region=null");
        assert_eq!(all(Value::text("null"), Value::Num(3.0)), "region=\"null\" | version=3, region=\"null\"");
        assert_eq!(all(Value::text(""), Value::Bool(true)), "region= | version=true, region=");
        assert_eq!(plan.segments.by[1].other(), "(other) by version, region");
        assert_eq!(names(&plan, &[]), ["region=null", "version=null, region=null"]);
    }

    #[test]
    fn different_values_have_different_names() {
        let (plan, _) = plan("segments: [[a, b]]");
        let long = "x".repeat(101);
        let cut = "x".repeat(84) + "…" + &format!("{:016x}", xxh3_64(long.as_bytes()));
        let other = "x".repeat(100) + "y";
        let texts = [
            "a, b=c",
            "a",
            "c, b=c",
            "\n",
            "\\n",
            "\u{1b}",
            "\u{202e}",
            "null",
            "\"null\"",
            "\\\"null\"",
            &long,
            &other,
            &cut,
            "",
        ];
        let mut seen = std::collections::BTreeMap::new();
        for a in texts {
            for b in texts {
                let name = names(&plan, &[Value::text(a), Value::text(b)]).concat();
                assert!(!name.contains(char::is_control), "{name:?}");
                assert!(plan.segments.could_be(&name), "{name}");
                let twin = seen.insert(name.clone(), (a, b));
                assert_eq!(twin, None, "{name}");
            }
        }
        assert!(names(&plan, &[Value::text(&long), Value::Null])[0].starts_with("a=xxx"));
        // A text of 101 characters that looks like one that was cut is cut itself.
        assert_eq!(cut.chars().count(), 101);
    }

    #[test]
    fn a_reference_names_a_segment_that_there_can_be() {
        for (name, n) in [("v=3", 0), ("r=eu, v=2", 0), ("(other) by v", 0), ("v", 1), ("x=3", 1), ("r=eu", 1)] {
            let (_, problems) = plan(&format!("{{segments: [v, [r, v]], drift: {{baseline: {{segment: '{name}'}}}}}}"));
            assert_eq!(problems.len(), n, "{name}: {problems:?}");
        }
        assert_eq!(plan("{drift: {baseline: {segment: a=1}}, name: x}").1.len(), 1);
    }

    #[test]
    fn what_no_window_could_be_asked_is_a_problem() {
        for (text, n) in [
            ("expectations: [{field: a, not_null: , segments: only}]", 1),
            ("{segments: b, expectations: [{field: a, not_null: , segments: only}]}", 0),
            ("{segments: b, expectations: [{not_silent: 5m, segments: only}]}", 1),
            ("{segments: b, expectations: [{column_exists: {}, field: a, segments: only}]}", 1),
            ("{segments: b, privacy: {b: drop}}", 1),
            ("{segments: b.c, privacy: {'*': drop, b: hash}}", 0),
            ("{segments: b.c, privacy: {'*': drop}}", 1),
        ] {
            let (_, problems) = plan(text);
            assert_eq!(problems.len(), n, "{text}: {problems:?}");
        }
        let (plan, _) = plan("{segments: b, expectations: [{not_silent: 5m}, {field: a, not_null: }]}");
        let over: Vec<_> = plan.expectations.iter().map(|it| it.over).collect();
        assert_eq!(over, [Over::Total, Over::Total, Over::Both]);
    }
}
