//! Entries and records by chance, mostly of the right sorts.

use std::borrow::Cow;

use driftline_rules::kind::{Kind, Param, ParamType, Subject};
use driftline_rules::value::Value;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

pub const FIELDS: [&str; 3] = ["a", "b", "c"];

fn any_json() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3_i64..5).prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-4_i32..9).prop_map(|it| json!(f64::from(it) / 4.0)),
        any::<f64>().prop_filter("JSON has no NaN", |it| it.is_finite()).prop_map(Json::from),
        text(),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((prop::sample::select(vec!["a", "b", "values", "weights"]), inner), 0..3)
                .prop_map(|it| it
                    .into_iter()
                    .map(|(name, it)| (name.to_owned(), it))
                    .collect::<serde_json::Map<_, _>>())
                .prop_map(Json::from),
        ]
    })
    .boxed()
}

fn text() -> BoxedStrategy<Json> {
    let known = prop::sample::select(vec![
        "",
        "a",
        "b",
        "x y",
        "1",
        "2.5",
        "-1e3",
        "2024-01-01",
        "2024-02-29T12:00:00Z",
        "{\"a\": 1}",
        "ä",
        "%Y-%m-%d",
        "a%",
        "^[a-c]+$",
        "(",
        "int",
        "string",
        "datetime",
        "$.a",
        "nan",
    ]);
    prop_oneof![6 => known.prop_map(Json::from), 1 => "\\PC{0,6}".prop_map(Json::from)].boxed()
}

fn number() -> BoxedStrategy<Json> {
    prop_oneof![(-3_i64..6).prop_map(Json::from), (-4_i32..9).prop_map(|it| json!(f64::from(it) / 4.0))].boxed()
}

fn partition() -> BoxedStrategy<Json> {
    let weights = prop::collection::vec(0_u32..4, 1..5).prop_filter("some weight", |it| it.iter().sum::<u32>() > 0);
    (weights, any::<bool>(), any::<bool>(), 0.0..0.5_f64)
        .prop_map(|(weights, categories, has_tails, tail)| {
            let sum: f64 = weights.iter().copied().map(f64::from).sum();
            let room = if has_tails && !categories { 1.0 - 2.0 * tail } else { 1.0 };
            let n = weights.len();
            let weights: Vec<f64> = weights.into_iter().map(|it| f64::from(it) / sum * room).collect();
            let mut it = json!({ "weights": weights });
            if categories {
                it["values"] = ["a", "b", "1", "x y", ""].into_iter().take(n).collect();
            } else {
                it["bins"] = (0..=n).map(|it| it as f64 - 1.5).collect();
                if has_tails {
                    it["tail_weights"] = json!([tail, tail]);
                }
            }
            it
        })
        .boxed()
}

/// What the type asks for.
fn right(ty: ParamType) -> BoxedStrategy<Json> {
    let list = |of: BoxedStrategy<Json>, least: usize| prop::collection::vec(of, least..5).prop_map(Json::from).boxed();
    match ty {
        ParamType::Number => number(),
        ParamType::Positive => (0_i32..20).prop_map(|it| json!(f64::from(it) / 4.0)).boxed(),
        ParamType::Int => (-2_i64..12).prop_map(Json::from).boxed(),
        ParamType::Bool => any::<bool>().prop_map(Json::from).boxed(),
        ParamType::Text => text(),
        ParamType::Ratio => (0_i32..5).prop_map(|it| json!(f64::from(it) / 4.0)).boxed(),
        ParamType::Bound => prop_oneof![number(), Just(json!("2024-01-01"))].boxed(),
        ParamType::Values => list(any_json(), 0),
        ParamType::SomeValues => list(any_json(), 1),
        ParamType::Texts => list(text(), 0),
        ParamType::SomeTexts => list(text(), 1),
        ParamType::Pairs => list((any_json(), any_json()).prop_map(|(a, b)| json!([a, b])).boxed(), 0),
        ParamType::Choice(words) => prop::sample::select(words).prop_map(Json::from).boxed(),
        ParamType::Field => prop::sample::select(&FIELDS[..]).prop_map(Json::from).boxed(),
        ParamType::Class => prop_oneof![text(), number(), any::<bool>().prop_map(Json::from)].boxed(),
        ParamType::Duration => prop::sample::select(vec!["90s", "1h", "7d"]).prop_map(Json::from).boxed(),
        ParamType::Mapping => prop_oneof![3 => partition(), 1 => any_json()].boxed(),
        ParamType::ListOrMapping => list((1_i64..4).prop_map(Json::from).boxed(), 0),
        ParamType::FalseOr(words) => prop::sample::select(words).prop_map(Json::from).boxed(),
    }
}

