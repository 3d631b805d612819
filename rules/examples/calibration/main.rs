//! How often each drift test alarms when nothing has drifted, as the page `docs/calibration.md`.
//!
//! `cargo run --release -p driftline-rules --example calibration > docs/calibration.md` takes a quarter of an hour;
//! `-- RUNS` takes more or fewer runs than 600, `-- RUNS TEXT` only laws of data whose name has that text.
//!
//! A test is sound when it alarms in no more windows than its level says, give or take chance.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "an example prints, or fails"
)]

mod draws;

use std::sync::atomic::{AtomicUsize, Ordering};

use draws::{LAWS, Law, Sample, What};
use driftline_rules::drift::chance::Chance;
use driftline_rules::drift::{Alarm, DriftTest, Params, Sides, TESTS, Takes, alarm, choose};
use serde_json::json;

const SIZES: [usize; 6] = [30, 100, 500, 2000, 20_000, 200_000];
/// Beyond so many values of a side so small a part of the runs is what can be waited for.
const MANY: [(usize, u32); 2] = [(20_000, 6), (2000, 3)];
/// The same of vectors and texts, whose tests permute and learn.
const MANY_ROWS: [(usize, u32); 2] = [(100, 12), (0, 2)];
const SEED: u64 = 2026;
const LEVEL: f64 = 0.05;
/// One and a half times the level: what no test may exceed but by chance.
const MOST: f64 = 0.075;

/// A test with the parameters that it is run with, or the choice of `stable: {}`.
#[derive(Clone, Copy)]
enum Run {
    Test(&'static DriftTest),
    Chosen,
}

impl Run {
    fn name(self) -> &'static str {
        match self {
            Run::Test(it) => it.name,
            Run::Chosen => "`stable: {}`",
        }
    }

    /// `None` where the test does not take such data.
    fn alarms(self, sides: &Sides) -> Option<bool> {
        let (test, params) = match self {
            Run::Chosen => (choose::of_sides(sides), Params::default()),
            // A threshold of 0, so that nothing but significance keeps a distance from alarming.
            Run::Test(it) if matches!(it.alarm, Alarm::Distance { .. }) => {
                (it, Params(json!({ "threshold": 0 }).as_object().cloned().unwrap()))
            }
            Run::Test(it) => (it, Params::default()),
        };
        let found = match alarm::run(test, sides, &params) {
            Ok(it) => it,
            Err(why) if why.contains("for two categories") => return None,
            // What cannot be computed is no alarm: all values alike.
            Err(_) => return Some(false),
        };
        let matters = !matches!(self, Run::Chosen) || test.name != "ks" || found.statistic >= 0.1;
        Some(matters && alarm::drifted(test, &found, &params).unwrap())
    }
}

/// Alarms of a test at a pair of sizes.
#[derive(Clone, Copy, Default)]
struct Cell {
    alarms: u32,
    runs: u32,
}

impl Cell {
    fn rate(self) -> f64 {
        f64::from(self.alarms) / f64::from(self.runs.max(1))
    }

    /// More than may be, by more than chance makes of one cell in a thousand.
    fn too_many(self) -> bool {
        self.rate() > MOST + 3.1 * (MOST * (1.0 - MOST) / f64::from(self.runs.max(1))).sqrt()
    }

    fn shown(self) -> String {
        if self.runs == 0 {
            return "-".to_owned();
        }
        let shown = format!("{:.1}", 100.0 * self.rate());
        if self.too_many() { format!("**{shown}**") } else { shown }
    }
}

/// All cells of a law of data.
struct Table {
    law: &'static Law,
    runs: Vec<Run>,
    pairs: Vec<(usize, usize)>,
    /// By pair, then by test.
    cells: Vec<Vec<Cell>>,
}

