//! What `increasing` and `decreasing` share.

use super::records::{self, Found};
use crate::kind::{Args, Binder, Check, Form, Param, ParamType, SketchId, View, WindowCheck};
use crate::report::Judgement;
use crate::sketch::{Sketch, Spec, Type};

/// `strictly`.
pub const STRICTLY: Param =
    Param::new("strictly", ParamType::Bool, "Whether a value that equals the one before is refused.").default("false");

struct Order {
    increasing: bool,
    strictly: bool,
    runs: SketchId,
    types: SketchId,
}

/// The check of either direction.
pub fn compile(args: &Args, binder: &mut Binder, increasing: bool) -> Check {
    let runs = binder.sketch(Spec::Runs { increasing });
    let types = binder.sketch(Spec::Types);
    Check::Window(Box::new(Order { increasing, strictly: args.flag("strictly"), runs, types }))
}

impl WindowCheck for Order {
    fn judge(&self, view: &View) -> Judgement {
        let (Sketch::Runs(runs), Sketch::Types(types)) = (view.sketch(self.runs), view.sketch(self.types)) else {
            return Judgement::error("no summary was kept");
        };
        let incomparable = runs.incomparable();
        if view.form == Form::Gx {
            let no_difference = [Type::String, Type::Array, Type::Object];
            if let Some(it) = no_difference.into_iter().find(|it| types.count(*it) > 0) {
                let why = format!("there is no difference between values of type {}", it.name());
                return Judgement::error(why).bound(self.bound());
            }
            if let Some((row, it)) = incomparable.first() {
                let why = format!("row {row} ({}) cannot be compared with the value before it", it.type_name());
                return Judgement::error(why).bound(self.bound());
            }
        }
        let n_incomparable = incomparable.len();
        let mut members = runs.violations(self.strictly);
        members.extend(incomparable);
        members.sort_by_key(|it| it.0);
        let unexpected = members.len() as u64;
        let mut why = format!("{unexpected} values are not {} the one before", self.word());
        if n_incomparable > 0 {
            why = format!("{why}, {n_incomparable} of them because they cannot be compared with it");
        }
        let judged = runs.n;
        let found = Found { judged, unexpected, surely: unexpected, members, error: None, why: Some(why) };
        records::judge(view, self.bound(), found)
    }
}

impl Order {
    const fn word(&self) -> &'static str {
        match (self.increasing, self.strictly) {
            (true, true) => "above",
            (true, false) => "at or above",
            (false, true) => "below",
            (false, false) => "at or below",
        }
    }

    fn bound(&self) -> String {
        format!("each value {} the one before", self.word())
    }
}