/// What the parameter asks for: not every mapping is of one sort.
fn wanted(param: &Param) -> BoxedStrategy<Json> {
    if param.name == "schema" {
        return prop_oneof![Just(json!({"type": "integer", "minimum": 1})), any_json()].boxed();
    }
    if param.gx == "quantile_ranges" {
        let range =
            (number(), number()).prop_map(|(low, high)| json!({"quantiles": [0.5], "value_ranges": [[low, high]]}));
        return range.boxed();
    }
    right(param.ty)
}

/// An entry of the kind in either form; most parameters are of the right type.
pub fn entry(kind: &'static Kind) -> BoxedStrategy<Json> {
    let params: Vec<_> = kind
        .params
        .iter()
        .map(|it| {
            let given = if it.required { 0.98 } else { 0.5 };
            prop::option::weighted(given, prop_oneof![12 => wanted(it), 1 => any_json()])
        })
        .collect();
    let mostly = prop::option::weighted(0.3, prop::sample::select(vec![0.0, 0.5, 0.9, 1.0]));
    (params, mostly, any::<bool>(), prop::sample::subsequence(FIELDS.to_vec(), 2..=3))
        .prop_map(move |(params, mostly, gx, fields)| {
            let named = kind.params.iter().zip(params).filter_map(|(param, it)| Some((param, it?)));
            let mut members: serde_json::Map<String, Json> =
                named.map(|(param, it)| (if gx { param.gx } else { param.name }.to_owned(), it)).collect();
            let mut entry = json!({});
            let (owner, names) = if gx {
                (&mut members, ["column", "column_list"])
            } else {
                (entry_of(&mut entry), ["field", "fields"])
            };
            match kind.subject {
                Subject::Field => owner.insert(names[0].to_owned(), json!(fields[0])),
                Subject::Pair if gx => {
                    owner.insert("column_A".to_owned(), json!(fields[0]));
                    owner.insert("column_B".to_owned(), json!(fields[1]))
                }
                Subject::Pair => owner.insert(names[1].to_owned(), json!(&fields[..2])),
                Subject::Fields(_) => owner.insert(names[1].to_owned(), json!(fields)),
                Subject::Table => None,
            };
            let mostly = mostly.filter(|_| kind.mostly);
            if gx {
                members.extend(mostly.map(|it| ("mostly".to_owned(), json!(it))));
                return json!({ "type": kind.gx, "kwargs": members });
            }
            entry[kind.name] = Json::from(members);
            entry_of(&mut entry).extend(mostly.map(|it| ("mostly".to_owned(), json!(it))));
            entry
        })
        .boxed()
}

fn entry_of(it: &mut Json) -> &mut serde_json::Map<String, Json> {
    it.as_object_mut().expect("is made as an object")
}

fn cell() -> BoxedStrategy<Value<'static>> {
    prop_oneof![
        6 => any_json().prop_map(|it| value(&it)),
        6 => (-2_i64..4).prop_map(Value::Int),
        4 => (-6_i32..7).prop_map(|it| Value::Num(f64::from(it) / 2.0)),
        4 => prop::sample::select(vec!["a", "b", "1"]).prop_map(Value::text),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]).prop_map(Value::Num),
        1 => any::<u64>().prop_map(Value::Big),
        1 => Just(Value::Null),
    ]
    .boxed()
}

fn value(it: &Json) -> Value<'static> {
    match it {
        Json::Null => Value::Null,
        Json::Bool(it) => Value::Bool(*it),
        Json::Number(it) => it.as_i64().map_or_else(|| Value::Num(it.as_f64().unwrap_or(0.0)), Value::Int),
        Json::String(it) => Value::Str(Cow::Owned(it.clone())),
        Json::Array(it) => Value::List(it.iter().map(value).collect()),
        Json::Object(it) => Value::Map(it.iter().map(|(name, it)| (name.clone().into(), value(it))).collect()),
    }
}

/// Columns mostly of one kind each, so that rules find something to judge.
pub fn records() -> BoxedStrategy<Vec<Value<'static>>> {
    let column = prop_oneof![
        prop::collection::vec((-6_i32..7).prop_map(|it| Value::Num(f64::from(it) / 2.0)), 24),
        prop::collection::vec((-2_i64..4).prop_map(Value::Int), 24),
        prop::collection::vec(prop::sample::select(vec!["a", "b", "1", "x y"]).prop_map(Value::text), 24),
        prop::collection::vec(cell(), 24),
        prop::collection::vec(prop_oneof![Just(Value::Null), Just(Value::Missing)], 24),
    ];
    (prop::collection::vec(column, 3), 0_usize..25)
        .prop_map(|(columns, n)| {
            let record = |row: usize| {
                let cells = FIELDS.iter().zip(&columns).map(|(name, it)| ((*name).into(), it[row].clone()));
                Value::Map(cells.filter(|it| it.1 != Value::Missing).collect())
            };
            (0..n).map(record).collect()
        })
        .boxed()
}
