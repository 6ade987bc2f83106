"""Tests of refunds on the wire, on receipts, on a person's day and in the reports."""

import datetime
from decimal import Decimal

import pytest
import time_machine

from accounts.models import Cashier
from payments import drawers, payment
from payments.drawer_figures import figures_of
from payments.models import Payment, Refund
from payments.refunds import Wanted, refund
from payments.reports import Period, report_of
from queueing.day_summary import day_of_therapist
from queueing.models import Transaction
from queueing.serializers import serialize_transaction
from queueing.states import Status

NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)
REQUEST = {"reason": "unwell", "request_id": "refund-01"}


@pytest.fixture
def sold(make_transaction, carl) -> Payment:
    due = make_transaction(Status.AWAITING_PAYMENT)
    payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(560), tip_amount=Decimal(60))
    return Payment.objects.get()


@pytest.fixture
def till(client, carl):
    client.force_login(carl.user)
    return client


def send(till, **data):
    return till.post(
        "/api/commands/cashier_refund/", REQUEST | data, content_type="application/json"
    )


def test_the_command_answers_with_the_refund_and_the_visit(till, sold):
    answer = send(till, receipt_number=1, amount="100.00", tip=True).json()
    visit, made = answer["transaction"], answer["refund"]
    assert (visit["status"], visit["refunded_amount"]) == ("paid", "160.00")
    assert (made["number"], made["receipt_number"], made["amount"]) == (1, 1, "100.00")
    assert made["tenders"] == [{"method": "cash", "amount": "160.00"}]
    assert made["tip_amount"] == "60.00"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({"receipt_number": 9}, 404, "receipt_not_found"),
        ({"receipt_number": 1, "amount": "500.01"}, 409, "not_enough_left"),
        ({"receipt_number": 1, "reason": " "}, 400, "invalid"),
        ({"receipt_number": 1, "request_id": None}, 400, "invalid"),
        ({}, 400, "invalid"),
    ],
)
def test_refusals_have_their_code_and_status(till, sold, data, status, code):
    reply = send(till, **data)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert not Refund.objects.exists()


def test_a_second_refund_of_all_is_refused(till, sold):
    send(till, receipt_number=1)
    reply = send(till, receipt_number=1, request_id="refund-02")
    assert (reply.status_code, reply.json()["code"]) == (409, "already_refunded")


def test_the_till_reads_what_is_left_of_a_receipt(till, carl, sold):
    item = sold.transaction.items.get()
    before = till.get("/api/receipts/1/").json()
    assert (before["left"], before["tip_left"], before["can_void"]) == ("500.00", "60.00", True)
    assert before["methods"] == [{"method": "cash", "left": "560.00"}]
    refund(carl, Wanted(receipt_number=1, amount=Decimal(100), reason="cold"))
    after = till.get("/api/receipts/1/").json()
    assert (after["left"], after["refunded_amount"], after["can_void"]) == (
        "400.00",
        "100.00",
        False,
    )
    assert [(line["item_id"], line["left"]) for line in after["lines"]] == [(item.pk, "400.00")]
    assert till.get("/api/receipts/2/").status_code == 404


def test_a_receipt_of_another_branch_is_not_read(till, sold, other_branch):
    Payment.objects.update(branch=other_branch)
    assert till.get("/api/receipts/1/").status_code == 404


def test_the_receipt_and_its_reprint_show_refunds(till, carl, sold):
    made = refund(carl, Wanted(receipt_number=1, amount=Decimal(100), reason="cold"))
    for page in (
        till.get(f"/receipt/{sold.receipt_key}/?width=58"),
        till.post(f"/receipt/{sold.receipt_key}/"),
    ):
        words = page.content.decode()
        assert f"Refund R{made.number}" in words
        assert "−₱100.00" in words


@pytest.mark.parametrize("width", ["80", "58"])
def test_the_receipt_of_a_refund_names_the_original(client, carl, sold, width):
    made = refund(carl, Wanted(receipt_number=1, tip=True, reason="too cold"))
    page = client.get(f"/refund/{made.key}/?width={width}").content.decode()
    for words in ("R000001", "000001", "too cold", "−₱500.00", "−₱60.00", "−₱560.00", "Cash"):
        assert words in page
    assert f'data-width="{width}"' in page
    assert client.get("/refund/another/").status_code == 404


def test_the_first_print_of_a_refund_is_the_original_and_others_are_copies(till, carl, sold):
    made = refund(carl, Wanted(receipt_number=1, reason="cold"))
    address = f"/refund/{made.key}/"
    prints = [till.post(address).content.decode() for _each in range(3)]
    assert "COPY" not in prints[0]
    assert ["COPY 1" in prints[1], "COPY 2" in prints[2]] == [True, True]
    assert list(made.prints.values_list("number", "by")) == [
        (number, carl.user_id) for number in (1, 2, 3)
    ]


def test_a_refund_that_is_only_looked_at_is_no_print_and_no_original(client, carl, sold):
    made = refund(carl, Wanted(receipt_number=1, reason="cold"))
    assert "COPY" in client.get(f"/refund/{made.key}/").content.decode()
    assert not made.prints.exists()
    assert client.post("/refund/another/").status_code == 404


