//! Pages, and the laws that hold for every detector.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn params(of: &Value) -> Map<String, Value> {
    of.as_object().cloned().unwrap_or_default()
}

fn detector(name: &str, given: &Value) -> Detector {
    let kind = find(name).unwrap_or_else(|| panic!("no detector {name}"));
    Detector::new(kind, &params(given)).unwrap_or_else(|why| panic!("{why}"))
}

fn refusal(name: &str, given: &Value) -> String {
    let kind = find(name).unwrap_or_else(|| panic!("no detector {name}"));
    Detector::new(kind, &params(given)).err().unwrap_or_else(|| panic!("{name} took {given}"))
}

/// A stream as pages write it: numbers, and `{"of": [..], "times": n}`.
fn stream(of: &Value) -> Vec<f64> {
    let mut out = vec![];
    for it in of.as_array().expect("an array") {
        match it.as_f64() {
            Some(number) => out.push(number),
            None => {
                let part = stream(&it["of"]);
                (0..it["times"].as_u64().expect("a count")).for_each(|_| out.extend(&part));
            }
        }
    }
    out
}

#[test]
fn what_the_pages_say_is_so() {
    let mut wrong = vec![];
    for kind in DETECTORS {
        assert!(kind.page.starts_with(&format!("# {}\n", kind.name)), "{}: the page has no title", kind.name);
        for param in kind.params {
            assert!(kind.page.contains(&format!("`{}`", param.name)), "{}: `{}` is not told", kind.name, param.name);
            assert!(!param.doc.is_empty());
        }
        let mut examples = 0;
        for block in kind.page.split("```example\n").skip(1) {
            for line in block.split("```").next().unwrap_or_default().lines() {
                let case: Value =
                    serde_json::from_str(line).unwrap_or_else(|why| panic!("{}: {why}: {line}", kind.name));
                let mut detector = detector(kind.name, &case["params"]);
                let (mut drifts, mut warnings) = (vec![], vec![]);
                for (i, value) in stream(&case["stream"]).into_iter().enumerate() {
                    let step = detector.update(value);
                    step.drift.then(|| drifts.push(i));
                    step.warning.then(|| warnings.push(i));
                }
                for (key, got) in [("drift_indices", json!(drifts)), ("warning_indices", json!(warnings))] {
                    if let Some(wanted) = case["expected"].get(key).filter(|it| **it != got) {
                        wrong.push(format!("{}: {key} {got}, not {wanted}: {line}", kind.name));
                    }
                }
                examples += 1;
            }
        }
        assert!(examples > 1, "{}: the page has {examples} examples", kind.name);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn names_are_one_detectors_alone() {
    let mut names: Vec<_> = DETECTORS.iter().flat_map(|it| std::iter::once(&it.name).chain(it.aliases)).collect();
    names.sort_by_key(|it| it.to_lowercase());
    for pair in names.windows(2) {
        assert!(
            !pair[0].eq_ignore_ascii_case(pair[1])
                || find(pair[0]).map(|it| it.name) == find(pair[1]).map(|it| it.name)
        );
    }
    assert_eq!(find("ADWIN").map(|it| it.name), Some("adwin"));
    assert_eq!(find("PageHinkley").map(|it| it.name), Some("page_hinkley"));
    assert!(find("none").is_none());
}

#[test]
fn parameters_are_read_by_the_names_of_both_libraries() {
    let ours = detector("page_hinkley", &json!({"min_instances": 10, "threshold": 2}));
    let theirs = detector("page_hinkley", &json!({"min_num_instances": 10.0, "lambda_": 2.0, "mode": null}));
    assert_eq!(ours.settings().to_json(), theirs.settings().to_json());
    assert_eq!(ours.settings().to_json()["mode"], "both");
    assert_eq!(
        detector("fhddm", &json!({"short_window_size": null})).settings().to_json()["short_window_size"],
        Value::Null
    );
}

#[test]
fn wrong_parameters_are_named() {
    assert_eq!(
        refusal("cusum", &json!({"lamda": 1})),
        "`cusum` has no parameter `lamda`; it has delta, lambda_, min_num_instances, cooldown"
    );
    assert_eq!(
        refusal("cusum", &json!({"lambda": 1, "lambda_": 1})),
        "`lambda_` is given twice, as `lambda` and as `lambda_`"
    );
    assert_eq!(
        refusal("adwin", &json!({"delta": 0})),
        "`adwin`: `delta` must be a number above 0 and at most 1, not 0"
    );
    assert_eq!(
        refusal("adwin", &json!({"clock": 1.5})),
        "`adwin`: `clock` must be an integer from 1 to 4294967296, not 1.5"
    );
    assert_eq!(
        refusal("page_hinkley", &json!({"mode": "sideways"})),
        "`page_hinkley`: `mode` must be one of both, up, down, not \"sideways\""
    );
    assert_eq!(
        refusal("kswin", &json!({"stat_size": 60})),
        "`kswin`: `window_size` (100) must be at least twice `stat_size` (60)"
    );
    assert_eq!(refusal("ecdd", &json!({"arl": 200})), "`ecdd`: `average_run_length` must be 100, 400 or 1000, not 200");
    assert_eq!(refusal("eddm", &json!({"alpha": 0.5})), "`eddm`: `alpha` (0.5) must not be below `beta` (0.9)");
}

#[test]
fn what_a_detector_does_not_take_is_skipped() {
    let mut whole = detector("page_hinkley", &json!({"threshold": 5}));
    let mut pierced = whole.clone();
    for i in 0..200 {
        let value = f64::from(i / 100);
        let gaps = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        assert_eq!(pierced.update(gaps[i as usize % 3]), Step::default());
        assert_eq!(pierced.update(value), whole.update(value));
    }
    assert_eq!((pierced.n(), pierced.skipped(), whole.skipped()), (200, 200, 0));
    let mut bits = detector("ddm", &json!({}));
    bits.update(0.5);
    assert_eq!((bits.n(), bits.skipped()), (0, 1));
}

#[test]
fn in_a_cooldown_no_drift_is_told() {
    let stream: Vec<f64> = (0..1000).map(f64::from).collect();
    let drifts = |cooldown: u64| {
        let mut it = detector("page_hinkley", &json!({"cooldown": cooldown}));
        stream.iter().enumerate().filter(|(_, value)| it.update(**value).drift).map(|it| it.0).collect::<Vec<_>>()
    };
    let all = drifts(0);
    assert!(all.len() > 3, "{all:?}");
    let few = drifts(100);
    assert!(few.windows(2).all(|pair| pair[1] - pair[0] > 100), "{few:?}");
    // The detector began anew with each drift, told or not.
    assert!(few.iter().all(|it| all.contains(it)), "{few:?} of {all:?}");
}

/// Streams with levels that change, so that detectors have something to find.
fn any_stream(takes: Takes) -> BoxedStrategy<Vec<f64>> {
    let level = prop_oneof![Just(0.0), Just(0.1), Just(0.5), Just(0.9), Just(1.0)];
    let part = (level, prop::collection::vec(0.0..1.0, 1..150)).prop_map(move |(level, noise)| {
        let value = |noise: f64| match takes {
            Takes::Bits => f64::from(u8::from(noise < level)),
            Takes::Shares => f64::midpoint(noise, level),
            Takes::Numbers => noise + 20.0 * level,
        };
        noise.into_iter().map(value).collect::<Vec<f64>>()
    });
    prop::collection::vec(part, 1..6).prop_map(|it| it.concat()).boxed()
}

/// A detector that finds something in streams of a few hundred values, and such a stream.
fn any_case() -> impl Strategy<Value = (&'static str, Value, Vec<f64>)> {
    let quick = json!({
        "adwin": {"clock": 1}, "cusum": {"lambda_": 3}, "ddm": {"warm_start": 5}, "ecdd": {}, "eddm": {"warm_start": 5},
        "fhddm": {"sliding_window_size": 25, "confidence_level": 0.1, "short_window_size": 7}, "gma": {"alpha": 0.5},
        "hddm_a": {"two_sided_test": true}, "hddm_w": {"two_sided_test": true, "cooldown": 20},
        "kswin": {"window_size": 30, "stat_size": 10}, "page_hinkley": {"threshold": 3},
        "rddm": {"min_num_instances": 10, "min_concept_size": 30, "max_concept_size": 60},
        "stepd": {"min_num_instances": 10, "warnings": true},
    });
    prop::sample::select(DETECTORS.to_vec()).prop_flat_map(move |kind| {
        let given = prop_oneof![Just(quick[kind.name].clone()), Just(json!({}))];
        (Just(kind.name), given, any_stream(kind.takes))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_may_be_cut_anywhere((name, given, stream) in any_case(), cut in any::<prop::sample::Index>()) {
        let mut whole = detector(name, &given);
        let mut parts = whole.clone();
        let cut = cut.index(stream.len());
        for (i, value) in stream.iter().enumerate() {
            if i == cut {
                let bytes = parts.to_bytes();
                parts = Detector::from_bytes(&bytes).unwrap_or_else(|why| panic!("{name} at {cut}: {why}"));
                prop_assert_eq!(parts.to_bytes(), bytes);
            }
            prop_assert_eq!(whole.update(*value), parts.update(*value), "{} at {}", name, i);
        }
        prop_assert_eq!(whole.to_bytes(), parts.to_bytes());
        prop_assert_eq!(whole.figures(), parts.figures());
    }

    #[test]
    fn bytes_of_anyone_never_panic(
        (name, given, stream) in any_case(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        length in any::<prop::sample::Index>(),
    ) {
        let mut it = detector(name, &given);
        for value in &stream {
            it.update(*value);
        }
        let mut bytes = it.to_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if length.index(3) == 0 {
            bytes.truncate(length.index(bytes.len()));
        }
        if let Ok(mut read) = Detector::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
            for value in &stream {
            read.update(*value);
        }
        }
    }
}

#[test]
fn other_bytes_are_refused() {
    let mut it = detector("stepd", &json!({}));
    for i in 0..100 {
        it.update(f64::from(i % 2));
    }
    let bytes = it.to_bytes();
    let error = |bytes: &[u8]| Detector::from_bytes(bytes).err();
    assert_eq!(error(b""), Some(StateError::NoDetector));
    assert_eq!(error(b"DLWN\x01"), Some(StateError::NoDetector));
    assert_eq!(error(b"DLDT\x02"), Some(StateError::Version(2)));
    assert_eq!(error(b"DLDT\x01\x03abc"), Some(StateError::Unknown("abc".to_owned())));
    assert!(matches!(error(&[&bytes[..], &[0]].concat()), Some(StateError::Broken(_))));
    for n in 0..bytes.len() {
        assert!(error(&bytes[..n]).is_some(), "{n} of {} bytes", bytes.len());
    }
    // Of the padding of the last byte of a window of 30 bits every bit is 0.
    let mut padded = bytes.clone();
    let at = bytes.len() - 9;
    padded[at] |= 0x80;
    assert!(matches!(error(&padded), Some(StateError::Broken(_))));
}

#[test]
fn memory_is_bounded() {
    for kind in DETECTORS {
        let mut it = detector(kind.name, &json!({}));
        let at = |n: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40 & 1) as f64;
        for n in 0..60_000 {
            it.update(at(n));
        }
        assert!(it.to_bytes().len() < 8000, "{}: {} bytes", kind.name, it.to_bytes().len());
    }
}
