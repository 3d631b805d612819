//! Python's `dateutil.parser.parse`: what "dateutil parseable" means.
//!
//! The rules are those of python-dateutil 2.9. The crate dtparse, a port of it, reads the clock and
//! panics on some texts, so the part that decides is written here. Where python-dateutil fills in
//! today's date, the answer would change with the day: here a missing month has 31 days and a
//! missing year is a leap year, so that what parses on some day always parses.

use crate::python::dateutil::tokens::{Token, split};

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

/// What a year, month or day was said to be.
#[derive(Clone, Copy, PartialEq)]
enum Label {
    Month,
    Year,
}

/// Numbers that are years, months or days, in the order of the text.
#[derive(Default)]
struct Calendar {
    numbers: Vec<i64>,
    year_at: Option<usize>,
    month_at: Option<usize>,
    century_specified: bool,
}

impl Calendar {
    fn push(&mut self, number: i64, label: Option<Label>) -> Option<()> {
        let at = self.numbers.len();
        self.numbers.push(number);
        let place = match label {
            None => return Some(()),
            Some(Label::Month) => &mut self.month_at,
            Some(Label::Year) => &mut self.year_at,
        };
        place.replace(at).is_none().then_some(())
    }

    /// A number as it was written: three digits or more make a year.
    fn push_text(&mut self, text: &str, label: Option<Label>) -> Option<()> {
        let number = digits(text)?;
        if text.len() <= 2 {
            return self.push(number, label);
        }
        self.century_specified = true;
        self.push(number, Some(Label::Year))
    }

    /// A number by its value: more than 100 makes a year.
    fn push_number(&mut self, number: Number) -> Option<()> {
        if number.whole < 100 || number.whole == 100 && !number.has_fraction {
            return self.push(number.whole, None);
        }
        self.century_specified = true;
        self.push(number.whole, Some(Label::Year))
    }

    fn at(&self, at: usize) -> Option<i64> {
        self.numbers.get(at).copied()
    }

    fn could_be_day(&self, number: Number) -> bool {
        let month = self.month_at.and_then(|at| self.at(at));
        let year = self.year_at.and_then(|at| self.at(at));
        let last = month.map_or(31, |month| days_in(year.unwrap_or(2000), month));
        number.whole >= 1 && (number.whole < last || number.whole == last && !number.has_fraction)
    }

    /// Which of the numbers is the year, the month and the day; `None` when there are too many.
    // One arm a rule of dateutil's, also where two end alike.
    #[allow(clippy::match_same_arms)]
    fn resolve(&self) -> Option<[Option<i64>; 3]> {
        let it = &self.numbers;
        let labels = usize::from(self.year_at.is_some()) + usize::from(self.month_at.is_some());
        if it.len() == labels && labels > 0 || it.len() == 3 && labels == 2 {
            let day = (0..it.len()).find(|at| Some(*at) != self.year_at && Some(*at) != self.month_at);
            let get = |at: Option<usize>| at.and_then(|at| self.at(at));
            return Some([get(self.year_at), get(self.month_at), get(day)]);
        }
        Some(match (it.as_slice(), self.month_at) {
            ([], _) => [None, None, None],
            ([month], Some(_)) => [None, Some(*month), None],
            ([other], None) => year_or_day(*other, None),
            ([month, other], Some(0)) | ([other, month], Some(_)) => year_or_day(*other, Some(*month)),
            ([a, b], None) if *a > 31 => [Some(*a), Some(*b), None],
            ([a, b], None) if *b > 31 => [Some(*b), Some(*a), None],
            ([a, b], None) => [None, Some(*a), Some(*b)],
            ([month, year, day], Some(0)) if *year > 31 => [Some(*year), Some(*month), Some(*day)],
            ([month, day, year], Some(0)) => [Some(*year), Some(*month), Some(*day)],
            ([year, month, day], Some(1)) if *year > 31 => [Some(*year), Some(*month), Some(*day)],
            ([day, month, year], Some(1)) => [Some(*year), Some(*month), Some(*day)],
            ([day, year, month], Some(_)) if *year > 31 => [Some(*year), Some(*month), Some(*day)],
            ([year, day, month], Some(_)) => [Some(*year), Some(*month), Some(*day)],
            ([year, month, day], None) if *year > 31 || self.year_at == Some(0) => {
                [Some(*year), Some(*month), Some(*day)]
            }
            ([day, month, year], None) if *day > 12 => [Some(*year), Some(*month), Some(*day)],
            ([month, day, year], None) => [Some(*year), Some(*month), Some(*day)],
            _ => return None,
        })
    }
}

fn year_or_day(it: i64, month: Option<i64>) -> [Option<i64>; 3] {
    if it > 31 { [Some(it), month, None] } else { [None, month, Some(it)] }
}

/// 0 when there is no such month.
fn days_in(year: i64, month: i64) -> i64 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

/// A decimal number; of its fraction it only matters whether there is one.
#[derive(Clone, Copy)]
struct Number {
    whole: i64,
    has_fraction: bool,
}

impl Number {
    fn read(text: &str) -> Option<Number> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if whole.is_empty() || !fraction.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        Some(Number { whole: digits(whole)?, has_fraction: fraction.bytes().any(|it| it != b'0') })
    }
}

/// An integer, `i64::MAX` when it is larger: no field can hold that anyway.
fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())).then(|| text.parse().unwrap_or(i64::MAX))
}

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
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_python_dateutil_reads_parses() {
        for text in [
            "2003-09-25",
            "Thu Sep 25 10:36:28 2003",
            "Thu, 25 Sep 2003 10:49:41 -0300",
            "2003-09-25T10:49:41.5-03:00",
            "20030925T104941-0300",
            "10h36m28.5s",
            "10pm",
            "3rd of May 2001",
            "5:50 AM on June 13, 1990",
            "1996.07.10 AD at 15:08:56 PDT",
            "Tue",
            "10",
            "31",
            "Jan of 01",
            "99-Jan-01",
            "12:30:45 GMT+3",
            "2020-01-01 12:30 +0530 (IST)",
            "12h04",
            "Sep.20.2009",
            "200229",
            "20200229123045",
            "12am",
            "May 2019",
        ] {
            assert!(parses(text), "{text}");
        }
    }

    #[test]
    fn what_python_dateutil_refuses_does_not() {
        for text in [
            "",
            " ",
            ",",
            "13/13/2020",
            "tomorrow",
            "Tues",
            "2020-W10",
            "Feb 30",
            "0",
            "2020-01-01T25:00",
            "12:60",
            "noon",
            "99999999999",
            "1e5",
            "nan",
            "12:00 NAN",
            "am",
            "20200230",
            "1 2 3 4",
            "2020-01-01Z",
            "0000-01-01",
        ] {
            assert!(!parses(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "([0-9.:,+/ -]|T|Z|am|pm|Jan|of|h|m|s|é|[(]|[)]|UTC|٣){0,12}") {
            parses(&text);
        }
    }
}
