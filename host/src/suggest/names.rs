//! What the name of a field lets one guess.

use driftline_rules::types::Type;

use super::draft::{Leaf, Role};
use super::profile::Sort;

/// The last name of a path, as words in lower case: `modelVersion` is `model_version`.
pub fn words(name: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            out.push('_');
        }
        out.extend(if c.is_alphanumeric() { c.to_lowercase().next() } else { Some('_') });
        before = c;
    }
    out
}

fn has_word(words: &str, any: &[&str]) -> bool {
    words.split('_').any(|it| any.contains(&it))
}

/// Whether it names things: `id`, `user_id`, `request_uuid`.
pub fn is_id(words: &str) -> bool {
    has_word(words, &["id", "ids", "uuid", "guid", "key", "hash", "token", "serial", "sha256", "md5"])
}

/// Whether it says how long something took.
pub fn is_duration(words: &str) -> bool {
    has_word(words, &["latency", "duration", "elapsed", "ms", "millis", "seconds", "us", "micros", "runtime"])
}

/// Whether it is a number of hundredths.
pub fn is_percentage(words: &str) -> bool {
    has_word(words, &["percent", "percentage", "pct"])
}

/// The bounds that a name implies by itself.
pub fn known_range(words: &str) -> Option<(&'static str, &'static str, &'static str)> {
    if has_word(words, &["lat", "latitude"]) {
        Some(("-90", "90", "a latitude"))
    } else if has_word(words, &["lon", "lng", "longitude"]) {
        Some(("-180", "180", "a longitude"))
    } else {
        None
    }
}

/// Roles of the `record:` block, each with the names it goes by, the likeliest first.
const ROLES: [(&str, &[&str]); 7] = [
    (
        "id",
        &["id", "record_id", "request_id", "inference_id", "prediction_id", "event_id", "trace_id", "uuid", "row_id"],
    ),
    ("time", &["ts", "timestamp", "time", "event_time", "created_at", "predicted_at", "datetime", "date", "day"]),
    ("model", &["model", "model_name", "model_id"]),
    ("version", &["model_version", "version"]),
    ("prediction", &["prediction", "predicted", "predicted_label", "predicted_class", "pred", "intent", "y_pred"]),
    ("score", &["score", "confidence", "probability", "prob", "prediction_score", "predicted_score"]),
    ("label", &["label", "ground_truth", "actual", "true_label", "y_true", "target"]),
];

/// Which field has which role, guessed by names and types; the one nearest to the record's top.
pub fn roles(leaves: &[Leaf]) -> Vec<Role> {
    let mut found = Vec::new();
    for (role, names) in ROLES {
        let fits = leaves.iter().filter_map(|it| {
            let (at, depth) = (rank(role, names, it)?, it.path.segments().len());
            suits(role, it).then_some(((depth, at), it))
        });
        let best = fits.min_by_key(|(rank, _)| *rank);
        if let Some((_, leaf)) = best {
            found.push(Role { role, field: leaf.name() });
        }
    }
    found
}

/// Which of the names it has. In an object called `prediction`, the prediction is what names a class.
fn rank(role: &str, names: &[&str], leaf: &Leaf) -> Option<usize> {
    let segments: Vec<_> = leaf.path.segments().iter().map(|it| words(it)).collect();
    let (last, parents) = segments.split_last()?;
    if parents.last().is_some_and(|it| it == "prediction") {
        match (role, last.as_str()) {
            ("prediction", "label" | "class" | "intent" | "value" | "name") => return Some(0),
            ("label", _) => return None,
            _ => {}
        }
    }
    names.iter().position(|it| it == last)
}

fn suits(role: &str, leaf: &Leaf) -> bool {
    match role {
        "id" => leaf.unique,
        "time" => matches!(leaf.ty, Some(Type::Date | Type::Datetime)),
        "model" | "version" => {
            matches!(leaf.sort, Some(Sort::Text | Sort::Int | Sort::Float)) && leaf.field.distinct.counts.is_some()
        }
        "score" => matches!(leaf.sort, Some(Sort::Float | Sort::Int | Sort::Decimal)),
        _ => leaf.sort.is_some_and(|it| !matches!(it, Sort::List | Sort::Map)),
    }
}
