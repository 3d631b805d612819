//! When something happened: a strip of equal parts of a span.

use super::frame::Frame;

/// A strip of parts, each with how often it happened there; `says` tells it in words.
pub fn svg(parts: &[u64], title: &str, says: &str) -> String {
    const WIDTH: f64 = 240.0;
    const HEIGHT: f64 = 16.0;
    let mut frame = Frame::new("strip", (WIDTH, HEIGHT), title, says);
    let most = parts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let width = WIDTH / parts.len().max(1) as f64;
    for (i, n) in parts.iter().enumerate() {
        let x = i as f64 * width;
        frame.rect("rest", [x, HEIGHT - 2.0, (width - 1.0).max(0.5), 2.0], "");
        if *n > 0 {
            // The height tells how often, so that it reads without colour.
            let height = 5.0 + (HEIGHT - 5.0) * *n as f64 / most;
            frame.rect("bad", [x, HEIGHT - height, (width - 1.0).max(0.5), height], "");
        }
    }
    frame.finish()
}
