"""Reads `classic` and `open` with the parsers of prometheus_client, and compares what they say."""

import math
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_classic


def samples(families):
    found = {}
    for family in families:
        assert family.documentation, f"{family.name} has no help"
        for it in family.samples:
            key = (it.name, tuple(sorted(it.labels.items())))
            assert key not in found, f"{key} stands twice"
            found[key] = it.value
    return found


classic = samples(read_classic(open("classic", newline="").read()))
opened = samples(read_open(open("open", newline="").read()))
assert set(classic) == set(opened), set(classic) ^ set(opened)
assert len(classic) > 50, len(classic)
# Gauges of a moment and counts go on between the two scrapes; buckets and names do not.
for key in classic:
    assert math.isnan(classic[key]) == math.isnan(opened[key]), key