def test_a_void_says_so_on_its_receipt(client, carl, sold):
    made = refund(carl, Wanted(receipt_number=1, void=True, reason="twice"))
    assert "Void" in client.get(f"/refund/{made.key}/").content.decode()
    assert "Void R1" in client.get(f"/receipt/{sold.receipt_key}/").content.decode()


def test_the_days_of_cashier_and_therapist_have_refunds_of_their_own(
    till, branch, carl, maya, sold
):
    refund(carl, Wanted(receipt_number=1, amount=Decimal(100), tip=True, reason="cold"))
    day = till.get("/api/days/cashier/").json()
    assert (day["amount"], day["tips"], day["refunded"]) == ("500.00", "60.00", "160.00")
    assert day["refund_totals"] == [
        {"method": "cash", "name": "Cash", "count": 1, "amount": "160.00"}
    ]
    assert [(each["number"], each["amount"]) for each in day["refunds"]] == [(1, "100.00")]
    assert day["payments"][0]["refunded_amount"] == "160.00"
    hers = day_of_therapist(branch, maya)
    assert (hers["amount"], hers["refunded"], hers["tips"]) == ("500.00", "100.00", "0.00")


def test_the_day_of_a_cashier_has_no_refund_of_the_day_before(till, carl, make_transaction):
    with time_machine.travel(NOON, tick=False):
        due = make_transaction(Status.AWAITING_PAYMENT)
        payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(500))
        refund(carl, Wanted(receipt_number=1, amount=Decimal(100), reason="cold"))
        assert till.get("/api/days/cashier/").json()["refunded"] == "100.00"
    with time_machine.travel(NOON + datetime.timedelta(days=1), tick=False):
        till.force_login(carl.user)
        day = till.get("/api/days/cashier/").json()
    assert (day["refunded"], day["refund_totals"], day["refunds"]) == ("0.00", [], [])


def test_reports_have_refunds_apart_by_person_method_and_tax(branch, carl, make_transaction):
    branch.tax_rate, branch.tax_label = Decimal(12), "VAT"
    branch.save()
    carl = Cashier.objects.select_related("user__branch").get(pk=carl.pk)
    for number in (1, 2):
        due = make_transaction(Status.AWAITING_PAYMENT, cashier=carl)
        payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(560), tip_amount=Decimal(60))
        refund(carl, Wanted(receipt_number=number, void=number == 2, reason="cold"))
    today = branch.business_date()
    report = report_of(branch, Period(today, today))
    assert report.total.amount == Decimal("1000.00")
    assert [tuple(row) for row in report.refunds] == [
        ("Carl (void)", 1, Decimal("560.00")),
        ("Carl", 1, Decimal("500.00")),
    ]
    assert [tuple(row) for row in report.refund_methods] == [("Cash", 2, Decimal("1060.00"))]
    assert [tuple(row) for row in report.refund_taxes] == [("VAT 12%", 2, Decimal("107.14"))]
    assert [(row.times, row.amount) for row in report.tips] == [(2, Decimal("60.00"))]


def test_the_figures_of_the_day_of_a_sale_never_change(branch, carl, maya, make_transaction):
    with time_machine.travel(NOON):
        due = make_transaction(Status.AWAITING_PAYMENT)
        payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(500))
        day = branch.business_date()
        before = report_of(branch, Period(day, day))._replace(hours=[])
    carl.user.is_staff = True
    carl.user.save()
    boss = Cashier.objects.select_related("user__branch").get(pk=carl.pk)
    with time_machine.travel(NOON + datetime.timedelta(days=1)):
        refund(boss, Wanted(receipt_number=1, reason="cold"))
        next_day = branch.business_date()
        hers = day_of_therapist(branch, maya)
    # The hours run on, as nobody has gone off duty.
    assert report_of(branch, Period(day, day))._replace(hours=[]) == before
    assert [row.amount for row in report_of(branch, Period(next_day, next_day)).refunds] == [500]
    assert (hers["customers"], hers["refunded"]) == (0, "500.00")


def test_the_x_and_z_reports_have_refunds_in_rows_of_their_own(till, branch, carl, sold):
    branch.drawers = True
    branch.save()
    carl = Cashier.objects.select_related("user__branch").get(pk=carl.pk)
    drawer = drawers.open_drawer(carl, counts={"1000.00": 1})
    refund(carl, Wanted(receipt_number=1, reason="cold"))
    assert figures_of(drawer).expected == 500
    x_report = till.get("/cashier/drawer/x/").content.decode()
    drawers.count_drawer(carl, counts={"500.00": 1})
    close = drawers.close_drawer(carl, counts={"500.00": 1})
    z_report = till.get(f"/cashier/drawer/z/{close.z_number}/").content.decode()
    for page in (x_report, z_report):
        assert "Refunds, Cash (1)" in page
        assert "−₱500.00" in page
    assert "Cash refunded" in z_report


def test_a_ticket_that_was_opened_hears_of_the_refund(carl, sold):
    refund(carl, Wanted(receipt_number=1, amount=Decimal(100), reason="cold"))
    visit = Transaction.objects.with_people().get()
    assert serialize_transaction(visit)["refunded_amount"] == "100.00"
