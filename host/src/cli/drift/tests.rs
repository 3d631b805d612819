//! What columns are compared as, and what is said of them.

use driftline_rules::drift::{Alarm, Found, Params};

use super::*;
use crate::columns::Table;
use crate::drift::Asked;
use crate::files::csv::Nulls;
use crate::files::{self, Input};

/// Compares means, for want of better.
static MEANS: DriftTest = DriftTest {
    name: "means",
    aliases: &[],
    summary: "the distance between two means",
    takes: Takes::Numbers,
    alarm: Alarm::Distance { threshold: 1.0, closed: true },
    params: &[],
    page: "",
    run: |sides, _| {
        let Sides::Numbers(a, b) = sides else { return Err("numbers are needed".to_owned()) };
        let mean = |it: &Numbers| it.sorted.iter().map(|it| it.0 * it.1 as f64).sum::<f64>() / it.n as f64;
        Ok(Found { statistic: (mean(a) - mean(b)).abs(), n: a.n, m: b.n, exact: true, ..Found::default() })
    },
};

fn table(text: &str, weights: Option<&str>) -> Table {
    let input = Input::flow("-", Box::new(std::io::Cursor::new(text.to_owned().into_bytes())));
    Table::read(&[input], &files::Options::default(), &Nulls::default(), weights).seen
}

fn sides_of(reference: &str, current: &str) -> Result<Compared, String> {
    let wrap = |it: &str| it.split('\n').map(|it| format!("{{\"c\": {it}}}\n")).collect::<Vec<_>>().concat();
    let (a, b) = (table(&wrap(reference), None), table(&wrap(current), None));
    let (a, b) = (a.columns(), b.columns());
    compared(a[0].1, b[0].1)
}

#[test]
fn the_type_is_that_of_all_values() {
    let Ok(Compared { sides: Sides::Numbers(a, b), distinct, .. }) = sides_of("1\nnull\n3\nNaN\n1", "2\n3.5\nInfinity")
    else {
        panic!("numbers")
    };
    assert_eq!((a.sorted, a.n, a.integers), (vec![(1.0, 2), (3.0, 1)], 3, true));
    assert_eq!((b.n, b.integers, distinct), (3, false, 5));
    let Ok(Compared { sides: Sides::Categories(it), .. }) = sides_of("10\n9\n\"b\"\ntrue", "\"a\"\n9\ntrue\nfalse")
    else {
        panic!("categories")
    };
    let counts: Vec<_> = it.counts.iter().map(|it| (it.0.as_str(), it.1, it.2)).collect();
    assert_eq!(counts, [("9", 1, 1), ("10", 1, 0), ("a", 0, 1), ("b", 1, 0), ("false", 0, 1), ("true", 1, 1)]);
    assert!(matches!(sides_of("[1, 2]\nnull", "[3, 4.5]"), Ok(Compared { sides: Sides::Vectors(..), .. })));
    let long = "\"the first of some long sentences\"\n\"the second of some long sentences\"";
    let Ok(Compared { sides: Sides::Texts(a, _), .. }) = sides_of(long, "\"another rather long sentence here\"") else {
        panic!("texts")
    };
    assert_eq!(a[1], "the second of some long sentences");
    for (reference, current, why) in [
        ("null", "null", "neither side has a value"),
        ("[1]", "2", "1 of 2 values are lists"),
        ("[\"a\"]", "[\"b\"]", "1 values are lists, which are not compared"),
    ] {
        assert!(sides_of(reference, current).is_err_and(|it| it.contains(why)), "{reference} and {current}");
    }
}

#[test]
fn rows_may_stand_for_many() {
    let table = table("category,x,count\na,1,3\nb,2.5,0\na,1,4\n", Some("count"));
    let columns = table.columns();
    let column = |name: &str| columns.iter().find(|it| it.0 == name).map(|it| it.1).expect("a column");
    assert_eq!(numbers_of(column("x")).sorted, [(1.0, 7)]);
    assert_eq!(categories(column("category"), column("category")).counts, [("a".to_owned(), 7, 7)]);
    assert!(self::table("a,count\n1,-1\n", Some("count")).bad_weight.is_some_and(|it| it.contains("row 0")));
}

#[test]
fn what_a_column_is_said_to_be() {
    let (a, b) = (table("{\"x\": {\"y\": 1}}\n{\"x\": {\"y\": 2}}\n", None), table("{\"x\": {\"y\": 5}}\n", None));
    let (a, b) = (a.columns(), b.columns());
    assert_eq!(a[0].0, "x.y");
    let of = |threshold: f64| {
        let params = Params(serde_json::json!({ "threshold": threshold }).as_object().cloned().unwrap_or_default());
        crate::cli::drift::entry("x.y".to_owned(), a[0].1, b[0].1, Asked::Named(&MEANS), &params)
    };
    let it = of(3.5);
    assert_eq!((it.drifted, it.n, it.m, it.threshold), (Some(true), 2, 1, Some(3.5)));
    assert_eq!(of(4.0).drifted, Some(false));
    let texts = table("{\"x\": {\"y\": \"no\"}}\n", None);
    let it = crate::cli::drift::entry(
        "x.y".to_owned(),
        texts.columns()[0].1,
        b[0].1,
        Asked::Named(&MEANS),
        &Params::default(),
    );
    assert!(it.error.is_some_and(|it| it.contains("`means` compares numbers, and the values are categories")));
    assert_eq!(it.drifted, None);
}

#[test]
fn floats_that_json_cannot_write_are_floats_all_the_same() {
    let spelled = table("{\"x\": 1}\n{\"x\": \"Infinity\"}\n{\"x\": \"NaN\"}\n{\"x\": \"-inf\"}\n", None);
    let column = spelled.columns()[0].1;
    assert_eq!((column.n_numbers(), column.n_texts(), column.nan), (3, 0, 1));
    let words = table("{\"x\": 1}\n{\"x\": \"Infinity\"}\n{\"x\": \"high\"}\n", None);
    assert_eq!(words.columns()[0].1.n_texts(), 2);
}
