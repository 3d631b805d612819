//! Dates in the text of a condition.

use super::{ALLOWED, Parser};
use crate::condition::lex::Kind;
use crate::time::{Time, Zone};
use crate::value::Value;

impl Parser {
    /// `date("2021-02-01")`, `datetime.date(2021, 2, 1)`, `datetime.datetime(2021, 1, 31, tzinfo=datetime.timezone.utc)`.
    pub fn date(&mut self, function: &str) -> Result<Value<'static>, String> {
        let place = self.place();
        let is_date = matches!(function, "date" | "datetime.date");
        if !is_date && !matches!(function, "datetime" | "datetime.datetime" | "Timestamp" | "pd.Timestamp") {
            return Err(format!("`{function}(..)` before character {place} is not known; {ALLOWED}"));
        }
        self.expect("(")?;
        let mut numbers = Vec::new();
        let mut zone = if is_date { Zone::Date } else { Zone::Local };
        let mut time = None;
        while !self.take(")") {
            match self.next() {
                Some(Kind::Text(text)) if numbers.is_empty() && time.is_none() => {
                    time = Some(Time::parse(&text).ok_or_else(|| {
                        format!("{text:?} at character {} is no ISO date like 2021-02-01", place + 1)
                    })?);
                }
                Some(Kind::Number(Value::Int(it))) => numbers.push(u32::try_from(it).unwrap_or(u32::MAX)),
                Some(Kind::Word(word)) if word == "tzinfo" && !is_date => {
                    self.expect("=")?;
                    for word in ["datetime", "timezone", "utc"] {
                        if !self.take_word(word) || word != "utc" && !self.take(".") {
                            return Err(format!("expected `datetime.timezone.utc` at character {}", self.place()));
                        }
                    }
                    zone = Zone::Offset(0);
                }
                _ => return Err(format!("the date before character {} is not understood", self.place())),
            }
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        time.or_else(|| from_numbers(&numbers, zone))
            .map(Value::Time)
            .ok_or_else(|| format!("there is no such date, at character {place}"))
    }
}

/// Year, month, day, and then hour, minute, second and microsecond as far as given.
fn from_numbers(numbers: &[u32], zone: Zone) -> Option<Time> {
    let most = if zone == Zone::Date { 3 } else { 7 };
    let ([year, month, day, clock @ ..], true) = (numbers, numbers.len() <= most) else { return None };
    let part = |at: usize| clock.get(at).copied().unwrap_or(0);
    // Python's years, all of which can be written as ISO dates.
    if !(1..=9999).contains(year) {
        return None;
    }
    let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(*year).ok()?, *month, *day)?;
    Some(Time::new(date.and_hms_micro_opt(part(0), part(1), part(2), part(3))?, zone))
}
