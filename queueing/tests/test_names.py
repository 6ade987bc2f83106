"""Tests of guests' names: letters of every script stay, line breaks and direction marks go."""

import pytest

from queueing.commands import Selection

KEPT = {
    "Persian with a zero-width non-joiner": "می\u200cخواهم",
    "Sinhala with a zero-width joiner": "ශ්\u200dරී",
    "a joined emoji": "👩\u200d👩\u200d👧",
    "a letter newer than the tables": "\U0003fffd",
    "a private letter": "\ue000",
}


@pytest.mark.parametrize("name", KEPT.values(), ids=KEPT)
def test_a_name_keeps_its_letters_and_joiners(name):
    assert Selection(items=[], customer_name=name).customer_name == name


@pytest.mark.parametrize(
    "mark", ["\n", "\x00", "\x7f", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\u061c"]
)
def test_controls_line_separators_and_direction_marks_are_removed(mark):
    assert Selection(items=[], customer_name=f"An{mark}a").customer_name == "Ana"
