//! The tables and lists of a run over the corpus.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::case::Case;
use crate::compare::same;

/// How many disagreements of a whole run are listed.
const SHOWN: usize = 100;

/// How the cases fared.
#[derive(Default)]
pub struct Score {
    /// By expectation: agreed, ran.
    table: BTreeMap<String, (usize, usize)>,
    portable: (usize, usize),
    agreed: Vec<String>,
    disagreed: Vec<(String, String)>,
}

impl Score {
    /// Notes a case with the reasons for which it disagrees.
    pub fn add(&mut self, case: &Case, reasons: &[String]) {
        let agrees = reasons.is_empty();
        let row = self.table.entry(case.expectation.clone()).or_default();
        row.0 += usize::from(agrees);
        row.1 += 1;
        if case.portable {
            self.portable.0 += usize::from(agrees);
            self.portable.1 += 1;
        }
        if agrees {
            self.agreed.push(case.id.clone());
        } else {
            self.disagreed.push((case.id.clone(), reasons.join("; ")));
        }
    }

    /// Prints the table.
    pub fn print(&self, exceptions: &BTreeMap<String, String>) {
        for (name, (agreed, ran)) in &self.table {
            say(&format!("{agreed:5}/{ran:<5} {name}"));
        }
        let known = self.disagreed.iter().filter(|(id, _)| exceptions.contains_key(id)).count();
        let (agreed, ran) = (self.agreed.len(), self.agreed.len() + self.disagreed.len());
        let (good, portable) = self.portable;
        say(&format!("TOTAL {agreed}/{ran}, of which portable {good}/{portable}; {known} known exceptions"));
    }

    /// What must not be. `whole`: all cases ran.
    pub fn wrong(&self, exceptions: &BTreeMap<String, String>, whole: bool, floor: f64) -> Vec<String> {
        let unlisted = self.disagreed.iter().filter(|(id, _)| !exceptions.contains_key(id));
        let mut wrong: Vec<String> = unlisted.map(|(id, why)| format!("{id}: {why}")).collect();
        if wrong.len() > SHOWN && whole {
            let rest = wrong.len() - SHOWN;
            wrong.truncate(SHOWN);
            wrong.push(format!("and {rest} more"));
        }
        let mended = self.agreed.iter().filter(|it| exceptions.contains_key(*it));
        wrong.extend(mended.map(|it| format!("{it}: agrees now; take it out of EXCEPTIONS.md")));
        let (good, portable) = self.portable;
        if whole && (good as f64) < floor * portable as f64 {
            wrong.push(format!("only {good} of {portable} portable cases agree"));
        }
        wrong
    }
}

/// The ids of cases that cannot agree, with the reasons: lines "- `id`: reason".
pub fn exceptions(file: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file).unwrap();
    let entries = text.lines().filter_map(|it| it.strip_prefix("- `")?.split_once("`: "));
    entries.map(|(id, reason)| (id.to_owned(), reason.to_owned())).collect()
}

/// Where two results of a suite differ: verdicts, statistics, and each expectation with its result.
pub fn suite_differences(expected: &Value, got: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: String, want: &Value, got: &Value| {
        if !same(want, got) {
            wrong.push(format!("{what}: wanted {want}, got {got}"));
        }
    };
    for name in ["success", "suite_name", "statistics"] {
        compare(name.to_owned(), &expected[name], &got[name]);
    }
    let nothing = Vec::new();
    let want = expected["results"].as_array().unwrap_or(&nothing);
    let mut results = got["results"].as_array().cloned().unwrap_or_default();
    compare("number of results".to_owned(), &want.len().into(), &results.len().into());
    for want in want {
        let config = &want["expectation_config"];
        let name = format!("{} {}", config["type"], config["kwargs"]);
        // Great Expectations answers column by column, we in the order of the suite.
        let alike = |it: &Value| {
            let own = &it["expectation_config"];
            ["type", "kwargs", "severity"].iter().all(|member| same(&config[member], &own[member]))
        };
        let Some(at) = results.iter().position(alike) else {
            wrong.push(format!("{name} has no result"));
            continue;
        };
        let got = results.remove(at);
        if let Some(difference) = result_difference(want, &got) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    wrong
}

fn result_difference(want: &Value, got: &Value) -> Option<String> {
    // Great Expectations gives an error of a metric under that metric's name.
    let raised = |it: &Value| {
        let info = &it["exception_info"];
        let of_metrics = || info.as_object().is_some_and(|it| it.values().any(|it| it["raised_exception"] == true));
        info["raised_exception"] == true || of_metrics()
    };
    if raised(want) != raised(got) {
        return Some(format!("raised: {}", got["exception_info"]["exception_message"]));
    }
    let members = want["result"].as_object().into_iter().flatten();
    let members = members.map(|(name, it)| (name.as_str(), it, &got["result"][name]));
    [("success", &want["success"], &got["success"])].into_iter().chain(members).find_map(|(name, want, got)| {
        let alike = same(want, got);
        (!alike).then(|| format!("{name}: wanted {want}, got {got}"))
    })
}

/// Says something on the test's output.
#[allow(clippy::print_stdout)]
pub fn say(line: &str) {
    println!("{line}");
}
