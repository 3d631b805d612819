#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::row::{Row, Slot};
use crate::time::Time;

fn short(text: &str) -> Condition {
    Condition::from_text(text, Dialect::Short).unwrap_or_else(|error| panic!("{error}"))
}

fn pandas(text: &str) -> Condition {
    Condition::from_text(text, Dialect::Pandas).unwrap_or_else(|error| panic!("{error}"))
}

/// The rows, numbered from 0, for which the condition holds.
fn rows(condition: Condition) -> Vec<usize> {
    let time = |text| Value::Time(Time::parse(text).unwrap());
    let names = ["n", "g", "t", "b"];
    let table = [
        [Value::Int(1), Value::text("a"), time("2021-01-01"), Value::Bool(true)],
        [Value::Int(2), Value::Null, time("2021-02-01"), Value::Bool(false)],
        [Value::Num(f64::NAN), Value::text("b"), Value::Null, Value::Bool(true)],
        [Value::Int(4), Value::text("c"), time("2021-03-01"), Value::Bool(false)],
        [Value::Missing, Value::text("a\"b"), Value::Missing, Value::Missing],
    ];
    let guard = condition.bind(&mut |name| Slot(names.iter().position(|it| *it == name).unwrap() as u16));
    let holds = |cells: &[Value]| guard.holds(&Row { cells, number: 0, now: 0 });
    (0..table.len()).filter(|at| holds(&table[*at])).collect()
}

#[test]
fn rows_are_kept_as_pandas_keeps_them() {
    // Answers of `DataFrame.query` in pandas 3.1, except for text against times with `==`.
    for (text, expected) in [
        ("n > 1", &[1, 3][..]),
        ("not n > 1", &[0, 2, 4]),
        ("~(n > 1)", &[0, 2, 4]),
        ("1 < n <= 4", &[1, 3]),
        ("n != 1", &[1, 2, 3, 4]),
        ("n not in [1, 2]", &[2, 3, 4]),
        ("n == [1, 2]", &[0, 1]),
        ("n != [1,2]", &[2, 3, 4]),
        ("n in []", &[]),
        ("n not in []", &[0, 1, 2, 3, 4]),
        ("n == None", &[]),
        ("n != None", &[0, 1, 2, 3, 4]),
        ("n.isnull()", &[2, 4]),
        ("~n.isnull()", &[0, 1, 3]),
        ("n.notna() and g.isna()", &[1]),
        ("n.isin([1])", &[0]),
        ("g == \"a\" and n in (1, 2)", &[0]),
        ("n == 1 | n == 4", &[0, 3]),
        ("not g == 'a' and n == 4", &[3]),
        ("g == 'a\"b'", &[4]),
        ("g < 'b'", &[0, 4]),
        ("g == 1", &[]),
        ("g != 1", &[0, 1, 2, 3, 4]),
        ("g > 1", &[]),
        ("n == g", &[]),
        ("n != g", &[0, 1, 2, 3, 4]),
        ("n == True", &[0]),
        ("b", &[0, 2]),
        ("not b", &[1, 3, 4]),
        ("b & n == 1", &[0]),
        ("t > '2021-01-15'", &[1, 3]),
        ("t == '2021-01-01'", &[0]),
        ("t>datetime.date(2021,1,15)", &[1, 3]),
        ("t < datetime.datetime(2021, 2, 1, 0, 0, 1, tzinfo=datetime.timezone.utc)", &[0, 1]),
        ("n >= -1 & (n < 2 or `g` == 'c')", &[0, 3]),
    ] {
        assert_eq!(rows(pandas(text)), expected, "{text}");
        if !text.contains("None") {
            assert_eq!(rows(short(text)), expected, "{text}");
        }
    }
    for (text, expected) in
        [("n is null", &[2, 4][..]), ("n is not null", &[0, 1, 3]), ("n == null", &[2, 4]), ("b == true", &[0, 2])]
    {
        assert_eq!(rows(short(text)), expected, "{text}");
    }
}

