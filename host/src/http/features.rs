//! What the values of fields were like in stored windows, and how they compare.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use driftline_rules::baseline::Baseline;
use driftline_rules::drift::Params as TestParams;
use driftline_rules::drift::multiplicity::Correction;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Named, Pace, Params, allow, whole};
use super::history::time;
use super::problem::Problem;
use crate::config::Scope;
use crate::drift::Asked as Test;
use crate::history::length;
use crate::service::app::{App, now};
use crate::service::comparing::{Summed, Which, judged, named, spans, together};
use crate::service::features::{Side, baseline_of, compared, correction, each, field, fields, lengths};
use crate::service::version::Version;
use crate::store::rows::Micros;
use crate::store::windows::WindowRow;
use crate::wire::{
    AgainstAsked, ColumnDrift, DriftAsked, DriftOut, Feature, FeatureBaseline, FeatureDistribution, WindowDistribution,
};

/// Windows that are summed up at most.
const MOST: u32 = 10_000;
/// Windows that are told each.
const MOST_EACH: u32 = 1_000;
/// What is looked at when nobody says since when.
const DAY: Micros = 86_400_000_000;

/// Whose fields are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfSuite {
    /// The suite; all of them, without it.
    suite: Option<String>,
}

/// Which windows are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The suite; the windows are those of its active version.
    suite: String,
    /// Windows that start from this time on (RFC 3339, or a span before now such as `24h`, `7d`); a day before `until`,
    /// without it.
    since: Option<String>,
    /// Windows that start before this time; now, without it.
    until: Option<String>,
    /// What their length is called: `5m`, `1h`, `month`, or `1h/5m` of those that overlap; the shortest of the suite,
    /// without it.
    length: Option<String>,
    /// Those of one of the suite's `segments`, such as `region=eu`; those of all records, without it.
    segment: Option<String>,
    /// Whether each window is told by itself, not all of them together.
    #[serde(default)]
    each: bool,
}

fn version_of(app: &App, suite: &str) -> Result<Arc<Version>, Problem> {
    app.shelf.get(suite).ok_or_else(|| super::suites::unknown(&app.shelf.now(), suite))
}

fn nothing(why: String) -> Problem {
    Problem::unprocessable("no-windows", "There is no window to tell of", why)
}

/// From when, and until when.
fn span(since: Option<&str>, until: Option<&str>) -> Result<(Option<Micros>, Micros), Problem> {
    let until = time("until", until)?.unwrap_or_else(now);
    let since = time("since", since)?.unwrap_or_else(|| until.saturating_sub(DAY));
    if since >= until {
        return Err(Problem::bad_request("`since` is not before `until`"));
    }
    Ok((Some(since), until))
}

/// The fields of which windows keep a distribution: those with a `stable`, or with other expectations that need all of
/// their values, as far as the suite's privacy lets windows keep them.
#[utoipa::path(get, path = "/v1/features", tag = "history", params(OfSuite), responses(
    (status = 200, description = "By suite and field.", body = Vec<Feature>),
    (status = 404, description = "There is no such suite.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Params(asked): Params<OfSuite>,
) -> Result<Json<Vec<Feature>>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let versions = match &asked.suite {
        Some(suite) => vec![version_of(&app, suite)?],
        None => app.shelf.now().active.values().cloned().collect(),
    };
    let of = |version: &Arc<Version>| {
        let version = Arc::clone(version);
        let lengths = lengths(&version);
        fields(&version).into_iter().map(move |(field, checks)| Feature {
            suite: version.name.clone(),
            suite_hash: version.hash.clone(),
            field,
            checks,
            lengths: lengths.clone(),
        })
    };
    Ok(Json(versions.iter().flat_map(of).collect()))
}

