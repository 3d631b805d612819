//! What both models said, and which records belong together.

use std::collections::{BTreeSet, HashMap};

use anyhow::bail;
use driftline_rules::quality::Label;

use super::given::Asked;
use super::offline::Offline;
use super::{Args, Samples};
use crate::cli::check::Reading;
use crate::cli::quality::table::{Ask, KnownBy, Pair, Table, Truths};
use crate::files::Input;

/// What the baseline is.
pub enum Baseline {
    /// Records.
    Records(Vec<Pair>),
    /// A file of metrics.
    Offline(Offline),
}

/// What is compared.
pub struct Sides {
    /// What the candidate said.
    pub candidate: Vec<Pair>,
    /// What it is compared with.
    pub baseline: Baseline,
    /// Whether both are of the same records, in the same order.
    pub paired: bool,
    /// In words: what is compared, and what is to be known about it.
    pub notes: Vec<String>,
}

impl Sides {
    /// All classes of both.
    pub fn classes(&self) -> BTreeSet<Label> {
        let other = match &self.baseline {
            Baseline::Records(it) => it.as_slice(),
            Baseline::Offline(_) => &[],
        };
        let all = self.candidate.iter().chain(other);
        all.flat_map(|it| [Some(&it.truth), it.prediction.as_ref()]).flatten().cloned().collect()
    }
}

/// Both sides, and whether all of them could be read.
pub fn read(args: &Args, asked: &Asked) -> anyhow::Result<(Sides, bool)> {
    let either = |own: &Option<String>, both: &Option<String>| own.clone().or_else(|| both.clone());
    // A column that both have is of neither in particular where there is one input.
    let both = |it: &Option<String>| it.clone().filter(|_| !asked.is_shadow);
    let known_by = match (asked.is_shadow, &args.on) {
        (true, _) => KnownBy::Row,
        (false, Some(_)) if args.baseline_metrics.is_none() => KnownBy::Id,
        _ => KnownBy::Nothing,
    };
    let (on, of_baseline) = match args.on.as_deref() {
        // The baseline's name of the ids.
        Some(on) if args.labels.is_empty() => match on.split_once('=') {
            Some((candidate, baseline)) => (Some(candidate), Some(baseline)),
            None => (Some(on), Some(on)),
        },
        on => (on, on),
    };
    let [predictions, scores] = [
        [&args.candidate_prediction, &args.baseline_prediction].map(|it| either(it, &both(&args.prediction))),
        [&args.candidate_score, &args.baseline_score].map(|it| either(it, &both(&args.score))),
    ];
    let shadow = Reading::inputs(&args.data)?;
    // It is read twice, once a model.
    shadow.iter().for_each(Input::hold);
    let (candidate, baseline) = (Reading::inputs(&args.candidate)?, Reading::inputs(&args.baseline)?);
    let ask = |at: usize| Ask {
        data: match (asked.is_shadow, at) {
            (true, _) => &shadow,
            (false, 0) => &candidate,
            _ => &baseline,
        },
        labels: &args.labels,
        on: if at == 0 { on } else { of_baseline },
        truth: &args.truth,
        prediction: predictions.get(at).and_then(Option::as_deref),
        score: scores.get(at).and_then(Option::as_deref),
        groups: &args.segments,
        known_by,
        reading: &args.reading,
    };
    let own = ask(0);
    let truths = Truths::read(&own)?;
    let side = |ask: &Ask| -> anyhow::Result<(Table, bool)> {
        let (table, is_whole) = Table::read(ask, truths.as_ref())?;
        table.sound(ask)?;
        Ok((table, is_whole))
    };
    let (candidate, is_whole) = side(&own)?;
    let mut notes = vec![told("candidate", &candidate)];
    if let Some(path) = &args.baseline_metrics {
        let baseline = Baseline::Offline(Offline::read(path)?);
        return Ok((Sides { candidate: candidate.pairs, baseline, paired: false, notes }, is_whole));
    }
    let (baseline, baseline_whole) = side(&ask(1))?;
    notes.push(told("baseline", &baseline));
    let sides = match known_by {
        KnownBy::Nothing => {
            notes.push(
                "two samples; if both models judged the same records, `--on ID` compares them record by record and finds smaller differences"
                    .to_owned(),
            );
            Sides { candidate: candidate.pairs, baseline: Baseline::Records(baseline.pairs), paired: false, notes }
        }
        _ => paired(args.samples, candidate.pairs, baseline.pairs, notes)?,
    };
    Ok((sides, is_whole && baseline_whole))
}

