"""Tests of the transition table, for all pairs."""

import pytest

from queueing.errors import WrongState
from queueing.lifecycle import advance
from queueing.models import Transaction
from queueing.states import CLOSED, MOVES, OPEN, STAMPS, Status, can_move, can_undo

ARROWS = {
    ("selecting", "pending_therapist"),
    ("pending_therapist", "pending_therapist"),
    ("pending_therapist", "therapist_confirmed"),
    ("pending_therapist", "cancelled"),
    ("pending_therapist", "on_hold"),
    ("on_hold", "pending_therapist"),
    ("on_hold", "cancelled"),
    ("therapist_confirmed", "therapist_confirmed"),
    ("therapist_confirmed", "in_service"),
    ("therapist_confirmed", "on_hold"),
    ("therapist_confirmed", "pending_therapist"),
    ("therapist_confirmed", "cancelled"),
    ("therapist_confirmed", "no_show"),
    ("in_service", "in_service"),
    ("in_service", "finished"),
    ("in_service", "cancelled"),
    ("finished", "awaiting_payment"),
    ("finished", "cancelled"),
    ("awaiting_payment", "awaiting_payment"),
    ("awaiting_payment", "cancelled"),
    ("awaiting_payment", "finished"),
    ("awaiting_payment", "paying"),
    ("paying", "awaiting_payment"),
    ("paying", "paid"),
    ("paid", "paid"),
    ("no_show", "pending_therapist"),
}
#: Steps that can be undone.
UNDONE = {
    ("pending_therapist", "therapist_confirmed"),
    ("pending_therapist", "on_hold"),
    ("pending_therapist", "cancelled"),
    ("on_hold", "cancelled"),
    ("therapist_confirmed", "in_service"),
    ("therapist_confirmed", "cancelled"),
    ("therapist_confirmed", "no_show"),
    ("in_service", "finished"),
    ("in_service", "cancelled"),
    ("finished", "awaiting_payment"),
    ("finished", "cancelled"),
    ("awaiting_payment", "cancelled"),
}
PAIRS = [(was, to) for was in Status for to in Status]


@pytest.mark.parametrize(("was", "to"), PAIRS)
def test_only_the_drawn_arrows_exist(was, to):
    assert can_move(was, to) == ((was.value, to.value) in ARROWS)


@pytest.mark.parametrize(("was", "to"), PAIRS)
def test_only_the_drawn_steps_can_be_taken_back(was, to):
    assert can_undo(was, to) == ((was.value, to.value) in UNDONE)


def test_what_can_be_taken_back_is_an_arrow_and_no_money():
    assert UNDONE < ARROWS
    assert not {"paying", "paid"} & {status for step in UNDONE for status in step}


@pytest.mark.parametrize(("was", "to"), [pair for pair in PAIRS if not can_undo(*pair)])
def test_advance_refuses_to_go_back_along_every_other_pair(was, to):
    with pytest.raises(WrongState):
        advance(Transaction(code="0001", status=to), was, by=None, undo=True)


@pytest.mark.parametrize(("was", "to"), [pair for pair in PAIRS if not can_move(*pair)])
def test_advance_refuses_every_other_pair(was, to):
    with pytest.raises(WrongState):
        advance(Transaction(code="0001", status=was), to, by=None)


def test_every_status_can_be_reached_and_every_open_one_left():
    reached = {to for targets in MOVES.values() for to in targets}
    assert reached == set(Status) - {Status.SELECTING}
    assert {Status.PAID, Status.CANCELLED, Status.NO_SHOW} == CLOSED
    assert all(MOVES[status] for status in OPEN)


def test_stamps_are_fields_of_the_transaction():
    fields = {field.name for field in Transaction._meta.get_fields()}
    assert set(STAMPS.values()) <= fields
