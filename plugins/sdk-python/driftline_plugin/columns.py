"""Columns of a batch as Python values, `None` where a row holds none."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Generic, Iterator, Protocol, Sequence, TypeVar

from .errors import InvalidInput

T = TypeVar("T")

#: The types of columns, as the interface calls them.
COLUMN_TYPES = ("number", "integer", "boolean", "text", "category", "timestamp", "vector", "json")

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Binding:
    """Which field a column holds."""

    #: The capability's input.
    input: str
    #: The field, as the suite names it: for messages.
    field: str
    #: The type of the column in every batch: one of `COLUMN_TYPES`.
    column_type: str


def _bit(bitmap: bytes, row: int) -> bool:
    return bool(bitmap[row >> 3] >> (row & 7) & 1)


class Column(Generic[T]):
    """A column: iterate over it for its values, `None` where a row holds none."""

    def __init__(self, binding: Binding, rows: int, raw: Any, validity: bytes | None) -> None:
        self.binding = binding
        self.rows = rows
        self._raw = raw
        self._validity = validity

    @property
    def field(self) -> str:
        """The field, as the suite names it."""
        return self.binding.field

    def __len__(self) -> int:
        return self.rows

    def is_valid(self, row: int) -> bool:
        """Whether a row holds a value."""
        return self._validity is None or _bit(self._validity, row)

    def value(self, row: int) -> T:
        """The value of a row; it means nothing where `is_valid` says no."""
        raise NotImplementedError

    def __getitem__(self, row: int) -> T | None:
        return self.value(row) if self.is_valid(row) else None

    def __iter__(self) -> Iterator[T | None]:
        return (self[row] for row in range(self.rows))

    def present(self) -> list[T]:
        """The values that there are, in order."""
        return [self.value(row) for row in range(self.rows) if self.is_valid(row)]


class _Flat(Column[T]):
    """Columns of which the border gives a Python list."""

    @property
    def values(self) -> Sequence[T]:
        """All rows as they came, without copying; rows without a value hold something that means nothing."""
        return self._raw

    def value(self, row: int) -> T:
        return self._raw[row]

    def present(self) -> list[T]:
        if self._validity is None:
            return list(self._raw)
        return super().present()


class NumberColumn(_Flat[float]):
    """Numbers; NaN is a value."""

    def finite(self) -> list[float]:
        """The values that are neither missing nor NaN nor infinite."""
        return [it for it in self.present() if math.isfinite(it)]


class IntegerColumn(_Flat[int]):
    """Integers of 64 bits."""


class TimestampColumn(_Flat[int]):
    """Instants in microseconds since 1970-01-01T00:00:00Z."""

    def datetime(self, row: int) -> datetime:
        """A row as a datetime in UTC; `InvalidInput` outside of the years 1 to 9999."""
        try:
            return _EPOCH + timedelta(microseconds=self.value(row))
        except OverflowError as error:
            raise InvalidInput(f"field `{self.field}`: {self.value(row)} µs lies outside of the years 1 to 9999") from error


class BooleanColumn(Column[bool]):
    """Booleans."""

    def value(self, row: int) -> bool:
        return _bit(self._raw, row)


class TextColumn(Column[str]):
    """Texts."""

    def __init__(self, binding: Binding, rows: int, raw: Any, validity: bytes | None) -> None:
        super().__init__(binding, rows, raw, validity)
        data: str = raw.data
        self._offsets: Sequence[int] = raw.offsets
        # Offsets count bytes. Where all is ASCII they count characters too, and nothing is decoded twice.
        self._text = data if data.isascii() else None
        self._bytes = b"" if self._text is not None else data.encode()

    def value(self, row: int) -> str:
        start, end = self._offsets[row], self._offsets[row + 1]
        return self._text[start:end] if self._text is not None else self._bytes[start:end].decode()


class CategoryColumn(Column[str]):
    """Texts of which few are different."""

    @property
    def codes(self) -> Sequence[int]:
        """An index into `dictionary` for each row."""
        return self._raw.codes

    @property
    def dictionary(self) -> Sequence[str]:
        """The different texts."""
        return self._raw.dictionary

    def value(self, row: int) -> str:
        return self._raw.dictionary[self._raw.codes[row]]


class VectorColumn(Column[Sequence[float]]):
    """Vectors of one length."""

    @property
    def dimension(self) -> int:
        """The length of each."""
        return self._raw.dimension

    def value(self, row: int) -> Sequence[float]:
        start = row * self._raw.dimension
        return self._raw.values[start : start + self._raw.dimension]


class JsonColumn(TextColumn):
    """JSON documents; `value` gives the text, `loads` what it means."""

    def loads(self, row: int) -> Any:
        """A row as Python values."""
        return json.loads(self.value(row))


_CLASSES: dict[str, type[Column[Any]]] = {
    "number": NumberColumn,
    "integer": IntegerColumn,
    "boolean": BooleanColumn,
    "text": TextColumn,
    "category": CategoryColumn,
    "timestamp": TimestampColumn,
    "vector": VectorColumn,
    "json": JsonColumn,
}


class RawColumn(Protocol):
    """A column as the border gives it: the payload of its variant, and the bitmap."""

    data: Any
    validity: bytes | None


class RawBatch(Protocol):
    """A batch as the border gives it."""

    rows: int
    columns: Any


class Batch:
    """Some records, in order, column by column."""

    def __init__(self, bindings: Sequence[Binding], raw: RawBatch) -> None:
        #: How many records.
        self.rows: int = raw.rows
        #: All columns, in the order of the bindings.
        self.columns: list[Column[Any]] = [
            _CLASSES[binding.column_type](binding, raw.rows, column.data.value, column.validity)
            for binding, column in zip(bindings, raw.columns, strict=True)
        ]

    def __len__(self) -> int:
        return self.rows

    def all(self, input: str) -> list[Column[Any]]:
        """The columns of an input that takes many fields."""
        return [it for it in self.columns if it.binding.input == input]

    def get(self, input: str) -> Column[Any] | None:
        """The column of an input, `None` where no field is bound to it."""
        return next(iter(self.all(input)), None)

    def __getitem__(self, input: str) -> Any:
        column = self.get(input)
        if column is None:
            bound = ", ".join(it.binding.input for it in self.columns) or "none"
            raise InvalidInput(f"no field is bound to the input `{input}` (bound: {bound})")
        return column

    def index(self, column: Column[Any]) -> int:
        """The index of a column: for findings."""
        return next(i for i, it in enumerate(self.columns) if it is column)
