//! Lengths of windows, and where windows of a length begin.

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, Datelike, Months, NaiveDate};

use crate::time::{Timestamp, seconds};

/// The length of spans that lie one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// So many microseconds, aligned to 1970 UTC; of whole weeks, to a Monday.
    Time(Timestamp),
    /// The months of the calendar, in UTC.
    Month,
}

const SECOND: Timestamp = 1_000_000;
const DAY: Timestamp = 86_400 * SECOND;
const WEEK: Timestamp = 7 * DAY;

/// 1970 began on a Thursday.
const MONDAY: Timestamp = 4 * DAY;

/// A second and a year: shorter windows are records, longer ones are not closed while anyone remembers them.
const LENGTHS: (f64, f64) = (1.0, 366.0 * 86_400.0);

impl Length {
    /// Reads `30s`, `5m`, `1h`, `1d`, `1w` or `month`, at least a second and at most 366 days.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "month" {
            return Some(Length::Month);
        }
        let length = seconds(text).filter(|it| (LENGTHS.0..=LENGTHS.1).contains(it))?;
        Some(Length::Time((length * 1e6).round() as Timestamp))
    }

    /// The start of the span that a time lies in, and its end; `None` beyond the times that there are.
    pub fn around(self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let length = match self {
            Length::Time(it) => it,
            Length::Month => return month(at),
        };
        let within = at.checked_sub(self.offset())?.checked_rem_euclid(length)?;
        let start = at.checked_sub(within)?;
        Some((start, start.checked_add(length)?))
    }

    /// Whether spans of this length fill each span of a longer one, from its start to its end.
    pub fn fills(self, longer: Length) -> bool {
        match (self, longer) {
            (Length::Time(it), Length::Time(longer_time)) => {
                it < longer_time && longer_time % it == 0 && (longer.offset() - self.offset()) % it == 0
            }
            (Length::Time(it), Length::Month) => DAY % it == 0,
            (Length::Month, _) => false,
        }
    }

    /// Where the spans begin that are counted from 1970.
    const fn offset(self) -> Timestamp {
        match self {
            Length::Time(it) if it % WEEK == 0 => MONDAY,
            _ => 0,
        }
    }

    fn shortest(self) -> Timestamp {
        match self {
            Length::Time(it) => it,
            Length::Month => 28 * DAY,
        }
    }
}

fn month(at: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let day = DateTime::from_timestamp_micros(at)?.date_naive().with_day(1)?;
    let micros = |it: NaiveDate| Some(it.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros());
    Some((micros(day)?, micros(day.checked_add_months(Months::new(1))?)?))
}

/// The shorter first; a month is as long as the shortest.
impl Ord for Length {
    fn cmp(&self, other: &Self) -> Ordering {
        self.shortest().cmp(&other.shortest()).then(matches!(self, Length::Month).cmp(&matches!(other, Length::Month)))
    }
}

impl PartialOrd for Length {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// In the largest unit that it is a whole number of: `90s`, `1h`, `month`.
impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Length::Time(micros) = *self else { return f.write_str("month") };
        let units = [(WEEK, "w"), (DAY, "d"), (3600 * SECOND, "h"), (60 * SECOND, "m"), (SECOND, "s"), (1000, "ms")];
        match units.into_iter().find(|(unit, _)| micros % unit == 0) {
            Some((unit, name)) => write!(f, "{}{name}", micros / unit),
            None => write!(f, "{}s", micros as f64 / 1e6),
        }
    }
}
