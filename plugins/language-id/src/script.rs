//! Languages that are told by their script alone.

/// Those languages.
pub const LANGUAGES: [&str; 8] = ["ar", "el", "he", "hi", "ja", "ko", "th", "zh"];

/// The language of a text that is mostly in a script of one language.
pub fn language(text: &str) -> Option<&'static str> {
    let mut counts = [0_u32; LANGUAGES.len()];
    let mut letters = 0;
    for it in text.chars().filter(|it| it.is_alphabetic()) {
        letters += 1;
        if let Some(at) = place(it) {
            counts[at] += 1;
        }
    }
    let [ar, el, he, hi, ja, ko, th, zh] = counts;
    // Japanese is written with Chinese signs too, but never long without its own.
    let (ja, zh) = if ja * 10 >= zh && ja > 0 { (ja + zh, 0) } else { (ja, zh) };
    let counts = [ar, el, he, hi, ja, ko, th, zh];
    let found = counts.iter().position(|it| it * 2 > letters);
    found.map(|at| LANGUAGES[at])
}

/// Whether a letter stands for a syllable or a word.
pub fn is_dense(letter: char) -> bool {
    matches!(place(letter), Some(4 | 5 | 7))
}

/// The language's place in `LANGUAGES`.
fn place(letter: char) -> Option<usize> {
    Some(match letter {
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' => 0,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => 1,
        '\u{590}'..='\u{5ff}' => 2,
        '\u{900}'..='\u{97f}' => 3,
        '\u{3040}'..='\u{30ff}' => 4,
        '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}' => 5,
        '\u{e00}'..='\u{e7f}' => 6,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' => 7,
        _ => return None,
    })
}
