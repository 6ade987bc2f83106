"""Tests of the branch's past sales, as a till finds them."""

import datetime
from decimal import Decimal

import pytest
import time_machine

from payments import payment
from payments.models import Payment
from payments.payment import Given
from payments.refunds import Wanted, refund
from payments.terminal import payment_result
from queueing.states import Status

NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def sell(make_transaction, carl):
    """Sell an hour's massage for 500, with what it is paid in cash."""

    def sell(paid: str = "500", *, tip: str = "0", cashier=carl) -> Payment:
        due = make_transaction(Status.AWAITING_PAYMENT, cashier=cashier)
        payment.pay(
            cashier, transaction_id=due.pk, amount_paid=Decimal(paid), tip_amount=Decimal(tip)
        )
        return Payment.objects.get(transaction=due)

    return sell


@pytest.fixture
def find(client, carl):
    """Ask for sales at Carl's till; return their receipt numbers."""

    def find(sought: str = "") -> list[int]:
        client.force_login(carl.user)
        found = client.get("/api/sales/", {"q": sought}).json()
        return [sale["receipt_number"] for sale in found["sales"]]

    return find


def test_without_a_search_todays_sales_of_all_tills_are_listed(sell, find, cora):
    with time_machine.travel(NOON):
        sell()
    with time_machine.travel(NOON + DAY):
        sell()
        sell(cashier=cora)
        assert find() == [3, 2]


def test_an_earlier_sale_is_found_by_its_receipt_number_however_old(sell, find):
    with time_machine.travel(NOON):
        sell()
    with time_machine.travel(NOON + 200 * DAY):
        assert find("1") == find("000001") == [1]


def test_sales_are_found_by_the_code_that_was_called(sell, find):
    with time_machine.travel(NOON):
        first = sell()
    with time_machine.travel(NOON + DAY):
        again = sell()
        assert first.transaction.code == again.transaction.code == "0001"
        assert find("0001") == [1, 2]  # the receipt of that number, then the latest code


def test_sales_are_found_by_total_by_what_was_received_and_by_a_part(
    sell, find, carl, make_transaction
):
    sell()
    sell("1000", tip="70.50")
    due = make_transaction(Status.AWAITING_PAYMENT)
    parts = [Given("card", Decimal("123.45")), Given("cash", Decimal("376.55"))]
    payment.pay(carl, transaction_id=due.pk, tenders=parts)
    payment_result(carl.user, transaction_id=due.pk, approved=True)
    assert find("500") == find("500.00") == find("₱500.00") == [3, 2, 1]
    assert find("1,000") == [2]
    assert find("123.45") == [3]
    assert find("499.99") == []


def test_codes_and_amounts_are_looked_for_in_the_last_months_only(sell, find):
    with time_machine.travel(NOON):
        sell()
    with time_machine.travel(NOON + 91 * DAY):
        assert find("500") == [1]
    with time_machine.travel(NOON + 92 * DAY):
        assert find("500") == []


@pytest.mark.parametrize("nonsense", ["Ana", "-1", "٣", "9" * 20, "0", "1.2.3", "\0"])
def test_what_names_no_sale_finds_none(sell, find, nonsense):
    sell()
    assert find(nonsense) == []


def test_the_list_says_what_a_sale_was(client, sell, find, carl):
    sell("560", tip="60")
    refund(carl, Wanted(receipt_number=1, amount=Decimal(100), reason="cold"))
    assert find() == [1]
    [sale] = client.get("/api/sales/").json()["sales"]
    assert (sale["amount_due"], sale["tip_amount"], sale["refunded_amount"]) == (
        "500.00",
        "60.00",
        "100.00",
    )
    assert (sale["treatments"], sale["methods"], sale["cashier"]) == (
        ["Swedish Massage"],
        ["cash"],
        "Carl",
    )


def test_sales_of_another_branch_are_not_found(sell, find, other_branch):
    sell()
    Payment.objects.update(branch=other_branch)
    assert find() == find("1") == find("500") == []


def test_many_sales_are_read_with_few_statements(client, carl, sell, captured_statements):
    client.force_login(carl.user)

    def statements() -> int:
        with captured_statements() as sent:
            client.get("/api/sales/", {"q": "500"})
        return len(sent)

    sell()
    before = statements()
    sell()
    sell()
    assert statements() == before


def test_a_sale_that_was_found_is_printed_again_as_a_copy(client, sell, find):
    sold = sell()
    client.post(f"/receipt/{sold.receipt_key}/")
    assert find("1") == [1]
    [sale] = client.get("/api/sales/", {"q": "1"}).json()["sales"]
    again = client.post(f"/receipt/{sale['receipt_key']}/").content.decode()
    assert 'data-testid="copy"' in again
