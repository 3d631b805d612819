//! The distribution functions that a column can be tested against, with scipy's parameters.

use statrs::function::{beta::checked_beta_reg, erf::erfc, gamma::checked_gamma_lr};

use crate::value::Value;

/// The names, as scipy has them.
pub const NAMES: &[&str] = &["norm", "beta", "gamma", "uniform", "chi2", "expon"];

/// A distribution, moved by `loc` and stretched by `scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution {
    shape: Shape,
    loc: f64,
    scale: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Norm,
    Beta(f64, f64),
    /// Also chi2, whose shape is half the degrees of freedom and whose scale is doubled.
    Gamma(f64),
    Uniform,
    Expon,
}

/// The largest shape parameter: the series behind the functions take longer the larger it is.
const MOST: f64 = 1e6;

impl Distribution {
    /// From scipy's positional parameters as a list, or GX's names for them as a mapping.
    pub fn new(name: &str, params: Option<&Value>) -> Result<Self, String> {
        let names: &[&[&str]] = match name {
            "norm" => &[&["mean", "loc"], &["std_dev", "scale"]],
            "beta" => &[&["alpha", "a"], &["beta", "b"], &["loc"], &["scale"]],
            "gamma" => &[&["alpha", "a"], &["loc"], &["scale"]],
            "uniform" => &[&["loc", "min"], &["scale"]],
            "chi2" => &[&["df"], &["loc"], &["scale"]],
            _ => &[&["loc"], &["scale"]],
        };
        let given = match params {
            None => vec![None; names.len()],
            Some(Value::List(items)) => listed(name, items, names.len())?,
            Some(it @ Value::Map(_)) => named(name, it, names)?,
            Some(_) => return Err("`params` must be a list or a mapping".to_owned()),
        };
        let at = |at: usize| given.get(at).copied().flatten();
        let shape_at = |place: usize| {
            let it = at(place).filter(|it| *it > 0.0 && *it <= MOST);
            let what = names.get(place).and_then(|it| it.first()).copied().unwrap_or_default();
            it.ok_or_else(|| format!("`{name}` needs `{what}`, a number above 0 and at most {MOST}"))
        };
        let (shape, n_shapes) = match name {
            "norm" => (Shape::Norm, 0),
            "beta" => (Shape::Beta(shape_at(0)?, shape_at(1)?), 2),
            "gamma" => (Shape::Gamma(shape_at(0)?), 1),
            "chi2" => (Shape::Gamma(shape_at(0)? / 2.0), 1),
            "uniform" => (Shape::Uniform, 0),
            _ => (Shape::Expon, 0),
        };
        let loc = at(n_shapes).unwrap_or(0.0);
        let mut scale = at(n_shapes + 1).unwrap_or(1.0);
        if !(scale > 0.0 && scale.is_finite() && loc.is_finite()) {
            return Err("the scale (`std_dev`, `scale`) must be above 0".to_owned());
        }
        if name == "chi2" {
            scale *= 2.0;
        }
        Ok(Distribution { shape, loc, scale })
    }

    /// The probability of a value of at most `it`.
    pub fn cdf(&self, it: f64) -> f64 {
        let x = (it - self.loc) / self.scale;
        if x.is_infinite() {
            return if x > 0.0 { 1.0 } else { 0.0 };
        }
        match self.shape {
            Shape::Norm => 0.5 * erfc(-x / std::f64::consts::SQRT_2),
            _ if x <= 0.0 => 0.0,
            Shape::Beta(..) | Shape::Uniform if x >= 1.0 => 1.0,
            Shape::Beta(a, b) => checked_beta_reg(a, b, x).unwrap_or(f64::NAN),
            Shape::Gamma(a) => checked_gamma_lr(a, x).unwrap_or(f64::NAN),
            Shape::Uniform => x,
            Shape::Expon => -(-x).exp_m1(),
        }
    }
}

fn listed(name: &str, items: &[Value], most: usize) -> Result<Vec<Option<f64>>, String> {
    if items.len() > most {
        return Err(format!("`{name}` has at most {most} parameters"));
    }
    let number = |it: &Value| it.as_f64().map(Some).ok_or_else(|| "`params` must be numbers".to_owned());
    items.iter().map(number).collect()
}