fn measure(at: usize, law: &'static Law, most: u32) -> Table {
    let (takes, sizes, many) = match law.what {
        What::Numbers(_) => (vec![Takes::Numbers, Takes::Either], &SIZES[..], MANY),
        What::Categories(..) => (vec![Takes::Categories, Takes::Either], &SIZES[..], MANY),
        What::Missing(_) => (vec![Takes::Missing], &SIZES[..], MANY),
        What::Vectors => (vec![Takes::Vectors], &SIZES[..3], MANY_ROWS),
        What::Texts => (vec![Takes::Texts], &SIZES[..3], MANY_ROWS),
    };
    let tests = TESTS.iter().filter(|it| takes.contains(&it.takes)).map(|it| Run::Test(it));
    let runs: Vec<Run> = tests.chain([Run::Chosen]).collect();
    let pairs: Vec<(usize, usize)> = sizes.iter().flat_map(|n| sizes.iter().map(move |m| (*n, *m))).collect();
    let mut cells = vec![vec![Cell::default(); runs.len()]; pairs.len()];
    for run in 0..most {
        let fits = |n: usize| run < many.iter().find(|it| n > it.0).map_or(most, |it| most / it.1);
        let mut chance = Chance::new(SEED + (at as u64) * 1_000_003 + u64::from(run) * 7_919_000_017);
        let mut side = || -> Vec<Option<Sample>> {
            sizes.iter().map(|n| fits(*n).then(|| Sample::draw(law.what, *n, &mut chance))).collect()
        };
        let (references, currents) = (side(), side());
        let sides = references.iter().flat_map(|a| currents.iter().map(move |b| a.as_ref().zip(b.as_ref())));
        for (sides, cells) in sides.zip(&mut cells) {
            let Some(sides) = sides.map(|it| it.0.against(it.1)) else { continue };
            for (test, cell) in runs.iter().zip(cells) {
                if let Some(alarm) = test.alarms(&sides) {
                    cell.runs += 1;
                    cell.alarms += u32::from(alarm);
                }
            }
        }
    }
    Table { law, runs, pairs, cells }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let most: u32 = arguments.next().and_then(|it| it.parse().ok()).unwrap_or(600);
    let only = arguments.next();
    let laws: Vec<_> =
        LAWS.iter().enumerate().filter(|it| only.as_ref().is_none_or(|only| it.1.name.contains(only))).collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some((at, law)) = laws.get(next.fetch_add(1, Ordering::Relaxed)) {
            eprintln!("{}", law.name);
            done.push((*at, measure(*at, law, most)));
        }
        done
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut tables: Vec<(usize, Table)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    tables.sort_by_key(|it| it.0);
    let tables: Vec<Table> = tables.into_iter().map(|it| it.1).collect();
    let command = "cargo run --release -p driftline-rules --example calibration > docs/calibration.md";
    println!("# How often chance alone alarms\n");
    println!(
        "Written by `{command}`; do not edit. Both sides are drawn from one law, so every alarm is a false one. Level \
         {} %, {most} runs (a third where a side has more than 2,000 values, a sixth beyond 20,000; of vectors and texts a half, a \
         twelfth beyond 100), seed {SEED}. Of a true rate of 5 % the standard error is {:.1}, {:.1} and {:.1} percentage points; \
         so the largest of some hundred cells may show 8, 9 or 11 % by chance.\n",
        100.0 * LEVEL,
        error(most),
        error(most / 3),
        error(most / 6),
    );
    println!(
        "Distances are run with a threshold of 0, so that their significance alone decides; with their own thresholds \
         they alarm less. The column `stable: {{}}` is the test that is chosen when none is named, with its own rule. \
         Where a test refuses, such as for values that are all alike, that is no alarm. Vectors and texts are drawn small \
         only, since those tests take a sample of 1,000 rows of larger sides anyway. What is **bold** is above 7.5 %, one \
         and a half times the level, by more than chance makes of one cell in a thousand.\n"
    );
    worst(&tables);
    for table in &tables {
        println!("\n## {}{}\n", table.law.name[..1].to_uppercase(), &table.law.name[1..]);
        let names: Vec<_> = table.runs.iter().map(|it| it.name()).collect();
        println!("| n, m | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
        for ((n, m), cells) in table.pairs.iter().zip(&table.cells) {
            let cells: Vec<_> = cells.iter().map(|it| it.shown()).collect();
            println!("| {n}, {m} | {} |", cells.join(" | "));
        }
    }
}

fn error(runs: u32) -> f64 {
    100.0 * (LEVEL * (1.0 - LEVEL) / f64::from(runs.max(1))).sqrt()
}

/// The worst of each test over all sizes and laws.
fn worst(tables: &[Table]) {
    println!("| test | alarms on average | most alarms | runs | where |\n|---|---|---|---|---|");
    let mut names: Vec<&str> = tables.iter().flat_map(|it| &it.runs).map(|it| it.name()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (mut sum, mut count, mut most) = (0.0, 0.0, (Cell::default(), String::new()));
        for table in tables {
            let Some(column) = table.runs.iter().position(|it| it.name() == name) else { continue };
            for ((n, m), cells) in table.pairs.iter().zip(&table.cells) {
                let cell = cells[column];
                if cell.runs > 0 {
                    sum += cell.rate();
                    count += 1.0;
                }
                if cell.rate() > most.0.rate() {
                    most = (cell, format!("{}, {n} and {m}", table.law.name));
                }
            }
        }
        let (cell, place) = most;
        println!(
            "| {name} | {:.1} % | {} % | {} | {place} |",
            100.0 * sum / f64::max(count, 1.0),
            cell.shown(),
            cell.runs
        );
    }
}
