//! From families of metrics to messages, by the rules of OpenTelemetry for Prometheus
//! (<https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>): names stay as they are, counters
//! are monotonic cumulative sums, and the type of Prometheus is told as metadata. An info is a gauge, as Prometheus' text
//! has it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use driftline_rules::family::{self, Family, FamilyType, Sample};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, exemplar, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::sending::Sender;
use super::{Gather, scope};

/// Units by the ends of names, where Prometheus' word and that of UCUM are both settled.
const UNITS: [(&str, &str); 3] = [("_seconds", "s"), ("_bytes", "By"), ("_ratio", "1")];

/// The task that sends.
pub(super) struct Sending {
    sender: Sender,
    resource: Resource,
    schema_url: String,
    started: u64,
    gather: Gather,
}

impl Sending {
    pub(super) fn new(
        sender: Sender,
        resource: &opentelemetry_sdk::Resource,
        started: SystemTime,
        gather: Gather,
    ) -> Self {
        let ResourceAttributesWithSchema { attributes, schema_url } = resource.into();
        let resource = Resource { attributes: attributes.0, ..Resource::default() };
        Sending { sender, resource, schema_url: schema_url.unwrap_or_default(), started: nanos(started), gather }
    }

    /// Sends until it is told to stop, and then once more.
    pub(super) async fn run(self, every: Duration, mut stop: watch::Receiver<bool>) {
        let mut clock = interval(every);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once, when there is nothing yet.
        clock.tick().await;
        loop {
            tokio::select! {
                _ = clock.tick() => self.send().await,
                _ = stop.changed() => break,
            }
        }
        self.sender.hurry();
        self.send().await;
    }

    async fn send(&self) {
        let metrics = messages(&(self.gather)(), self.started, nanos(SystemTime::now()));
        let scope_metrics = ScopeMetrics { scope: Some((&scope(), None).into()), metrics, ..ScopeMetrics::default() };
        let all = ResourceMetrics {
            resource: Some(self.resource.clone()),
            scope_metrics: vec![scope_metrics],
            schema_url: self.schema_url.clone(),
        };
        // What becomes of it is told by the sender. Sums are cumulative: the next message makes up for a lost one.
        let _ = self.sender.send(&ExportMetricsServiceRequest { resource_metrics: vec![all] }).await;
    }
}

/// Families as OTLP has them; `started` and `now` in nanoseconds since 1970.
fn messages(families: &[Family], started: u64, now: u64) -> Vec<Metric> {
    let with_series = families.iter().filter(|it| !it.series.is_empty());
    with_series.map(|it| Metric { data: Some(data(it, started, now)), ..described(it) }).collect()
}

fn described(family: &Family) -> Metric {
    let stem = family.name.strip_suffix("_total").unwrap_or(&family.name);
    let unit = UNITS.iter().find(|it| stem.ends_with(it.0)).map_or("", |it| it.1);
    Metric {
        name: family.name.clone(),
        description: family.help.clone(),
        unit: unit.to_owned(),
        metadata: vec![attribute("prometheus.type", family.kind.name())],
        data: None,
    }
}

fn data(family: &Family, started: u64, now: u64) -> Data {
    let cumulative = AggregationTemporality::Cumulative as i32;
    let labels = |it: &[(String, String)]| it.iter().map(|(name, value)| attribute(name, value)).collect();
    let numbers = |start: u64| {
        let point = |it: &family::Series| match &it.sample {
            Sample::Number(value, of) => Some(NumberDataPoint {
                attributes: labels(&it.labels),
                start_time_unix_nano: start,
                time_unix_nano: now,
                exemplars: of.iter().filter_map(exemplar).collect(),
                flags: 0,
                value: Some(number_data_point::Value::AsDouble(*value)),
            }),
            Sample::Histogram(_) => None,
        };
        family.series.iter().filter_map(point).collect()
    };
    match family.kind {
        FamilyType::Counter => {
            Data::Sum(Sum { data_points: numbers(started), aggregation_temporality: cumulative, is_monotonic: true })
        }
        FamilyType::Gauge | FamilyType::Info => Data::Gauge(Gauge { data_points: numbers(0) }),
        FamilyType::Histogram => {
            let point = |it: &family::Series| match &it.sample {
                Sample::Number(..) => None,
                Sample::Histogram(of) => Some(HistogramDataPoint {
                    attributes: labels(&it.labels),
                    start_time_unix_nano: started,
                    time_unix_nano: now,
                    count: of.count(),
                    sum: Some(of.sum),
                    bucket_counts: of.counts.clone(),
                    explicit_bounds: of.bounds.clone(),
                    exemplars: of.exemplars.iter().flatten().filter_map(exemplar).collect(),
                    ..HistogramDataPoint::default()
                }),
            };
            let data_points = family.series.iter().filter_map(point).collect();
            Data::Histogram(Histogram { data_points, aggregation_temporality: cumulative })
        }
    }
}

