//! `driftline detect` and `driftline drift` through the binary.

use std::io::Write as _;

use driftline_rules::drift;

use super::{Room, json};

/// 300 times 0, then 100 times 1: in it `page_hinkley` sees a change after row 354.
fn step(name: &str) -> String {
    (0..400).map(|i| format!("{{\"id\": {i}, \"{name}\": {}}}\n", i32::from(i >= 300))).collect::<Vec<_>>().concat()
}

fn csv(rows: &str) -> String {
    let lines = rows.lines().map(|it| json(it)["error"].to_string());
    format!("id,error\n{}", lines.enumerate().map(|(i, it)| format!("{i},{it}\n")).collect::<Vec<_>>().concat())
}

fn gz(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    out.write_all(text.as_bytes()).expect("it is compressed");
    out.finish().expect("it is compressed")
}

#[test]
fn a_change_is_found_in_every_format() {
    let rows = step("error");
    let array = format!("[{}]", rows.trim_end().replace('\n', ","));
    let (first, second) = rows.split_at(rows.match_indices('\n').nth(249).expect("a line").0 + 1);
    let room = Room::new(&[
        ("d.ndjson", &rows),
        ("d.csv", &csv(&rows)),
        ("d.json", &array),
        ("part1.ndjson", first),
        ("part2.ndjson", second),
    ]);
    std::fs::write(room.path("d.csv.gz"), gz(&csv(&rows))).expect("a file is written");
    let flags = "--column error --detector page_hinkley --format json";
    let all = room.run(&format!("detect d.ndjson {flags}"));
    assert_eq!((all.code, all.err.as_str()), (1, ""), "{}", all.out);
    let said = json(&all.out);
    assert_eq!(said["drift_indices"], serde_json::json!([354]));
    assert_eq!((&said["n"], &said["skipped"], &said["detector"]), (&400.into(), &0.into(), &"page_hinkley".into()));
    assert_eq!(said["params"]["threshold"], 50.0);
    assert!(said["final_mean"].as_f64().is_some_and(|it| it > 0.9), "{said}");
    for data in ["d.csv", "d.json", "d.csv.gz", "part1.ndjson part2.ndjson", "part?.ndjson", "d.ndjson --chunk-size 7"]
    {
        assert_eq!(room.run(&format!("detect {data} {flags}")).out, all.out, "{data}");
    }
    let args: Vec<_> = "detect - -c error -d PageHinkley -f json".split(' ').collect();
    assert_eq!(room.pipe(&args, rows.as_bytes()).out, all.out);
    let text = room.run("detect d.csv -c error -d page_hinkley");
    assert!(text.out.contains("page_hinkley over 400 values of `error`"), "{}", text.out);
    assert!(text.out.contains("1 change, after row 354"), "{}", text.out);
    let none = room.run("detect d.csv -c error -d page_hinkley -p lambda_=1e9");
    assert!(none.code == 0 && none.out.contains("no change"), "{}", none.out);
}

#[test]
fn what_is_no_value_is_skipped_and_keeps_its_row() {
    // A null before each value: rows are counted, missing or not.
    let rows: String =
        step("error").lines().map(|it| format!("{{\"error\": null}}\n{it}\n")).collect::<Vec<_>>().concat();
    let room = Room::new(&[
        ("d.ndjson", &rows),
        ("deep.ndjson", "{\"a\": {\"b\": true}}\n{\"a\": {}}\n{\"a\": {\"b\": 0}}\n"),
    ]);
    let said = json(&room.run("detect d.ndjson -c error -d page_hinkley -f json").out);
    assert_eq!((&said["n"], &said["skipped"]), (&400.into(), &400.into()));
    assert_eq!(said["drift_indices"], serde_json::json!([2 * 354 + 1]));
    let said = json(&room.run("detect deep.ndjson -c a.b -d ddm -f json").out);
    assert_eq!((&said["n"], &said["skipped"], &said["final_error_rate"]), (&2.into(), &1.into(), &0.5.into()));
}

