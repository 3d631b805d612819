//! What is read: pairs of truth and prediction, with score and group.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::bail;
use driftline_rules::path::Path;
use driftline_rules::quality::Label;
use driftline_rules::suite::problem::did_you_mean;
use driftline_rules::value::Value;

use super::super::check::Reading;
use super::super::given;
use crate::files::Input;
use crate::passes::{Pass, each_record};

/// Names that are remembered for a hint.
const MOST_NAMES: usize = 1000;

/// What is asked for: files and columns.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The records.
    pub data: &'a [Input],
    /// Files of labels; none where the truth stands in the records.
    pub labels: &'a [String],
    /// The column of ids, `a=b` where labels have another name for it.
    pub on: Option<&'a str>,
    /// The column of what is true.
    pub truth: &'a str,
    /// The column of predictions.
    pub prediction: Option<&'a str>,
    /// The column of scores.
    pub score: Option<&'a str>,
    /// Columns of groups.
    pub groups: &'a [String],
    /// By what each pair is known afterwards.
    pub known_by: KnownBy,
    /// How files are read.
    pub reading: &'a Reading,
}

/// By what a pair is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// Nothing.
    Nothing,
    /// The column of ids.
    Id,
    /// The number of the record in the input.
    Row,
}

/// A column of records, by its name or its path.
#[derive(Clone)]
struct Column {
    name: String,
    path: Option<Path>,
    /// Whether some record has it.
    known: bool,
}

impl Column {
    fn new(name: &str) -> Self {
        Column { name: name.to_owned(), path: Path::parse(name).ok(), known: false }
    }

    fn of<'r, 'v>(&mut self, record: &'r Value<'v>) -> Option<&'r Value<'v>> {
        // A column's name may hold dots.
        let found = record.get(&self.name).or_else(|| self.path.as_ref()?.find(record));
        let found = found.filter(|it| !matches!(it, Value::Missing));
        self.known |= found.is_some();
        found
    }
}

/// A score of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Score {
    /// One number.
    One(f64),
    /// One a class, in the order of the classes.
    Each(Vec<f64>),
    /// One by the name of the class.
    Named(Vec<(String, f64)>),
}

/// A record with a truth.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What is true.
    pub truth: Label,
    /// What was predicted.
    pub prediction: Option<Label>,
    /// Its score.
    pub score: Option<Score>,
    /// Its groups, one a column of them.
    pub groups: Vec<Option<Label>>,
    /// By what it is known, if by anything.
    pub id: Option<String>,
}

/// All records.
#[derive(Default)]
pub struct Table {
    /// Those that have a truth, and a prediction or a score.
    pub pairs: Vec<Pair>,
    /// Records without a truth.
    pub unlabelled: u64,
    /// Records with a truth and without a prediction.
    pub unpredicted: u64,
    /// Labels of which no record has the id.
    pub unmatched: u64,
    /// The first score that is none.
    wrong: Option<String>,
    names: Vec<String>,
}

/// What is true, by id.
pub struct Truths {
    by_id: HashMap<String, Label>,
    /// The column of ids in the data.
    id: String,
}

impl Truths {
    /// The labels, where they stand in files of their own.
    pub fn read(ask: &Ask) -> anyhow::Result<Option<Self>> {
        let Some(on) = ask.on.filter(|_| !ask.labels.is_empty()) else { return Ok(None) };
        let (of_data, of_labels) = on.split_once('=').unwrap_or((on, on));
        let inputs = Reading::inputs(ask.labels)?;
        let begin = || (HashMap::new(), Column::new(of_labels), Column::new(ask.truth), Vec::new());
        let (files, nulls) = (ask.reading.files()?, ask.reading.csv_nulls());
        let pass = each_record(&inputs, &files, &nulls, begin, |(by_id, id, truth, names), _, record| {
            see(names, record);
            let (id, truth) = (id.of(record).and_then(key), truth.of(record).and_then(Label::of));
            if let (Some(id), Some(truth)) = (id, truth) {
                by_id.insert(id, truth);
            }
        });
        told(&pass)?;
        let (by_id, id, truth, names) = pass.seen;
        for column in [&id, &truth] {
            known(column, pass.records, &names, "no label")?;
        }
        Ok(Some(Truths { by_id, id: of_data.to_owned() }))
    }
}

