//! The verdicts: of each metric, of each segment, and of the gate.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use driftline_rules::drift::multiplicity::Correction;
use driftline_rules::quality::Label;
use driftline_rules::quality::compare::sequential::Sequence;
use driftline_rules::quality::compare::{Difference, Evidence};
use driftline_rules::quality::known::Told;

use super::given::{Asked, Margin};
use super::metric::{Beside, Metric};
use super::sides::{Baseline, Sides};
use super::{Args, Prove};
use crate::cli::CANNOT;
use crate::cli::quality::table::{self, Pair};

/// Values of a column of segments.
const MOST_SEGMENTS: usize = 1000;
/// The chance with which the loss that is told would have been found.
pub const POWER: f64 = 0.8;
/// Fewer records than this are told of: the laws of most tests are approximations.
const FEW: usize = 30;

/// What is known of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Worse by more than the margin.
    Worse,
    /// Better than the baseline.
    Better,
    /// Not worse by more than the margin, which is proven.
    NotWorse,
    /// Neither is shown.
    Undecided,
}

impl Verdict {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Worse => "worse",
            Verdict::Better => "better",
            Verdict::NotWorse => "not_worse",
            Verdict::Undecided => "undecided",
        }
    }
}

/// A metric of both models.
pub struct Judged {
    /// The difference.
    pub difference: Difference,
    /// The margin in the metric's units.
    pub margin: f64,
    /// What is known.
    pub evidence: Evidence,
    /// `p_worse`, corrected for the number of tests.
    pub corrected: f64,
    /// The least loss that would probably have been found.
    pub detectable: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// The record, from 1, after which that was decided.
    pub after: Option<usize>,
    /// The records after which it was known to be worse, better, not worse.
    known_after: [Option<usize>; 3],
    /// The test.
    pub test: &'static str,
}

/// A metric of all records or of a segment.
pub struct Entry {
    /// The column and the value of the segment.
    pub segment: Option<(String, Label)>,
    /// The metric.
    pub metric: &'static Metric,
    /// Records of the candidate, and of the baseline if it has any.
    pub n: (usize, Option<usize>),
    /// What was found, or why nothing was.
    pub outcome: Result<Judged, String>,
}

/// Everything.
pub struct Answer {
    /// All records, by metric.
    pub metrics: Vec<Entry>,
    /// Segments.
    pub segments: Vec<Entry>,
    /// Whether both models judged the same records.
    pub paired: bool,
    /// What is to be known.
    pub notes: Vec<String>,
    /// In words: why the gate passed or did not.
    pub because: String,
    /// The exit code.
    pub exit: u8,
}

/// The records of both models, of all or of a segment.
struct Part<'a> {
    segment: Option<(String, Label)>,
    own: Vec<&'a Pair>,
    other: Vec<&'a Pair>,
}

struct Judge<'a> {
    args: &'a Args,
    paired: bool,
    positive: Option<Label>,
    known: Option<BTreeMap<&'static str, Told>>,
    notes: BTreeSet<String>,
    /// How many tests are corrected together, of those of harm and of those of proof.
    tests: [f64; 2],
}

impl Answer {
    /// Compares everything that was asked for.
    pub fn of(args: &Args, asked: &Asked, sides: &Sides) -> anyhow::Result<Self> {
        let needs_positive = asked.metrics.iter().any(|it| it.0.needs_positive());
        let positive = if needs_positive { table::positive(&sides.classes(), args.positive.as_deref())? } else { None };
        let (known, others) = match &sides.baseline {
            Baseline::Offline(it) => {
                (Some(it.known(asked.metrics.iter().map(|it| it.0), positive.as_ref())?), Vec::new())
            }
            Baseline::Records(it) => (None, it.iter().collect()),
        };
        let mut judge = Judge { args, paired: sides.paired, positive, known, notes: BTreeSet::new(), tests: [1.0; 2] };
        let all = Part { segment: None, own: sides.candidate.iter().collect(), other: others };
        judge.tests = [asked.metrics.len() as f64, 1.0];
        let mut metrics: Vec<Entry> = asked.metrics.iter().map(|it| judge.entry(&all, *it)).collect();
        let mut segments = Vec::new();
        let parts = parts(args, &all, sides.paired)?;
        judge.tests = [(asked.metrics.len() * parts.len()) as f64; 2];
        for part in parts {
            segments.extend(asked.metrics.iter().map(|it| judge.entry(&part, *it)));
        }
        judge.decide(&mut metrics, false);
        judge.decide(&mut segments, true);
        let mut notes = sides.notes.clone();
        notes.extend(judge.notes);
        if metrics.iter().any(|it| it.outcome.is_ok() && it.n.0.min(it.n.1.unwrap_or(FEW)) < FEW) {
            notes.push(format!("there are fewer than {FEW} records, for which most tests are approximations"));
        }
        let (exit, because) = gate(args, &metrics, &segments);
        Ok(Answer { metrics, segments, paired: sides.paired, notes, because, exit })
    }
}

