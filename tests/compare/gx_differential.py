#!/usr/bin/env python3
"""Random suites over random tables: Great Expectations against `driftline check --format gx`.

    python gx_differential.py --driftline target/release/driftline --tables 50 --seed 1

Needs great_expectations 1.24 and pandas. Every table is checked by GX twice, as pandas infers the types of
its columns and with every value kept as it is in JSON (`dtype=object`); where the two differ, either is right.
"""
import argparse, collections, datetime, json, logging, math, os, random, subprocess, sys, tempfile, warnings

os.environ["GX_ANALYTICS_ENABLED"] = "false"
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import great_expectations as gx
import pandas
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

UNORDERED = {"partial_missing_list", "partial_unexpected_list"}
UNORDERED_OBSERVED = {"expect_column_most_common_value_to_be_in_set", "expect_table_columns_to_match_set"}
# Keys that are compared only where both have them: GX writes a null for what it does not know.
LOOSE = {"partial_unexpected_counts", "unexpected_index_query", "details"}

# Where the two differ on purpose: (a test of the case, why).
KNOWN = []


def known(reason):
    """Registers a difference that is meant."""
    return lambda test: KNOWN.append((test, reason)) or test


def touches(*kinds):
    """Whether a column that the case names is of one of these kinds."""
    return lambda entry, columns: any(columns[it].kind in kinds for it in columns if json.dumps(it) in json.dumps({k: v for k, v in entry["kwargs"].items() if k != "row_condition"}))


times = touches("date", "datetime")


@known("GX cannot read quantiles, medians or means of dates; they are read here")
def _(entry, columns, want, got):
    return want[0] and not got[0] and times(entry, columns) and any(it in entry["type"] for it in ("quantile", "median", "mean", "stdev"))


@known("the type of a column without values cannot be wrong in a stream")
def _(entry, columns, want, got):
    named = [it for it in columns if json.dumps(it) in json.dumps(entry["kwargs"])]
    empty = any(columns[it].kind == "datetime" and not any(columns[it].values) for it in named)
    filtered = "row_condition" in entry["kwargs"] and got[1].get("element_count", 0) == got[1].get("missing_count", 0)
    return want[0] and not got[0] and (empty or filtered) and times(entry, columns)


@known("GX makes texts of mixed values before it compares their distribution")
def _(entry, columns, want, got):
    return "kl_divergence" in entry["type"] and touches("mixed")(entry, columns)


@known("GX tells a missing time from any other missing value")
def _(entry, columns, want, got):
    return "column_list" in entry["kwargs"] and touches("datetime")(entry, columns) and any(None in columns[it].values for it in entry["kwargs"]["column_list"])


@known("GX asks a column of times for its type, here each value is asked")
def _(entry, columns, want, got):
    return touches("datetime")(entry, columns) and ("of_type" in entry["type"] or "type_list" in entry["type"])


@known("GX joins texts into their sum; text has no sum here")
def _(entry, columns, want, got):
    return entry["type"].endswith("column_sum_to_be_between") and touches("text", "mixed")(entry, columns)


@known("a date is its midnight, so it equals and is ordered with a datetime")
def _(entry, columns, want, got):
    return {"date", "datetime"} <= {columns[it].kind for it in columns if json.dumps(it) in json.dumps(entry["kwargs"])}


@known("GX takes an empty text for a bound of minimum and maximum")
def _(entry, columns, want, got):
    return got[0] and "" in (entry["kwargs"].get("min_value"), entry["kwargs"].get("max_value"))


@known("outliers among booleans are told as 1 and 0")
def _(entry, columns, want, got):
    return touches("bool")(entry, columns) and ("z_score" in entry["type"] or "outliers" in entry["type"]) and want[1].get("unexpected_count") == got[1].get("unexpected_count")


# --- tables ---------------------------------------------------------------------------------------------------

WORDS = ["", "a", "A", "b", "ab", "abc", "foo", "x y", " x", "1", "1.0", "10", "-3", "2.5", "ä", "东京", "é", "e\u0301",
         "😀", "null", "True", "a.b", "a_b", "50%", "{\"a\": 1}", "[1, 2]", "2024-01-05", "2024-02-30", "12:30", "line\nbreak"]
