//! Python's `datetime.strptime`, in the C locale and with UTC as the local zone.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Weekday};

use crate::time::{Time, Zone};

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
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

/// A format of `strftime` directives that Python can read dates with.
#[derive(Clone, Debug)]
pub struct Format {
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq)]
enum Item {
    /// A character, compared without case.
    Literal(char),
    /// One or more white space characters.
    Space,
    /// The letter of a directive that stands for a field.
    Field(u8),
}

impl Format {
    /// Reads a format.
    ///
    /// Fails on what Python cannot parse with: a dangling `%`, an unknown directive, the same
    /// directive twice, and ISO weeks (`%V`, `%G`) that do not name a day.
    pub fn new(format: &str) -> Result<Format, String> {
        let mut items = Vec::new();
        read_into(format, &mut items)?;
        let has = |letter: u8| items.contains(&Item::Field(letter));
        for (at, item) in items.iter().enumerate() {
            if let Item::Field(letter) = item
                && items.iter().take(at).any(|it| it == item)
            {
                return Err(format!(
                    "date format `{format}` has `%{}` twice (`%c`, `%x` and `%X` contain others)",
                    *letter as char
                ));
            }
        }
        // As `_strptime` asks: an ISO year without another year wants its week and a weekday; an ISO
        // week without such a year stands only beside a week of `%U` or `%W`, which hides it.
        let has_day = [b'A', b'a', b'w', b'u'].into_iter().any(has);
        let has_iso_year = has(b'G') && !has(b'Y') && !has(b'y');
        let is_possible =
            if has_iso_year { has(b'V') && has_day && !has(b'j') } else { !has(b'V') || has(b'U') || has(b'W') };
        if !is_possible {
            return Err(format!(
                "date format `{format}`: `%G` and `%V` go together, with a weekday (`%u`, `%w`, `%a`, `%A`) and without `%Y` or `%j`"
            ));
        }
        Ok(Format { items })
    }

    /// Whether `datetime.strptime(text, format)` succeeds.
    pub fn parses(&self, text: &str) -> bool {
        self.parse(text).is_some()
    }

    /// What `datetime.strptime(text, format)` gives; 1900 where the format has no year.
    pub fn parse(&self, text: &str) -> Option<Time> {
        let mut fields = Vec::with_capacity(self.items.len());
        let end = step(&self.items, text, 0, &mut fields)?;
        if end != text.len() {
            return None;
        }
        assemble(&fields)
    }
}

fn read_into(format: &str, items: &mut Vec<Item>) -> Result<(), String> {
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if is_space(c) {
            if items.last() != Some(&Item::Space) {
                items.push(Item::Space);
            }
            continue;
        }
        if c != '%' {
            items.push(Item::Literal(c));
            continue;
        }
        match chars.next() {
            None => return Err(format!("date format `{format}` ends with a lone `%`; `%%` is the character itself")),
            Some('%') => items.push(Item::Literal('%')),
            Some('c') => read_into("%a %b %d %H:%M:%S %Y", items)?,
            Some('x') => read_into("%m/%d/%y", items)?,
            Some('X') => read_into("%H:%M:%S", items)?,
            Some(
                it @ ('a' | 'A' | 'b' | 'B' | 'd' | 'f' | 'G' | 'H' | 'I' | 'j' | 'm' | 'M' | 'p' | 'S' | 'u' | 'U'
                | 'V' | 'w' | 'W' | 'y' | 'Y' | 'z' | 'Z'),
            ) => items.push(Item::Field(it as u8)),
            Some(it) => {
                return Err(format!(
                    "date format `{format}`: `%{it}` is no directive that dates can be read with; there are %a %A %b %B %c %d %f %G %H %I %j %m %M %p %S %u %U %V %w %W %x %X %y %Y %z %Z %%"
                ));
            }
        }
    }
    Ok(())
}

/// `str.isspace()`, which is also `\s`.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// A directive's letter and the text it took, in the order of the format.
type Fields<'t> = Vec<(u8, &'t str)>;

