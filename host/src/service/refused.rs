//! Why a change of suites or plugins is refused.

use crate::store;

/// Why a suite or a plugin was not put, activated or removed. `Own` is what only the one or the other is refused for.
#[derive(Debug)]
pub enum Refused<Own> {
    /// Its name or version is none.
    Name(String),
    /// The folder has one of this name.
    OfFolder,
    /// There is no such name or version.
    Unknown,
    /// For this.
    Because(Own),
    /// The service failed.
    Failed(String),
    /// The store did not answer.
    Store(store::Error),
}

impl<Own> From<store::Error> for Refused<Own> {
    fn from(error: store::Error) -> Self {
        Refused::Store(error)
    }
}
