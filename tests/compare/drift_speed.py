"""Speed of drift tests beside scipy and Evidently, on the same data.

    pip install numpy scipy 'pandas<3' pyarrow evidently
    python tests/compare/drift_speed.py --driftline target/release/driftline [--runs 5]

Prints Markdown: whole processes of `driftline drift` over Parquet files, start and reading included, beside the calls of
the libraries on data that are in memory already. Times are CPU time of all threads, user and system, which stays the same
on a busy machine; the best run counts.
"""

import argparse
import pathlib
import resource
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd

COLUMNS, ROWS = 50, 100_000


def spent():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def best(runs, what):
    times = []
    for _ in range(runs):
        start = spent()
        what()
        times.append(spent() - start)
    return min(times)


def frame(chance, by):
    """Columns of normal, skewed and whole numbers, and of categories, by turns."""
    makers = [lambda: chance.standard_normal(ROWS) + by, lambda: chance.lognormal(by, 1, ROWS),
              lambda: chance.poisson(20 + by, ROWS), lambda: chance.choice([f"c{it}" for it in range(10)], ROWS),
              lambda: chance.standard_normal(ROWS)]
    return pd.DataFrame({f"x{it}": makers[it % len(makers)]() for it in range(COLUMNS)})


def main():
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--driftline", default="target/release/driftline")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    chance = np.random.default_rng(1)
    print("| what | Driftline | peer | ratio |\n|---|---|---|---|")

    def line(what, ours, peer):
        print(f"| {what} | {1000 * ours:.0f} ms | {1000 * peer:.0f} ms | {peer / ours:.1f} |", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def files(name, before, now):
            before.to_parquet(folder / f"{name}_a.parquet")
            now.to_parquet(folder / f"{name}_b.parquet")

        def drift(name, *more):
            ran = subprocess.run([given.driftline, "drift", "--reference", folder / f"{name}_a.parquet", "--current",
                                  folder / f"{name}_b.parquet", "--format", "json", *more], capture_output=True)
            if ran.returncode > 1:
                sys.exit(ran.stderr.decode())

        from scipy import stats
        one = [pd.DataFrame({"x": chance.standard_normal(100_000) + by}) for by in (0, 0.02)]
        files("one", *one)
        a, b = (it["x"].to_numpy() for it in one)
        ks = best(given.runs, lambda: stats.ks_2samp(a, b))
        line("KS, 100,000 against 100,000: whole process over Parquet, beside `scipy.stats.ks_2samp` on arrays",
             best(given.runs, lambda: drift("one", "--test", "ks")), ks)
        whole = best(3, lambda: subprocess.run([sys.executable, "-c", f"""
import pandas as pd
from scipy import stats
a, b = (pd.read_parquet(r"{folder}/one_" + it + ".parquet")["x"] for it in "ab")
stats.ks_2samp(a, b)"""], check=True))
        line("the same, beside a whole process of Python", best(given.runs, lambda: drift("one", "--test", "ks")), whole)
        before, now = frame(chance, 0.0), frame(chance, 0.02)
        files("wide", before, now)
        from evidently import Report
        from evidently.presets import DataDriftPreset
        report = best(2, lambda: Report([DataDriftPreset()]).run(reference_data=before, current_data=now).dict())
        ours = best(given.runs, lambda: drift("wide"))
        line(f"{COLUMNS} columns x {ROWS:,} rows: whole process over Parquet, beside Evidently's `DataDriftPreset` on data "
             "frames", ours, report)
        line("the same tests as Evidently chooses (`--test evidently`)",
             best(given.runs, lambda: drift("wide", "--test", "evidently")), report)


if __name__ == "__main__":
    main()
