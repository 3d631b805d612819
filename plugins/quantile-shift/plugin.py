"""How far the quantiles of a number have moved, in units of the reference's spread."""

import math
from dataclasses import dataclass
from pathlib import Path

from driftline_plugin import (
    Batch,
    Context,
    DriftTest,
    Input,
    InsufficientData,
    InvalidParams,
    Measurement,
    Outcome,
    Output,
    Plugin,
    param,
)

plugin = Plugin(
    name="quantile-shift",
    version="0.1.0",
    description="How far the quantiles of a number have moved, in units of the reference's spread.",
    page=Path(__file__).with_name("page.md"),
)

#: Buckets grow by this factor, so a quantile is known to within one per cent.
GROWTH = 1.01 / 0.99
#: What is nearer to zero counts as zero.
SMALLEST = 1e-9


@dataclass
class Params:
    """What a suite may say."""

    quantiles: list[float] = param(
        [0.05, 0.25, 0.5, 0.75, 0.95],
        "The quantiles that are compared.",
        items={"type": "number", "minimum": 0, "maximum": 1},
        minItems=1,
        maxItems=99,
    )
    min_rows: int = param(30, "With fewer values in either window there is no answer.", minimum=1)


@plugin.drift_test(
    id="shift",
    summary="the quantiles to stay where they were in the reference",
    inputs=[Input("value", "number", description="The number that is watched.")],
    outputs=[
        Output("shift", "How far a quantile has moved, with its sign.", unit="IQR"),
        Output("reference", "The quantile in the reference."),
        Output("current", "The quantile in the current window."),
    ],
    params=Params,
)
class QuantileShift(DriftTest):
    """Counts values in buckets that grow geometrically; counts add up exactly, in any order."""

    params: Params

    def open(self) -> None:
        if len(set(self.params.quantiles)) != len(self.params.quantiles):
            raise InvalidParams("quantiles: each may be named once")
        #: Bucket to count. Bucket 0 is zero, negative buckets hold negative values.
        self.counts: dict[int, int] = {}

    def observe(self, batch: Batch) -> None:
        counts = self.counts
        for value in batch["value"].finite():
            bucket = bucket_of(value)
            counts[bucket] = counts.get(bucket, 0) + 1

    def merge(self, other: "QuantileShift") -> None:
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count

    def save(self) -> list[list[int]]:
        return [[bucket, count] for bucket, count in sorted(self.counts.items())]

    def load(self, saved: list[list[int]]) -> None:
        self.counts = {int(bucket): int(count) for bucket, count in saved}

    def compare(self, current: "QuantileShift", context: Context) -> Outcome:
        for which, it in (("reference", self), ("current window", current)):
            if it.total() < self.params.min_rows:
                raise InsufficientData(f"the {which} has {it.total()} values, fewer than min_rows {self.params.min_rows}")
        spread = self.quantile(0.75) - self.quantile(0.25)
        if spread == 0:
            # Half of the reference is one value: measure in units of that value, or as it is.
            spread = abs(self.quantile(0.5)) or 1.0
        details: list[Measurement] = []
        worst, shift_of_worst = "", 0.0
        for q in self.params.quantiles:
            before, after = self.quantile(q), current.quantile(q)
            shift = (after - before) / spread
            labels = {"quantile": f"{q:g}"}
            details += [
                Measurement("shift", shift, labels),
                Measurement("reference", before, labels),
                Measurement("current", after, labels),
            ]
            if not worst or abs(shift) > abs(shift_of_worst):
                worst, shift_of_worst = f"quantile {q:g} went from {before:.6g} to {after:.6g}", shift
        explanation = f"{worst}, {shift_of_worst:+.3g} of the reference's interquartile range"
        return Outcome(abs(shift_of_worst), details=details, explanation=explanation)

    def total(self) -> int:
        """How many values were counted."""
        return sum(self.counts.values())

    def quantile(self, q: float) -> float:
        """The value below which the share `q` lies, to within one per cent."""
        rank = q * (self.total() - 1)
        seen = 0
        last = 0
        for bucket, count in sorted(self.counts.items()):
            last = bucket
            seen += count
            if seen > rank:
                break
        return value_of(last)


LOG_GROWTH = math.log(GROWTH)
#: Moves the buckets of values above `SMALLEST` to 1 and up.
OFFSET = math.ceil(math.log(SMALLEST) / LOG_GROWTH) - 1


def bucket_of(value: float) -> int:
    """The bucket of a finite value."""
    size = abs(value)
    if size <= SMALLEST:
        return 0
    bucket = math.ceil(math.log(size) / LOG_GROWTH) - OFFSET
    return bucket if value > 0 else -bucket


def value_of(bucket: int) -> float:
    """The middle of a bucket."""
    if bucket == 0:
        return 0.0
    middle = 2 * math.exp((abs(bucket) + OFFSET) * LOG_GROWTH) / (GROWTH + 1)
    return middle if bucket > 0 else -middle
