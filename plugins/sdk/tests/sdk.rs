//! The SDK by small plugins: views, verdicts, states, messages, and laws that find what is broken.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::panic::catch_unwind;

use driftline_plugin::prelude::*;
use driftline_plugin::{Params, export};

/// Fails every row and says what it read of each column.
struct Everything;

impl RecordCheck for Everything {
    const ABOUT: Capability = Capability::new("everything", "nothing").inputs(&[
        Input::required("number", &[ColumnType::Number, ColumnType::Integer], "a number"),
        Input::required("integer", &[ColumnType::Integer], "an integer"),
        Input::required("boolean", &[ColumnType::Boolean], "a boolean"),
        Input::required("text", &[ColumnType::Text, ColumnType::Category], "a text"),
        Input::required("time", &[ColumnType::Timestamp], "a point in time"),
        Input::required("vector", &[ColumnType::Vector], "a vector"),
        Input::required("json", &[ColumnType::Json], "a document"),
        Input::optional("more", &[ColumnType::Number], "further numbers").many(),
    ]);
    type Params = NoParams;

    fn open(_: NoParams, _: &Inputs) -> Result<Self> {
        Ok(Everything)
    }

    fn check(&self, _: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()> {
        let more: Vec<Numbers> = rows.all("more")?;
        // Backwards: the order of findings must not depend on it.
        for row in (0..rows.len()).rev() {
            let cells = (
                rows.numbers("number")?.get(row),
                rows.integers("integer")?.get(row),
                rows.booleans("boolean")?.get(row),
                rows.texts("text")?.get(row),
                rows.timestamps("time")?.get(row),
                rows.vectors("vector")?.get(row),
                rows.json("json")?.get(row),
                more.iter().filter_map(|it| it.get(row)).sum::<f64>(),
            );
            verdicts.fail(row, 3, "seen", || format!("{cells:?}"));
        }
        Ok(())
    }
}

fn everything() -> Columns {
    Columns::new()
        .integers("number", [1, 2])
        .integers("integer", [Some(7), None])
        .booleans("boolean", [Some(false), None])
        .categories("text", [Some("é"), None])
        .timestamps("time", [Some(5), None])
        .vectors("vector", [Some(vec![1.0, 2.0]), None])
        .json("json", [Some("{}"), None])
        .numbers("more", [1.0, 10.0])
        .numbers("more", [Some(2.0), None])
}

#[test]
fn every_type_is_read_and_a_missing_value_is_none() {
    let judged = testing::check::<Everything>(&json!({}), &everything()).unwrap();
    let said: Vec<_> = judged.findings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "(Some(1.0), Some(7), Some(false), Some(\"é\"), Some(5), Some([1.0, 2.0]), Some(\"{}\"), 3.0)",
            "(Some(2.0), None, None, None, None, None, None, 10.0)",
        ]
    );
    testing::record_check_laws::<Everything>(&json!({}), &everything());
}

#[test]
fn what_does_not_fit_is_said() {
    let complaint = |params, columns: &Columns| {
        testing::check::<Everything>(&params, columns).map(|it| it.verdicts.len()).unwrap_err()
    };
    let unknown = complaint(json!({ "limit": 3 }), &everything());
    assert!(matches!(&unknown, Error::Params(it) if it.contains("everything: unknown field `limit`")), "{unknown:?}");
    let missing = complaint(json!({}), &Columns::new().numbers("number", [1.0]));
    assert_eq!(missing, Error::input("the input `integer` of everything is bound to no field"));
    let wrong = complaint(json!({}), &everything().texts("more", ["a", "b"]));
    assert_eq!(wrong, Error::input("the field `more` comes as text, but the input `more` of everything takes number"));
    let twice = complaint(json!({}), &everything().integers("number", [1, 2]));
    assert_eq!(twice, Error::input("the input `number` of everything is bound to 2 fields, but takes one"));
    let stranger = complaint(json!({}), &everything().numbers("other", [1.0, 2.0]));
    assert_eq!(stranger, Error::input("everything has no input `other`"));
}

