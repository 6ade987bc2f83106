"""Tests of finishing the treatment."""

import pytest

from queueing import services
from queueing.errors import WrongState
from queueing.models import Room, RoomStatus
from queueing.states import Status


def test_the_customer_goes_to_the_cashiers_line(maya, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    services.finish_service(maya, transaction_id=treated.pk)
    treated.refresh_from_db()
    assert treated.status == Status.FINISHED
    assert treated.queued_at == treated.service_finish_at


def test_therapist_and_room_are_free_again(maya, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    services.finish_service(maya, transaction_id=treated.pk)
    treated.refresh_from_db()
    assert treated.active_therapist is None
    assert treated.active_room is None
    assert treated.therapist == maya, "history keeps who it was"
    assert treated.room_number == "1"


def test_the_room_is_to_be_prepared(branch, maya, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    services.finish_service(maya, transaction_id=treated.pk)
    assert Room.objects.get(number="1").status == RoomStatus.PREPARING
    services.room_set_status(branch, "1", RoomStatus.AVAILABLE)
    assert Room.objects.get(number="1").status == RoomStatus.AVAILABLE


def test_a_second_tap_is_refused(maya, make_transaction):
    done = make_transaction(Status.FINISHED)
    with pytest.raises(WrongState):
        services.finish_service(maya, transaction_id=done.pk)


def test_nobody_occupies_a_room_by_hand(branch, maya):
    with pytest.raises(WrongState):
        services.room_set_status(branch, maya.room_number, RoomStatus.OCCUPIED)
    assert Room.objects.get(number="1").status == RoomStatus.AVAILABLE
