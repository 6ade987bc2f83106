"""Tests of the tax that prices contain: on screens, receipts, reports, at its day's rate."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Cashier
from payments.payment import pay
from payments.reports import Period, report_of
from queueing.models import Transaction
from queueing.serializers import serialize_transaction
from queueing.states import Status


@pytest.fixture
def vat(branch, carl):
    branch.tax_rate, branch.tax_label = Decimal("12.00"), "VAT"
    branch.save()
    carl.user.branch.refresh_from_db()
    return branch


def paid(carl: Cashier, due: Transaction) -> Transaction:
    return pay(carl, transaction_id=due.pk, amount_paid=due.total_amount)


def test_a_screen_shows_the_tax_that_the_bill_contains(vat, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    shown = serialize_transaction(Transaction.objects.with_people().get(pk=due.pk))
    assert shown["tax"] == {"name": "VAT 12%", "rate": "12.00"} | {
        "amount": "53.57",
        "exempted": "0.00",
    }
    assert (shown["total_amount"], shown["amount_due"]) == ("500.00", "500.00")


def test_without_a_rate_nothing_speaks_of_tax(client, branch, make_transaction):
    visit = make_transaction(Status.PAID)
    assert serialize_transaction(visit)["tax"] is None
    page = client.get(f"/receipt/{visit.payment.receipt_key}/").content.decode()
    assert "receipt-tax" not in page
    assert report_of(branch, Period(visit.business_date, visit.business_date)).taxes == []


def test_a_receipt_keeps_the_tax_of_its_day(client, vat, carl, make_transaction):
    visit = paid(carl, make_transaction(Status.AWAITING_PAYMENT))
    vat.tax_rate, vat.tax_label = Decimal("15.00"), "GST"
    vat.save()
    page = client.get(f"/receipt/{visit.payment.receipt_key}/").content.decode()
    assert "VAT 12% included" in page
    assert "₱53.57" in page
    assert "GST" not in page
    again = Transaction.objects.with_people().get(pk=visit.pk)
    shown = serialize_transaction(again)["tax"]
    assert shown is not None
    assert shown["amount"] == "53.57"


def test_a_report_adds_the_tax_up_by_rate(vat, carl, make_transaction):
    for rate in ("12.00", "12.00", "7.50"):
        carl.user.branch.tax_rate = Decimal(rate)
        visit = paid(carl, make_transaction(Status.AWAITING_PAYMENT))
    report = report_of(vat, Period(visit.business_date, visit.business_date))
    assert report.taxes == [("VAT 7.5%", 1, Decimal("34.88")), ("VAT 12%", 2, Decimal("107.14"))]


def test_a_tax_needs_a_name(branch):
    branch.tax_rate = Decimal(12)
    with pytest.raises(ValidationError, match="name of the tax"):
        branch.clean()
