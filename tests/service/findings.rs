//! What expectations said of windows and batches, and what is asked of stored windows: distributions and drift.

use serde_json::{Value, json};

use crate::baselines::{finding, minute, profile, put, records, set, suite};
use crate::database;
use crate::server::Server;

/// A suite with a field that is told, one that is not, and one without a distribution.
fn text() -> String {
    suite("drift: { baseline: training }").replace("name: intents\n", "name: intents\nprivacy: { secret: hash }\n")
        + "  - { field: secret, stable: {}, name: secret }\n  - { field: score, mean_between: { max: 0.7 }, name: mean, severity: warning }\n"
}

/// Two minutes as the training was, and one that drifted; a batch in each. On both databases.
fn drifted(test: fn(&Server)) {
    let database = database::postgres();
    for url in [None, Some(database.url.as_str())] {
        let mut server = Server::new(&[("intents.yaml", &text())]);
        set(&mut server);
        if let Some(url) = url {
            server.set("DRIFTLINE_DATABASE", url);
        }
        server.start();
        assert_eq!(put(&server, "/v1/baselines/training", &profile(&server, 0.0)).0, 201);
        for (at, low) in [(0, 0.0), (1, 0.0), (2, 0.5)] {
            minute(&server, at, low);
        }
        test(&server);
    }
}

fn items(server: &Server, query: &str) -> Vec<Value> {
    let answer = server.get(&format!("/v1/findings?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    answer.json()["items"].as_array().unwrap().clone()
}

#[test]
fn findings_are_filtered_and_paged_and_hold_what_the_test_found() {
    drifted(|server| {
        let found = items(server, "kind=stable&status=fail&of=window");
        assert_eq!(found.len(), 1, "{found:#?}");
        let it = &found[0];
        assert_eq!((&it["check"], &it["suite"], &it["length"]), (&json!("score"), &json!("intents"), &json!("1m")));
        assert_eq!((&it["at"], &it["of"]), (&json!("2024-05-01T12:02:00.000000Z"), &json!("window")));
        let window = server.get(&format!("/v1/windows/{}", it["window_id"].as_str().unwrap())).json();
        assert_eq!(finding(&window, "score")["details"], it["details"]);
        assert_eq!(it["test"], json!("ks"));
        assert_eq!((&it["statistic"], &it["observed"]), (&json!(0.51), &json!(0.51)));
        assert!(it["p_value"].as_f64().unwrap() < 1e-9, "{it:#}");
        let details = &it["details"];
        assert_eq!((&details["effect"], &details["threshold"]), (&json!("mean 0.495 -> 0.995, +101 %"), &json!(0.05)));
        assert_eq!((&details["n"], &details["m"], &details["exact"]), (&json!(1000), &json!(200), &json!(true)));
        assert!(details["ln_p_value"].as_f64().unwrap() < -20.0);
        let bins = details["bins"].as_array().unwrap();
        assert!(!bins.is_empty() && bins.len() <= 5, "{details:#}");
        let moved = |it: &Value| (it["now"].as_f64().unwrap() - it["before"].as_f64().unwrap()).abs();
        assert!(moved(&bins[0]) > 0.3 && bins.windows(2).all(|it| moved(&it[0]) >= moved(&it[1])), "{bins:#?}");

        // What holds has its figures too, and no bins; what privacy keeps back has neither.
        let held = items(server, "suite=intents&check=intent&of=window&status=pass");
        assert_eq!(held.len(), 3);
        assert!(held[0]["statistic"].is_number() && held[0]["details"].get("bins").is_none(), "{:#}", held[0]);
        let secret = items(server, "field=secret&of=window");
        assert!(secret.iter().all(|it| it["status"] == "skip" && it["details"].is_null() && it["test"].is_null()));
        assert_eq!(secret.len(), 3);

        for (query, n) in [
            ("length=1m&check=score", 3),
            ("length=60s&check=score", 3),
            ("length=1h", 0),
            ("severity=warning&of=window", 3),
            ("severity=warning&status=fail", 2),
            ("of=batch&kind=stable&check=score&status=fail", 1),
            ("of=batch&length=1m", 0),
            ("check=score&since=2024-05-01T12:01:00Z&until=2024-05-01T12:02:00Z", 2),
            ("suite=other", 0),
        ] {
            assert_eq!(items(server, query).len(), n, "{query}");
        }
        for bad in ["status=warn", "severity=grave", "of=record", "limit=0", "cursor=x", "since=soon", "colour=1"] {
            assert_eq!(server.get(&format!("/v1/findings?{bad}")).status, 400, "{bad}");
        }
        let all: Vec<_> = items(server, "of=window").iter().map(key).collect();
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("/v1/findings?of=window&limit=2{cursor}")).json();
            paged.extend(page["items"].as_array().unwrap().iter().map(key));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, all);

        let (code, said) = server.driftline(&["history", "findings", "--kind", "stable", "--status", "fail"]);
        assert!(code == 0 && said.contains("mean 0.495 -> 0.995, +101 %") && said.contains("0.5100"), "{said}");
        let (code, said) =
            server.driftline(&["history", "findings", "--of", "window", "--check", "score", "--format", "json"]);
        let rows: Vec<Value> = serde_json::from_str(&said).unwrap();
        assert_eq!((code, rows.len(), &rows[0]["test"]), (0, 3, &json!("ks")));
        let (code, said) = server.driftline(&["history", "findings", "--status", "warn"]);
        assert!(code == 3 && said.contains("pass, skip, fail, error"), "{said}");
    });
}

