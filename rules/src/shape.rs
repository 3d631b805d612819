//! Which fields of a record a plan reads: names go in once, numbers come out.

use std::collections::BTreeMap;

use crate::path::{self, Path};
use crate::value::Value;

/// The tree of the paths that a plan reads; slot `i` of a row is the value at the `i`-th path.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Node 0 is the record itself.
    nodes: Vec<Node>,
    width: usize,
}

/// One place in a record that is read, or on the way to one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// The slots that hold the value at this place.
    pub slots: Vec<usize>,
    /// The slots of all places below this one.
    pub below: Vec<usize>,
    /// The nodes one step further in, by name; a name of digits is an item of an array, too.
    pub children: BTreeMap<String, usize>,
    /// The children that may be items of an array: position and node.
    pub items: Vec<(usize, usize)>,
}

impl Shape {
    /// The shape of these paths; some may be equal or lead through others (`a` and `a.b` are both filled).
    pub fn new(paths: &[Path]) -> Self {
        let mut nodes = vec![Node::default()];
        for (slot, path) in paths.iter().enumerate() {
            let mut at = 0;
            for segment in path.segments() {
                let next = nodes.len();
                let Some(node) = nodes.get_mut(at) else { break };
                node.below.push(slot);
                at = *node.children.entry(segment.clone()).or_insert(next);
                if at == next {
                    node.items.extend(path::index(segment).map(|i| (i, next)));
                    nodes.push(Node::default());
                }
            }
            if let Some(node) = nodes.get_mut(at) {
                node.slots.push(slot);
            }
        }
        Shape { nodes, width: paths.len() }
    }

    /// How many slots there are: the number of paths.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Copies the values that the shape reads from a record to their slots; a slot without one becomes
    /// `Missing`. Cells beyond the width are left alone.
    pub fn fill<'r>(&self, record: &Value<'r>, cells: &mut [Value<'r>]) {
        for cell in cells.iter_mut().take(self.width) {
            *cell = Value::Missing;
        }
        self.fill_at(0, record, cells);
    }

    /// Fills the slots at and below one node, which are `Missing` before.
    pub(crate) fn fill_at<'r>(&self, node: usize, value: &Value<'r>, cells: &mut [Value<'r>]) {
        let Some(node) = self.nodes.get(node) else { return };
        for &slot in &node.slots {
            if let Some(cell) = cells.get_mut(slot) {
                *cell = value.clone();
            }
        }
        if node.children.is_empty() {
            return;
        }
        match value {
            Value::Map(members) => {
                for (name, value) in members {
                    if let Some(&child) = node.children.get(name.as_ref()) {
                        self.fill_at(child, value, cells);
                    }
                }
            }
            Value::List(items) => {
                for &(i, child) in &node.items {
                    if let Some(value) = items.get(i) {
                        self.fill_at(child, value, cells);
                    }
                }
            }
            _ => {}
        }
    }

    /// The places of the shape, the record itself first.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(it: i64) -> Value<'static> {
        Value::Int(it)
    }

    #[test]
    fn every_path_has_its_value_in_its_slot() {
        let record = Value::Map(vec![
            ("a".into(), Value::Map(vec![("b".into(), int(1)), ("0".into(), int(2))])),
            ("l".into(), Value::List(vec![int(3), Value::Map(vec![("p".into(), int(4))])])),
        ]);
        let texts = ["a.b", "a", "l[1].p", "a.b", "l.0", "a.0", "x", "a.b.c", "$", "l.9"];
        let paths: Vec<Path> = texts.iter().filter_map(|it| Path::parse(it).ok()).collect();
        let mut cells = vec![int(-1); paths.len() + 1];
        Shape::new(&paths).fill(&record, &mut cells);
        for (path, cell) in paths.iter().zip(&cells) {
            assert_eq!(cell, path.find(&record).unwrap_or(&Value::Missing), "{path}");
        }
        assert_eq!(cells.last(), Some(&int(-1)));
    }

    #[test]
    fn short_cells_are_filled_as_far_as_they_go() {
        let paths = [Path::literal("a"), Path::literal("b")];
        let mut cells = vec![Value::Null];
        Shape::new(&paths).fill(&Value::Map(vec![("b".into(), int(1))]), &mut cells);
        assert_eq!(cells, [Value::Missing]);
    }
}
