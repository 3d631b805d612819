//! What is fuzzed: each body takes any bytes and panics when something is wrong.
//!
//! The targets run them under libFuzzer for as long as one likes, `tests/fuzz_smoke.rs` for a few seconds in every
//! test run.

pub mod plugin;

use std::io::Write;
use std::str::from_utf8;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use driftline::files::csv::{CsvPlan, Kind, Kinds, Nulls, Trouble, Widen};
use driftline::files::{Chunk, Format, Input, Options, Source};
use driftline_rules::codec;
use driftline_rules::condition::{Condition, Dialect};
use driftline_rules::path::Path;
use driftline_rules::plan::{self, Plan, compile};
use driftline_rules::python::regex::Pattern;
use driftline_rules::record::{self, Limits, Reader};
use driftline_rules::row::{Row, Slot};
use driftline_rules::run::{self, Fold};
use driftline_rules::samples::Keep;
use driftline_rules::shape::Shape;
use driftline_rules::suite;
use driftline_rules::value::Value;

/// A name, a body and inputs to begin with.
pub type Body = (&'static str, fn(&[u8]), &'static [&'static str]);

/// Cases that are run by name.
pub const BODIES: [Body; 8] = [
    ("record", record, &RECORDS),
    ("suite", suite, &SUITES),
    ("csv", csv, &TABLES),
    ("condition", condition, &CONDITIONS),
    ("regex", regex, &PATTERNS),
    ("window", window, &["", "s\x05\x01", "s\x11\x7f\x20\x03", "\x02\x00\x02\x02\x00\x00\x00"]),
    ("component", plugin::component, &plugin::COMPONENTS),
    ("batch", plugin::batch, &plugin::BATCHES),
];

const RECORDS: [&str; 6] = [
    r#"{"a": 1, "b": [1, -0.5e-3, {"x": "é\u00e9\ud83d\ude00"}], "c": {"d": null, "e": true}}"#,
    r#" {"a.b" : {"a": "\"\\\/\b\f\n\r\t"}, "a": 9223372036854775808, "a": -9223372036854775809, "l": [[], {}, [0]]} "#,
    r#"{"a": 1e400, "b": 0.1000000000000000055511151231257827, "c": {"d": 5e-324, "": false}}"#,
    r#"{"\u0061": 1, "\ud800": 2, "b": ["\udc00x"]}"#,
    r#"[{"a": 1}, 2, "3"]"#,
    r#"{"a": NaN, "b": [-Infinity], "c": Infinity}"#,
];

const SUITES: [&str; 5] = [
    "name: s\ntypes: {a: int, b: datetime}\nexpectations:\n  - between: {min: 0, max: 1}\n    field: a\n    mostly: 0.9\n    when: b is not null\n    severity: warning\n  - unique: {}\n    field: c\n",
    r#"{"expectations": [{"type": "expect_column_values_to_be_between", "kwargs": {"column": "a", "min_value": 1, "mostly": 0.5, "row_condition": {"type": "comparison", "column": {"name": "b"}, "operator": "IN", "parameter": [1]}}}, {"type": "expect_column_quantile_values_to_be_between", "kwargs": {"column": "a", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[null, 2]]}}}]}"#,
    "- match_regex: {regex: '^a+$'}\n  field: a\n- in_set: {values: [1, &x 2, *x, '3', ~]}\n  fields: [a, b]\n",
    "expectations:\n  - {type: expect_column_kl_divergence_to_be_less_than, kwargs: {column: a, threshold: 0.1, partition_object: {bins: [0, 1, 2], weights: [0.5, 0.5]}}}\nexamples:\n  - {record: {a: 1}, pass: true}\n",
    "schema: {type: object, properties: {a: {type: integer}}}\nrecord: {id: a, segments: [b]}\nexpectations:\n  - pair_equal: {}\n    fields: [a, b]\n  - {type: expect_column_values_to_match_strftime_format, kwargs: {column: b, strftime_format: '%Y-%m-%d'}}\n",
];

const TABLES: [&str; 5] = [
    "\x07a,b,c\n1,x,2024-01-01\n2,\"y,\"\"z\"\"\",\n\n3.5,NA,true\r\n",
    "\x03a;b\n\"1\n2\";3\n4;5\n",
    "\x00\u{feff}a,a,\n1,2,3\n4,5\n6,7,8,9\n",
    "\x10a\n\"x\"y\nz\"w\n\"open",
    "\x01a\tb\nnull\t-0\n18446744073709551616\tinf\n",
];

const CONDITIONS: [&str; 7] = [
    r#"country == "DE" and (score > 0.5 or not `a b`.isnull())"#,
    r#"col("n") >= -1.5"#,
    r#"col("g").notnull()"#,
    "n not in [1, 2.0, 'x'] | ~(t < datetime.date(2021, 1, 31))",
    "a.b is not null or a is null and 1 < n <= 3",
    "d > datetime.datetime(2021, 1, 31, 12, 30) and g == @x",
    "'a\\n\\'' == `a``b` or true == flag",
];

const PATTERNS: [&str; 8] = [
    "^(a+)+$\naaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    "(?P<x>[^\\W\\d_]+)(?P=x)\nabab",
    "(?i)\\bfoo\\b|(?<!a)b{2,3}?\nFOO bb",
    "(?x) a # c\n b*+ (?>c|d)\nab",
    "[]a-z\\]]{,3}\\Z\n]]a",
    "(a)?(?(1)b|c)$\nab",
    "\\u00e9\\x41\\101\\N\né",
    "(?s:.)(?-i:x)\\1{0,99}\naxaxa",
];

/// Fields of records in the tests.
const FIELDS: [&str; 7] = ["a", "b", "a.b", "l[1].x", "c.d", "`a.b`", "$"];

/// A record: every way of reading one finds the same, and `serde_json` where it reads the text too.
pub fn record(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let paths: Vec<Path> = FIELDS.iter().filter_map(|it| Path::parse(it).ok()).collect();
    let shape = Shape::new(&paths);
    let mut reader = Reader::new(&shape, Limits::default());
    let whole = record::parse(text);
    let (mut cells, mut again, mut copied) = (Vec::new(), Vec::new(), Vec::new());
    let filled = reader.fill(text, &mut cells);
    // The second time the reader knows the order of the members.
    assert_eq!(reader.fill(text, &mut again), filled);
    assert_eq!(format!("{cells:?}"), format!("{again:?}"));
    match &whole {
        Ok(whole) => {
            let from_tree = reader.fill_tree(whole, &mut copied);
            assert_eq!(from_tree.is_ok(), filled.is_ok());
            if filled.is_ok() {
                assert_eq!(format!("{cells:?}"), format!("{copied:?}"));
            }
        }
        Err(error) => {
            assert!(error.offset <= text.len());
            assert!(filled.is_err(), "a broken text was read: {text:?}");
        }
    }
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    match (&whole, theirs) {
        (Ok(whole), Ok(theirs)) => assert!(alike(&whole.to_json(), &theirs), "{text:?}"),
        (Err(error), Ok(_)) => panic!("{text:?} is JSON: {error}"),
        (Ok(_), Err(error)) => {
            // What is read beyond serde_json: Python's numbers, numbers out of range, half surrogates, a depth of 128.
            let beyond = ["NaN", "Infinity", "\\ud", "\\uD", "e", "E", "[", "{"];
            let is_long = text.len() > 300;
            assert!(is_long || beyond.iter().any(|it| text.contains(it)), "{text:?} is no JSON: {error}");
        }
        (Err(_), Err(_)) => {}
    }
}

/// A suite and some records: nothing panics, and checking in two parts is checking in one.
pub fn suite(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let (suite, _) = suite::read(text);
    let options = plan::Options { budget: 64, ..plan::Options::default() };
    let (plan, _) = compile(&suite, &options);
    let keep = Keep { values: 3, all_rows: true };
    let mut whole = Fold::new(&plan, keep);
    let mut parts = [Fold::new(&plan, keep), Fold::new(&plan, keep)];
    let mut reader = Reader::new(&plan.shape, Limits::default());
    for (number, text) in RECORDS.iter().chain(RECORDS.iter().rev()).enumerate() {
        let mut cells = Vec::new();
        for fold in [&mut whole, &mut parts[number / RECORDS.len()]] {
            match reader.fill(text, &mut cells) {
                Ok(()) => {
                    run::check(&plan, &mut cells, number as u64, 0, fold);
                }
                Err(error) => run::unreadable(&error.message, number as u64, fold),
            }
        }
    }
    let [mut merged, second] = parts;
    merged.merge(second);
    let judged = |fold: &Fold| -> Vec<_> {
        run::judge(&plan, fold, 0).into_iter().map(|it| (it.judgement.status, it.judgement.counts)).collect()
    };
    assert_eq!(judged(&whole), judged(&merged), "{text}");
}

/// Rows of a table as texts, or what is wrong with them.
type Rows = Vec<Result<Vec<String>, String>>;

/// A table: the first byte is the size of the chunks, which changes nothing; without stray quotes the `csv` crate
/// finds the same fields.
pub fn csv(bytes: &[u8]) {
    let Some((&size, table)) = bytes.split_first() else { return };
    let Ok(mut file) = tempfile::NamedTempFile::new() else { return };
    if file.write_all(table).is_err() {
        return;
    }
    let chunks = |chunk: usize| -> Option<Vec<Chunk>> {
        let options = Options { chunk, format: Some(Format::Csv), max_record: 4096, ..Options::default() };
        let input = Input::File(file.path().to_path_buf());
        Source::new(vec![input], options).collect::<Result<_, _>>().ok()
    };
    let (small, large) = (chunks(usize::from(size) + 1), chunks(1 << 20));
    let (Some(small), Some(large)) = (&small, &large) else {
        assert_eq!(small.is_none(), large.is_none(), "a chunk decides whether a file can be read");
        return;
    };
    let (few, many) = (rows(small), rows(large));
    assert_eq!(few, many, "the size of the chunks decides what is read of {:?}", String::from_utf8_lossy(table));
    compare_with_crate(table, large, &few.1);
}

/// The narrowest kinds of the columns, and all rows.
fn rows(chunks: &[Chunk]) -> (Vec<Kind>, Rows) {
    let Some(names) = chunks.first().and_then(|it| it.file.columns()) else { return Default::default() };
    let wanted: Vec<_> = names.iter().map(|it| (it.clone(), None)).collect();
    let (mut kinds, nulls) = (Kinds::default(), Nulls::default());
    kinds.learn(&chunks[0], &wanted, &nulls);
    loop {
        match read(chunks, &kinds, &wanted, &nulls) {
            Ok(rows) => return (names.iter().map(|it| kinds.of(it)).collect(), rows),
            Err(widen) => assert!(kinds.widen(&widen), "kinds only ever widen"),
        }
    }
}

fn read(
    chunks: &[Chunk],
    kinds: &Kinds,
    wanted: &[(String, Option<driftline_rules::types::Type>)],
    nulls: &Nulls,
) -> Result<Rows, Vec<Widen>> {
    let mut found = Vec::new();
    for chunk in chunks {
        let plan = CsvPlan::new(&chunk.file, wanted, kinds, nulls);
        let mut rows = plan.rows(chunk);
        let mut cells = Vec::new();
        while let Some(row) = rows.next_into(&mut cells) {
            match row {
                Ok(at) => {
                    assert_eq!(at.row as usize, found.len());
                    found.push(Ok(cells.iter().map(|it| format!("{it:?}")).collect()));
                }
                Err(Trouble::Broken(it)) => {
                    assert_eq!(it.row as usize, found.len());
                    found.push(Err(format!("{}:{} {}", it.line, it.offset, it.reason)));
                }
                Err(Trouble::Widen(it)) => return Err(it),
            }
        }
    }
    Ok(found)
}

fn compare_with_crate(table: &[u8], chunks: &[Chunk], rows: &Rows) {
    let Some(driftline::files::Layout::Csv { delimiter, raw, .. }) = chunks.first().map(|it| &it.file.layout) else {
        return;
    };
    // A lone carriage return ends a record there, a mark within the text is a character here.
    let lone = table.iter().enumerate().any(|(i, b)| *b == b'\r' && table.get(i + 1) != Some(&b'\n'));
    let is_plain = !table.contains(&b'"') && !lone && from_utf8(table).is_ok() && *delimiter != b'\r';
    if !is_plain || rows.iter().any(Result::is_err) || raw.is_empty() {
        return;
    }
    let mut theirs = csv::ReaderBuilder::new().delimiter(*delimiter).from_reader(table);
    let n = theirs.records().flatten().count();
    assert_eq!(n, rows.len(), "the csv crate reads another number of records of {:?}", String::from_utf8_lossy(table));
}

/// A condition: what is understood is written so that it is understood as the same.
pub fn condition(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    for dialect in [Dialect::Short, Dialect::Pandas, Dialect::GreatExpectations] {
        let Ok(condition) = Condition::from_text(text, dialect) else { continue };
        let written = condition.to_string();
        let again = Condition::from_text(&written, Dialect::Short);
        assert_eq!(again.as_ref(), Ok(&condition), "{text:?} is written as {written:?}");
        let mut names: Vec<String> = Vec::new();
        let guard = condition.bind(&mut |name| {
            names.push(name.to_owned());
            Slot((names.len() - 1) as u16)
        });
        let values = [Value::Missing, Value::Int(1), Value::text("a"), Value::Num(f64::NAN), Value::Bool(true)];
        for value in values {
            let cells = vec![value; names.len()];
            guard.holds(&Row { cells: &cells, number: 0, now: 0 });
        }
    }
}

/// A pattern, and behind the first newline a text to search: it compiles or not, and ends soon.
pub fn regex(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let (pattern, text) = text.split_once('\n').unwrap_or((text, "aab \n"));
    let started = Instant::now();
    if let Ok(it) = Pattern::new(pattern) {
        it.is_match(text);
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?} for {pattern:?} in {text:?}");
}

/// A stored window: bytes are one or are refused, and one that is read can be written, merged and judged.
///
/// Behind an `s` stand changes to a sound window, as pairs of a place and a byte; anything else is the state itself.
pub fn window(bytes: &[u8]) {
    static PLAN: LazyLock<(Plan, Vec<u8>)> = LazyLock::new(|| {
        let (suite, _) = suite::read(WINDOWED);
        let plan = compile(&suite, &plan::Options { budget: 3, ..plan::Options::default() }).0;
        let mut fold = Fold::new(&plan, Keep { values: 0, all_rows: false });
        for number in 0..6 {
            let mut cells = vec![Value::Num(f64::from(number) / 2.0), Value::text("a"), Value::Int(7)];
            cells.resize(plan.shape.width(), Value::Null);
            run::check(&plan, &mut cells, number as u64, 0, &mut fold);
        }
        let bytes = codec::encode(&fold.window, b"");
        (plan, bytes)
    });
    let (plan, sound) = &*PLAN;
    let header = sound.get(..6).unwrap_or_default();
    let state = match bytes.strip_prefix(b"s") {
        Some(changes) => {
            let mut state = sound.clone();
            for it in changes.chunks_exact(2) {
                let at = usize::from(it[0]) % state.len();
                state[at] = it[1];
            }
            state
        }
        None => [header, bytes].concat(),
    };
    let read = |bytes: &[u8]| codec::decode(plan.expectations.len(), &plan.bindings, b"", bytes);
    let Ok(mut window) = read(&state) else { return };
    assert_eq!(read(&codec::encode(&window, b"")).map(|it| codec::encode(&it, b"")), Ok(codec::encode(&window, b"")));
    let mut other = window.clone();
    other.shift(window.rows);
    assert_eq!(window.merge(other), Ok(()));
    run::judge(plan, &Fold::of_window(plan, window), 0);
}

/// Every summary that a window may hold.
const WINDOWED: &str = "
- mean_between: {min: 0, max: 1}
  field: a
- max_between: {max: 9}
  field: a
- median_between: {max: 9}
  field: a
- not_outliers: {}
  field: c
- unique: {}
  field: b
- compound_unique: {}
  fields: [a, b]
- unique_value_count_between: {max: 3}
  field: a
- kl_divergence_less_than: {partition: {bins: [0, 1, 2], weights: [0.5, 0.5]}, max: 0.1}
  field: a
- increasing: {}
  field: a
- of_type: {type: int}
  field: c
- not_null: {}
  field: b
";

/// Equality in which `-0`, the integer 0 here as in Python, is the float that it is in `serde_json`.
fn alike(ours: &serde_json::Value, theirs: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (ours, theirs) {
        (Number(a), Number(b)) => a == b || (a.as_f64() == Some(0.0) && b.as_f64() == Some(0.0)),
        (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Object(a), Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| alike(a, b)))
        }
        _ => ours == theirs,
    }
}
