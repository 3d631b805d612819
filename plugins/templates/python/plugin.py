"""What this plugin is for, in a sentence."""

from dataclasses import dataclass
from pathlib import Path

from driftline_plugin import Failure, Input, Plugin, RecordCheck, param

plugin = Plugin(
    name="{{name}}",
    version="0.1.0",
    description="What this plugin is for, in a sentence.",
    page=Path(__file__).with_name("page.md"),
)


@dataclass
class Params:
    """What a suite may say."""

    most: int = param(description="The most words that hold.", minimum=0)


@plugin.record_check(
    id="max-words",
    summary="each text to have at most `most` words",
    inputs=[Input("text", "text", "category", description="The text.")],
    params=Params,
)
class MaxWords(RecordCheck):
    """Counts words between white space."""

    params: Params

    def judge(self, text: str) -> Failure | None:
        words = len(text.split())
        if words <= self.params.most:
            return None
        return Failure(f"{words} words, at most {self.params.most} hold", "too-many-words")
