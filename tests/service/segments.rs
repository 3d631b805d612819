//! Segments: records are judged together and apart, from one pass.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::database::{self, Database};
use crate::restart::calm;
use crate::server::Server;

const SUITE: &str = "\
name: loans
record: { id: id, time: ts }
windows: { lengths: [1m, 5m], slide: { length: 2m, every: 1m }, lateness: 1m, idle: 2s }
segments: [region, [model, region]]
privacy: { model: hash }
expectations:
  - { field: id, unique: {}, name: unique id }
  - { field: amount, sum_between: { min: 0 }, name: sum }
  - { field: amount, between: { max: 90 }, name: small, segments: only }
  - { row_count_between: { min: 4 }, name: rows, segments: total }
";

const CHECK: &str = "/v1/suites/loans/check?on_fail=observe&verdicts=none";
const REGIONS: [Value; 4] = [Value::Null, Value::Bool(true), Value::Null, Value::Bool(false)];

fn server(suite: &str, database: Option<&Database>) -> Server {
    let mut server = Server::new(&[("loans.yaml", suite)]);
    calm(&mut server);
    server.set("DRIFTLINE_WINDOWS__REVISE_EVERY", "1ms");
    server.set("DRIFTLINE_RESULTS__PRIVACY_KEY", "a key that all have");
    if let Some(database) = database {
        server.set("DRIFTLINE_DATABASE", &database.url);
    }
    server
}

fn begin() -> DateTime<Utc> {
    "2024-05-01T12:00:00Z".parse().unwrap()
}

/// Records of six minutes that go to and fro; some without a region, some that cannot be read.
fn records(n: u64) -> Vec<String> {
    let region = |i: u64| match i * 7 % 5 {
        0 => REGIONS[(i % 4) as usize].clone(),
        1 => json!("a, b=c"),
        it => json!(format!("r{it}")),
    };
    let record = |i: u64| {
        let at = begin() + TimeDelta::seconds((i * 353 % 360) as i64);
        let ts = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        json!({"id": i, "amount": i * 7919 % 97, "ts": ts, "region": region(i), "model": i % 3}).to_string()
    };
    (0..n).map(record).collect()
}

fn send(server: &Server, records: &[String]) {
    for (i, some) in records.chunks(40).enumerate() {
        // Some alone, some together.
        let (kind, bodies) = if i % 3 == 0 {
            ("application/json", some.to_vec())
        } else {
            ("application/x-ndjson", vec![some.join("\n")])
        };
        for body in bodies {
            let answer = server.post(CHECK, kind, body);
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }
}

/// All windows of a length.
fn windows(server: &Server, query: &str) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v1/windows?limit=1000&{query}{next}")).json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(it) => next = format!("&cursor={it}"),
            None => return all,
        }
    }
}

fn records_in(windows: &[Value]) -> i64 {
    windows.iter().map(|it| it["records"].as_i64().unwrap()).sum()
}

fn findings(server: &Server, window: &Value) -> BTreeMap<String, Value> {
    let window = server.get(&format!("/v1/windows/{}", window["id"].as_str().unwrap())).json();
    let of = |it: &Value| (it["check"].as_str().unwrap().to_owned(), it.clone());
    window["findings"].as_array().unwrap().iter().map(of).collect()
}

