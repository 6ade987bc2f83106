"""Tests of a cashier's own day."""

import datetime

import pytest
import time_machine

from payments.payment import pay
from payments.terminal import payment_result
from queueing.states import Status

ADDRESS = "/api/days/cashier/"
NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)


@pytest.fixture
def till(client, carl):
    client.force_login(carl.user)
    return client


def test_an_empty_day(till):
    day = till.get(ADDRESS).json()
    assert (day["count"], day["amount"], day["totals"], day["payments"]) == (0, "0.00", [], [])


def test_the_day_has_the_latest_first_and_totals_by_method(till, carl, make_transaction):
    make_transaction(Status.PAID)
    make_transaction(Status.PAID)
    due = make_transaction(Status.AWAITING_PAYMENT)
    pay(carl, transaction_id=due.pk, amount_paid=due.total_amount, method="card")
    payment_result(carl.user, transaction_id=due.pk, approved=True, reference="A1")
    day = till.get(ADDRESS).json()
    assert (day["count"], day["amount"]) == (3, "1500.00")
    assert day["totals"] == [
        {"method": "cash", "name": "Cash", "count": 2, "amount": "1000.00"},
        {"method": "card", "name": "Card", "count": 1, "amount": "500.00"},
    ]
    assert [taken["receipt_number"] for taken in day["payments"]] == [3, 2, 1]
    assert day["payments"][0]["reference"] == "A1"


def test_what_another_cashier_took_is_not_in_it(till, cora, make_transaction):
    make_transaction(Status.PAID, cashier=cora)
    assert till.get(ADDRESS).json()["count"] == 0


def test_a_day_ends_when_the_branch_says(till, make_transaction):
    with time_machine.travel(NOON):
        make_transaction(Status.PAID)
        assert till.get(ADDRESS).json()["count"] == 1
    with time_machine.travel(NOON + datetime.timedelta(hours=15, minutes=59)):  # 3:59 at the spa
        assert till.get(ADDRESS).json()["count"] == 1
    with time_machine.travel(NOON + datetime.timedelta(hours=16)):
        assert till.get(ADDRESS).json()["count"] == 0


def test_fifty_are_shown_and_all_are_counted(till, make_transaction, monkeypatch):
    monkeypatch.setattr("payments.day_summary.SHOWN", 2)
    for _each in range(3):
        make_transaction(Status.PAID)
    day = till.get(ADDRESS).json()
    assert (day["count"], len(day["payments"])) == (3, 2)


def test_the_same_day_is_sent_once(till, make_transaction):
    first = till.get(ADDRESS)
    assert till.get(ADDRESS, headers={"if-none-match": first["ETag"]}).status_code == 304
    make_transaction(Status.PAID)
    assert till.get(ADDRESS, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_it_is_for_cashiers_only(client, maya):
    assert client.get(ADDRESS).status_code == 401
    client.force_login(maya.user)
    assert client.get(ADDRESS).status_code == 403
