//! Times that come again, written as cron does.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use croner::Cron;

use crate::time::Timestamp;

/// Times that come again, in UTC.
#[derive(Clone)]
pub struct Schedule {
    text: String,
    cron: Arc<Cron>,
}

impl Schedule {
    /// Reads a pattern of cron: minute, hour, day of the month, month and day of the week, or `@daily` and the like. The
    /// error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let cron = Cron::from_str(text).map_err(|it| it.to_string())?;
        let schedule = Schedule { text: text.to_owned(), cron: Arc::new(cron) };
        // The thirtieth of February parses, and never comes.
        schedule.next(0).map(|_| schedule).ok_or_else(|| "it never comes".to_owned())
    }

    /// The first time after `at`; `None`: there is none.
    pub fn next(&self, at: Timestamp) -> Option<Timestamp> {
        let at: DateTime<Utc> = DateTime::from_timestamp_micros(at)?;
        self.cron.find_next_occurrence(&at, false).ok().map(|it| it.timestamp_micros())
    }

    /// The last time up to `at`; `None`: there is none.
    pub fn last(&self, at: Timestamp) -> Option<Timestamp> {
        let at: DateTime<Utc> = DateTime::from_timestamp_micros(at)?;
        self.cron.find_previous_occurrence(&at, true).ok().map(|it| it.timestamp_micros())
    }
}

/// As it is written.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({:?})", self.text)
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
