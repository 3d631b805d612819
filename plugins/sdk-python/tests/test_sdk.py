"""python -m unittest discover -s tests, in plugins/sdk-python."""

import unittest
from dataclasses import dataclass
from typing import Literal, Optional

from driftline_plugin import (
    Failure,
    Input,
    InsufficientData,
    InvalidInput,
    InvalidParams,
    InvalidState,
    Measurement,
    Metric,
    Plugin,
    PluginError,
    RecordCheck,
    Verdicts,
    param,
)
from driftline_plugin.adapter import Folded, bitmap
from driftline_plugin.columns import Batch, Binding
from driftline_plugin.errors import case_and_message
from driftline_plugin.params import parse, schema_of
from driftline_plugin.testing import LawBroken, _raw, check, laws, measure
from types import SimpleNamespace

plugin = Plugin(name="tried", version="0.1.0", description="For tests.", page="# tried")


@dataclass
class Bounds:
    most: int = param(description="The most words.", minimum=0)
    word: Literal["a", "b"] = "a"
    also: Optional[list[str]] = None


@plugin.record_check(id="words", summary="few words", inputs=[Input("text", "text")], params=Bounds)
class Words(RecordCheck):
    def judge(self, text):
        count = len(text.split())
        return None if count <= self.params.most else Failure(f"{count} words", "too-long")


@plugin.record_check(id="short", summary="", inputs=[Input("text", "text")])
class Short(RecordCheck):
    def check(self, batch, context, max_findings):
        return Verdicts([True])


@plugin.record_check(id="neighbour", summary="", inputs=[Input("x", "number")])
class Neighbour(RecordCheck):
    def check(self, batch, context, max_findings):
        return Verdicts([batch.rows > 1] * batch.rows)


class Sum(Metric):
    def open(self):
        self.sum = 0.0

    def observe(self, batch):
        for column in batch.all("x"):
            self.sum += sum(column.present())

    def merge(self, other):
        self.sum += other.sum

    def save(self):
        return {"sum": self.sum}

    def load(self, saved):
        self.sum = saved["sum"]

    def finish(self, context):
        if self.sum == 0:
            raise InsufficientData("nothing")
        return [Measurement("sum", self.sum)]


MANY = [Input("x", "integer", "number", many=True)]
plugin.metric(id="sum", summary="the sum", inputs=MANY, outputs=[])(Sum)


@plugin.metric(id="last", summary="", inputs=MANY, outputs=[])
class Last(Sum):
    def merge(self, other):
        self.sum = other.sum


@plugin.metric(id="forgets", summary="", inputs=MANY, outputs=[])
class Forgets(Sum):
    def save(self):
        return {"sum": round(self.sum)}


class Columns(unittest.TestCase):
    def column(self, kind, values):
        raw = SimpleNamespace(rows=len(values), columns=[_raw(values, kind)])
        return Batch([Binding("x", "f", kind)], raw)["x"]

    def test_each_type_gives_its_values_and_none(self):
        cases = {
            "number": [1.5, None, -2.0],
            "integer": [1, None, -(2**63)],
            "boolean": [True, None, False] * 5,
            "text": ["Zoë", None, "", "né"],
            "category": ["b", "a", None, "b"],
            "timestamp": [0, None, 1],
            "vector": [[1.0, 2.0], None, [3.0, 4.0]],
            "json": ["[1]", None, "{}"],
        }
        for kind, values in cases.items():
            with self.subTest(kind):
                column = self.column(kind, values)
                self.assertEqual(list(column), values)
                self.assertEqual(column.present(), [it for it in values if it is not None])
                self.assertEqual(list(self.column(kind, column.present())), column.present())

    def test_times_out_of_range_are_an_error_with_the_field(self):
        self.assertEqual(self.column("timestamp", [0]).datetime(0).year, 1970)
        with self.assertRaisesRegex(InvalidInput, "field `f`"):
            self.column("timestamp", [2**62]).datetime(0)

    def test_an_input_without_a_field_is_an_error(self):
        with self.assertRaisesRegex(InvalidInput, "no field is bound to the input `y`"):
            Batch([], SimpleNamespace(rows=0, columns=[]))["y"]


