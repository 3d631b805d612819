//! The sketches of what was true and what was predicted as bytes.

use std::collections::BTreeMap;

use super::Bytes;
use super::numbers::{read_exact, write_exact};
use crate::bytes::{MOST_ROWS, byte, get, get_counts, get_length, get_text, put, put_all, put_text, take};
use crate::sketch::errors::Errors;
use crate::sketch::scored::{Score, Scored, Truth};
use crate::value::Value;

pub(super) fn write_errors(it: &Errors, out: &mut Vec<u8>) {
    put_all([it.n, it.null, it.refused, it.beyond], out);
    it.sums.iter().for_each(|it| write_exact(it, out));
}

pub(super) fn read_errors(from: Bytes) -> Option<Errors> {
    let [n, null, refused, beyond] = get_counts(from)?;
    let mut it = Errors { n, null, refused, beyond, ..Errors::default() };
    for sum in &mut it.sums {
        read_exact(sum, from)?;
    }
    (n + null + refused + beyond <= MOST_ROWS).then_some(it)
}

pub(super) fn write_scored(it: &Scored, out: &mut Vec<u8>) {
    put_all([it.n, it.null, it.refused, it.budget as u64], out);
    let Some(classes) = &it.classes else {
        out.push(MANY);
        return;
    };
    out.push(u8::from(it.is_bucketed));
    out.push(classes.len() as u8);
    for (class, scores) in classes {
        match class {
            Truth::Number(it) => {
                out.push(0);
                write_score(*it, out);
            }
            Truth::Text(it) => {
                out.push(1);
                put_text(it, out);
            }
        }
        put(scores.len() as u64, out);
        for (score, count) in scores {
            write_score(*score, out);
            put(*count, out);
        }
    }
}

/// What stands in place of the classes when there are too many.
const MANY: u8 = 2;

pub(super) fn write_score(it: Score, out: &mut Vec<u8>) {
    out.extend_from_slice(&it.number().to_bits().to_le_bytes());
}

pub(super) fn read_score(from: Bytes) -> Option<Score> {
    let number = f64::from_bits(u64::from_le_bytes(take(from)?));
    Score::of(number).filter(|it| it.number().to_bits() == number.to_bits())
}

pub(super) fn read_scored(positive: Option<&Value<'static>>, from: Bytes) -> Option<Scored> {
    let [n, null, refused] = get_counts(from)?;
    let budget = usize::try_from(get(from)?).ok().filter(|it| *it > 0)?;
    let mut it = Scored::new(positive.cloned(), budget);
    (it.n, it.null, it.refused) = (n, null, refused);
    let form = byte(from).filter(|it| *it <= MANY)?;
    if form == MANY {
        it.classes = None;
        return (n > 2 && positive.is_none()).then_some(it);
    }
    it.is_bucketed = form == 1;
    let (mut classes, mut seen, mut kept) = (BTreeMap::new(), 0_u64, 0);
    for _ in 0..byte(from).filter(|it| *it <= 2)? {
        let class = match byte(from)? {
            0 => Truth::Number(read_score(from)?),
            1 => Truth::Text(get_text(from)?.to_owned()),
            _ => return None,
        };
        let is_next = classes.last_key_value().is_none_or(|(before, _)| *before < class);
        let is_flag = matches!(&class, Truth::Number(it) if it.number() == 0.0 || it.number() == 1.0);
        if !is_next || positive.is_some() && !is_flag {
            return None;
        }
        let mut scores: BTreeMap<Score, u64> = BTreeMap::new();
        for _ in 0..get_length(from).filter(|it| *it > 0)? {
            let score = read_score(from)?;
            let count = get(from).filter(|it| (1..=MOST_ROWS).contains(it))?;
            let is_next = scores.last_key_value().is_none_or(|(before, _)| *before < score);
            if !is_next || it.is_bucketed && score.bucket() != score {
                return None;
            }
            seen = seen.checked_add(count)?;
            scores.insert(score, count);
        }
        kept += scores.len();
        classes.insert(class, scores);
    }
    it.classes = Some(classes);
    (seen == n && (it.is_bucketed || kept <= budget)).then_some(it)
}
