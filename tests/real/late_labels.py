"""Labels of real data that come after their predictions, joined by the service, beside what scikit-learn said.

    late_labels.py [--driftline target/release/driftline] [--real ../shared/real] [--database URL]

Predictions are posted to `driftline serve` with their own time and without a label; then the labels are posted by id, in
the order in which they came (intents), or shuffled, some of them before their predictions and some of them wrong first
and corrected (bookings, employment). The accuracy of each period is read from the findings of windows and segments and
compared with ORACLE.json of each data set. Needs Python's standard library only.

The exit code is 1 when a number differs by more than 1e-9 of it. Where the data does not lie, nothing is replayed, and it
says so.
"""

import argparse
import json
import os
import pathlib
import random
import sys
import tempfile
import time
import urllib.parse

from replay import ROOT, Service, ndjson, read_csv

SUITE = """\
name: {name}
windows: {{ length: {length}, lateness: 0, idle: 1s }}
segments: {segments}
record: {{ id: id, time: ts, prediction: prediction, score: score{more} }}
predictions: {{}}
expectations:
  - {{ accuracy: {{ min: 0 }}, name: accuracy }}
  - {{ label_coverage: {{ min: 0, after: 0s }}, name: coverage }}
{expectations}"""


class Replay:
    def __init__(self, service):
        self.service, self.rows, self.bad = service, [], 0

    def run(self, name, records, before, after, segments, length="month", more="", expectations=""):
        """Posts labels, records, labels; waits until all that can be joined is."""
        suite = SUITE.format(name=name, length=length, segments=segments, more=more, expectations=expectations)
        (self.service.folder / "suites" / f"{name}.yaml").write_text(suite)
        self.service.try_ask("POST", "/v1/reload")
        self.service.until(lambda: self.service.has(name), f"the suite {name}")
        self.labels(name, before)
        for at in range(0, len(records), 5000):
            self.service.ask("POST", f"/v1/suites/{name}/check?verdicts=none&wait=stored",
                             ndjson(records[at:at + 5000]), "application/x-ndjson")
        for some in after:
            self.labels(name, some)
        ids = {it["id"] for it in records}
        last = {it["id"]: it for some in [before, *after] for it in some}
        wanted = sum(1 for it in last if it in ids)
        joined = lambda: sum(it["details"]["labelled"] for it in self.findings(name, "", "coverage") if it["details"])
        self.service.until(lambda: joined() == wanted, f"{wanted} labels of {name}, not {joined()},")

    def labels(self, name, labels):
        for at in range(0, len(labels), 5000):
            answer = self.service.ask("POST", f"/v1/labels?suite={name}", ndjson(labels[at:at + 5000]),
                                      "application/x-ndjson")
            if answer["refused"]:
                sys.exit(f"{name}: {answer}")

    def findings(self, name, segment, check):
        query = urllib.parse.urlencode({"suite": name, "segment": segment, "check": check, "of": "window"})
        return self.service.ask("GET", f"/v1/findings?{query}")["items"]

    def observed(self, name, segment, check):
        """Of the one window that the segment is in."""
        found = self.findings(name, segment, check)
        return found[0]["observed"] if len(found) == 1 else None

    def equal(self, name, segment, wanted, check="accuracy"):
        def near():
            found = self.observed(name, segment, check)
            return found is not None and abs(found - wanted) <= 1e-9 * abs(wanted)
        # The segments of a revision are written with it, but for a moment before.
        for _ in range(50):
            if near():
                break
            time.sleep(0.1)
        found = self.observed(name, segment, check)
        self.bad += not near()
        self.rows.append((name, segment or "all", check, found, wanted))


