"""Tests of payments by terminal: asked, pending, approved or declined."""

from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from payments.counter import claim_next
from payments.errors import InsufficientPayment, MethodNotOffered, NotTheTotal
from payments.models import Payment, PaymentAttempt, PaymentMethod
from payments.payment import pay
from payments.terminal import payment_result
from queueing.errors import TransactionNotFound, WrongState
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.errors import Conflict

DUE = Decimal("500.00")


@pytest.fixture
def due(make_transaction) -> Transaction:
    return make_transaction(Status.AWAITING_PAYMENT)


@pytest.fixture
def paying(carl, due) -> Transaction:
    return by_card(carl, due)


def by_card(cashier, due, **more) -> Transaction:
    return pay(cashier, transaction_id=due.pk, amount_paid=DUE, method="card", **more)


def test_a_terminal_is_at_work_until_it_answers(carl, paying):
    paying.refresh_from_db()
    assert paying.status == Status.PAYING
    assert paying.active_cashier == carl
    assert paying.open_attempt.method_id == "card"
    assert not Payment.objects.exists()


def test_an_approval_is_a_payment_of_exactly_the_total(carl, paying):
    paid = payment_result(carl.user, transaction_id=paying.pk, approved=True, reference="A1B2")
    paid.refresh_from_db()
    assert paid.status == Status.PAID
    payment = paid.payment
    assert (payment.method_id, payment.reference, payment.cashier) == ("card", "A1B2", carl)
    assert payment.amount_due == payment.amount_paid == DUE
    assert payment.change_amount == 0
    assert paid.active_cashier is None


def test_a_decline_leaves_the_customer_at_the_counter(carl, paying):
    back = payment_result(carl.user, transaction_id=paying.pk, approved=False, reference="51")
    back.refresh_from_db()
    assert (back.status, back.active_cashier) == (Status.AWAITING_PAYMENT, carl)
    attempt = back.attempts.get()
    assert (attempt.approved, attempt.reference, attempt.ended_by) == (False, "51", carl.user)
    assert not Payment.objects.exists()


def test_after_a_decline_cash_is_taken(carl, paying):
    payment_result(carl.user, transaction_id=paying.pk, approved=False)
    paid = pay(carl, transaction_id=paying.pk, amount_paid=DUE)
    assert (paid.status, paid.payment.method_id) == (Status.PAID, "cash")


def test_the_reference_given_first_is_kept(carl, due):
    by_card(carl, due, reference="slip 7")
    paid = payment_result(carl.user, transaction_id=due.pk, approved=True)
    assert paid.payment.reference == "slip 7"


def test_every_step_says_who_and_by_what(carl, paying):
    payment_result(carl.user, transaction_id=paying.pk, approved=False)
    steps = paying.events.order_by("-version").values_list("by", "to_status", "reason")[:2]
    assert list(steps) == [
        (carl.user.pk, Status.AWAITING_PAYMENT, "Card"),
        (carl.user.pk, Status.PAYING, "Card"),
    ]


@pytest.mark.parametrize("approved", [True, False])
def test_the_same_answer_again_changes_nothing(carl, paying, approved):
    first, again = (
        payment_result(carl.user, transaction_id=paying.pk, approved=approved) for _each in range(2)
    )
    assert (again.version, again.status) == (first.version, first.status)
    assert Payment.objects.count() == approved


@pytest.mark.parametrize("approved", [True, False])
def test_the_other_answer_is_refused(carl, paying, approved):
    first = payment_result(carl.user, transaction_id=paying.pk, approved=approved)
    with pytest.raises(Conflict, match="approved" if approved else "declined"):
        payment_result(carl.user, transaction_id=paying.pk, approved=not approved)
    first.refresh_from_db()
    assert first.status == (Status.PAID if approved else Status.AWAITING_PAYMENT)


def test_a_late_answer_does_not_end_a_newer_attempt(carl, paying):
    old = paying.open_attempt.pk
    payment_result(carl.user, transaction_id=paying.pk, approved=False, attempt_id=old)
    by_card(carl, paying)
    late = payment_result(carl.user, transaction_id=paying.pk, approved=False, attempt_id=old)
    assert late.status == Status.PAYING
    with pytest.raises(Conflict):
        payment_result(carl.user, transaction_id=paying.pk, approved=True, attempt_id=old)
    assert PaymentAttempt.objects.filter(ended_at=None).count() == 1


def test_an_answer_nobody_waits_for_is_refused(carl, due):
    with pytest.raises(WrongState):
        payment_result(carl.user, transaction_id=due.pk, approved=True)


