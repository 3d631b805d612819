"""Inside a component: the exports that componentize-py looks for, made of a plugin.

Imported by the entry that `build` writes, and nowhere else: `wit_world` exists only there.
"""

from __future__ import annotations

from typing import Any, NoReturn

from componentize_py_types import Err
from wit_world.exports import about
from wit_world.imports import types

from . import sandbox
from .adapter import Checker, Folded, bitmap
from .columns import Binding
from .errors import case_and_message
from .plugin import Plugin
from .rules import Context, Measurement

_ERRORS = {
    "invalid-params": types.Error_InvalidParams,
    "invalid-input": types.Error_InvalidInput,
    "insufficient-data": types.Error_InsufficientData,
    "invalid-state": types.Error_InvalidState,
    "internal": types.Error_Internal,
}


def _refuse(error: BaseException) -> NoReturn:
    # Whatever is raised becomes an error of the interface; anything else would be a trap without words.
    case, message = case_and_message(error)
    raise Err(_ERRORS[case](message)) from None


def _bindings(columns: list[types.Binding]) -> list[Binding]:
    return [Binding(it.input, it.field, it.column_type.name.lower()) for it in columns]


def _context(it: types.Context) -> Context:
    window = (it.window[0], it.window[1]) if it.window is not None else None
    return Context(it.model, it.model_version, it.segment, window, it.seed)


def _measurement(it: Measurement) -> types.Measurement:
    labels = [(str(name), str(value)) for name, value in it.labels.items()]
    return types.Measurement(it.name, float(it.value), labels)


def exports(plugin: Plugin) -> dict[str, Any]:
    """The classes that the entry and the modules of resources must hold, by name."""

    class About:
        def describe(self) -> about.Descriptor:
            sandbox.prepare()
            capabilities = [
                about.Capability(
                    it.id,
                    about.Kind[it.kind.replace("-", "_").upper()],
                    it.summary,
                    it.params_schema,
                    [
                        about.Input(
                            i.name, [types.ColumnType[t.upper()] for t in i.accepts], i.required, i.many, i.description
                        )
                        for i in it.inputs
                    ],
                    [about.Output(o.name, o.unit, o.description) for o in it.outputs],
                    it.state_version,
                    it.mergeable,
                )
                for it in plugin.capabilities.values()
            ]
            return about.Descriptor(plugin.name, plugin.version, plugin.description, plugin.page, capabilities)

    found: dict[str, Any] = {"About": About}
    kinds = {it.kind for it in plugin.capabilities.values()}
    if "record-check" in kinds:
        found["Checker"] = _checker(plugin)
        found["RecordCheck"] = type("RecordCheck", (), {})
    if "metric" in kinds:
        found["Accumulator"] = _accumulator(plugin)
        found["Metric"] = type("Metric", (), {})
    if "drift-test" in kinds:
        found["Summary"], found["DriftTest"] = _summary(plugin)
    return found


def _checker(plugin: Plugin) -> type:
    from wit_world.exports import record_check

    class CheckerResource(record_check.Checker):
        def __init__(self, inner: Checker) -> None:
            self._inner = inner

        @classmethod
        def open(cls, capability: str, params: str, columns: list[types.Binding]) -> CheckerResource:
            try:
                sandbox.prepare()
                return cls(Checker(plugin, capability, params, _bindings(columns)))
            except BaseException as error:
                _refuse(error)

        def check(self, context: types.Context, rows: types.Batch, max_findings: int) -> record_check.Verdicts:
            try:
                verdicts = self._inner.check(_context(context), rows, max_findings)
                skipped = verdicts.skipped
                return record_check.Verdicts(
                    bitmap(verdicts.passed),
                    bitmap(skipped) if skipped is not None and any(skipped) else None,
                    [record_check.Finding(it.row, it.column, it.code, it.message) for it in verdicts.findings],
                )
            except BaseException as error:
                _refuse(error)

    return CheckerResource


def _folded(plugin: Plugin, kind: str, base: type) -> type:
    class FoldedResource(base):  # type: ignore[misc, valid-type]
        def __init__(self, inner: Folded) -> None:
            self._inner = inner

        @classmethod
        def open(cls, capability: str, params: str, columns: list[types.Binding]) -> FoldedResource:
            try:
                sandbox.prepare()
                return cls(Folded(plugin, kind, capability, params, _bindings(columns)))
            except BaseException as error:
                _refuse(error)

        def observe(self, rows: types.Batch) -> None:
            try:
                self._inner.observe(rows)
            except BaseException as error:
                _refuse(error)

        def merge(self, state: bytes) -> None:
            try:
                self._inner.merge(state)
            except BaseException as error:
                _refuse(error)

        def save(self) -> bytes:
            try:
                return self._inner.save()
            except BaseException as error:
                _refuse(error)

        def rows(self) -> int:
            return self._inner.rows

    return FoldedResource


def _accumulator(plugin: Plugin) -> type:
    from wit_world.exports import metric

    class AccumulatorResource(_folded(plugin, "metric", metric.Accumulator)):  # type: ignore[misc]
        def finish(self, context: types.Context) -> list[types.Measurement]:
            try:
                return [_measurement(it) for it in self._inner.finish(_context(context))]
            except BaseException as error:
                _refuse(error)

    return AccumulatorResource


def _summary(plugin: Plugin) -> tuple[type, type]:
    from wit_world.exports import drift_test

    class DriftTest:
        def compare(self, context: types.Context, reference: Any, current: Any) -> drift_test.Outcome:
            try:
                it = reference._inner.compare(current._inner, _context(context))
                p_value = None if it.p_value is None else float(it.p_value)
                details = [_measurement(one) for one in it.details]
                return drift_test.Outcome(float(it.statistic), p_value, details, it.explanation)
            except BaseException as error:
                _refuse(error)

    return _folded(plugin, "drift-test", drift_test.Summary), DriftTest
