"""Tests of the order of a rotation, which follows from the ledger's rows alone."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from queueing.models import TurnKind
from queueing.turns import Turn, figure, in_words, level_with_last, signed, standings

OPENING = datetime.datetime(2026, 11, 26, 9, tzinfo=datetime.UTC)
ANA, BEN, CLEO = 1, 2, 3


def at(minutes: int) -> datetime.datetime:
    return OPENING + datetime.timedelta(minutes=minutes)


def turn(who: int, quarters: int, minute: int, *, visit=None, kind=TurnKind.CALLED) -> Turn:
    return Turn(who, visit, quarters, kind, at(minute))


def clock_in(who: int, minute: int, quarters: int = 0) -> Turn:
    return turn(who, quarters, minute, kind=TurnKind.CLOCKED_IN)


def order(*turns: Turn, present: tuple[int, ...] = (ANA, BEN, CLEO)) -> list[int]:
    return [it.therapist_id for it in standings(turns, {pk: at(pk) for pk in present})]


def test_before_the_first_turn_the_first_to_clock_in_is_next():
    assert order(clock_in(BEN, 0), clock_in(CLEO, 5), clock_in(ANA, 9)) == [BEN, CLEO, ANA]


def test_fewest_turns_come_first():
    rows = [turn(ANA, 4, 10, visit=1), turn(BEN, 2, 11, visit=2)]
    assert order(*rows) == [CLEO, BEN, ANA]


def test_of_equals_whoever_has_waited_longest_comes_first():
    rows = [turn(CLEO, 4, 10, visit=1), turn(BEN, 4, 11, visit=2), turn(ANA, 4, 12, visit=3)]
    assert order(*rows) == [CLEO, BEN, ANA]


def test_a_turn_taken_back_leaves_the_therapist_where_they_were():
    rows = [clock_in(ANA, 0), clock_in(BEN, 1), clock_in(CLEO, 2), turn(ANA, 4, 10, visit=1)]
    refused = turn(ANA, -4, 12, visit=1, kind=TurnKind.RELEASED)
    assert order(*rows) == [BEN, CLEO, ANA]
    assert order(*rows, refused) == [ANA, BEN, CLEO]


def test_a_treatment_that_counts_as_no_turn_keeps_the_place():
    assert order(turn(ANA, 0, 10, visit=1)) == [ANA, BEN, CLEO]


def test_whoever_gave_a_customer_up_comes_after_all_with_as_many_turns():
    rows = [turn(BEN, 4, 1, visit=1), turn(CLEO, 4, 2, visit=2)]
    assert order(*rows, turn(ANA, 4, 9, kind=TurnKind.GAVE_UP, visit=3)) == [BEN, CLEO, ANA]


def test_a_manager_who_takes_turns_off_changes_nothing_about_the_wait():
    rows = [turn(ANA, 4, 1, visit=1), turn(BEN, 4, 2, visit=2), turn(CLEO, 8, 3, visit=3)]
    taken_off = turn(CLEO, -4, 9, kind=TurnKind.MANUAL)
    assert order(*rows, taken_off) == [ANA, BEN, CLEO]


def test_only_who_is_present_has_a_place():
    assert order(turn(ANA, 4, 1, visit=1), present=(BEN, CLEO)) == [BEN, CLEO]


def test_the_end_is_level_with_whoever_has_most_turns():
    found = standings([turn(ANA, 10, 1, visit=1), turn(BEN, 4, 2, visit=2)], {1: at(0), 2: at(0)})
    assert level_with_last(found, BEN) == 6
    assert level_with_last(found, CLEO) == 10
    assert level_with_last(found, ANA) == 0


ROWS = st.builds(
    turn,
    st.sampled_from([ANA, BEN, CLEO]),
    st.integers(-4, 4),
    st.integers(0, 600),
    visit=st.one_of(st.none(), st.integers(1, 9)),
    kind=st.sampled_from([TurnKind.CALLED, TurnKind.MANUAL, TurnKind.GAVE_UP]),
)


@given(st.lists(ROWS, max_size=30), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_reading(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert order(*rows) == order(*shuffled)


def test_figures_have_as_many_decimals_as_they_need():
    assert [f"{figure(quarters):f}" for quarters in (0, 1, 2, 4, 10, 40)] == [
        "0",
        "0.25",
        "0.5",
        "1",
        "2.5",
        "10",
    ]
    assert [signed(quarters) for quarters in (4, -2, 0)] == ["+1", "-0.5", "0"]
    assert [in_words(quarters) for quarters in (4, 10, 0)] == ["1 turn", "2.5 turns", "0 turns"]