def shuffled(labels, wrong):
    """A part that comes before its records, some of it wrong, then the rest and the corrections."""
    random.Random(11).shuffle(labels)
    early, late = labels[: len(labels) // 5], labels[len(labels) // 5:]
    mistaken = [{**it, "truth": wrong(it["truth"])} for it in late[::7]]
    return early, [mistaken, late, early[::3]]


def hotel(replay, real):
    folder = real / "hotel_booking"
    # A period has one time, so that it lies in one window.
    periods = {"2016-10": ("2016-10..11", "2016-10-01"), "2016-11": ("2016-10..11", "2016-10-01"),
               "2016-12": ("2016-12", "2016-12-01")}
    of = lambda it: periods.get(it["timestamp"][:7], ("2017-01..02", "2017-01-01"))
    records = [{"id": it["customer_id"], "ts": of(it)[1], "prediction": it["y_pred"], "score": it["y_pred_proba"],
                "period": of(it)[0]} for it in read_csv(folder / "analysis.csv")]
    labels = [{"id": it["customer_id"], "truth": it["is_canceled"]} for it in read_csv(folder / "analysis_targets.csv")]
    before, after = shuffled(labels, lambda it: 1 - it)
    replay.run("hotel_booking", records, before, after, "[period]")
    oracle = json.loads((folder / "ORACLE.json").read_text())["performance"]
    for period in ("2016-10..11", "2016-12", "2017-01..02"):
        replay.equal("hotel_booking", f"period={period}", oracle[period]["accuracy"])


def employment(replay, real):
    folder = real / "employment_ma"
    records = [{"id": it["id"], "ts": f"{it['year']}-06-01", "prediction": it["prediction"],
                "score": it["predicted_probability"], "period": it["year"]} for it in read_csv(folder / "analysis.csv")]
    labels = [{"id": it["id"], "truth": it["employed"]} for it in read_csv(folder / "analysis_targets.csv")]
    before, after = shuffled(labels, lambda it: 1 - it)
    replay.run("employment_ma", records, before, after, "[period]")
    oracle = json.loads((folder / "ORACLE.json").read_text())["performance"]
    for year in ("2016", "2017", "2018"):
        replay.equal("employment_ma", f"period={year}", oracle[year]["accuracy"])


def intents(replay, real):
    folder = real / "clinc_intents"
    lines = lambda name: [json.loads(it) for it in (folder / name).read_text().splitlines()]
    records = [{"id": it["id"], "ts": it["ts"], "prediction": it["predicted_intent"], "score": it["confidence"],
                "version": it["model_version"], "phase": "A" if i < 3100 else "B"}
               for i, it in enumerate(lines("inference_log.ndjson"))]
    labels = [{"id": it["id"], "truth": it["true_intent"], "at": it["label_ts"]} for it in lines("labels.ndjson")]
    expectations = ('  - { accuracy: { min: 0 }, when: label.truth != "oos", name: in scope }\n'
                    '  - { f1_macro: { min: 0 }, name: f1_macro }\n')
    replay.run("clinc_intents", records, [], [labels], "[phase, [phase, version]]", "366d", more=", version: version",
               expectations=expectations)
    oracle = json.loads((folder / "ORACLE.json").read_text())
    names = {"accuracy": "accuracy_labelled", "in scope": "accuracy_labelled_in_scope", "f1_macro": "macro_f1_labelled",
             "coverage": "label_coverage"}
    for phase in "AB":
        for check, theirs in names.items():
            replay.equal("clinc_intents", f"phase={phase}", oracle["per_phase"][phase][theirs], check)
        for version in ("intent-v1", "intent-v2"):
            wanted = oracle["per_phase_and_version"][f"{phase}/{version}"]["accuracy_labelled"]
            replay.equal("clinc_intents", f"phase={phase}, version={version}", wanted)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--driftline", default=ROOT / "target/release/driftline", type=pathlib.Path)
    arguments.add_argument("--real", default=ROOT.parent / "shared/real", type=pathlib.Path)
    arguments.add_argument("--database")
    given = arguments.parse_args()
    if not given.real.is_dir():
        print(f"{given.real} is not there: NOTHING was replayed", file=sys.stderr)
        return 0
    for name, value in {"RETENTION__PREDICTIONS": "null", "RETENTION__FAILURES": "null",
                        "WINDOWS__REVISE_EVERY": "1ms", "DATABASE": given.database}.items():
        if value:
            os.environ[f"DRIFTLINE_{name}"] = value
    with tempfile.TemporaryDirectory() as folder:
        service = Service(given.driftline.resolve(), pathlib.Path(folder))
        replay = Replay(service)
        try:
            for data in (hotel, employment, intents):
                data(replay, given.real)
        finally:
            service.stop()
    print("| data | records | what | found | the oracle's |\n|---|---|---|---|---|")
    for name, segment, check, found, wanted in replay.rows:
        print(f"| {name} | {segment} | {check} | {found} | {wanted} |")
    print(f"\n{len(replay.rows)} numbers, {replay.bad} of them differ", file=sys.stderr)
    return int(replay.bad > 0)


if __name__ == "__main__":
    sys.exit(main())
