#!/usr/bin/env python3
"""Traffic for the boards: three of the example suites and `payments`, with labels, deployments and retraining runs.

The story: version 8 takes over a share of the payments and is worse, amounts grow, some requests fail. It needs nothing but
Python. `docker compose --profile demo up` runs it; the tests of the boards do as well.
"""

import argparse
import json
import math
import random
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

INTENTS = ["check_balance", "transfer_money", "small_talk", "card_blocked", "exchange_rate", "open_account"]
LETTERS = ["complaint", "cancellation", "question", "praise"]


class Service:
    def __init__(self, url, token):
        self.url, self.token = url.rstrip("/"), token

    def send(self, method, path, body, kind="application/json"):
        request = urllib.request.Request(self.url + path, body.encode(), method=method, headers={"Content-Type": kind})
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        for _ in range(20):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.read()
            except urllib.error.HTTPError as error:
                if error.code not in (429, 503):
                    sys.exit(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}")
            except urllib.error.URLError as error:
                print(f"{method} {path}: {error.reason}", file=sys.stderr)
            time.sleep(0.5)
        sys.exit(f"{method} {path}: no answer")

    def lines(self, path, items):
        if items:
            self.send("POST", path, "".join(json.dumps(it) + "\n" for it in items), "application/x-ndjson")


class Traffic:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.n = 0
        self.labels = []

    def common(self, at, model, version):
        self.n += 1
        return {"id": f"{model}-{at:%Y%m%d%H%M%S}-{self.n}", "ts": at.isoformat(), "model": model, "model_version": version}

    def label(self, suite, record, truth, late=timedelta(seconds=90)):
        # One in ten never gets a label.
        if self.random.random() < 0.9:
            at = datetime.fromisoformat(record["ts"])
            self.labels.append((at + self.random.uniform(0.2, 1.8) * late, suite, {"id": record["id"], "truth": truth}))

    def payment(self, at, bad):
        r = self.random
        version = "8" if r.random() < (0.5 if bad else 0.1) else "7"
        amount = r.lognormvariate(4.2 if bad else 3.6, 0.8)
        fraud = r.random() < 0.3
        wrong = r.random() < (0.03 if version == "7" else 0.2 if bad else 0.08)
        decision = "refuse" if fraud != wrong else "approve"
        score = min(max(r.gauss(0.85 if decision == "refuse" else 0.1, 0.08), 0.0), 1.0)
        record = self.common(at, "payments", version) | {
            "amount": None if r.random() < 0.005 else round(amount, 2), "decision": decision, "score": round(score, 4),
            "country": r.choices(["DE", "FR", "PL"], [6, 3, 5 if bad else 1])[0],
        }
        if bad and r.random() < 0.01:
            record["score"] = 42.0
        self.label("payments", record, "refuse" if fraud else "approve")
        return record

    def intent(self, at, bad):
        r = self.random
        truth = r.choices(INTENTS, [30, 25, 15, 10 if not bad else 40, 12, 8])[0]
        said = truth if r.random() < 0.96 else r.choice(INTENTS)
        record = self.common(at, "router", "2.4.0" if r.random() < 0.2 else "2.3.1") | {
            "text": "how much is on my account", "intent": said, "confidence": round(max(0.05, 1 - r.expovariate(7)), 4),
            "latency_ms": round(28 + r.expovariate(1 / 22), 1), "channel": r.choice(["app", "web", "phone"]),
            "language": "unknown" if r.random() < 0.01 else r.choice(["de", "en", "fr"]),
        }
        if r.random() < 0.02:
            record["error"] = r.choice(["timeout", "no_model"])
        self.label("intent-router", record, truth)
        return record

    def credit(self, at, bad):
        r = self.random
        statuses = {"timeout": 504, "overloaded": 503, "bad_request": 400}
        error = r.choice(list(statuses)) if r.random() < (0.03 if bad else 0.005) else None
        income = r.lognormvariate(10.6, 0.4)
        return self.common(at, "credit-risk", "8" if r.random() < 0.3 else "7") | {
            "features": {"income": round(income), "age": r.randint(19, 80), "debt_ratio": round(r.betavariate(2, 5), 3)},
            "prediction": None if error else round(r.betavariate(1.5, 8), 4), "error": error,
            "status": statuses.get(error, 200),
            "latency_ms": round(15 + r.expovariate(1 / (60 if bad else 25)), 1),
        }

    def letter(self, at, _bad):
        r = self.random
        task = r.choice(["summary", "intent"])
        record = self.common(at, "assistant", "2026-02" if r.random() < 0.5 else "2026-01") | {"task": task, "error": None}
        record["usage"] = {"input_tokens": r.randint(200, 3000), "output_tokens": r.randint(20, 400)}
        record["latency_s"] = round(0.5 + 0.006 * record["usage"]["output_tokens"] + r.expovariate(2), 3)
        if r.random() < 0.03:
            return record | {"error": {"type": r.choice(["timeout", "rate_limit"])}, "response": {}}
        record["quality"] = round(min(1.0, max(0.0, r.gauss(0.82, 0.08))), 3)
        if task == "summary":
            return record | {"response": {"summary": "the customer asks " * r.randint(2, 15)}}
        truth = r.choice(LETTERS)
        record["response"] = {"intent": truth if r.random() < 0.93 else r.choice(LETTERS)}
        self.label("llm-service", record, truth)
        return record


