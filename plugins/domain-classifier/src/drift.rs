//! The drift test.

use driftline_plugin::prelude::*;
use driftline_plugin_statistics::{Chance, Pair, Sample, normal_upper, pair};

use crate::auc::{Ranked, rank};
use crate::classifier::{Example, Model, fit, score};
use crate::features::Features;
use crate::rows::{self, Row};

/// Fewer rows of a window than this are too few to learn from.
const LEAST_ROWS: u64 = 50;

/// Drift by the area under the ROC curve of a classifier that tells the windows apart.
pub struct Drift {
    params: DriftParams,
    fields: Vec<String>,
    shape: [usize; 3],
}

/// How it learns.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DriftParams {
    /// How many different rows of a window are kept.
    #[schemars(range(min = 100, max = 10_000))]
    sample: usize,
    /// Into how many blocks rows are dealt. Each but the first is scored by what was learnt from those before.
    #[schemars(range(min = 2, max = 20))]
    blocks: usize,
    /// The penalty on coefficients: so many rows' worth.
    #[schemars(range(min = 0.001, max = 1000))]
    ridge: f64,
    /// How many fields are listed as moved.
    #[schemars(range(max = 100))]
    top: usize,
}

impl Default for DriftParams {
    fn default() -> DriftParams {
        DriftParams { sample: 2000, blocks: 5, ridge: 1.0, top: 5 }
    }
}

impl Summary for Drift {
    const ABOUT: Capability = Capability::new("drift", "records that a classifier cannot tell from the reference's")
        .inputs(&[
            Input::optional("numbers", &[ColumnType::Number], "fields that hold numbers").many(),
            Input::optional("categories", &[ColumnType::Category, ColumnType::Text], "fields with few different texts")
                .many(),
            Input::optional("texts", &[ColumnType::Text, ColumnType::Category], "fields that hold running text").many(),
        ])
        .outputs(&[
            Output::new("moved", "how much a field alone tells the windows apart: the mean difference it makes")
                .unit("nats"),
            Output::new("reference_rows", "how many rows of the reference were compared"),
            Output::new("current_rows", "how many rows of the window were compared"),
        ]);
    type Params = DriftParams;
    type State = Sample<Row>;

    fn open(params: DriftParams, inputs: &Inputs) -> Result<Self> {
        let names = ["numbers", "categories", "texts"];
        let shape = names.map(|it| inputs.fields(it).count());
        if shape.iter().sum::<usize>() == 0 {
            return Err(Error::params("bind at least one field to `numbers`, `categories` or `texts`"));
        }
        let fields = names.iter().flat_map(|it| inputs.fields(it)).map(str::to_owned).collect();
        Ok(Drift { params, fields, shape })
    }

    fn observe(&self, state: &mut Sample<Row>, rows: &Rows) -> Result<()> {
        rows::each(rows, |row| state.observe(self.params.sample, row))
    }

    fn merge(&self, state: &mut Sample<Row>, other: Sample<Row>) -> Result<()> {
        state.merge(self.params.sample, other);
        Ok(())
    }
}

