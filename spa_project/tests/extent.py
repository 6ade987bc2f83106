"""Choice of what is tested: everything, or each test once and a sample of what is alike."""

import os
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import islice

import pytest

#: `make test` sets it outside of CI (docs/contributing.md).
SAMPLE = bool(os.environ.get("SAMPLE"))


def examples(whole: int, sample: int) -> int:
    """Return how many examples a test makes up."""
    return sample if SAMPLE else whole


def left_out(items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """Return the tests beyond the sample of each file, class or function that is marked."""
    groups: dict[tuple[Hashable, int], list[pytest.Item]] = defaultdict(list)
    for item in items:
        for node, mark in islice(item.iter_markers_with_node("sample"), 1):  # the closest
            # A function is one item for each of its parameters.
            marked = (item.parent, getattr(item, "originalname", "")) if node is item else node
            groups[marked, mark.args[0]].append(item)
    return {
        item
        for (_marked, size), group in groups.items()
        for index, item in enumerate(group)
        if index not in spread(len(group), size)
    }


def spread(count: int, size: int) -> set[int]:
    """Return `size` of the indexes of `count` things, evenly spread; all where there are fewer."""
    return set(range(count)) if size >= count else {n * count // size for n in range(size)}