#[test]
fn errors_name_what_is_wrong_and_the_mend() {
    let room = Room::new(&[
        ("d.ndjson", &step("error")),
        ("t.csv", "name,x\na,0.5\nb,2\n"),
        ("broken.ndjson", "{\"x\": 1}\n{\n"),
    ]);
    for (args, wanted) in [
        ("detect d.ndjson -c eror -d ddm", "error: d.ndjson: no record has a column `eror` (did you mean `error`?)"),
        ("detect d.ndjson -c other -d ddm", "(there are `id`, `error`)"),
        ("detect d.ndjson -c error -d dmm", "error: unknown detector `dmm` (did you mean `ddm`?)"),
        ("detect d.ndjson -c error -d none", "there are adwin, cusum, ddm"),
        (
            "detect d.ndjson -c error -d ddm -p drift_treshold=3",
            "`ddm` has no parameter `drift_treshold`; it has warm_start,",
        ),
        ("detect d.ndjson -c error -d ddm -p drift_treshold=3", "(did you mean `drift_threshold`?)"),
        ("detect d.ndjson -c error -d ddm -p warm_start=-1", "`warm_start` must be an integer from 0 to"),
        ("detect d.ndjson -c error -d ddm -p warm_start", "must be NAME=VALUE"),
        (
            "detect t.csv -c name -d adwin",
            "column `name`, row 0: `adwin` takes finite numbers, not \"a\"; name a column of",
        ),
        ("detect t.csv -c x -d ddm", "column `x`, row 0: `ddm` takes 0 and 1, not 0.5"),
        ("detect none.csv -c x -d ddm", "none.csv: no such file"),
        ("drift --reference d.ndjson --current d.ndjson --test nothing_such", "unknown test `nothing_such`"),
        (
            "drift --reference d.ndjson --current d.ndjson --column eror",
            "neither side has a column `eror` (did you mean `error`?)",
        ),
        ("drift --reference d.ndjson --current d.ndjson --alpha 2", "`--alpha` must be between 0 and 1, not 2"),
        ("drift --reference t.csv --current t.csv --weights x", "t.csv: row 0: the weight `x` is 0.5, not a count"),
        ("drift --reference - --current -", "standard input (`-`) cannot be both"),
    ] {
        let said = room.run(args);
        assert_eq!(said.code, 3, "{args}: {}", said.out);
        assert!(said.err.contains(wanted), "{args}: {}", said.err);
    }
    let said = room.run("detect broken.ndjson -c x -d adwin -f json");
    assert!(
        said.code == 0 && said.err.contains("1 records could not be read; the first: broken.ndjson:2:"),
        "{}",
        said.err
    );
    assert_eq!(json(&said.out)["unreadable"], 1);
}

#[test]
fn pages_of_detectors_are_shown() {
    let room = Room::new(&[]);
    let said = room.run("kinds hddm_a");
    assert_eq!(said.code, 0);
    assert!(said.out.starts_with("hddm_a  (a detector of `driftline detect`)\n"), "{}", said.out);
    assert!(said.out.contains("`drift_confidence`") && !said.out.contains("```"), "{}", said.out);
    let page = json(&room.run("kinds kswin --format json").out);
    assert_eq!((&page["name"], &page["params"][0]["default"]), (&"kswin".into(), &0.005.into()));
    assert!(room.run("kinds").out.contains("Detectors of `driftline detect`"));
    assert!(room.run("kinds hdm_a").err.contains("did you mean `hddm_a`?"));
}

/// Values that the default tests tell apart, and a column that only one side has.
#[test]
fn two_files_are_compared_column_by_column() {
    if drift::find("ks").is_none() {
        return;
    }
    let rows = |shift: i32, more: &str| -> String {
        let row = |i: i32| format!("{}.5,{},{}{more}\n", i * 37 % 100 + shift, ["a", "b"][i as usize % 2], i % 3 == 0);
        format!("x,kind,flag{}\n{}", if more.is_empty() { "" } else { ",more" }, (0..200).map(row).collect::<String>())
    };
    let room = Room::new(&[("a.csv", &rows(0, "")), ("b.csv", &rows(60, ",1")), ("c.csv", &rows(0, ""))]);
    let said = room.run("drift --reference a.csv --current b.csv --format json");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let columns = json(&said.out)["columns"].clone();
    let names: Vec<_> = columns.as_array().into_iter().flatten().map(|it| it["column"].clone()).collect();
    assert_eq!(names, ["x", "kind", "flag", "more"]);
    assert_eq!((&columns[0]["drifted"], &columns[0]["n"], &columns[0]["m"]), (&true.into(), &200.into(), &200.into()));
    assert_eq!((&columns[1]["drifted"], &columns[2]["drifted"]), (&false.into(), &false.into()));
    assert!(columns[3]["error"].as_str().is_some_and(|it| it.starts_with("only the current side has")), "{columns}");
    assert_eq!(room.run("drift --reference a.csv --current c.csv").code, 0);
    let ks = json(&room.run("drift --reference a.csv --current b.csv --test ks --column x --format json").out);
    assert!(ks["columns"][0]["statistic"].as_f64().is_some_and(|it| (it - 0.6).abs() < 1e-12), "{ks}");
    let held = room.run("drift --reference a.csv --current b.csv --test ks --column kind --format json");
    assert_eq!(held.code, 3, "{}", held.out);
    assert!(json(&held.out)["columns"][0]["error"].as_str().is_some_and(|it| it.contains("`ks` compares numbers")));
    let table = room.run("drift --reference a.csv --current b.csv --format markdown --correction holm").out;
    assert!(
        table.contains("| `x` | drifted |") && table.contains("1 of 3 columns drifted, 1 not compared."),
        "{table}"
    );
}