/// The mean, merged as the parameter says.
struct Mean {
    lies: Lie,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Lie {
    None,
    ForgetsTheOther,
    TakesTheOther,
    CountsTheEmpty,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MeanParams {
    /// What is wrong with merging.
    lies: Lie,
}

#[derive(Default, Serialize, Deserialize)]
struct Sum {
    count: f64,
    sum: f64,
}

impl Summary for Mean {
    const ABOUT: Capability = Capability::new("mean", "the mean")
        .inputs(&[Input::required("number", &[ColumnType::Number], "a number")])
        .outputs(&[Output::new("mean", "the mean")]);
    type Params = MeanParams;
    type State = Sum;

    fn open(params: MeanParams, _: &Inputs) -> Result<Self> {
        Ok(Mean { lies: params.lies })
    }

    fn observe(&self, state: &mut Sum, rows: &Rows) -> Result<()> {
        for number in rows.numbers("number")?.present() {
            state.count += 1.0;
            state.sum += number;
        }
        Ok(())
    }

    fn merge(&self, state: &mut Sum, other: Sum) -> Result<()> {
        match self.lies {
            Lie::ForgetsTheOther => {}
            Lie::TakesTheOther => *state = other,
            Lie::None | Lie::CountsTheEmpty => {
                state.count += other.count + if self.lies == Lie::None { 0.0 } else { 1.0 };
                state.sum += other.sum;
            }
        }
        Ok(())
    }
}

impl Metric for Mean {
    fn finish(&self, _: &Context, window: &Window<Sum>) -> Result<Measurements> {
        if window.rows == 0 {
            return Err(Error::too_little("no row"));
        }
        let mut measured = Measurements::new();
        measured.add("mean", window.state.sum / window.state.count);
        Ok(measured)
    }
}

impl DriftTest for Mean {
    fn compare(&self, _: &Context, reference: &Window<Sum>, current: &Window<Sum>) -> Result<Outcome> {
        let mut outcome = Outcome::new(current.state.sum - reference.state.sum);
        if current.rows > 100 {
            outcome.details.add("undeclared", 1.0);
        }
        Ok(outcome)
    }
}

#[test]
fn laws_hold_for_the_honest_and_find_the_liars() {
    let columns = Columns::new().numbers("number", (0..20).map(|it| (it % 4 > 0).then(|| f64::from(it * it))));
    testing::metric_laws::<Mean>(&json!({ "lies": "none" }), &columns, 1e-12);
    testing::drift_test_laws::<Mean>(&json!({ "lies": "none" }), &columns, 1e-12);
    for lie in ["forgets_the_other", "takes_the_other", "counts_the_empty"] {
        let columns = columns.clone();
        let found = catch_unwind(move || testing::metric_laws::<Mean>(&json!({ "lies": lie }), &columns, 1e-12));
        assert!(found.is_err(), "the law did not find what {lie}");
    }
}

#[test]
fn too_little_is_no_fault_and_an_undeclared_output_is_one() {
    let params = json!({ "lies": "none" });
    let none = Columns::new().numbers("number", Vec::<f64>::new());
    assert_eq!(testing::measure::<Mean>(&params, &none).unwrap_err(), Error::too_little("no row"));
    let many = Columns::new().numbers("number", vec![1.0; 101]);
    let found = testing::compare::<Mean>(&params, &many, &many).unwrap_err();
    assert_eq!(found, Error::internal("mean measured `undeclared`, which is not among its outputs"));
}

driftline_plugin::export! {
    page: "# sdk\n```yaml suite\n- driftline-plugin.everything: {}\n- driftline-plugin.mean: {}\n```",
    record_checks: [Everything],
    metrics: [Mean],
}

#[test]
fn a_plugin_describes_itself() {
    testing::describes_itself::<Plugin>();
    assert_eq!(<Plugin as export::Plugin>::NAME, "driftline-plugin");
    let schema: serde_json::Value = serde_json::from_str(&MeanParams::schema()).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], json!(["lies"]));
    assert_eq!(schema["properties"]["lies"]["description"], "What is wrong with merging.");
}
