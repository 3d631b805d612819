//! The fields that an entry is about, and their cells.

use super::compile::Compiler;
use crate::args::Form;
use crate::kind::{Kind, Subject};
use crate::path::Path;
use crate::row::Slot;
use crate::suite::Entry;
use crate::suite::node::{Member, Node};
use crate::suite::problem::At;

impl Compiler<'_> {
    /// The names of the entry's fields; GX has them among the parameters.
    pub(super) fn fields(&mut self, entry: &Entry, kind: &Kind, params: &mut Vec<Member>) -> Vec<(String, At)> {
        if entry.form == Form::Short {
            return self.short_fields(entry, kind);
        }
        let mut take = |name: &str| {
            let at = params.iter().position(|it| it.name == name)?;
            Some(params.remove(at).value)
        };
        let nodes: Vec<(&str, Option<Node>)> = match kind.subject {
            Subject::Field => vec![("column", take("column"))],
            Subject::Pair => vec![("column_A", take("column_A")), ("column_B", take("column_B"))],
            Subject::Table => return Vec::new(),
            Subject::Fields(least) => {
                let list = take("column_list");
                let names: Option<Vec<_>> = list.as_ref().and_then(|it| it.items()).map(|items| {
                    items.iter().filter_map(|it| it.text().map(|text| (text.to_owned(), it.at))).collect()
                });
                let n_items = list.as_ref().and_then(|it| it.items()).map_or(0, <[Node]>::len);
                return match names {
                    Some(names) if names.len() == n_items && n_items >= least => names,
                    _ => {
                        let at = list.map_or(entry.at, |it| it.at);
                        self.problem(
                            at,
                            format!("`column_list` must be a list of at least {least} columns"),
                            &entry.path,
                        );
                        Vec::new()
                    }
                };
            }
        };
        let mut fields = Vec::new();
        for (name, node) in nodes {
            match node.as_ref().and_then(Node::text) {
                Some(text) if !text.is_empty() => fields.push((text.to_owned(), node.map_or(entry.at, |it| it.at))),
                _ => {
                    let at = node.as_ref().map_or(entry.at, |it| it.at);
                    self.problem(at, format!("`{name}` must be the name of a column"), &entry.path);
                }
            }
        }
        fields
    }

    fn short_fields(&mut self, entry: &Entry, kind: &Kind) -> Vec<(String, At)> {
        let n_fields = entry.fields.len();
        let wanted = match kind.subject {
            Subject::Field if n_fields != 1 => "one field: `field: name`",
            Subject::Pair if n_fields != 2 => "two fields: `fields: [a, b]`",
            Subject::Fields(least) if n_fields < least => "several fields: `fields: [a, b, ...]`",
            Subject::Table if n_fields > 0 => "no field: it is about the records as a whole",
            _ => return entry.fields.clone(),
        };
        self.problem(entry.at, format!("`{}` is about {wanted}", kind.name), &entry.path);
        Vec::new()
    }

    pub(super) fn slot(&mut self, entry: &Entry, name: &str, at: At) -> Option<Slot> {
        // GX knows no nested fields: a dot is a part of the name.
        if entry.form == Form::Gx {
            return Some(self.bindings.slot(&Path::literal(name)));
        }
        match Path::parse(name) {
            Ok(path) => Some(self.bindings.slot(&path)),
            Err(message) => {
                self.problem(at, message, &entry.path);
                None
            }
        }
    }
}