/// Python turns the format into a regular expression and takes its first match; so does this, trying
/// the same lengths in the same order. Literals are passed in a loop, so that the depth of the
/// recursion is at most twice the number of directives.
fn step<'t>(items: &[Item], text: &'t str, at: usize, fields: &mut Fields<'t>) -> Option<usize> {
    let mut at = at;
    let mut items = items;
    loop {
        let Some((item, others)) = items.split_first() else { return Some(at) };
        let rest = text.get(at..)?;
        match item {
            Item::Literal(literal) => {
                let c = rest.chars().next()?;
                if c != *literal && !c.to_lowercase().eq(literal.to_lowercase()) {
                    return None;
                }
                at += c.len_utf8();
            }
            // No item after a space starts with one but a day (`%d` takes " 1"); so all are taken, or all but one.
            Item::Space => {
                let taken: usize = rest.chars().take_while(|c| is_space(*c)).map(char::len_utf8).sum();
                if taken == 0 {
                    return None;
                }
                if others.first() == Some(&Item::Field(b'd'))
                    && taken > 1
                    && rest.as_bytes().get(taken - 1) == Some(&b' ')
                {
                    let known = fields.len();
                    if let Some(end) = step(others, text, at + taken, fields) {
                        return Some(end);
                    }
                    fields.truncate(known);
                    return step(others, text, at + taken - 1, fields);
                }
                at += taken;
            }
            Item::Field(letter) => {
                for length in lengths(*letter, rest) {
                    let Some(taken) = rest.get(..length) else { continue };
                    let known = fields.len();
                    fields.push((*letter, taken));
                    if let Some(end) = step(others, text, at + length, fields) {
                        return Some(end);
                    }
                    fields.truncate(known);
                }
                return None;
            }
        }
        items = others;
    }
}

/// How many bytes a directive may take from the front of `text`, in Python's order of preference.
fn lengths(letter: u8, text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let digits = bytes.iter().take(6).take_while(|it| it.is_ascii_digit()).count();
    let number = |n: usize| text.get(..n).and_then(|it| it.parse::<u32>().ok());
    // The lengths, longest first, of numbers within bounds.
    let within = |most: usize, least: u32, highest: u32| -> Vec<usize> {
        (1..=most.min(digits)).rev().filter(|n| number(*n).is_some_and(|it| it >= least && it <= highest)).collect()
    };
    match letter {
        b'd' if bytes.first() == Some(&b' ') => {
            bytes.get(1).filter(|it| matches!(it, b'1'..=b'9')).map(|_| 2).into_iter().collect()
        }
        b'd' => within(2, 1, 31),
        b'f' => (1..=digits).rev().collect(),
        b'H' => within(2, 0, 23),
        b'I' | b'm' => within(2, 1, 12),
        b'j' => within(3, 1, 366),
        b'M' => within(2, 0, 59),
        b'S' => within(2, 0, 61),
        b'U' | b'W' => within(2, 0, 53),
        b'V' => {
            // `5[0-3]|0[1-9]|[1-4]\d|\d`: a single 0 is let through.
            within(2, 0, 53).into_iter().filter(|n| *n == 1 || number(2) != Some(0)).collect()
        }
        b'w' => within(1, 0, 6),
        b'u' => within(1, 1, 7),
        b'y' if digits >= 2 => vec![2],
        b'Y' | b'G' if digits >= 4 => vec![4],
        b'A' => names(text, &DAYS, usize::MAX),
        b'a' => names(text, &DAYS, 3),
        b'B' => names(text, &MONTHS, usize::MAX),
        b'b' => names(text, &MONTHS, 3),
        b'p' => names(text, &["am", "pm"], 2),
        b'Z' => names(text, &["utc", "gmt"], 3),
        b'z' => zones(bytes),
        _ => Vec::new(),
    }
}

/// The length of the name, shortened to `most` letters, that stands at the front of `text`.
fn names(text: &str, names: &[&str], most: usize) -> Vec<usize> {
    names
        .iter()
        .map(|it| it.get(..most).unwrap_or(it))
        .filter(|it| text.get(..it.len()).is_some_and(|front| front.eq_ignore_ascii_case(it)))
        .map(str::len)
        .collect()
}

/// `[+-]\d\d:?[0-5]\d(:?[0-5]\d(\.\d{1,6})?)?|Z`
fn zones(bytes: &[u8]) -> Vec<usize> {
    if bytes.first() == Some(&b'Z') {
        return vec![1];
    }
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let sixty = |at: usize| matches!(bytes.get(at), Some(b'0'..=b'5')) && digit(at + 1);
    let colon = |at: usize| usize::from(bytes.get(at) == Some(&b':'));
    let mut lengths = Vec::new();
    if !matches!(bytes.first(), Some(b'+' | b'-')) || !digit(1) || !digit(2) {
        return lengths;
    }
    let at = 3 + colon(3);
    if !sixty(at) {
        return lengths;
    }
    lengths.push(at + 2);
    let seconds = at + 2 + colon(at + 2);
    if sixty(seconds) {
        lengths.push(seconds + 2);
        if bytes.get(seconds + 2) == Some(&b'.') {
            lengths.extend((1..=6).take_while(|n| digit(seconds + 2 + n)).map(|n| seconds + 3 + n));
        }
    }
    lengths.reverse();
    lengths
}

