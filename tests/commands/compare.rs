//! `driftline compare`.

use std::fmt::Write as _;

use serde_json::{Value, json as value};

use super::{Room, json};

/// A number that looks like chance, the same on every run.
fn chance(seed: usize) -> usize {
    let mut it = (seed as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((it ^ (it >> 31)) >> 33) as usize
}

/// Records of both models: the live one is wrong on a tenth, the new one on these and on `more` of a hundred others.
fn shadow(n: usize, more: usize) -> String {
    (0..n).fold(String::from("id,y,live,new,p_live,p_new,region\n"), |mut text, i| {
        let truth = chance(i) % 2;
        let is_wrong = chance(i + 1_000_000).is_multiple_of(10);
        let is_worse = is_wrong || chance(i + 2_000_000) % 100 < more;
        let said = |wrong: bool| if wrong { 1 - truth } else { truth };
        let score = |wrong: bool| {
            let near = (chance(i + 3_000_000) % 40) as f64 / 100.0;
            if (said(wrong)) == 1 { 1.0 - near } else { near }
        };
        let region = ["eu", "us", "eu", "jp"][i % 4];
        let (live, new) = (said(is_wrong), said(is_worse));
        let _ = writeln!(text, "{i},{truth},{live},{new},{},{},{region}", score(is_wrong), score(is_worse));
        text
    })
}

/// One model's column of it, in an order of its own.
fn one(shadow: &str, column: usize, step: usize) -> String {
    let rows: Vec<Vec<&str>> = shadow.lines().skip(1).map(|it| it.split(',').collect()).collect();
    (0..rows.len()).fold(String::from("id,y,said,region\n"), |mut text, i| {
        let row = &rows[i * step % rows.len()];
        let _ = writeln!(text, "{},{},{},{}", row[0], row[1], row[column], row[6]);
        text
    })
}

const BOTH: &str = "--truth y --candidate-prediction new --baseline-prediction live";

#[test]
fn a_shadow_model_is_compared_record_by_record() {
    let room = Room::new(&[("d.csv", &shadow(1000, 3)), ("same.csv", &shadow(1000, 0))]);
    let said = room.run(&format!("compare d.csv {BOTH} --metric accuracy --format json"));
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{}", said.out);
    let it = json(&said.out);
    let of = &it["metrics"][0];
    assert_eq!((&it["paired"], &it["passed"], &of["verdict"]), (&value!(true), &value!(false), &value!("worse")));
    assert_eq!(it["because"], "fails: worse: accuracy");
    let (gain, interval) = (of["difference"].as_f64(), &of["interval"]);
    assert!(gain < Some(-0.01) && interval[0].as_f64() < gain && interval[1].as_f64() < Some(0.0), "{of}");
    // The same answer as McNemar's: the new model is wrong on `b` more and right on none.
    let b = (gain.unwrap_or_default() * -1000.0).round() as i32;
    let p = of["p_worse"].as_f64().unwrap_or(1.0);
    assert!((p / 0.5_f64.powi(b) - 1.0).abs() < 1e-9, "{p} of {b}");
    // Standard input is read once a model.
    let flags: Vec<&str> = "compare - --metric accuracy --format json".split(' ').chain(BOTH.split(' ')).collect();
    assert_eq!(json(&room.pipe(&flags, shadow(1000, 3).as_bytes()).out)["metrics"], it["metrics"]);
    // Within the margin it is not worse, and that is proven; beyond what may be lost by chance it is not.
    let proven = room.run(&format!("compare d.csv {BOTH} --metric accuracy --margin 0.05 --prove not-worse"));
    assert_eq!(proven.code, 0, "{}", proven.out);
    assert!(proven.out.ends_with("passes: every metric is proven to be not worse\n"), "{}", proven.out);
    let open = room.run(&format!("compare d.csv {BOTH} --metric accuracy --margin 3% --prove not-worse"));
    assert_eq!(open.code, 1, "{}", open.out);
    assert!(open.out.contains("fails: not proven to be not worse: accuracy"), "{}", open.out);
    let same = room.run(&format!("compare same.csv {BOTH} --metric accuracy,f1_macro,recall --prove better"));
    assert_eq!(same.code, 1, "{}", same.out);
    assert_eq!(room.run(&format!("compare same.csv {BOTH} --metric accuracy,f1_macro,mcc,recall")).code, 0);
    let margin = "--margin 0.02 --prove not-worse";
    assert_eq!(room.run(&format!("compare same.csv {BOTH} --metric accuracy,f1_macro {margin}")).code, 0);
}

#[test]
fn records_of_two_inputs_belong_together_by_their_ids() {
    let all = shadow(1000, 2);
    let labels = all.lines().skip(1).fold(String::from("ref,truth\n"), |mut text, it| {
        let row: Vec<_> = it.split(',').collect();
        let _ = writeln!(text, "{},{}", row[0], row[1]);
        text
    });
    let (new, live) = (one(&all, 3, 7), one(&all, 2, 1));
    let more = format!("{new}5000,1,1,eu\n{}", new.lines().nth(1).unwrap_or_default());
    let room =
        Room::new(&[("d.csv", &all), ("new.csv", &new), ("live.csv", &live), ("more.csv", &more), ("l.csv", &labels)]);
    let wanted = json(&room.run(&format!("compare d.csv {BOTH} --metric accuracy --format json")).out);
    let sides = "--baseline live.csv --prediction said --metric accuracy --format json";
    for (flags, labels) in [
        ("--candidate new.csv --on id", "--truth y"),
        ("--candidate new.csv --on id=ref", "--truth truth --labels l.csv"),
        ("--candidate more.csv --on id", "--truth y"),
    ] {
        let said = room.run(&format!("compare {flags} {labels} {sides}"));
        assert_eq!(said.code, 1, "{flags}: {} {}", said.out, said.err);
        let it = json(&said.out);
        assert_eq!((&it["metrics"], &it["paired"]), (&wanted["metrics"], &value!(true)), "{flags}");
        if flags.contains("more") {
            for part in ["1 records of one model alone are left out", "1 records have an id that comes again"] {
                assert!(it["notes"].to_string().contains(part), "{it}");
            }
        }
    }
    // As two samples the same loss is no more than chance.
    for flags in ["--truth y", "--truth y --on id --samples independent"] {
        let it = json(&room.run(&format!("compare --candidate new.csv {flags} {sides}")).out);
        assert_eq!((&it["metrics"][0]["verdict"], &it["paired"]), (&value!("undecided"), &value!(false)), "{it}");
        assert_eq!(
            it["metrics"][0]["difference"].as_f64().map(|it| it * 1e9).map(f64::round),
            wanted["metrics"][0]["difference"].as_f64().map(|it| it * 1e9).map(f64::round)
        );
        assert!(it["metrics"][0]["detectable"].as_f64() > Some(0.02), "{it}");
    }
}

#[test]
fn many_metrics_and_segments_are_corrected_together() {
    // Worse in one region only.
    let all = shadow(2000, 0);
    let all: String = all
        .lines()
        .enumerate()
        .map(|(i, it)| {
            let mut row: Vec<String> = it.split(',').map(str::to_owned).collect();
            if i > 0 && row[6] == "jp" && i % 3 == 0 {
                row[3] = if row[1] == "1" { "0" } else { "1" }.to_owned();
                row[5] = if row[1] == "1" { "0.2" } else { "0.8" }.to_owned();
            }
            row.join(",") + "\n"
        })
        .collect();
    let room = Room::new(&[("d.csv", &all)]);
    let scores = "--candidate-score p_new --baseline-score p_live";
    let metrics = "--metric accuracy,roc_auc --metric log_loss,brier --margin accuracy=0.2,0.5 --segment region";
    let said = room.run(&format!("compare d.csv {BOTH} {scores} {metrics} --format json"));
    let it = json(&said.out);
    assert_eq!(said.code, 0, "{} {}", said.out, said.err);
    let verdicts = |of: &Value| of.as_array().map_or(0, Vec::len);
    assert_eq!((verdicts(&it["metrics"]), verdicts(&it["segments"])), (4, 12));
    assert_eq!((&it["metrics"][0]["margin"], &it["metrics"][1]["margin"]), (&value!(0.2), &value!(0.5)));
    let tight = format!("compare d.csv {BOTH} {scores} --metric accuracy,brier --margin 0.15 --segment region");
    let said = room.run(&tight);
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(
        said.out.contains("passes: nothing is shown to be worse; but worse: accuracy in region=jp"),
        "{}",
        said.out
    );
    let gated = room.run(&format!("{tight} --segments-gate --format markdown"));
    assert_eq!(gated.code, 1, "{}", gated.out);
    assert!(gated.out.starts_with("**fails: worse: accuracy in region=jp**\n\n| metric |"), "{}", gated.out);
    // A loss that rises is told as such.
    let it = json(&room.run(&format!("compare d.csv {BOTH} {scores} --metric brier --format json")).out);
    let of = &it["metrics"][0];
    assert!(of["difference"].as_f64() > Some(0.0) && of["interval"][0].as_f64() > Some(0.0), "{of}");
    assert_eq!((&of["greater_is_better"], &of["verdict"]), (&value!(false), &value!("worse")));
}

/// Five records that only the live model got right are no chance for one metric (1 in 32), and may be one for two.
#[test]
fn a_second_metric_raises_the_bar() {
    let text = (0..100).fold(String::from("id,y,live,new,p\n"), |mut text, i| {
        let (truth, near) = (i % 2, f64::from(i % 7) / 20.0);
        let new = if i < 5 { 1 - truth } else { truth };
        let score = if truth == 1 { 1.0 - near } else { near };
        let _ = writeln!(text, "{i},{truth},{truth},{new},{score}");
        text
    });
    let room = Room::new(&[("d.csv", &text)]);
    let run = |metrics: &str| {
        room.run(&format!(
            "compare d.csv {BOTH} --candidate-score p --baseline-score p --metric {metrics} --format json"
        ))
    };
    let (alone, beside) = (run("accuracy"), run("accuracy,brier"));
    assert_eq!((alone.code, beside.code), (1, 0), "{}", beside.out);
    let of = |out: &str, name: &str| json(out)["metrics"][0][name].as_f64();
    assert_eq!((of(&alone.out, "p_worse"), of(&alone.out, "p_worse_corrected")), (Some(0.03125), Some(0.03125)));
    assert_eq!((of(&beside.out, "p_worse"), of(&beside.out, "p_worse_corrected")), (Some(0.03125), Some(0.0625)));
}

#[test]
fn a_record_with_two_truths_is_left_out() {
    let room =
        Room::new(&[("a.csv", "id,y,p\n1,1,1\n2,0,0\n3,1,1\n"), ("b.csv", "ref,y,p\n1,1,1\n2,1,0\n3,1,1\n4,1,1\n")]);
    let said =
        room.run("compare --candidate a.csv --baseline b.csv --on id=ref --truth y --prediction p --metric accuracy");
    assert_eq!(said.code, 0, "{} {}", said.out, said.err);
    for part in [
        "the same 2 records, compared one by one",
        "1 records of one model alone are left out",
        "1 records have two different truths, and are left out",
        "there are fewer than 30 records",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
}

#[test]
fn numbers_are_compared_by_their_losses() {
    let text = (0..200).fold(String::from("y,a,b\n"), |mut text, i| {
        let y = f64::from(i) / 3.0 + 1.0;
        let (a, b) = ((chance(i as usize) % 100) as f64 / 50.0 - 1.0, (chance(i as usize + 999) % 100) as f64 / 40.0);
        let _ = writeln!(text, "{y},{},{}", y + a, y + b);
        text
    });
    let room = Room::new(&[("d.csv", &text)]);
    let both = "--truth y --candidate-prediction b --baseline-prediction a";
    let said = room.run(&format!("compare d.csv {both} --metric mae,mse,rmse,mape,r2"));
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("fails: worse: mae, mse, rmse,"), "{}", said.out);
    let turned = "--truth y --candidate-prediction a --baseline-prediction b";
    let said = room.run(&format!("compare d.csv {turned} --metric mae,rmse --prove better"));
    assert_eq!(said.code, 0, "{}", said.out);
    assert_eq!(room.run(&format!("compare d.csv {both} --metric mae --margin 500%")).code, 0);
}

#[test]
fn live_quality_is_held_against_what_was_measured_before() {
    let (good, bad) = (shadow(2000, 0), shadow(2000, 5));
    let room = Room::new(&[
        ("good.csv", &good),
        ("bad.csv", &bad),
        ("bare.json", r#"{"metrics": {"accuracy": 0.9, "roc_auc": 0.9}}"#),
        ("counted.json", r#"{"accuracy": 0.9, "n": 50}"#),
    ]);
    let measured = room.run("quality good.csv --truth y --prediction live --score p_live --format json").out;
    std::fs::write(room.path("offline.json"), measured).expect("a file is written");
    let with = "--truth y --prediction new --score p_new --baseline-metrics offline.json";
    let metrics = "--metric accuracy,roc_auc,recall,log_loss";
    let said = room.run(&format!("compare --candidate good.csv {with} {metrics}"));
    assert_eq!(said.code, 0, "{} {}", said.out, said.err);
    assert!(!said.out.contains("taken as exact"), "{}", said.out);
    let said = room.run(&format!("compare --candidate bad.csv {with} {metrics}"));
    assert_eq!(said.code, 1, "{}", said.out);
    let bare = "--truth y --prediction new --score p_new --metric accuracy,roc_auc --format json";
    let it = json(&room.run(&format!("compare --candidate bad.csv {bare} --baseline-metrics bare.json")).out);
    assert!(it["notes"].to_string().contains("the baseline's accuracy is taken as exact"), "{it}");
    assert_eq!((&it["metrics"][0]["verdict"], &it["metrics"][0]["n"]["baseline"]), (&value!("worse"), &Value::Null));
    let counted = "compare --candidate bad.csv --truth y --prediction new --metric accuracy --format json";
    let it = json(&room.run(&format!("{counted} --baseline-metrics counted.json")).out);
    assert_eq!(it["metrics"][0]["verdict"], "undecided", "fifty records prove little: {it}");
    let said =
        room.run("compare --candidate bad.csv --truth y --prediction new --metric f1,mcc --baseline-metrics bare.json");
    assert!(said.code == 3 && said.err.contains("bare.json: no number of `f1`, `mcc`"), "{}", said.err);
}

#[test]
fn a_sequence_says_when_it_was_decided() {
    let room = Room::new(&[("d.csv", &shadow(4000, 8)), ("same.csv", &shadow(4000, 0))]);
    let said = room.run(&format!("compare d.csv {BOTH} --metric accuracy --sequential --format json"));
    let it = json(&said.out);
    assert_eq!(said.code, 1, "{it}");
    let after = it["metrics"][0]["decided_after"].as_u64().unwrap_or_default() as usize;
    assert!((10..1000).contains(&after), "{it}");
    // Whoever looked at each record would have seen it at that one.
    let until = |n: usize| {
        let text: String = shadow(4000, 8).lines().take(n + 1).flat_map(|it| [it, "\n"]).collect();
        std::fs::write(room.path("part.csv"), text).expect("a file is written");
        room.run(&format!("compare part.csv {BOTH} --metric accuracy --sequential")).code
    };
    assert_eq!((until(after - 1), until(after)), (0, 1));
    let text =
        room.run(&format!("compare same.csv {BOTH} --metric accuracy --sequential --margin 0.02 --prove not-worse"));
    assert_eq!(text.code, 0, "{}", text.out);
    assert!(text.out.contains("not worse (after record "), "{}", text.out);
}

#[test]
fn what_cannot_be_compared_is_told_with_its_mend() {
    let room = Room::new(&[
        ("d.csv", &shadow(100, 0)),
        ("three.csv", "id,y,new,live\n1,a,a,b\n2,b,b,b\n3,c,c,c\n"),
        ("other.csv", "id,y,said\n9001,1,1\n9002,0,0\n"),
        ("new.csv", &one(&shadow(100, 0), 3, 1)),
        ("bad.json", "[]"),
    ]);
    let both = format!("compare d.csv {BOTH}");
    let two = "compare --candidate new.csv --truth y --prediction said --metric accuracy";
    for (args, wanted) in [
        (format!("{both} --metric acuracy"), "there is no test for a metric `acuracy` (did you mean `accuracy`?)"),
        (format!("{both} --metric accuracy --margin -1"), "`--margin -1` must be an amount"),
        (format!("{both} --metric accuracy --margin mae=1"), "`--margin mae=1` is of no metric that is compared"),
        (format!("{both} --metric accuracy --alpha 0.5"), "`--alpha` must be above 0 and below 0.5"),
        (
            format!("{both} --metric roc_auc"),
            "`roc_auc` is of a score: name `--candidate-score` and `--baseline-score`",
        ),
        (format!("{both} --metric mae --sequential"), "`--sequential` of `mae` needs `--loss-bound`"),
        (format!("{both} --metric mcc --sequential"), "`--sequential` is of means over records, which `mcc` is none"),
        (format!("{both} --metric accuracy --baseline d.csv"), "both are given"),
        (format!("{both} --metric accuracy --min-records 101"), ""),
        (two.to_owned(), "nothing to compare with: name `--baseline` or `--baseline-metrics`"),
        (format!("{two} --baseline other.csv --samples paired"), "`--samples paired` needs `--on`"),
        (
            format!("{two} --baseline other.csv --samples paired --on id"),
            "no record of the candidate has an id of the baseline",
        ),
        (format!("{two} --baseline other.csv --on key"), "no record has a column `key`"),
        (format!("{two} --baseline-metrics bad.json"), "metrics are an object"),
        (
            "compare three.csv --truth y --candidate-prediction new --baseline-prediction live --metric f1".to_owned(),
            "",
        ),
    ] {
        let said = room.run(&args);
        assert_eq!(said.code, 3, "{args}: {} {}", said.out, said.err);
        assert!(said.err.contains(wanted), "{args}: {}", said.err);
    }
    let said = room.run(&format!("{both} --metric accuracy,f1_macro --min-records 101"));
    assert!(said.out.contains("not compared: 100 records, and 101 are wanted"), "{}", said.out);
    let said =
        room.run("compare three.csv --truth y --candidate-prediction new --baseline-prediction live --metric f1");
    assert!(said.out.contains("more than two classes: say with `--positive`"), "{}", said.out);
    // Two problems are told at once.
    let said = room.run(&format!("{both} --metric nothing --alpha 2"));
    assert!(said.err.contains("`nothing`") && said.err.contains("`--alpha`"), "{}", said.err);
}
