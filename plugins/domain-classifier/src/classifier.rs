//! Logistic regression on sparse rows.

/// The coefficients: the intercept first, then one for each feature.
pub type Model = Vec<f64>;

/// A row to learn from.
#[derive(Clone, Copy, Debug)]
pub struct Example<'f> {
    /// Features that are not 0.
    pub features: &'f [(u32, f64)],
    /// How many reference rows are so.
    pub reference: u64,
    /// How many current rows are so.
    pub current: u64,
}

/// The log-odds that a row is of the current window.
pub fn score(model: &[f64], features: &[(u32, f64)]) -> f64 {
    let of = |at: usize| model.get(at).copied().unwrap_or(0.0);
    of(0) + features.iter().map(|(feature, it)| of(*feature as usize + 1) * it).sum::<f64>()
}

/// Goes on from `model` towards the least penalised loss: `ridge / 2` times the squared coefficients, without the
/// intercept, and both windows with equal weight in all. Newton's method, each step by conjugate gradients.
pub fn fit(examples: &[Example], ridge: f64, model: &mut Model) {
    let n: u64 = examples.iter().map(|it| it.reference).sum();
    let m: u64 = examples.iter().map(|it| it.current).sum();
    if n == 0 || m == 0 {
        return;
    }
    let half = (n + m) as f64 / 2.0;
    let weights: Vec<(f64, f64)> = examples
        .iter()
        .map(|it| (it.reference as f64 * half / n as f64, it.current as f64 * half / m as f64))
        .collect();
    let problem = Problem { examples, weights, ridge };
    let mut loss = problem.loss(model);
    for _ in 0..12 {
        let (gradient, curvature) = problem.gradient(model);
        if norm(&gradient) < 1e-4 * half {
            return;
        }
        let step = problem.newton_step(&gradient, &curvature);
        let mut length = 1.0;
        loop {
            let next: Model = model.iter().zip(&step).map(|(it, by)| it + length * by).collect();
            let reached = problem.loss(&next);
            if reached < loss {
                (*model, loss) = (next, reached);
                break;
            }
            length /= 2.0;
            if length < 1e-3 {
                return;
            }
        }
    }
}

struct Problem<'e> {
    examples: &'e [Example<'e>],
    /// Of the reference and of the current rows.
    weights: Vec<(f64, f64)>,
    ridge: f64,
}

impl Problem<'_> {
    fn loss(&self, model: &[f64]) -> f64 {
        let penalty: f64 = model.iter().skip(1).map(|it| it * it).sum::<f64>() * self.ridge / 2.0;
        let losses = self.examples.iter().zip(&self.weights).map(|(it, (n, m))| {
            let score = score(model, it.features);
            n * softplus(score) + m * softplus(-score)
        });
        losses.sum::<f64>() + penalty
    }

    /// The gradient, and the weight of each example in the curvature.
    fn gradient(&self, model: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut gradient: Vec<f64> = model.iter().map(|it| self.ridge * it).collect();
        if let Some(intercept) = gradient.first_mut() {
            *intercept = 0.0;
        }
        let mut curvature = Vec::with_capacity(self.examples.len());
        for (it, (n, m)) in self.examples.iter().zip(&self.weights) {
            let odds = 1.0 / (1.0 + (-score(model, it.features)).exp());
            add(&mut gradient, it.features, (n + m) * odds - m);
            curvature.push((n + m) * odds * (1.0 - odds));
        }
        (gradient, curvature)
    }

    /// Solves curvature times step equal to minus gradient, well enough for a step.
    fn newton_step(&self, gradient: &[f64], curvature: &[f64]) -> Vec<f64> {
        let mut diagonal = vec![self.ridge.max(1e-9); gradient.len()];
        for (it, weight) in self.examples.iter().zip(curvature) {
            diagonal[0] += weight;
            for (feature, value) in it.features {
                diagonal[*feature as usize + 1] += weight * value * value;
            }
        }
        let mut step = vec![0.0; gradient.len()];
        let mut residual: Vec<f64> = gradient.iter().map(|it| -it).collect();
        let mut scaled: Vec<f64> = residual.iter().zip(&diagonal).map(|(it, by)| it / by).collect();
        let mut direction = scaled.clone();
        let mut size = dot(&residual, &scaled);
        let enough = 1e-2 * norm(gradient);
        for _ in 0..20 {
            let bent = self.bend(&direction, curvature);
            let along = dot(&direction, &bent);
            if along <= 0.0 {
                break;
            }
            let length = size / along;
            step.iter_mut().zip(&direction).for_each(|(it, by)| *it += length * by);
            residual.iter_mut().zip(&bent).for_each(|(it, by)| *it -= length * by);
            if norm(&residual) < enough {
                break;
            }
            scaled = residual.iter().zip(&diagonal).map(|(it, by)| it / by).collect();
            let next = dot(&residual, &scaled);
            direction.iter_mut().zip(&scaled).for_each(|(it, new)| *it = new + next / size * *it);
            size = next;
        }
        step
    }

    fn bend(&self, direction: &[f64], curvature: &[f64]) -> Vec<f64> {
        let mut bent: Vec<f64> = direction.iter().map(|it| self.ridge * it).collect();
        bent[0] = 0.0;
        for (it, weight) in self.examples.iter().zip(curvature) {
            add(&mut bent, it.features, weight * score(direction, it.features));
        }
        bent
    }
}

/// Adds a row, with 1 for the intercept, times a factor.
fn add(sum: &mut [f64], features: &[(u32, f64)], factor: f64) {
    sum[0] += factor;
    for (feature, value) in features {
        sum[*feature as usize + 1] += factor * value;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// `ln(1 + e^x)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::{Example, fit};

    #[test]
    fn it_finds_the_least_loss() {
        // Of one feature that is there or not the log-odds are known: ln(30/10 / (20/40)) between the two, no penalty.
        let (with, without) = ([(0, 1.0)], []);
        let examples = [
            Example { features: &with, reference: 10, current: 30 },
            Example { features: &without, reference: 40, current: 20 },
        ];
        let mut model = vec![0.0; 2];
        fit(&examples, 0.0, &mut model);
        assert!((model[1] - 6_f64.ln()).abs() < 1e-3, "{model:?}");
        assert!((model[0] - 0.5_f64.ln()).abs() < 1e-3, "{model:?}");
        // What tells both apart entirely stays bounded.
        let apart = [
            Example { features: &with, reference: 0, current: 50 },
            Example { features: &without, reference: 50, current: 0 },
        ];
        let mut model = vec![0.0; 2];
        fit(&apart, 1.0, &mut model);
        assert!(model[1] > 3.0 && model[1] < 10.0, "{model:?}");
    }
}
