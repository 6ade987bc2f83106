"""Tests of claiming a customer by code, and of releasing them."""

import pytest

from payments.counter import claim, claim_next, release
from payments.payment import pay
from queueing.errors import TransactionNotFound, WrongState
from queueing.states import Status


def test_a_code_brings_its_customer_out_of_order(carl, noor, make_transaction):
    make_transaction(Status.FINISHED)
    second = make_transaction(Status.FINISHED, therapist=noor)
    claimed = claim(carl, code=second.code)
    assert (claimed, claimed.status) == (second, Status.AWAITING_PAYMENT)
    assert claimed.active_cashier == carl


def test_the_same_code_again_brings_the_same_customer(carl, make_transaction):
    held = make_transaction(Status.AWAITING_PAYMENT)
    again = claim(carl, code=held.code)
    assert (again, again.version) == (held, held.version)


def test_who_has_a_customer_does_not_get_another_by_code(carl, noor, make_transaction):
    make_transaction(Status.AWAITING_PAYMENT)
    other = make_transaction(Status.FINISHED, therapist=noor)
    with pytest.raises(WrongState, match="0001"):
        claim(carl, code=other.code)
    other.refresh_from_db()
    assert other.status == Status.FINISHED


def test_a_code_nobody_has_is_said_so(carl):
    with pytest.raises(TransactionNotFound, match="0777"):
        claim(carl, code="0777")


def test_a_code_of_another_branch_is_nobodys(carl, other_branch, make_transaction):
    finished = make_transaction(Status.FINISHED)
    carl.user.branch = other_branch
    carl.user.save()
    with pytest.raises(TransactionNotFound):
        claim(carl, code=finished.code)


@pytest.mark.parametrize("status", [Status.PENDING_THERAPIST, Status.IN_SERVICE])
def test_who_has_not_finished_cannot_be_claimed_by_code(carl, make_transaction, status):
    early = make_transaction(status)
    with pytest.raises(WrongState):
        claim(carl, code=early.code)


def test_another_cashiers_customer_is_not_taken_away(cora, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(WrongState):
        claim(cora, code=due.code)


def test_who_is_given_back_keeps_the_place(carl, cora, noor, make_transaction):
    first = make_transaction(Status.AWAITING_PAYMENT)
    make_transaction(Status.FINISHED, therapist=noor)
    given_back = release(carl.user, transaction_id=first.pk, reason="forgot the purse")
    given_back.refresh_from_db()
    assert given_back.status == Status.FINISHED
    assert (given_back.cashier, given_back.active_cashier) == (None, None)
    assert given_back.cashier_claimed_at is None
    event = given_back.events.latest("version")
    assert (event.by, event.reason) == (carl.user, "forgot the purse")
    assert claim_next(cora) == first


def test_a_manager_gives_back_what_a_cashier_left(maria, make_transaction):
    left = make_transaction(Status.AWAITING_PAYMENT)
    assert release(maria, transaction_id=left.pk).status == Status.FINISHED


def test_a_manager_of_another_branch_finds_nobody(maria, other_branch, make_transaction):
    left = make_transaction(Status.AWAITING_PAYMENT)
    maria.branch = other_branch
    with pytest.raises(TransactionNotFound):
        release(maria, transaction_id=left.pk)


def test_another_cashier_gives_nobody_back(cora, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(TransactionNotFound):
        release(cora.user, transaction_id=due.pk)


def test_who_is_paying_is_not_given_back(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    pay(carl, transaction_id=due.pk, amount_paid=due.total_amount, method="card")
    with pytest.raises(WrongState):
        release(carl.user, transaction_id=due.pk)
