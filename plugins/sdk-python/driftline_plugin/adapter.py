"""Between the border and the author's classes. It knows nothing of WebAssembly, so tests use it as it is."""

from __future__ import annotations

import json
import struct
from typing import Any, Callable, ParamSpec, Sequence, TypeVar

from .columns import Batch, Binding, RawBatch
from .errors import InvalidParams, InvalidState, PluginError
from .params import parse
from .plugin import Plugin
from .rules import Context, Measurement, Outcome, Verdicts, _Rule

P = ParamSpec("P")
T = TypeVar("T")

# A state is a letter for its form, the rows observed, and what the author's class saved.
_HEAD = struct.Struct("<cQ")
_JSON, _BYTES = b"J", b"B"


def bitmap(bits: Sequence[bool]) -> bytes:
    """Bits to bytes, least significant first."""
    packed = bytearray((len(bits) + 7) // 8)
    for i, bit in enumerate(bits):
        if bit:
            packed[i >> 3] |= 1 << (i & 7)
    return bytes(packed)


def open_rule(plugin: Plugin, kind: str, capability: str, params: str, bindings: Sequence[Binding]) -> Any:
    """A rule with its parameters, and the capability that it is of."""
    offered = plugin.capabilities.get(capability)
    if offered is None or offered.kind != kind:
        known = ", ".join(it.id for it in plugin.capabilities.values() if it.kind == kind) or "none"
        raise InvalidParams(f"{plugin.name} {plugin.version} has no {kind} `{capability}` (it has: {known})")
    rule: _Rule = offered.rule()
    rule.params = parse(offered.params, params)
    rule.bindings = list(bindings)
    rule.open()
    return rule


class Checker:
    """An opened record check."""

    def __init__(self, plugin: Plugin, capability: str, params: str, bindings: Sequence[Binding]) -> None:
        self._rule = open_rule(plugin, "record-check", capability, params, bindings)

    def check(self, context: Context, raw: RawBatch, max_findings: int) -> Verdicts:
        """Judges a batch."""
        verdicts: Verdicts = self._rule.check(Batch(self._rule.bindings, raw), context, max_findings)
        for what, bits in (("passed", verdicts.passed), ("skipped", verdicts.skipped)):
            if bits is not None and len(bits) != raw.rows:
                raise PluginError(f"{self._rule.id}: `{what}` has {len(bits)} entries for {raw.rows} rows")
        del verdicts.findings[max_findings:]
        return verdicts


class Folded:
    """What is kept of a window for a drift test or a metric."""

    def __init__(self, plugin: Plugin, kind: str, capability: str, params: str, bindings: Sequence[Binding]) -> None:
        self._again: Callable[[], Any] = lambda: open_rule(plugin, kind, capability, params, bindings)
        self.rule = self._again()
        #: Rows observed, merged ones included.
        self.rows = 0

    def observe(self, raw: RawBatch) -> None:
        """Adds some records."""
        self.rule.observe(Batch(self.rule.bindings, raw))
        self.rows += raw.rows

    def save(self) -> bytes:
        """The state."""
        saved = self.rule.save()
        if isinstance(saved, (bytes, bytearray, memoryview)):
            return _HEAD.pack(_BYTES, self.rows) + bytes(saved)
        # Floats are written so that they come back as they were.
        return _HEAD.pack(_JSON, self.rows) + json.dumps(saved, sort_keys=True, separators=(",", ":")).encode()

    def merge(self, state: bytes) -> None:
        """Adds a state."""
        if len(state) < _HEAD.size:
            raise InvalidState(f"{self.rule.id}: a state of {len(state)} bytes is too short")
        form, rows = _HEAD.unpack_from(state)
        if form not in (_JSON, _BYTES):
            raise InvalidState(f"{self.rule.id}: a state of the unknown form {form!r}")
        other = self._again()
        try:
            rest = bytes(state[_HEAD.size :])
            other.load(json.loads(rest) if form == _JSON else rest)
        except PluginError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error) as error:
            raise InvalidState(f"{self.rule.id}: a damaged state: {type(error).__name__}: {error}") from error
        self.rule.merge(other)
        self.rows += rows

    def finish(self, context: Context) -> list[Measurement]:
        """What a metric measures."""
        return list(self.rule.finish(context))

    def compare(self, current: "Folded", context: Context) -> Outcome:
        """What a drift test measures; this is the reference."""
        outcome: Outcome = self.rule.compare(current.rule, context)
        return outcome


__all__ = ["Checker", "Folded", "bitmap", "open_rule"]
