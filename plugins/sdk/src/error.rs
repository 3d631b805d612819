//! Why there is no answer.

use std::fmt::{Display, Formatter};

use crate::bindings::types;

/// The result of everything that an author writes.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no answer. The instance stays usable.
///
/// Any other error becomes [`Error::Internal`] by `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The parameters do not fit together; the message is for the author of the suite.
    Params(String),
    /// The data does not fit.
    Input(String),
    /// There is too little data to answer: never an alarm, the expectation is skipped.
    TooLittle(String),
    /// A saved state is damaged or of another version.
    State(String),
    /// A fault of the plugin.
    Internal(String),
}

impl Error {
    /// The parameters do not fit together: "`min` is 5, above `max`, which is 3".
    pub fn params(message: impl Into<String>) -> Error {
        Error::Params(message.into())
    }

    /// The data does not fit: name the field and what was found.
    pub fn input(message: impl Into<String>) -> Error {
        Error::Input(message.into())
    }

    /// There is too little data: "12 rows, at least 30 are needed".
    pub fn too_little(message: impl Into<String>) -> Error {
        Error::TooLittle(message.into())
    }

    /// A fault of the plugin.
    pub fn internal(message: impl Into<String>) -> Error {
        Error::Internal(message.into())
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Params(it) | Error::Input(it) | Error::TooLittle(it) | Error::State(it) | Error::Internal(it) => {
                f.write_str(it)
            }
        }
    }
}

// `Error` is no `std::error::Error` itself, so that this holds for all that are.
impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Error {
        Error::Internal(error.to_string())
    }
}

/// To the border's own type. It is an error itself, so `From` is taken.
pub(crate) fn lower(error: Error) -> types::Error {
    match error {
        Error::Params(it) => types::Error::InvalidParams(it),
        Error::Input(it) => types::Error::InvalidInput(it),
        Error::TooLittle(it) => types::Error::InsufficientData(it),
        Error::State(it) => types::Error::InvalidState(it),
        Error::Internal(it) => types::Error::Internal(it),
    }
}
