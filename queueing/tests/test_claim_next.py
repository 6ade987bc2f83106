"""Tests of claiming the next customer as a therapist."""

import pytest
from django.db import IntegrityError

from queueing import services
from queueing.errors import QueueEmpty, RoomNotReady, WrongState
from queueing.models import Room, RoomStatus, Transaction
from queueing.states import Status


def test_who_waited_longest_comes_first(maya, make_transaction):
    first = make_transaction(Status.PENDING_THERAPIST)
    make_transaction(Status.PENDING_THERAPIST)
    assert services.confirm_next(maya) == first


def test_the_customer_gets_the_therapists_own_room(maya, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    transaction = services.confirm_next(maya)
    transaction.refresh_from_db()
    room = Room.objects.get(number=maya.room_number)
    assert transaction.status == Status.THERAPIST_CONFIRMED
    assert transaction.active_therapist == transaction.therapist == maya
    assert room.current_transaction == transaction
    assert transaction.room_number == room.number
    assert room.status == RoomStatus.OCCUPIED


def test_whoever_holds_a_customer_gets_that_one_again(maya, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    make_transaction(Status.PENDING_THERAPIST)
    held = services.confirm_next(maya)
    again = services.confirm_next(maya)
    assert again == held
    assert again.version == held.version


def test_two_therapists_never_get_the_same_customer(maya, noor, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    make_transaction(Status.PENDING_THERAPIST)
    assert services.confirm_next(maya) != services.confirm_next(noor)


def test_nobody_waiting_is_said_so(maya):
    with pytest.raises(QueueEmpty):
        services.confirm_next(maya)


def test_customers_of_another_branch_are_not_seen(olga, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    with pytest.raises(QueueEmpty):
        services.confirm_next(olga)


@pytest.mark.parametrize("status", [RoomStatus.PREPARING, RoomStatus.OUT_OF_SERVICE])
def test_a_room_that_is_not_ready_keeps_the_customer_in_line(
    branch, maya, make_transaction, status
):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    services.room_set_status(branch, maya.room_number, status)
    with pytest.raises(RoomNotReady):
        services.confirm_next(maya)
    waiting.refresh_from_db()
    assert waiting.status == Status.PENDING_THERAPIST


def test_a_therapist_without_a_room_is_told(maya, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    maya.own_room = None
    with pytest.raises(RoomNotReady, match="No room assigned"):
        services.confirm_next(maya)


def test_the_claim_locks_one_row_of_one_table(maya, make_transaction, captured_statements):
    make_transaction(Status.PENDING_THERAPIST)
    with captured_statements() as statements:
        services.confirm_next(maya)
    [pick] = [sql for sql in statements if "queued_at" in sql.partition("ORDER BY")[2]]
    assert "JOIN" not in pick


def test_the_database_itself_refuses_a_second_customer(maya, noor, make_transaction):
    make_transaction(Status.THERAPIST_CONFIRMED)
    other = make_transaction(Status.PENDING_THERAPIST)
    with pytest.raises(IntegrityError):
        Transaction.objects.filter(pk=other.pk).update(active_therapist=maya)


def test_an_occupied_room_cannot_be_set_by_hand(branch, maya, make_transaction):
    make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(WrongState):
        services.room_set_status(branch, maya.room_number, RoomStatus.AVAILABLE)