DAYS = ["2023-12-31", "2024-01-01", "2024-01-02", "2024-02-29", "2024-03-10", "2025-01-01"]
TIMES = ["2023-12-31T23:59:59", "2024-01-01T00:00:00", "2024-01-01T12:30:00", "2024-02-29T06:00:00.250000"]
KINDS = {
    "int": lambda r: r.randint(-5, 8),
    "big": lambda r: r.choice([2**53, 2**53 - 1, -2**40, 10**15, 7, 0]),
    "float": lambda r: r.choice([-2.5, -0.5, 0.0, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.75, 1e-7, 1e16, round(r.uniform(-9, 9), 3)]),
    "text": lambda r: r.choice(WORDS),
    "bool": lambda r: r.random() < 0.5,
    "date": lambda r: r.choice(DAYS),
    "datetime": lambda r: r.choice(TIMES),
    "mixed": lambda r: r.choice([1, 2.5, "1", True, "a", 0, False, 1.0, ""]),
}


class Column:
    def __init__(self, r, n, kind=None):
        self.kind = kind or r.choice(list(KINDS))
        make = KINDS[self.kind]
        shape = r.choice(["free", "free", "free", "few", "constant", "empty", "sorted", "distinct"])
        pool = [make(r) for _ in range({"few": 3, "constant": 1}.get(shape, 99))]
        self.values = [r.choice(pool) for _ in range(n)]
        if shape == "sorted" and self.kind != "mixed":
            self.values.sort(reverse=r.random() < 0.3)
        if shape == "distinct" and self.kind in ("int", "float"):
            self.values = r.sample(range(-n, n), n)
            if self.kind == "float":
                self.values = [it / 4 for it in self.values]
        gaps = 1.0 if shape == "empty" else r.choice([0, 0, 0, 0.1, 0.4])
        self.values = [None if r.random() < gaps else it for it in self.values]

    def pick(self, r):
        present = [it for it in self.values if it is not None]
        return r.choice(present) if present and r.random() < 0.85 else KINDS[self.kind](r)


def frame(columns, typed):
    out = {}
    for name, it in columns.items():
        if it.kind == "date":
            values = [v and datetime.date.fromisoformat(v) for v in it.values]
        elif it.kind == "datetime":
            values = [v and datetime.datetime.fromisoformat(v) for v in it.values]
        else:
            values = it.values
        plain = pandas.Series(values, dtype=object)
        out[name] = pandas.Series(values) if typed and values and any(v is not None for v in values) else plain
        if it.kind == "datetime":
            out[name] = pandas.to_datetime(out[name])
    return pandas.DataFrame(out)


# --- expectations ---------------------------------------------------------------------------------------------

REGEXES = ["^a", "b$", ".", "^$", "\\d+", "^\\w+$", "(?i)foo", "a|b", "[^a-z]", "^.{1,3}$", "\\.", "^-?\\d+(\\.\\d+)?$", "\\s", "(a)\\1", "(?!a)b",
           "^\\S*$", "^[A-Z]", "\\bx", "True", "é", "^..$"]
