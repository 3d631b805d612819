//! Python's `dateutil.parser.parse`: what "dateutil parseable" means.
//!
//! The rules are those of python-dateutil 2.9. The crate dtparse, a port of it, reads the clock and
//! panics on some texts, so the part that decides is written here. Where python-dateutil fills in
//! today's date, the answer would change with the day: here a missing month has 31 days and a
//! missing year is a leap year, so that what parses on some day always parses.

use crate::python::dateutil::calendar::{Calendar, Label, Number, days_in, digits};
use crate::python::dateutil::tokens::{Token, split};

mod calendar;
mod tokens;

/// Whether `dateutil.parser.parse(text)` succeeds.
pub fn parses(text: &str) -> bool {
    read(text).is_some()
}

const JUMPS: [&str; 18] =
    [" ", ".", ",", ";", "-", "/", "'", "at", "on", "and", "ad", "m", "t", "of", "st", "nd", "rd", "th"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 14] = [
    "mon",
    "monday",
    "tue",
    "tuesday",
    "wed",
    "wednesday",
    "thu",
    "thursday",
    "fri",
    "friday",
    "sat",
    "saturday",
    "sun",
    "sunday",
];

/// What has been found so far.
#[derive(Default)]
struct Found {
    calendar: Calendar,
    has_weekday: bool,
    hour: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
    has_zone_name: bool,
    has_zone_offset: bool,
}

fn read(text: &str) -> Option<()> {
    let mut tokens = split(text);
    let mut found = Found::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let lower = token.lower.as_str();
        if Number::read(&token.text).is_some() {
            at = number(&tokens, at, &mut found)?;
        } else if matches!(lower, "nan" | "inf") {
            // Python takes these for numbers, and then finds that they are not finite.
            return None;
        } else if WEEKDAYS.contains(&lower) {
            found.has_weekday = true;
        } else if let Some(month) = month(lower) {
            at = after_month(&tokens, at, month, &mut found.calendar)?;
        } else if let Some(is_pm) = half_of_day(lower) {
            let hour = found.hour.filter(|it| (0..=12).contains(it))?;
            found.hour = Some(on_24_hours(hour, is_pm));
        } else if found.hour.is_some() && !found.has_zone_name && !found.has_zone_offset && is_zone_name(&token.text) {
            // In `GMT+3` the sign counts the other way round and the name is no more than a hint.
            let is_utc = matches!(lower, "utc" | "gmt" | "z");
            let is_hint = tokens.get(at + 1).is_some_and(|it| it.text == "+" || it.text == "-");
            found.has_zone_name = !(is_hint && is_utc);
            found.has_zone_offset = !is_hint && is_utc;
            if is_hint && let Some(sign) = tokens.get_mut(at + 1) {
                *sign = Token::new(if sign.text == "+" { "-".to_owned() } else { "+".to_owned() });
            }
        } else if found.hour.is_some() && matches!(lower, "+" | "-") {
            at = zone_offset(&tokens, at, &mut found)?;
        } else if !JUMPS.contains(&lower) {
            return None;
        }
        at += 1;
    }
    is_possible(&found).then_some(())
}

/// The number of a month by its name: whole, or of three letters, or `sept`.
fn month(lower: &str) -> Option<i64> {
    let is = |name: &str| {
        lower == name || lower.len() == 3 && name.starts_with(lower) || lower == "sept" && name == "september"
    };
    MONTHS.iter().position(|it| is(it)).map(|it| it as i64 + 1)
}

/// Hours, minutes, seconds: 0, 1, 2.
fn unit(lower: &str) -> Option<u8> {
    match lower {
        "h" | "hour" | "hours" => Some(0),
        "m" | "minute" | "minutes" => Some(1),
        "s" | "second" | "seconds" => Some(2),
        _ => None,
    }
}

/// True for the afternoon.
fn half_of_day(lower: &str) -> Option<bool> {
    match lower {
        "am" | "a" => Some(false),
        "pm" | "p" => Some(true),
        _ => None,
    }
}

fn on_24_hours(hour: i64, is_pm: bool) -> i64 {
    match (hour, is_pm) {
        (..12, true) => hour + 12,
        (12, false) => 0,
        _ => hour,
    }
}

fn is_zone_name(text: &str) -> bool {
    text == "z" || text.len() <= 5 && text.bytes().all(|it| it.is_ascii_uppercase())
}

