//! Reading a JSON record: the cells that a plan reads, or the whole tree.
//!
//! Why not `serde_json`: reading is nine tenths of the cost of checking a record, and this reader takes
//! little more than a third of the time of `serde_json::Value` for a whole tree (2.8 times faster on a nested
//! record of 412 bytes) and a fifth for ten of its fields (4.9 times; `benches/record.rs`). It borrows
//! its text, skips without allocating what no rule reads, and finds members in the order that the
//! records before had them. It also reads what Python's `json.dumps` writes and `serde_json` refuses.
//!
//! The grammar is RFC 8259, with these additions and decisions:
//! - `NaN`, `Infinity` and `-Infinity` are numbers, as Python writes and reads them.
//! - Integers are exact within `i64` and `u64`; any other number is the nearest float, and an infinity
//!   where there is none, as in Python.
//! - Of members with one name the last wins.
//! - Half a surrogate pair (`"\ud800"`) is read as U+FFFD.
//! - Arrays and objects nest as deep as [`Limits::depth`] says.

mod limits;
mod cursor;
mod number;
mod tree;

use std::collections::BTreeMap;

pub use limits::{Limits, ReadError};

use crate::shape::Shape;
use crate::value::Value;
use cursor::{Cursor, Fault};

/// Reads one JSON value with white space around it, within the default [`Limits`].
pub fn parse(text: &str) -> Result<Value<'_>, ReadError> {
    parse_within(text, Limits::default())
}

/// Reads one JSON value with white space around it.
pub fn parse_within(text: &str, limits: Limits) -> Result<Value<'_>, ReadError> {
    let mut cursor = Cursor::new(text, limits);
    read_all(&mut cursor).map_err(|it| *it)
}

fn read_all<'r>(cursor: &mut Cursor<'r>) -> Result<Value<'r>, Fault> {
    cursor.skip_space();
    let value = tree::read(cursor)?;
    cursor.finish()?;
    Ok(value)
}

/// Reads records into cells; each worker has its own.
///
/// It learns the order of members from the records it sees, so that a name costs one comparison.
#[derive(Clone, Debug)]
pub struct Reader {
    shape: Shape,
    limits: Limits,
    /// What was learned of the object at each node of the shape.
    levels: Vec<Level>,
    n_records: u64,
}

impl Reader {
    /// A reader of the fields of `shape`.
    pub fn new(shape: &Shape, limits: Limits) -> Self {
        let levels = shape.nodes().iter().map(|_| Level::default()).collect();
        Reader { shape: shape.clone(), limits, levels, n_records: 0 }
    }

    /// Reads one record: `cells` gets one value for each slot of the shape, `Missing` where the record has
    /// none. The rest of the text is checked, but not kept. After an error all cells are `Missing`.
    pub fn fill<'r>(&mut self, text: &'r str, cells: &mut Vec<Value<'r>>) -> Result<(), ReadError> {
        clear(cells, self.shape.width());
        let n_names = self.n_columns();
        let mut pass = Pass {
            cursor: Cursor::new(text, self.limits),
            shape: &self.shape,
            levels: &mut self.levels,
            limits: self.limits,
            record: self.n_records,
            cells,
        };
        let result = pass.record();
        self.n_records += 1;
        result.map_err(|it| {
            clear(cells, self.shape.width());
            if let Some(level) = self.levels.first_mut() {
                level.forget(n_names);
            }
            *it
        })
    }

    /// Reads the whole tree of one record, within the limits, for [`Reader::fill_tree`] and a schema.
    pub fn parse<'r>(&self, text: &'r str) -> Result<Value<'r>, ReadError> {
        parse_within(text, self.limits)
    }

    /// The same as [`Reader::fill`] for a record that was read whole.
    pub fn fill_tree<'r>(&mut self, record: &Value<'r>, cells: &mut Vec<Value<'r>>) -> Result<(), ReadError> {
        clear(cells, self.shape.width());
        let number = self.n_records;
        self.n_records += 1;
        let Value::Map(members) = record else {
            return Err(ReadError { offset: 0, message: not_an_object(record) });
        };
        if let Some(level) = self.levels.first_mut() {
            for (place, (name, _)) in members.iter().enumerate() {
                if level.names.get(place).is_none_or(|it| *it.text != **name) {
                    level.find(name, &self.shape, 0, Seen { record: number, place }, self.limits);
                }
            }
        }
        self.shape.fill_at(0, record, cells);
        Ok(())
    }

    /// The names of the top-level members met so far, in the order of their first appearance, each with
    /// the number of the record it was first seen in (the reader's first is 0; one that could not be
    /// read counts, but its names do not) and its place there, from 0.
    pub fn columns(&self) -> impl Iterator<Item = (&str, u64, usize)> {
        self.levels
            .first()
            .into_iter()
            .flat_map(|level| &level.names)
            .map(|it| (it.text.as_ref(), it.seen.record, it.seen.place))
    }

    fn n_columns(&self) -> usize {
        self.levels.first().map_or(0, |it| it.names.len())
    }
}

