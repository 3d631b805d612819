"""Inside a component: what would reach for the system, and so trap without a word, says what is wrong instead.

Printing, logging and warnings go to the host's log.
"""

from __future__ import annotations

import builtins
import importlib.machinery
import io
import logging
import sys
import time
import warnings
from types import SimpleNamespace
from typing import Any, NoReturn, Sequence

from wit_world.imports import logging as host

from .errors import PluginError, where

_LEVELS = ((10, host.Level.TRACE), (20, host.Level.DEBUG), (30, host.Level.INFO), (40, host.Level.WARN))


class _Formatter(logging.Formatter):
    def formatException(self, ei: Any) -> str:
        # The inherited one reads the source's file.
        return "\n".join([f"{type(ei[1]).__name__}: {ei[1]}", *where(ei[1])])


class _HostLog(logging.Handler):
    """The standard library's logging to the host's log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = next((it for limit, it in _LEVELS if record.levelno < limit), host.Level.ERROR)
        host.log(level, self.format(record))


class _Lines(io.TextIOBase):
    """What is printed, line by line, to the host's log."""

    def __init__(self, level: host.Level) -> None:
        self._level = level
        self._line = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            host.log(self._level, line)
        return len(text)


class _NoFiles:
    """The last finder of modules: by now none can be read."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: Any = None) -> NoReturn:
        raise ModuleNotFoundError(f"a plugin sees no files: import `{name}` at the top of its module", name=name)


def _refuse(what: str) -> Any:
    def refused(*_: Any, **__: Any) -> NoReturn:
        raise PluginError(f"a plugin sees no {what}")

    return refused


_prepared = False


def prepare() -> None:
    """Called first of all by what the host calls first, not while the component is built: modules are read then."""
    global _prepared
    if _prepared:
        return
    _prepared = True
    sys.stdout, sys.stderr = _Lines(host.Level.INFO), _Lines(host.Level.WARN)
    handler = _HostLog()
    handler.setFormatter(_Formatter("%(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG)
    # A record of the log would ask for the time and the process.
    vars(logging)["time"] = SimpleNamespace(time=lambda: 0.0, time_ns=lambda: 0)
    logging.logProcesses = logging.logThreads = logging.logMultiprocessing = logging.logAsyncioTasks = False
    warnings.showwarning = lambda message, category, *_, **__: host.log(
        host.Level.WARN, f"{category.__name__}: {message}"
    )
    for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "sleep"):
        setattr(time, name, _refuse("clock"))
    builtins.open = io.open = _refuse("files")
    sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, _NoFiles]
