"""What a plugin says of itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Sequence, TypeVar

from .columns import COLUMN_TYPES
from .params import schema_of
from .rules import DriftTest, Metric, RecordCheck, _Rule

R = TypeVar("R", bound=type)

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


class Input:
    """A field of the records, or several, that a capability reads.

    `accepts` names the types that it can take, the one it likes best first: `Input("value", "number", "integer")`.
    """

    def __init__(
        self, name: str, *accepts: str, required: bool = True, many: bool = False, description: str = ""
    ) -> None:
        wrong = [it for it in accepts if it not in COLUMN_TYPES]
        if wrong or not accepts:
            raise ValueError(f"input `{name}`: {wrong or 'no types'}; expected some of {', '.join(COLUMN_TYPES)}")
        self.name = name
        self.accepts = accepts
        self.required = required
        self.many = many
        self.description = description


@dataclass(frozen=True)
class Output:
    """A measurement that a capability may return. A drift test also has `statistic` and `p-value`, unlisted."""

    name: str
    description: str = ""
    #: `nats`, `seconds`, `%`; `None`: a bare number or a share.
    unit: str | None = None


@dataclass(frozen=True)
class Capability:
    """A rule that the plugin offers."""

    id: str
    #: `record-check`, `drift-test` or `metric`.
    kind: str
    summary: str
    #: The JSON Schema of the parameters, as text.
    params_schema: str
    inputs: Sequence[Input]
    outputs: Sequence[Output]
    state_version: int
    mergeable: bool
    #: The class that does it.
    rule: type[Any]
    #: The dataclass of the parameters.
    params: type | None


class Plugin:
    """A plugin: its name, version and page, and the rules that its decorators collect."""

    def __init__(self, *, name: str, version: str, description: str, page: str | Path) -> None:
        """`page` is Markdown, or the path of it, which is read at once and so becomes a part of the component."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"plugin name `{name}`: expected lower-case letters, digits and hyphens")
        if not _VERSION.fullmatch(version):
            raise ValueError(f"plugin `{name}`: version `{version}` is not of the form 1.2.3")
        self.name = name
        self.version = version
        self.description = description
        self.page = page.read_text(encoding="utf-8") if isinstance(page, Path) else page
        self.capabilities: dict[str, Capability] = {}

    def record_check(
        self,
        *,
        id: str,
        summary: str,
        inputs: Sequence[Input],
        params: type | None = None,
        params_schema: dict[str, Any] | None = None,
    ) -> Callable[[R], R]:
        """Offers a `RecordCheck`. `summary` follows the word "Expects"."""
        return self._offer("record-check", RecordCheck, id, summary, inputs, (), params, params_schema, 1, True)

    def drift_test(
        self,
        *,
        id: str,
        summary: str,
        inputs: Sequence[Input],
        outputs: Sequence[Output] = (),
        params: type | None = None,
        params_schema: dict[str, Any] | None = None,
        state_version: int = 1,
        mergeable: bool = True,
    ) -> Callable[[R], R]:
        """Offers a `DriftTest`. `summary` follows the word "Expects"."""
        return self._offer(
            "drift-test", DriftTest, id, summary, inputs, outputs, params, params_schema, state_version, mergeable
        )

    def metric(
        self,
        *,
        id: str,
        summary: str,
        inputs: Sequence[Input],
        outputs: Sequence[Output],
        params: type | None = None,
        params_schema: dict[str, Any] | None = None,
        state_version: int = 1,
        mergeable: bool = True,
    ) -> Callable[[R], R]:
        """Offers a `Metric`. `summary` says what it measures."""
        return self._offer("metric", Metric, id, summary, inputs, outputs, params, params_schema, state_version, mergeable)

    def _offer(
        self,
        kind: str,
        base: type[_Rule],
        id: str,
        summary: str,
        inputs: Sequence[Input],
        outputs: Sequence[Output],
        params: type | None,
        params_schema: dict[str, Any] | None,
        state_version: int,
        mergeable: bool,
    ) -> Callable[[R], R]:
        if not _NAME.fullmatch(id):
            raise ValueError(f"capability `{id}`: expected lower-case letters, digits and hyphens")
        if id in self.capabilities:
            raise ValueError(f"capability `{id}` is offered twice")

        def offer(rule: R) -> R:
            if not issubclass(rule, base):
                raise TypeError(f"capability `{id}`: {rule.__name__} must be a subclass of {base.__name__}")
            rule.id = id
            rule._required = tuple(it.name for it in inputs if it.required and not it.many)
            schema = json.dumps(params_schema if params_schema is not None else schema_of(params))
            self.capabilities[id] = Capability(
                id, kind, summary, schema, inputs, outputs, state_version, mergeable, rule, params
            )
            return rule

        return offer