/// What is judged of a segment is what a file of its records alone would be.
fn records_are_judged_together_and_apart(database: Option<&Database>) {
    let mut server = server(SUITE, database);
    server.start();
    let all = records(400);
    send(&server, &all);
    for (length, times) in [("1m", 1), ("5m", 1), ("2m/1m", 2)] {
        let total = || records_in(&windows(&server, &format!("length={length}&segment=")));
        server.until(length, || total() == 400 * times);
        let every = windows(&server, &format!("length={length}"));
        let by = |prefix: &str| -> Vec<Value> {
            every.iter().filter(|it| it["segment"].as_str().unwrap().starts_with(prefix)).cloned().collect()
        };
        assert_eq!((records_in(&by("region=")), records_in(&by("model="))), (400 * times, 400 * times), "{length}");
        assert!(every.iter().all(|it| it["status"] != "error"), "{every:#?}");
        // Each window is judged over its own records.
        let mut sums: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for it in every.iter().filter(|it| it["segment"] != "") {
            let found = findings(&server, it);
            assert_eq!(
                found.keys().map(String::as_str).filter(|it| *it != "readable").collect::<Vec<_>>(),
                ["small", "sum", "unique id"]
            );
            assert_eq!(found["unique id"]["elements"], it["records"]);
            let kind = it["segment"].as_str().unwrap().split('=').next().unwrap().to_owned();
            let sum = sums.entry((it["start"].as_str().unwrap().to_owned(), kind)).or_default();
            sum.0 += it["records"].as_i64().unwrap();
            sum.1 += found["sum"]["observed"].as_f64().unwrap() as i64;
        }
        for it in by("").iter().filter(|it| it["segment"] == "") {
            let found = findings(&server, it);
            assert!(found.contains_key("rows") && !found.contains_key("small"), "{found:#?}");
            let whole = (it["records"].as_i64().unwrap(), found["sum"]["observed"].as_f64().unwrap() as i64);
            for kind in ["region", "model"] {
                assert_eq!(
                    sums[&(it["start"].as_str().unwrap().to_owned(), kind.to_owned())],
                    whole,
                    "{length} {kind}"
                );
            }
        }
    }
    // Names are such that different values are told apart, and the privacy of the suite holds for them.
    let mut names: Vec<_> = windows(&server, "length=1m").iter().map(|it| it["segment"].to_string()).collect();
    names.sort();
    names.dedup();
    assert!(
        names.contains(&r#""region=a\\, b=c""#.to_owned()) && names.contains(&"\"region=null\"".to_owned()),
        "{names:?}"
    );
    assert!(names.iter().all(|it| !it.contains("model=") || it.contains("model=hash:")), "{names:?}");
    let (code, said) = server.driftline(&["history", "windows", "--segment", "region=r2", "--length", "5m"]);
    assert!(code == 0 && said.contains("region=r2") && !said.contains("region=r3"), "{said}");
}

#[test]
fn records_are_judged_together_and_apart_with_sqlite() {
    records_are_judged_together_and_apart(None);
}

#[test]
fn records_are_judged_together_and_apart_with_postgres() {
    records_are_judged_together_and_apart(Some(&database::postgres()));
}

#[test]
fn a_late_record_revises_its_segment_and_the_total() {
    let suite =
        "windows: { length: 1m }\nsegments: region\nexpectations: [{ field: amount, mean_between: { max: 9 } }]\n";
    let mut server = server(suite, None);
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    server.start();
    let check = |kind: &str, body: &str| {
        let path = "/v1/suites/loans/check?on_fail=observe&wait=stored&at=2024-05-01T12:00:01Z";
        assert_eq!(server.post(path, kind, body).status, 200);
    };
    let of = |segment: &str| {
        let found = windows(&server, &format!("segment={segment}"));
        found.first().map_or((0, 0, String::new()), |it| {
            let number = |name: &str| it[name].as_i64().unwrap();
            (number("records"), number("revision"), it["status"].as_str().unwrap().to_owned())
        })
    };
    check("application/x-ndjson", "{\"region\": \"eu\", \"amount\": 1}\n{\"region\": \"us\", \"amount\": 2}\nbroken\n");
    server.until("all records", || of("").0 == 3);
    assert_eq!(of("region%3Deu"), (1, 1, "pass".to_owned()));
    assert_eq!(of("region%3Dnull").0, 1, "what cannot be read has no region");
    check("application/json", "{\"region\": \"eu\", \"amount\": 99}");
    server.until("the revision", || of("").0 == 4);
    assert_eq!((of("").1, of("").2.as_str()), (2, "fail"));
    assert_eq!(of("region%3Deu"), (2, 2, "fail".to_owned()));
    assert_eq!(of("region%3Dus"), (1, 1, "pass".to_owned()));
    // A baseline of one segment alone.
    let asked = json!({"suite": "loans", "segment": "region=none"}).to_string();
    let answer = server.ask("POST", "/v1/baselines/b:from-windows", &[], asked);
    assert!(answer.status == 422 && answer.body.contains("of the segment `region=none`"), "{}", answer.body);
}

/// Two hosts, more values than segments: each host keeps the same ones apart, and all others are one.
#[test]
fn what_is_beyond_the_cap_is_counted_together_on_all_hosts() {
    let database = database::postgres();
    let suite = SUITE.replace("segments: [region, [model, region]]", "segments: { by: [id, region], most: 12 }");
    let mut servers = [0, 1].map(|_| server(&suite, Some(&database)));
    for server in &mut servers {
        server.spawn();
    }
    for server in &servers {
        server.until("the service", || server.try_get("/readyz").is_some_and(|it| it.status == 200));
    }
    let all = records(200);
    std::thread::scope(|scope| {
        for (n, server) in servers.iter().enumerate() {
            let own: Vec<_> = all.iter().skip(n).step_by(2).cloned().collect();
            scope.spawn(move || send(server, &own));
        }
    });
    let [one, _] = &servers;
    one.until("all", || records_in(&windows(one, "length=1m&segment=")) == 200);
    let found = windows(one, "length=1m");
    let mut by: BTreeMap<&str, i64> = BTreeMap::new();
    let mut names = std::collections::BTreeSet::new();
    for it in &found {
        let name = it["segment"].as_str().unwrap();
        if !name.is_empty() && !name.starts_with("(other)") {
            names.insert(name);
        }
        let kind = name.trim_start_matches("(other) by ").split('=').next().unwrap();
        *by.entry(kind).or_default() += it["records"].as_i64().unwrap();
    }
    assert_eq!(names.len(), 12, "{names:?}");
    assert_eq!((by[""], by["id"], by["region"]), (200, 200, 200));
    assert!(found.iter().any(|it| it["segment"] == "(other) by id"));
}

#[test]
fn a_killed_service_has_lost_nothing_of_its_segments() {
    let mut server = server(SUITE, None);
    let all = records(600);
    let answered = AtomicI64::new(0);
    for some in all.chunks(150) {
        server.start();
        for some in some.chunks(5) {
            send(&server, some);
            answered.fetch_add(some.len() as i64, Ordering::Relaxed);
        }
        server.kill();
    }
    server.start();
    let answered = answered.into_inner();
    server.until("all records", || records_in(&windows(&server, "length=1m&segment=")) == answered);
    std::thread::sleep(Duration::from_millis(1500));
    let of = |prefix: &str| -> i64 {
        let all = windows(&server, "length=1m");
        records_in(
            &all.into_iter().filter(|it| it["segment"].as_str().unwrap().starts_with(prefix)).collect::<Vec<_>>(),
        )
    };
    assert_eq!((of("region="), of("model=")), (answered, answered));
}

/// A challenger is compared with the champion of the same time.
#[test]
fn a_segment_is_compared_with_another() {
    let suite = "\
windows: { length: 1m }
segments: version
drift: { baseline: { segment: 'version=1' } }
expectations:
  - { field: score, stable: {}, name: score }
";
    let mut server = server(suite, None);
    server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
    server.start();
    let check = |minute: u32, versions: &[u64]| {
        let record = |i: u64| {
            let version = versions[(i % versions.len() as u64) as usize];
            let score = (i * 7919 % 1000) as f64 / 1000.0 + if version == 3 { 0.4 } else { 0.0 };
            json!({"version": version, "score": score}).to_string()
        };
        let body: Vec<_> = (0..1200).map(record).collect();
        let path = format!("/v1/suites/loans/check?on_fail=observe&wait=stored&at=2024-05-01T12:{minute:02}:01Z");
        assert_eq!(server.post(&path, "application/x-ndjson", body.join("\n")).status, 200);
    };
    let found = |minute: u32, segment: &str| {
        let since = format!("since=2024-05-01T12:{minute:02}:00Z&until=2024-05-01T12:{:02}:00Z", minute + 1);
        let total = format!("{since}&segment=");
        server.until("the window", || records_in(&windows(&server, &total)) == 1200);
        let window = windows(&server, &format!("{since}&segment={segment}")).remove(0);
        (window["baseline"].clone(), findings(&server, &window)["score"].clone())
    };
    check(0, &[1, 2, 3]);
    let champion = json!("the segment `version=1` of the same time");
    let (told, finding) = found(0, "version%3D3");
    assert_eq!((&told, &finding["status"]), (&champion, &json!("fail")), "{finding:#}");
    let (told, finding) = found(0, "version%3D2");
    assert_eq!((&told, &finding["status"]), (&champion, &json!("pass")), "{finding:#}");
    let (told, finding) = found(0, "version%3D1");
    assert_eq!((&told, &finding["status"]), (&Value::Null, &json!("skip")), "{finding:#}");
    assert!(finding["message"].as_str().unwrap().contains("that others are compared with"), "{finding:#}");
    asked_by_segment(&server);
    check(5, &[2, 3]);
    let (_, finding) = found(5, "version%3D3");
    assert_eq!(finding["status"], "skip");
    assert!(finding["message"].as_str().unwrap().contains("has no record of this time"), "{finding:#}");
}

/// Findings, distributions and drift on demand are of all records or of one segment.
fn asked_by_segment(server: &Server) {
    let of = |query: &str| {
        let items = server.get(&format!("/v1/findings?kind=stable&of=window{query}")).json()["items"].clone();
        let all = items.as_array().unwrap();
        all.iter().map(|it| (it["segment"].clone(), it["status"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(of("&segment=version%3D3"), [(json!("version=3"), json!("fail"))]);
    assert_eq!(of("&segment=").iter().map(|it| &it.0).collect::<Vec<_>>(), [""]);
    assert_eq!(of("").len(), 4);
    let (code, said) = server.driftline(&["history", "findings", "--segment", "version=3"]);
    assert!(code == 0 && said.contains("version=3") && !said.contains("version=2"), "{said}");

    let span = "since=2024-05-01T12:00:00Z&until=2024-05-01T12:01:00Z";
    let ask = |query: &str| server.get(&format!("/v1/features/score/distribution?suite=loans&{span}{query}"));
    assert_eq!((&ask("").json()["records"], &ask("").json()["segment"]), (&json!(1200), &json!("")));
    let challenger = ask("&segment=version%3D3").json();
    assert_eq!((&challenger["records"], &challenger["segment"]), (&json!(400), &json!("version=3")));
    assert!(challenger["distribution"]["summary"]["min"].as_f64().unwrap() >= 0.4, "{challenger:#}");
    let none = ask("&segment=version%3D9");
    assert!(none.status == 422 && none.body.contains("of the segment `version=9`"), "{}", none.body);

    let time = json!({"since": "2024-05-01T12:00:00Z", "until": "2024-05-01T12:01:00Z"});
    let drifted = |segment: &str| {
        let (mut asked, mut against) = (time.clone(), time.clone());
        (asked["segment"], against["segment"]) = (json!(segment), json!("version=1"));
        asked["against"] = against;
        let answer = server.post("/v1/suites/loans/drift", "application/json", asked.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answer = answer.json();
        let told = [&answer["reference"], &answer["current"]].map(|it| it.as_str().unwrap().to_owned());
        assert!(told[0].ends_with("of the segment `version=1`"), "{told:?}");
        assert!(told[1].ends_with(&format!("of the segment `{segment}`")), "{told:?}");
        answer["columns"][0]["drifted"].clone()
    };
    assert_eq!((drifted("version=2"), drifted("version=3")), (json!(false), json!(true)));
}

/// Of many findings of segments that hold none is stored, and all that fail are.
#[test]
fn of_many_segments_only_what_fails_is_stored() {
    let suite =
        "windows: { length: 1m }\nsegments: region\nexpectations: [{ field: n, between: { max: 1 }, name: n }]\n";
    // Nine of ten hold.
    for (passes, stored) in [(9, 10), (8, 1), (0, 1)] {
        let mut server = server(suite, None);
        server.set("DRIFTLINE_WINDOWS__GRACE", "1ms");
        server.set("DRIFTLINE_WINDOWS__SEGMENT_PASSES", &passes.to_string());
        server.start();
        let body: Vec<_> = (0..10).map(|it| json!({"region": it, "n": i32::from(it == 7) * 9}).to_string()).collect();
        let path = "/v1/suites/loans/check?on_fail=observe&wait=stored&at=2024-05-01T12:00:01Z";
        assert_eq!(server.post(path, "application/x-ndjson", body.join("\n")).status, 200);
        server.until("the window", || records_in(&windows(&server, "segment=")) == 10);
        let all: Vec<_> =
            windows(&server, "").iter().map(|it| (it["segment"].clone(), findings(&server, it))).collect();
        let of = |is_total: bool| all.iter().filter(move |it| (it.0 == "") == is_total);
        assert_eq!((of(true).count(), of(true).map(|it| it.1.len()).sum::<usize>()), (1, 2));
        assert_eq!((of(false).count(), of(false).map(|it| it.1.len()).sum::<usize>()), (10, stored), "{passes}");
        assert_eq!(of(false).find(|it| it.0 == "region=7").unwrap().1["n"]["status"], "fail");
    }
}

/// So many parts wait that they are taken up before the windows are over; the last come of one segment alone.
#[test]
fn windows_whose_parts_were_taken_up_early_are_judged() {
    for segments in ["", "segments: region\n"] {
        let suite = "record: { time: ts }\nwindows: { length: 1m, lateness: 1h, idle: 3s }\n".to_owned()
            + segments
            + "expectations: [{ field: n, between: { min: 0 } }]\n";
        let mut server = server(&suite, None);
        server.set("DRIFTLINE_RETENTION__WINDOWS", "null");
        server.set("DRIFTLINE_INTAKE__FLUSH_EVERY", "1ms");
        server.start();
        let send = |region: &str, n: u32| {
            let record = json!({"n": n, "ts": "2024-05-01T12:00:01Z", "region": region}).to_string();
            assert_eq!(server.post("/v1/suites/loans/check?wait=stored", "application/json", record).status, 200);
        };
        // Some of so many share the rows of the last.
        let early = if segments.is_empty() { 0 } else { 300 };
        let body: Vec<_> =
            (0..early).map(|n| json!({"n": 1, "ts": "2024-05-01T12:00:01Z", "region": n}).to_string()).collect();
        if early > 0 {
            let path = "/v1/suites/loans/check?wait=stored&verdicts=none";
            assert_eq!(server.post(path, "application/x-ndjson", body.join("\n")).status, 200);
        }
        for n in 0..500 {
            send("eu", n);
        }
        server.until("the window", || records_in(&windows(&server, "segment=")) == 500 + early);
        let of = windows(&server, "");
        let judged = if segments.is_empty() { 500 } else { 2 * (500 + early) };
        assert_eq!((records_in(&of), of.len() as i64), (judged, if segments.is_empty() { 1 } else { 2 + early }));
        assert!(of.iter().all(|it| it["status"] == "pass" && it["revision"] == 1 && it["late"] == 0), "{of:#?}");
    }
}