impl DriftTest for Drift {
    fn compare(
        &self,
        context: &Context,
        reference: &Window<Sample<Row>>,
        current: &Window<Sample<Row>>,
    ) -> Result<Outcome> {
        let pairs = pair(&reference.state, &current.state)?;
        let shape = |it: &Row| [it.numbers.len(), it.categories.len(), it.texts.len()];
        if pairs.iter().any(|it| shape(&it.row) != self.shape) {
            return Err(Error::State("a sampled row has not one value for each field".to_owned()));
        }
        let n: u64 = pairs.iter().map(|it| it.reference).sum();
        let m: u64 = pairs.iter().map(|it| it.current).sum();
        if n.min(m) < LEAST_ROWS {
            let whole = reference.state.is_whole() && current.state.is_whole();
            let advice = if whole { "" } else { ": many rows repeat, so raise `sample`" };
            return Err(Error::too_little(format!(
                "{n} rows of the reference and {m} of the window can be compared, {LEAST_ROWS} of each are needed{advice}"
            )));
        }
        let features = Features::new(&pairs);
        let blocks = self.deal(context.seed, &pairs, &features);
        let mut model: Model = vec![0.0; features.fields.len() + 1];
        let mut learnt: Vec<Example> = Vec::new();
        let mut total = Ranked::default();
        for (at, block) in blocks.iter().enumerate() {
            if at > 0 {
                fit(&learnt, self.params.ridge, &mut model);
                let scores = block.iter().map(|it| (score(&model, it.features), it.reference, it.current));
                let ranked = rank(scores.collect());
                total.ordered += ranked.ordered;
                total.pairs += ranked.pairs;
                total.variance += ranked.variance;
            }
            learnt.extend(block);
        }
        if total.pairs == 0.0 {
            return Err(Error::too_little("no block has rows of both windows: use fewer `blocks`"));
        }
        // For the explanation alone a model may learn from all.
        fit(&learnt, self.params.ridge, &mut model);
        let auc = total.ordered / total.pairs;
        let away = total.ordered - total.pairs / 2.0;
        // Where all scores are equal nothing tells the windows apart.
        let p_value = if total.variance > 0.0 { normal_upper(away / total.variance.sqrt()) } else { 1.0 };
        let mut outcome = Outcome::new(auc);
        outcome.p_value = Some(p_value);
        outcome.details.add("reference_rows", n as f64);
        outcome.details.add("current_rows", m as f64);
        let moved = self.moved(&features, &model, &pairs, (n as f64, m as f64));
        for (field, by) in moved.iter().take(self.params.top) {
            outcome.details.add_of("moved", *by, &[("field", field)]);
        }
        let most: Vec<_> = moved.iter().filter(|it| it.1 > 0.0).take(3).map(|it| it.0).collect();
        let told = if most.is_empty() { String::new() } else { format!("; it looks most at {}", most.join(", ")) };
        outcome.explanation = Some(format!(
            "a classifier ranks a current record above one of the reference in {:.1} % of pairs (p = {p_value:.2e}){told}",
            100.0 * auc
        ));
        Ok(outcome)
    }
}

impl Drift {
    /// Deals rows to blocks by chance, each occurrence by itself, so that blocks are independent.
    fn deal<'f>(&self, seed: u64, pairs: &[Pair<Row>], features: &'f Features) -> Vec<Vec<Example<'f>>> {
        let mut blocks: Vec<Vec<Example>> = vec![Vec::new(); self.params.blocks];
        for (pair, features) in pairs.iter().zip(&features.rows) {
            let mut chance = Chance::new(seed ^ pair.hash);
            let (mut reference, mut current) = (pair.reference, pair.current);
            for (at, block) in blocks.iter_mut().enumerate() {
                let share = 1.0 / (self.params.blocks - at) as f64;
                let (a, b) = (chance.binomial(reference, share), chance.binomial(current, share));
                reference -= a;
                current -= b;
                if a + b > 0 {
                    block.push(Example { features, reference: a, current: b });
                }
            }
        }
        blocks
    }

    /// By how much each field raises the log-odds of current rows above those of the reference, the most first. What a
    /// product of two fields does is shared by both.
    fn moved(&self, features: &Features, model: &[f64], pairs: &[Pair<Row>], (n, m): (f64, f64)) -> Vec<(&str, f64)> {
        let mut by_field = vec![0.0; self.fields.len()];
        for (pair, row) in pairs.iter().zip(&features.rows) {
            let weight = pair.current as f64 / m - pair.reference as f64 / n;
            for (feature, value) in row {
                let (a, b) = features.fields[*feature as usize];
                let half = weight * value * model[*feature as usize + 1] / 2.0;
                by_field[a] += half;
                by_field[b] += half;
            }
        }
        let mut moved: Vec<(&str, f64)> = self.fields.iter().map(String::as_str).zip(by_field).collect();
        moved.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        moved
    }
}
