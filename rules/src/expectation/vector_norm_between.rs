//! The norm of each vector lies between two bounds.

use super::bounds::{Bounds, MAX, MIN};
use super::vector;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject, ValueCheck};
use crate::report::Outcome;
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "vector_norm_between",
    gx: "expect_column_vector_norms_to_be_between",
    in_gx: false,
    since: "0.1.0",
    summary: "the norm of each vector to lie between two bounds",
    subject: Subject::Field,
    scope: Scope::Record,
    mostly: true,
    params: &[
        Param { ty: ParamType::Positive, doc: "The smallest norm that is expected.", ..MIN },
        Param { ty: ParamType::Positive, doc: "The greatest norm that is expected.", ..MAX },
        Param::new(
            "norm",
            ParamType::Choice(&["l2", "l1", "max"]),
            "Which norm: the Euclidean length, the sum of the absolute components, or the greatest of them.",
        )
        .default("l2"),
    ],
    main: None,
    page: include_str!("vector_norm_between.md"),
    compile,
};

#[derive(Clone, Copy)]
enum Norm {
    L2,
    L1,
    Max,
}

impl Norm {
    fn name(self) -> &'static str {
        match self {
            Norm::L2 => "Euclidean norm",
            Norm::L1 => "l1 norm",
            Norm::Max => "maximum norm",
        }
    }

    /// `None` when the value is no vector. NaN among the components makes the norm NaN.
    fn of(self, value: &Value) -> Option<f64> {
        match self {
            Norm::L1 => vector::fold(value, 0.0, |sum, it| sum + it.abs()),
            Norm::Max => largest(value),
            Norm::L2 => {
                let sum = vector::fold(value, 0.0, |sum, it| sum + it * it)?;
                if sum.is_normal() {
                    return Some(sum.sqrt());
                }
                // The squares of very large or small components leave the range of floats.
                let largest = largest(value)?;
                if largest == 0.0 || !largest.is_finite() {
                    return Some(largest);
                }
                let sum = vector::fold(value, 0.0, |sum, it| sum + (it / largest) * (it / largest))?;
                Some(largest * sum.sqrt())
            }
        }
    }
}

fn largest(value: &Value) -> Option<f64> {
    vector::fold(value, 0.0, |max: f64, it| if it.is_nan() || max.is_nan() { f64::NAN } else { max.max(it.abs()) })
}

struct NormBetween {
    bounds: Bounds,
    norm: Norm,
}

fn compile(args: &Args, _: &mut Binder) -> Result<Check, String> {
    let bounds = Bounds::from_args(args);
    if bounds.is_open() {
        return Err("at least one of `min` and `max` is needed".to_owned());
    }
    if bounds.are_reversed() {
        return Err("`min` is above `max`".to_owned());
    }
    let norm = match args.text("norm") {
        Some("l1") => Norm::L1,
        Some("max") => Norm::Max,
        _ => Norm::L2,
    };
    Ok(Check::Value(Box::new(NormBetween { bounds, norm })))
}

impl ValueCheck for NormBetween {
    fn check(&self, value: &Value) -> Outcome {
        self.norm.of(value).map_or(Outcome::Mismatch, |it| self.bounds.judge(&Value::Num(it)))
    }

    fn bound(&self) -> String {
        format!("a vector of {} {}", self.norm.name(), self.bounds.describe())
    }

    fn why(&self, value: &Value) -> Option<String> {
        Some(match self.norm.of(value) {
            Some(it) => format!("its {} is {it}", self.norm.name()),
            None => vector::why_not(value),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_norm_neither_overflows_nor_vanishes() {
        let vector = |items: &[f64]| Value::List(items.iter().map(|it| Value::Num(*it)).collect());
        assert!(Norm::L2.of(&vector(&[3e200, 4e200])).is_some_and(|it| (it / 5e200 - 1.0).abs() < 1e-12));
        assert!(Norm::L2.of(&vector(&[3e-200, 4e-200])).is_some_and(|it| (it / 5e-200 - 1.0).abs() < 1e-12));
        assert_eq!(Norm::L2.of(&vector(&[0.0, 0.0])), Some(0.0));
        assert_eq!(Norm::L2.of(&vector(&[f64::INFINITY, 1.0])), Some(f64::INFINITY));
        assert!(Norm::L2.of(&vector(&[f64::NAN, 1.0])).is_some_and(f64::is_nan));
        assert!(Norm::Max.of(&vector(&[f64::NAN, 1.0])).is_some_and(f64::is_nan));
        assert_eq!(Norm::L1.of(&Value::List(vec![Value::Int(-3), Value::Num(0.5)])), Some(3.5));
        assert_eq!(Norm::L1.of(&Value::List(vec![Value::Int(1), Value::Null])), None);
    }
}
