"""python -m unittest"""

import unittest

from driftline_plugin.testing import check, laws

from plugin import plugin


class MaxWords(unittest.TestCase):
    def test_words_are_counted(self) -> None:
        checked = check(plugin, "max-words", {"text": ["yes", "as you like it", None]}, {"most": 3})
        self.assertEqual(checked.words, ["pass", "fail", "skip"])
        self.assertEqual(checked.findings[0].message, "4 words, at most 3 hold")

    def test_laws(self) -> None:
        laws(plugin, "max-words", {"text": ["", "a", "a b c d", None]}, {"most": 3})


if __name__ == "__main__":
    unittest.main()