fn key(it: &Value) -> String {
    format!("{} {} {}", it["at"], it["window_id"], it["check"])
}

#[test]
fn a_field_is_told_as_it_was_in_stored_windows_beside_the_baseline() {
    drifted(|server| {
        let list = server.get("/v1/features?suite=intents").json();
        let names: Vec<_> = list.as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
        assert_eq!(names, ["intent", "score"], "{list:#}");
        assert_eq!((&list[1]["checks"], &list[1]["lengths"]), (&json!(["score", "mean"]), &json!(["1m"])));
        assert_eq!(server.get("/v1/features").json(), list);
        assert_eq!(server.get("/v1/features?suite=other").status, 404);

        let ask = |query: &str| server.get(&format!("/v1/features/{query}"));
        let span = "since=2024-05-01T12:00:00Z&until=2024-05-01T13:00:00Z";
        let all = ask(&format!("score/distribution?suite=intents&{span}")).json();
        assert_eq!((&all["windows"], &all["records"], &all["length"]), (&json!(3), &json!(600), &json!("1m")));
        assert_eq!(
            (&all["start"], &all["end"]),
            (&json!("2024-05-01T12:00:00.000000Z"), &json!("2024-05-01T12:03:00.000000Z"))
        );
        let summary = &all["distribution"]["summary"];
        assert_eq!((&all["distribution"]["n"], &summary["null_share"]), (&json!(600), &json!(0.0)));
        // Three hundredfold numbers 0 to 0.99, of which a third lie half higher.
        assert!((summary["mean"].as_f64().unwrap() - (0.495 + 0.5 / 3.0)).abs() < 1e-9, "{summary:#}");
        assert_eq!((&summary["min"], &summary["max"]), (&json!(0.0), &json!(1.49)));
        assert_eq!(summary["histogram"]["counts"].as_array().unwrap().len(), 20);
        assert_eq!(
            (&all["baseline"]["name"], &all["baseline"]["records"]),
            (&json!("training, version 1"), &json!(1000))
        );
        assert_eq!(all["baseline"]["distribution"]["summary"]["p50"], json!(0.495));

        let each = ask(&format!("score/distribution?suite=intents&{span}&each=true")).json();
        let means: Vec<_> =
            each["items"].as_array().unwrap().iter().map(|it| &it["distribution"]["summary"]["mean"]).collect();
        let near = |it: &Value, mean: f64| (it.as_f64().unwrap() - mean).abs() < 1e-9;
        assert!(near(means[0], 0.495) && near(means[1], 0.495) && near(means[2], 0.995), "{means:?}");
        assert_eq!((&each["windows"], &each["distribution"]), (&json!(3), &Value::Null));

        let intent = ask(&format!("intent/distribution?suite=intents&{span}")).json();
        assert_eq!(intent["distribution"]["summary"]["top"], json!([["ask", 399], ["pay", 201]]));
        assert!(!ask(&format!("intent/distribution?suite=intents&{span}")).body.contains("values"));

        for (query, status, why) in [
            (format!("secret/distribution?suite=intents&{span}"), 404, "`privacy` of the suite `intents` keeps"),
            (format!("scor/distribution?suite=intents&{span}"), 404, "did you mean"),
            (format!("amount/distribution?suite=intents&{span}"), 404, "stable"),
            ("score/distribution?suite=intents".to_owned(), 422, "the newest is of 2024-05-01T12:02:00"),
            (format!("score/distribution?suite=intents&length=1h&{span}"), 422, "length `1h`"),
            (format!("score/distribution?suite=other&{span}"), 404, "no suite `other`"),
            ("score/distribution?suite=intents&since=1h&until=2h".to_owned(), 400, "`since` is not before `until`"),
            ("score/distribution".to_owned(), 400, "suite"),
        ] {
            let answer = ask(&query);
            assert_eq!(answer.status, status, "{query}: {}", answer.body);
            assert!(answer.json()["detail"].as_str().unwrap().contains(why), "{query}: {}", answer.body);
        }
    });
}

