"""Tests of payments in several processes: racing answers and tills, and a killed till."""

import os
import signal
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest

from accounts.auth import Caller
from accounts.models import Cashier, User
from conftest import make_cashier, make_therapist
from payments import counter, payment, terminal
from payments.discounts import apply_discount
from payments.integrity import all_rules
from payments.models import Discount, Payment, PaymentAttempt, ReceiptCounter
from payments.screens import cashier_screen
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.errors import DomainError
from spa_project.tests.concurrency import Workers, shared_workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

TILLS = 4
ROUNDS = 10
DUE = Decimal("500.00")


workers = shared_workers(TILLS)


# -- What the processes do ------------------------------------------------------------------------


def asked(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the key of the operation's transaction, or the code of its refusal."""
    try:
        return operation(*args, **kwargs).pk
    except DomainError as refusal:
        return refusal.code


def cashier_of(pk: int) -> Cashier:
    return Cashier.objects.select_related("user__branch").get(pk=pk)


def answer(user: int, customer: int, approved: bool) -> Any:
    person = User.objects.with_roles().get(pk=user)
    return asked(terminal.payment_result, person, transaction_id=customer, approved=approved)


def claim(cashier: int, code: str) -> Any:
    return asked(counter.claim, cashier_of(cashier), code=code)


def cash_in(cashier: int, customer: int) -> Any:
    return asked(payment.pay, cashier_of(cashier), transaction_id=customer, amount_paid=DUE)


def ask_terminal(cashier: int, customer: int) -> Any:
    return payment.pay(
        cashier_of(cashier), transaction_id=customer, amount_paid=DUE, method="card"
    ).pk


def die(*_args: Any, **_kwargs: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def ask_terminal_and_die(cashier: int, customer: int) -> None:
    ask_terminal(cashier, customer)
    die()


def die_while_paying(cashier: int, customer: int) -> None:
    """Kill the process after the payment is written, before the commit."""
    with mock.patch("payments.payment.advance", die):
        cash_in(cashier, customer)


def pay_displayed(cashier: int, customer: int, displayed: Decimal, method: str) -> Any:
    return asked(
        payment.pay,
        cashier_of(cashier),
        transaction_id=customer,
        amount_paid=displayed,
        expected_total=displayed,
        method=method,
    )


def take_off(manager: int, customer: int) -> Any:
    user = User.objects.with_roles().select_related("branch").get(pk=manager)
    return asked(apply_discount, user, transaction_id=customer, discount="promo")


# -- The tests ------------------------------------------------------------------------------------


def assert_sound() -> None:
    assert [words for outcome in all_rules.run() for words in outcome.findings] == []


@pytest.mark.parametrize("approved", [True, False])
def test_the_same_answer_from_two_processes_counts_once(
    carl, maria, make_transaction, workers, approved
):
    for _round in range(ROUNDS):
        due = make_transaction(Status.AWAITING_PAYMENT)
        payment.pay(carl, transaction_id=due.pk, amount_paid=DUE, method="card")
        jobs = [(answer, user, due.pk, approved) for user in (carl.user.pk, maria.pk)]
        assert workers.at_once(jobs) == [due.pk, due.pk]
        if not approved:
            payment.pay(carl, transaction_id=due.pk, amount_paid=DUE)
    assert Payment.objects.count() == ROUNDS
    assert_sound()


def test_of_two_different_answers_one_is_kept(carl, maria, make_transaction, workers):
    for _round in range(ROUNDS):
        due = make_transaction(Status.AWAITING_PAYMENT)
        payment.pay(carl, transaction_id=due.pk, amount_paid=DUE, method="card")
        yes, no = workers.at_once(
            [(answer, carl.user.pk, due.pk, True), (answer, maria.pk, due.pk, False)]
        )
        due.refresh_from_db()
        if due.status == Status.PAID:
            assert (yes, no) == (due.pk, "conflict")
        else:
            assert (yes, no, due.status) == ("conflict", due.pk, Status.AWAITING_PAYMENT)
            payment.pay(carl, transaction_id=due.pk, amount_paid=DUE)
    assert_sound()


def test_two_cashiers_call_the_same_customer_and_one_comes(carl, cora, make_transaction, workers):
    for _round in range(ROUNDS):
        done = make_transaction(Status.FINISHED)
        answers = workers.at_once([(claim, who.pk, done.code) for who in (carl, cora)])
        assert sorted(map(str, answers)) == sorted([str(done.pk), "wrong_state"])
        done.refresh_from_db()
        assert done.cashier is not None
        payment.pay(done.cashier, transaction_id=done.pk, amount_paid=DUE)
    assert_sound()


def test_tills_that_are_paid_at_once_number_their_receipts_without_a_gap(
    branch, make_transaction, workers
):
    tills = [make_cashier(f"Till{number}", branch, str(number)) for number in range(TILLS)]
    people = [make_therapist(f"T{number}", branch, f"R{number}") for number in range(TILLS)]
    for _round in range(ROUNDS):
        due = [
            make_transaction(Status.AWAITING_PAYMENT, therapist=therapist, cashier=till)
            for therapist, till in zip(people, tills, strict=True)
        ]
        jobs = [(cash_in, till.pk, one.pk) for till, one in zip(tills, due, strict=True)]
        assert workers.at_once(jobs) == [one.pk for one in due]
    numbers = Payment.objects.values_list("receipt_number", flat=True)
    assert sorted(numbers) == list(range(1, TILLS * ROUNDS + 1))
    assert_sound()


def test_two_tills_and_a_manager_on_one_sale_charge_what_was_displayed(
    carl, maria, make_transaction, workers
):
    """A cashier's two screens take cash and ask a terminal, while a manager takes 10% off."""
    Discount.objects.create(code="promo", name="Promo", kind="percent", value=Decimal(10))
    for _round in range(ROUNDS):
        due = make_transaction(Status.AWAITING_PAYMENT)
        cash, card, discount = workers.at_once(
            [
                (pay_displayed, carl.pk, due.pk, DUE, "cash"),
                (pay_displayed, carl.pk, due.pk, DUE, "card"),
                (take_off, maria.pk, due.pk),
            ]
        )
        due.refresh_from_db()
        if discount == due.pk:
            assert (cash, card) == ("price_changed", "price_changed")
            assert due.status == Status.AWAITING_PAYMENT
            payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(450))
        else:
            assert discount == "wrong_state"
            assert sorted(map(str, (cash, card))) == sorted([str(due.pk), "wrong_state"])
            if card == due.pk:
                terminal.payment_result(carl.user, transaction_id=due.pk, approved=True)
        sold = Payment.objects.get(transaction=due)
        assert sold.amount_due == (450 if discount == due.pk else DUE)
    assert_sound()


@pytest.fixture
def doomed(db) -> Workers:
    """Run a till in a process that will be killed."""
    return Workers(1)


def test_a_till_killed_at_the_terminal_leaves_what_another_can_end(
    branch, carl, maria, make_transaction, doomed
):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(EOFError):
        doomed.at_once([(ask_terminal_and_die, carl.pk, due.pk)])
    [row] = cashier_screen(Caller(carl.user, branch)).snapshot()["transactions"]
    assert (row["status"], row["attempt"]["method_name"]) == ("paying", "Card")
    paid = terminal.payment_result(maria, transaction_id=due.pk, approved=True)
    assert paid.payment.cashier == carl
    assert_sound()


def test_a_till_killed_in_the_middle_of_a_payment_took_nothing(carl, make_transaction, doomed):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(EOFError):
        doomed.at_once([(die_while_paying, carl.pk, due.pk)])
    assert Transaction.objects.get(pk=due.pk).status == Status.AWAITING_PAYMENT
    assert not Payment.objects.exists()
    assert not PaymentAttempt.objects.exists()
    assert not ReceiptCounter.objects.exists()
    paid = payment.pay(carl, transaction_id=due.pk, amount_paid=DUE)
    assert paid.payment.receipt_number == 1
    assert_sound()