/// The records of each segment.
fn parts<'a>(args: &Args, all: &Part<'a>, paired: bool) -> anyhow::Result<Vec<Part<'a>>> {
    let mut out = Vec::new();
    for (at, column) in args.segments.iter().enumerate() {
        let mut by_value: BTreeMap<Label, (Vec<&Pair>, Vec<&Pair>)> = BTreeMap::new();
        let value = |it: &Pair| it.groups.get(at).cloned().flatten();
        if paired {
            for (own, other) in all.own.iter().zip(&all.other) {
                if let Some(value) = value(own) {
                    let of = by_value.entry(value).or_default();
                    of.0.push(own);
                    of.1.push(other);
                }
            }
        } else {
            all.own.iter().filter_map(|it| Some((value(it)?, it))).for_each(|(value, it)| {
                by_value.entry(value).or_default().0.push(it);
            });
            all.other.iter().filter_map(|it| Some((value(it)?, it))).for_each(|(value, it)| {
                by_value.entry(value).or_default().1.push(it);
            });
        }
        if by_value.len() > MOST_SEGMENTS {
            bail!("column `{column}` has {} values, and at most {MOST_SEGMENTS} are segments", by_value.len());
        }
        let part = |(value, (own, other))| Part { segment: Some((column.clone(), value)), own, other };
        out.extend(by_value.into_iter().map(part));
    }
    Ok(out)
}

impl Judge<'_> {
    fn entry(&mut self, part: &Part, (metric, margin): (&'static Metric, Margin)) -> Entry {
        let takes = |it: &&Pair| metric.takes(it);
        let (own, other): (Vec<&Pair>, Vec<&Pair>) = if self.paired {
            part.own.iter().zip(&part.other).filter(|(a, b)| takes(a) && takes(b)).unzip()
        } else {
            (part.own.iter().copied().filter(takes).collect(), part.other.iter().copied().filter(takes).collect())
        };
        let is_offline = self.known.is_some();
        let n = (own.len(), (!is_offline).then_some(other.len()));
        let least = own.len().min(if is_offline { usize::MAX } else { other.len() });
        let wanted = self.args.min_records.max(1);
        let outcome = if least < wanted {
            Err(format!("{least} records, and {wanted} are wanted"))
        } else {
            self.judged(&own, &other, metric, margin)
        };
        Entry { segment: part.segment.clone(), metric, n, outcome }
    }

    fn judged(
        &mut self,
        own: &[&Pair],
        other: &[&Pair],
        metric: &'static Metric,
        margin: Margin,
    ) -> Result<Judged, String> {
        let alpha = self.args.alpha;
        let known = self.known.as_ref().and_then(|it| it.get(metric.name)).copied();
        let beside = match known {
            Some(known) => {
                if known.error.is_none() && (known.n.is_none() || metric.name != "accuracy") {
                    let name = metric.name;
                    self.notes.insert(format!("the baseline's {name} is taken as exact: no interval of it is given"));
                }
                Beside::Number(known)
            }
            None if self.paired => Beside::Same(other),
            None => Beside::Other(other),
        };
        let positive = self.positive.as_ref();
        let difference = metric.compare(own, beside, positive)?;
        let margin = margin.amount(difference.baseline);
        let mut evidence = difference.evidence(margin, alpha);
        let (mut detectable, mut test) = (difference.detectable(margin, alpha, POWER), metric.test(beside, margin));
        let (verdict, mut known_after) = (Verdict::Undecided, [None; 3]);
        if self.args.sequential {
            let sequence = self.sequence(own, other, metric)?;
            let [harm, proof] = self.tests.map(|it| alpha / it);
            let worse = sequence.below(-margin, harm);
            let (better, not_worse) = (sequence.above(0.0, proof), sequence.above(-margin, proof));
            known_after = [worse.after, better.after, not_worse.after];
            let bounds = sequence.bounds(alpha);
            evidence = Evidence { p_worse: worse.p, p_not_worse: not_worse.p, p_better: better.p, bounds };
            (detectable, test) = (None, "bets, valid at any time");
        }
        let corrected = evidence.p_worse;
        Ok(Judged { difference, margin, evidence, corrected, detectable, verdict, after: None, known_after, test })
    }

    /// What the candidate gains, record by record; of two samples the first of each, the second, and so on.
    fn sequence(&self, own: &[&Pair], other: &[&Pair], metric: &Metric) -> Result<Sequence, String> {
        let positive = self.positive.as_ref();
        let bound = metric.bound().or(self.args.loss_bound).unwrap_or(1.0);
        let losses = |pairs: &[&Pair]| {
            let all = metric.losses(pairs, positive)?;
            match all.iter().find(|it| **it > bound) {
                Some(it) => Err(format!("a record has a loss of {it}, above the bound of {bound}")),
                None => Ok(all),
            }
        };
        let gains: Vec<f64> = losses(own)?.iter().zip(losses(other)?).map(|(own, other)| other - own).collect();
        Sequence::of(&gains, (-bound, bound)).ok_or_else(|| "there are no records".to_owned())
    }

    /// The verdicts, when all p-values are known. Harm is corrected for the number of metrics, since one is enough to
    /// fail; what must be proven of every metric needs no correction (Berger 1982), but claims about segments do.
    fn decide(&self, entries: &mut [Entry], are_segments: bool) {
        let alpha = self.args.alpha;
        let adjusted = |of: fn(&Evidence) -> f64, is_corrected: bool| {
            let ps: Vec<f64> =
                entries.iter().map(|it| it.outcome.as_ref().map_or(f64::NAN, |it| of(&it.evidence))).collect();
            if is_corrected { Correction::Holm.adjust(&ps) } else { ps }
        };
        let worse = adjusted(|it| it.p_worse, true);
        let not_worse = adjusted(|it| it.p_not_worse, are_segments);
        let better = adjusted(|it| it.p_better, are_segments);
        for (at, it) in entries.iter_mut().enumerate() {
            let Ok(judged) = &mut it.outcome else { continue };
            let is = |of: &[f64]| of.get(at).is_some_and(|it| *it <= alpha);
            judged.corrected = worse.get(at).copied().unwrap_or(f64::NAN);
            judged.verdict = match () {
                () if is(&worse) => Verdict::Worse,
                () if is(&better) => Verdict::Better,
                () if is(&not_worse) => Verdict::NotWorse,
                () => Verdict::Undecided,
            };
            let [worse, better, not_worse] = judged.known_after;
            judged.after = match judged.verdict {
                Verdict::Worse => worse,
                Verdict::Better => better,
                Verdict::NotWorse => not_worse,
                Verdict::Undecided => None,
            };
        }
    }
}

