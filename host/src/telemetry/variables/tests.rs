//! What the variables say.

use super::*;

fn read(all: &[(&str, &str)]) -> Variables {
    let find = |name: &str| all.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
    Variables::read(&find)
}

fn urls(it: &Variables) -> (Option<&str>, Option<&str>) {
    (it.traces.as_ref().map(|it| it.url.as_str()), it.metrics.as_ref().map(|it| it.url.as_str()))
}

#[test]
fn nothing_is_sent_unless_somebody_says_so() {
    let of = |all: &[(&str, &str)]| {
        let it = read(all);
        assert_eq!(it.problems, Vec::<String>::new());
        let (traces, metrics) = urls(&it);
        (traces.map(str::to_owned), metrics.map(str::to_owned))
    };
    let local = |path: &str| Some(format!("http://localhost:4318/{path}"));
    assert_eq!(of(&[]), (None, None));
    assert_eq!(of(&[("OTEL_TRACES_EXPORTER", "otlp")]), (local("v1/traces"), None));
    assert_eq!(of(&[("OTEL_METRICS_EXPORTER", "otlp")]), (None, local("v1/metrics")));
    let both = [("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:1/base/")];
    let at = |it: &str| Some(format!("https://c:1/base/v1/{it}"));
    assert_eq!(of(&both), (at("traces"), at("metrics")));
    assert_eq!(of(&[both[0], ("OTEL_METRICS_EXPORTER", "none")]), (at("traces"), None));
    assert_eq!(of(&[both[0], ("OTEL_METRICS_EXPORTER", "prometheus")]), (at("traces"), None));
    assert_eq!(of(&[both[0], ("OTEL_SDK_DISABLED", "TRUE")]), (None, None));
    // The address of a signal is taken as it is.
    let own = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:9/x")];
    assert_eq!(of(&own), (Some("http://t:9/x".into()), None));
    assert_eq!(of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), (None, None));
}

#[test]
fn a_signal_goes_before_all_signals() {
    let it = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s%2C3cret, x-team = ml,bad,=x, u=%zz"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-team=other"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
    ]);
    let (traces, metrics) = (it.traces.as_ref().unwrap(), it.metrics.as_ref().unwrap());
    let header = |it: &Target, name: &str| it.headers.get(name).map(|it| it.to_str().unwrap().to_owned());
    assert_eq!(header(traces, "authorization").unwrap(), "Bearer s,3cret");
    assert_eq!((header(traces, "x-team").unwrap(), traces.headers.len()), ("ml".to_owned(), 2));
    assert_eq!((header(metrics, "x-team").unwrap(), header(metrics, "authorization")), ("other".to_owned(), None));
    assert_eq!((traces.gzip, metrics.gzip), (true, false));
    assert_eq!((traces.timeout.as_millis(), metrics.timeout.as_millis(), it.every.as_millis()), (2500, 10_000, 1000));
    assert_eq!((traces.protocol, metrics.protocol), (Protocol::Protobuf, Protocol::Json));
    let told = it.problems.join("\n");
    assert_eq!(it.problems.len(), 4, "{told}");
    for part in ["HEADERS holds no header in place 3", "place 4", "place 5", "METRICS_TIMEOUT is `soon`"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("cret"), "{told}");
}

#[test]
fn what_is_not_supported_is_told_once() {
    let it = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:s3cret@c:4317"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_TRACES_SAMPLER", "xray"),
        ("OTEL_TRACES_EXPORTER", "otlp,zipkin"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b,c"),
    ]);
    assert_eq!(urls(&it), (None, Some("http://me:s3cret@c:4317/v1/metrics")));
    let told = it.problems.join("\n");
    for part in ["is `grpc`", "4318", "is `zstd`", "is `delta`", "LOGS_EXPORTER", "`zipkin`", "RESOURCE_ATTRIBUTES"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(it.problems.len(), 6, "{told}");
    let it = read(&[("OTEL_TRACES_EXPORTER", "otlp"), ("OTEL_TRACES_SAMPLER", "xray"), ("OTEL_SDK_DISABLED", "no")]);
    assert_eq!(it.problems.len(), 2, "{:?}", it.problems);
    let it = read(&[("OTEL_TRACES_EXPORTER", "otlp"), ("OTEL_TRACES_SAMPLER", "traceidratio")]);
    assert_eq!(it.problems.len(), 1, "{:?}", it.problems);
    let it = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")]);
    assert_eq!((urls(&it), it.problems.len()), ((None, None), 2), "{:?}", it.problems);
}
