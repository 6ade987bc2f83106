"""Tests of payments in parts: terminals one after the other, cash last, one receipt."""

from decimal import Decimal

import pytest

from payments.bill_items import add_item
from payments.counter import release
from payments.day_summary import day_of
from payments.errors import InsufficientPayment, MethodNotOffered, NotTheTotal
from payments.models import Payment, PaymentAttempt, Tender
from payments.payment import Given, pay
from payments.reports import Period, report_of
from payments.terminal import payment_result
from queueing.errors import WrongState
from queueing.leaving import manager_cancel
from queueing.models import Transaction
from queueing.serializers import serialize_transaction
from queueing.states import Status
from spa_project.lib.errors import Conflict, Invalid


def given(*pairs: tuple[str, str]) -> list[Given]:
    return [Given(method, Decimal(amount)) for method, amount in pairs]


@pytest.fixture
def due(make_transaction) -> Transaction:
    return make_transaction(Status.AWAITING_PAYMENT)


def answer(carl, due, approved=True) -> Transaction:
    return payment_result(carl.user, transaction_id=due.pk, approved=approved)


def parts_of(payment: Payment) -> list[tuple[str, Decimal, Decimal]]:
    rows = Tender.objects.filter(payment=payment).order_by("pk")
    return list(rows.values_list("method", "amount", "change_amount"))


def test_half_by_card_and_half_in_cash_is_one_payment_and_one_receipt(client, carl, due):
    asked = pay(carl, transaction_id=due.pk, tenders=given(("cash", "300"), ("card", "250")))
    # The terminal comes first: no cash changes hands for a payment that fails.
    assert asked.status == Status.PAYING
    assert PaymentAttempt.objects.get().amount_due == Decimal(250)
    paid = answer(carl, due)
    payment = Payment.objects.get()
    assert (payment.amount_paid, payment.change_amount) == (Decimal(550), Decimal(50))
    assert parts_of(payment) == [
        ("card", Decimal(250), Decimal(0)),
        ("cash", Decimal(300), Decimal(50)),
    ]
    page = client.get(f"/receipt/{payment.receipt_key}/").content.decode()
    for words in ("Card", "₱250.00", "Cash", "₱300.00", "Change", "₱50.00", "000001"):
        assert words in page
    shown = serialize_transaction(Transaction.objects.with_people().get(pk=paid.pk))
    assert [(part["method"], part["amount"]) for part in shown["tenders"]] == [
        ("card", "250.00"),
        ("cash", "300.00"),
    ]
    assert shown["received_amount"] == "0.00"


def test_terminals_are_asked_one_after_the_other(carl, due):
    pay(carl, transaction_id=due.pk, tenders=given(("card", "200"), ("e-wallet", "300")))
    half = answer(carl, due)
    assert (half.status, half.received_amount) == (Status.PAYING, Decimal(200))
    assert half.open_attempt.method_id == "e-wallet"
    paid = answer(carl, due)
    assert paid.status == Status.PAID
    assert [part[0] for part in parts_of(paid.payment)] == ["card", "e-wallet"]


def test_a_declined_terminal_leaves_the_rest_to_be_paid(carl, due):
    pay(carl, transaction_id=due.pk, tenders=given(("card", "200"), ("e-wallet", "300")))
    answer(carl, due)
    left = answer(carl, due, approved=False)
    assert (left.status, left.received_amount) == (Status.AWAITING_PAYMENT, Decimal(200))
    with pytest.raises(InsufficientPayment, match=r"299\.99 is less than the total of ₱300\.00"):
        pay(carl, transaction_id=due.pk, amount_paid=Decimal("299.99"))
    paid = pay(carl, transaction_id=due.pk, amount_paid=Decimal(500), expected_total=Decimal(500))
    assert paid.payment.change_amount == Decimal(200)
    assert parts_of(paid.payment) == [
        ("card", Decimal(200), Decimal(0)),
        ("cash", Decimal(500), Decimal(200)),
    ]


def test_a_bill_that_is_partly_charged_stays_as_it_is(carl, maria, hour, due):
    pay(carl, transaction_id=due.pk, tenders=given(("card", "200"), ("e-wallet", "300")))
    answer(carl, due)
    answer(carl, due, approved=False)
    for attempt in (
        lambda: release(carl.user, transaction_id=due.pk),
        lambda: add_item(carl.user, transaction_id=due.pk, service_classification_id=hour.pk),
        lambda: manager_cancel(maria, transaction_id=due.pk, reason="left", bill=False),
    ):
        with pytest.raises(WrongState, match=r"₱200\.00 was already charged"):
            attempt()


def test_only_cash_gives_change(carl, due):
    with pytest.raises(NotTheTotal):
        pay(carl, transaction_id=due.pk, tenders=given(("card", "500"), ("e-wallet", "100")))
    with pytest.raises(NotTheTotal):
        pay(carl, transaction_id=due.pk, tenders=given(("card", "600"), ("cash", "50")))
    assert not PaymentAttempt.objects.exists()


def test_parts_of_nothing_or_by_no_method_are_refused(carl, due):
    with pytest.raises(Invalid):
        pay(carl, transaction_id=due.pk, tenders=given(("card", "500"), ("cash", "0")))
    with pytest.raises(MethodNotOffered):
        pay(carl, transaction_id=due.pk, tenders=given(("cash", "300"), ("shells", "200")))


def test_the_same_split_again_is_the_first(carl, due):
    order = {
        "transaction_id": due.pk,
        "tenders": given(("card", "200"), ("cash", "300")),
        "request_id": "tap-00001",
    }
    first = pay(carl, **order)
    assert pay(carl, **order) == first
    answer(carl, due)
    assert pay(carl, **order).payment.receipt_number == 1
    with pytest.raises(Conflict):
        pay(carl, **order | {"tenders": given(("card", "300"), ("cash", "200"))})
    assert PaymentAttempt.objects.count() == 1


def test_each_part_counts_for_its_method(branch, carl, due, make_transaction):
    pay(carl, transaction_id=due.pk, tenders=given(("card", "200"), ("cash", "400")))
    answer(carl, due)
    other = make_transaction(Status.AWAITING_PAYMENT)
    pay(carl, transaction_id=other.pk, amount_paid=Decimal(500))
    day = day_of(carl)
    assert [(each["method"], each["count"], each["amount"]) for each in day["totals"]] == [
        ("cash", 2, "800.00"),
        ("card", 1, "200.00"),
    ]
    report = report_of(branch, Period(due.business_date, due.business_date))
    assert [(row.name, row.amount) for row in report.methods] == [
        ("Cash", Decimal(800)),
        ("Card", Decimal(200)),
    ]