fn clear(cells: &mut Vec<Value>, width: usize) {
    cells.clear();
    cells.resize_with(width, Value::default);
}

fn not_an_object(value: &Value) -> String {
    let article = match value {
        Value::Null | Value::Missing => "",
        Value::Int(_) | Value::Big(_) | Value::List(_) => "an ",
        _ => "a ",
    };
    format!("a record must be an object, this is {article}{}", value.type_name())
}

/// The names of members that objects at one node had so far, in order of first appearance.
#[derive(Clone, Debug, Default)]
struct Level {
    names: Vec<Name>,
    places: BTreeMap<Box<str>, usize>,
}

#[derive(Clone, Debug)]
struct Name {
    /// The name as most texts write it, with its quotes and the colon; empty when it needs an escape.
    token: Box<[u8]>,
    text: Box<str>,
    /// The node of the shape that this member is, if any rule reads it.
    child: Option<usize>,
    seen: Seen,
}

/// Where a name was seen first.
#[derive(Clone, Copy, Debug)]
struct Seen {
    record: u64,
    place: usize,
}

impl Level {
    /// The child that a name means, and the place of the name; a new name is remembered.
    fn find(
        &mut self,
        name: &str,
        shape: &Shape,
        node: usize,
        seen: Seen,
        limits: Limits,
    ) -> (Option<usize>, Option<usize>) {
        if let Some(&place) = self.places.get(name) {
            return (self.names.get(place).and_then(|it| it.child), Some(place));
        }
        let child = shape.nodes().get(node).and_then(|it| it.children.get(name).copied());
        if self.names.len() >= limits.names {
            return (child, None);
        }
        let plain = !name.bytes().any(|b| matches!(b, 0..0x20 | b'"' | b'\\'));
        let token = if plain { format!("\"{name}\":") } else { String::new() };
        let place = self.names.len();
        self.places.insert(name.into(), place);
        self.names.push(Name { token: token.into_bytes().into(), text: name.into(), child, seen });
        (child, Some(place))
    }

    /// Forgets all names after the first `n`.
    fn forget(&mut self, n: usize) {
        for name in self.names.drain(n.min(self.names.len())..) {
            self.places.remove(&name.text);
        }
    }
}

/// The reading of one record.
struct Pass<'p, 'r> {
    cursor: Cursor<'r>,
    shape: &'p Shape,
    levels: &'p mut [Level],
    limits: Limits,
    record: u64,
    cells: &'p mut [Value<'r>],
}