#[test]
fn stored_windows_are_compared_on_demand_and_nothing_is_stored() {
    drifted(|server| {
        let before = items(server, "").len();
        let ask = |body: &Value| server.post("/v1/suites/intents/drift", "application/json", body.to_string());
        let column = |answer: &Value, name: &str| {
            let columns = answer["columns"].as_array().unwrap();
            columns.iter().find(|it| it["column"] == name).cloned().unwrap_or_else(|| panic!("{answer:#}"))
        };
        // Against the baseline that the suite names.
        let answer = ask(&json!({"since": "2024-05-01T12:02:00Z", "until": "2024-05-01T12:03:00Z"})).json();
        assert_eq!(answer["reference"], json!("training, version 1"));
        assert_eq!(answer["current"], json!("the window 2024-05-01T12:02:00Z to 2024-05-01T12:03:00Z"));
        assert_eq!(
            (answer["columns"].as_array().unwrap().len(), &answer["correction"]),
            (2, &json!("benjamini_hochberg"))
        );
        let score = column(&answer, "score");
        assert_eq!(
            (&score["test"], &score["drifted"], &score["statistic"]),
            (&json!("ks"), &json!(true), &json!(0.51))
        );
        assert_eq!((&score["n"], &score["m"], &score["threshold"]), (&json!(1000), &json!(200), &json!(0.05)));
        assert!(score["p_value_corrected"].as_f64() >= score["p_value"].as_f64(), "{score:#}");
        assert_eq!(column(&answer, "intent")["drifted"], json!(false));
        let stored = &items(server, "check=score&status=fail&of=window")[0];
        assert_eq!((&stored["p_value"], &stored["details"]["effect"]), (&score["p_value"], &score["effect"]));

        // Against other windows, with a test and its parameters, of one field; the keys are those of the command line.
        let body = json!({
            "since": "2024-05-01T12:02:00Z", "until": "2024-05-01T12:03:00Z", "fields": ["score"],
            "test": "ks_2samp", "params": {"alpha": 0.001},
            "against": {"since": "2024-05-01T12:00:00Z", "until": "2024-05-01T12:02:00Z"},
        });
        let answer = ask(&body).json();
        assert_eq!(answer["reference"], json!("2 windows, 2024-05-01T12:00:00Z to 2024-05-01T12:02:00Z"));
        let score = column(&answer, "score");
        assert_eq!((&score["test"], &score["threshold"], &score["n"]), (&json!("ks"), &json!(0.001), &json!(400)));
        server.write("a.ndjson", &records(0.0, 400));
        server.write("b.ndjson", &records(0.5, 200));
        let args = [
            "drift",
            "--reference",
            "a.ndjson",
            "--current",
            "b.ndjson",
            "--column",
            "score",
            "--test",
            "ks",
            "--param",
            "alpha=0.001",
            "--correction",
            "bh",
            "--format",
            "json",
        ];
        let (code, said) = server.driftline(&args);
        assert_eq!((code, serde_json::from_str::<Value>(&said).unwrap()["columns"][0].clone()), (1, score));

        let missing =
            ask(&json!({"since": "2024-05-01T12:00:00Z", "until": "2024-05-01T13:00:00Z", "test": "missing_share"}));
        assert_eq!(column(&missing.json(), "intent")["drifted"], json!(false));
        // What cannot be computed has a reason and no number.
        let words =
            ask(&json!({"since": "2024-05-01T12:00:00Z", "until": "2024-05-01T13:00:00Z", "test": "ks"})).json();
        let intent = column(&words, "intent");
        assert!(intent["statistic"].is_null() && intent["drifted"].is_null(), "{intent:#}");
        assert_eq!(
            intent["error"],
            json!("`ks` compares numbers, and the values are categories; without `test` one is chosen")
        );

        let all = json!({"since": "2024-05-01T12:00:00Z", "until": "2024-05-01T13:00:00Z"});
        let with = |more: Value| {
            let mut body = all.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        for (body, status, why) in [
            (with(json!({"test": "kss", "fields": ["scor", "secret"]})), 422, "unknown test `kss`"),
            (with(json!({"test": "ks", "params": {"colour": 1}})), 422, "no parameter `colour`"),
            (with(json!({"against": {"baseline": "other"}})), 404, "no baseline `other`"),
            (with(json!({"against": {"baseline": "training", "since": "1d"}})), 400, "`against` is"),
            (with(json!({"against": {"since": "2h"}})), 422, "the newest is of"),
            (with(json!({"against": {}})), 400, "`against` is"),
            (with(json!({"length": "1h"})), 422, "length `1h`"),
            (json!({"since": 5}), 400, "the body"),
            (json!({"colour": 5}), 400, "colour"),
            (json!({}), 422, "the newest is of"),
        ] {
            let answer = ask(&body);
            assert_eq!(answer.status, status, "{body}: {}", answer.body);
            assert!(answer.json()["detail"].as_str().unwrap().contains(why), "{body}: {}", answer.body);
        }
        let all_wrong = ask(&with(json!({"test": "kss", "fields": ["scor", "secret"]}))).json();
        assert_eq!(all_wrong["problems"].as_array().unwrap().len(), 3, "{all_wrong:#}");
        assert_eq!(server.post("/v1/suites/other/drift", "application/json", "{}").status, 404);
        assert_eq!(items(server, "").len(), before);
    });
}

/// A batch is judged by what windows may not keep; what was found quotes values, and is told as they are.
#[test]
fn details_quote_nothing_that_privacy_keeps_back() {
    let text = suite("drift: { baseline: training }");
    let hashed = text.replace("name: intents\n", "name: intents\nprivacy: { intent: hash }\n");
    for (text, is_told) in [(text.as_str(), true), (hashed.as_str(), false)] {
        let mut server = Server::new(&[("intents.yaml", text)]);
        set(&mut server);
        server.start();
        assert_eq!(put(&server, "/v1/baselines/training", &profile(&server, 0.0)).0, 201);
        // Where all ask, nobody pays.
        let body = records(0.0, 200).replace("pay", "ask");
        let check = "/v1/suites/intents/check?verdicts=none&wait=stored";
        let answer = server.post(check, "application/x-ndjson", body).json();
        let told = finding(&answer, "intent");
        assert_eq!((&told["status"], told.get("details").is_some()), (&json!("fail"), is_told), "{told:#}");
        let stored = &items(&server, "check=intent&of=batch")[0];
        assert_eq!(stored["status"], json!("fail"));
        let has = |name: &str| !stored[name].is_null();
        assert_eq!(["details", "test", "statistic", "observed"].map(has), [is_told; 4], "{stored:#}");
        assert_eq!(stored.to_string().contains("pay"), is_told, "{stored:#}");
    }
}
