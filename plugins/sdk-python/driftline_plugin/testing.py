"""Tests of plugins in plain CPython, through the same adapter as inside a component.

Data is a mapping of inputs to values, `None` where a row holds none; of an input that takes many fields, a
mapping of fields to values::

    check(plugin, "even", {"value": [2, 3, None]}).words == ["pass", "fail", "skip"]
    measure(plugin, "mean", {"value": [1.0, 3.0]}) == [Measurement("mean", 2.0)]
    compare(plugin, "shift", {"value": reference}, {"value": current}).statistic
    laws(plugin, "mean", {"value": [1.0, None, 3.0]})
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Callable, Mapping, Sequence

from .adapter import Checker, Folded, bitmap
from .columns import Binding
from .errors import PluginError
from .plugin import Capability, Input, Plugin
from .rules import Context, Finding, Measurement, Outcome

#: Values by input; of an input that takes many fields, by field.
Data = Mapping[str, Any]

_NEUTRAL: dict[str, Any] = {
    "number": 0.0,
    "integer": 0,
    "timestamp": 0,
    "boolean": False,
    "text": "",
    "category": "",
    "json": "null",
}


@dataclass
class Checked:
    """What a record check said."""

    #: `pass`, `fail` or `skip` for each row.
    words: list[str]
    findings: list[Finding] = field(default_factory=list)


class LawBroken(AssertionError):
    """A law that every plugin keeps does not hold."""


def _fits(value: Any, column_type: str) -> bool:
    if column_type == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if column_type in ("integer", "timestamp"):
        return isinstance(value, int) and not isinstance(value, bool)
    if column_type == "boolean":
        return isinstance(value, bool)
    if column_type in ("text", "category"):
        return isinstance(value, str)
    if column_type == "vector":
        return isinstance(value, Sequence) and not isinstance(value, str)
    return True


def _raw(values: Sequence[Any], column_type: str) -> Any:
    validity = bitmap([it is not None for it in values]) if None in values else None
    if column_type == "vector":
        dimension = next((len(it) for it in values if it is not None), 0)
        flat = [float(x) for it in values for x in (it if it is not None else [0.0] * dimension)]
        payload: Any = SimpleNamespace(dimension=dimension, values=flat)
        return SimpleNamespace(data=SimpleNamespace(value=payload), validity=validity)
    filled = [_NEUTRAL[column_type] if it is None else it for it in values]
    if column_type == "number":
        payload = [float(it) for it in filled]
    elif column_type == "boolean":
        payload = bitmap(filled)
    elif column_type == "category":
        dictionary = sorted(set(filled))
        payload = SimpleNamespace(codes=[dictionary.index(it) for it in filled], dictionary=dictionary)
    elif column_type in ("text", "json"):
        texts = filled if column_type == "text" else [it if isinstance(it, str) else json.dumps(it) for it in filled]
        offsets = [0]
        for it in texts:
            offsets.append(offsets[-1] + len(it.encode()))
        payload = SimpleNamespace(offsets=offsets, data="".join(texts))
    else:
        payload = filled
    return SimpleNamespace(data=SimpleNamespace(value=payload), validity=validity)


def _bind(capability: Capability, data: Data) -> list[tuple[Binding, Sequence[Any]]]:
    """The columns of some data, each in the first accepted type that all values fit, as the host does it."""
    known: dict[str, Input] = {it.name: it for it in capability.inputs}
    bound: list[tuple[Binding, Sequence[Any]]] = []
    for name, values in data.items():
        if name not in known:
            raise ValueError(f"{capability.id} has no input `{name}` (it has: {', '.join(known)})")
        for name_of_field, column in (values if isinstance(values, Mapping) else {name: values}).items():
            accepts = known[name].accepts
            fitting = [t for t in accepts if all(it is None or _fits(it, t) for it in column)]
            if not fitting:
                raise ValueError(f"input `{name}`: the values fit none of {', '.join(accepts)}")
            bound.append((Binding(name, name_of_field, fitting[0]), column))
    missing = [it.name for it in capability.inputs if it.required and it.name not in data]
    if missing:
        raise ValueError(f"{capability.id}: required inputs are missing: {', '.join(missing)}")
    return bound


class _Table:
    def __init__(self, capability: Capability, data: Data) -> None:
        self.columns = _bind(capability, data)
        self.bindings = [it for it, _ in self.columns]
        self.rows = len(self.columns[0][1]) if self.columns else 0
        if any(len(values) != self.rows for _, values in self.columns):
            raise ValueError(f"{capability.id}: the columns are of different lengths")

    def batch(self, rows: Sequence[int] | None = None) -> Any:
        rows = range(self.rows) if rows is None else rows
        columns = [_raw([values[i] for i in rows], binding.column_type) for binding, values in self.columns]
        return SimpleNamespace(rows=len(rows), columns=columns)


def check(
    plugin: Plugin,
    capability: str,
    data: Data,
    params: Mapping[str, Any] | None = None,
    context: Context = Context(),
    max_findings: int = 100,
) -> Checked:
    """What a record check says of some rows."""
    table = _Table(plugin.capabilities[capability], data)
    checker = Checker(plugin, capability, json.dumps(params or {}), table.bindings)
    return _check(checker, table.batch(), context, max_findings)


def _check(checker: Checker, batch: Any, context: Context, max_findings: int = 100) -> Checked:
    verdicts = checker.check(context, batch, max_findings)
    skipped = verdicts.skipped or [False] * batch.rows
    words = ["skip" if s else "pass" if p else "fail" for p, s in zip(verdicts.passed, skipped)]
    return Checked(words, verdicts.findings)


def measure(
    plugin: Plugin,
    capability: str,
    data: Data,
    params: Mapping[str, Any] | None = None,
    context: Context = Context(),
) -> list[Measurement]:
    """What a metric measures of some rows."""
    table = _Table(plugin.capabilities[capability], data)
    folded = Folded(plugin, "metric", capability, json.dumps(params or {}), table.bindings)
    folded.observe(table.batch())
    return folded.finish(context)


def compare(
    plugin: Plugin,
    capability: str,
    reference: Data,
    current: Data,
    params: Mapping[str, Any] | None = None,
    context: Context = Context(),
) -> Outcome:
    """What a drift test measures between two windows."""
    both = []
    for data in (reference, current):
        table = _Table(plugin.capabilities[capability], data)
        folded = Folded(plugin, "drift-test", capability, json.dumps(params or {}), table.bindings)
        folded.observe(table.batch())
        both.append(folded)
    return both[0].compare(both[1], context)


def laws(
    plugin: Plugin,
    capability: str,
    data: Data,
    params: Mapping[str, Any] | None = None,
    tolerance: float = 1e-9,
) -> None:
    """Checks the laws that every plugin keeps, on some rows; raises `LawBroken`.

    A record's verdict does not depend on its neighbours. Of drift tests and metrics: observing rows in parts
    equals observing them at once, merging commutes and associates, an empty state is neutral, and saving
    loses nothing. Numbers may differ by `tolerance`, relative to the larger.
    """
    offered = plugin.capabilities[capability]
    table = _Table(offered, data)
    text = json.dumps(params or {})
    if offered.kind == "record-check":
        _laws_of_checks(Checker(plugin, capability, text, table.bindings), table)
        return

    def empty() -> Folded:
        return Folded(plugin, offered.kind, capability, text, table.bindings)

    def of(*parts: Sequence[int]) -> Folded:
        folded = empty()
        for part in parts:
            folded.observe(table.batch(part))
        return folded

    def merged(*states: bytes) -> Folded:
        folded = empty()
        for state in states:
            folded.merge(state)
        return folded

    rows = range(table.rows)
    third = max(table.rows // 3, 1)
    a, b, c = rows[:third], rows[third : 2 * third], rows[2 * third :]
    whole = of(rows)
    saved = [of(it).save() for it in (a, b, c)]

    def holds(law: str, it: Folded, other: Folded) -> None:
        left, right = _answers(offered, it, whole), _answers(offered, other, whole)
        if it.rows != other.rows:
            raise LawBroken(f"{capability}: {law}: {it.rows} rows against {other.rows}")
        if not _same(left, right, tolerance):
            raise LawBroken(f"{capability}: {law}: {left} against {right}")

    holds("observing in parts differs from observing at once", of(a, b, c), whole)
    holds("saving and merging into an empty state loses something", merged(whole.save()), whole)
    holds("observing two batches of no rows is not neutral", of(rows[:0], rows, rows[:0]), whole)
    holds("an empty state is not neutral", merged(empty().save(), whole.save(), empty().save()), whole)
    holds("merging does not commute", merged(saved[0], saved[1]), merged(saved[1], saved[0]))
    right = merged(saved[1], saved[2]).save()
    left = merged(saved[0], saved[1]).save()
    holds("merging does not associate", merged(left, saved[2]), merged(saved[0], right))
    if offered.mergeable:
        holds("merging parts differs from observing at once", merged(*saved), whole)


def _laws_of_checks(checker: Checker, table: _Table) -> None:
    context = Context()
    together = _check(checker, table.batch(), context).words
    for row in range(table.rows):
        alone = _check(checker, table.batch([row]), context).words[0]
        if alone != together[row]:
            raise LawBroken(f"row {row} alone: {alone}, among others: {together[row]}")
    backwards = _check(checker, table.batch(range(table.rows)[::-1]), context).words
    if backwards[::-1] != together:
        raise LawBroken("verdicts depend on the order of rows")


def _answers(offered: Capability, it: Folded, whole: Folded) -> list[Any]:
    context = Context()
    asked: list[Callable[[], Any]]
    if offered.kind == "metric":
        asked = [lambda: it.finish(context)]
    else:
        asked = [lambda: it.compare(whole, context), lambda: whole.compare(it, context)]
    answers: list[Any] = []
    for ask in asked:
        try:
            answers.append(ask())
        except PluginError as error:
            # To refuse is an answer too, as long as it is the same one.
            answers.append(error.case)
    return answers


def _same(left: Any, right: Any, tolerance: float) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right)) or math.isclose(
            left, right, rel_tol=tolerance, abs_tol=tolerance
        )
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(_same(a, b, tolerance) for a, b in zip(left, right))
    if isinstance(left, Outcome) and isinstance(right, Outcome):
        # The explanation is for people: numbers in it may be rounded either way.
        parts = [(it.statistic, it.p_value, list(it.details)) for it in (left, right)]
        return _same(parts[0], parts[1], tolerance)
    if isinstance(left, Measurement) and isinstance(right, Measurement):
        return (left.name, left.labels) == (right.name, right.labels) and _same(left.value, right.value, tolerance)
    return bool(left == right)
