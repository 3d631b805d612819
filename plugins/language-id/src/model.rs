//! Languages that share a script, told apart by runs of one to three letters.
//!
//! A naive Bayes classifier: for each language the shares of all runs in a text of that language, smoothed. The
//! texts are short, about a kilobyte each, and lie in `texts/`; they were written for this purpose.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// Each language with its text.
pub const LANGUAGES: [(&str, &str); 18] = [
    ("cs", include_str!("../texts/cs.txt")),
    ("da", include_str!("../texts/da.txt")),
    ("de", include_str!("../texts/de.txt")),
    ("en", include_str!("../texts/en.txt")),
    ("es", include_str!("../texts/es.txt")),
    ("fi", include_str!("../texts/fi.txt")),
    ("fr", include_str!("../texts/fr.txt")),
    ("hu", include_str!("../texts/hu.txt")),
    ("id", include_str!("../texts/id.txt")),
    ("it", include_str!("../texts/it.txt")),
    ("nl", include_str!("../texts/nl.txt")),
    ("pl", include_str!("../texts/pl.txt")),
    ("pt", include_str!("../texts/pt.txt")),
    ("ro", include_str!("../texts/ro.txt")),
    ("ru", include_str!("../texts/ru.txt")),
    ("sv", include_str!("../texts/sv.txt")),
    ("tr", include_str!("../texts/tr.txt")),
    ("uk", include_str!("../texts/uk.txt")),
];

const N: usize = LANGUAGES.len();
/// What is added to each count, so that an unseen run is unlikely and not impossible.
const SMOOTHING: f64 = 0.3;
/// More of a text is not read: the answer is long certain.
const MOST: usize = 1_000;

/// The logarithms of the shares, by run.
pub struct Model {
    runs: HashMap<u64, [f32; N], FixedState>,
    /// For runs that no language has shown, by length.
    unseen: [[f32; N]; 3],
}

impl Model {
    /// Counts the runs of all texts.
    pub fn learn() -> Model {
        let mut counts: HashMap<u64, [u32; N], FixedState> = HashMap::default();
        let mut totals = [[0_u32; N]; 3];
        for (language, (_, text)) in LANGUAGES.iter().enumerate() {
            each_run(text, |length, run| {
                counts.entry(run).or_insert([0; N])[language] += 1;
                totals[length][language] += 1;
            });
        }
        let kinds = [0, 1, 2].map(|length| counts.keys().filter(|it| length_of(**it) == length).count() as f64 + 1.0);
        let share = |length: usize, language: usize, count: u32| {
            let total = f64::from(totals[length][language]) + SMOOTHING * kinds[length];
            ((f64::from(count) + SMOOTHING) / total).ln() as f32
        };
        let unseen = std::array::from_fn(|length| std::array::from_fn(|language| share(length, language, 0)));
        let runs = counts.into_iter().map(|(run, counts)| {
            (run, std::array::from_fn(|language| share(length_of(run), language, counts[language])))
        });
        Model { runs: runs.collect(), unseen }
    }

    /// The log-likelihood of each language; none if the text has no letters.
    ///
    /// A run counts once, however often it occurs: a name that is repeated is no further evidence.
    pub fn scores(&self, text: &str) -> Option<[f64; N]> {
        let mut runs = Vec::with_capacity(3 * text.len().min(MOST));
        each_run(text, |_, run| runs.push(run));
        runs.sort_unstable();
        runs.dedup();
        let mut scores = [0.0_f32; N];
        for run in &runs {
            let shares = self.runs.get(run).unwrap_or(&self.unseen[length_of(*run)]);
            scores.iter_mut().zip(shares).for_each(|(score, share)| *score += share);
        }
        // The three lengths overlap and are not independent evidence.
        (!runs.is_empty()).then(|| scores.map(|it| f64::from(it) / 3.0))
    }
}

/// Calls with each run of one to three letters and its length less one. Words have an edge on both sides.
fn each_run(text: &str, mut each: impl FnMut(usize, u64)) {
    const EDGE: u64 = ' ' as u64;
    let (mut before, mut last) = (0, EDGE);
    for it in text.chars().take(MOST).flat_map(char::to_lowercase).chain([' ']) {
        let it = if it.is_alphabetic() { u64::from(u32::from(it)) } else { EDGE };
        if it == EDGE && last == EDGE {
            continue;
        }
        if it != EDGE {
            each(0, it);
        }
        each(1, last << 21 | it);
        if before != 0 {
            each(2, before << 42 | last << 21 | it);
        }
        (before, last) = (last, it);
    }
}

/// The length of a run less one.
fn length_of(run: u64) -> usize {
    usize::from(run >> 21 != 0) + usize::from(run >> 42 != 0)
}
