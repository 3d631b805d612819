//! Few of the values are the empty text.

use super::{
    aggregate::{self, Aggregate},
    bounds::Bounds,
};
use crate::kind::{Args, Binder, Check, Kind, Param, ParamType, Scope, Subject};
use crate::sketch::{Sketch, Spec};
use crate::value::Value;

/// The kind.
pub static KIND: Kind = Kind {
    name: "empty_share",
    gx: "expect_column_empty_share_to_be_at_most",
    in_gx: false,
    since: "0.1.0",
    summary: "few of the values to be the empty text",
    subject: Subject::Field,
    scope: Scope::Window,
    mostly: false,
    params: &[
        Param::new("max", ParamType::Ratio, "The largest share of empty texts.").gx("max_share").required(),
        Param::new("blank", ParamType::Bool, "Whether text of white space alone is empty.").default("false"),
    ],
    main: Some("max"),
    page: include_str!("empty_share.md"),
    compile,
};

fn compile(args: &Args, binder: &mut Binder) -> Result<Check, String> {
    let id = binder.sketch(Spec::Presence);
    let blank = args.flag("blank");
    let bounds = Bounds { max: args.get("max").cloned(), ..Bounds::default() };
    Ok(aggregate::within(bounds, move |view| {
        let Sketch::Presence(it) = view.sketch(id) else { return Ok(Aggregate::exact(None)) };
        let values = aggregate::there(it, view);
        let empty = if blank { it.blank } else { it.empty };
        Ok(Aggregate::exact((values > 0).then(|| Value::Num(empty as f64 / values as f64))))
    }))
}
