"""Tests of no-shows: called again, missed, and reopened."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from queueing import holding, leaving, services
from queueing.errors import TransactionNotFound, WrongState
from queueing.models import Room, RoomStatus, Transaction
from queueing.states import Status
from spa_project.lib.errors import Conflict


def missed(make_transaction, maya) -> Transaction:
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    return leaving.no_show(maya, transaction_id=called.pk)


def test_every_call_is_counted_and_its_time_kept(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    assert called.calls == 1
    assert holding.recall(maya, transaction_id=called.pk).calls == 2
    calls = called.events.filter(to_status=Status.THERAPIST_CONFIRMED)
    assert calls.count() == 2


def test_the_board_and_the_customer_hear_the_second_call(maya, make_transaction, heard):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    sent = heard(lambda: holding.recall(maya, transaction_id=called.pk))
    told = {event: data["transaction"]["calls"] for _topic, event, data in sent}
    assert (told["board_updated"], told["customer_txn_update"]) == (2, 2)


def test_a_customer_is_called_as_often_as_it_takes(maya, make_transaction):
    """MariaDB refuses a number beyond its column, as a fault that would never pass."""
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    Transaction.objects.filter(pk=called.pk).update(calls=65_535)
    assert holding.recall(maya, transaction_id=called.pk).calls == 65_536


def test_only_their_own_therapist_calls_a_customer(noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(TransactionNotFound):
        holding.recall(noor, transaction_id=called.pk)


def test_who_did_not_come_frees_therapist_and_room(maya, make_transaction):
    gone = missed(make_transaction, maya)
    behind = make_transaction(Status.PENDING_THERAPIST)
    assert gone.status == Status.NO_SHOW
    assert Room.objects.get(number="1").status == RoomStatus.AVAILABLE
    assert services.confirm_next(maya) == behind


def test_who_is_treated_has_come(maya, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    with pytest.raises(WrongState):
        leaving.no_show(maya, transaction_id=treated.pk)


def test_who_comes_after_all_has_their_old_place_and_code(maya, carl, make_transaction):
    gone = missed(make_transaction, maya)
    make_transaction(Status.PENDING_THERAPIST)
    back = holding.reopen(carl.user, code=gone.code)
    assert (back.active_code, back.calls, back.therapist) == (gone.code, 0, None)
    assert services.confirm_next(maya) == gone


def test_after_a_quarter_of_an_hour_it_is_too_late(maya, carl, make_transaction):
    gone = missed(make_transaction, maya)
    later = timezone.now() + holding.REOPEN_WITHIN + timedelta(seconds=1)
    with (
        time_machine.travel(later),
        pytest.raises(WrongState, match="Missed more than 15 minutes ago"),
    ):
        holding.reopen(carl.user, code=gone.code)


def test_a_number_nobody_missed_is_said_so(carl, make_transaction):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    with pytest.raises(TransactionNotFound, match="missed"):
        holding.reopen(carl.user, code=waiting.code)


def test_a_number_given_to_someone_else_meanwhile_is_not_given_twice(
    branch, maya, carl, make_transaction
):
    gone = missed(make_transaction, maya)
    services.reset_codes(branch)
    assert make_transaction(Status.PENDING_THERAPIST).code == gone.code
    with pytest.raises(Conflict, match="Number 0001 is in use again"):
        holding.reopen(carl.user, code=gone.code)
