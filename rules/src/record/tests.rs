use proptest::prelude::*;

use super::*;
use crate::path::Path;

fn read(text: &str) -> Value<'_> {
    parse(text).unwrap_or_else(|it| panic!("{text}: {it}"))
}

fn reader(paths: &[&str]) -> Reader {
    let paths: Vec<Path> = paths.iter().map(|it| Path::parse(it).unwrap_or_else(|it| panic!("{it}"))).collect();
    Reader::new(&Shape::new(&paths), Limits::default())
}

/// What one reader makes of each text: the cells, or the error.
fn fill_all<'r>(reader: &mut Reader, texts: &[&'r str]) -> Vec<Result<Vec<Value<'r>>, String>> {
    let fill = |text: &&'r str| {
        let mut cells = vec![Value::Null; 3];
        reader.fill(text, &mut cells).map(|()| cells).map_err(|it| it.to_string())
    };
    texts.iter().map(fill).collect()
}

#[test]
fn numbers_are_exact_or_the_nearest_float() {
    for (text, expected) in [
        ("0", Value::Int(0)),
        ("-0", Value::Int(0)),
        ("-7", Value::Int(-7)),
        ("999999999999999999", Value::Int(999_999_999_999_999_999)),
        ("9223372036854775807", Value::Int(i64::MAX)),
        ("-9223372036854775808", Value::Int(i64::MIN)),
        ("9223372036854775808", Value::Big(9_223_372_036_854_775_808)),
        ("18446744073709551615", Value::Big(u64::MAX)),
        ("18446744073709551616", Value::Num(18_446_744_073_709_551_616.0)),
        ("-9223372036854775809", Value::Num(-9_223_372_036_854_775_808.0)),
        ("1.0", Value::Num(1.0)),
        ("1e2", Value::Num(100.0)),
        ("-1.5E-3", Value::Num(-0.0015)),
        ("0.1", Value::Num(0.1)),
        ("9007199254740993.0", Value::Num(9_007_199_254_740_992.0)),
        ("1.7976931348623157e308", Value::Num(f64::MAX)),
        ("5e-324", Value::Num(5e-324)),
        ("1e-400", Value::Num(0.0)),
        ("0e99999999999999999999", Value::Num(0.0)),
        ("1e400", Value::Num(f64::INFINITY)),
        ("-1e400", Value::Num(f64::NEG_INFINITY)),
        ("1e99999999999999999999", Value::Num(f64::INFINITY)),
        ("Infinity", Value::Num(f64::INFINITY)),
        ("-Infinity", Value::Num(f64::NEG_INFINITY)),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
    assert!(read("NaN").is_nan());
    assert!(matches!(read("-0.0"), Value::Num(it) if it.is_sign_negative()));
    assert_eq!(read(&"9".repeat(400)), Value::Num(f64::INFINITY));
}

#[test]
fn strings_are_borrowed_unless_they_hold_an_escape() {
    for (text, expected, is_borrowed) in [
        (r#""""#, "", true),
        (r#""größer als acht Bytes, 日本""#, "größer als acht Bytes, 日本", true),
        (r#""a\"b\\c\/d\b\f\n\r\t""#, "a\"b\\c/d\u{8}\u{c}\n\r\t", false),
        (r#""\u00e4 \uD83D\uDE00 and the rest""#, "ä 😀 and the rest", false),
        (r#""\ud83d""#, "\u{fffd}", false),
        (r#""\ud83dx""#, "\u{fffd}x", false),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}", false),
        (r#""\ud83d\u0041""#, "\u{fffd}A", false),
        (r#""\ud83d\n""#, "\u{fffd}\n", false),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀", false),
    ] {
        let Value::Str(it) = read(text) else { panic!("{text} is no string") };
        assert_eq!(it, expected, "{text}");
        assert_eq!(matches!(it, std::borrow::Cow::Borrowed(_)), is_borrowed, "{text}");
    }
}

#[test]
fn every_character_is_seen_at_every_place_of_a_string() {
    for special in '\0'..='\u{80}' {
        for place in 0..18 {
            let inside: String = (0..18).map(|i| if i == place { special } else { 'x' }).collect();
            let text = format!("\"{inside}\"");
            if matches!(special, '\0'..' ' | '"' | '\\') {
                assert!(parse(&text).is_err_and(|it| it.offset > place), "{text:?}");
            } else {
                assert_eq!(read(&text), Value::text(&inside));
            }
        }
    }
}

#[test]
fn an_error_says_what_and_where() {
    for (text, offset, message) in [
        ("", 0, "expected a value, but the text ends"),
        ("{\"a\":1", 6, "expected `,` or `}`, but the text ends"),
        ("{\"a\":1]", 6, "expected `,` or `}`"),
        ("[1 2]", 3, "expected `,` or `]`"),
        ("[1,]", 3, "expected a value"),
        ("{\"a\":1,}", 7, "expected `\"`"),
        ("{\"a\" 1}", 5, "expected `:`"),
        ("{a:1}", 1, "expected `\"`"),
        ("1 1", 2, "text after the end of the value"),
        ("01", 1, "a digit after a leading zero"),
        ("1.", 2, "expected a digit, but the text ends"),
        ("1.e3", 2, "expected a digit"),
        ("-", 1, "expected a digit, but the text ends"),
        ("+1", 0, "expected a value"),
        ("nul", 0, "expected a value"),
        ("\"ab", 3, "a string without an end"),
        ("\"a\u{1}\"", 2, "a control character in a string; it must be escaped"),
        (r#""a\x""#, 2, r#"expected one of `\" \\ \/ \b \f \n \r \t \u`"#),
        (r#""a\u12g4""#, 2, "expected four hexadecimal digits after `\\u`"),
    ] {
        assert_eq!(parse(text), Err(ReadError { offset, message: message.to_owned() }), "{text}");
        let inside = format!("{{\"k\":{text}");
        let skipped = reader(&[]).fill(&inside, &mut Vec::new()).expect_err(text);
        let read = reader(&["k"]).fill(&inside, &mut Vec::new()).expect_err(text);
        assert_eq!(skipped, read, "{inside}");
    }
}

#[test]
fn a_record_must_be_an_object() {
    let message = "a record must be an object, this is";
    for (text, kind) in [(" []", "an array"), (" 1", "an integer"), (" \"a\"", "a string"), (" null", "null")] {
        let error = reader(&["a"]).fill(text, &mut Vec::new());
        assert_eq!(error, Err(ReadError { offset: 1, message: format!("{message} {kind}") }));
    }
    assert!(reader(&["a"]).fill("", &mut Vec::new()).is_err());
    assert!(reader(&["a"]).fill_tree(&Value::Null, &mut Vec::new()).is_err());
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let limits = |depth| Limits { depth, ..Limits::default() };
    for (limit, most) in [(128, 128), (3, 3), (100_000, 512)] {
        for shape in [Shape::new(&[]), Shape::new(&[Path::literal("a")])] {
            let mut reader = Reader::new(&shape, limits(limit));
            for (depth, is_read) in [(most, true), (most + 1, false), (200_000, false)] {
                assert_eq!(reader.fill(&nested(depth), &mut Vec::new()).is_ok(), is_read, "{depth} of {limit}");
                assert_eq!(parse_within(&nested(depth), limits(limit)).is_ok(), is_read, "{depth} of {limit}");
            }
        }
    }
    let error = parse(&"[".repeat(200)).expect_err("too deep");
    assert_eq!((error.offset, error.message.as_str()), (128, "nested deeper than 128 levels"));
    assert!(parse(&format!("[{}]", "[],{},".repeat(1000) + "1")).is_ok());
}

#[test]
fn of_members_with_one_name_the_last_wins_with_all_that_is_in_it() {
    let text = r#"{"a":{"b":1,"c":2},"x":3,"a":{"c":4},"x":5}"#;
    let cells = fill_all(&mut reader(&["a.b", "a.c", "x"]), &[text, text, r#"{"a":{"b":1},"a":7}"#]);
    assert_eq!(cells[0], Ok(vec![Value::Missing, Value::Int(4), Value::Int(5)]));
    assert_eq!(cells[0], cells[1]);
    assert_eq!(cells[2], Ok(vec![Value::Missing; 3]));

    let many: Vec<String> = (0..100).map(|i| format!("\"k{}\":{i}", i % 60)).collect();
    let text = format!("{{{}}}", many.join(","));
    let Value::Map(members) = read(&text) else { panic!("no object") };
    let expected = (0..60).map(|i| (format!("k{i}").into(), Value::Int(if i < 40 { i + 60 } else { i })));
    assert_eq!(members, expected.collect::<Vec<_>>());
}

#[test]
fn a_reader_finds_members_in_any_order_and_spelling() {
    let mut reader = reader(&["a", "n.x", r"l\.1", r#"q""#]);
    let texts = [
        r#"{"a":1,"n":{"x":2,"y":0},"l.1":3,"q\"":4}"#,
        r#"{"a":1,"n":{"x":2,"y":0},"l.1":3,"q\"":4}"#,
        r#"{ "q\u0022" : 4 , "l.1" : 3 , "z" : [] , "n" : { "y" : 0 , "x" : 2 } , "\u0061" : 1 }"#,
        r#"{"n":{"y":0,"z":9,"x":2},"a":1,"l.1":3,"q\"":4}"#,
    ];
    for cells in fill_all(&mut reader, &texts) {
        assert_eq!(cells, Ok((1..=4).map(Value::Int).collect()));
    }
    let names: Vec<_> = reader.columns().collect();
    assert_eq!(names, [("a", 0, 0), ("n", 0, 1), ("l.1", 0, 2), ("q\"", 0, 3), ("z", 2, 2)]);
}

#[test]
fn a_name_that_looks_escaped_is_not_taken_for_its_spelling() {
    // The member is named `a`, backslash, `n`; the text `"a\n"` means `a` and a line feed.
    let texts = [r#"{"a\\n":1}"#, r#"{"a\n":2}"#];
    let cells = fill_all(&mut reader(&[r"a\\n"]), &texts);
    assert_eq!(cells, [Ok(vec![Value::Int(1)]), Ok(vec![Value::Missing])]);
}

#[test]
fn a_broken_record_leaves_neither_cells_nor_columns() {
    let mut reader = reader(&["a", "b"]);
    let mut cells = Vec::new();
    assert!(reader.fill(r#"{"a":1,"b":2,"c":"#, &mut cells).is_err());
    assert_eq!(cells, [Value::Missing, Value::Missing]);
    assert!(reader.fill(r#"{"b":2}"#, &mut cells).is_ok());
    assert!(reader.fill_tree(&read(r#"{"d":1,"a":2}"#), &mut cells).is_ok());
    assert_eq!(cells, [Value::Int(2), Value::Missing]);
    assert_eq!(reader.columns().collect::<Vec<_>>(), [("b", 1, 0), ("d", 2, 0), ("a", 2, 1)]);
}

#[test]
fn names_beyond_the_limit_are_read_but_not_remembered() {
    let mut reader = Reader::new(&Shape::new(&[Path::literal("c")]), Limits { names: 2, ..Limits::default() });
    let texts = [r#"{"a":1,"b":2,"c":3}"#; 2];
    assert_eq!(fill_all(&mut reader, &texts), [Ok(vec![Value::Int(3)]), Ok(vec![Value::Int(3)])]);
    assert_eq!(reader.columns().map(|it| it.0).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_text_cut_at_any_byte_is_an_error() {
    let text = r#"{"a" : [1, -2.5e+3, true, null, NaN, -Infinity], "b": {"c\u00e4": "x\ud83d\ude00\n"}, "d": []}"#;
    let mut reader = reader(&["a", "b.c"]);
    for end in 0..text.len() {
        let (cut, offset) = (&text[..end], |it: ReadError| it.offset);
        assert!(parse(cut).map_err(offset).is_err_and(|it| it <= end), "{cut}");
        assert!(reader.fill(cut, &mut Vec::new()).map_err(offset).is_err_and(|it| it <= end), "{cut}");
    }
    assert!(reader.fill(text, &mut Vec::new()).is_ok());
}

/// JSON texts with white space, escapes and number forms of every kind; names often meet again.
fn json() -> impl Strategy<Value = String> {
    let number = r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?";
    let string = r#""([ -!#-\[\]-~]|[é-日😀]|\\["\\/bfnrt]|\\u00[0-9a-f]{2}|\\u[0-9a-fA-F]{4}|\\ud83d\\ude00){0,12}""#;
    let leaf = prop_oneof![number, "(0|[1-9][0-9]{0,4})(\\.[0-9]{1,4})?", string, "true|false|null"];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        let spaced = (r"[ \n\r\t]{0,2}", inner, r"[ \n\r\t]{0,2}").prop_map(|(a, it, b)| a + &it + &b);
        let name = prop_oneof![r#""[abc01]""#, r#""(\\u006[1-3]|d{5,9})""#, string];
        let member = (r"[ \n]{0,1}", name, r"[ \t]{0,1}", spaced.clone())
            .prop_map(|(a, name, b, value)| format!("{a}{name}{b}:{value}"));
        prop_oneof![
            proptest::collection::vec(spaced, 0..6).prop_map(|it| format!("[{}]", it.join(","))),
            proptest::collection::vec(member, 0..8).prop_map(|it| format!("{{{}}}", it.join(","))),
        ]
    })
}

/// A text with a few characters taken out, put in or replaced.
fn damaged() -> impl Strategy<Value = String> {
    let blow = (any::<proptest::sample::Index>(), "[{}\\[\\]\",:\\\\0-9eE.+\\-ntfu \u{1}]?", any::<bool>());
    (json(), proptest::collection::vec(blow, 1..4)).prop_map(|(text, blows)| {
        let mut chars: Vec<String> = text.chars().map(String::from).collect();
        for (at, it, is_replaced) in blows {
            let at = at.index(chars.len());
            chars[at] = if is_replaced { it } else { it + &chars[at] };
        }
        chars.concat()
    })
}

fn agree(ours: &Value, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        // The reader makes an integer of `-0`, `serde_json` a float.
        (Value::Int(0), serde_json::Value::Number(b)) => b.as_f64() == Some(0.0),
        (Value::Int(a), serde_json::Value::Number(b)) => b.as_i64() == Some(*a),
        (Value::Big(a), serde_json::Value::Number(b)) => b.as_u64() == Some(*a),
        (Value::Num(a), serde_json::Value::Number(b)) => {
            b.is_f64() && b.as_f64().is_some_and(|b| a.to_bits() == b.to_bits())
        }
        (Value::Str(a), serde_json::Value::String(b)) => a == b,
        (Value::List(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b))
        }
        (Value::Map(a), serde_json::Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == *b.0 && agree(&a.1, b.1))
        }
        _ => false,
    }
}

/// Both accept with the same value or both refuse, save for what the module says is read here only.
fn same_as_serde(text: &str) -> Result<(), TestCaseError> {
    match (parse(text), serde_json::from_str::<serde_json::Value>(text)) {
        (Ok(ours), Ok(theirs)) => prop_assert!(agree(&ours, &theirs), "{ours:?} {theirs:?}"),
        (Ok(_), Err(error)) => {
            let error = error.to_string();
            let ours_only = ["number out of range", "surrogate", "unexpected end of hex escape"];
            prop_assert!(ours_only.iter().any(|it| error.contains(it)), "refused: {error}");
        }
        (Err(error), Ok(_)) => prop_assert!(false, "only we refuse: {error}"),
        (Err(error), Err(_)) => prop_assert!(error.offset <= text.len()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_is_read_as_serde_json_reads_it(text in json()) {
        prop_assert!(parse(&text).is_ok());
        same_as_serde(&text)?;
    }

    #[test]
    fn a_damaged_text_is_refused_when_serde_json_refuses_it(text in damaged()) {
        same_as_serde(&text)?;
    }

    #[test]
    fn floats_are_rounded_as_the_standard_library_rounds(text in r"-?(0|[1-9][0-9]{0,18})\.[0-9]{1,18}(e-?[0-9]{1,2})?") {
        prop_assert_eq!(Ok(read(&text)), text.parse().map(Value::Num));
    }

    #[test]
    fn a_reader_fills_what_the_tree_holds(
        texts in proptest::collection::vec(prop_oneof![3 => json(), 1 => damaged()], 1..6),
        paths in proptest::collection::vec(proptest::collection::vec("[abc01]", 0..3), 0..8),
    ) {
        let texts: Vec<String> = texts.iter().map(|it| format!("{{\"a\": {it}, \"b\":{it},\"c\":[{it}]}}")).collect();
        let paths: Vec<Path> = paths.into_iter().map(Path::from_segments).collect();
        let shape = Shape::new(&paths);
        let (mut reader, mut twin) = (Reader::new(&shape, Limits::default()), Reader::new(&shape, Limits::default()));
        for text in &texts {
            let (mut filled, mut expected) = (Vec::new(), Vec::new());
            let result = reader.fill(text, &mut filled);
            match parse(text) {
                Ok(tree) => {
                    prop_assert_eq!(result, Ok(()));
                    twin.fill_tree(&tree, &mut expected).map_err(|it| TestCaseError::fail(it.to_string()))?;
                    prop_assert_eq!(format!("{filled:?}"), format!("{expected:?}"));
                }
                Err(error) => {
                    prop_assert_eq!(result, Err(error));
                    prop_assert!(twin.fill_tree(&Value::Null, &mut expected).is_err());
                }
            }
        }
        // Only the places differ, when a name comes twice.
        let names = |it: &Reader| it.columns().map(|(name, record, _)| (name.to_owned(), record)).collect::<Vec<_>>();
        prop_assert_eq!(names(&reader), names(&twin));
    }
}
