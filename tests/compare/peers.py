"""The same 14 checks as suite.yaml, in each peer's own fast way.

    peers.py NAME FILE      NAME: duckdb, polars, pandera, gx

Prints one JSON line: `answers`, 14 numbers (records that break a rule; of the row count, the mean and the
quantile what was observed), and `inner`, the seconds without the imports. Uniqueness is answered with the
records that repeat an earlier id, which is what a peer can count without naming them.
"""

import json
import sys
import time

COUNTRIES = ["DE", "FR", "US", "GB", "ES", "IT", "PL", "SE"]
DEVICES = ["ios", "android", "web", "kiosk"]
INTENTS = ["transfer_money", "check_balance", "card_blocked", "open_account", "find_branch", "exchange_rate",
           "report_fraud", "change_address", "loan_offer", "speak_to_human", "reset_password", "small_talk"]
ID = "^req-[0-9a-f]{16}$"
VERSION = "^[0-9]+[.][0-9]+[.][0-9]+$"
THREADS = 2


def duckdb(path):
    import duckdb
    yield
    connection = duckdb.connect(config={"threads": THREADS})
    reader = {"ndjson": "read_json_auto", "csv": "read_csv", "parquet": "read_parquet"}[path.rsplit(".")[-1]]
    options = ", format = 'newline_delimited'" if reader == "read_json_auto" else ""
    quoted = lambda values: ", ".join(f"'{it}'" for it in values)
    yield connection.execute(f"""
        SELECT count(*),
               count(*) FILTER (id IS NULL),
               count(id) - count(DISTINCT id),
               count(*) FILTER (NOT regexp_matches(id, '{ID}')),
               count(*) FILTER (NOT regexp_matches(model_version, '{VERSION}')),
               count(*) FILTER (country NOT IN ({quoted(COUNTRIES)})),
               count(*) FILTER (device NOT IN ({quoted(DEVICES)})),
               count(*) FILTER (prediction NOT IN ({quoted(INTENTS)})),
               count(*) FILTER (score IS NULL),
               count(*) FILTER (score NOT BETWEEN 0 AND 1),
               count(*) FILTER (latency_ms NOT BETWEEN 0 AND 60000),
               count(*) FILTER (n_tokens NOT BETWEEN 1 AND 4096),
               avg(amount),
               quantile_cont(latency_ms, 0.99)
        FROM {reader}('{path}'{options})""").fetchone()


def polars(path):
    import polars as pl
    yield
    scan = {"ndjson": pl.scan_ndjson, "csv": pl.scan_csv, "parquet": pl.scan_parquet}[path.rsplit(".")[-1]]
    col = pl.col
    frame = scan(path).select(
        pl.len().alias("rows"),
        col("id").null_count().alias("id_null"),
        (col("id").count() - col("id").drop_nulls().n_unique()).alias("id_repeated"),
        (~col("id").str.contains(ID)).sum().alias("id_regex"),
        (~col("model_version").str.contains(VERSION)).sum().alias("version_regex"),
        (~col("country").is_in(COUNTRIES)).sum().alias("country"),
        (~col("device").is_in(DEVICES)).sum().alias("device"),
        (~col("prediction").is_in(INTENTS)).sum().alias("prediction"),
        col("score").null_count().alias("score_null"),
        (~col("score").is_between(0, 1)).sum().alias("score"),
        (~col("latency_ms").is_between(0, 60000)).sum().alias("latency"),
        (~col("n_tokens").is_between(1, 4096)).sum().alias("tokens"),
        col("amount").mean().alias("mean"),
        col("latency_ms").quantile(0.99, interpolation="linear").alias("p99"),
    )
    yield frame.collect(engine="streaming").row(0)


def read_pandas(path):
    import pandas as pd
    if path.endswith(".parquet"):
        return pd.read_parquet(path)
    if path.endswith(".csv"):
        return pd.read_csv(path)
    return pd.read_json(path, lines=True, dtype=False)


