//! Which number is the year, which the month and which the day.

/// What a year, month or day was said to be.
#[derive(Clone, Copy, PartialEq)]
pub enum Label {
    Month,
    Year,
}

/// Numbers that are years, months or days, in the order of the text.
#[derive(Default)]
pub struct Calendar {
    pub numbers: Vec<i64>,
    year_at: Option<usize>,
    month_at: Option<usize>,
    pub century_specified: bool,
}

impl Calendar {
    pub fn push(&mut self, number: i64, label: Option<Label>) -> Option<()> {
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
    pub fn push_text(&mut self, text: &str, label: Option<Label>) -> Option<()> {
        let number = digits(text)?;
        if text.len() <= 2 {
            return self.push(number, label);
        }
        self.century_specified = true;
        self.push(number, Some(Label::Year))
    }

    /// A number by its value: more than 100 makes a year.
    pub fn push_number(&mut self, number: Number) -> Option<()> {
        if number.whole < 100 || number.whole == 100 && !number.has_fraction {
            return self.push(number.whole, None);
        }
        self.century_specified = true;
        self.push(number.whole, Some(Label::Year))
    }

    pub fn at(&self, at: usize) -> Option<i64> {
        self.numbers.get(at).copied()
    }

    pub fn could_be_day(&self, number: Number) -> bool {
        let month = self.month_at.and_then(|at| self.at(at));
        let year = self.year_at.and_then(|at| self.at(at));
        let last = month.map_or(31, |month| days_in(year.unwrap_or(2000), month));
        number.whole >= 1 && (number.whole < last || number.whole == last && !number.has_fraction)
    }

    /// Which of the numbers is the year, the month and the day; `None` when there are too many.
    // One arm a rule of dateutil's, also where two end alike.
    #[allow(clippy::match_same_arms)]
    pub fn resolve(&self) -> Option<[Option<i64>; 3]> {
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
pub fn days_in(year: i64, month: i64) -> i64 {
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
pub struct Number {
    pub whole: i64,
    pub has_fraction: bool,
}

impl Number {
    pub fn read(text: &str) -> Option<Number> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if whole.is_empty() || !fraction.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        Some(Number { whole: digits(whole)?, has_fraction: fraction.bytes().any(|it| it != b'0') })
    }
}

/// An integer, `i64::MAX` when it is larger: no field can hold that anyway.
pub fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())).then(|| text.parse().unwrap_or(i64::MAX))
}