FORMATS = ["%Y-%m-%d", "%H:%M", "%d", "%Y", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S"]
SCHEMAS = [{"type": "object"}, {"type": "integer"}, {"type": ["array", "object"]}, {"required": ["a"]}, {"properties": {"a": {"type": "string"}}}, {"const": 1}, {}]
# The names of types that values have; of the others GX asks columns, which a stream of records does not have.
TYPES = ["int", "float", "str", "bool"]
DTYPES = ["int64", "float64", "object", "str", "bool", "datetime64[ns]", "datetime64[us]"]


def some(r, make, low=0, high=5):
    return [make() for _ in range(r.randint(low, high))]


def bounds(r, make, strict=True, absent=True):
    out = {}
    pair = [make(), make()]
    try:
        pair.sort() if r.random() < 0.85 else None
    except TypeError:
        pass
    if r.random() < 0.75:
        out["min_value"] = pair[0]
    if r.random() < 0.75 or (not absent and not out and r.random() < 0.9):
        out["max_value"] = pair[1]
    if strict:
        out.update({it: True for it in ("strict_min", "strict_max") if r.random() < 0.25})
    return out


def condition(r, columns, leaves=3):
    if leaves > 1 and r.random() < 0.35:
        parts = [condition(r, columns, 1) for _ in range(r.randint(2, 3))]
        return {"type": r.choice(["and", "or"]), "conditions": parts}
    name = r.choice(list(columns))
    it = columns[name]
    ref = {"name": name}
    if r.random() < 0.2 or it.kind in ("mixed", "date", "datetime"):
        return {"type": "nullity", "column": ref, "is_null": r.random() < 0.4}
    operators = ["==", "!=", "IN", "NOT_IN"] + ([] if it.kind in ("text", "bool") else ["<", "<=", ">", ">="])
    operator = r.choice(operators if it.kind != "bool" else ["==", "!="])
    if operator in ("IN", "NOT_IN"):
        return {"type": "comparison", "column": ref, "operator": operator, "parameter": some(r, lambda: it.pick(r), 1, 4)}
    return {"type": "comparison", "column": ref, "operator": operator, "parameter": it.pick(r)}


def partition(r, it):
    n = r.randint(1, 4)
    weights = [r.choice([0, 1, 1, 2, 3]) for _ in range(n)]
    weights = [w / max(sum(weights), 1) for w in weights] if sum(weights) else [1 / n] * n
    if it.kind in ("int", "big", "float") and r.random() < 0.7:
        edges = sorted({round(r.uniform(-9, 9), 1) for _ in range(n + 1)})
        if len(edges) < n + 1:
            edges = list(range(n + 1))
        out = {"bins": edges, "weights": weights}
        if r.random() < 0.3:
            out["weights"] = [w * 0.9 for w in weights]
            out["tail_weights"] = [0.05, 0.05]
        return out
    values = list(dict.fromkeys(json.dumps(it.pick(r)) for _ in range(n)))
    values = [json.loads(v) for v in values]
    return {"values": values, "weights": [1 / len(values)] * len(values)}


def expectation(r, columns):
    name = r.choice(list(columns))
    it = columns[name]
    col = {"column": name}
    pick = lambda: it.pick(r)
    near = lambda: (it.pick(r) + r.choice([0, 0, 1, -1, 0.5])) if it.kind in ("int", "float", "big") else it.pick(r)
    numeric = it.kind in ("int", "float", "big", "bool")
    number = lambda: r.choice([0, 1, 2, 3, 5, -1, 0.5, 2.5])
    share = lambda: r.choice([0, 0.1, 0.25, 0.5, 0.75, 1])
    count = lambda: r.randint(0, max(len(it.values), 1))
    texts = [c for c, v in columns.items() if v.kind in ("text",)]
    if texts and r.random() < 0.9:
        word = {"column": r.choice(texts)}
    else:
        # pandas makes floats of whole numbers with gaps, and writes a column of midnights as dates.
        plain = [c for c, v in columns.items() if v.kind in ("bool", "mixed") or v.kind in ("int", "big", "float") and None not in v.values]
        word = {"column": r.choice(plain or texts or ["zzz"])}
    several = r.sample(list(columns), min(len(columns), r.randint(2, 3)))
    two = {"column_A": several[0], "column_B": several[-1]}
    many = {"column_list": several}
    regexes = lambda: {"regex_list": some(r, lambda: r.choice(REGEXES), 1, 3)}
    value_set = lambda: {"value_set": some(r, lambda: pick() if r.random() < 0.85 else r.choice([None, 1, "1", True, 1.0, "a"] if it.kind not in ("date", "datetime") else [None, "2024-05-05"]), 0 if r.random() < 0.1 else 1, 6)}
    kind = r.choice(list(TABLE))
    kwargs, base = TABLE[kind](locals())
    if base in ("map", "pair", "multi") and r.random() < 0.4:
        kwargs["mostly"] = r.choice([0, 0.3, 0.5, 0.75, 0.9, 1])
    if base == "pair" and r.random() < 0.5:
        kwargs["ignore_row_if"] = r.choice(["both_values_are_missing", "either_value_is_missing", "neither"])
    if base == "multi" and r.random() < 0.5:
        kwargs["ignore_row_if"] = r.choice(["all_values_are_missing", "any_value_is_missing", "never"])
    if base != "none" and r.random() < 0.25 and not kind.endswith("pair_values_to_be_in_set"):
        kwargs["row_condition"] = condition(r, columns)
    return {"type": kind, "kwargs": kwargs, "severity": r.choice(["critical", "warning", "info"])}


def opt(s, **given):
    return {k: v for k, v in given.items() if s["r"].random() < 0.5}


def case(base, make):
    return lambda s: (make(s), base)


TABLE = {
    "expect_column_values_to_be_between": case("map", lambda s: s["col"] | bounds(s["r"], s["near"], absent=False)),
    "expect_column_values_to_be_in_set": case("map", lambda s: s["col"] | s["value_set"]()),
    "expect_column_values_to_not_be_in_set": case("map", lambda s: s["col"] | s["value_set"]()),
    "expect_column_values_to_be_null": case("map", lambda s: s["col"]),
    "expect_column_values_to_not_be_null": case("map", lambda s: s["col"]),
    "expect_column_values_to_be_unique": case("map", lambda s: s["col"]),
    "expect_column_value_lengths_to_be_between": case("map", lambda s: s["word"] | bounds(s["r"], lambda: s["r"].randint(0, 5), absent=False)),
    "expect_column_value_lengths_to_equal": case("map", lambda s: s["word"] | {"value": s["r"].randint(0, 4)}),
    "expect_column_values_to_match_regex": case("map", lambda s: s["word"] | {"regex": s["r"].choice(REGEXES)}),
    "expect_column_values_to_not_match_regex": case("map", lambda s: s["word"] | {"regex": s["r"].choice(REGEXES)}),
    "expect_column_values_to_match_regex_list": case("map", lambda s: s["word"] | s["regexes"]() | opt(s, match_on=s["r"].choice(["any", "all"]))),
    "expect_column_values_to_not_match_regex_list": case("map", lambda s: s["word"] | s["regexes"]()),
    "expect_column_values_to_match_strftime_format": case("map", lambda s: s["word"] | {"strftime_format": s["r"].choice(FORMATS)}),
    "expect_column_values_to_be_dateutil_parseable": case("map", lambda s: s["word"]),
    "expect_column_values_to_be_json_parseable": case("map", lambda s: s["word"]),
    "expect_column_values_to_match_json_schema": case("map", lambda s: s["word"] | {"json_schema": s["r"].choice(SCHEMAS)}),
    "expect_column_values_to_be_of_type": case("map", lambda s: s["col"] | {"type_": s["r"].choice(TYPES)}),
    "expect_column_values_to_be_in_type_list": case("map", lambda s: s["col"] | {"type_list": some(s["r"], lambda: s["r"].choice(TYPES), 1, 4)}),
    "expect_column_values_to_be_increasing": case("map", lambda s: s["col"] | opt(s, strictly=s["r"].random() < 0.7)),
    "expect_column_values_to_be_decreasing": case("map", lambda s: s["col"] | opt(s, strictly=s["r"].random() < 0.7)),
    "expect_column_value_z_scores_to_be_less_than": case("map", lambda s: s["col"] | {"threshold": s["r"].choice([0, 0.5, 1, 1.5, 2, 3, -1]), "double_sided": s["r"].random() < 0.5}),
    "expect_column_values_to_not_be_outliers": case("map", lambda s: s["col"] | opt(s, method=s["r"].choice(["iqr", "std"]), multiplier=s["r"].choice([0, 0.5, 1, 1.5, 3]))),
    "expect_column_min_to_be_between": case("agg", lambda s: s["col"] | bounds(s["r"], s["near"])),
    "expect_column_max_to_be_between": case("agg", lambda s: s["col"] | bounds(s["r"], s["near"])),
    "expect_column_mean_to_be_between": case("agg", lambda s: s["col"] | bounds(s["r"], s["number"])),
    "expect_column_median_to_be_between": case("agg", lambda s: s["col"] | bounds(s["r"], s["number"])),
    "expect_column_sum_to_be_between": case("agg", lambda s: s["col"] | bounds(s["r"], s["number"])),
    "expect_column_stdev_to_be_between": case("agg", lambda s: s["col"] | bounds(s["r"], s["number"])),
    "expect_column_quantile_values_to_be_between": case("agg", lambda s: s["col"] | quantiles(s)),
    "expect_column_unique_value_count_to_be_between": case("agg", lambda s: s["col"] | bounds(s["r"], s["count"])),
    "expect_column_proportion_of_unique_values_to_be_between": case("agg", lambda s: s["col"] | bounds(s["r"], s["share"])),
    "expect_column_proportion_of_non_null_values_to_be_between": case("agg", lambda s: s["col"] | bounds(s["r"], s["share"])),
    "expect_column_distinct_values_to_be_in_set": case("agg", lambda s: s["col"] | s["value_set"]()),
    "expect_column_distinct_values_to_contain_set": case("agg", lambda s: s["col"] | s["value_set"]()),
    "expect_column_distinct_values_to_equal_set": case("agg", lambda s: s["col"] | s["value_set"]()),
    "expect_column_most_common_value_to_be_in_set": case("agg", lambda s: s["col"] | s["value_set"]() | opt(s, ties_okay=s["r"].random() < 0.7)),
    "expect_column_kl_divergence_to_be_less_than": case("agg", lambda s: s["col"] | {"partition_object": partition(s["r"], s["it"]), "threshold": s["r"].choice([0.05, 0.1, 0.5, 1, None])} | opt(s, tail_weight_holdout=s["r"].choice([0, 0.05, 0.2]), internal_weight_holdout=s["r"].choice([0, 0, 0.1]))),
    "expect_column_pair_values_to_be_equal": case("pair", lambda s: s["two"]),
    "expect_column_pair_values_a_to_be_greater_than_b": case("pair", lambda s: s["two"] | opt(s, or_equal=s["r"].random() < 0.7)),
    "expect_column_pair_values_to_be_in_set": case("pair", lambda s: s["two"] | {"value_pairs_set": some(s["r"], lambda: [s["columns"][it].pick(s["r"]) for it in s["two"].values()], 1, 6)}),
    "expect_multicolumn_sum_to_equal": case("multi", lambda s: s["many"] | {"sum_total": s["number"]()}),
    "expect_multicolumn_values_to_be_equal": case("multi", lambda s: s["many"]),
    "expect_select_column_values_to_be_unique_within_record": case("multi", lambda s: s["many"]),
    "expect_compound_columns_to_be_unique": case("multi", lambda s: s["many"]),
    "expect_column_to_exist": case("none", lambda s: {"column": s["r"].choice([s["name"], "zzz"])} | opt(s, column_index=s["r"].randint(-2, 3))),
    "expect_column_type_to_be": case("none", lambda s: s["col"] | {"type_": s["r"].choice(DTYPES)}),
    "expect_table_columns_to_match_ordered_list": case("none", lambda s: {"column_list": s["r"].choice([list(s["columns"]), s["several"], list(s["columns"]) + ["zzz"], None])}),
    "expect_table_columns_to_match_set": case("none", lambda s: {"column_set": s["r"].choice([list(s["columns"])[::-1], s["several"], s["several"] + ["zzz"], None])} | opt(s, exact_match=s["r"].random() < 0.5)),
    "expect_table_column_count_to_equal": case("none", lambda s: {"value": s["r"].randint(0, 8)}),
    "expect_table_column_count_to_be_between": case("none", lambda s: bounds(s["r"], lambda: s["r"].randint(0, 9), strict=False)),
    "expect_table_row_count_to_equal": case("table", lambda s: {"value": s["count"]()}),
    "expect_table_row_count_to_be_between": case("table", lambda s: bounds(s["r"], s["count"])),
}


def quantiles(s):
    r = s["r"]
    at = sorted({r.choice([0, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 1]) for _ in range(r.randint(1, 4))})
    ranges = [[None if r.random() < 0.2 else -r.randint(0, 5), None if r.random() < 0.2 else r.randint(0, 5)] for _ in at]
    return {"quantile_ranges": {"quantiles": at, "value_ranges": ranges}} | opt(s, allow_relative_error=r.choice([False, "linear", "lower", "higher", "midpoint", "nearest"]))


# --- the two engines ------------------------------------------------------------------------------------------

def raised(info):
    if "raised_exception" in info:
        return info["raised_exception"]
    return any(it.get("raised_exception") for it in info.values() if isinstance(it, dict))


def answer(result):
    """What is compared of a result of either engine: (raises, members)."""
    if raised(result.get("exception_info") or {}):
        return True, {}
    return False, {"success": result["success"]} | result["result"]


class Gx:
    def __init__(self):
        self.context = gx.get_context(mode="ephemeral")
        self.context.variables.progress_bars = {"globally": False}
        self.source = self.context.data_sources.add_pandas("pandas")
        self.definition = self.source.add_dataframe_asset("asset").add_batch_definition_whole_dataframe("whole")

    def run(self, table, entries):
        batch = self.definition.get_batch({"dataframe": table})
        out = []
        for entry in entries:
            try:
                it = ExpectationConfiguration(**json.loads(json.dumps(entry))).to_domain_obj()
                result = batch.validate(it, result_format="COMPLETE").to_json_dict()
                out.append(answer(json.loads(json.dumps(result, default=plain))) + (message(result),))
            except Exception as error:  # GX raises whatever its libraries raise.
                out.append((True, {}, f"{type(error).__name__}: {error}"[:300]))
        return out


def plain(it):
    """What numpy leaves in a result, as JSON."""
    return it.item() if hasattr(it, "item") else str(it)


def message(result):
    info = result.get("exception_info") or {}
    first = next((it for it in [info, *info.values()] if isinstance(it, dict) and it.get("exception_message")), {})
    return str(first.get("exception_message"))[:300]


def driftline(binary, columns, entries, keep=None):
    names = list(columns)
    rows = list(zip(*(columns[it].values for it in names)))
    types = {it: columns[it].kind for it in names if columns[it].kind in ("date", "datetime")}
    with tempfile.TemporaryDirectory() as folder:
        data, suite = os.path.join(keep or folder, "data.ndjson"), os.path.join(keep or folder, "suite.json")
        with open(data, "w") as out:
            out.writelines(json.dumps(dict(zip(names, row)), ensure_ascii=False) + "\n" for row in rows)
        with open(suite, "w") as out:
            json.dump({"name": "s", **({"types": types} if types else {}), "expectations": entries}, out)
        done = subprocess.run([binary, "check", data, "--suite", suite, "--format", "gx", "--result-format", "COMPLETE"], capture_output=True, text=True)
    if not done.stdout:
        raise SystemExit(f"driftline wrote nothing: {done.stderr}")
    results = json.loads(done.stdout)["results"]
    assert len(results) == len(entries), done.stderr
    return [answer(it) + (it["exception_info"].get("exception_message"),) for it in results]


# --- comparing ------------------------------------------------------------------------------------------------

def equal(a, b):
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (a != a and b != b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[it], b[it]) for it in a)
    return day(a) == day(b)


