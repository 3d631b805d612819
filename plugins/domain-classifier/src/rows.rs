//! What is kept of a record.

use driftline_plugin::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

/// Words and pairs of words fall into so many buckets.
pub const BUCKETS: u16 = 1024;
/// More different buckets of one text are left out.
const MOST_BUCKETS: usize = 256;
/// Characters of a category that tell it from others.
const MOST_CHARACTERS: usize = 64;

/// A record as it is sampled, its values in the order of the bindings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Without nulls and NaN.
    pub numbers: Vec<Option<f64>>,
    /// Cut to 64 characters.
    pub categories: Vec<Option<String>>,
    /// Of texts only the length and the buckets of their words.
    pub texts: Vec<Option<Text>>,
}

/// What is kept of a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// In characters.
    pub length: u32,
    /// Buckets of words and pairs of words, in ascending order.
    pub buckets: Vec<u16>,
}

/// The records of a batch; those that hold nothing at all are left out.
pub fn each(rows: &Rows, mut row: impl FnMut(&Row) -> Result<()>) -> Result<()> {
    let numbers: Vec<Numbers> = rows.all("numbers")?;
    let categories: Vec<Texts> = rows.all("categories")?;
    let texts: Vec<Texts> = rows.all("texts")?;
    for at in 0..rows.len() {
        // 0 and -0 are one value.
        let number = |it: &Numbers| it.get(at).filter(|it| !it.is_nan()).map(|it| it + 0.0);
        let category = |it: &Texts| it.get(at).map(|it| it.chars().take(MOST_CHARACTERS).collect());
        let made = Row {
            numbers: numbers.iter().map(number).collect(),
            categories: categories.iter().map(category).collect(),
            texts: texts.iter().map(|it| it.get(at).map(text)).collect(),
        };
        let empty = made.numbers.iter().all(Option::is_none)
            && made.categories.iter().all(Option::is_none)
            && made.texts.iter().all(Option::is_none);
        if !empty {
            row(&made)?;
        }
    }
    Ok(())
}

fn text(text: &str) -> Text {
    let mut buckets = Vec::new();
    let mut last: Option<String> = None;
    for word in text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()) {
        let word = word.to_lowercase();
        let bucket = |it: &str| (xxh3_64(it.as_bytes()) % u64::from(BUCKETS)) as u16;
        buckets.push(bucket(&word));
        if let Some(last) = last {
            buckets.push(bucket(&format!("{last} {word}")));
        }
        last = Some(word);
        if buckets.len() >= 4 * MOST_BUCKETS {
            break;
        }
    }
    buckets.sort_unstable();
    buckets.dedup();
    buckets.truncate(MOST_BUCKETS);
    Text { length: text.chars().count() as u32, buckets }
}