def pandera(path):
    import pandas  # noqa: F401
    import pandera.pandas as pa
    yield
    frame = read_pandas(path)
    check = pa.Check
    schema = pa.DataFrameSchema({
        "id": pa.Column(checks=check.str_matches(ID), nullable=False, unique=True, report_duplicates="exclude_first"),
        "model_version": pa.Column(checks=check.str_matches(VERSION), nullable=True),
        "country": pa.Column(checks=check.isin(COUNTRIES), nullable=True),
        "device": pa.Column(checks=check.isin(DEVICES), nullable=True),
        "prediction": pa.Column(checks=check.isin(INTENTS), nullable=True),
        "score": pa.Column(checks=check.in_range(0, 1), nullable=False),
        "latency_ms": pa.Column(checks=[check.in_range(0, 60000),
                                        check(lambda it: bool(it.quantile(0.99) <= 250), name="p99")], nullable=True),
        "n_tokens": pa.Column(checks=check.in_range(1, 4096), nullable=True),
        "amount": pa.Column(checks=check(lambda it: bool(400 <= it.mean() <= 600), name="mean"), nullable=True),
    }, checks=check(lambda it: len(it) >= 1, name="rows"))
    failed = {}
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        for (column, name), n in cases.groupby(["column", "check"], dropna=False).size().items():
            failed[column, name.split("(")[0]] = n
    n = lambda column, name: int(failed.get((column, name), 0))
    yield (len(frame), n("id", "not_nullable"), n("id", "field_uniqueness"), n("id", "str_matches"),
           n("model_version", "str_matches"), n("country", "isin"), n("device", "isin"), n("prediction", "isin"),
           n("score", "not_nullable"), n("score", "in_range"), n("latency_ms", "in_range"), n("n_tokens", "in_range"),
           # pandera says only whether these hold; observed outside of it to compare the numbers.
           float(frame["amount"].mean()), float(frame["latency_ms"].quantile(0.99)))


def gx(path):
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import logging
    logging.disable(logging.WARNING)
    yield
    frame = read_pandas(path)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = context.data_sources.add_pandas("pandas").add_dataframe_asset("log").add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name="log", expectations=[
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToNotBeNull(column="id"),
        gxe.ExpectColumnValuesToBeUnique(column="id"),
        gxe.ExpectColumnValuesToMatchRegex(column="id", regex=ID),
        gxe.ExpectColumnValuesToMatchRegex(column="model_version", regex=VERSION),
        gxe.ExpectColumnValuesToBeInSet(column="country", value_set=COUNTRIES),
        gxe.ExpectColumnValuesToBeInSet(column="device", value_set=DEVICES),
        gxe.ExpectColumnValuesToBeInSet(column="prediction", value_set=INTENTS),
        gxe.ExpectColumnValuesToNotBeNull(column="score"),
        gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="latency_ms", min_value=0, max_value=60000),
        gxe.ExpectColumnValuesToBeBetween(column="n_tokens", min_value=1, max_value=4096),
        gxe.ExpectColumnMeanToBeBetween(column="amount", min_value=400, max_value=600),
        gxe.ExpectColumnQuantileValuesToBeBetween(
            column="latency_ms", quantile_ranges={"quantiles": [0.99], "value_ranges": [[None, 250]]},
            allow_relative_error="linear"),
    ])
    result = batch.get_batch(batch_parameters={"dataframe": frame}).validate(suite, result_format="BASIC")
    # GX answers column by column; back into the order of the suite.
    found = {}
    for it in result.results:
        config = it.expectation_config
        found[config.type, config.kwargs.get("column")] = it.result
    answers = []
    for it in suite.expectations:
        shown = found[it.expectation_type, getattr(it, "column", None)]
        answers.append(shown.get("unexpected_count", shown.get("observed_value")))
    answers[2] //= 2  # GX counts both records of a pair.
    answers[13] = answers[13]["values"][0]
    yield answers


if __name__ == "__main__":
    steps = {"duckdb": duckdb, "polars": polars, "pandera": pandera, "gx": gx}[sys.argv[1]](sys.argv[2])
    next(steps)
    started = time.perf_counter()
    answers = next(steps)
    print(json.dumps({"answers": [float(it) for it in answers], "inner": time.perf_counter() - started}))