impl Table {
    /// The records, and whether all of them could be read.
    pub fn read(ask: &Ask, truths: Option<&Truths>) -> anyhow::Result<(Self, bool)> {
        struct Seen {
            table: Table,
            /// Ids of labels that records have.
            met: HashSet<String>,
            id: Option<Column>,
            truth: Column,
            prediction: Option<Column>,
            score: Option<Column>,
            groups: Vec<Column>,
        }
        let of_data = || ask.on.filter(|_| ask.known_by == KnownBy::Id).and_then(|it| it.split('=').next());
        let begin = || Seen {
            table: Table::default(),
            met: HashSet::new(),
            id: truths.map(|it| it.id.as_str()).or_else(of_data).map(Column::new),
            truth: Column::new(ask.truth),
            prediction: ask.prediction.map(Column::new),
            score: ask.score.map(Column::new),
            groups: ask.groups.iter().map(|it| Column::new(it)).collect(),
        };
        let (files, nulls) = (ask.reading.files()?, ask.reading.csv_nulls());
        let pass = each_record(ask.data, &files, &nulls, begin, |seen, row, record| {
            see(&mut seen.table.names, record);
            let id = seen.id.as_mut().and_then(|it| it.of(record)).and_then(key);
            let truth = match truths {
                Some(truths) => id.as_ref().and_then(|id| {
                    let truth = truths.by_id.get(id).cloned();
                    if truth.is_some() {
                        seen.met.insert(id.clone());
                    }
                    truth
                }),
                None => seen.truth.of(record).and_then(Label::of),
            };
            let prediction = seen.prediction.as_mut().and_then(|it| it.of(record)).and_then(Label::of);
            let score = seen.score.as_mut().and_then(|it| it.of(record));
            let groups = seen.groups.iter_mut().map(|it| it.of(record).and_then(Label::of)).collect();
            let id = match ask.known_by {
                KnownBy::Nothing => None,
                KnownBy::Id => id,
                KnownBy::Row => Some(row.to_string()),
            };
            let table = &mut seen.table;
            let score = match score.filter(|it| !it.is_null()).map(|it| (score_of(it), it)) {
                Some((None, it)) => {
                    table.wrong.get_or_insert_with(|| format!("row {row}: the score is {}", it.to_json()));
                    None
                }
                it => it.and_then(|it| it.0),
            };
            match truth {
                None => table.unlabelled += 1,
                Some(_) if prediction.is_none() && score.is_none() => table.unpredicted += 1,
                Some(truth) => table.pairs.push(Pair { truth, prediction, score, groups, id }),
            }
        });
        let is_whole = told(&pass)?;
        let Seen { mut table, met, id, truth, prediction, score, groups } = pass.seen;
        let truth = Some(truth).filter(|_| truths.is_none());
        for column in [id, truth, prediction, score].into_iter().flatten().chain(groups) {
            known(&column, pass.records, &table.names, "no record")?;
        }
        table.unmatched = truths.map_or(0, |it| it.by_id.len() - met.len()) as u64;
        Ok((table, is_whole))
    }

    /// Whether there is anything to measure.
    pub fn sound(&self, ask: &Ask) -> anyhow::Result<()> {
        if let Some(wrong) = &self.wrong {
            let column = ask.score.unwrap_or_default();
            bail!(
                "column `{column}`, {wrong}; a score is a number, a list of numbers or an object of numbers by class"
            );
        }
        if self.pairs.is_empty() {
            let Table { unlabelled, unpredicted, .. } = self;
            bail!("nothing to measure: {unlabelled} records have no truth, {unpredicted} have one and no prediction");
        }
        Ok(())
    }
}

/// The class that scores are about: the one that was asked for, 1 of 0 and 1, or the greater of two. `None` of more
/// classes.
pub fn positive(classes: &BTreeSet<Label>, asked: Option<&str>) -> anyhow::Result<Option<Label>> {
    if let Some(asked) = asked {
        let found = classes.iter().find(|it| it.to_string() == *asked);
        let Some(found) = found else {
            let all: Vec<_> = classes.iter().take(20).map(|it| format!("`{it}`")).collect();
            bail!("no record is of the class `{asked}`; there are {}", all.join(", "));
        };
        return Ok(Some(found.clone()));
    }
    Ok(Label::positive(classes))
}

/// Remembers names of members for a hint.
fn see(names: &mut Vec<String>, record: &Value) {
    if let Value::Map(members) = record
        && names.len() < MOST_NAMES
    {
        let new = members.iter().map(|it| it.0.as_ref()).filter(|it| !names.iter().any(|known| known == it));
        let new: Vec<String> = new.map(str::to_owned).collect();
        names.extend(new);
    }
}

fn known(column: &Column, records: u64, names: &[String], who: &str) -> anyhow::Result<()> {
    if column.known || records == 0 {
        return Ok(());
    }
    let all = || names.iter().map(String::as_str);
    let hint = did_you_mean(&column.name, all()).unwrap_or_else(|| {
        format!("there are {}", all().take(20).map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", "))
    });
    bail!("{who} has a column `{}` ({hint})", column.name)
}

/// An id: numbers and texts of one spelling are one.
fn key(value: &Value) -> Option<String> {
    match value {
        Value::Str(it) => Some(it.to_string()),
        it if it.is_null() => None,
        it => Some(it.to_json().to_string()),
    }
}

fn score_of(value: &Value) -> Option<Score> {
    let number = |it: &Value| it.as_f64().filter(|number| !matches!(it, Value::Bool(_)) && number.is_finite());
    match value {
        Value::List(items) => items.iter().map(number).collect::<Option<_>>().map(Score::Each),
        Value::Map(members) => {
            let each = members.iter().map(|(name, it)| Some((name.to_string(), number(it)?)));
            each.collect::<Option<_>>().map(Score::Named)
        }
        it => number(it).map(Score::One),
    }
}

/// Tells of what could not be read; whether all could.
fn told<T>(pass: &Pass<T>) -> anyhow::Result<bool> {
    given::tell(pass);
    if pass.records == 0 && !pass.faults.is_empty() {
        bail!("no record could be read");
    }
    Ok(pass.faults.is_empty())
}
