//! The values of several fields of a record add up to a total.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::several::{IGNORE_SEVERAL, is_null};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, RowCheck, Scope, Subject};
use crate::python;
use crate::report::Outcome;
use crate::row::{Row, Slot};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "multicolumn_sum_equal",
    gx: "expect_multicolumn_sum_to_equal",
    in_gx: true,
    since: "0.1.0",
    summary: "the values of several fields to add up to a total in each record",
    subject: Subject::Fields(2),
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param::new("total", ParamType::Number, "The sum that is expected.").gx("sum_total").required(),
        Param::new(
            "tolerance",
            ParamType::Positive,
            "How far the sum may lie from `total`; Great Expectations has no such parameter.",
        )
        .default("0"),
        IGNORE_SEVERAL,
    ],
    main: Some("total"),
    page: include_str!("multicolumn_sum_equal.md"),
    compile,
};

struct SumEqual {
    slots: Vec<Slot>,
    total: f64,
    tolerance: f64,
    gx: bool,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    if args.is_gx() && args.get("tolerance").is_some() {
        return Err("`tolerance` is for the short form; Great Expectations does not have it".to_owned());
    }
    Ok(Check::Row(Box::new(SumEqual {
        slots: binder.slots.clone(),
        total: args.number("total").unwrap_or_default(),
        tolerance: args.number("tolerance").unwrap_or_default(),
        gx: args.is_gx(),
    })))
}

/// What a record's values add up to.
enum Sum {
    /// Of whole numbers, which fit: a row has fewer than 2^16 cells of 64 bits.
    Whole(i128),
    /// Of decimals and whole numbers.
    Exact(Decimal),
    /// In order, as floats.
    Float(f64),
}

impl SumEqual {
    /// `Err`: there is no sum, and how that counts.
    fn sum(&self, row: &Row) -> Result<Sum, Outcome> {
        let values = || self.slots.iter().map(|it| row.at(*it));
        // A null makes the sum null, whatever stands beside it.
        if values().any(|it| is_null(it, self.gx)) {
            return Err(Outcome::Fail);
        }
        // Python adds text to text and lists to lists, which gives no number.
        if values().all(|it| matches!(it, Value::Str(_))) || values().all(|it| matches!(it, Value::List(_))) {
            return Err(Outcome::Fail);
        }
        values().try_fold(Sum::Whole(0), Sum::plus).ok_or(Outcome::Mismatch)
    }
}

impl Sum {
    /// `None` when the value is no number.
    fn plus(self, value: &Value) -> Option<Sum> {
        let whole = match value {
            Value::Int(it) => Some(i128::from(*it)),
            Value::Big(it) => Some(i128::from(*it)),
            Value::Bool(it) => Some(i128::from(*it)),
            _ => None,
        };
        if let (Sum::Whole(sum), Some(it)) = (&self, whole) {
            return Some(Sum::Whole(sum + it));
        }
        let term = match value {
            Value::Dec(it) => Some(*it),
            _ => whole.and_then(Decimal::from_i128),
        };
        let sum = match self {
            Sum::Whole(it) => Decimal::from_i128(it),
            Sum::Exact(it) => Some(it),
            Sum::Float(_) => None,
        };
        match sum.zip(term).and_then(|(sum, term)| sum.checked_add(term)) {
            Some(it) => Some(Sum::Exact(it)),
            None => Some(Sum::Float(self.as_f64() + value.as_f64()?)),
        }
    }

    fn as_f64(&self) -> f64 {
        match self {
            Sum::Whole(it) => *it as f64,
            Sum::Exact(it) => Value::Dec(*it).as_f64().unwrap_or(f64::NAN),
            Sum::Float(it) => *it,
        }
    }

    /// The difference from a total that is compared with the tolerance.
    fn distance(&self, total: f64) -> f64 {
        match self {
            // Without rounding the sum first.
            Sum::Whole(it) if total.fract() == 0.0 && total.abs() < 1e30 => (it - total as i128).unsigned_abs() as f64,
            _ => (self.as_f64() - total).abs(),
        }
    }
}

impl RowCheck for SumEqual {
    fn check(&self, row: &Row) -> Outcome {
        match self.sum(row) {
            Ok(sum) => Outcome::of(sum.distance(self.total) <= self.tolerance),
            Err(outcome) => outcome,
        }
    }

    fn bound(&self) -> String {
        let total = python::text(&Value::Num(self.total)).into_owned();
        if self.tolerance > 0.0 {
            format!("a sum of {total} up to {}", self.tolerance)
        } else {
            format!("a sum of {total}")
        }
    }

    fn why(&self, row: &Row) -> Option<String> {
        Some(match self.sum(row) {
            Ok(sum) => format!("the sum is {}", sum.as_f64()),
            Err(Outcome::Fail) => "a value is missing, or all are text, so there is no sum".to_owned(),
            Err(_) => "some of the values are no numbers".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: &[Value]) -> Option<f64> {
        let start = Some(Sum::Whole(0));
        values.iter().fold(start, |sum, it| sum?.plus(it)).map(|it| it.as_f64())
    }

    #[test]
    fn sums_that_fit_no_integer_or_decimal_go_on_as_floats() {
        let max = Value::Dec(Decimal::MAX);
        let twice = 2.0 * 79_228_162_514_264_337_593_543_950_335.0;
        assert_eq!(sum(&[max.clone(), max.clone()]), Some(twice));
        assert_eq!(sum(&[Value::Int(1), max.clone(), max.clone(), Value::Num(0.5)]), Some(twice));
        let many = vec![Value::Big(u64::MAX); 1 << 10];
        assert_eq!(sum(&many), Some(18_446_744_073_709_551_615_f64 * 1024.0));
        assert_eq!(sum(&[Value::Dec(Decimal::new(1, 1)), Value::Int(2), Value::Bool(true)]), Some(3.1));
        assert_eq!(sum(&[Value::Int(1), Value::List(Vec::new())]), None);
    }
}
