"""Tests of the customer-facing screen of a counter."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from conftest import make_cashier, open_socket, session_of
from payments import counter, payment
from payments.display import display_digests, display_screen
from queueing.states import Status
from spa_project.lib.db.pool import pool
from spa_project.lib.errors import NotFound

pytestmark = pytest.mark.django_db


def rows(branch, number="1"):
    return display_screen(branch, number).read()["transactions"]


def pay(visit, amount="1000.00", **more):
    return payment.pay(
        visit.cashier, transaction_id=visit.pk, amount_paid=Decimal(amount), method="cash", **more
    )


def test_an_idle_counter_shows_no_sale(branch, carl):
    assert rows(branch) == []


def test_a_counter_shows_the_sale_in_payment_there_and_no_other(
    branch, carl, cora, make_transaction
):
    here = make_transaction(Status.AWAITING_PAYMENT, cashier=carl)
    there = make_transaction(Status.AWAITING_PAYMENT, cashier=cora)
    assert [row["id"] for row in rows(branch, "1")] == [here.pk]
    assert [row["id"] for row in rows(branch, "2")] == [there.pk]


def test_the_change_is_shown_for_a_minute(branch, carl, make_transaction):
    paid = pay(make_transaction(Status.AWAITING_PAYMENT, cashier=carl))
    [row] = rows(branch)
    assert row["payment"]["change_amount"] == str(paid.payment.change_amount)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert rows(branch) == []


def test_it_shows_no_name_key_or_reference(branch, carl, make_transaction):
    visit = make_transaction(Status.AWAITING_PAYMENT, cashier=carl)
    type(visit).objects.filter(pk=visit.pk).update(customer_name="Planted")
    paid = pay(visit, reference="planted-reference")
    shown = json.dumps(rows(branch))
    secrets = ["Planted", "planted", "Carl", "Maya", paid.key, paid.payment.receipt_key]
    assert [secret for secret in secrets if secret in shown] == []


def test_a_counter_of_another_branch_is_not_found(branch, carl, other_branch):
    make_cashier("Otto", other_branch, "9")
    with pytest.raises(NotFound):
        display_screen(branch, "9")


def test_a_counter_of_the_same_number_shows_its_own_branch(
    branch, other_branch, carl, mona, make_transaction
):
    make_transaction(Status.AWAITING_PAYMENT, cashier=carl)
    make_cashier("Otto", other_branch, "1")
    assert rows(other_branch) == []


def test_the_digest_counts_what_is_shown(branch, carl, make_transaction):
    make_transaction(Status.AWAITING_PAYMENT, cashier=carl)
    source = display_screen(branch, "1").digest
    digest = display_digests([source.key])[source.key]
    shown = rows(branch)
    assert digest["count"] == len(shown) == 1
    assert digest["versions"] == shown[0]["version"]


def test_all_digests_are_read_in_four_queries(branch, carl, cora, django_assert_num_queries):
    places = [display_screen(branch, number).digest.key for number in ("1", "2")]
    with django_assert_num_queries(4):
        display_digests(places)


def test_a_counter_with_a_stroke_in_its_name_has_a_page(branch, mona):
    make_cashier("Otto", branch, "A/1 Süd")
    assert session_of(mona).get("/display/A/1 Süd/").status_code == 200


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_the_screen_follows_claim_release_and_payment(branch, mona, carl, make_transaction):
    visit = await pool.run(make_transaction, Status.FINISHED)
    async with open_socket("/ws/display/1/", mona) as display:
        assert (await display.hear("snapshot"))["data"]["transactions"] == []
        statuses = []
        for step in (
            lambda: counter.claim_next(carl),
            lambda: counter.release(carl.user, transaction_id=visit.pk),
            lambda: counter.claim_next(carl),
            lambda: payment.pay(carl, transaction_id=visit.pk, amount_paid=Decimal(1000)),
        ):
            await pool.run(step)
            heard = await display.hear("display_updated")
            statuses.append(heard["data"]["transaction"]["status"])
    assert statuses == ["awaiting_payment", "finished", "awaiting_payment", "paid"]
