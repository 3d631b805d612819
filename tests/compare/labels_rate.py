"""How many labels a second the service joins, and what a correction costs.

    labels_rate.py [--driftline target/release/driftline] [--database postgres://..] [--predictions 500000]

Posts predictions over an hour of event time, then all their labels in batches, from two connections; then corrects one
label and waits until its window says so. The client shares the machine with the service and the database. Needs Python's
standard library only.
"""

import argparse
import json
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "real"))
from replay import ROOT, Service  # noqa: E402

SUITE = """\
name: rate
windows: { length: 5m, lateness: 0, idle: 2s }
record: { id: id, time: ts, prediction: intent, score: p }
predictions: {}
expectations:
  - { field: intent, not_null: {} }
  - { accuracy: { min: 0 }, name: accuracy }
"""
BEGIN = 1_714_564_800
BATCH = 5000


def batches(lines):
    return ["".join(lines[at:at + BATCH]).encode() for at in range(0, len(lines), BATCH)]


def post(service, path, bodies, connections):
    """Seconds that all bodies took; what was answered."""
    left, answers, lock = list(reversed(bodies)), [], threading.Lock()

    def work():
        while True:
            with lock:
                if not left:
                    return
                body = left.pop()
            answer = service.ask("POST", path, body, "application/x-ndjson")
            with lock:
                answers.append(answer)
    threads = [threading.Thread(target=work) for _ in range(connections)]
    begun = time.perf_counter()
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    return time.perf_counter() - begun, answers


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--driftline", default=ROOT / "target/release/driftline", type=pathlib.Path)
    arguments.add_argument("--database")
    arguments.add_argument("--predictions", default=500_000, type=int)
    arguments.add_argument("--connections", default=2, type=int)
    given = arguments.parse_args()
    for name, value in {"RETENTION__PREDICTIONS": "null", "RETENTION__FAILURES": "null", "RETENTION__RESULTS": "null",
                        "WINDOWS__REVISE_EVERY": "1s", "DATABASE": given.database}.items():
        if value:
            os.environ[f"DRIFTLINE_{name}"] = value
    n, draw = given.predictions, random.Random(7)
    intents = [draw.choice(["pay", "refund", "cancel", "other"]) for _ in range(n)]
    records = [f'{{"id":"r{i}","ts":{BEGIN + i * 3600 // n},"intent":"{it}","p":0.{i % 9}}}\n'
               for i, it in enumerate(intents)]
    labels = [f'{{"id":"r{i}","truth":"{it if i % 10 else "other"}"}}\n' for i, it in enumerate(intents)]
    draw.shuffle(labels)
    with tempfile.TemporaryDirectory() as folder:
        service = Service(given.driftline.resolve(), pathlib.Path(folder))
        try:
            (service.folder / "suites" / "rate.yaml").write_text(SUITE)
            service.try_ask("POST", "/v1/reload")
            service.until(lambda: service.has("rate"), "the suite")
            seconds, _ = post(service, "/v1/suites/rate/check?verdicts=none&wait=stored", batches(records), 2)
            print(f"{n / seconds:,.0f} predictions a second, checked and stored")
            seconds, answers = post(service, "/v1/labels", batches(labels), given.connections)
            joined = sum(it["joined"] for it in answers)
            print(f"{joined / seconds:,.0f} labels a second, {joined} of {n} joined when answered")
            window = lambda: service.ask("GET", "/v1/windows?suite=rate&length=5m&limit=100")["items"]
            service.until(lambda: sum(it["labels"] for it in window()) == n, "the last revision")
            before = {it["id"]: it["revision"] for it in window()}
            body = json.dumps({"id": "r17", "truth": "corrected"}).encode()
            begun = time.perf_counter()
            service.ask("POST", "/v1/labels", body)
            answered = time.perf_counter() - begun
            changed = lambda: [it for it in window() if it["revision"] != before[it["id"]]]
            service.until(lambda: changed(), "the correction")
            taken, it = time.perf_counter() - begun, changed()
            print(f"a correction: answered in {answered * 1000:.0f} ms, {len(it)} window of {len(before)} judged again "
                  f"after {taken:.1f} s, {it[0]['records']} records in it")
        finally:
            service.stop()


if __name__ == "__main__":
    main()