fn told(who: &str, table: &Table) -> String {
    let Table { unlabelled, unpredicted, .. } = table;
    let without = |n: u64, what: &str| if n > 0 { format!(", {n} {what}") } else { String::new() };
    format!(
        "{who}: {} records{}{}",
        table.pairs.len(),
        without(*unlabelled, "more without a truth"),
        without(*unpredicted, "more without a prediction")
    )
}

/// Brings records of one id together; of several records of one id and one model the last holds.
fn paired(
    samples: Samples,
    mut candidate: Vec<Pair>,
    mut baseline: Vec<Pair>,
    mut notes: Vec<String>,
) -> anyhow::Result<Sides> {
    let repeated = last_of_each(&mut candidate) + last_of_each(&mut baseline);
    if repeated > 0 {
        notes.push(format!("{repeated} records have an id that comes again, or none, and are left out"));
    }
    let mut by_id: HashMap<String, usize> = HashMap::with_capacity(baseline.len());
    for (at, it) in baseline.iter().enumerate() {
        if let Some(id) = &it.id {
            by_id.insert(id.clone(), at);
        }
    }
    let place = |it: &Pair| it.id.as_ref().and_then(|id| by_id.get(id)).copied();
    let common = candidate.iter().filter(|it| place(it).is_some()).count();
    let smaller = candidate.len().min(baseline.len());
    let as_pairs = match samples {
        Samples::Paired if common == 0 => bail!("no record of the candidate has an id of the baseline"),
        Samples::Paired => true,
        Samples::Independent => false,
        Samples::Auto => common > 0 && 2 * common >= smaller,
    };
    if !as_pairs {
        notes.push(format!("two samples: {common} ids are in both"));
        return Ok(Sides { candidate, baseline: Baseline::Records(baseline), paired: false, notes });
    }
    let mut others: Vec<Option<Pair>> = baseline.into_iter().map(Some).collect();
    let (mut own, mut beside, mut unlike) = (Vec::with_capacity(common), Vec::with_capacity(common), 0_u64);
    let all = candidate.len() + others.len();
    for it in candidate {
        let Some(other) = place(&it).and_then(|at| others.get_mut(at)).and_then(Option::take) else { continue };
        if it.truth == other.truth {
            own.push(it);
            beside.push(other);
        } else {
            unlike += 1;
        }
    }
    let alone = all - 2 * common;
    notes.push(format!("the same {} records, compared one by one", own.len()));
    if alone > 0 {
        notes.push(format!("{alone} records of one model alone are left out"));
    }
    if unlike > 0 {
        notes.push(format!("{unlike} records have two different truths, and are left out"));
    }
    if own.is_empty() {
        bail!("nothing to compare: the {unlike} records that both models judged have two different truths each");
    }
    Ok(Sides { candidate: own, baseline: Baseline::Records(beside), paired: true, notes })
}

/// Leaves the last record of each id; how many others there were.
fn last_of_each(pairs: &mut Vec<Pair>) -> usize {
    let mut last: HashMap<String, usize> = HashMap::with_capacity(pairs.len());
    for (at, it) in pairs.iter().enumerate() {
        if let Some(id) = &it.id {
            last.insert(id.clone(), at);
        }
    }
    let before = pairs.len();
    let mut at = 0;
    pairs.retain(|it| {
        at += 1;
        it.id.as_ref().and_then(|id| last.get(id)).is_some_and(|it| *it + 1 == at)
    });
    before - pairs.len()
}
