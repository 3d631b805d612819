use std::io::Write;
use std::path::PathBuf;

use driftline_rules::types::Type;
use driftline_rules::value::Value;
use proptest::prelude::*;
use tempfile::TempDir;

use super::csv::{CsvPlan, Kinds, Nulls, Trouble};
use super::*;

/// Files in a folder of their own.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Input {
        std::fs::write(self.path(name), bytes).expect("a file is written");
        Input::File(self.path(name))
    }
}

fn small(chunk: usize, max_record: usize) -> Options {
    Options { chunk, max_record, ..Options::default() }
}

/// Row, line, offset and text, or the reason, of every record; faults as text at the end.
type Seen = (Vec<(u64, u64, u64, Result<String, String>)>, Vec<String>);

fn read(inputs: Vec<Input>, options: Options) -> Seen {
    let (mut records, mut faults) = (Vec::new(), Vec::new());
    let mut next_row = 0;
    for chunk in Source::new(inputs, options) {
        let chunk = match chunk {
            Ok(it) => it,
            Err(fault) => {
                faults.push(format!("{:?} {:?} {}", fault.line, fault.offset, fault.reason));
                continue;
            }
        };
        assert_eq!(chunk.first_row, next_row);
        next_row += chunk.rows;
        let n_before = records.len();
        if chunk.file.format() == Format::Csv {
            let wanted: Vec<_> =
                chunk.file.columns().unwrap_or_default().into_iter().map(|it| (it, Some(Type::String))).collect();
            let plan = CsvPlan::new(&chunk.file, &wanted, &Kinds::default(), &Nulls::default());
            let mut rows = plan.rows(&chunk);
            let mut cells = Vec::new();
            while let Some(row) = rows.next_into(&mut cells) {
                match row {
                    Ok(it) => records.push((it.row, it.line, it.offset, Ok(format!("{cells:?}")))),
                    Err(Trouble::Broken(it)) => records.push((it.row, it.line, it.offset, Err(it.reason))),
                    Err(Trouble::Widen(it)) => panic!("declared columns do not widen: {it:?}"),
                }
            }
        } else {
            for it in chunk.texts() {
                records.push((it.row, it.line, it.offset, it.text.map(str::to_owned).map_err(str::to_owned)));
            }
        }
        assert_eq!((records.len() - n_before) as u64, chunk.rows, "{chunk:?}");
    }
    (records, faults)
}

fn read_one(name: &str, bytes: &[u8], options: Options) -> Seen {
    let folder = Folder::new();
    read(vec![folder.write(name, bytes)], options)
}

fn ok(row: u64, line: u64, offset: u64, text: &str) -> (u64, u64, u64, Result<String, String>) {
    (row, line, offset, Ok(text.to_owned()))
}

fn bad(row: u64, line: u64, offset: u64, reason: &str) -> (u64, u64, u64, Result<String, String>) {
    (row, line, offset, Err(reason.to_owned()))
}

#[test]
fn every_line_has_its_number_and_offset() {
    let bytes = b"\xef\xbb\xbf{\"a\":1}\r\n\n  \t\n{\xff}\n{\"a\":\xc3\xa9}\n{\"a\":";
    for chunk in 1..60 {
        let (records, faults) = read_one("a.ndjson", bytes, small(chunk, 100));
        assert_eq!(
            records,
            [
                ok(0, 1, 3, "{\"a\":1}"),
                bad(1, 4, 17, "is not valid UTF-8"),
                ok(2, 5, 21, "{\"a\":é}"),
                ok(3, 6, 30, "{\"a\":")
            ],
            "{chunk}"
        );
        assert_eq!(faults, [""; 0]);
    }
}

#[test]
fn a_line_that_is_too_long_is_one_broken_record() {
    for chunk in 1..80 {
        let (records, _) = read_one("a.ndjson", b"1\n123456789\n2\n1234567890\n3", small(chunk, 9));
        let long = "is longer than 9 bytes";
        assert_eq!(
            records,
            [ok(0, 1, 0, "1"), ok(1, 2, 2, "123456789"), ok(2, 3, 12, "2"), bad(3, 4, 14, long), ok(4, 5, 25, "3")]
        );
    }
}

