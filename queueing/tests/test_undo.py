"""Tests of undo: a new step, nothing deleted."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Therapist
from queueing import handover, holding, leaving, services
from queueing.errors import RoomNotReady, TransactionNotFound, WrongState
from queueing.models import Room, RoomStatus, Transaction
from queueing.states import Status
from queueing.undo import WITHIN, undo
from spa_project.lib.errors import Conflict
from spa_project.tests.concurrency import Workers


def status_of(number: str) -> str:
    return Room.objects.get(number=number).status


def test_a_start_is_taken_back_and_nothing_is_deleted(maya, make_transaction):
    started = make_transaction(Status.IN_SERVICE)
    back = undo(maya.user, transaction_id=started.pk)
    assert (back.status, back.service_start_at) == (Status.THERAPIST_CONFIRMED, None)
    assert back.therapist_confirmed_at == started.therapist_confirmed_at
    assert back.calls == 1, "nobody was called again"
    assert [event.is_undo for event in started.events.all()] == [False, False, False, True]


def test_a_claim_taken_back_gives_the_old_place_and_a_free_room(maya, noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    make_transaction(Status.PENDING_THERAPIST)
    undo(maya.user, transaction_id=called.pk)
    assert status_of("1") == RoomStatus.AVAILABLE
    assert services.confirm_next(noor) == called


def test_a_finish_taken_back_has_the_room_and_the_time_again(maya, make_transaction):
    done = make_transaction(Status.FINISHED)
    back = undo(maya.user, transaction_id=done.pk)
    back.refresh_from_db()
    assert (back.status, back.service_finish_at) == (Status.IN_SERVICE, None)
    assert back.active_therapist == maya
    assert back.queued_at == back.selection_confirmed_at
    assert status_of("1") == RoomStatus.OCCUPIED


def test_a_finish_is_not_taken_back_when_the_therapist_has_another(maya, make_transaction):
    done = make_transaction(Status.FINISHED)
    make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(WrongState, match="Maya has another customer"):
        undo(maya.user, transaction_id=done.pk)


def test_a_finish_is_not_taken_back_when_the_room_is_taken(maya, noor, make_transaction):
    done = make_transaction(Status.FINISHED)
    treated = make_transaction(Status.IN_SERVICE, therapist=noor)
    handover.change_room(noor.user, transaction_id=treated.pk, room_number="1")
    with pytest.raises(RoomNotReady, match="Room 1 is occupied"):
        undo(maya.user, transaction_id=done.pk)


def test_a_cashiers_claim_is_taken_back(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    back = undo(carl.user, transaction_id=due.pk)
    assert (back.status, back.cashier, back.cashier_claimed_at) == (Status.FINISHED, None, None)


@pytest.mark.parametrize(
    "status", [Status.PENDING_THERAPIST, Status.THERAPIST_CONFIRMED, Status.ON_HOLD]
)
def test_a_cancelled_customer_is_back_where_they_were(carl, make_transaction, status):
    first = Status.PENDING_THERAPIST if status == Status.ON_HOLD else status
    customer = make_transaction(first)
    if status == Status.ON_HOLD:
        holding.hold(carl.user, transaction_id=customer.pk)
    leaving.staff_cancel(carl.user, transaction_id=customer.pk, reason="mistaken number")
    back = undo(carl.user, transaction_id=customer.pk)
    back.refresh_from_db()
    assert (back.status, back.active_code) == (status, customer.code)


def test_who_walked_out_comes_back_to_their_cashier(carl, maria, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    leaving.manager_cancel(maria, transaction_id=due.pk, reason="walked out", bill=False)
    back = undo(maria, transaction_id=due.pk)
    assert (back.status, back.active_cashier) == (Status.AWAITING_PAYMENT, carl)


def test_a_missed_customer_is_called_still(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    leaving.no_show(maya, transaction_id=called.pk)
    back = undo(maya.user, transaction_id=called.pk)
    assert (back.status, back.active_therapist, back.calls) == (
        Status.THERAPIST_CONFIRMED,
        maya,
        1,
    )
    assert status_of("1") == RoomStatus.OCCUPIED


def test_after_a_minute_only_a_manager_may(maya, maria, make_transaction):
    started = make_transaction(Status.IN_SERVICE)
    with time_machine.travel(timezone.now() + WITHIN + timedelta(seconds=1)):
        with pytest.raises(WrongState, match="manager"):
            undo(maya.user, transaction_id=started.pk)
        assert undo(maria, transaction_id=started.pk).status == Status.THERAPIST_CONFIRMED


def test_a_manager_who_saw_another_step_hears_who_changed_it(maria, maya, make_transaction):
    seen = make_transaction(Status.THERAPIST_CONFIRMED)
    services.start_service(maya, transaction_id=seen.pk)
    with pytest.raises(Conflict, match="Maya already took the next step"):
        undo(maria, transaction_id=seen.pk, version=seen.version)


def test_a_step_is_taken_back_once(maya, maria, make_transaction):
    started = make_transaction(Status.IN_SERVICE)
    undo(maya.user, transaction_id=started.pk)
    with pytest.raises(Conflict, match="Maya already took the next step"):
        undo(maria, transaction_id=started.pk)


def test_a_payment_is_never_taken_back(carl, maria, make_transaction):
    paid = make_transaction(Status.PAID)
    for user in (carl.user, maria):
        with pytest.raises(WrongState, match="can't be undone"):
            undo(user, transaction_id=paid.pk)


def test_a_changed_list_is_changed_again_by_hand(maya, compress, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    services.add_service(maya, transaction_id=treated.pk, service_classification_id=compress.pk)
    with pytest.raises(WrongState, match="can't be undone"):
        undo(maya.user, transaction_id=treated.pk)


def test_a_customer_of_another_branch_is_none(olga, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(TransactionNotFound):
        undo(olga.user, transaction_id=called.pk)


def undo_as(therapist_id: int, transaction_id: int) -> str:
    therapist = Therapist.objects.select_related("user__branch").get(pk=therapist_id)
    try:
        undo(therapist.user, transaction_id=transaction_id)
    except Conflict as conflict:
        return conflict.code
    return "done"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_two_processes_one_takes_the_step_back(maya, make_transaction):
    started = make_transaction(Status.IN_SERVICE)
    workers = Workers(2)
    try:
        said = workers.at_once([(undo_as, maya.pk, started.pk)] * 2)
    finally:
        workers.stop()
    assert sorted(said) == ["conflict", "done"]
    assert Transaction.objects.get(pk=started.pk).status == Status.THERAPIST_CONFIRMED