fn gate(args: &Args, metrics: &[Entry], segments: &[Entry]) -> (u8, String) {
    let listed = |names: Vec<String>| names.join(", ");
    let name = |it: &Entry| match &it.segment {
        Some((column, value)) => format!("{} in {column}={value}", it.metric.name),
        None => it.metric.name.to_owned(),
    };
    let with = |entries: &[Entry], is: &dyn Fn(&Judged) -> bool| -> Vec<String> {
        entries.iter().filter(|it| it.outcome.as_ref().is_ok_and(is)).map(name).collect()
    };
    let is_worse = |it: &Judged| it.verdict == Verdict::Worse;
    let mut worse = with(metrics, &is_worse);
    let in_segments = with(segments, &is_worse);
    let aside = if in_segments.is_empty() || args.segments_gate {
        String::new()
    } else {
        format!("; but worse: {}", listed(in_segments.clone()))
    };
    if args.segments_gate {
        worse.extend(in_segments);
    }
    if !worse.is_empty() {
        return (1, format!("fails: worse: {}{aside}", listed(worse)));
    }
    let failed: Vec<String> = metrics.iter().filter(|it| it.outcome.is_err()).map(name).collect();
    if !failed.is_empty() {
        return (CANNOT, format!("cannot tell: not compared: {}{aside}", listed(failed)));
    }
    let (proof, wanted): (&dyn Fn(&Judged) -> bool, _) = match args.prove {
        None => return (0, format!("passes: nothing is shown to be worse{aside}")),
        Some(Prove::NotWorse) => (&|it| matches!(it.verdict, Verdict::Better | Verdict::NotWorse), "not worse"),
        Some(Prove::Better) => (&|it| it.verdict == Verdict::Better, "better"),
    };
    let open = with(metrics, &|it| !proof(it));
    if open.is_empty() {
        (0, format!("passes: every metric is proven to be {wanted}{aside}"))
    } else {
        (1, format!("fails: not proven to be {wanted}: {}{aside}", listed(open)))
    }
}
