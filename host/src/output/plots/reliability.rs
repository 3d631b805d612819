//! A reliability diagram: how sure a model was beside how often it was right.

use serde::Serialize;
use utoipa::ToSchema;

use super::frame::Frame;
use super::numbers::{percent, short};

/// Records whose score is about the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct ReliabilityBin {
    /// Records.
    pub n: u64,
    /// Their mean score.
    pub predicted: f64,
    /// The share of them that is of the class, or was predicted right.
    pub observed: f64,
    /// The lower end of the share's interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// Draws it: bins without records are not there.
pub fn svg(bins: &[ReliabilityBin], title: &str, says: &str) -> String {
    const SIZE: f64 = 240.0;
    const LEFT: f64 = 40.0;
    const TOP: f64 = 10.0;
    const SIDE: f64 = 190.0;
    let mut frame = Frame::new("reliability", (SIZE, SIZE), title, says);
    let x = |it: f64| LEFT + it.clamp(0.0, 1.0) * SIDE;
    let y = |it: f64| TOP + (1.0 - it.clamp(0.0, 1.0)) * SIDE;
    for tick in [0.0, 0.5, 1.0] {
        frame.line("grid", [x(0.0), y(tick), x(1.0), y(tick)]);
        frame.line("grid", [x(tick), y(0.0), x(tick), y(1.0)]);
        frame.text("end", [LEFT - 5.0, y(tick) + 3.5], &short(tick));
        frame.text("middle", [x(tick), y(0.0) + 14.0], &short(tick));
    }
    frame.text("middle", [x(0.5), SIZE - 6.0], "how sure the model was");
    frame.line("bound", [x(0.0), y(0.0), x(1.0), y(1.0)]);
    for bin in bins {
        if let (Some(low), Some(high)) = (bin.low, bin.high) {
            frame.line("whisker", [x(bin.predicted), y(low), x(bin.predicted), y(high)]);
        }
    }
    frame.path("now", bins.iter().map(|it| (x(it.predicted), y(it.observed))), false);
    let most = bins.iter().map(|it| it.n).max().unwrap_or(1).max(1) as f64;
    for bin in bins {
        let radius = 2.5 + 4.0 * (bin.n as f64 / most).sqrt();
        let says = format!("score {}, {} of {} records", short(bin.predicted), percent(bin.observed), bin.n);
        frame.circle("now", [x(bin.predicted), y(bin.observed), radius], &says);
    }
    frame.finish()
}
