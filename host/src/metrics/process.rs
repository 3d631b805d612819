//! What Prometheus' own client libraries say of a process, under their names; read of `/proc`, so on Linux alone.

use std::fs;
use std::sync::OnceLock;

use driftline_rules::family::Family;

use super::list;

/// Ticks of the kernel's clock in a second, as all architectures of Linux show them.
const TICKS: f64 = 100.0;
/// Where the kernel shows pages of other sizes, it shows memory in kB beside.
const KB: f64 = 1024.0;

/// The families; fewer where there is no `/proc`.
pub fn families() -> Vec<Family> {
    let Some(stat) = Stat::read() else { return Vec::new() };
    let mut all = vec![list::CPU.single(stat.cpu)];
    all.extend(start(&stat).map(|it| list::START.single(it)));
    all.extend(memory().map(|it| list::MEMORY.single(it)));
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // The folder that is read is one of them.
        all.push(list::OPEN_FDS.single(files.count().saturating_sub(1) as f64));
    }
    all.extend(max_fds().map(|it| list::MAX_FDS.single(it)));
    all
}

struct Stat {
    cpu: f64,
    /// Seconds after the boot.
    started: f64,
}

impl Stat {
    fn read() -> Option<Stat> {
        let text = fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the program, in brackets, may hold anything; the third field comes behind it.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |n: usize| fields.get(n - 3)?.parse::<f64>().ok();
        Some(Stat { cpu: (ticks(14)? + ticks(15)?) / TICKS, started: ticks(22)? / TICKS })
    }
}

/// Seconds since 1970, the same at each look: the boot's time follows the clock, which is set now and then.
fn start(stat: &Stat) -> Option<f64> {
    static START: OnceLock<Option<f64>> = OnceLock::new();
    *START.get_or_init(|| {
        let text = fs::read_to_string("/proc/stat").ok()?;
        let boot = text.lines().find_map(|it| it.strip_prefix("btime "))?.trim().parse::<f64>().ok()?;
        Some(boot + stat.started)
    })
}

fn memory() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * KB)
}

fn max_fds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|it| it.strip_prefix("Max open files"))?;
    let soft = line.split_whitespace().next()?;
    if soft == "unlimited" { Some(f64::INFINITY) } else { soft.parse().ok() }
}
