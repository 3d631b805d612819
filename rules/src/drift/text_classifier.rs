//! Whether a classifier can tell the texts of two sides apart.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::xxh3_64;

use super::chance::Chance;
use super::classifier::{Features, tell_apart};
use super::{Alarm, DriftTest, Found, Params, Sides, Takes};

/// The test.
pub static TEST: DriftTest = DriftTest {
    name: "text_classifier",
    aliases: &["text_content_drift", "abs_text_content_drift", "perc_text_content_drift"],
    summary: "the area under the ROC curve of a classifier that tells current texts from those of the reference",
    takes: Takes::Texts,
    alarm: Alarm::Distance { threshold: 0.55, closed: false },
    params: &[("sample", "1000"), ("seed", "0")],
    page: include_str!("text_classifier.md"),
    run,
};

/// Buckets of words, pairs of words and parts of words.
const BUCKETS: u64 = 1 << 15;
/// So many bytes of a text are read.
const MOST_BYTES: usize = 4096;

fn run(sides: &Sides, params: &Params) -> Result<Found, String> {
    let Sides::Texts(reference, current) = sides else {
        return Err("this test compares texts".to_owned());
    };
    let most = params.count("sample", 1000, 20..=100_000)? as usize;
    let seed = params.count("seed", 0, 0..=u64::MAX)?;
    let mut chance = Chance::new(seed);
    let mut side = |texts: &[String]| -> Vec<Features> {
        let chosen = chance.sample(texts.len(), most);
        chosen.into_iter().filter_map(|at| texts.get(at)).map(|it| words(it, BUCKETS)).collect()
    };
    let (a, b) = (side(reference), side(current));
    let told = tell_apart(&a, &b, BUCKETS as usize, seed)?;
    Ok(Found {
        statistic: told.auc,
        p_value: Some(told.tail.p),
        ln_p_value: Some(told.tail.ln_p),
        n: reference.len() as u64,
        m: current.len() as u64,
        exact: false,
        more: [("sampled_rows", (a.len() + b.len()) as f64)].into(),
        bins: Vec::new(),
    })
}

/// Which words, pairs of neighbouring words and runs of three letters a text has, hashed to so many buckets (K. Weinberger et
/// al., "Feature hashing for large scale multitask learning", 2009), as a vector of length 1.
pub(super) fn words(text: &str, buckets: u64) -> Features {
    let text = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or(text).to_lowercase();
    let words: Vec<&str> = text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    let mut found = BTreeSet::new();
    let mut add = |kind: char, of: &str| {
        found.insert((xxh3_64(format!("{kind}{of}").as_bytes()) % buckets) as u32);
    };
    for word in &words {
        add('w', word);
        let letters: Vec<char> = format!(" {word} ").chars().collect();
        for three in letters.windows(3) {
            add('c', &three.iter().collect::<String>());
        }
    }
    for pair in words.windows(2) {
        add('p', &pair.join(" "));
    }
    let weight = 1.0 / (found.len().max(1) as f64).sqrt();
    found.into_iter().map(|it| (it, weight)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(chance: &mut Chance, n: usize, words: &[&str]) -> Vec<String> {
        let mut text = || (0..6).map(|_| words[chance.below(words.len())]).collect::<Vec<_>>().join(" ");
        (0..n).map(|_| text()).collect()
    }

    #[test]
    fn other_words_are_told_apart_and_the_same_are_not() {
        let mut chance = Chance::new(8);
        let banking = ["account", "card", "transfer", "balance", "please", "my", "the", "what", "is"];
        let travel = ["flight", "card", "hotel", "please", "my", "the", "what", "is", "book"];
        let reference = texts(&mut chance, 100, &banking);
        let same = Sides::Texts(reference.clone(), texts(&mut chance, 100, &banking));
        let other = Sides::Texts(reference, texts(&mut chance, 100, &travel));
        let (same, other) = (run(&same, &Params::default()).unwrap(), run(&other, &Params::default()).unwrap());
        assert!(same.p_value.unwrap() > 0.05, "{same:?}");
        assert!(other.statistic > 0.9 && other.p_value.unwrap() < 1e-6, "{other:?}");
        assert!(words("", 9).is_empty() && words(&"ä".repeat(5000), BUCKETS).len() < 10);
    }
}