/// What the values of a field were like in stored windows of a suite's active version, all together or each by itself,
/// beside the baseline that the suite names.
#[utoipa::path(get, path = "/v1/features/{field}/distribution", tag = "history",
    params(("field" = String, Path, description = "The field, as the suite writes it."), Asked), responses(
    (status = 200, description = "Its distribution.", body = FeatureDistribution),
    (status = 404, description = "There is no such suite, or its windows keep no distribution of the field.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "There is no window of this time and length, or there are too many.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn distribution(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Json<FeatureDistribution>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let version = version_of(&app, &asked.suite)?;
    let field = field(&version, &name).map_err(Problem::not_found)?;
    let span = span(asked.since.as_deref(), asked.until.as_deref())?;
    let most = if asked.each { MOST_EACH } else { MOST };
    let of_length = asked.length.as_deref().map(length);
    let segment = asked.segment.unwrap_or_default();
    let which = Which { length: of_length.as_deref(), segment: &segment, since: span.0, until: span.1 };
    let rows = judged(&app.store, &version, which, most).await?.map_err(nothing)?;
    let told = |it: Micros| crate::wire::time(it);
    let mut out = FeatureDistribution {
        suite: version.name.clone(),
        suite_hash: version.hash.clone(),
        length: rows.first().map(|it| it.length.clone()).unwrap_or_default(),
        start: rows.last().map(|it| told(it.start)).unwrap_or_default(),
        end: rows.first().map(|it| told(it.end)).unwrap_or_default(),
        windows: 0,
        segment,
        records: 0,
        distribution: None,
        items: None,
        baseline: baseline(&app, &version, &field).await?,
        field,
    };
    if asked.each {
        let items = each(&app, &version, &out.field, &rows).await?;
        out.windows = items.len();
        out.records = items.iter().map(|it| u64::try_from(it.0.records).unwrap_or(0)).sum();
        let item = |(row, it): (WindowRow, _)| WindowDistribution {
            window_id: row.id,
            start: told(row.start),
            end: told(row.end),
            records: row.records,
            distribution: driftline_rules::baseline::Distribution::told(&it),
        };
        out.items = Some(items.into_iter().map(item).collect());
    } else {
        let Summed { rows, baseline, .. } = together(&app.store, &version, rows).await?.map_err(nothing)?;
        (out.windows, out.records) = (rows.len(), baseline.records);
        out.distribution = baseline.field(&out.field).map(driftline_rules::baseline::Distribution::told);
    }
    Ok(Json(out))
}

async fn baseline(app: &App, version: &Version, field: &str) -> Result<Option<FeatureBaseline>, Problem> {
    let known = baseline_of(app, version).await?;
    Ok(known.and_then(|it| {
        let distribution = it.baseline.field(field)?.told();
        Some(FeatureBaseline { name: it.told(), records: it.baseline.records, distribution })
    }))
}

/// Compares stored windows of a suite's active version with a baseline, or with other windows, field by field. Nothing
/// is stored.
#[utoipa::path(post, path = "/v1/suites/{suite}/drift", tag = "history", params(("suite" = String, Path, description = "The suite.")),
    request_body(content = DriftAsked, content_type = "application/json", description = "What is compared with what."), responses(
    (status = 200, description = "What the test says of each field.", body = DriftOut),
    (status = 404, description = "There is no such suite or baseline.", body = Problem, content_type = "application/problem+json"),
    (status = 408, description = "The body stopped coming.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The body is larger than `limits.suite` allows.", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "There is no window to compare, no such field, or no such test or parameter: all reasons.", body = Problem, content_type = "application/problem+json"),
))]
pub async fn drift(
    State(app): State<Arc<App>>,
    Named(suite): Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DriftOut>, Problem> {
    allow(&app, &headers, Scope::Read)?;
    let settings = app.live().settings.clone();
    let bytes = whole(body, settings.suite, Pace::new(&settings)).await?;
    let asked: DriftAsked =
        serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body: {error}")))?;
    let version = version_of(&app, &suite)?;
    let params = TestParams(asked.params.unwrap_or_default());
    let (test, names) = sound(&version, asked.test.as_deref(), &params, asked.fields)?;
    let of_length = asked.length.as_deref().map(length);
    let when = span(asked.since.as_deref(), asked.until.as_deref())?;
    let segment = asked.segment.unwrap_or_default();
    let which = Which { length: of_length.as_deref(), segment: &segment, since: when.0, until: when.1 };
    let reference = reference(&app, &version, asked.against, which).await?;
    let current = windows(&app, &version, which).await?;
    let [before, now] = [&reference, &current].map(Reference::side);
    let work = || compared(&version, &names, [&before, &now], test, &params);
    let entries = tokio::task::block_in_place(work);
    Ok(Json(DriftOut {
        suite: version.name.clone(),
        suite_hash: version.hash.clone(),
        reference: before.told,
        current: now.told,
        correction: correction(&version, &params).map(Correction::name),
        columns: entries.iter().map(ColumnDrift::from).collect(),
    }))
}

/// The test and the fields that are asked for, or all that is wrong with them.
fn sound(
    version: &Version,
    test: Option<&str>,
    params: &TestParams,
    asked: Option<Vec<String>>,
) -> Result<(Test, Vec<String>), Problem> {
    let mut wrong = Vec::new();
    let test = Test::new(test, params).map_err(|why| wrong.push(why)).unwrap_or(Test::Chosen);
    let names = match asked {
        None => fields(version).into_keys().collect(),
        Some(all) => {
            let known = all.iter().map(|it| field(version, it));
            let mut names: Vec<String> = known.filter_map(|it| it.map_err(|why| wrong.push(why)).ok()).collect();
            let mut seen = std::collections::BTreeSet::new();
            names.retain(|it| seen.insert(it.clone()));
            names
        }
    };
    if names.is_empty() && wrong.is_empty() {
        wrong.push(format!(
            "there is no field to compare: windows of the suite `{}` keep a distribution of fields that have a `stable` \
             and that its `privacy` lets them keep",
            version.name
        ));
    }
    if wrong.is_empty() { Ok((test, names)) } else { Err(Problem::reasons("drift", "That cannot be compared", wrong)) }
}

/// What is compared, or compared with.
enum Reference {
    Known(Arc<crate::service::baselines::Known>),
    Windows(Baseline, String),
}

impl Reference {
    fn side(&self) -> Side<'_> {
        match self {
            Reference::Known(it) => Side { baseline: &it.baseline, told: it.told() },
            Reference::Windows(baseline, told) => Side { baseline, told: told.clone() },
        }
    }
}

