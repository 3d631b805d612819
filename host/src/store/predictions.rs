//! The log of predictions, which labels are joined to.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::queries::{Dialect, before, texts, times};
use super::rows::{Cursor, Labels, Micros};
use super::{Error, Store};

/// A prediction that is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictionRow {
    /// Its key, a UUID v7.
    pub key: Uuid,
    /// The time of the record.
    pub at: Micros,
    /// The suite.
    pub suite: String,
    /// The content hash of the version that checked it.
    pub suite_hash: String,
    /// The record's id.
    pub id: String,
    /// Model, version and segment.
    pub labels: Labels,
    /// What was predicted, as JSON.
    pub prediction: Option<String>,
    /// The score.
    pub score: Option<f64>,
    /// What is kept of the record, as a JSON object.
    pub record: String,
}

/// A prediction with its label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logged {
    /// The prediction.
    pub prediction: PredictionRow,
    /// The label as JSON.
    pub label: Option<String>,
    /// When it was known.
    pub label_at: Option<Micros>,
    /// How often it came: 1, more when it was corrected.
    pub label_revision: Option<i64>,
    /// Whether it says what was predicted.
    pub correct: Option<bool>,
}

/// Which predictions are asked for. Members that are `None` do not restrict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The suite.
    pub suite: Option<String>,
    /// The record's id.
    pub id: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The segment, as results have it.
    pub segment: Option<String>,
    /// What was predicted, as JSON.
    pub prediction: Option<String>,
    /// What of its label.
    pub outcome: Option<Outcome>,
    /// The least score.
    pub score_min: Option<f64>,
    /// The greatest score.
    pub score_max: Option<f64>,
    /// From this time on.
    pub since: Option<Micros>,
    /// Before this time.
    pub until: Option<Micros>,
}

/// What of a prediction's label is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It says what was predicted.
    Correct,
    /// It says something else.
    Wrong,
    /// There is one.
    Labelled,
    /// There is none.
    Unlabelled,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 4] = [Outcome::Correct, Outcome::Wrong, Outcome::Labelled, Outcome::Unlabelled];

    /// The word in questions.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Correct => "correct",
            Outcome::Wrong => "wrong",
            Outcome::Labelled => "labelled",
            Outcome::Unlabelled => "unlabelled",
        }
    }

    const fn condition(self) -> &'static str {
        match self {
            Outcome::Correct => " AND l.correct",
            Outcome::Wrong => " AND NOT l.correct",
            Outcome::Labelled => " AND l.id IS NOT NULL",
            Outcome::Unlabelled => " AND l.id IS NULL",
        }
    }
}

pub(super) const PREDICTION: &str = "SELECT p.key, p.at, p.suite, p.suite_hash, p.id, p.model, p.version, p.segment, \
    p.prediction, p.score, p.record";

/// A page of predictions, the newest first.
fn page<DB: Dialect>(wanted: &Wanted, after: Option<Cursor>, limit: u32) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(PREDICTION);
    query.push(
        ", l.label, l.at AS label_at, l.revision AS label_revision, l.correct FROM prediction p \
         LEFT JOIN label l ON l.suite = p.suite AND l.id = p.id WHERE TRUE",
    );
    texts(
        &mut query,
        &[
            (" AND p.suite = ", &wanted.suite),
            (" AND p.id = ", &wanted.id),
            (" AND p.model = ", &wanted.model),
            (" AND p.version = ", &wanted.version),
            (" AND p.segment = ", &wanted.segment),
            (" AND p.prediction = ", &wanted.prediction),
        ],
    );
    for (condition, bound) in [(" AND p.score >= ", wanted.score_min), (" AND p.score <= ", wanted.score_max)] {
        if let Some(bound) = bound {
            DB::real(query.push(condition), bound);
        }
    }
    query.push(wanted.outcome.map_or("", Outcome::condition));
    times(&mut query, &[(" AND p.at >= ", wanted.since), (" AND p.at < ", wanted.until)]);
    before(&mut query, [" AND p.at <= ", " AND (p.at, p.key) < ("], after);
    DB::number(query.push(" ORDER BY p.at DESC, p.key DESC LIMIT "), limit.into());
    query
}

/// The predictions of some ids.
pub(super) fn of_ids<DB: Dialect>(suite: &str, ids: &[String]) -> QueryBuilder<DB>
where
    DB::Arguments: Default,
{
    let mut query = QueryBuilder::new(PREDICTION);
    DB::text(query.push(" FROM prediction p WHERE p.suite = "), suite);
    DB::among(query.push(" AND p.id"), ids);
    query
}

impl Store {
    /// A page of predictions with their labels, the newest first.
    pub async fn predictions(&self, wanted: &Wanted, after: Option<Cursor>, limit: u32) -> Result<Vec<Logged>, Error> {
        Ok(match self {
            Store::Postgres(it) => page(wanted, after, limit).build_query_as().fetch_all(it.pool()).await?,
            Store::Sqlite(it) => page(wanted, after, limit).build_query_as().fetch_all(it.readers()).await?,
        })
    }

    /// The predictions of some ids of a suite.
    pub async fn predictions_of(&self, suite: &str, ids: &[String]) -> Result<Vec<PredictionRow>, Error> {
        Ok(match self {
            Store::Postgres(it) => of_ids(suite, ids).build_query_as().fetch_all(it.pool()).await?,
            Store::Sqlite(it) => of_ids(suite, ids).build_query_as().fetch_all(it.readers()).await?,
        })
    }
}
