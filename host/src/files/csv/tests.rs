use proptest::prelude::*;

use super::*;
use crate::files::{Input, Options, Source};

/// All chunks of one file of that text.
fn chunks(text: &[u8], chunk: usize) -> Vec<Chunk> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.csv");
    std::fs::write(&path, text).expect("a file is written");
    let source = Source::new(vec![Input::File(path)], Options { chunk, ..Options::default() });
    source.map(|it| it.expect("a file that can be read")).collect()
}

fn wanted(names: &[&str]) -> Vec<(String, Option<Type>)> {
    names.iter().map(|it| ((*it).to_owned(), None)).collect()
}

/// One column read as a driver reads it: guessed from the first chunk, begun again when wider.
fn column(cells: &[&str], chunk: usize, nulls: &Nulls) -> (Kind, Vec<Value<'static>>) {
    let text = format!("it,x\n{},\n", cells.join(",\n"));
    let chunks = chunks(text.as_bytes(), chunk);
    let wanted = wanted(&["it"]);
    let mut kinds = Kinds::default();
    if let Some(first) = chunks.first() {
        kinds.learn(first, &wanted, nulls);
    }
    'again: loop {
        let mut values = Vec::new();
        for chunk in &chunks {
            let plan = CsvPlan::new(&chunk.file, &wanted, &kinds, nulls);
            let mut rows = plan.rows(chunk);
            let mut cells = Vec::new();
            while let Some(row) = rows.next_into(&mut cells) {
                match row {
                    Ok(_) => values.push(cells.first().map(Value::to_owned).unwrap_or_default()),
                    Err(Trouble::Widen(it)) => {
                        assert!(kinds.widen(&it), "what does not fit widens: {it:?}");
                        continue 'again;
                    }
                    Err(Trouble::Broken(it)) => panic!("{it:?}"),
                }
            }
        }
        return (kinds.of("it"), values);
    }
}

#[test]
fn a_column_is_of_the_narrowest_kind_of_all_its_cells() {
    let text = Value::text;
    for (cells, kind, expected) in [
        (vec!["1", "", "NA", "+2"], Kind::Int, vec![Value::Int(1), Value::Null, Value::Null, Value::Int(2)]),
        (vec!["1", " 2.5", "inf"], Kind::Float, vec![1.0, 2.5, f64::INFINITY].into_iter().map(Value::Num).collect()),
        (vec!["nan", "1"], Kind::Int, vec![Value::Null, Value::Int(1)]),
        (vec!["nan", "1.0"], Kind::Float, vec![Value::Null, Value::Num(1.0)]),
        (vec!["True", "null", "FALSE"], Kind::Bool, vec![Value::Bool(true), Value::Null, Value::Bool(false)]),
        (vec!["true", "1"], Kind::Text, vec![text("true"), text("1")]),
        (vec!["NA", "DE", ""], Kind::Text, vec![text("NA"), text("DE"), Value::Null]),
        (vec!["10", "007"], Kind::Text, vec![text("10"), text("007")]),
        (vec!["0", "-0.5"], Kind::Float, vec![Value::Num(0.0), Value::Num(-0.5)]),
        (vec!["18446744073709551615"], Kind::Int, vec![Value::Big(u64::MAX)]),
        (vec!["1", "18446744073709551616"], Kind::Huge, vec![text("1"), text("18446744073709551616")]),
        (
            vec!["18446744073709551616", "0.5"],
            Kind::Float,
            vec![Value::Num(18_446_744_073_709_551_616.0), Value::Num(0.5)],
        ),
        (vec!["", "\"\"", "None"], Kind::Empty, vec![Value::Null; 3]),
        (vec!["\"1\"", "\"a\"\"b\""], Kind::Text, vec![text("1"), text("a\"b")]),
        (vec![" "], Kind::Text, vec![text(" ")]),
    ] {
        for chunk in [1, 9, 1000] {
            assert_eq!(column(&cells, chunk, &Nulls::default()), (kind, expected.clone()), "{cells:?}");
        }
    }
}