def day(it):
    """A date or time in one spelling: GX writes `2024-01-01 00:00:00`, `2024-01-01T00:00:00`, a date, or `NaT`."""
    if it == "NaT":
        return None
    if isinstance(it, str) and it[:2] == "20":
        try:
            return datetime.datetime.fromisoformat(it)
        except ValueError:
            pass
    return it


def wrong(kind, want, got):
    """What is wrong with an answer, or None."""
    if want[0] != got[0]:
        return f"raises: want {want[0]} ({want[2]}) got {got[0]} ({got[2]})"
    for key, value in want[1].items():
        if key in LOOSE and key not in got[1]:
            continue
        mine = got[1].get(key)
        if key == "partial_unexpected_counts" and ("NaT" in str(value) or "None" in str(mine)):
            continue  # No NaT equals another, so that GX counts each one.
        if key in UNORDERED or (key == "observed_value" and kind in UNORDERED_OBSERVED):
            if isinstance(value, list) and isinstance(mine, list):
                value, mine = (sorted(it, key=lambda v: json.dumps(v, sort_keys=True, default=str)) for it in (value, mine))
        if not equal(value, mine):
            return f"{key}: want {str(value)[:200]} got {str(mine)[:200]}"
    return None


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("--driftline", default="target/release/driftline")
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--tables", type=int, default=20)
    args.add_argument("--entries", type=int, default=60)
    args = args.parse_args()
    engine, tally, n_wrong, n_known = Gx(), collections.Counter(), 0, collections.Counter()
    for number in range(args.seed, args.seed + args.tables):
        r = random.Random(number)
        n = r.choice([0, 1, 2, 5, 12, 12, 30, 60, 250]) or 1
        columns = {name: Column(r, n) for name in ["a", "b", "c", "d", "größe"][: r.randint(2, 5)]}
        entries = [it for it in (expectation(r, columns) for _ in range(args.entries)) if it]
        mine = driftline(args.driftline, columns, entries)
        inferred, kept = (engine.run(frame(columns, typed), entries) for typed in (True, False))
        for entry, want, other, got in zip(entries, inferred, kept, mine):
            kind = entry["type"]
            tally[kind] += 1
            why, why_kept = wrong(kind, want, got), wrong(kind, other, got)
            if why is None or why_kept is None:
                continue
            reason = next((reason for test, reason in KNOWN if test(entry, columns, want, got)), None)
            if reason:
                n_known[reason] += 1
                continue
            n_wrong += 1
            used = {it: columns[it].values[:12] for it in columns if json.dumps(it) in json.dumps(entry["kwargs"])}
            kinds = {it: columns[it].kind for it in used}
            print(f"DIFFERENT table {number} ({n} rows)\n  {json.dumps(entry, ensure_ascii=False)}\n  {kinds} {used}\n  {why}", flush=True)
            if why_kept != why:
                print(f"  as objects {why_kept}")
    for kind in sorted(TABLE):
        print(f"{tally[kind]:6d} {kind}")
    for reason, count in n_known.items():
        print(f"{count:6d} known: {reason}")
    print(f"{sum(tally.values())} cases, {n_wrong} different")
    sys.exit(n_wrong > 0)


if __name__ == "__main__":
    main()
