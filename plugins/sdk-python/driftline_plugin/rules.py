"""What an author subclasses."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar, Sequence

from .columns import Batch, Binding, Column
from .errors import InvalidState


@dataclass(frozen=True)
class Context:
    """All that an answer may depend on beside the data."""

    #: The name of the model, when it is one and known.
    model: str | None = None
    #: Its version.
    model_version: str | None = None
    #: The segment that a window is of; `None`: all records.
    segment: str | None = None
    #: Start and exclusive end of the window in microseconds since 1970-01-01T00:00:00Z.
    window: tuple[int, int] | None = None
    #: The same for the same question.
    seed: int = 0

    def random(self) -> random.Random:
        """Chance that repeats: the only source of it that a plugin should use."""
        return random.Random(self.seed)


@dataclass(frozen=True)
class Measurement:
    """A number that was measured."""

    #: One of the capability's outputs.
    name: str
    value: float
    #: What it was measured of, where it is one of several: `{"class": "refund"}`.
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a drift test measured."""

    #: The statistic or distance.
    statistic: float
    p_value: float | None = None
    #: Further outputs.
    details: Sequence[Measurement] = ()
    #: What happened, in a sentence.
    explanation: str | None = None


@dataclass(frozen=True)
class Failure:
    """Why a value does not hold."""

    message: str
    #: A stable word to count by; by default the capability's id.
    code: str | None = None


@dataclass(frozen=True)
class Finding:
    """Why a record failed."""

    #: Its row in the batch.
    row: int
    #: A stable word to count by: `wrong-language`.
    code: str
    message: str
    #: An index into the batch's columns.
    column: int | None = None


@dataclass
class Verdicts:
    """A verdict on each record of a batch."""

    #: Whether each record holds.
    passed: list[bool]
    #: Where there was nothing to judge, and `passed` is not asked. `None`: all were judged.
    skipped: list[bool] | None = None
    #: Why records failed, in order of rows.
    findings: list[Finding] = field(default_factory=list)


class _Rule:
    #: The capability's id.
    id: ClassVar[str] = ""
    #: The names of inputs that must be bound and take one field, in order.
    _required: ClassVar[tuple[str, ...]] = ()

    #: The parameters: the dataclass that the capability names, else a dict.
    params: Any
    #: What each column of the batches holds.
    bindings: Sequence[Binding]

    def open(self) -> None:
        """Called once `params` and `bindings` are there; raise `InvalidParams` if they do not fit together."""


class RecordCheck(_Rule):
    """Judges each record. Override `judge`, or `check` to see whole columns.

    It keeps nothing from batch to batch that changes an answer.
    """

    #: Judges the values of one record, which are those of the inputs that must be bound, in order. All are there:
    #: a record without one of them is skipped. `None` holds; a text or a `Failure` says why it does not.
    judge: Callable[..., str | Failure | None]

    def check(self, batch: Batch, context: Context, max_findings: int) -> Verdicts:
        """Judges a batch."""
        columns: list[Column[Any]] = [batch[name] for name in self._required]
        blamed = batch.index(columns[0]) if len(columns) == 1 else None
        verdicts = Verdicts([True] * batch.rows, [False] * batch.rows)
        assert verdicts.skipped is not None
        for row, values in enumerate(zip(*columns)):
            if None in values:
                verdicts.skipped[row] = True
                continue
            wrong = self.judge(*values)
            if wrong is None:
                continue
            verdicts.passed[row] = False
            if len(verdicts.findings) < max_findings:
                failure = Failure(wrong) if isinstance(wrong, str) else wrong
                verdicts.findings.append(Finding(row, failure.code or self.id, failure.message, blamed))
        return verdicts


class _Folded(_Rule):
    def observe(self, batch: Batch) -> None:
        """Adds some records."""
        raise NotImplementedError

    def merge(self, other: Any) -> None:
        """Adds what another of the same class and parameters has observed."""
        raise NotImplementedError

    def save(self) -> Any:
        """What is kept, as bytes or as a value that JSON can hold."""
        raise NotImplementedError

    def load(self, saved: Any) -> None:
        """Takes back what `save` gave, into one that was opened and has observed nothing."""
        raise NotImplementedError


class DriftTest(_Folded):
    """A reference window against a current one; one object is what is kept of one window."""

    def compare(self, current: Any, context: Context) -> Outcome:
        """Measures how far `current`, of the same class, has moved from this, which is the reference."""
        raise NotImplementedError


class Metric(_Folded):
    """Numbers about one window; one object is what is kept of it."""

    def finish(self, context: Context) -> Sequence[Measurement]:
        """What was measured."""
        raise NotImplementedError


def require(holds: bool, message: str) -> None:
    """For `load`: raises `InvalidState` unless a condition holds."""
    if not holds:
        raise InvalidState(message)