/// `Jan-01[-99]`, `Jan of 01`: gives the place of the last token used.
fn after_month(tokens: &[Token], at: usize, month: i64, calendar: &mut Calendar) -> Option<usize> {
    calendar.push(month, Some(Label::Month))?;
    let text = |ahead: usize| tokens.get(at + ahead).map(|it| it.text.as_str());
    if let Some(separator @ ("-" | "/")) = text(1) {
        calendar.push_text(text(2)?, None)?;
        if text(3) != Some(separator) {
            return Some(at + 2);
        }
        calendar.push_text(text(4)?, None)?;
        return Some(at + 4);
    }
    let of = tokens.get(at + 2).is_some_and(|it| it.lower == "of");
    if let Some(year) = text(4)
        && of
        && text(1) == Some(" ")
        && text(3) == Some(" ")
    {
        if let Some(year) = digits(year) {
            calendar.century_specified = true;
            calendar.push(if year < 100 { year + 2000 } else { year }, Some(Label::Year))?;
        }
        return Some(at + 4);
    }
    Some(at)
}

/// `+03`, `+0300`, `+03:00`, and a name in parentheses after it.
fn zone_offset(tokens: &[Token], at: usize, found: &mut Found) -> Option<usize> {
    let text = |at: usize| tokens.get(at).map(|it| it.text.as_str());
    let hours = text(at + 1)?;
    let length = hours.chars().count();
    let mut at = at;
    if length == 4 {
        digits(hours)?;
    } else if text(at + 2) == Some(":") {
        // Python's `timedelta` holds less than 1e9 days.
        let (hours, minutes) = (digits(hours)?, digits(text(at + 3)?)?);
        let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
        if seconds >= 86_400_000_000_000 {
            return None;
        }
        at += 2;
    } else if length <= 2 {
        digits(hours)?;
    } else {
        return None;
    }
    found.has_zone_offset = true;
    let is_name = |it: &str| it.len() >= 3 && is_zone_name(it);
    if tokens.get(at + 2).is_some_and(|it| JUMPS.contains(&it.lower.as_str()))
        && text(at + 3) == Some("(")
        && text(at + 5) == Some(")")
        && !found.has_zone_name
        && text(at + 4).is_some_and(is_name)
    {
        found.has_zone_name = true;
        at += 4;
    }
    Some(at + 1)
}

