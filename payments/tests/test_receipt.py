"""Tests of receipts: numbered without a gap, printed by anyone with the key, copies marked."""

import datetime
from decimal import Decimal
from unittest import mock

import pytest
import time_machine
from django.test import Client

from payments.errors import InsufficientPayment
from payments.models import Payment, ReceiptCounter, ReceiptPrint
from payments.payment import pay
from payments.receipts import next_number
from queueing.states import Status


@pytest.fixture
def payment(make_transaction) -> Payment:
    return make_transaction(Status.PAID).payment


@pytest.fixture
def address(payment) -> str:
    return f"/receipt/{payment.receipt_key}/"


def test_receipts_are_numbered_one_after_another(make_transaction):
    numbers = [make_transaction(Status.PAID).payment.receipt_number for _each in range(3)]
    assert numbers == [1, 2, 3]


def test_each_branch_counts_its_own(branch, other_branch):
    assert [next_number(branch), next_number(branch), next_number(other_branch)] == [1, 2, 1]


def test_a_refused_payment_takes_no_number(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(InsufficientPayment):
        pay(carl, transaction_id=due.pk, amount_paid=Decimal(1))
    assert not ReceiptCounter.objects.exists()


def test_a_payment_that_fails_gives_its_number_back(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with mock.patch("payments.payment.advance", side_effect=RuntimeError):
        with pytest.raises(RuntimeError):
            pay(carl, transaction_id=due.pk, amount_paid=due.total_amount)
    assert not ReceiptCounter.objects.exists()
    paid = pay(carl, transaction_id=due.pk, amount_paid=due.total_amount)
    assert paid.payment.receipt_number == 1


def test_the_key_has_at_least_128_bits(payment):
    assert len(payment.receipt_key) >= 128 / 6
    assert payment.receipt_key != payment.transaction.key


def test_a_receipt_says_what_was_paid_to_whom(client, branch, payment, address):
    branch.address = "12 Leaf Street\nMakati"
    branch.tax_id = "123-456-789"
    branch.save()
    page = client.get(address).content.decode()
    for words in (
        *("Makati", "12 Leaf Street", "123-456-789", "000001", "0001", "Carl"),
        *("Swedish Massage", "60 minutes", "500.00", "Cash", "9,999.00", "9,499.00", "₱"),
    ):
        assert words in page


def test_its_time_is_the_branchs(client, branch, make_transaction):
    with time_machine.travel(datetime.datetime(2026, 11, 22, 20, 30, tzinfo=datetime.UTC)):
        payment = make_transaction(Status.PAID).payment
    page = client.get(f"/receipt/{payment.receipt_key}/").content.decode()
    assert "Nov 23, 2026, 04:30" in page
    assert payment.business_date == datetime.date(2026, 11, 23)


def test_its_figures_are_written_as_the_language_writes_them(client, settings, address):
    settings.LANGUAGES = [*settings.LANGUAGES, ("es", "Spanish")]
    page = client.get(address, headers={"accept-language": "es"}).content.decode()
    assert "9.999,00\xa0₱" in page


def test_a_receipt_without_its_key_is_not_there(client, payment):
    assert client.get("/receipt/guessed/").status_code == 404
    assert client.post("/receipt/guessed/").status_code == 404


def test_the_key_is_exact(client, payment):
    assert client.get(f"/receipt/{payment.receipt_key.swapcase()}/").status_code == 404


def test_it_carries_its_own_address_to_take_along(client, address):
    assert f'src="{address}qr.svg"' in client.get(address).content.decode()
    picture = client.get(f"{address}qr.svg")
    assert picture["Content-Type"] == "image/svg+xml"
    assert picture.content.startswith(b"<?xml")


def test_the_first_print_is_the_original_and_the_others_are_numbered_copies(client, address):
    first, second, third = (client.post(address).content.decode() for _each in range(3))
    assert "COPY" not in first
    assert "COPY 1" in second
    assert "COPY 2" in third


def test_looking_is_not_printing(client, address):
    client.get(address)
    assert not ReceiptPrint.objects.exists()
    assert "COPY" not in client.post(address).content.decode()


def test_paper_that_nobody_counted_is_marked(client, address):
    page = client.get(address).content.decode()
    assert "COPY</p>" in page
    assert "data-print" not in page


def test_a_print_is_kept_with_who_made_it(client, carl, payment, address):
    client.post(address)
    client.force_login(carl.user)
    client.post(address)
    prints = ReceiptPrint.objects.order_by("number").values_list("number", "by")
    assert list(prints) == [(1, None), (2, carl.user.pk)]


def test_a_print_without_our_own_page_is_refused(payment, address):
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403
    assert not ReceiptPrint.objects.exists()


def test_a_print_that_cannot_be_counted_leaves_the_payment(client, payment, address):
    client.raise_request_exception = False
    with mock.patch("payments.models.ReceiptPrint.save", side_effect=RuntimeError):
        assert client.post(address).status_code == 500
    assert Payment.objects.get() == payment
    assert payment.transaction.status == Status.PAID


@pytest.mark.parametrize(("asked", "width"), [("58", "58"), ("80", "80"), ("1", "80"), ("", "80")])
def test_the_paper_is_80_or_58_millimetres_wide(client, address, asked, width):
    assert f'data-width="{width}"' in client.get(f"{address}?width={asked}").content.decode()