#[test]
fn the_form_of_great_expectations_is_one_comparison() {
    let read = |text| Condition::from_text(text, Dialect::GreatExpectations);
    assert_eq!(rows(read("col(\"n\") > 1").unwrap()), [1, 3]);
    assert_eq!(rows(read("col(\"g\")!='a'").unwrap()), [1, 2, 3, 4]);
    assert_eq!(rows(read("col(\"n\").notnull()").unwrap()), [0, 1, 3]);
    assert_eq!(rows(read("col(\"n\").notNull()").unwrap()), [0, 1, 3]);
    assert_eq!(rows(read("col(\"t\") >= date(\"2021-02-01\")").unwrap()), [1, 3]);
    assert!(read("n > 2").unwrap_err().contains("expected `col"));
    assert!(read("col(\"n\") > 1 and col(\"n\") < 3").unwrap_err().contains("one comparison only"));
}

#[test]
fn names_may_have_dots_and_backticks() {
    assert_eq!(short("features.country == \"DE\" and `a b`.c > 1").columns(), ["features.country", "a b.c"]);
    assert_eq!(short("a > b and b > a").columns(), ["a", "b"]);
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    for (text, part) in [
        ("", "empty"),
        ("n = 1", "`=` at character 3"),
        ("n > 1 and", "ends too early, at character 10"),
        ("n > 1 n", "`n` at character 7"),
        ("n + 1 == 2", "`+` at character 3"),
        ("(n > 1", "expected `)` at character 7"),
        ("n == 'a", "quote ' at character 6"),
        ("n > @x", "`@` at character 5"),
        ("n in 3", "a list like [1, 2] at character 6"),
        ("n in [1, x]", "at character 10"),
        ("1 == 1", "needs a column"),
        ("n < [1]", "no order"),
        ("n.mean() > 1", "`.mean()`"),
        ("f(n) > 1", "`f(..)`"),
        ("t > datetime.date(2021, 13, 1)", "no such date"),
        ("t > datetime.date(22021, 1, 31)", "no such date"),
        ("n > 1e999", "too large"),
        ("1a > 1", "runs into letters"),
    ] {
        let error = Condition::from_text(text, Dialect::Short).expect_err(text);
        assert!(error.contains(part), "{error}");
    }
    for text in ["(", "not ", "~", "-"] {
        assert!(Condition::from_text(&text.repeat(100_000), Dialect::Short).is_err());
    }
}