#[test]
fn elements_of_an_array_are_records() {
    let bytes = br#" [ {"a": [1, "]\"}"]},
 2 ,"x,y"
, [[]], 12345678901234567890123456789012345678901234567890 , {"b":
 null} ] "#;
    for chunk in 1..200 {
        let (records, faults) = read_one("a.json", bytes, small(chunk, 40));
        assert_eq!(
            records,
            [
                ok(0, 1, 3, r#"{"a": [1, "]\"}"]}"#),
                ok(1, 2, 24, "2"),
                ok(2, 2, 27, r#""x,y""#),
                ok(3, 3, 35, "[[]]"),
                bad(4, 3, 41, "is longer than 40 bytes"),
                ok(5, 3, 94, "{\"b\":\n null}"),
            ],
            "{chunk}"
        );
        assert_eq!(faults, [""; 0]);
    }
}

#[test]
fn an_array_ends_where_its_syntax_does() {
    for (text, n_records, fault) in [
        ("[1, 2\n3]", 2, "Some(2) Some(6) expected `,` or `]` behind an element, found `3`"),
        ("[1,]", 1, "Some(1) Some(3) expected an element, found `]`"),
        ("[1, {\"a\": 2", 2, "Some(1) Some(11) the array is not closed"),
        ("[1, 2", 2, "Some(1) Some(5) the array is not closed"),
        ("[1]\n{", 1, "Some(2) Some(4) expected nothing behind the array, found `{`"),
    ] {
        for chunk in 1..20 {
            let (records, faults) = read_one("a.json", text.as_bytes(), small(chunk, 40));
            assert_eq!((records.len(), faults), (n_records, vec![fault.to_owned()]), "{text} {chunk}");
        }
    }
    for text in ["[]", " [ ]\n"] {
        assert_eq!(read_one("a.json", text.as_bytes(), small(1, 9)), (vec![], vec![]));
    }
}

#[test]
fn an_array_nested_deeply_costs_nothing() {
    let text = format!("[{}{}, 1]", "[".repeat(100_000), "]".repeat(100_000));
    let (records, faults) = read_one("a.json", text.as_bytes(), Options::default());
    assert_eq!((records.len(), faults.len()), (2, 0));
}

#[test]
fn csv_records_have_their_lines_and_a_stray_quote_breaks_one() {
    let bytes = b"\na,b\r\n1,\"x\ny\"\r\n\r\n2\n3,4,5\n6,\"open\n7,8\n9,\xff\n";
    for chunk in 1..60 {
        let (records, _) = read_one("a.csv", bytes, small(chunk, 100));
        let text = |a: &str, b: &str| format!("{:?}", [Value::text(a), Value::text(b)]);
        assert_eq!(
            records,
            [
                ok(0, 3, 6, &text("1", "x\ny")),
                bad(1, 6, 17, "has 1 field where the header has 2"),
                bad(2, 7, 19, "has 3 fields where the header has 2"),
                bad(3, 8, 25, "a quote is not closed"),
                ok(4, 9, 33, &text("7", "8")),
                bad(5, 10, 37, "is not valid UTF-8"),
            ],
            "{chunk}"
        );
    }
}

#[test]
fn compressed_files_are_read_to_their_last_good_byte() {
    let folder = Folder::new();
    let lines: Vec<_> = (0..50_000).map(|i| format!("{{\"i\":{i}}}\n")).collect();
    let lines = lines.concat();
    let gz = |text: &str| {
        let mut it = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        it.write_all(text.as_bytes()).expect("memory takes it");
        it.finish().expect("memory takes it")
    };
    let (first, second) = lines.split_at(lines.len() / 3);
    let members = [gz(first), gz(second)].concat();
    let frames = [first, second].map(|it| zstd::encode_all(it.as_bytes(), 1).expect("memory takes it")).concat();
    let plain = read(vec![folder.write("a.ndjson", lines.as_bytes())], Options::default());
    for (name, bytes) in [("a.ndjson.gz", &members), ("a.zst", &frames)] {
        for chunk in [100_000, 1 << 20] {
            assert_eq!(read(vec![folder.write(name, bytes)], small(chunk, 1 << 20)), plain, "{name}");
        }
        let cut = bytes.len() - 5_000;
        let truncated = bytes.get(..cut).expect("it is longer");
        let seen = |chunk| read(vec![folder.write(name, truncated)], small(chunk, 1 << 20));
        let (records, faults) = seen(1 << 20);
        assert!(!records.is_empty() && plain.0.starts_with(&records));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(seen(10_000), (records, faults));
    }
}

#[test]
fn names_and_content_tell_the_format() {
    let folder = Folder::new();
    for (name, bytes, format) in [
        ("a.jsonl", "[1]", Format::Ndjson),
        ("a.json", " [1]", Format::Json),
        ("b.json", "{}\n{}", Format::Ndjson),
        ("a", "{}", Format::Ndjson),
        ("b", "[]", Format::Json),
        ("c", "a,b\n1,2", Format::Csv),
        ("d.tsv", "a,b\tc\n1\t2", Format::Csv),
        ("e.txt", "a;b\n1;2", Format::Csv),
    ] {
        let mut source = Source::new(vec![folder.write(name, bytes.as_bytes())], Options::default());
        while source.next().is_some() {}
        let formats: Vec<_> = source.files().iter().map(|it| it.format()).collect();
        assert_eq!(formats, [format], "{name}");
        if format == Format::Csv {
            assert_eq!(source.files().first().and_then(|it| it.columns()).map(|it| it.len()), Some(2), "{name}");
        }
    }
}

#[test]
fn all_that_is_wrong_with_the_names_is_told_at_once() {
    let folder = Folder::new();
    for name in ["b.csv", "a.csv", "c.json"] {
        folder.write(name, b"x\n");
    }
    let pattern = |it: &str| folder.path(it).display().to_string();
    let found = expand(&[pattern("*.csv"), "-".to_owned()]).expect("they exist");
    let names: Vec<_> = found.iter().map(Input::name).collect();
    assert_eq!(names, [pattern("a.csv"), pattern("b.csv"), "-".to_owned()]);
    let errors = expand(&[pattern("*.pq"), pattern("none"), pattern("")]).expect_err("none of them can be read");
    assert_eq!(errors.len(), 3);
    assert!(errors.iter().any(|it| it.contains("*.pq") && it.contains("matches no file")), "{errors:?}");
}

/// Files of a few lines of which many are odd.
fn odd_text(alphabet: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(alphabet), 0..60).prop_map(|it| it.concat().into_bytes())
}