fn exemplar(it: &family::Exemplar) -> Option<Exemplar> {
    let trace_id = u128::from_str_radix(&it.trace_id, 16).ok().filter(|_| it.trace_id.len() == 32)?;
    Some(Exemplar {
        time_unix_nano: u64::try_from(it.at).ok()?.checked_mul(1000)?,
        trace_id: trace_id.to_be_bytes().to_vec(),
        value: Some(exemplar::Value::AsDouble(it.value)),
        ..Exemplar::default()
    })
}

fn attribute(name: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Any::StringValue(value.to_owned())) });
    KeyValue { key: name.to_owned(), value, ..KeyValue::default() }
}

fn nanos(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |it| it.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use driftline_rules::family::Series;

    use super::*;

    fn family(name: &str, kind: FamilyType, sample: Sample) -> Family {
        let labels = vec![("suite".to_owned(), "s".to_owned())];
        Family { name: name.into(), help: "Says it.".into(), kind, series: vec![Series { labels, sample }] }
    }

    #[test]
    fn names_and_units_follow_the_rules_for_prometheus() {
        let unit = |name: &str| {
            let it = described(&family(name, FamilyType::Counter, Sample::Number(1.0, None)));
            assert_eq!((it.name.as_str(), it.description.as_str()), (name, "Says it."));
            it.unit
        };
        for (name, expected) in [
            ("driftline_request_duration_seconds", "s"),
            ("process_cpu_seconds_total", "s"),
            ("driftline_journal_bytes", "By"),
            ("driftline_label_coverage_ratio", "1"),
            ("driftline_records_total", ""),
            // Prometheus would write another name for this unit.
            ("model_inference_latency_ms", ""),
        ] {
            assert_eq!(unit(name), expected, "{name}");
        }
    }

    #[test]
    fn each_type_becomes_what_the_rules_say() {
        let trace_id = "0af7651916cd43dd8448eb211c80319c".to_owned();
        let of = family::Exemplar { trace_id, value: 0.7, at: 5 };
        let mut histogram = family::Histogram::new(&[0.5, 1.0]);
        histogram.observe(0.2, None);
        histogram.observe(0.7, Some(of.clone()));
        histogram.observe(3.0, None);
        let families = [
            family("a_total", FamilyType::Counter, Sample::Number(7.0, Some(of))),
            family("b", FamilyType::Gauge, Sample::Number(-1.0, None)),
            family("c_info", FamilyType::Info, Sample::Number(1.0, None)),
            family("d_seconds", FamilyType::Histogram, Sample::Histogram(histogram)),
            Family { series: Vec::new(), ..family("e", FamilyType::Gauge, Sample::Number(0.0, None)) },
        ];
        let all = messages(&families, 10, 20);
        assert_eq!(all.len(), 4, "a family without series is none");
        let Some(Data::Sum(sum)) = &all[0].data else { panic!("{:?}", all[0]) };
        assert_eq!((sum.is_monotonic, sum.aggregation_temporality), (true, 2));
        let point = &sum.data_points[0];
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (10, 20));
        assert_eq!(point.value, Some(number_data_point::Value::AsDouble(7.0)));
        assert_eq!(point.attributes, [attribute("suite", "s")]);
        assert_eq!((point.exemplars[0].time_unix_nano, point.exemplars[0].trace_id[0]), (5000, 0x0a));
        for it in &all[1..3] {
            assert!(matches!(&it.data, Some(Data::Gauge(it)) if it.data_points[0].start_time_unix_nano == 0));
        }
        assert_eq!(all[2].metadata, [attribute("prometheus.type", "info")]);
        let Some(Data::Histogram(it)) = &all[3].data else { panic!("{:?}", all[3]) };
        let point = &it.data_points[0];
        assert_eq!((point.count, &point.bucket_counts, &point.explicit_bounds), (3, &vec![1, 1, 1], &vec![0.5, 1.0]));
        assert_eq!((point.sum, point.exemplars.len()), (Some(3.9), 1));
    }
}