impl<'r> Pass<'_, 'r> {
    fn record(&mut self) -> Result<(), Fault> {
        self.cursor.skip_space();
        if self.cursor.peek() != b'{' {
            let offset = self.cursor.at;
            let value = read_all(&mut self.cursor)?;
            return Err(Box::new(ReadError { offset, message: not_an_object(&value) }));
        }
        if self.shape.nodes().first().is_some_and(|it| it.slots.is_empty()) {
            self.object(0)?;
        } else {
            self.whole(0)?;
        }
        self.cursor.finish()
    }

    /// Reads the value at a node, which begins here.
    fn value(&mut self, node: usize) -> Result<(), Fault> {
        let Some(it) = self.shape.nodes().get(node) else { return tree::skip(&mut self.cursor) };
        if it.children.is_empty() {
            if let [slot] = it.slots[..]
                && let Some(cell) = self.cells.get_mut(slot)
            {
                return tree::read_into(&mut self.cursor, cell);
            }
            let value = tree::read(&mut self.cursor)?;
            for &slot in &it.slots {
                self.put(slot, value.clone());
            }
            return Ok(());
        }
        // A member of the same name may have come before: the last one wins, with all that is in it.
        for &slot in &it.below {
            self.put(slot, Value::Missing);
        }
        if !it.slots.is_empty() {
            return self.whole(node);
        }
        match self.cursor.peek() {
            b'{' => self.object(node),
            b'[' if !it.items.is_empty() => self.array(node),
            _ => tree::skip(&mut self.cursor),
        }
    }

    /// Reads a value that is wanted itself, and perhaps also what lies in it.
    fn whole(&mut self, node: usize) -> Result<(), Fault> {
        let value = tree::read(&mut self.cursor)?;
        self.spread(node, &value);
        let Some((&last, others)) = self.shape.nodes().get(node).and_then(|it| it.slots.split_last()) else {
            return Ok(());
        };
        for &slot in others {
            self.put(slot, value.clone());
        }
        self.put(last, value);
        Ok(())
    }

    /// Fills the slots below a node with what lies in its value. The names of members are found as in
    /// [`Pass::object`]: by the order that the records before had.
    fn spread(&mut self, node: usize, value: &Value<'r>) {
        let shape = self.shape;
        let Some(it) = shape.nodes().get(node) else { return };
        match value {
            Value::Map(members) if node == 0 || !it.children.is_empty() => {
                for (place, (name, value)) in members.iter().enumerate() {
                    let Some(level) = self.levels.get_mut(node) else { return };
                    let child = match level.names.get(place) {
                        Some(known) if *known.text == **name => known.child,
                        _ => level.find(name, shape, node, Seen { record: self.record, place }, self.limits).0,
                    };
                    if let Some(child) = child {
                        self.spread_at(child, value);
                    }
                }
            }
            Value::List(items) => {
                for &(i, child) in &it.items {
                    if let Some(value) = items.get(i) {
                        self.spread_at(child, value);
                    }
                }
            }
            _ => {}
        }
    }

    fn spread_at(&mut self, node: usize, value: &Value<'r>) {
        let shape = self.shape;
        let Some(it) = shape.nodes().get(node) else { return };
        for &slot in &it.slots {
            self.put(slot, value.clone());
        }
        if !it.children.is_empty() {
            self.spread(node, value);
        }
    }

    fn object(&mut self, node: usize) -> Result<(), Fault> {
        self.cursor.enter()?;
        self.cursor.skip_space();
        if self.cursor.peek() == b'}' {
            self.cursor.leave();
            return Ok(());
        }
        let mut expected = 0;
        for place in 0.. {
            match self.name(node, &mut expected, place)? {
                Some(child) => self.value(child)?,
                None => tree::skip(&mut self.cursor)?,
            }
            if !self.cursor.goes_on(b'}')? {
                break;
            }
        }
        Ok(())
    }

    /// Takes a name and its colon; gives the child that it means. `expected` is the place of the name that
    /// should come, and then of the one after it.
    #[inline]
    fn name(&mut self, node: usize, expected: &mut usize, place: usize) -> Result<Option<usize>, Fault> {
        let rest = self.cursor.rest();
        if let Some(level) = self.levels.get(node) {
            // Optional members may be left out, so a few names further on are tried, too.
            for name in level.names.iter().skip(*expected).take(3) {
                *expected += 1;
                if !name.token.is_empty() && rest.starts_with(&name.token) {
                    self.cursor.at += name.token.len();
                    self.cursor.skip_space();
                    return Ok(name.child);
                }
            }
        }
        self.other_name(node, expected, place)
    }

    #[cold]
    fn other_name(&mut self, node: usize, expected: &mut usize, place: usize) -> Result<Option<usize>, Fault> {
        let name = self.cursor.string()?;
        tree::skip_colon(&mut self.cursor)?;
        let Some(level) = self.levels.get_mut(node) else { return Ok(None) };
        let seen = Seen { record: self.record, place };
        let (child, found) = level.find(&name, self.shape, node, seen, self.limits);
        *expected = found.map_or(0, |it| it + 1);
        Ok(child)
    }

    fn array(&mut self, node: usize) -> Result<(), Fault> {
        self.cursor.enter()?;
        self.cursor.skip_space();
        if self.cursor.peek() == b']' {
            self.cursor.leave();
            return Ok(());
        }
        for i in 0.. {
            let items = self.shape.nodes().get(node).map_or(&[][..], |it| &it.items);
            match items.iter().find(|(it, _)| *it == i) {
                Some(&(_, child)) => self.value(child)?,
                None => tree::skip(&mut self.cursor)?,
            }
            if !self.cursor.goes_on(b']')? {
                break;
            }
        }
        Ok(())
    }
}

impl<'r> Pass<'_, 'r> {
    #[inline]
    fn put(&mut self, slot: usize, value: Value<'r>) {
        if let Some(cell) = self.cells.get_mut(slot) {
            *cell = value;
        }
    }
}

#[cfg(test)]
mod tests;
