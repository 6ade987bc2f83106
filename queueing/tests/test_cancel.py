"""Tests of cancelling a visit: by the customer, by staff, or by a manager after it began."""

import pytest

from queueing import holding, leaving, services
from queueing.errors import TransactionNotFound, WrongState
from queueing.models import Room, RoomStatus, Transaction
from queueing.states import Status


def assert_everything_is_free(transaction: Transaction) -> None:
    transaction.refresh_from_db()
    assert transaction.active_therapist is None
    assert transaction.active_room is None
    assert transaction.active_cashier is None
    assert transaction.active_code is None


def test_a_customer_leaves_the_line_with_their_key(make_transaction):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    assert leaving.customer_cancel(waiting.key).status == Status.CANCELLED
    assert waiting.events.latest("version").by is None
    assert_everything_is_free(waiting)


def test_another_key_cancels_nobody(make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    with pytest.raises(TransactionNotFound):
        leaving.customer_cancel("somebody-elses")


def test_a_customer_on_hold_may_leave(carl, make_transaction):
    held = make_transaction(Status.PENDING_THERAPIST)
    holding.hold(carl.user, transaction_id=held.pk)
    assert leaving.customer_cancel(held.key).held_until is None


def test_who_was_called_cannot_leave_by_a_tap(make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(WrongState, match="Called"):
        leaving.customer_cancel(called.key)


def test_a_cancelled_customer_is_never_claimed(maya, make_transaction):
    gone = make_transaction(Status.PENDING_THERAPIST)
    behind = make_transaction(Status.PENDING_THERAPIST)
    leaving.customer_cancel(gone.key)
    assert services.confirm_next(maya) == behind


def test_the_desk_lets_a_called_customer_go_and_therapist_and_room_are_free(carl, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    leaving.staff_cancel(carl.user, transaction_id=called.pk, reason="left in a hurry")
    assert_everything_is_free(called)
    assert Room.objects.get(number="1").status == RoomStatus.AVAILABLE, "nobody was in it"
    last = called.events.latest("version")
    assert (last.by, last.reason) == (carl.user, "left in a hurry")


def test_a_therapist_does_not_reach_into_a_colleagues_treatment(noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(TransactionNotFound):
        leaving.staff_cancel(noor.user, transaction_id=called.pk, reason="no")


def test_staff_of_another_branch_find_nobody(olga, make_transaction):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    with pytest.raises(TransactionNotFound):
        leaving.staff_cancel(olga.user, transaction_id=waiting.pk, reason="no")


def test_once_the_treatment_began_only_a_manager_may_end_it(carl, maria, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    with pytest.raises(WrongState):
        leaving.staff_cancel(carl.user, transaction_id=treated.pk, reason="no")
    leaving.manager_cancel(maria, transaction_id=treated.pk, reason="felt unwell", bill=False)
    assert_everything_is_free(treated)
    assert treated.status == Status.CANCELLED
    assert Room.objects.get(number="1").status == RoomStatus.PREPARING


def test_a_manager_may_have_what_was_done_billed(maria, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    leaving.manager_cancel(maria, transaction_id=treated.pk, reason="felt unwell", bill=True)
    treated.refresh_from_db()
    assert (treated.status, treated.total_amount) == (Status.FINISHED, 500)
    assert treated.active_room is None


@pytest.mark.parametrize("status", [Status.FINISHED, Status.AWAITING_PAYMENT])
def test_who_walks_out_without_paying_frees_the_counter(maria, make_transaction, status):
    visit = make_transaction(status)
    leaving.manager_cancel(maria, transaction_id=visit.pk, reason="walked out", bill=False)
    assert_everything_is_free(visit)


def test_who_has_paid_cannot_be_cancelled(maria, make_transaction):
    paid = make_transaction(Status.PAID)
    with pytest.raises(WrongState):
        leaving.manager_cancel(maria, transaction_id=paid.pk, reason="no", bill=False)