fn named(name: &str, given: &Value, names: &[&[&str]]) -> Result<Vec<Option<f64>>, String> {
    let Value::Map(members) = given else { return Ok(Vec::new()) };
    for (it, _) in members {
        let known = names.iter().any(|names| names.contains(&it.as_ref())) || (name == "uniform" && it == "max");
        if !known {
            let all: Vec<_> = names.iter().filter_map(|it| it.first().copied()).collect();
            return Err(format!("`{name}` has no parameter `{it}`; it has {}", all.join(", ")));
        }
    }
    let number = |names: &[&str]| match names.iter().find_map(|it| given.get(it)) {
        None | Some(Value::Null) => Ok(None),
        Some(it) => it.as_f64().map(Some).ok_or_else(|| format!("`{}` must be a number", names.join("` or `"))),
    };
    let mut found: Vec<Option<f64>> = names.iter().map(|it| number(it)).collect::<Result<_, _>>()?;
    if let (Some(max), [loc, scale]) = (number(&["max"])?, found.as_mut_slice()) {
        *scale = Some(max - loc.unwrap_or(0.0));
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, clippy::approx_constant, reason = "as scipy prints them")]
mod tests {
    use super::*;

    /// Distribution, parameters, place and `scipy.stats.<distribution>.cdf`, scipy 1.17.1.
    const LAWS: &[(&str, &[f64], f64, f64)] = &[
        ("norm", &[0.0, 1.0], -4.753424308822899, 1e-06),
        ("norm", &[0.0, 1.0], -1.6448536269514729, 0.049999999999999975),
        ("norm", &[0.0, 1.0], 0.0, 0.5),
        ("norm", &[0.0, 1.0], 1.2815515655446004, 0.8999999999999999),
        ("norm", &[0.0, 1.0], 3.719016485455709, 0.9999),
        ("norm", &[10.0, 2.5], -1.8835607720572476, 1e-06),
        ("norm", &[10.0, 2.5], 5.887865932621318, 0.049999999999999975),
        ("norm", &[10.0, 2.5], 10.0, 0.5),
        ("norm", &[10.0, 2.5], 13.203878913861502, 0.9),
        ("norm", &[10.0, 2.5], 19.29754121363927, 0.9999),
        ("beta", &[2.0, 3.0], 0.0004083594602042573, 1.0000000000000002e-06),
        ("beta", &[2.0, 3.0], 0.09761146288641434, 0.05),
        ("beta", &[2.0, 3.0], 0.3857275681323895, 0.4999999999999999),
        ("beta", &[2.0, 3.0], 0.6795394162781817, 0.9),
        ("beta", &[2.0, 3.0], 0.9705412504285347, 0.9999),
        ("beta", &[0.5, 0.5, 1.0, 4.0], 1.0000000000098697, 1.0000028493113333e-06),
        ("beta", &[0.5, 0.5, 1.0, 4.0], 1.0246233188097245, 0.04999999999999991),
        ("beta", &[0.5, 0.5, 1.0, 4.0], 2.9999999999999996, 0.49999999999999994),
        ("beta", &[0.5, 0.5, 1.0, 4.0], 4.902113032590307, 0.9000000000000002),
        ("beta", &[0.5, 0.5, 1.0, 4.0], 4.999999901303957, 0.9998999999997882),
        ("gamma", &[0.3], 6.97269909640939e-21, 1.0000000000000006e-06),
        ("gamma", &[0.3], 3.211034699722965e-05, 0.04999999999999998),
        ("gamma", &[0.3], 0.07313113586695198, 0.5),
        ("gamma", &[0.3], 0.8848107733602443, 0.9000000000000001),
        ("gamma", &[0.3], 6.694659795421892, 0.9999),
        ("gamma", &[5.0, 1.0, 2.0], 1.3381260032429545, 9.999999999999993e-07),
        ("gamma", &[5.0, 1.0, 2.0], 4.9402991361190605, 0.05000000000000001),
        ("gamma", &[5.0, 1.0, 2.0], 10.34181776559197, 0.5000000000000003),
        ("gamma", &[5.0, 1.0, 2.0], 16.987179172105265, 0.9000000000000001),
        ("gamma", &[5.0, 1.0, 2.0], 36.564013941952396, 0.9999),
        ("gamma", &[500.0], 400.81221880343287, 1.0000000000000031e-06),
        ("gamma", &[500.0], 463.7971815104895, 0.049999999999999926),
        ("gamma", &[500.0], 499.6667062016905, 0.5000000000000001),
        ("gamma", &[500.0], 528.861950690807, 0.9),
        ("gamma", &[500.0], 587.4667482920802, 0.9999),
        ("uniform", &[], 1e-06, 1e-06),
        ("uniform", &[], 0.05, 0.05),
        ("uniform", &[], 0.5, 0.5),
        ("uniform", &[], 0.9, 0.9),
        ("uniform", &[], 0.9999, 0.9999),
        ("uniform", &[2.0, 4.0], 2.000004, 1.0000000000287557e-06),
        ("uniform", &[2.0, 4.0], 2.2, 0.050000000000000044),
        ("uniform", &[2.0, 4.0], 4.0, 0.5),
        ("uniform", &[2.0, 4.0], 5.6, 0.8999999999999999),
        ("uniform", &[2.0, 4.0], 5.9996, 0.9999),
        ("chi2", &[3.0], 0.00024181048720124264, 9.999999999999995e-07),
        ("chi2", &[3.0], 0.35184631774927144, 0.049999999999999996),
        ("chi2", &[3.0], 2.3659738843753377, 0.49999999999999994),
        ("chi2", &[3.0], 6.251388631170325, 0.8999999999999999),
        ("chi2", &[3.0], 21.107513466160444, 0.9999),
        ("chi2", &[100.0, -5.0, 0.5], 18.25066535794657, 1.0000000000000129e-06),
        ("chi2", &[100.0, -5.0, 0.5], 33.96473258250863, 0.04999999999999999),
        ("chi2", &[100.0, -5.0, 0.5], 44.66706461799423, 0.5),
        ("chi2", &[100.0, -5.0, 0.5], 54.24900190553106, 0.9),
        ("chi2", &[100.0, -5.0, 0.5], 75.65932847952404, 0.9999),
        ("expon", &[], 1.0000005000003334e-06, 1e-06),
        ("expon", &[], 0.051293294387550536, 0.05000000000000001),
        ("expon", &[], 0.6931471805599453, 0.5),
        ("expon", &[], 2.302585092994046, 0.9),
        ("expon", &[], 9.210340371976294, 0.9999),
        ("expon", &[1.0, 3.0], 1.0000030000015, 1.000000000035865e-06),
        ("expon", &[1.0, 3.0], 1.1538798831626516, 0.04999999999999999),
        ("expon", &[1.0, 3.0], 3.0794415416798357, 0.5),
        ("expon", &[1.0, 3.0], 7.907755278982138, 0.9),
        ("expon", &[1.0, 3.0], 28.63102111592888, 0.9999),
    ];

    #[test]
    fn the_functions_are_those_of_scipy() {
        for (name, params, x, cdf) in LAWS {
            let params = Value::List(params.iter().copied().map(Value::Num).collect());
            let got = Distribution::new(name, Some(&params)).map_or(f64::NAN, |it| it.cdf(*x));
            assert!((got - cdf).abs() <= 1e-9 * cdf.max(1e-3), "{name} {params:?} {x}: {got} {cdf}");
        }
    }

    #[test]
    fn a_uniform_distribution_may_be_given_by_its_ends() {
        let ends = Value::Map(vec![("min".into(), Value::Int(2)), ("max".into(), Value::Int(6))]);
        let list = Value::List(vec![Value::Int(2), Value::Int(4)]);
        assert_eq!(Distribution::new("uniform", Some(&ends)), Distribution::new("uniform", Some(&list)));
    }
}
