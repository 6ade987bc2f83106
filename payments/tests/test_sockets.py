"""Tests of the cashier's socket."""

from typing import Any

import pytest

from conftest import open_socket
from payments.models import Payment
from queueing.states import Status
from spa_project.lib.db.pool import pool

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


async def test_a_cashier_claims_and_takes_the_money(carl, make_transaction):
    done = await pool.run(make_transaction, Status.FINISHED)
    async with open_socket("/ws/cashier/", carl.user) as desk:
        snapshot = (await desk.hear("snapshot"))["data"]
        assert snapshot["me"] == {"id": carl.pk, "name": "Carl", "counter_number": "1"}
        assert [row["code"] for row in snapshot["transactions"]] == ["0001"]
        claimed = await desk.ask("cashier_claim_next")
        assert claimed["transaction"]["cashier"] == "Carl"
        paid = await desk.ask("cashier_pay", transaction_id=done.pk, amount_paid="600")
        assert paid["transaction"]["status"] == "paid"
        assert paid["transaction"]["payment"]["change_amount"] == "100.00"


BAD_AMOUNTS: tuple[Any, ...] = (
    *(150, 0.1, 1e400, float("nan"), float("inf"), -0.0, True, None, [], {}),
    *("NaN", "Infinity", "1e400", "1e2", "1e999999999", "-5", "+5", "", " 12 ", "12\n", "1_000"),
    *("1,000", "１２", "٣", "12.345", "100000000.00", "0x10", "9" * 5000),
)


@pytest.mark.sample(8)
@pytest.mark.parametrize("amount", BAD_AMOUNTS, ids=lambda amount: repr(amount)[:20])
async def test_what_is_not_an_amount_is_refused_and_changes_nothing(carl, make_transaction, amount):
    due = await pool.run(make_transaction, Status.AWAITING_PAYMENT)
    async with open_socket("/ws/cashier/", carl.user) as desk:
        reply = await desk.ask("cashier_pay", transaction_id=due.pk, amount_paid=amount)
        assert (reply["ok"], reply["code"]) == (False, "invalid")
        assert "150.50" in reply["error"]
    await pool.run(due.refresh_from_db)
    assert due.status == Status.AWAITING_PAYMENT
    assert await pool.run(Payment.objects.count) == 0


async def test_too_little_is_refused_and_can_be_mended(carl, make_transaction):
    due = await pool.run(make_transaction, Status.AWAITING_PAYMENT)
    async with open_socket("/ws/cashier/", carl.user) as desk:
        reply = await desk.ask("cashier_pay", transaction_id=due.pk, amount_paid="0")
        assert reply["code"] == "insufficient_payment"
        assert "500.00" in reply["error"]
        reply = await desk.ask("cashier_pay", transaction_id=due.pk, amount_paid="500.00")
        assert reply["ok"]


async def test_a_double_tap_pays_once(carl, make_transaction):
    due = await pool.run(make_transaction, Status.AWAITING_PAYMENT)
    payment = {"transaction_id": due.pk, "amount_paid": "500", "request_id": "one-tap-1"}
    async with open_socket("/ws/cashier/", carl.user) as desk:
        first = await desk.ask("cashier_pay", **payment)
        again = await desk.ask("cashier_pay", **payment)
        assert first["ok"]
        assert again["transaction"] == first["transaction"]
    assert await pool.run(Payment.objects.count) == 1
