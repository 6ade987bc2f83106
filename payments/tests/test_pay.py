"""Tests of taking a payment: once, or not at all."""

from contextlib import nullcontext
from decimal import Decimal

import pytest

from conftest import make_offer
from payments.counter import claim_next
from payments.errors import AmountDoubtful, InsufficientPayment
from payments.models import Payment
from payments.payment import pay
from queueing.errors import PriceChanged, QueueEmpty, TransactionNotFound, WrongState
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.errors import Conflict


def test_who_finished_first_comes_first(carl, noor, make_transaction):
    first = make_transaction(Status.FINISHED)
    make_transaction(Status.FINISHED, therapist=noor)
    assert claim_next(carl) == first


def test_a_cashier_with_a_customer_gets_that_one_again(carl, noor, make_transaction):
    held = make_transaction(Status.AWAITING_PAYMENT)
    make_transaction(Status.FINISHED, therapist=noor)
    assert claim_next(carl) == held


def test_nobody_finished_is_said_so(carl):
    with pytest.raises(QueueEmpty):
        claim_next(carl)


def test_the_change_is_computed(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    paid = pay(carl, transaction_id=due.pk, amount_paid=Decimal("1000.00"))
    paid.refresh_from_db()
    assert paid.status == Status.PAID
    assert paid.payment.change_amount == Decimal("500.00")
    assert paid.payment.cashier == carl
    assert paid.active_cashier is None


def test_the_exact_amount_leaves_no_change(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    paid = pay(carl, transaction_id=due.pk, amount_paid=Decimal("500.00"))
    assert paid.payment.change_amount == 0


@pytest.mark.parametrize("cents", [30, 70, 110, 49999])
def test_change_is_right_to_the_cent(carl, massage, make_transaction, cents):
    choices = [Choice(make_offer(massage, "Tea", "0.10", 5).pk)]
    due = make_transaction(Status.AWAITING_PAYMENT, choices=choices)
    amount_paid = Decimal(cents) / 100
    paid = pay(carl, transaction_id=due.pk, amount_paid=amount_paid)
    paid.payment.refresh_from_db()
    assert paid.payment.change_amount == amount_paid - Decimal("0.10")


def test_too_little_money_changes_nothing(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(InsufficientPayment, match=r"499\.99"):
        pay(carl, transaction_id=due.pk, amount_paid=Decimal("499.99"))
    due.refresh_from_db()
    assert due.status == Status.AWAITING_PAYMENT
    assert not Payment.objects.exists()


def test_a_slipped_zero_is_asked_about(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(AmountDoubtful, match=r"₱8,700\.00.*₱8,200\.00"):
        pay(carl, transaction_id=due.pk, amount_paid=Decimal("8700"))
    assert not Payment.objects.exists()
    paid = pay(carl, transaction_id=due.pk, amount_paid=Decimal("8700"), confirmed=True)
    assert paid.payment.change_amount == Decimal("8200.00")


@pytest.mark.parametrize(
    ("limit", "is_asked"), [("500.00", True), ("500.01", False), (None, False), ("0", False)]
)
def test_a_branch_says_what_change_is_doubtful(carl, branch, make_transaction, limit, is_asked):
    carl.user.branch.doubtful_change = limit and Decimal(limit)
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(AmountDoubtful) if is_asked else nullcontext():
        pay(carl, transaction_id=due.pk, amount_paid=Decimal("1000"))


def test_exact_cash_never_asks_whatever_the_limit(carl, branch, make_transaction):
    carl.user.branch.doubtful_change = Decimal("0.01")
    due = make_transaction(Status.AWAITING_PAYMENT)
    assert pay(carl, transaction_id=due.pk, amount_paid=Decimal("500")).status == Status.PAID


def test_a_paid_customer_does_not_pay_again(carl, make_transaction):
    paid = make_transaction(Status.PAID)
    with pytest.raises(WrongState):
        pay(carl, transaction_id=paid.pk, amount_paid=Decimal("500.00"))
    assert Payment.objects.count() == 1


def test_the_same_request_again_gets_the_same_payment(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    first, again = (
        pay(carl, transaction_id=due.pk, amount_paid=Decimal("600"), request_id="tap-00001")
        for _each in range(2)
    )
    assert again.payment == first.payment
    assert Payment.objects.count() == 1


def test_the_same_request_with_another_amount_is_a_conflict(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    pay(carl, transaction_id=due.pk, amount_paid=Decimal("600"), request_id="tap-00001")
    with pytest.raises(Conflict):
        pay(carl, transaction_id=due.pk, amount_paid=Decimal("700"), request_id="tap-00001")


def test_the_same_request_for_another_customer_is_a_conflict(carl, noor, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    pay(carl, transaction_id=due.pk, amount_paid=Decimal("600"), request_id="tap-00001")
    other = make_transaction(Status.AWAITING_PAYMENT, therapist=noor)
    with pytest.raises(Conflict):
        pay(carl, transaction_id=other.pk, amount_paid=Decimal("600"), request_id="tap-00001")
    other.refresh_from_db()
    assert other.status == Status.AWAITING_PAYMENT


def test_another_cashiers_customer_looks_like_none_at_all(cora, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(TransactionNotFound):
        pay(cora, transaction_id=due.pk, amount_paid=Decimal("500.00"))


def test_a_payment_is_never_changed_or_deleted(make_transaction):
    payment = make_transaction(Status.PAID).payment
    with pytest.raises(TypeError):
        payment.delete()


def test_a_request_id_in_other_case_is_another_payment(carl, make_transaction):
    for request_id in ("tap-0000A", "tap-0000a"):
        due = make_transaction(Status.AWAITING_PAYMENT)
        pay(carl, transaction_id=due.pk, amount_paid=Decimal(500), request_id=request_id)
    assert Payment.objects.count() == 2


def test_a_payment_for_another_total_than_displayed_is_refused(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    payment = {"transaction_id": due.pk, "amount_paid": Decimal("1000.00")}
    with pytest.raises(PriceChanged) as refusal:
        pay(carl, **payment, expected_total=Decimal("430.00"))
    assert refusal.value.as_reply()["total_amount"] == "500.00"
    due.refresh_from_db()
    assert due.status == Status.AWAITING_PAYMENT
    assert not Payment.objects.exists()
    paid = pay(carl, **payment, expected_total=Decimal("500.00"))
    assert paid.status == Status.PAID


def test_the_same_payment_again_is_the_first_whatever_was_displayed_since(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    payment = {
        "transaction_id": due.pk,
        "amount_paid": Decimal("500.00"),
        "expected_total": Decimal("500.00"),
        "request_id": "tap-00001",
    }
    assert pay(carl, **payment) == pay(carl, **payment)
    with pytest.raises(Conflict):
        pay(carl, **payment | {"expected_total": Decimal("430.00")})
    assert Payment.objects.count() == 1
