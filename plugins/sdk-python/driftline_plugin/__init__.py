"""Write Driftline plugins in Python.

A plugin is a module with one `Plugin` and the classes that it offers::

    from driftline_plugin import Input, Plugin, RecordCheck

    plugin = Plugin(name="even", version="0.1.0", description="Even numbers.", page="# even")

    @plugin.record_check(id="even", summary="each value to be even", inputs=[Input("value", "integer")])
    class Even(RecordCheck):
        def judge(self, value: int) -> str | None:
            return None if value % 2 == 0 else f"{value} is odd"

It runs in plain CPython for tests (`driftline_plugin.testing`) and becomes a component by
`python -m driftline_plugin build`.
"""

from .columns import (
    Batch,
    Binding,
    BooleanColumn,
    CategoryColumn,
    Column,
    IntegerColumn,
    JsonColumn,
    NumberColumn,
    TextColumn,
    TimestampColumn,
    VectorColumn,
)
from .errors import InsufficientData, InvalidInput, InvalidParams, InvalidState, PluginError
from .params import param
from .plugin import Capability, Input, Output, Plugin
from .rules import Context, DriftTest, Failure, Finding, Measurement, Metric, Outcome, RecordCheck, Verdicts

__all__ = [
    "Batch",
    "Binding",
    "BooleanColumn",
    "Capability",
    "CategoryColumn",
    "Column",
    "Context",
    "DriftTest",
    "Failure",
    "Finding",
    "Input",
    "InsufficientData",
    "IntegerColumn",
    "InvalidInput",
    "InvalidParams",
    "InvalidState",
    "JsonColumn",
    "Measurement",
    "Metric",
    "NumberColumn",
    "Outcome",
    "Output",
    "Plugin",
    "PluginError",
    "RecordCheck",
    "TextColumn",
    "TimestampColumn",
    "VectorColumn",
    "Verdicts",
    "param",
]