#[test]
fn stated_nulls_hold_in_text_too() {
    let nulls = Nulls::stated(vec!["-".to_owned(), "-9".to_owned()]);
    assert_eq!(column(&["a", "-", "NA"], 99, &nulls).1, [Value::text("a"), Value::Null, Value::text("NA")]);
    assert_eq!(column(&["-9", "1"], 99, &nulls).1, [Value::Null, Value::Int(1)]);
}

#[test]
fn a_declared_cell_that_is_unlike_stays_text() {
    let chunks = chunks(b"n,s\n1,007\nx,NA\nNA,\n", 99);
    let wanted = [("s".to_owned(), Some(Type::String)), ("$.n".to_owned(), Some(Type::Int)), ("z".to_owned(), None)];
    let mut seen = Vec::new();
    for chunk in &chunks {
        let plan = CsvPlan::new(&chunk.file, &wanted, &Kinds::default(), &Nulls::default());
        let (mut rows, mut cells) = (plan.rows(chunk), Vec::new());
        while let Some(row) = rows.next_into(&mut cells) {
            assert!(row.is_ok());
            seen.push((cells.iter().map(Value::to_owned).collect::<Vec<_>>(), rows.unlike().to_vec()));
        }
    }
    let text = Value::text;
    assert_eq!(
        seen,
        [
            (vec![text("007"), Value::Int(1), Value::Missing], vec![]),
            (vec![text("NA"), text("x"), Value::Missing], vec![1]),
            (vec![Value::Null, Value::Null, Value::Missing], vec![]),
        ]
    );
}

#[test]
fn names_of_columns_are_those_of_pandas() {
    let names = header(b"\r\na,,a,\"b \"\"c\",a.1,a\r\n", b',');
    assert_eq!(names, Ok(["a", "Unnamed: 1", "a.2", "b \"c", "a.1", "a.3"].map(str::to_owned).to_vec()));
    assert!(header(b"a,\xff\n", b',').is_err());
}

/// Fields by the `csv` crate, records without their line ends.
fn by_csv_crate(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text);
    let records = reader.records().map(|it| it.expect("text"));
    records.map(|it| it.iter().map(str::to_owned).collect()).collect()
}

proptest! {
    #[test]
    fn fields_are_those_of_the_csv_crate(
        pieces in prop::collection::vec(
            prop::sample::select(&["a", "bc", "defghijklmn", ",", ",", "\n", "\r\n", "\"", "\"\"", "\",\"", "é", " "][..]),
            0..50,
        ),
    ) {
        let mut text = pieces.concat();
        // A quote that is not closed is broken here, and closed at the end by the crate.
        let mut fields = Vec::new();
        let mut ours = Vec::new();
        let mut at = 0;
        text.push('\n');
        while at < text.len() {
            let cut = split(text.as_bytes(), at, b',', &mut fields);
            let record = text.get(at..cut.end).unwrap_or_default();
            if cut.end > at {
                ours.push(fields.iter().map(|it| it.text(record, at).into_owned()).collect::<Vec<_>>());
            }
            at = cut.next;
        }
        prop_assert_eq!(ours, by_csv_crate(text.as_bytes()), "{:?}", text);
    }

    #[test]
    fn a_kind_joined_with_another_holds_both(a in 0..6_usize, b in 0..6_usize, c in 0..6_usize) {
        let kinds = [Kind::Empty, Kind::Int, Kind::Huge, Kind::Float, Kind::Bool, Kind::Text];
        let (a, b, c) = (kinds[a], kinds[b], kinds[c]);
        prop_assert_eq!(a.join(b), b.join(a));
        prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
        prop_assert_eq!(a.join(a), a);
        prop_assert_eq!(a.join(Kind::Empty), a);
    }
}