/// Every size of chunk, and a compressed copy, must read as the whole.
fn check_all_sizes(name: &str, bytes: &[u8], max_record: usize) {
    let folder = Folder::new();
    let inputs = || vec![Input::File(folder.path(name)), Input::File(folder.path(name))];
    folder.write(name, bytes);
    let whole = read(inputs(), small(1 << 16, max_record));
    for chunk in [1, 2, 3, 5, 7, 8, 13, 64] {
        assert_eq!(read(inputs(), small(chunk, max_record)), whole, "{chunk} {max_record}");
    }
}

proptest! {
    #[test]
    fn the_size_of_chunks_changes_nothing_in_lines(
        bytes in odd_text(&["{}", "\n", "\r\n", " ", "\"", "[1,2]", "é", "longer than others"]), max in 5_usize..40,
    ) {
        check_all_sizes("a.ndjson", &bytes, max);
    }

    #[test]
    fn the_size_of_chunks_changes_nothing_in_arrays(
        bytes in odd_text(&["{", "}", "\n", ",", ",", " ", "\"", "[", "]", "\\", "1", "long text here"]),
        max in 5_usize..40,
    ) {
        check_all_sizes("a.json", &[b"[".as_slice(), &bytes].concat(), max);
        check_all_sizes("a.json", &bytes, max);
    }

    #[test]
    fn the_size_of_chunks_changes_nothing_in_csv(
        bytes in odd_text(&["a", "\n", "\r\n", ",", ",", "\"", "\"", "\"\"", ",\"", "\",", "\r", "é", "long text"]),
        max in 5_usize..40,
    ) {
        check_all_sizes("a.csv", &[b"x,y\n".as_slice(), &bytes].concat(), max);
        check_all_sizes("a.csv", &bytes, max);
    }
}
