//! What rules about the distribution of numbers refuse.

use crate::args::Form;
use crate::kind::View;
use crate::report::{Judgement, Status};
use crate::sketch::{NumberKind, Numbers};

/// Values that are no plain numbers: an error in a suite of GX's form, else a failure of the window. NaN is null
/// in GX's form, else a failure too.
pub fn refuse(view: &View, numbers: &Numbers) -> Result<(), Judgement> {
    let status = if view.form == Form::Gx { Status::Error } else { Status::Fail };
    if let Some(first) = numbers.refused_type() {
        let why = format!("{} of the values are no numbers, the first is of type {}", numbers.refused, first.name());
        return Err(Judgement::new(status).why(why));
    }
    if numbers.n > 0 && matches!(numbers.kind(), NumberKind::Times(_) | NumberKind::Mixed) {
        return Err(Judgement::new(status).why("there are dates among the values, which are no numbers"));
    }
    refuse_nan(view, numbers.nan)
}

/// NaN is null in GX's form, else no value that a distribution has.
pub fn refuse_nan(view: &View, nan: u64) -> Result<(), Judgement> {
    if view.form == Form::Short && nan > 0 {
        return Err(Judgement::new(Status::Fail).why(format!("{nan} of the values are not a number (NaN)")));
    }
    Ok(())
}
