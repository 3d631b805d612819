//! Any bytes as a plugin, and any batch into one.

#[path = "../../../tests/support/guests.rs"]
mod guests;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use driftline::plugins::{Found, Limits, LoadedPlugin, Runtime, Shelf, Trust};
use driftline_rules::plugin::{
    Batch, Binding, Checker, Column, ColumnData, ColumnType, Context, Opened, Plugin, Texts,
};
use guests::Guest;

pub const COMPONENTS: [&str; 4] = [
    "(component)",
    "(module (func $start unreachable) (start $start))",
    r#"(component (import "wasi:cli/environment@0.2.0" (instance)) (core module $m (memory 1)) (core instance (instantiate $m)))"#,
    r#"(component (instance $i) (export "driftline:plugin/about@0.1.0" (instance $i)) (export "driftline:plugin/metric@0.1.0" (instance $i)))"#,
];

pub const BATCHES: [&str; 4] =
    ["\x01\x030abcdefgh", "\x03\x091xyzxyzxyzxyzxyz2abcabcabc", "\x02\x0c3{\"a\":1}4text5555", "\x08\x286e7\n\r8"];

fn limits() -> Limits {
    let time = Duration::from_millis(200);
    Limits { memory: 8 << 20, component: 1 << 20, transfer: 1 << 20, time, ..Limits::default() }
}

fn shelf() -> Arc<Shelf> {
    Shelf::new(Runtime::new(limits(), 16).expect("an engine"), None, Trust::default(), None)
}

/// Of the components alone, so that their instances can be counted.
static SHELF: LazyLock<Arc<Shelf>> = LazyLock::new(shelf);

static CHECKER: LazyLock<Vec<(usize, Box<dyn Checker>)>> = LazyLock::new(|| {
    let plugin: LoadedPlugin =
        shelf().load(&Found { component: Guest::range().build(), signature: None }, &limits()).expect("a good guest");
    let open = |columns| {
        let column = |n| Binding { input: "value".to_owned(), field: format!("f{n}"), column_type: ColumnType::Number };
        let columns = (0..columns).map(column).collect::<Vec<_>>();
        let opened = Opened { capability: "range".to_owned(), params: "{}".to_owned(), columns };
        (opened.columns.len(), plugin.checker(&opened).expect("it opens"))
    };
    (0..4).map(open).collect()
});

/// Bytes, or text, as a component: it is loaded or refused in words, and nothing is left of it.
pub fn component(bytes: &[u8]) {
    let before = SHELF.runtime().instances();
    let found = Found { component: bytes.to_vec(), signature: None };
    if let Err(text) = SHELF.load(&found, &limits()) {
        assert!(!text.is_empty(), "a refusal says why");
    }
    assert_eq!(SHELF.runtime().instances(), before);
}

/// A batch whose lengths need not fit: an answer that fits the batch, or a fault in words.
pub fn batch(bytes: &[u8]) {
    let Some((&[rows, shape], rest)) = bytes.split_first_chunk::<2>() else { return };
    let (_, checker) = &CHECKER[usize::from(shape % 4)];
    let pieces = rest.chunks((rest.len() / (1 + usize::from(shape / 4))).max(1)).take(64);
    let batch = Batch { rows: u32::from(rows), columns: pieces.map(column).collect() };
    // A guest that is given less than it is told reads its own memory: wrong, but its own.
    match checker.check(&Context::default(), &batch, 7) {
        Ok(verdicts) => {
            assert_eq!(verdicts.passed.len(), batch.rows.div_ceil(8) as usize);
            assert!(verdicts.notes.len() <= 7 && verdicts.notes.iter().all(|it| it.row < batch.rows));
        }
        Err(fault) => assert!(fault.to_string().starts_with("plugin `well-behaved` 1.2.3, rule `range`: "), "{fault}"),
    }
}

/// A column out of bytes, the first of which says its type.
fn column(bytes: &[u8]) -> Column {
    let (kind, rest) = bytes.split_first().map_or((0, bytes), |(kind, rest)| (*kind, rest));
    let words: Vec<u32> = rest.chunks(4).map(|it| it.iter().fold(0, |all, byte| all << 8 | u32::from(*byte))).collect();
    let long = || rest.chunks(8).map(|it| it.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    let texts = || Texts { offsets: words.clone(), data: String::from_utf8_lossy(rest).into_owned() };
    let data = match kind % 8 {
        0 => ColumnData::Numbers(long().map(f64::from_bits).collect()),
        1 => ColumnData::Integers(long().map(u64::cast_signed).collect()),
        2 => ColumnData::Booleans(rest.to_vec()),
        3 => ColumnData::Texts(texts()),
        4 => ColumnData::Categories { codes: words, dictionary: vec![String::from_utf8_lossy(rest).into_owned()] },
        5 => ColumnData::Timestamps(long().map(u64::cast_signed).collect()),
        6 => ColumnData::Vectors {
            dimension: words.len() as u32,
            values: words.iter().map(|it| f32::from_bits(*it)).collect(),
        },
        _ => ColumnData::Json(texts()),
    };
    Column { data, validity: (kind & 8 != 0).then(|| rest.to_vec()) }
}