def play(service, traffic, start, seconds, bad, rate):
    """The records of a span, and the labels that are known by its end."""
    end = start + timedelta(seconds=seconds)
    kinds = [("payments", traffic.payment, 3), ("intent-router", traffic.intent, 3), ("ml-service", traffic.credit, 3),
             ("llm-service", traffic.letter, 1)]
    for suite, make, weight in kinds:
        n = max(1, math.ceil(weight * rate * seconds))
        times = sorted(start + timedelta(seconds=traffic.random.uniform(0, seconds)) for _ in range(n))
        service.lines(f"/v1/suites/{suite}/check", [make(at, bad) for at in times])
    due = [it for it in traffic.labels if it[0] <= end]
    traffic.labels = [it for it in traffic.labels if it[0] > end]
    for suite in sorted({it[1] for it in due}):
        service.lines(f"/v1/labels?suite={suite}", [it[2] | {"at": it[0].isoformat()} for it in due if it[1] == suite])


def registry(service, start):
    """Versions, deployments, and three retraining runs of which one fails."""
    for model, versions in [("payments", ["7", "8"]), ("router", ["2.3.1", "2.4.0"]), ("credit-risk", ["7", "8"]),
                            ("assistant", ["2026-01", "2026-02"])]:
        for i, version in enumerate(versions):
            path = f"/v1/models/{model}/versions/{version}"
            service.send("PUT", path, json.dumps({"hash": f"sha256:{model}-{version}"}))
            service.send("POST", path + ":deploy", json.dumps({"at": (start + timedelta(minutes=i)).isoformat()}))
    events = []
    for i, status in enumerate(["succeeded", "failed", "succeeded"]):
        begin = start - timedelta(days=2 - i, hours=3)
        train = 2400 + 300 * i
        event = {"id": f"payments-{begin:%Y%m%d}", "model": "payments", "status": status, "version": str(6 + i),
                 "started_at": begin.isoformat(), "finished_at": (begin + timedelta(seconds=train + 700)).isoformat(),
                 "data": {"rows": 120000 + 4000 * i},
                 "jobs": [{"name": "assemble_data_job", "status": "succeeded", "duration": 600},
                          {"name": "train_model_job", "status": status, "duration": train}]}
        if status == "succeeded":
            event |= {"metrics": {"accuracy": 0.955 + 0.004 * i, "log_loss": 0.21 - 0.01 * i},
                      "reload": {"status": "failed" if i == 0 else "succeeded"}}
        events.append(event)
    service.send("POST", "/v1/retrain-runs", json.dumps(events))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--token-file", help="a file that holds the token")
    parser.add_argument("--minutes", type=int, default=90, help="minutes of the past that are played first")
    parser.add_argument("--seconds", type=float, default=math.inf, help="how long to go on after that; without it for ever")
    parser.add_argument("--rate", type=float, default=1.0, help="1: some ten records a second")
    parser.add_argument("--bad", action="store_true", help="all of it goes wrong, not only every other hour")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    token = open(args.token_file, encoding="utf-8").read().strip() if args.token_file else None
    service, traffic = Service(args.url, token), Traffic(args.seed)
    now = datetime.now(timezone.utc)
    start = now - timedelta(minutes=args.minutes)
    registry(service, start)
    for minute in range(args.minutes):
        # It goes wrong in the last third.
        play(service, traffic, start + timedelta(minutes=minute), 60, args.bad or minute > args.minutes * 2 / 3, args.rate)
    end, last = time.monotonic() + args.seconds, now
    while time.monotonic() < end:
        time.sleep(1)
        now = datetime.now(timezone.utc)
        # An hour is bad, an hour is good.
        play(service, traffic, last, (now - last).total_seconds(), args.bad or now.hour % 2 == 0, args.rate)
        last = now


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