/// A token that is a number: gives the place of the last token used.
// One rule after another, in dateutil's order; splitting it would hide that.
#[allow(clippy::too_many_lines)]
fn number(tokens: &[Token], at: usize, found: &mut Found) -> Option<usize> {
    let written = tokens.get(at)?.text.as_str();
    let value = Number::read(written)?;
    let length = written.len();
    let part = |from: usize, to: usize| written.get(from..to.min(length)).and_then(digits);
    let text = |ahead: usize| tokens.get(at + ahead).map(|it| it.text.as_str());
    let lower = |ahead: usize| tokens.get(at + ahead).map(|it| it.lower.as_str());
    let is_unit = |ahead: usize| lower(ahead).is_some_and(|it| unit(it).is_some());
    let is_jump = |ahead: usize| lower(ahead).is_some_and(|it| JUMPS.contains(&it));

    if found.calendar.numbers.len() == 3
        && matches!(length, 2 | 4)
        && found.hour.is_none()
        && text(1) != Some(":")
        && !is_unit(1)
    {
        // 19990101T23[59]
        found.hour = Some(part(0, 2)?);
        if length == 4 {
            found.minute = Some(part(2, 4)?);
        }
        return Some(at);
    }
    if length == 6 || written.find('.') == Some(6) {
        if found.calendar.numbers.is_empty() && !written.contains('.') {
            for from in [0, 2, 4] {
                found.calendar.push_text(written.get(from..from + 2)?, None)?;
            }
        } else {
            found.hour = Some(part(0, 2)?);
            found.minute = Some(part(2, 4)?);
            found.second = Some(Number::read(written.get(4..)?)?.whole);
        }
        return Some(at);
    }
    if matches!(length, 8 | 12 | 14) {
        found.calendar.push_text(written.get(..4)?, Some(Label::Year))?;
        found.calendar.push_text(written.get(4..6)?, None)?;
        found.calendar.push_text(written.get(6..8)?, None)?;
        if length > 8 {
            found.hour = Some(part(8, 10)?);
            found.minute = Some(part(10, 12)?);
        }
        if length > 12 {
            found.second = Some(part(12, 14)?);
        }
        return Some(at);
    }
    if let Some(unit_at) = unit_place(tokens, at) {
        // 12h, 12 h; or the 04 of 12h04, which is of the next smaller unit.
        let unit = unit(&tokens.get(unit_at)?.lower)? + u8::from(unit_at < at);
        match unit {
            0 => {
                found.hour = Some(value.whole);
                if value.has_fraction {
                    found.minute = Some(0);
                }
            }
            1 => (found.minute, found.second) = (Some(value.whole), None),
            2 => found.second = Some(value.whole),
            _ => {}
        }
        return Some(at.max(unit_at));
    }
    if text(1) == Some(":")
        && let Some(minute) = text(2)
    {
        found.hour = Some(value.whole);
        found.minute = Some(Number::read(minute)?.whole);
        found.second = None;
        if text(3) != Some(":") {
            return Some(at + 2);
        }
        let Some(second) = text(4) else { return Some(at + 2) };
        found.second = Some(Number::read(second)?.whole);
        return Some(at + 4);
    }
    if let Some(separator @ ("-" | "/" | ".")) = text(1) {
        found.calendar.push_text(written, None)?;
        let Some(second) = text(2).filter(|_| !is_jump(2)) else { return Some(at + 1) };
        push_name_or_number(second, &mut found.calendar)?;
        if text(3) != Some(separator) {
            return Some(at + 2);
        }
        push_name_or_number(text(4)?, &mut found.calendar)?;
        return Some(at + 4);
    }
    let half = |ahead: usize| lower(ahead).and_then(half_of_day);
    if text(1).is_none() || is_jump(1) {
        if let Some(is_pm) = half(2) {
            found.hour = Some(on_24_hours(value.whole, is_pm));
            return Some(at + 2);
        }
        found.calendar.push_number(value)?;
        return Some(at + 1);
    }
    if let Some(is_pm) = half(1).filter(|_| value.whole < 24) {
        found.hour = Some(on_24_hours(value.whole, is_pm));
        return Some(at + 1);
    }
    if found.calendar.could_be_day(value) {
        found.calendar.push_number(value)?;
        return Some(at);
    }
    None
}

fn push_name_or_number(text: &str, calendar: &mut Calendar) -> Option<()> {
    match month(&text.to_lowercase()) {
        Some(month) => calendar.push(month, Some(Label::Month)),
        None => calendar.push_text(text, None),
    }
}

/// Where the unit of the number at `at` stands.
fn unit_place(tokens: &[Token], at: usize) -> Option<usize> {
    let is_unit = |at: usize| tokens.get(at).is_some_and(|it| unit(&it.lower).is_some());
    let is_space = |at: usize| tokens.get(at).is_some_and(|it| it.text == " ");
    if is_unit(at + 1) {
        Some(at + 1)
    } else if is_space(at + 1) && is_unit(at + 2) {
        Some(at + 2)
    } else if at > 0 && is_unit(at - 1) {
        Some(at - 1)
    } else {
        (at > 1 && at + 1 == tokens.len() && is_space(at - 1) && is_unit(at - 2)).then(|| at - 2)
    }
}

/// Whether something was found, and a date and time can have it.
fn is_possible(found: &Found) -> bool {
    let Some([year, month, day]) = found.calendar.resolve() else { return false };
    let is_empty = [year, month, day, found.hour, found.minute, found.second].iter().all(Option::is_none)
        && !found.has_weekday
        && !found.has_zone_name
        && !found.has_zone_offset;
    // Two digits mean a year near now; all such centuries have the leap years of 2000 to 2099.
    let year = year.map(|it| if it < 100 && !found.calendar.century_specified { it + 2000 } else { it });
    !is_empty
        && year.is_none_or(|it| (1..=9999).contains(&it))
        && month.is_none_or(|it| (1..=12).contains(&it))
        && day.is_none_or(|it| (1..=days_in(year.unwrap_or(2000), month.unwrap_or(1))).contains(&it))
        && found.hour.is_none_or(|it| (0..=23).contains(&it))
        && found.minute.is_none_or(|it| (0..=59).contains(&it))
        && found.second.is_none_or(|it| (0..=59).contains(&it))
}

#[cfg(test)]
mod tests;
