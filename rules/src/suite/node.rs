//! A YAML or JSON document as a tree in which every node knows its line and column.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::problem::{At, Problem};
use crate::value::Value;

/// A node of the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub at: At,
    /// What it is.
    pub data: Data,
}

/// The content of a [`Node`].
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Null, boolean, number or text.
    Scalar(Value<'static>),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<Member>),
}

/// A member of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name; names that are not text are kept as they are written.
    pub name: String,
    /// Where the name stands.
    pub at: At,
    /// Its value.
    pub value: Node,
}

/// How deep a document may be nested, and how many nodes aliases may unfold to.
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 1_000_000;

/// Reads one document; JSON is read as the subset of YAML that it is, plus Python's `NaN` and `Infinity`.
pub fn parse(text: &str) -> Result<Node, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json = text.trim_start().starts_with(['{', '[']);
    let text = if json { join_surrogates(text) } else { Cow::Borrowed(text) };
    let mut builder = Builder { json, anchors: Vec::new(), n_nodes: 0 };
    let mut events = Parser::new_from_str(&text);
    let mut next = || -> Result<Option<(Event, Span)>, Problem> { events.next().transpose().map_err(|it| scan(&it)) };
    let mut root = None;
    while let Some((event, span)) = next()? {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            _ if root.is_some() => {
                return Err(Problem::new(at(&span), "a second document in the file").hint("keep one suite in a file"));
            }
            event => root = Some(builder.node(event, span, &mut next, 0)?),
        }
    }
    root.ok_or_else(|| Problem::new(At::START, "the document is empty"))
}

struct Builder {
    json: bool,
    anchors: Vec<(usize, Node)>,
    n_nodes: usize,
}

impl Builder {
    fn node<'i>(
        &mut self,
        event: Event<'i>,
        span: Span,
        next: &mut dyn FnMut() -> Result<Option<(Event<'i>, Span)>, Problem>,
        depth: usize,
    ) -> Result<Node, Problem> {
        let here = at(&span);
        self.n_nodes += 1;
        if depth > MAX_DEPTH || self.n_nodes > MAX_NODES {
            return Err(Problem::new(here, format!("nested deeper than {MAX_DEPTH}, or more than {MAX_NODES} nodes")));
        }
        let ended = || Problem::new(here, "the document ends in the middle");
        let (data, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text_tag = tag.is_some_and(|it| it.is_yaml_core_schema() && it.suffix == "str");
                let value = match style {
                    ScalarStyle::Plain if !text_tag => self.plain(&text),
                    _ => Value::Str(Cow::Owned(text.into_owned())),
                };
                (Data::Scalar(value), anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match next()?.ok_or_else(ended)? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span, next, depth + 1)?),
                    }
                }
                (Data::List(items), anchor)
            }
            Event::MappingStart(anchor, _) => (Data::Map(self.members(next, depth, &ended)?), anchor),
            Event::Alias(id) => {
                let node = self.anchors.iter().rev().find(|(it, _)| *it == id).map(|(_, node)| node.clone());
                let node = node.ok_or_else(|| Problem::new(here, "an alias (`*name`) without its anchor (`&name`)"))?;
                self.n_nodes += node.count();
                return Ok(node);
            }
            _ => return Err(ended()),
        };
        let node = Node { at: here, data };
        if anchor > 0 {
            self.anchors.push((anchor, node.clone()));
        }
        Ok(node)
    }

    fn members<'i>(
        &mut self,
        next: &mut dyn FnMut() -> Result<Option<(Event<'i>, Span)>, Problem>,
        depth: usize,
        ended: &dyn Fn() -> Problem,
    ) -> Result<Vec<Member>, Problem> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            let (name, span) = match next()?.ok_or_else(ended)? {
                (Event::MappingEnd, _) => return Ok(members),
                (Event::Scalar(text, ..), span) => (text.into_owned(), span),
                (_, span) => return Err(Problem::new(at(&span), "a member's name must be plain text")),
            };
            let (event, value_span) = next()?.ok_or_else(ended)?;
            let value = self.node(event, value_span, next, depth + 1)?;
            if name == "<<"
                && let Data::Map(merged) = &value.data
            {
                // YAML's merge key: members that are not given here are taken over.
                for member in merged {
                    if !members.iter().any(|it| it.name == member.name) {
                        members.push(member.clone());
                    }
                }
                continue;
            }
            match members.iter_mut().find(|it| it.name == name) {
                Some(twin) if twin.at.line <= at(&span).line && !self.json => {
                    return Err(Problem::new(at(&span), format!("`{name}` is given twice"))
                        .hint(format!("it stands in line {} already; keep one", twin.at.line)));
                }
                Some(twin) => twin.value = value,
                None => members.push(Member { name, at: at(&span), value }),
            }
        }
    }

    /// The YAML 1.2 core schema.
    fn plain(&self, text: &str) -> Value<'static> {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            ".nan" | ".NaN" | ".NAN" => Value::Num(f64::NAN),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Num(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Value::Num(f64::NEG_INFINITY),
            "NaN" if self.json => Value::Num(f64::NAN),
            "Infinity" if self.json => Value::Num(f64::INFINITY),
            "-Infinity" if self.json => Value::Num(f64::NEG_INFINITY),
            _ => number(text).unwrap_or_else(|| Value::Str(Cow::Owned(text.to_owned()))),
        }
    }
}

