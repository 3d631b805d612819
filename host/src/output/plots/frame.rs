//! What all plots have in common: the element with its title, escaped text, and lengths.

use std::fmt::Write as _;

use crate::output::words::whole;

/// An SVG element under way.
pub(super) struct Frame {
    pub out: String,
}

impl Frame {
    /// Of a width and a height in units of its own; `says` tells in words what it shows.
    pub fn new(class: &str, (width, height): (f64, f64), title: &str, says: &str) -> Self {
        let mut out = String::new();
        let label = if says.is_empty() { title.to_owned() } else { format!("{title}: {says}") };
        let _ = write!(
            out,
            "<svg class=\"plot {class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\" \
             xmlns=\"http://www.w3.org/2000/svg\">",
            escaped(&label)
        );
        Frame { out }
    }

    pub fn rect(&mut self, class: &str, [x, y, width, height]: [f64; 4], says: &str) {
        let (x, y, width, height) = (r(x), r(y), r(width.max(0.0)), r(height.max(0.0)));
        let _ = write!(self.out, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
        self.close("rect", says);
    }

    pub fn line(&mut self, class: &str, [x1, y1, x2, y2]: [f64; 4]) {
        let (x1, y1, x2, y2) = (r(x1), r(y1), r(x2), r(y2));
        let _ = write!(self.out, "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>");
    }

    pub fn path(&mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>, closed: bool) {
        let mut d = String::new();
        for (i, (x, y)) in points.into_iter().enumerate() {
            let _ = write!(d, "{}{} {}", if i == 0 { 'M' } else { 'L' }, r(x), r(y));
        }
        if !d.is_empty() {
            let _ = write!(self.out, "<path class=\"{class}\" d=\"{d}{}\"/>", if closed { "Z" } else { "" });
        }
    }

    pub fn circle(&mut self, class: &str, [x, y, radius]: [f64; 3], says: &str) {
        let _ = write!(self.out, "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"", r(x), r(y), r(radius));
        self.close("circle", says);
    }

    /// A diamond, for what is wrong: not colour alone tells it from a circle.
    pub fn diamond(&mut self, class: &str, [x, y, size]: [f64; 3], says: &str) {
        let (left, right, up, down) = (r(x - size), r(x + size), r(y - size), r(y + size));
        let (x, y) = (r(x), r(y));
        let _ = write!(self.out, "<path class=\"{class}\" d=\"M{x} {up}L{right} {y}L{x} {down}L{left} {y}Z\"");
        self.close("path", says);
    }

    /// Text at a place; `anchor` is `start`, `middle` or `end`.
    pub fn text(&mut self, anchor: &str, [x, y]: [f64; 2], text: &str) {
        let (x, y, text) = (r(x), r(y), escaped(text));
        let _ = write!(self.out, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    fn close(&mut self, element: &str, says: &str) {
        if says.is_empty() {
            self.out.push_str("/>");
        } else {
            let _ = write!(self.out, "><title>{}</title></{element}>", escaped(says));
        }
    }

    pub fn finish(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }
}

/// A length, to a tenth of a unit.
fn r(it: f64) -> f64 {
    let rounded = (it * 10.0).round() / 10.0;
    if rounded.is_finite() { rounded + 0.0 } else { 0.0 }
}

/// Text that can end neither an element nor an attribute, with control characters written out.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in whole(text).chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            it => out.push(it),
        }
    }
    out
}

/// The beginning of a text that has room for so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut beginning: String = text.chars().take(most.saturating_sub(1)).collect();
    beginning.push('…');
    beginning
}
