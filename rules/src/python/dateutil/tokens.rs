//! How dateutil cuts a text into words, numbers and single characters.

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// As it was written, white space as one blank.
    pub text: String,
    /// In lower case, for comparing with names.
    pub lower: String,
}

impl Token {
    /// A token of this text.
    pub fn new(text: String) -> Self {
        Token { lower: text.to_lowercase(), text }
    }
}

/// What a token has been so far.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Word,
    Number,
    WordWithDot,
    NumberWithDot,
}

/// Cuts at every change between letters, digits and the rest. A dot may belong to a number or a
/// word, so tokens with dots are read to their end before it is decided whether to cut at them.
pub fn split(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().filter(|it| *it != '\0').peekable();
    while let Some(first) = chars.next() {
        let mut state = if first.is_alphabetic() {
            State::Word
        } else if first.is_numeric() {
            State::Number
        } else {
            let is_space = first.is_whitespace() || ('\x1c'..='\x1f').contains(&first);
            tokens.push(Token::new(if is_space { " ".to_owned() } else { first.to_string() }));
            continue;
        };
        let mut token = first.to_string();
        let mut has_letters = false;
        while let Some(next) = chars.peek().copied() {
            has_letters |= matches!(state, State::Word | State::WordWithDot);
            let (is_word, is_number) = (next.is_alphabetic(), next.is_numeric());
            let after_dot = token.ends_with('.');
            state = match state {
                State::Word if is_word => State::Word,
                State::Word if next == '.' => State::WordWithDot,
                State::Number if is_number => State::Number,
                State::Number if next == '.' || next == ',' && token.chars().count() >= 2 => State::NumberWithDot,
                State::WordWithDot if next == '.' || is_word => State::WordWithDot,
                State::WordWithDot if is_number && after_dot => State::NumberWithDot,
                State::NumberWithDot if next == '.' || is_number => State::NumberWithDot,
                State::NumberWithDot if is_word && after_dot => State::WordWithDot,
                _ => break,
            };
            token.push(next);
            chars.next();
        }
        let n_dots = token.bytes().filter(|it| *it == b'.').count();
        let has_dot = matches!(state, State::WordWithDot | State::NumberWithDot);
        if has_dot && (has_letters || n_dots > 1 || token.ends_with(['.', ','])) {
            tokens.extend(
                token
                    .split_inclusive(['.', ','])
                    .flat_map(|it| match it.strip_suffix(['.', ',']) {
                        Some(word) => [word, it.get(word.len()..).unwrap_or("")],
                        None => [it, ""],
                    })
                    .filter(|it| !it.is_empty())
                    .map(|it| Token::new(it.to_owned())),
            );
        } else if state == State::NumberWithDot && n_dots == 0 {
            tokens.push(Token::new(token.replace(',', ".")));
        } else {
            tokens.push(Token::new(token));
        }
    }
    tokens
}