/// Puts the fields together as `_strptime` does: later fields win, a day of the year or a week with
/// its weekday wins over month and day.
fn assemble(fields: &Fields<'_>) -> Option<Time> {
    let (mut year, mut month, mut day) = (None, 1_u32, 1_u32);
    let (mut hour, mut minute, mut second, mut micros) = (0_u32, 0_u32, 0_u32, 0_u32);
    let (mut weekday, mut day_of_year, mut week, mut iso_year, mut iso_week) = (None, None, None, None, None);
    let mut zone = None;
    let is = |letter: u8, name: &str| fields.iter().any(|(it, text)| *it == letter && text.eq_ignore_ascii_case(name));
    for (letter, text) in fields {
        let number = || text.trim_start().parse::<u32>().ok();
        let place = |names: &[&str]| {
            let text = text.to_ascii_lowercase();
            names.iter().position(|it| it.starts_with(&text)).map(|it| it as u32)
        };
        match letter {
            b'y' => year = number().map(|it| if it <= 68 { it + 2000 } else { it + 1900 }),
            b'Y' => year = number(),
            b'G' => iso_year = number(),
            b'm' => month = number()?,
            b'B' | b'b' => month = place(&MONTHS)? + 1,
            b'd' => day = number()?,
            b'H' => hour = number()?,
            b'I' => hour = number()? % 12 + if is(b'p', "pm") { 12 } else { 0 },
            b'M' => minute = number()?,
            b'S' => second = number()?,
            b'f' => micros = format!("{text:0<6}").parse().ok()?,
            b'A' | b'a' => weekday = place(&DAYS),
            b'w' => weekday = number().map(|it| (it + 6) % 7),
            b'u' => weekday = number().map(|it| it.saturating_sub(1)),
            b'j' => day_of_year = number().map(i64::from),
            b'U' | b'W' => week = number().map(|it| (it, *letter == b'W')),
            b'V' => iso_week = number(),
            b'z' => zone = Some(offset(text)?),
            _ => {}
        }
    }
    // Without a year it is 1900; 29 February is refused in the end, but its day of the year is not needed.
    let mut year = year.unwrap_or(1900) as i32;
    if day_of_year.is_none()
        && let Some(weekday) = weekday
    {
        if let Some((week, from_monday)) = week {
            day_of_year = Some(day_from_week(year, week, weekday, from_monday)?);
        } else if let (Some(of), Some(week)) = (iso_year, iso_week) {
            let fourth = NaiveDate::from_ymd_opt(i32::try_from(of).ok()?, 1, 4)?;
            year = (1..=9999).contains(&of).then_some(of as i32)?;
            let correction = i64::from(fourth.weekday().number_from_monday()) + 3;
            day_of_year = Some(i64::from(week) * 7 + i64::from(weekday) + 1 - correction);
        }
    }
    let date = match day_of_year {
        None => NaiveDate::from_ymd_opt(year, month, day)?,
        Some(it) => {
            let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
            first.checked_add_signed(TimeDelta::days(it - 1))?
        }
    };
    let years = 1..=9999;
    let time = NaiveTime::from_hms_micro_opt(hour, minute, second, micros)?;
    if !years.contains(&year) || !years.contains(&date.year()) {
        return None;
    }
    let local = date.and_time(time);
    Some(match zone {
        None => Time::new(local, Zone::Local),
        Some(seconds) => {
            Time::new(local.checked_sub_signed(TimeDelta::seconds(seconds))?, Zone::Offset((seconds / 60) as i16))
        }
    })
}

/// The day of the year, counted from 1, of a weekday (Monday is 0) in a week of `%U` or `%W`.
fn day_from_week(year: i32, week: u32, weekday: u32, from_monday: bool) -> Option<i64> {
    let first: Weekday = NaiveDate::from_ymd_opt(year, 1, 1)?.weekday();
    let (first, weekday) = if from_monday {
        (first.num_days_from_monday(), weekday)
    } else {
        (first.num_days_from_sunday(), (weekday + 1) % 7)
    };
    let (first, weekday) = (i64::from(first), i64::from(weekday));
    Some(match week {
        0 => 1 + weekday - first,
        _ => 1 + (7 - first) % 7 + 7 * (i64::from(week) - 1) + weekday,
    })
}

/// Seconds east of UTC; less than a day, and with colons everywhere or nowhere.
fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let colons = text.bytes().filter(|it| *it == b':').count();
    let digits: String = text.chars().skip(1).take_while(|it| *it != '.').filter(char::is_ascii_digit).collect();
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |it| it.parse::<i64>().ok());
    if digits.len() == 6 && colons != 0 && colons != 2 || text.get(3..4) != Some(":") && colons > 0 {
        return None;
    }
    let seconds = part(0)? * 3600 + part(2)? * 60 + part(4)?;
    (seconds < 86_400).then_some(if text.starts_with('-') { -seconds } else { seconds })
}

#[cfg(test)]
mod tests;
