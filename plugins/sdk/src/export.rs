//! From an author's types to a component: the trait that `export!` implements, and the border's functions on it.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::about::exports::driftline::plugin::about;
use crate::bindings::drift_test::exports::driftline::plugin::drift_test as drift;
use crate::bindings::metric::exports::driftline::plugin::metric;
use crate::check::CheckEntry;
use crate::error::lower;
use crate::summary::{OpenSummary, SummaryEntry};
use crate::{Batch, Binding, Context, Error, Measurement, Result, log};

/// A plugin: what [`export!`](crate::export!) makes of its list.
pub trait Plugin: 'static {
    /// Lower-case letters, digits and hyphens: the package's name.
    const NAME: &'static str;
    /// Semantic version: the package's.
    const VERSION: &'static str;
    /// One sentence: the package's.
    const DESCRIPTION: &'static str;
    /// Documentation, specification and test: Markdown with cases that the host runs.
    const PAGE: &'static str;

    /// Its record checks.
    fn record_checks() -> Vec<CheckEntry>;
    /// Its metrics.
    fn metrics() -> Vec<SummaryEntry>;
    /// Its drift tests.
    fn drift_tests() -> Vec<SummaryEntry>;
}

/// What the border calls.
pub struct Component<P>(PhantomData<P>);

impl<P: Plugin> about::Guest for Component<P> {
    fn describe() -> about::Descriptor {
        log::catch_panics();
        let checks = P::record_checks().into_iter().map(|it| (it.describe)());
        let summaries = P::metrics().into_iter().chain(P::drift_tests()).map(|it| (it.describe)());
        about::Descriptor {
            name: P::NAME.to_owned(),
            version: P::VERSION.to_owned(),
            description: P::DESCRIPTION.to_owned(),
            page: P::PAGE.to_owned(),
            capabilities: checks.chain(summaries).collect(),
        }
    }
}

pub(crate) fn unknown(capability: &str) -> Error {
    Error::params(format!("the plugin has no capability `{capability}`"))
}

/// The summary of a drift test or a metric, as a resource of the border.
pub struct Shared<P> {
    summary: RefCell<Box<dyn OpenSummary>>,
    plugin: PhantomData<P>,
}

impl<P> Shared<P> {
    fn open(entries: Vec<SummaryEntry>, capability: &str, params: &str, columns: Vec<Binding>) -> Result<Shared<P>> {
        log::catch_panics();
        let entry = entries.into_iter().find(|it| it.id == capability).ok_or_else(|| unknown(capability))?;
        Ok(Shared { summary: RefCell::new((entry.open)(params, columns)?), plugin: PhantomData })
    }

    fn change(&self, change: impl FnOnce(&mut dyn OpenSummary) -> Result<()>) -> Result<(), drift::Error> {
        let mut summary = self.summary.try_borrow_mut().map_err(|it| lower(it.into()))?;
        change(summary.as_mut()).map_err(lower)
    }
}

impl<P: Plugin> drift::Guest for Component<P> {
    type Summary = Shared<P>;

    fn compare(
        context: Context,
        reference: drift::SummaryBorrow<'_>,
        current: drift::SummaryBorrow<'_>,
    ) -> Result<drift::Outcome, drift::Error> {
        let (reference, current) = (reference.get::<Shared<P>>(), current.get::<Shared<P>>());
        let current = current.summary.borrow();
        reference.summary.borrow().compare(&context, current.as_ref()).map_err(lower)
    }
}

impl<P: Plugin> drift::GuestSummary for Shared<P> {
    fn open(capability: String, params: String, columns: Vec<Binding>) -> Result<drift::Summary, drift::Error> {
        Shared::<P>::open(P::drift_tests(), &capability, &params, columns).map(drift::Summary::new).map_err(lower)
    }

    fn observe(&self, rows: Batch) -> Result<(), drift::Error> {
        self.change(|it| it.observe(&rows))
    }

    fn merge(&self, state: Vec<u8>) -> Result<(), drift::Error> {
        self.change(|it| it.merge(&state))
    }

