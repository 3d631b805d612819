"""Parameters: a dataclass gives both the JSON Schema, which the host checks, and the values."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from typing import Any

from .errors import InvalidParams

_SCALARS = {bool: "boolean", int: "integer", float: "number", str: "string"}


def param(default: Any = dataclasses.MISSING, description: str | None = None, **schema: Any) -> Any:
    """A field of a parameters dataclass: `alpha: float = param(0.05, "The level.", exclusiveMinimum=0)`.

    What else is named goes into the JSON Schema as it stands. Without `default` the suite must give it.
    """
    if description is not None:
        schema["description"] = description
    if isinstance(default, (list, dict)):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=schema)
    return dataclasses.field(default=default, metadata=schema)


def schema_of(kind: type | None) -> dict[str, Any]:
    """The JSON Schema of a dataclass; of `None`, that of no parameters."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    if kind is not None:
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            properties[field.name] = {**_schema(hints[field.name], f"{kind.__name__}.{field.name}"), **field.metadata}
            if field.default is not dataclasses.MISSING:
                if field.default is not None:
                    properties[field.name]["default"] = field.default
            elif field.default_factory is not dataclasses.MISSING:
                properties[field.name]["default"] = field.default_factory()
            else:
                required.append(field.name)
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _schema(hint: Any, where: str) -> dict[str, Any]:
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if hint is Any:
        return {}
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return {"enum": list(args)}
    if origin is list and len(args) == 1:
        return {"type": "array", "items": _schema(args[0], where)}
    if origin is dict and len(args) == 2 and args[0] is str:
        return {"type": "object", "additionalProperties": _schema(args[1], where)}
    if origin in (typing.Union, types.UnionType):
        rest = [it for it in args if it is not type(None)]
        if len(rest) == 1:
            return _schema(rest[0], where)
    raise TypeError(
        f"parameter {where}: no JSON Schema for {hint!r}; use bool, int, float, str, Literal, list[...], "
        "dict[str, ...] or `| None` of one of them, or give the plugin `params_schema=` and take a dict"
    )


def parse(kind: type | None, text: str) -> Any:
    """The parameters as the dataclass, or as a dict where there is none. The host has checked them."""
    try:
        values = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise InvalidParams(f"the parameters are no JSON: {error}") from error
    if not isinstance(values, dict):
        raise InvalidParams(f"the parameters must be an object, not {type(values).__name__}")
    if kind is None:
        return values
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise InvalidParams(str(error)) from error
