"""How much is tested: everything, as in CI, or each test once and a sample of what is alike."""

import os
from collections import defaultdict
from collections.abc import Hashable, Sequence

import pytest

#: `make test` sets it outside of CI (docs/contributing.md).
SAMPLE = bool(os.environ.get("SAMPLE"))


def examples(whole: int, sample: int) -> int:
    """Return how many examples a test makes up."""
    return sample if SAMPLE else whole


def left_out(items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """Return the tests beyond the sample of each file, class or function that is marked."""
    groups: dict[Hashable, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sample"):
            groups[_marked(item)].append(item)
    return {item for group in groups.values() for item in group} - {
        group[index] for group in groups.values() for index in spread(len(group), _size(group[0]))
    }


def spread(count: int, size: int) -> set[int]:
    """Return `size` of the indexes of `count` things, evenly spread; all where there are fewer."""
    return set(range(count)) if size >= count else {n * count // size for n in range(size)}


def _size(item: pytest.Item) -> int:
    mark = item.get_closest_marker("sample")
    assert mark is not None
    size: int = mark.args[0]
    return size


def _marked(item: pytest.Item) -> Hashable:
    """Return what has the mark: a function with all its parameters, or what it is in."""
    if any(mark.name == "sample" for mark in item.own_markers):
        return item.parent, getattr(item, "originalname", item.name)
    above = (node for node in reversed(item.listchain()[:-1]) if node.get_closest_marker("sample"))
    return next(node for node in above if any(m.name == "sample" for m in node.own_markers))
