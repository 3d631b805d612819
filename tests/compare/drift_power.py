"""Power of drift tests beside scipy's, on the same draws.

    pip install numpy scipy pandas pyarrow
    python tests/compare/drift_power.py --driftline target/release/driftline [--runs 200] [--seed 1]

Draws `runs` pairs of samples of each size and shift, a column a pair, writes both sides as Parquet and lets one
`driftline drift` compare all columns; scipy gets the same columns. Prints the Markdown of docs/power.md, and exits
with 1 when a p-value differs by more than 1e-9 (1e-6 of Cramer-von Mises, whose series scipy cuts at 1e-7) or a power
by more than Monte Carlo error.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
from scipy import stats

ALPHA = 0.05
SIZES = [100, 1000, 10_000]
CATEGORIES = [f"c{it}" for it in range(10)]


def normal(chance, n):
    return chance.standard_normal(n)


def categories(shares):
    return lambda chance, n: chance.choice(CATEGORIES, n, p=shares)


def missing(share):
    return lambda chance, n: np.where(chance.random(n) < share, np.nan, 1.0)


EVEN = np.full(10, 0.1)
MOVED = EVEN + np.array([0.05, -0.05] + [0.0] * 8)
NUMBERS = ["ks", "cramer_von_mises", "anderson_ksamp", "mann_whitney", "welch", "epps_singleton", "wasserstein_normed", "psi"]
SHIFTS = {
    "no shift": (normal, normal, NUMBERS),
    "mean + 0.1 sd": (normal, lambda chance, n: normal(chance, n) + 0.1, NUMBERS),
    "mean + 0.25 sd": (normal, lambda chance, n: normal(chance, n) + 0.25, NUMBERS),
    "variance x 1.2": (normal, lambda chance, n: normal(chance, n) * 1.2 ** 0.5, NUMBERS),
    "Student's t with 3 degrees of freedom, of the same variance":
        (normal, lambda chance, n: chance.standard_t(3, n) / 3 ** 0.5, NUMBERS),
    "5 % of values moved between 2 of 10 categories":
        (categories(EVEN), categories(MOVED), ["chi2_contingency", "chi_square", "g_test", "jensen_shannon", "l_infinity"]),
    "missing 1 % -> 2 %": (missing(0.01), missing(0.02), ["missing_share"]),
}


def table(a, b):
    names = sorted(set(a) | set(b))
    return np.array([[np.count_nonzero(side == it) for it in names] for side in (a, b)])


# What scipy has for the same test; the others have no peer with a p-value there.
PEERS = {
    "ks": lambda a, b: stats.ks_2samp(a, b).pvalue,
    "cramer_von_mises": lambda a, b: stats.cramervonmises_2samp(a, b).pvalue,
    "anderson_ksamp": lambda a, b: stats.anderson_ksamp([a, b]).pvalue,
    "mann_whitney": lambda a, b: stats.mannwhitneyu(a, b).pvalue,
    "welch": lambda a, b: stats.ttest_ind(a, b, equal_var=False).pvalue,
    "epps_singleton": lambda a, b: stats.epps_singleton_2samp(a, b).pvalue,
    "chi2_contingency": lambda a, b: stats.chi2_contingency(table(a, b)).pvalue,
    "g_test": lambda a, b: stats.chi2_contingency(table(a, b), correction=False, lambda_="log-likelihood").pvalue,
    "missing_share": lambda a, b: stats.fisher_exact(
        [[np.isnan(a).sum(), (~np.isnan(a)).sum()], [np.isnan(b).sum(), (~np.isnan(b)).sum()]]).pvalue,
}
# A threshold of 0 asks distances for their significance alone.
DISTANCES = {"wasserstein_normed", "psi", "jensen_shannon", "l_infinity", "missing_share"}


def ours(binary, folder, test):
    command = [binary, "drift", "--reference", folder / "a.parquet", "--current", folder / "b.parquet", "--test", test,
               "--format", "json"]
    if test in DISTANCES:
        command += ["--param", "threshold=0"]
    ran = subprocess.run(command, capture_output=True, check=False)
    if ran.returncode > 1:
        sys.exit(ran.stderr.decode())
    return json.loads(ran.stdout)["columns"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--driftline", default="target/release/driftline")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    wrong = []
    print(f"""# Power

How often a test sees a shift, at the level of 5 %: `driftline drift` beside scipy {__import__("scipy").__version__} on the same draws, n = m,
{given.runs} pairs each, seed {given.seed} (standard error at most {50 / given.runs ** 0.5:.1f} percentage points). Written by
`python tests/compare/drift_power.py > docs/power.md`. Where scipy has the test, its p-values are compared one by one as
well, with a tolerance of 1e-9 (1e-6 of Cramer-von Mises, whose series scipy cuts).

An alarm of ours may need more than a p-value below 5 %: where the law of a test is not calibrated (`p_value_calibrated`
of its page), ours sees a little less, so that chance alone does not alarm ([calibration.md](calibration.md)). Distances
are run with a threshold of 0, so that their significance alone decides; with their own thresholds small shifts are no
alarm, on purpose. `-`: scipy has no such test with a p-value.""")
    for at, (title, (reference, current, tests)) in enumerate(SHIFTS.items()):
        print(f"\n## {title[:1].upper()}{title[1:]}\n\n| test | " + " | ".join(f"n = {n}: ours, scipy" for n in SIZES)
              + " | p-values that agree |\n|---|" + "---|" * (len(SIZES) + 1))
        rows = {test: [] for test in tests}
        agree = {test: [0, 0] for test in tests}
        for n in SIZES:
            chance = np.random.default_rng([given.seed, at, n])
            a = pd.DataFrame({f"x{it}": reference(chance, n) for it in range(given.runs)})
            b = pd.DataFrame({f"x{it}": current(chance, n) for it in range(given.runs)})
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                a.to_parquet(folder / "a.parquet")
                b.to_parquet(folder / "b.parquet")
                for test in tests:
                    found = {it["column"]: it for it in ours(given.driftline, folder, test)}
                    power = np.mean([bool(found[it]["drifted"]) for it in a.columns])
                    peer = PEERS.get(test)
                    if peer is None:
                        rows[test].append(f"{100 * power:.1f}, -")
                        continue
                    p = np.array([peer(a[it].to_numpy(), b[it].to_numpy()) for it in a.columns])
                    mine = np.array([np.nan if found[it]["p_value"] is None else found[it]["p_value"] for it in a.columns])
                    agree[test][0] += int(np.sum(np.abs(p - mine) <= (1e-6 if test == "cramer_von_mises" else 1e-9)))
                    agree[test][1] += len(p)
                    theirs = np.mean(p < ALPHA)
                    rows[test].append(f"{100 * power:.1f}, {100 * theirs:.1f}")
                    error = max(np.sqrt(theirs * (1 - theirs) / given.runs), 1 / given.runs)
                    if power > theirs + 4 * error:
                        wrong.append(f"{title}, {test}, {n}: {power}, scipy {theirs}")
        for test in tests:
            same, all_ = agree[test]
            if same != all_:
                wrong.append(f"{title}, {test}: {all_ - same} of {all_} p-values differ")
            print(f"| {test} | " + " | ".join(rows[test]) + f" | {f'{same} of {all_}' if all_ else '-'} |", flush=True)
    for it in wrong:
        print(it, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    import warnings
    warnings.simplefilter("ignore")
    sys.exit(main())
