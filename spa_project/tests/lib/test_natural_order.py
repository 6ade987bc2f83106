"""Rooms and counters are sorted as people count."""

import pytest

from spa_project.lib.natural_order import natural_key


@pytest.mark.parametrize(
    "sorted_as_people_count",
    [
        ["1", "2", "10", "11"],
        ["A1", "a2", "A10", "B1"],
        ["2", "10", "VIP", "VIP 2", "VIP 10"],
        ["Room 3", "Room 20", "Sauna"],
    ],
)
def test_numbers_inside_texts_count_by_their_value(sorted_as_people_count):
    as_text = sorted(sorted_as_people_count, reverse=True)
    assert sorted(as_text, key=natural_key) == sorted_as_people_count