def test_an_attempt_of_another_customer_is_none(carl, cora, noor, make_transaction, paying):
    other = make_transaction(Status.AWAITING_PAYMENT, therapist=noor, cashier=cora)
    with pytest.raises(WrongState):
        payment_result(
            cora.user, transaction_id=other.pk, approved=True, attempt_id=paying.open_attempt.pk
        )


def test_the_same_request_asks_the_terminal_once(carl, due):
    first, again = (by_card(carl, due, request_id="tap-00001") for _each in range(2))
    assert again.version == first.version
    assert PaymentAttempt.objects.count() == 1


@pytest.mark.parametrize("approved", [True, False])
def test_a_request_that_comes_after_the_answer_asks_nobody(carl, due, approved):
    by_card(carl, due, request_id="tap-00001")
    ended = payment_result(carl.user, transaction_id=due.pk, approved=approved)
    late = by_card(carl, due, request_id="tap-00001")
    assert (late.status, late.version) == (ended.status, ended.version)
    assert PaymentAttempt.objects.count() == 1


def test_the_same_request_by_another_method_is_a_conflict(carl, due):
    by_card(carl, due, request_id="tap-00001")
    with pytest.raises(Conflict):
        pay(carl, transaction_id=due.pk, amount_paid=DUE, method="e-wallet", request_id="tap-00001")


def test_a_second_payment_has_to_wait(carl, paying):
    with pytest.raises(WrongState):
        pay(carl, transaction_id=paying.pk, amount_paid=DUE)


@pytest.mark.parametrize(
    ("amount", "refusal"), [("499.99", InsufficientPayment), ("500.01", NotTheTotal)]
)
def test_a_terminal_takes_exactly_the_total(carl, due, amount, refusal):
    with pytest.raises(refusal, match=r"500\.00"):
        pay(carl, transaction_id=due.pk, amount_paid=Decimal(amount), method="card")
    assert not PaymentAttempt.objects.exists()


@pytest.mark.parametrize("code", ["card", "cheque"])
def test_a_method_that_is_not_offered_is_refused(carl, due, code):
    PaymentMethod.objects.filter(code="card").update(active=False)
    with pytest.raises(MethodNotOffered):
        pay(carl, transaction_id=due.pk, amount_paid=DUE, method=code)


def test_a_method_switched_off_meanwhile_still_gets_its_answer(carl, paying):
    PaymentMethod.objects.filter(code="card").update(active=False)
    assert payment_result(carl.user, transaction_id=paying.pk, approved=True).status == Status.PAID


def test_a_manager_enters_the_answer_of_a_till_that_went_away(carl, maria, paying):
    paid = payment_result(maria, transaction_id=paying.pk, approved=True)
    assert paid.payment.cashier == carl
    assert paid.events.latest("version").by == maria


def test_a_manager_of_another_branch_finds_nobody(maria, other_branch, paying):
    maria.branch = other_branch
    with pytest.raises(TransactionNotFound):
        payment_result(maria, transaction_id=paying.pk, approved=True)


def test_another_cashier_does_not_answer(cora, paying):
    with pytest.raises(TransactionNotFound):
        payment_result(cora.user, transaction_id=paying.pk, approved=True)


def test_who_claims_while_a_terminal_is_at_work_gets_that_customer(carl, paying):
    again = claim_next(carl)
    assert (again, again.open_attempt.method.name) == (paying, "Card")


def test_the_database_has_one_open_attempt_for_a_customer(carl, paying):
    attempt = paying.open_attempt
    attempt.pk = None
    with pytest.raises(IntegrityError), atomic():
        attempt.save()


def test_the_database_refuses_half_an_answer(paying):
    with pytest.raises(IntegrityError), atomic():
        PaymentAttempt.objects.update(approved=True)
    with pytest.raises(IntegrityError), atomic():
        PaymentAttempt.objects.update(active_transaction=None)


def test_an_attempt_is_never_deleted(paying):
    with pytest.raises(TypeError):
        paying.open_attempt.delete()


def test_one_request_is_either_cash_or_a_card(carl, make_transaction):
    first, second, third = (make_transaction(Status.FINISHED) for _each in range(3))
    claim_next(carl)
    by_card(carl, first, request_id="asked")
    payment_result(carl.user, transaction_id=first.pk, approved=True)
    claim_next(carl)
    with pytest.raises(Conflict):
        pay(carl, transaction_id=second.pk, amount_paid=DUE, request_id="asked")
    pay(carl, transaction_id=second.pk, amount_paid=DUE, request_id="paid")
    claim_next(carl)
    with pytest.raises(Conflict):
        by_card(carl, third, request_id="paid")
    assert Payment.objects.count() == 2
    assert PaymentAttempt.objects.count() == 1