async fn reference(
    app: &App,
    version: &Version,
    against: Option<AgainstAsked>,
    current: Which<'_>,
) -> Result<Reference, Problem> {
    let name = match against {
        None => named(version).map(str::to_owned).ok_or_else(|| {
            Problem::bad_request(
                "the suite names no baseline: say `against: {\"baseline\": NAME}` or `against: {\"since\": TIME, \"until\": TIME}`",
            )
        })?,
        Some(AgainstAsked { baseline: Some(name), since: None, until: None, length: None, segment: None }) => name,
        Some(AgainstAsked { baseline: None, since: Some(since), until, length: own, segment }) => {
            let (since, until) = span(Some(&since), until.as_deref())?;
            let own = own.as_deref().map(length);
            let segment = segment.as_deref().unwrap_or(current.segment);
            let which = Which { length: own.as_deref().or(current.length), segment, since, until };
            return windows(app, version, which).await;
        }
        Some(_) => {
            return Err(Problem::bad_request(
                "`against` is `{\"baseline\": NAME}` or `{\"since\": TIME, \"until\": TIME, \"length\": LENGTH, \"segment\": NAME}`, of which only `since` is needed",
            ));
        }
    };
    let known = app.baselines.active(&app.store, &name).await?;
    known.map(Reference::Known).ok_or_else(|| super::baselines::unknown(&name))
}

async fn windows(app: &App, version: &Version, which: Which<'_>) -> Result<Reference, Problem> {
    let rows = judged(&app.store, version, which, MOST).await?.map_err(nothing)?;
    let Summed { rows, baseline, .. } = together(&app.store, version, rows).await?.map_err(nothing)?;
    let mut told = spans(&rows).unwrap_or_default();
    if !which.segment.is_empty() {
        told = format!("{told}, of the segment `{}`", which.segment);
    }
    Ok(Reference::Windows(baseline, told))
}
