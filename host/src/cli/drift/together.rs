//! Several columns together, record by record.

use anyhow::bail;
use driftline_rules::baseline::RowSample;
use driftline_rules::drift::effect::{effect, explained};
use driftline_rules::drift::{Params, Takes, alarm};
use driftline_rules::sketch::{BottomK, Sketch, Spec};
use driftline_rules::suite::problem::did_you_mean;
use driftline_rules::value::Value;

use super::Args;
use crate::columns::{Column, Table};
use crate::drift::{Asked, Entry};
use crate::files::Input;
use crate::passes::each_record;

/// The columns that the test compares together; `None`: it compares each by itself, since no other test was asked for
/// or all of them hold vectors.
pub fn columns(args: &Args, test: Asked, reference: &Table, current: &Table) -> anyhow::Result<Option<Vec<String>>> {
    if !test.takes_rows() {
        return Ok(None);
    }
    let (before, now) = (reference.columns(), current.columns());
    let of = |side: &[(String, &Column)], name: &str| side.iter().find(|it| it.0 == name).map(|it| it.1.n());
    let names: Vec<String> = if args.columns.is_empty() {
        before.iter().map(|it| it.0.clone()).filter(|it| of(&now, it).is_some()).collect()
    } else {
        args.columns.clone()
    };
    let is_vectors = |it: &&(String, &Column)| names.contains(&it.0) && it.1.lists.len() as u64 == it.1.n();
    if names.len() < 2 || names.len() == before.iter().filter(is_vectors).count() {
        return Ok(None);
    }
    if args.weights.is_some() {
        bail!("`--weights` is for tests of one column: records are compared one by one");
    }
    for name in &names {
        let lacks = match (of(&before, name), of(&now, name)) {
            (Some(_), Some(_)) => continue,
            (None, None) => "neither side has",
            (None, _) => "the reference lacks",
            (_, None) => "the current side lacks",
        };
        let hint = did_you_mean(name, before.iter().chain(&now).map(|it| it.0.as_str()));
        let hint = hint.map_or_else(String::new, |it| format!(" ({it})"));
        bail!("{lacks} the column `{name}`{hint}");
    }
    Ok(Some(names))
}

/// What is said of them.
pub fn entry(
    args: &Args,
    columns: &[String],
    test: Asked,
    params: &Params,
    inputs: [&[Input]; 2],
) -> anyhow::Result<Entry> {
    let [before, now] = inputs;
    let (before, now) = (sample(args, columns, before)?, sample(args, columns, now)?);
    let column = columns.join(", ");
    let entry = Entry { column, test: test.name(), n: before.n, m: now.n, ..Entry::default() };
    Ok(match judged(&before, &now, test, params) {
        Ok(it) => Entry { column: entry.column, ..it },
        Err(why) => Entry { error: Some(why), ..entry },
    })
}

fn judged(before: &RowSample, now: &RowSample, test: Asked, params: &Params) -> Result<Entry, String> {
    let Asked::Named(test) = test else {
        return Err("columns are compared together by a test that is named".to_owned());
    };
    let (sides, _) = before.sides(now, Takes::Rows)?;
    let found = alarm::run(test, &sides, params)?;
    let drifted = alarm::drifted(test, &found, params)?;
    Ok(Entry {
        test: Some(test.name),
        threshold: Some(alarm::level(test, params)?),
        n: before.n,
        m: now.n,
        effect: Some(explained(test, &sides, &found, params).unwrap_or_else(|| effect(&sides, &found))),
        found: Some(found),
        drifted: Some(drifted),
        ..Entry::default()
    })
}

/// Rows of the columns: as many as a sample may have, so that all rows of most files are there.
fn sample(args: &Args, columns: &[String], inputs: &[Input]) -> anyhow::Result<RowSample> {
    let pass = each_record(
        inputs,
        &args.reading.files()?,
        &args.reading.csv_nulls(),
        || Sketch::new(&Spec::BottomK { k: BottomK::MOST }),
        |sketch: &mut Sketch, row, record| {
            let cells: Vec<&Value> = columns.iter().map(|it| cell(record, it)).collect();
            sketch.update_many(cells.into_iter(), row);
        },
    );
    match pass.seen {
        Sketch::BottomK(it) => Ok(RowSample::of(columns.to_vec(), &it)),
        _ => bail!("records cannot be sampled"),
    }
}

/// The cell of a column: a member of that name, or `a.b` of an object.
fn cell<'c, 'r>(record: &'c Value<'r>, name: &str) -> &'c Value<'r> {
    let within = || name.split('.').try_fold(record, |it, name| it.get(name));
    record.get(name).or_else(within).unwrap_or(&Value::Missing)
}
