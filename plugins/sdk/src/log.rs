//! Lines for the host's log. The host cuts long lines and drops too many.

/// Writes a line at the level `debug`.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Writes a line at the level `info`.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Writes a line at the level `warn`.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Writes a line at the level `error`.
pub fn error(message: &str) {
    write(Level::Error, message);
}

use crate::bindings::about::driftline::plugin::logging::Level;

#[cfg(target_arch = "wasm32")]
fn write(level: Level, message: &str) {
    crate::bindings::about::driftline::plugin::logging::log(level, message);
}

/// In native tests lines go where tests' output goes.
#[cfg(not(target_arch = "wasm32"))]
#[allow(clippy::print_stderr, reason = "a native run has no host to log to")]
fn write(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
}

/// Sends the message of a panic to the log: the trap that follows carries none.
pub(crate) fn catch_panics() {
    #[cfg(target_arch = "wasm32")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| std::panic::set_hook(Box::new(|info| error(&info.to_string()))));
    }
}