class Checks(unittest.TestCase):
    def test_words_codes_and_skips(self):
        checked = check(plugin, "words", {"text": ["a b", "a b c", None]}, {"most": 2})
        self.assertEqual(checked.words, ["pass", "fail", "skip"])
        it = checked.findings[0]
        self.assertEqual((it.row, it.column, it.code, it.message), (1, 0, "too-long", "3 words"))

    def test_findings_are_bounded(self):
        checked = check(plugin, "words", {"text": ["a b"] * 9}, {"most": 0}, max_findings=2)
        self.assertEqual((len(checked.findings), checked.words.count("fail")), (2, 9))

    def test_verdicts_of_another_length_are_a_fault(self):
        with self.assertRaisesRegex(PluginError, "1 entries for 2 rows"):
            check(plugin, "short", {"text": ["a", "b"]})

    def test_laws_hold_and_are_seen_to_be_broken(self):
        laws(plugin, "words", {"text": ["a", "a b", None]}, {"most": 1})
        with self.assertRaises(LawBroken):
            laws(plugin, "neighbour", {"x": [1.0, 2.0]})

    def test_bits_are_least_significant_first(self):
        self.assertEqual(bitmap([True] + [False] * 8 + [True]), b"\x01\x02")


class Windows(unittest.TestCase):
    def test_many_fields_are_one_input(self):
        self.assertEqual(measure(plugin, "sum", {"x": {"a": [1, 2], "b": [3, None]}}), [Measurement("sum", 6)])

    def test_laws_hold_and_are_seen_to_be_broken(self):
        data = {"x": {"a": [1.25, 2.5, None, 4.75]}}
        laws(plugin, "sum", data)
        with self.assertRaisesRegex(LawBroken, "neutral"):
            laws(plugin, "last", data)
        with self.assertRaisesRegex(LawBroken, "loses"):
            laws(plugin, "forgets", data)

    def test_damaged_states_are_told(self):
        folded = Folded(plugin, "metric", "sum", "{}", [])
        good = folded.save()
        for bad in [b"", good[:5], b"?" + good[1:], good[:-1], good[:9] + b"{}", good[:9] + b"\xff"]:
            with self.subTest(bad), self.assertRaises(InvalidState):
                folded.merge(bad)

    def test_an_unknown_capability_is_told_with_those_there_are(self):
        with self.assertRaisesRegex(InvalidParams, "has no metric `words`.*sum"):
            Folded(plugin, "metric", "words", "{}", [])


class Params(unittest.TestCase):
    def test_a_dataclass_is_a_schema(self):
        self.assertEqual(
            schema_of(Bounds),
            {
                "type": "object",
                "properties": {
                    "most": {"type": "integer", "description": "The most words.", "minimum": 0},
                    "word": {"enum": ["a", "b"], "default": "a"},
                    "also": {"type": "array", "items": {"type": "string"}},
                },
                "additionalProperties": False,
                "required": ["most"],
            },
        )
        self.assertEqual(parse(Bounds, '{"most": 3}'), Bounds(3))

    def test_what_does_not_fit_is_told(self):
        for text in ["{", "[]", "{}", '{"most": 1, "more": 2}']:
            with self.subTest(text), self.assertRaises(InvalidParams):
                parse(Bounds, text)

    def test_a_type_without_a_schema_is_told_while_building(self):
        @dataclass
        class Bad:
            it: set

        with self.assertRaisesRegex(TypeError, "Bad.it"):
            schema_of(Bad)


class Errors(unittest.TestCase):
    def test_an_uncaught_exception_keeps_its_last_lines(self):
        try:
            {}["no such key"]
        except KeyError as error:
            case, message = case_and_message(error)
        self.assertEqual(case, "internal")
        self.assertIn("uncaught KeyError: 'no such key'", message)
        self.assertIn("test_sdk.py:", message)

    def test_ours_keep_their_case(self):
        self.assertEqual(case_and_message(InsufficientData("29 rows")), ("insufficient-data", "29 rows"))

    def test_names_are_checked_when_a_plugin_is_written(self):
        for name, version in [("Tried", "0.1.0"), ("a--b", "0.1.0"), ("tried", "1")]:
            with self.subTest(name), self.assertRaises(ValueError):
                Plugin(name=name, version=version, description="", page="")
        with self.assertRaises(ValueError):
            Input("x", "float")
        with self.assertRaises(TypeError):
            plugin.metric(id="words-again", summary="", inputs=[], outputs=[])(Words)


if __name__ == "__main__":
    unittest.main()
