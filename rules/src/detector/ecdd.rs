//! `ecdd`: an exponentially weighted error rate against its control limit.

use super::cusum::LEAST;
use super::parts::{Mean, Tape};
use super::{Change, DetectorKind, Param, Range, Settings, Step, Takes};

pub(super) static KIND: DetectorKind = DetectorKind {
    name: "ecdd",
    aliases: &["ECDD", "ECDDWT", "ecdd_wt"],
    summary: "an error rate that rises, by a control chart of its weighted mean",
    takes: Takes::Bits,
    params: &[
        Param::number("lambda_", &["lambda"], 0.2, Range::Above(0.0, 1.0))
            .doc("the weight of the newest; the limits are made for 0.2"),
        Param::count("average_run_length", &["arl"], 400, 100, 1000)
            .doc("values between two drifts that are none: 100, 400 or 1000"),
        Param::number("warning_level", &[], 0.5, Range::Above(0.0, 1.0))
            .doc("the share of the limit that makes a warning"),
        LEAST,
    ],
    page: include_str!("ecdd.md"),
    make: |settings| {
        let it = Ecdd::new(settings).ok_or_else(|| {
            let given = settings.count("average_run_length");
            format!("`average_run_length` must be 100, 400 or 1000, not {given}")
        })?;
        Ok(Box::new(it))
    },
};

/// The control limit is a polynomial of the error rate: of its powers 0, 1, 3, 5 and 7 (Ross et al. 2012, table 1).
type Limit = [f64; 5];

#[derive(Clone, Debug)]
struct Ecdd {
    lambda: f64,
    limit: Limit,
    warning: f64,
    least: u64,
    rate: Mean,
    weighted: f64,
}

impl Ecdd {
    fn new(settings: &Settings) -> Option<Self> {
        let limit = match settings.count("average_run_length") {
            100 => [2.76, -6.23, 18.12, -312.45, 1002.18],
            400 => [3.97, -6.56, 48.73, -330.13, 848.18],
            1000 => [1.17, 7.56, -21.24, 112.12, -987.23],
            _ => return None,
        };
        Some(Ecdd {
            lambda: settings.number("lambda_"),
            limit,
            warning: settings.number("warning_level"),
            least: settings.count("min_num_instances"),
            rate: Mean::default(),
            weighted: 0.0,
        })
    }
}

fn limit_at([a, b, c, d, e]: Limit, rate: f64) -> f64 {
    a + b * rate + c * rate.powi(3) + d * rate.powi(5) + e * rate.powi(7)
}

impl Change for Ecdd {
    fn update(&mut self, value: f64) -> Step {
        self.rate.add(value);
        self.weighted = self.lambda * value + (1.0 - self.lambda) * self.weighted;
        if self.rate.n < self.least {
            return Step::default();
        }
        let rate = self.rate.mean;
        let shrunk = 1.0 - (1.0 - self.lambda).powf(2.0 * self.rate.n as f64);
        let error = (self.lambda / (2.0 - self.lambda) * shrunk * (rate * (1.0 - rate)).max(0.0)).sqrt();
        let limit = limit_at(self.limit, rate) * error;
        let drift = self.weighted > rate + limit;
        Step { drift, warning: !drift && self.weighted > rate + self.warning * limit }
    }

    fn reset(&mut self) {
        (self.rate, self.weighted) = (Mean::default(), 0.0);
    }

    fn state(&mut self, tape: &mut Tape) -> Option<()> {
        self.rate.state(tape)?;
        tape.number(&mut self.weighted)
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("error_rate", self.rate.mean), ("weighted_error_rate", self.weighted)]
    }

    fn copy(&self) -> Box<dyn Change> {
        Box::new(self.clone())
    }
}
