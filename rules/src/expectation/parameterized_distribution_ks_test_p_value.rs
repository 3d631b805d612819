//! The values could come from a distribution that is known by its formula.

use super::distribution::{Distribution, NAMES};
use super::kolmogorov;
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, SketchId, Subject, View, WindowCheck};
use crate::report::{Judgement, Status};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "parameterized_distribution_ks_test_p_value",
    gx: "expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than",
    in_gx: false,
    since: "0.1.0",
    summary: "the values to be distributed by a formula, as far as a Kolmogorov-Smirnov test tells",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("distribution", ParamType::Choice(NAMES), "The distribution, by scipy's name.").required(),
        Param::new("params", ParamType::ListOrMapping, "Its parameters: scipy's in their order, or by name."),
        Param::new("p_value", ParamType::Ratio, "The smallest p that passes; neither 0 nor 1.").default("0.05"),
    ],
    main: None,
    page: include_str!("parameterized_distribution_ks_test_p_value.md"),
    compile,
};

struct KsTest {
    distribution: Distribution,
    params: Value<'static>,
    least: f64,
    name: String,
    values: SketchId,
}

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let name = args.text("distribution").unwrap_or_default().to_owned();
    let params = args.get("params").cloned();
    let distribution = Distribution::new(&name, params.as_ref())?;
    let least = args.number("p_value").unwrap_or(0.05);
    if least <= 0.0 || least >= 1.0 {
        return Err("`p_value` must be between 0 and 1, both excluded".to_owned());
    }
    let values = binder.sketch(Spec::Values { rows: false, budget: binder.budget });
    let params = params.unwrap_or(Value::Null);
    Ok(Check::Window(Box::new(KsTest { distribution, params, least, name, values })))
}

impl WindowCheck for KsTest {
    fn judge(&self, view: &View) -> Judgement {
        let bound = format!("{} with p of at least {}", self.name, self.least);
        let Sketch::Values(values) = view.sketch(self.values) else {
            return Judgement::error("no summary was kept");
        };
        let test = match kolmogorov::test(view, values, |it| self.distribution.cdf(it)) {
            Ok(test) => test,
            Err(judgement) => return judgement.bound(bound),
        };
        let result = Value::List(vec![Value::Num(test.distance), Value::Num(test.p)]);
        let details = vec![("expected_params".into(), self.params.clone()), ("observed_ks_result".into(), result)];
        let status = Status::of(test.most >= self.least);
        let distance = test.distance;
        let why = format!("the distribution of the values is up to {distance:.4} from {}", self.name);
        let judgement = Judgement { why: (status == Status::Fail).then_some(why), ..Judgement::new(status) };
        let judgement = judgement.observed(Value::Num(test.p)).details(Value::Map(details));
        judgement.bound(bound).within(values.error_bound())
    }
}
