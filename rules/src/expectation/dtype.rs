//! What pandas would call the type of a column; GX's `expect_column_type_to_be` asks for that.

use crate::sketch::{Type, Types};

/// The dtype that pandas infers from values of these types.
pub fn of(types: &Types) -> &'static str {
    let null = types.count(Type::Missing) + types.count(Type::Null);
    let mut found = types.iter().map(|it| it.0).filter(|it| !matches!(it, Type::Missing | Type::Null));
    match (found.next(), found.next(), found.next()) {
        (Some(Type::Boolean), None, _) if null == 0 => "bool",
        (Some(Type::Integer), None, _) if null == 0 => "int64",
        (Some(Type::Integer | Type::Number), None, _) | (Some(Type::Integer), Some(Type::Number), None) => "float64",
        (Some(Type::String), None, _) => "str",
        (Some(Type::Datetime), None, _) => "datetime64[us]",
        _ => "object",
    }
}

/// Whether a dtype is the one of this name.
pub fn is(found: &str, name: &str) -> bool {
    match name {
        "datetime64" | "M8" => found.starts_with("datetime64"),
        "int" | "i8" | "int_" | "intp" | "long" => found == "int64",
        "float" | "f8" | "double" => found == "float64",
        "bool_" | "?" | "b1" => found == "bool",
        "O" | "object_" => found == "object",
        _ => found == name,
    }
}

/// Whether `pandas.api.types.pandas_dtype` takes the name.
pub fn is_known(name: &str) -> bool {
    const PLAIN: [&str; 20] = [
        "bool",
        "bool_",
        "?",
        "b1",
        "object",
        "object_",
        "O",
        "str",
        "string",
        "category",
        "boolean",
        "complex",
        "bytes",
        "void",
        "interval",
        "period",
        "datetime64",
        "timedelta64",
        "M8",
        "m8",
    ];
    const SIZED: [(&str, &[&str]); 9] = [
        ("int", &["", "8", "16", "32", "64", "_", "p", "c"]),
        ("uint", &["", "8", "16", "32", "64", "p", "c"]),
        ("float", &["", "16", "32", "64", "128"]),
        ("complex", &["64", "128"]),
        ("Int", &["8", "16", "32", "64"]),
        ("UInt", &["8", "16", "32", "64"]),
        ("Float", &["32", "64"]),
        ("i", &["1", "2", "4", "8"]),
        ("f", &["2", "4", "8"]),
    ];
    const BRACKETED: [&str; 7] = ["datetime64[", "timedelta64[", "period[", "interval[", "M8[", "m8[", "string["];
    let sized = |(stem, sizes): &(&str, &[&str])| name.strip_prefix(stem).is_some_and(|it| sizes.contains(&it));
    PLAIN.contains(&name)
        || SIZED.iter().any(sized)
        || matches!(name, "double" | "single" | "half" | "long" | "short" | "longlong")
        || name.ends_with(']') && BRACKETED.iter().any(|it| name.starts_with(it))
}