    fn save(&self) -> Result<Vec<u8>, drift::Error> {
        self.summary.borrow().save().map_err(lower)
    }

    fn rows(&self) -> u64 {
        self.summary.borrow().rows()
    }
}

impl<P: Plugin> metric::Guest for Component<P> {
    type Accumulator = Shared<P>;
}

impl<P: Plugin> metric::GuestAccumulator for Shared<P> {
    fn open(capability: String, params: String, columns: Vec<Binding>) -> Result<metric::Accumulator, metric::Error> {
        Shared::<P>::open(P::metrics(), &capability, &params, columns).map(metric::Accumulator::new).map_err(lower)
    }

    fn observe(&self, rows: Batch) -> Result<(), metric::Error> {
        self.change(|it| it.observe(&rows))
    }

    fn merge(&self, state: Vec<u8>) -> Result<(), metric::Error> {
        self.change(|it| it.merge(&state))
    }

    fn save(&self) -> Result<Vec<u8>, metric::Error> {
        self.summary.borrow().save().map_err(lower)
    }

    fn rows(&self) -> u64 {
        self.summary.borrow().rows()
    }

    fn finish(&self, context: Context) -> Result<Vec<Measurement>, metric::Error> {
        self.summary.borrow().finish(&context).map_err(lower)
    }
}

/// Makes the crate a plugin: names its page and the types that implement its capabilities.
///
/// Name, version and description are those of `Cargo.toml`. Leave out the kinds that there are none of; the order
/// is record checks, metrics, drift tests. It defines `pub struct Plugin`, which tests may ask.
///
/// ```ignore
/// driftline_plugin::export! {
///     page: include_str!("../page.md"),
///     record_checks: [Length, Refusal],
///     metrics: [Repetition],
/// }
/// ```
#[macro_export]
macro_rules! export {
    (
        page: $page:expr
        $(, record_checks: [$($check:ty),+ $(,)?])?
        $(, metrics: [$($metric:ty),+ $(,)?])?
        $(, drift_tests: [$($test:ty),+ $(,)?])?
        $(,)?
    ) => {
        /// The plugin of this crate.
        pub struct Plugin;

        impl $crate::export::Plugin for Plugin {
            const NAME: &'static str = env!("CARGO_PKG_NAME");
            const VERSION: &'static str = env!("CARGO_PKG_VERSION");
            const DESCRIPTION: &'static str = env!("CARGO_PKG_DESCRIPTION");
            const PAGE: &'static str = $page;

            fn record_checks() -> ::std::vec::Vec<$crate::check::CheckEntry> {
                ::std::vec![$($($crate::check::entry::<$check>()),+)?]
            }

            fn metrics() -> ::std::vec::Vec<$crate::summary::SummaryEntry> {
                ::std::vec![$($($crate::summary::metric::<$metric>()),+)?]
            }

            fn drift_tests() -> ::std::vec::Vec<$crate::summary::SummaryEntry> {
                ::std::vec![$($($crate::summary::drift_test::<$test>()),+)?]
            }
        }

        // Natively the crate is a library for tests and exports nothing.
        #[cfg(target_arch = "wasm32")]
        type Exported = $crate::export::Component<Plugin>;
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::about::export_about!(Exported with_types_in $crate::bindings::about);
        $(
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::record_check::export_record_check!(Exported with_types_in $crate::bindings::record_check);
            $(const _: fn() -> $crate::check::CheckEntry = $crate::check::entry::<$check>;)+
        )?
        $(
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::metric::export_metric!(Exported with_types_in $crate::bindings::metric);
            $(const _: fn() -> $crate::summary::SummaryEntry = $crate::summary::metric::<$metric>;)+
        )?
        $(
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::drift_test::export_drift_test!(Exported with_types_in $crate::bindings::drift_test);
            $(const _: fn() -> $crate::summary::SummaryEntry = $crate::summary::drift_test::<$test>;)+
        )?
    };
}
