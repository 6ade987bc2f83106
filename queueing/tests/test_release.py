"""Tests of releasing a customer to the line."""

import pytest

from queueing import holding, services
from queueing.errors import TransactionNotFound, WrongState
from queueing.models import Room, RoomStatus
from queueing.states import Status


def test_the_customer_has_their_old_place_and_nobody_any_more(maya, noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    make_transaction(Status.PENDING_THERAPIST)
    back = holding.release(maya, transaction_id=called.pk, reason="asked for a woman")
    assert back.queued_at == called.selection_confirmed_at
    assert (back.therapist, back.room_number, back.therapist_confirmed_at) == (None, "", None)
    assert services.confirm_next(noor) == called


def test_the_room_was_not_used(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    holding.release(maya, transaction_id=called.pk, reason="break")
    assert Room.objects.get(number="1").status == RoomStatus.AVAILABLE


def test_why_is_kept(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    holding.release(maya, transaction_id=called.pk, reason="asked for a woman")
    assert called.events.latest("version").reason == "asked for a woman"


def test_someone_elses_customer_looks_like_none(noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(TransactionNotFound):
        holding.release(noor, transaction_id=called.pk, reason="no")


def test_a_treatment_that_began_is_not_given_back(maya, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    with pytest.raises(WrongState):
        holding.release(maya, transaction_id=treated.pk, reason="no")