#[test]
fn saved_conditions_are_read() {
    let compare = |column: &str, operator: &str, parameter: serde_json::Value| json!({"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter});
    for (json, expected) in [
        (compare("n", "IN", json!([1, 2.0])), &[0, 1][..]),
        (compare("n", "NOT_IN", json!([])), &[0, 1, 2, 3, 4]),
        (compare("b", "==", json!(true)), &[0, 2]),
        (compare("t", "<", json!("2021-02-01T00:00:00")), &[0]),
        (json!({"type": "nullity", "column": {"name": "n"}, "is_null": true}), &[2, 4]),
        (json!({"column": {"name": "n"}, "is_null": false}), &[0, 1, 3]),
        (json!({"type": "pass_through", "pass_through_filter": "n > 1 and n < 3"}), &[1]),
        (
            json!({"type": "or", "conditions": [compare("n", "==", json!(1)), {"type": "and", "conditions": [compare("n", ">", json!(1)), compare("g", "==", json!("c"))]}]}),
            &[0, 3],
        ),
    ] {
        assert_eq!(rows(Condition::from_json(&json).unwrap()), expected, "{json}");
    }
    let nested = json!({"type": "and", "conditions": [compare("n", ">", json!(1)), {"type": "and", "conditions": [compare("n", "<", json!(3)), compare("n", "!=", json!(9))]}]});
    assert!(matches!(Condition::from_json(&nested), Ok(Condition::All(parts)) if parts.len() == 3));
}

#[test]
fn saved_conditions_that_great_expectations_refuses_are_refused() {
    let compare = |operator: &str, parameter: serde_json::Value| json!({"type": "comparison", "column": {"name": "n"}, "operator": operator, "parameter": parameter});
    let one = compare("==", json!(1));
    let or = json!({"type": "or", "conditions": [one, one]});
    for (json, part) in [
        (compare("==", json!(null)), "nullity"),
        (compare("IN", json!("abc")), "must be a list"),
        (compare("IN", json!([true])), "only text or only numbers"),
        (compare("IN", json!([1, "a"])), "only text or only numbers"),
        (compare("=", json!(1)), "`operator`"),
        (compare("==", json!({"a": 1})), "`parameter`"),
        (json!({"type": "and", "conditions": [or, one]}), "`and` cannot contain `or`"),
        (json!({"type": "or", "conditions": [or, one]}), "another `or`"),
        (json!({"type": "or", "conditions": [{"type": "and", "conditions": [or]}]}), "another `or`"),
        (json!({"type": "or", "conditions": vec![one; 101]}), "are the most"),
        (json!({"type": "or", "conditions": []}), "empty"),
        (json!({"type": "xor"}), "unknown type `xor`"),
        (json!({}), "`type` is missing"),
        (json!("n > 1"), "is an object"),
        (json!({"type": "pass_through", "pass_through_filter": "n >"}), "ends too early"),
    ] {
        let errors = Condition::from_json(&json).expect_err(part);
        assert!(errors.iter().any(|it| it.contains(part)), "{errors:?}");
    }
}

fn values() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (1_u64 << 63..).prop_map(Value::Big),
        any::<f64>().prop_filter("finite", |it| it.is_finite()).prop_map(Value::Num),
        "\\PC{0,6}|[\"'\\\\\n\r\t]{0,4}".prop_map(|it| Value::Str(it.into())),
        (-1_000_000_000_000_000_i64..1_000_000_000_000_000)
            .prop_map(|micros| Value::Time(Time { micros, zone: crate::time::Zone::Offset(90) })),
        (-10_000_i64..10_000).prop_map(|days| Value::Time(Time::from_days(days))),
    ]
}

fn conditions() -> impl Strategy<Value = Condition> {
    let column = || "[a-z]{1,4}|[a-z]{1,3}\\.[a-z]|and|null|[^.]{0,4}|a b\\.``";
    let operators =
        [Operator::Equal, Operator::NotEqual, Operator::Less, Operator::AtMost, Operator::Greater, Operator::AtLeast];
    let leaf = prop_oneof![
        (column(), prop::sample::select(operators.to_vec()), values()).prop_map(|(column, operator, value)| {
            Condition::Compare { column, operator, parameter: Parameter::Value(value) }
        }),
        (column(), any::<bool>(), prop::collection::vec(values(), 0..3)).prop_map(|(column, is_in, list)| {
            let operator = if is_in { Operator::In } else { Operator::NotIn };
            Condition::Compare { column, operator, parameter: Parameter::List(list) }
        }),
        (column(), prop::sample::select(operators.to_vec()), column()).prop_map(|(column, operator, other)| {
            Condition::Compare { column, operator, parameter: Parameter::Column(other) }
        }),
        (column(), any::<bool>()).prop_map(|(column, is_null)| Condition::Null { column, is_null }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::Any),
            inner.prop_map(|it| Condition::Not(Box::new(it))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(condition in conditions()) {
        prop_assert_eq!(Condition::from_text(&condition.to_string(), Dialect::Short), Ok(condition));
    }

    #[test]
    fn no_text_panics(text in "([a-z0-9 .\"'`()<>=!&|~,-]|not|in|is|null|col|\\[|\\]|datetime.date|é){0,16}") {
        for dialect in [Dialect::Short, Dialect::Pandas, Dialect::GreatExpectations] {
            let _ = Condition::from_text(&text, dialect);
        }
    }
}
