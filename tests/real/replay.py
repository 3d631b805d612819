"""Real data replayed through the service, beside what Evidently, scipy, NannyML and river said of the same rows.

    replay.py [--driftline target/release/driftline] [--real ../shared/real]

Writes the tables of docs/real-data.md to standard output. For each comparison of the oracle the rows of the
reference become a baseline (`driftline profile`, then PUT), the others are posted to `driftline serve` on SQLite with
the time of each record, in windows of as many rows as the oracle's chunks; the findings are read back from
/v1/windows. Change detectors run over the same streams with `driftline detect`. Needs Python's standard library only.

The exit code is 1 when a number differs from the oracle's by more than 1e-6 of it, or a change index differs at all.
Where the data does not lie, nothing is replayed, and it says so.
"""

import argparse
import csv
import json
import math
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BEGIN = 1_700_000_000
INTEGER = re.compile(r"-?[0-9]+")
# What may differ from an oracle's number: it is given to some ten digits.
CLOSE = 1e-6


def read_csv(path, categories=()):
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            yield {name: cell(text, name in categories) for name, text in row.items()}


def cell(text, is_category):
    if is_category:
        return text
    if text == "":
        return None
    if INTEGER.fullmatch(text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def ndjson(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


class Service:
    """`driftline serve` in a folder of its own, with the suites that it is given."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        (folder / "suites").mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = {"DRIFTLINE_WINDOWS__GRACE": "1ms", "DRIFTLINE_RETENTION__WINDOWS": "null"}
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            [binary, "serve", "--listen", f"127.0.0.1:{self.port}"], cwd=folder, env={**os.environ, **settings},
            stdout=self.log, stderr=self.log)
        self.until(lambda: self.try_ask("GET", "/healthz"), "the service")

    def ask(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body, method=method,
                                         headers={"content-type": kind})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read() or b"null")

    def try_ask(self, *request):
        try:
            self.ask(*request)
            return True
        except json.JSONDecodeError:
            return True
        except OSError:
            return False

    def until(self, done, what):
        limit = time.time() + 180
        while not done():
            if time.time() > limit or self.process.poll() is not None:
                sys.exit(f"{what} did not come: {(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.1)

    def replay(self, name, expectations, reference, rows, length, drift="", time_of=None, window=None):
        """Findings by window and by name, of the rows in windows of `length` rows, or of their own time."""
        reference_file = self.folder / f"{name}.reference.ndjson"
        reference_file.write_bytes(ndjson(reference))
        first = BEGIN // length * length + length
        lines = [f"name: {name}", f"record: {{ time: {time_of or 't'} }}",
                 f"windows: {{ length: {window or f'{length}s'}, idle: 3s }}",
                 f"drift: {{ baseline: {name}{drift} }}", "expectations:"]
        lines += ["  - " + json.dumps(it) for it in expectations]
        suite = self.folder / "suites" / f"{name}.yaml"
        suite.write_text("\n".join(lines) + "\n")
        made = subprocess.run([self.binary, "profile", reference_file, "--suite", suite], capture_output=True)
        if made.returncode:
            sys.exit(f"{name}: {made.stderr.decode()}")
        self.ask("PUT", f"/v1/baselines/{name}", made.stdout)
        self.try_ask("POST", "/v1/reload")
        self.until(lambda: self.has(name), f"the suite {name}")
        stamped = [{**row, "t": first + at} for at, row in enumerate(rows)]
        for at in range(0, len(stamped), 5000):
            self.ask("POST", f"/v1/suites/{name}/check?verdicts=none&wait=stored", ndjson(stamped[at:at + 5000]),
                     "application/x-ndjson")
        windows = lambda: self.ask("GET", f"/v1/windows?suite={name}&limit=200")["items"]
        self.until(lambda: sum(it["records"] for it in windows()) == len(stamped), f"all windows of {name}")
        found = []
        for it in sorted(windows(), key=lambda it: it["start"]):
            whole = self.ask("GET", f"/v1/windows/{it['id']}")
            found.append({one["check"]: one for one in whole["findings"]} | {"start": it["start"]})
        return found

    def has(self, name):
        return self.try_ask("GET", f"/v1/suites/{name}")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def peers(columns):
    """The methods of the oracle for each column, as expectations named after both."""
    found = []
    for column, kind in columns.items():
        binned = {"binning": "evidently", **({"column_type": "categorical"} if kind == "cat" else {})}
        tests = {
            "evidently_psi": ("psi", binned), "evidently_jensenshannon": ("jensen_shannon", binned),
            "evidently_kl_div": ("kl", binned),
        }
        if kind == "num":
            tests |= {"ks": ("ks", {}), "wasserstein": ("wasserstein", {}),
                      "wasserstein_normed": ("wasserstein_normed", {})}
        else:
            tests |= {"chi2_contingency": ("chi2_contingency", {}), "total_variation": ("total_variation", {})}
        for key, (test, params) in tests.items():
            found.append({"field": column, "name": f"{column} {key}",
                          "stable": {"test": test, "min_effect": 0, "min_records": 1, "params": params}})
    return found


def own(columns):
    return [{"field": column, "name": column, "stable": {}} for column in columns]


class Numbers:
    """Numbers of ours beside those of an oracle, by method."""

    def __init__(self):
        self.methods, self.wrong = {}, []

    def add(self, where, method, ours, theirs):
        if isinstance(theirs, dict):
            theirs = theirs["statistic"]
        if theirs is None or (isinstance(theirs, float) and math.isnan(theirs)):
            return
        away = abs(ours - theirs) / max(abs(theirs), 1e-3) if ours is not None else math.inf
        count = self.methods.setdefault(method, [0, 0, 0.0])
        count[1] += 1
        count[0] += away <= CLOSE
        count[2] = max(count[2], away)
        if away > CLOSE:
            self.wrong.append(f"{where}, {method}: {ours}, not {theirs}")

    def table(self):
        lines = ["| method | numbers of the oracle | equal | largest relative difference |", "|---|---|---|---|"]
        lines += [f"| {name} | {all_} | {equal} | {away:.0e} |" for name, (equal, all_, away) in sorted(self.methods.items())]
        return "\n".join(lines)


def observed(finding):
    value = finding.get("observed")
    value = value if not isinstance(value, dict) else value.get("value")
    return {"Infinity": math.inf}.get(value, value)


def alarm(finding):
    return finding["status"] in ("fail", "warn")


def compare(service, numbers, name, title, reference, rows, oracle):
    """A whole reference against a whole current side; a line of the table of verdicts."""
    types = {column: it["type"] for column, it in oracle["columns"].items()}
    keep = lambda all_: [{column: row[column] for column in types} for row in all_]
    reference, rows = keep(reference), keep(rows)
    [found] = service.replay(f"{name}_peers", peers(types), reference, rows, len(rows), ", correction: none")
    for column, it in oracle["columns"].items():
        for key in ("evidently_psi", "evidently_jensenshannon", "evidently_kl_div", "ks", "wasserstein",
                    "wasserstein_normed", "chi2_contingency", "total_variation"):
            if key in it:
                numbers.add(f"{title}, {column}", key, observed(found[f"{column} {key}"]), it[key])
    [found] = service.replay(f"{name}_own", own(types), reference, rows, len(rows))
    test = lambda it: it.get("ks", it.get("chi2_contingency"))["drifted_at_0.05"]
    evidently = {column for column, it in oracle["columns"].items() if it["evidently_auto"]["drifted"]}
    sure = {column for column, it in oracle["columns"].items() if test(it)}
    ours = {column for column in types if alarm(found[column])}
    some = lambda columns: ", ".join(sorted(columns)) or "none"
    print(f"| {title} | {len(types)} | {len(evidently)} | {len(sure)} | {len(ours)} | {some(ours - evidently)} "
          f"| {some(evidently - ours)} |", flush=True)


def heads(*names):
    print("\n| " + " | ".join(names) + " |\n|" + "---|" * len(names))


def blocks(service, numbers, real):
    print("## Whole references\n\nWhich columns drifted, by Evidently's choice and thresholds, by a test at 5 % "
          "(Kolmogorov-Smirnov, chi-square), and by `stable: {}`.")
    heads("data", "columns", "Evidently", "p < 0.05", "`stable: {}`", "only ours", "only Evidently's")
    oracle = json.loads((real / "elec2" / "ORACLE.json").read_text())
    rows = list(read_csv(real / "elec2" / "elec.csv", ["class"]))
    compare(service, numbers, "elec_all", "elec2, rows from 17,424 on against those before", rows[:17424], rows[17424:],
            oracle["reference_0_17423_vs_17424_end"])
    compare(service, numbers, "elec_half", "elec2, rows 9,000 to 17,423 against those before", rows[:9000],
            rows[9000:17424], oracle["reference_0_8999_vs_9000_17423"])
    for folder, parts in (("hotel_booking", hotel_parts), ("employment_ma", employment_parts)):
        oracle = json.loads((real / folder / "ORACLE.json").read_text())
        types = {column: it["type"] for column, it in oracle["whole_analysis"]["columns"].items()}
        texts = [column for column, kind in types.items() if kind == "cat"]
        reference = list(read_csv(real / folder / "reference.csv", texts))
        rows = list(read_csv(real / folder / "analysis.csv", texts))
        for key, part in parts(rows).items():
            compare(service, numbers, f"{folder}_{re.sub('[^0-9a-z]', '_', key)}", f"{folder}, {key.replace('_', ' ')}",
                    reference, part, oracle[key])


def hotel_parts(rows):
    month = lambda row: row["timestamp"][:7]
    return {"whole_analysis": rows,
            "2016-10..11": [it for it in rows if month(it) in ("2016-10", "2016-11")],
            "2016-12": [it for it in rows if month(it) == "2016-12"],
            "2017-01..02": [it for it in rows if month(it) >= "2017-01"]}


def employment_parts(rows):
    return {"whole_analysis": rows, **{f"year_{it}": [row for row in rows if row["year"] == it] for it in (2016, 2017, 2018)}}


def months(service, real):
    """Bookings by their own dates, in windows of a calendar month."""
    oracle = json.loads((real / "hotel_booking" / "ORACLE.json").read_text())
    types = {column: it["type"] for column, it in oracle["whole_analysis"]["columns"].items()}
    texts = [column for column, kind in types.items() if kind == "cat"]
    folder = real / "hotel_booking"
    keep = [*types, "timestamp"]
    some = lambda name: [{it: row[it] for it in keep} for row in read_csv(folder / name, texts)]
    found = service.replay("hotel_months", own(types), some("reference.csv"), some("analysis.csv"), 1,
                           time_of="timestamp", window="month")
    print("\n## By the records' own time\n\nBookings by their own dates (`record: { time: timestamp }`), in windows of a "
          "calendar month. The reference ends in September 2016.")
    heads("month", "columns that drifted, of 27", "the plainest")
    for window in found:
        drifted = [it for it in types if alarm(window[it])]
        told = [window[it]["message"] for it in ("adr", "lead_time") if alarm(window[it])]
        print(f"| {window['start'][:7]} | {len(drifted)} | {'; '.join(told)} |")


def chunks(service, numbers, real):
    """NannyML's chunks."""
    print("\n## NannyML's chunks\n\nAlarms of all columns and chunks together. NannyML's are values beyond three standard "
          "deviations of ten chunks of the reference, and chi-square at 5 %; ours are of `stable: {}`, with the "
          "correction of Benjamini and Hochberg over the columns of a chunk.")
    heads("data", "chunks", "Jensen-Shannon (NannyML)", "chi-square (NannyML)", "`stable: {}`", "columns with the most of ours")
    for folder, size in (("hotel_booking", 1500), ("employment_ma", 1000)):
        oracle = json.loads((real / folder / "ORACLE_nannyml.json").read_text())["univariate"]
        columns = oracle["columns"]
        texts = [name for name, it in columns.items() if "chi2" in it]
        some = lambda name: [{it: row[it] for it in columns} for row in read_csv(real / folder / name, texts)]
        reference, rows = some("reference.csv"), some("analysis.csv")
        wanted = []
        methods = {"jensen_shannon": ("jensen_shannon", {"binning": "nannyml", "base": 2}), "kolmogorov_smirnov": ("ks", {}),
                   "wasserstein": ("wasserstein", {}), "chi2": ("chi2_contingency", {}), "l_infinity": ("l_infinity", {})}
        for column, theirs in columns.items():
            for method in theirs:
                test, params = methods[method]
                wanted.append({"field": column, "name": f"{column} {method}", "stable":
                               {"test": test, "min_effect": 0, "min_records": 1, "params": params}})
        found = service.replay(f"{folder}_chunks", wanted, reference, rows, size, ", correction: none")
        for column, theirs in columns.items():
            for method, it in theirs.items():
                # Of a reference of 10,000 values and more NannyML estimates these two, in bins.
                estimated = len(reference) >= 10_000 and method in ("kolmogorov_smirnov", "wasserstein")
                for at, value in enumerate(it["value"]):
                    name = f"nannyml {method}" + (" (estimated there)" if estimated else "")
                    ours = observed(found[at][f"{column} {method}"])
                    if estimated:
                        numbers.near(name, ours, value)
                    else:
                        numbers.add(f"{folder}, {column}, chunk {at}", name, ours, value)
        found = service.replay(f"{folder}_chunks_own", own(columns), reference, rows, size)
        theirs = lambda method: sum(sum(it[method]["alert"]) for it in columns.values() if method in it)
        ours = {column: sum(alarm(window[column]) for window in found) for column in columns}
        top = sorted(ours.items(), key=lambda it: -it[1])[:4]
        print(f"| {folder} | {len(found)} of {size} rows, {len(columns)} columns | {theirs('jensen_shannon')} "
              f"| {theirs('chi2')} of {len(texts)} columns | {sum(ours.values())} | "
              + ", ".join(f"{name} {n}" for name, n in top if n) + " |")


def intents(service, numbers, real):
    """Windows of 500 records of an intent classifier."""
    oracle = json.loads((real / "clinc_intents" / "ORACLE.json").read_text())
    domains = json.loads((real / "clinc_intents" / "domains.json").read_text())
    rows = []
    for line in open(real / "clinc_intents" / "inference_log.ndjson"):
        it = json.loads(line)
        rows.append({"intent": it["predicted_intent"], "domain": domains.get(it["predicted_intent"], "oos"),
                     "confidence": it["confidence"], "latency": it["latency_ms"]})
    phase_a, phase_b = rows[:3100], rows[3100:]
    binned = {"binning": "evidently"}
    wanted = {"predicted_intent_psi": ("intent", "psi", binned),
              "predicted_intent_jensenshannon": ("intent", "jensen_shannon", binned),
              "predicted_intent_kl_div": ("intent", "kl", binned),
              "domain_chi2": ("domain", "chi2_contingency", {}), "domain_psi": ("domain", "psi", binned),
              "confidence_ks": ("confidence", "ks", {}), "confidence_psi": ("confidence", "psi", binned),
              "confidence_wasserstein_normed": ("confidence", "wasserstein_normed", {}),
              "latency_ks": ("latency", "ks", {})}
    named = [{"field": field, "name": key, "stable": {"test": test, "min_effect": 0, "min_records": 1, "params": params}}
             for key, (field, test, params) in wanted.items()]

    def check(name, title, reference, current, length, theirs):
        found = service.replay(f"{name}_peers", named, reference, current, length, ", correction: none")
        for window, it in zip(found, theirs):
            for key in wanted:
                if key in it:
                    numbers.add(f"{title}, {it.get('window', '')}", key, observed(window[key]), it[key])
        return service.replay(f"{name}_own", own(["intent", "domain", "confidence"]), reference, current, length)

    told = lambda it: "drift" if alarm(it) else "-"
    print("\n## Intents of a classifier\n\nWindows of 500 records against phase A, to which windows 0 to 5 belong; 6 is half "
          "A, half B. Evidently's verdict on the intent is PSI and Jensen-Shannon distance, both at 0.1.")
    heads("window", "phase", "PSI", "Evidently: intent", "ours: intent", "ours: domain", "ours: confidence", "p of KS (scipy)")
    theirs = oracle["windows_of_500_against_phase_A"]
    for window, it in zip(check("clinc", "clinc", phase_a, rows, 500, theirs), theirs):
        drifted = it["predicted_intent_psi"] >= 0.1 or it["predicted_intent_jensenshannon"] >= 0.1
        print(f"| {it['window']} ({it['n']} rows) | {it['phase']} | {it['predicted_intent_psi']:.2f} "
              f"| {'drift' if drifted else '-'} | {told(window['intent'])} | {told(window['domain'])} "
              f"| {told(window['confidence'])} | {it['confidence_ks']['p_value']:.2g} |")
    for name, title, reference, current, key in (
            ("clinc_half", "second half of A against the first", phase_a[:1550], phase_a[1550:],
             "A_second_half_against_first_half"),
            ("clinc_b", "B against A", phase_a, phase_b, "B_against_A")):
        [window] = check(name, title, reference, current, len(current), [oracle[key]])
        it = oracle[key]
        print(f"| {title} | | {it['predicted_intent_psi']:.2f} | drift | {told(window['intent'])} | {told(window['domain'])} "
              f"| {told(window['confidence'])} | {it['confidence_ks']['p_value']:.2g} |")


def streams(binary, folder, real):
    """Change indices of `driftline detect` beside river's; the number of those that differ."""
    names = {"ADWIN": "adwin", "PageHinkley": "page_hinkley", "DDM": "ddm", "EDDM": "eddm", "HDDM_A": "hddm_a",
             "HDDM_W": "hddm_w", "FHDDM": "fhddm", "KSWIN_seed0": "kswin"}
    elec = json.loads((real / "elec2" / "ORACLE.json").read_text())
    clinc = json.loads((real / "clinc_intents" / "ORACLE.json").read_text())
    digits = lambda name: list((real / "elec2" / name).read_text().strip())
    column = lambda name: [str(it[name]) for it in read_csv(real / "elec2" / "elec.csv", [name])]
    log = [json.loads(line) for line in open(real / "clinc_intents" / "inference_log.ndjson")]
    intent = {it["id"]: it["predicted_intent"] for it in log}
    labels = [json.loads(line) for line in open(real / "clinc_intents" / "labels.ndjson")]
    every = {
        "elec2, errors of a logistic regression": (digits("errors_logreg_static.txt"), elec["static_models"]["logreg"]["river"]),
        "elec2, errors of a tree": (digits("errors_tree8_static.txt"), elec["static_models"]["tree8"]["river"]),
        "elec2, errors of naive Bayes": (digits("errors_gaussiannb_prequential.txt"), elec["prequential_gaussiannb"]["river"]),
        **{f"elec2, {name}": (column(name), it) for name, it in elec["feature_streams"].items()},
        "clinc, errors as labels arrive": ([str(int(intent[it["id"]] != it["true_intent"])) for it in labels],
                                           clinc["label_arrival_error_stream"]["river"]),
        "clinc, confidence": ([str(it["confidence"]) for it in log], clinc["confidence_stream"]["river"]),
    }
    print("\n## Change detectors\n\nHow many changes each finds, and the first of them; river's indices are the same "
          "where nothing else is said.")
    heads("stream", *names.values())
    differ = []
    for title, (values, oracle) in every.items():
        file = folder / "stream.csv"
        file.write_text("value\n" + "\n".join(values) + "\n")
        cells = []
        for name, ours in names.items():
            if name not in oracle:
                cells.append("")
                continue
            seed = ["--param", "seed=0"] if ours == "kswin" else []
            ran = subprocess.run([binary, "detect", file, "-c", "value", "-d", ours, "--format", "json", *seed],
                                 capture_output=True)
            found = json.loads(ran.stdout)["drift_indices"]
            theirs = oracle[name]
            # Of long lists the oracle has the first ones.
            same = len(found) == theirs["n_drifts"] and found[:len(theirs["drift_indices"])] == theirs["drift_indices"]
            cells.append(f"{len(found)}" + (f", {found[0]}" if found else ""))
            if not same:
                cells[-1] += f" (river: {theirs['n_drifts']}, {theirs['first']})"
                differ.append(f"{title}, {name}: {len(found)} changes, not {theirs['n_drifts']}")
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)
    return differ


def near(self, method, ours, theirs):
    """An estimate of the oracle: told, not held against anybody."""
    count = self.methods.setdefault(method, [0, 0, 0.0])
    away = abs(ours - theirs) / max(abs(theirs), 1e-3)
    count[1] += 1
    count[0] += away <= CLOSE
    count[2] = max(count[2], away)


Numbers.near = near


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--driftline", default=str(ROOT / "target" / "release" / "driftline"))
    parser.add_argument("--real", default=os.environ.get("DRIFTLINE_REAL", str(ROOT.parent / "shared" / "real")))
    given = parser.parse_args()
    real = pathlib.Path(given.real)
    if not (real / "clinc_intents" / "ORACLE.json").is_file():
        print(f"The data does not lie in {real} (DRIFTLINE_REAL, --real): NOTHING was replayed.", file=sys.stderr)
        return 0
    binary = str(pathlib.Path(given.driftline).resolve())
    numbers = Numbers()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        service = Service(binary, folder)
        try:
            blocks(service, numbers, real)
            months(service, real)
            chunks(service, numbers, real)
            intents(service, numbers, real)
        finally:
            service.stop()
        differ = streams(binary, folder, real)
    print("\n## Numbers\n\nEvery statistic of the oracle that a window can answer, of all of the above.\n")
    print(numbers.table())
    for it in numbers.wrong + differ:
        print(it, file=sys.stderr)
    return 1 if numbers.wrong or differ else 0


if __name__ == "__main__":
    sys.exit(main())