fn number(text: &str) -> Option<Value<'static>> {
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok().map(Value::Int);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).ok().map(Value::Int);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = digits.bytes().next()?;
    if !(first.is_ascii_digit() || first == b'.' && digits.len() > 1) {
        return None;
    }
    if digits.bytes().all(|it| it.is_ascii_digit()) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        return Some(match (unsigned.parse(), unsigned.parse()) {
            (Ok(it), _) => Value::Int(it),
            (_, Ok(it)) => Value::Big(it),
            _ => Value::Num(text.parse().ok()?),
        });
    }
    let fits = digits.bytes().all(|it| it.is_ascii_digit() || matches!(it, b'.' | b'e' | b'E' | b'+' | b'-'));
    fits.then(|| text.parse().ok()).flatten().map(Value::Num)
}

/// JSON writes a character above U+FFFF as two escapes, which YAML does not know.
fn join_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let unit = |it: &str| it.strip_prefix("\\u").and_then(|it| u32::from_str_radix(it.get(..4)?, 16).ok());
        let pair = (unit(&rest[at..]), rest.get(at + 6..).and_then(unit));
        if let (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) = pair {
            out.extend(char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)));
            rest = &rest[at + 12..];
        } else {
            // The escape and what it escapes go together, so that `\\u` is not taken for `\u`.
            let end = rest[at + 1..].chars().next().map_or(rest.len(), |it| at + 1 + it.len_utf8());
            out.push_str(&rest[at..end]);
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn at(span: &Span) -> At {
    At { line: span.start.line() as u32, column: span.start.col() as u32 + 1 }
}

fn scan(error: &ScanError) -> Problem {
    let mark = error.marker();
    Problem::new(At { line: mark.line() as u32, column: mark.col() as u32 + 1 }, format!("not YAML: {}", error.info()))
}

impl Node {
    fn count(&self) -> usize {
        1 + match &self.data {
            Data::Scalar(_) => 0,
            Data::List(items) => items.iter().map(Node::count).sum(),
            Data::Map(members) => members.iter().map(|it| it.value.count()).sum(),
        }
    }

    /// The member `name` of a mapping.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.members().iter().find(|it| it.name == name).map(|it| &it.value)
    }

    /// The members of a mapping; none for anything else.
    pub fn members(&self) -> &[Member] {
        match &self.data {
            Data::Map(members) => members,
            _ => &[],
        }
    }

    /// Whether it is a mapping, if only an empty one.
    pub const fn is_mapping(&self) -> bool {
        matches!(self.data, Data::Map(_))
    }

    /// The items of a sequence.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.data {
            Data::List(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it is `null` or nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Scalar(Value::Null))
    }

    /// The text of a scalar that is text.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(Value::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// What it is, for messages: `a list`, `a number` ...
    pub fn what(&self) -> &'static str {
        match &self.data {
            Data::Scalar(Value::Null) => "nothing",
            Data::Scalar(Value::Bool(_)) => "a boolean",
            Data::Scalar(Value::Str(_)) => "text",
            Data::Scalar(_) => "a number",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }

    /// The value; `None` for null.
    pub fn given(&self) -> Option<Value<'static>> {
        (!self.is_null()).then(|| self.to_value())
    }

    /// The same tree without positions.
    pub fn to_value(&self) -> Value<'static> {
        match &self.data {
            Data::Scalar(it) => it.clone(),
            Data::List(items) => Value::List(items.iter().map(Node::to_value).collect()),
            Data::Map(members) => {
                Value::Map(members.iter().map(|it| (Cow::Owned(it.name.clone()), it.value.to_value())).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_follow_the_core_schema() {
        let node = parse("[1, -2.5, 1e3, '1', yes, true, null, .inf, 2020-01-01, 18446744073709551615, 0x1f]").unwrap();
        let values: Vec<_> = node.items().unwrap().iter().map(Node::to_value).collect();
        assert_eq!(
            values,
            [
                Value::Int(1),
                Value::Num(-2.5),
                Value::Num(1000.0),
                Value::text("1"),
                Value::text("yes"),
                Value::Bool(true),
                Value::Null,
                Value::Num(f64::INFINITY),
                Value::text("2020-01-01"),
                Value::Big(u64::MAX),
                Value::Int(31),
            ]
        );
    }

    #[test]
    fn json_is_read_with_python_s_extras() {
        let node =
            parse("{\"a\": [Infinity, -Infinity], \"b\": \"\\ud83d\\ude00 \\\\u00e9 \\u00e9\", \"a b\": {}}").unwrap();
        assert_eq!(node.get("b").unwrap().text(), Some("😀 \\u00e9 é"));
        assert_eq!(node.get("a").unwrap().items().unwrap()[1].to_value(), Value::Num(f64::NEG_INFINITY));
    }

    #[test]
    fn positions_are_lines_and_columns_from_one() {
        let node = parse("a: 1\nb:\n  - x\n").unwrap();
        assert_eq!(node.get("b").unwrap().items().unwrap()[0].at, At { line: 3, column: 5 });
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        for (text, line) in [("a: [1", 2), ("a: 1\na: 2\n", 2), ("a: *b\n", 1), ("", 1), ("a: 1\n---\nb: 2\n", 3)] {
            let problem = parse(text).unwrap_err();
            assert_eq!(problem.at.line, line, "{text:?}: {problem:?}");
        }
    }

    #[test]
    fn aliases_cannot_explode() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let item = format!("*a{}", i - 1);
            text += &["a", &i.to_string(), ": &a", &i.to_string(), " [", &vec![item; 10].join(", "), "]\n"].concat();
        }
        assert!(parse(&text).is_err());
    }
}
