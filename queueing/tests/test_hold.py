"""Tests of holds: the customer keeps the place, is not called, and delays nobody."""

import pytest
import time_machine
from django.utils import timezone

from queueing import holding, leaving, services, tasks
from queueing.errors import QueueEmpty, TransactionNotFound, WrongState
from queueing.models import Room, RoomStatus, Transaction
from queueing.screens import ticket_screen
from queueing.snapshots import transactions_of
from queueing.states import Status
from queueing.undo import undo
from spa_project.tests.concurrency import Workers


def after_the_hold():
    return time_machine.travel(timezone.now() + holding.HOLD, tick=False)


def test_a_held_customer_is_passed_over_and_keeps_their_place(maya, carl, make_transaction):
    first = make_transaction(Status.PENDING_THERAPIST)
    second = make_transaction(Status.PENDING_THERAPIST)
    holding.hold(carl.user, transaction_id=first.pk, reason="on the phone")
    assert services.confirm_next(maya) == second
    holding.release(maya, transaction_id=second.pk, reason="mistake")
    holding.release_hold(carl.user, transaction_id=first.pk)
    assert services.confirm_next(maya) == first


def test_the_staff_see_why_a_customer_is_on_hold_and_the_customer_does_not(
    carl, make_transaction, heard
):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    choice = {"transaction_id": waiting.pk, "reason": "Stepped out"}
    sent = heard(lambda: holding.hold(carl.user, **choice))
    held = Transaction.objects.get(pk=waiting.pk)
    reasons = {topic: data["transaction"].get("hold_reason") for topic, _event, data in sent}
    branch = held.branch_id
    assert reasons[f"therapist_queue.{branch}"] == reasons[f"monitor.{branch}"] == "Stepped out"
    assert reasons[f"txn_{held.pk}"] is reasons[f"board.{branch}"] is None
    assert "hold_reason" not in ticket_screen(held.key).snapshot()["transaction"]
    [shown] = transactions_of(held.branch, [Status.ON_HOLD])
    assert shown["hold_reason"] == "Stepped out"


def test_the_reason_goes_with_the_hold_and_returns_with_its_undo(carl, make_transaction):
    held = make_transaction(Status.PENDING_THERAPIST)
    holding.hold(carl.user, transaction_id=held.pk, reason="On a call")
    gone = leaving.staff_cancel(carl.user, transaction_id=held.pk, reason="left")
    assert gone.hold_reason == ""
    assert undo(carl.user, transaction_id=held.pk).hold_reason == "On a call"


def test_a_line_of_held_customers_is_empty(maya, carl, make_transaction):
    held = make_transaction(Status.PENDING_THERAPIST)
    holding.hold(carl.user, transaction_id=held.pk)
    with pytest.raises(QueueEmpty):
        services.confirm_next(maya)


def test_a_therapist_holds_whom_they_called_and_is_free(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    held = holding.hold(maya.user, transaction_id=called.pk)
    assert (held.therapist, held.room_number, held.calls) == (None, "", 0)
    assert held.therapist_confirmed_at is None
    assert Room.objects.get(number="1").status == RoomStatus.AVAILABLE


def test_a_colleagues_customer_cannot_be_held(noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(TransactionNotFound):
        holding.hold(noor.user, transaction_id=called.pk)


def test_a_treated_customer_cannot_be_held(carl, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    with pytest.raises(WrongState):
        holding.hold(carl.user, transaction_id=treated.pk)


def test_a_hold_ends_by_itself_not_before_its_time(maya, carl, make_transaction):
    held = make_transaction(Status.PENDING_THERAPIST)
    holding.hold(carl.user, transaction_id=held.pk)
    tasks.run_due()
    with pytest.raises(QueueEmpty):
        services.confirm_next(maya)
    with after_the_hold():
        tasks.run_due()
        assert services.confirm_next(maya) == held
    assert held.events.get(version=3).by is None


def end_hold_later(transaction_id: int) -> bool:
    with after_the_hold():
        return tasks.end_hold(transaction_id) is not None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_many_processes_one_ends_a_hold(carl, make_transaction):
    held = make_transaction(Status.PENDING_THERAPIST)
    holding.hold(carl.user, transaction_id=held.pk)
    workers = Workers(4)
    try:
        ended = workers.at_once([(end_hold_later, held.pk)] * 4)
    finally:
        workers.stop()
    assert sorted(ended) == [False, False, False, True]
    assert held.events.filter(to_status=Status.PENDING_THERAPIST).count() == 2
