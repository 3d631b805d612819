//! Numbers that were predicted beside those that were true. Definitions are scikit-learn's 1.9.

use super::confusion::ratio;

/// What follows from pairs of true and predicted numbers; units are those of the numbers, unless said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regression {
    /// Pairs.
    pub n: u64,
    /// The mean absolute error.
    pub mae: f64,
    /// The mean squared error, in squared units.
    pub mse: f64,
    /// Its root.
    pub rmse: f64,
    /// The mean absolute error relative to the truth, of which the least is 2.2e-16; a ratio.
    pub mape: f64,
    /// The median absolute error.
    pub median_absolute_error: f64,
    /// The largest.
    pub max_error: f64,
    /// The bias: the mean of prediction less truth.
    pub mean_error: f64,
    /// The variance of the error, in squared units.
    pub error_variance: f64,
    /// The coefficient of determination; `None` when the truth does not vary.
    pub r2: Option<f64>,
    /// The share of the truth's variance that is explained; `None` when the truth does not vary.
    pub explained_variance: Option<f64>,
    /// The root of the mean squared difference of `ln(1 + y)`; `None` with a number of -1 or less.
    pub rmsle: Option<f64>,
    /// The variances of the means: of the absolute, squared, relative and plain error.
    variances: [f64; 4],
}

/// What is the mean of a number a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeanOf {
    /// [`Regression::mae`].
    Absolute,
    /// [`Regression::mse`].
    Squared,
    /// [`Regression::mape`].
    Relative,
    /// [`Regression::mean_error`].
    Plain,
}

impl Regression {
    /// Of pairs of truth and prediction, both finite; `None` of none.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let n = pairs.len() as f64;
        let mean = |f: &dyn Fn(f64, f64) -> f64| sum(pairs.iter().map(|(y, p)| f(*y, *p))) / n;
        let error = |y: f64, p: f64| p - y;
        let relative = |y: f64, p: f64| (p - y).abs() / y.abs().max(f64::EPSILON);
        let (truth, bias) = (mean(&|y, _| y), mean(&error));
        let mut absolute: Vec<f64> = pairs.iter().map(|(y, p)| (p - y).abs()).collect();
        absolute.sort_by(f64::total_cmp);
        let last = *absolute.last()?;
        let at = |i: usize| absolute.get(i).copied().unwrap_or(f64::NAN);
        let median = f64::midpoint(at((absolute.len() - 1) / 2), at(absolute.len() / 2));
        let (mae, mse, mape) = (mean(&|y, p| (p - y).abs()), mean(&|y, p| (p - y).powi(2)), mean(&relative));
        let spread = mean(&|y, _| (y - truth).powi(2));
        let unexplained = mean(&|y, p| (p - y - bias).powi(2));
        let logs = pairs.iter().all(|(y, p)| *y > -1.0 && *p > -1.0);
        let of_mean = |f: &dyn Fn(f64, f64) -> f64, about: f64| {
            if n < 2.0 { f64::NAN } else { mean(&|y, p| (f(y, p) - about).powi(2)) / (n - 1.0) }
        };
        Some(Regression {
            n: pairs.len() as u64,
            mae,
            mse,
            rmse: mse.sqrt(),
            mape,
            median_absolute_error: median,
            max_error: last,
            mean_error: bias,
            error_variance: unexplained,
            r2: ratio(mse, spread).map(|it| 1.0 - it),
            explained_variance: ratio(unexplained, spread).map(|it| 1.0 - it),
            rmsle: logs.then(|| mean(&|y, p| (p.ln_1p() - y.ln_1p()).powi(2)).sqrt()),
            variances: [
                of_mean(&|y, p| (p - y).abs(), mae),
                of_mean(&|y, p| (p - y).powi(2), mse),
                of_mean(&relative, mape),
                of_mean(&error, bias),
            ],
        })
    }

    /// The mean and its standard error, which is NaN of a single pair.
    pub fn mean(&self, of: MeanOf) -> (f64, f64) {
        let [absolute, squared, relative, plain] = self.variances.map(f64::sqrt);
        match of {
            MeanOf::Absolute => (self.mae, absolute),
            MeanOf::Squared => (self.mse, squared),
            MeanOf::Relative => (self.mape, relative),
            MeanOf::Plain => (self.mean_error, plain),
        }
    }
}

/// The mean quantile loss of predictions of the quantile `q`; `None` of no pairs.
pub fn quantile_loss(pairs: &[(f64, f64)], q: f64) -> Option<f64> {
    let loss = |(y, p): &(f64, f64)| if y >= p { q * (y - p) } else { (1.0 - q) * (p - y) };
    ratio(sum(pairs.iter().map(loss)), pairs.len() as f64)
}

/// Neumaier's sum: what is lost to rounding is kept beside.
fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut rest) = (0.0_f64, 0.0_f64);
    for it in numbers {
        let next = sum + it;
        rest += if sum.abs() >= it.abs() { (sum - next) + it } else { (it - next) + sum };
        sum = next;
    }
    sum + rest
}
