//! The names of parameters in messages.

use crate::args::Args;
use crate::kind::Kind;

/// A message about a parameter, under the name that it has in the form that the author wrote.
pub fn about(args: &Args, kind: &Kind, param: &str, message: &str) -> String {
    let gx = kind.param(param).filter(|_| args.is_gx()).map(|it| it.gx);
    format!("`{}`: {message}", gx.unwrap_or(param))
}
