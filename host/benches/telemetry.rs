//! What a request pays for its place in a trace while nothing is recorded: `cargo bench -p driftline --bench telemetry`.

#![allow(clippy::print_stdout, reason = "a bench tells what it measured")]

use std::hint::black_box;
use std::time::Instant;

use driftline::telemetry::{Begun, Place, Span, note};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// Requests of a round; the best of many rounds is told, which others on the machine disturb least.
const ROUND: u32 = 3_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut best = [f64::MAX; 3];
    for _ in 0..100 {
        let bare = runtime.block_on(round(|| async { tokio::task::yield_now().await }));
        let fresh = runtime.block_on(round(|| request(None)));
        let told = runtime.block_on(round(|| request(Some(PARENT))));
        for (best, it) in best.iter_mut().zip([bare, fresh, told]) {
            *best = best.min(it);
        }
    }
    let [bare, fresh, told] = best;
    println!("without a traceparent: {:.0} ns a request; with one: {:.0} ns", fresh - bare, told - bare);
}

/// Nanoseconds of one of many.
async fn round<F: Future<Output = ()>>(one: impl Fn() -> F) -> f64 {
    let begun = Instant::now();
    for _ in 0..ROUND {
        one().await;
    }
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(ROUND)
}

/// What the frame and the handler of a check do.
async fn request(parent: Option<&str>) {
    let told = black_box(parent).and_then(|it| Place::told(it, ""));
    let (place, span) = Span::of_request(told, Begun::default);
    let answered = place.cover(async {
        note(|| [("driftline.suite", "payments".into()), ("driftline.suite.hash", "5".repeat(64).into())]);
        drop(Span::part("read"));
        drop(Span::part("check"));
        note(|| [("driftline.records", 1.into())]);
        let journal = Span::part("journal");
        tokio::task::yield_now().await;
        drop(journal);
    });
    answered.await;
    span.note(|| [("http.response.status_code", 200.into())]);
}
