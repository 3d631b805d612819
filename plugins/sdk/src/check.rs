//! Record checks: a verdict on each record.

use std::marker::PhantomData;

use crate::about::{Open, Params, read_params};
use crate::bindings::about::exports::driftline::plugin::about;
use crate::bindings::record_check::exports::driftline::plugin::record_check as wit;
use crate::columns::{Inputs, Rows, View};
use crate::error::lower;
use crate::export::{Component, Plugin, unknown};
use crate::values::Values;
use crate::{Batch, Binding, Capability, Context, Result, log};

pub use wit::Finding;

/// A rule that judges each record.
///
/// It keeps nothing from batch to batch: `check` takes `&self`.
pub trait RecordCheck: Sized + 'static {
    /// What it says of itself.
    const ABOUT: Capability;

    /// Its parameters.
    type Params: Params;

    /// The rule with its parameters. Errors: parameters or inputs that do not fit together.
    fn open(params: Self::Params, inputs: &Inputs) -> Result<Self>;

    /// Judges some records; all pass that are neither failed nor skipped.
    fn check(&self, context: &Context, rows: &Rows, verdicts: &mut Verdicts) -> Result<()>;
}

/// Why a record failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A stable word to count by: `wrong-language`.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

impl Failure {
    /// A failure of this code.
    pub fn new(code: &'static str, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }
}

/// The verdicts on a batch: at first every record passes.
#[derive(Clone, Debug)]
pub struct Verdicts {
    rows: usize,
    passed: Vec<u8>,
    skipped: Option<Vec<u8>>,
    findings: Vec<Finding>,
    limit: usize,
}

impl Verdicts {
    pub(crate) fn new(rows: usize, limit: usize) -> Verdicts {
        Verdicts { rows, passed: vec![0xff; rows.div_ceil(8)], skipped: None, findings: Vec::new(), limit }
    }

    /// Judges every value of a column: a row without one is skipped, a failure fails its row.
    pub fn judge<'a, T: Values<'a>>(
        &mut self,
        values: &View<'a, T>,
        mut judge: impl FnMut(T::Value) -> Option<Failure>,
    ) {
        for (row, value) in values.iter().enumerate() {
            match value.map(&mut judge) {
                None => self.skip(row),
                Some(None) => {}
                Some(Some(failure)) => self.fail(row, values.column(), failure.code, || failure.message),
            }
        }
    }

    /// The record does not hold. `column` is to blame, if one is; the message is made only if it is wanted.
    pub fn fail(
        &mut self,
        row: usize,
        column: impl Into<Option<u32>>,
        code: &'static str,
        message: impl FnOnce() -> String,
    ) {
        if row >= self.rows {
            return;
        }
        self.passed[row / 8] &= !(1 << (row % 8));
        // The host wants the first failures in order of rows, in whatever order they are found.
        let at = self.findings.partition_point(|it| it.row as usize <= row);
        if at < self.limit {
            self.findings.truncate(self.limit - 1);
            let (row, column) = (row as u32, column.into());
            self.findings.insert(at, Finding { row, column, code: code.to_owned(), message: message() });
        }
    }

    /// There is nothing to judge in the record.
    pub fn skip(&mut self, row: usize) {
        if row < self.rows {
            let skipped = self.skipped.get_or_insert_with(|| vec![0; self.rows.div_ceil(8)]);
            skipped[row / 8] |= 1 << (row % 8);
        }
    }

    fn finish(self) -> wit::Verdicts {
        wit::Verdicts { passed: self.passed, skipped: self.skipped, findings: self.findings }
    }
}

/// A record check that was opened, whichever it is.
pub trait OpenCheck {
    /// Judges a batch; see `wit/`.
    fn check(&self, context: &Context, batch: &Batch, max_findings: u32) -> Result<wit::Verdicts>;
}

struct Opened<C> {
    rule: C,
    bindings: Vec<Binding>,
}

impl<C: RecordCheck> OpenCheck for Opened<C> {
    fn check(&self, context: &Context, batch: &Batch, max_findings: u32) -> Result<wit::Verdicts> {
        let rows = Rows::new(&self.bindings, batch)?;
        let mut verdicts = Verdicts::new(rows.len(), max_findings as usize);
        self.rule.check(context, &rows, &mut verdicts)?;
        Ok(verdicts.finish())
    }
}

/// A record check of a plugin, not opened yet.
pub struct CheckEntry {
    /// Its name in suites.
    pub id: &'static str,
    pub(crate) describe: fn() -> about::Capability,
    /// Opens it with parameters as JSON.
    pub open: Open<dyn OpenCheck>,
}

/// The entry of a record check.
pub fn entry<C: RecordCheck>() -> CheckEntry {
    CheckEntry {
        id: C::ABOUT.id,
        describe: || C::ABOUT.describe::<C::Params>(about::Kind::RecordCheck),
        open: open::<C>,
    }
}

fn open<C: RecordCheck>(params: &str, bindings: Vec<Binding>) -> Result<Box<dyn OpenCheck>> {
    C::ABOUT.check_bindings(&bindings)?;
    let rule = C::open(read_params(C::ABOUT.id, params)?, &Inputs(&bindings))?;
    Ok(Box::new(Opened { rule, bindings }))
}

/// The resource of the border.
pub struct Checker<P> {
    check: Box<dyn OpenCheck>,
    plugin: PhantomData<P>,
}

impl<P: Plugin> wit::Guest for Component<P> {
    type Checker = Checker<P>;
}

impl<P: Plugin> wit::GuestChecker for Checker<P> {
    fn open(capability: String, params: String, columns: Vec<Binding>) -> Result<wit::Checker, wit::Error> {
        log::catch_panics();
        let entry = P::record_checks().into_iter().find(|it| it.id == capability);
        let entry = entry.ok_or_else(|| lower(unknown(&capability)))?;
        let check = (entry.open)(&params, columns).map_err(lower)?;
        Ok(wit::Checker::new(Checker { check, plugin: PhantomData::<P> }))
    }

    fn check(&self, context: Context, rows: Batch, max_findings: u32) -> Result<wit::Verdicts, wit::Error> {
        self.check.check(&context, &rows, max_findings).map_err(lower)
    }
}
