"""python -m unittest, with driftline_plugin on the path."""

import random
import unittest

from driftline_plugin import InsufficientData, InvalidParams
from driftline_plugin.testing import compare, laws

from plugin import GROWTH, bucket_of, plugin, value_of

CHANCE = random.Random(7)
NORMAL = [CHANCE.gauss(0, 1) for _ in range(5000)]


def shift(reference, current, **params):
    return compare(plugin, "shift", {"value": reference}, {"value": current}, params)


class Shift(unittest.TestCase):
    def test_nothing_moved(self):
        self.assertEqual(shift(NORMAL, NORMAL).statistic, 0)

    def test_a_location_shift_is_told_in_interquartile_ranges(self):
        # The interquartile range of the normal distribution is 1.349.
        outcome = shift(NORMAL, [it + 1.349 for it in NORMAL])
        self.assertAlmostEqual(outcome.statistic, 1, delta=0.05)
        shifts = {it.labels["quantile"]: it.value for it in outcome.details if it.name == "shift"}
        self.assertEqual(list(shifts), ["0.05", "0.25", "0.5", "0.75", "0.95"])
        self.assertTrue(all(it > 0.9 for it in shifts.values()))

    def test_a_longer_tail_is_seen_in_its_quantile_alone(self):
        current = [it if it < 1.5 else it * 3 for it in NORMAL]
        outcome = shift(NORMAL, current, quantiles=[0.5, 0.95])
        self.assertIn("quantile 0.95", outcome.explanation)
        shifts = {it.labels["quantile"]: it.value for it in outcome.details if it.name == "shift"}
        self.assertLess(abs(shifts["0.5"]), 0.01)
        self.assertGreater(shifts["0.95"], 1)

    def test_a_shift_downwards_has_its_sign_in_the_details(self):
        outcome = shift(NORMAL, [it - 1 for it in NORMAL], quantiles=[0.5])
        self.assertGreater(outcome.statistic, 0)
        self.assertLess(outcome.details[0].value, 0)

    def test_constant_references_have_a_unit_too(self):
        self.assertAlmostEqual(shift([4.0] * 50, [6.0] * 50).statistic, 0.5, delta=0.02)
        self.assertAlmostEqual(shift([0.0] * 50, [3.0] * 50).statistic, 3, delta=0.05)

    def test_missing_values_and_nan_are_left_out(self):
        holes = [None, float("nan"), float("inf")]
        self.assertEqual(shift(NORMAL, NORMAL + holes).statistic, 0)

    def test_too_little_data_is_no_alarm(self):
        with self.assertRaisesRegex(InsufficientData, "current window has 29 values"):
            shift(NORMAL, NORMAL[:29])

    def test_a_quantile_named_twice_is_refused(self):
        with self.assertRaises(InvalidParams):
            shift(NORMAL, NORMAL, quantiles=[0.5, 0.5])

    def test_laws(self):
        laws(plugin, "shift", {"value": NORMAL[:500] + [None, 0.0]})
        laws(plugin, "shift", {"value": [1e300, -1e300, 1e-300] * 20}, {"min_rows": 1})

    def test_buckets_are_true_to_one_per_cent(self):
        for value in [1e-8, 0.3, 1.0, 2.5, 1e6, 1e300]:
            for signed in (value, -value):
                self.assertAlmostEqual(value_of(bucket_of(signed)) / signed, 1, delta=(GROWTH - 1) / 2 + 1e-9)
        self.assertEqual(value_of(bucket_of(0.0)), 0)


if __name__ == "__main__":
    unittest.main()
