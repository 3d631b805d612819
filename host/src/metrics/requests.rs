//! Requests by path, method and status.
//!
//! The path is the router's template, found in a tree as the router itself finds it: a name that a client made up is
//! never a label.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use driftline_rules::family::{Family, Sample, Series};
use driftline_rules::time::Timestamp;

use super::counts::Durations;
use super::list;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "other"];
/// What is answered; everything else is counted under the last.
const STATUSES: [u16; 20] =
    [200, 201, 202, 204, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 422, 429, 500, 503, 0];
/// The path of what fits none.
const OTHER: &str = "other";

/// What was asked, and how it was answered.
#[derive(Default)]
pub struct Requests {
    paths: OnceLock<Paths>,
    in_flight: AtomicI64,
}

struct Paths {
    tree: matchit::Router<usize>,
    /// By number of the path, then by method; the last path is [`OTHER`].
    all: Vec<(String, [Answers; METHODS.len()])>,
}

struct Answers {
    by_status: [AtomicU64; STATUSES.len()],
    durations: Durations,
}

/// A request that is being answered, until it is dropped.
pub struct Answering<'r>(&'r Requests);

/// Of which path and method a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(usize, usize);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Requests {
    /// Says which paths there are; only the first time counts.
    pub fn know(&self, templates: impl Iterator<Item = String>) {
        let _ = self.paths.get_or_init(|| {
            let mut tree = matchit::Router::new();
            let mut all: Vec<_> = Vec::new();
            for template in templates {
                // Two of one place differ in the names of their parts alone, and the first stands for both.
                if tree.insert(template.as_str(), all.len()).is_ok() {
                    all.push((template, answers()));
                }
            }
            all.push((OTHER.to_owned(), answers()));
            Paths { tree, all }
        });
    }

    /// Counts a request as being answered.
    pub fn begin(&self) -> Answering<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Answering(self)
    }

    /// What kind of request it is.
    pub fn kind(&self, method: &str, path: &str) -> Kind {
        let method = METHODS.iter().position(|it| *it == method).unwrap_or(METHODS.len() - 1);
        let place = self.paths.get().map_or(0, |it| match it.tree.at(path) {
            Ok(found) => *found.value,
            Err(_) => it.all.len() - 1,
        });
        Kind(place, method)
    }

    /// The template of its path; `None`: it fits none.
    pub fn path(&self, Kind(place, _): Kind) -> Option<&str> {
        self.paths.get()?.all.get(place).map(|it| it.0.as_str()).filter(|it| *it != OTHER)
    }

    /// Counts a request that was answered; `trace` is the trace that it was part of.
    pub fn answered(&self, Kind(place, method): Kind, status: u16, time: Duration, trace: Option<(&str, Timestamp)>) {
        let Some(answers) = self.paths.get().and_then(|it| it.all.get(place)?.1.get(method)) else { return };
        let status = STATUSES.iter().position(|it| *it == status).unwrap_or(STATUSES.len() - 1);
        if let Some(count) = answers.by_status.get(status) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        match trace {
            Some((id, at)) => answers.durations.observe_traced(time, id, at),
            None => answers.durations.observe(time),
        }
    }

    /// What was counted by now.
    pub fn families(&self) -> [Family; 3] {
        let (mut counts, mut durations) = (list::REQUESTS.family(), list::REQUEST_DURATION.family());
        let paths = self.paths.get().map_or(&[][..], |it| it.all.as_slice());
        for (path, by_method) in paths {
            for (method, answers) in METHODS.iter().zip(by_method) {
                for (status, count) in STATUSES.iter().zip(&answers.by_status) {
                    let count = count.load(Ordering::Relaxed);
                    if count > 0 {
                        let status = if *status == 0 { OTHER.to_owned() } else { status.to_string() };
                        let labels = list::REQUESTS.labelled(&[path, method, &status]);
                        counts.series.push(Series { labels, sample: Sample::Number(count as f64, None) });
                    }
                }
                if let Some(sample) = answers.durations.now() {
                    let labels = list::REQUEST_DURATION.labelled(&[path, method]);
                    durations.series.push(Series { labels, sample });
                }
            }
        }
        let in_flight = list::IN_FLIGHT.single(self.in_flight.load(Ordering::Relaxed) as f64);
        [counts, durations, in_flight]
    }
}

fn answers() -> [Answers; METHODS.len()] {
    std::array::from_fn(|_| Answers {
        by_status: std::array::from_fn(|_| AtomicU64::new(0)),
        durations: Durations::new(super::TIMES),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_template_and_never_by_what_a_client_made_up() {
        let it = Requests::default();
        it.know(
            ["/v1/suites/{suite}/check", "/v1/suites/{suite}", "/v1/suites/{other}"].map(str::to_owned).into_iter(),
        );
        for (method, path, status) in [
            ("POST", "/v1/suites/a/check", 200),
            ("POST", "/v1/suites/b/check", 200),
            ("POST", "/v1/suites/b/check", 599),
            ("BREW", "/v1/suites/b", 405),
            ("GET", "/wp-login.php", 404),
        ] {
            it.answered(it.kind(method, path), status, Duration::from_millis(1), None);
        }
        let _now = it.begin();
        let [counts, durations, in_flight] = it.families();
        let told: Vec<_> = counts
            .series
            .iter()
            .map(|it| (it.labels.iter().map(|it| it.1.as_str()).collect::<Vec<_>>().join(" "), &it.sample))
            .collect();
        let n = |n| Sample::Number(n, None);
        assert_eq!(
            told,
            [
                ("/v1/suites/{suite}/check POST 200".to_owned(), &n(2.0)),
                ("/v1/suites/{suite}/check POST other".to_owned(), &n(1.0)),
                ("/v1/suites/{suite} other 405".to_owned(), &n(1.0)),
                ("other GET 404".to_owned(), &n(1.0)),
            ]
        );
        assert_eq!((durations.series.len(), &in_flight.series[0].sample), (3, &n(1.0)));
    }
}
