"""Tests of convergence: old screen + events = new screen, for payments."""

import pytest

from payments.bill_items import add_item
from payments.counter import claim, release
from payments.discounts import apply_discount
from payments.models import Discount
from payments.payment import pay
from payments.terminal import payment_result
from queueing.events import AUDIENCES
from queueing.snapshots import digests_of
from queueing.states import Status
from queueing.tests.test_events_replay import Display, snapshot_of


@pytest.mark.parametrize("audience", AUDIENCES, ids=lambda audience: audience.name)
def test_a_payment_takes_the_customer_off_every_screen(
    branch, carl, make_transaction, heard, audience
):
    due = make_transaction(Status.AWAITING_PAYMENT)
    display = Display(audience, branch)
    for topic, event, data in heard(
        lambda: pay(carl, transaction_id=due.pk, amount_paid=due.total_amount)
    ):
        if topic == audience.topic(branch.pk):
            display.hear(event, data)
    assert display.rows == snapshot_of(audience, branch) == {}


def claim_by_code(carl, transaction):
    return lambda: claim(carl, code=transaction.code)


def release_at_till(carl, transaction):
    return lambda: release(carl.user, transaction_id=transaction.pk)


def ask_terminal(carl, transaction):
    return lambda: pay(
        carl, transaction_id=transaction.pk, amount_paid=transaction.total_amount, method="card"
    )


def answered(approved):
    def answer(carl, transaction):
        return lambda: payment_result(carl.user, transaction_id=transaction.pk, approved=approved)

    return answer


def change_bill(carl, transaction):
    item = transaction.items.get()
    offer = item.service_classification_id
    return lambda: add_item(
        carl.user, transaction_id=transaction.pk, service_classification_id=offer
    )


def give_discount(carl, transaction):
    Discount.objects.create(code="promo", name="Promo", kind="percent", value=10)
    return lambda: apply_discount(carl.user, transaction_id=transaction.pk, discount="promo")


STEPS = {
    "a treatment more": (Status.AWAITING_PAYMENT, change_bill),
    "a discount": (Status.AWAITING_PAYMENT, give_discount),
    "claimed by code": (Status.FINISHED, claim_by_code),
    "released": (Status.AWAITING_PAYMENT, release_at_till),
    "the terminal is asked": (Status.AWAITING_PAYMENT, ask_terminal),
    "approved": (Status.PAYING, answered(approved=True)),
    "declined": (Status.PAYING, answered(approved=False)),
}


@pytest.mark.parametrize("audience", AUDIENCES, ids=lambda audience: audience.name)
@pytest.mark.parametrize("step", STEPS)
def test_old_screen_plus_events_is_the_new_screen(
    branch, carl, make_transaction, heard, audience, step
):
    status, prepare = STEPS[step]
    is_paying = status == Status.PAYING
    transaction = make_transaction(Status.AWAITING_PAYMENT if is_paying else status)
    if is_paying:
        ask_terminal(carl, transaction)()
    take_step = prepare(carl, transaction)
    display = Display(audience, branch)
    for topic, event, data in heard(take_step):
        if topic == audience.topic(branch.pk):
            display.hear(event, data)
    assert display.rows == snapshot_of(audience, branch)
    digests = digests_of(audience.shows, [branch.pk], with_rooms=audience.shows_rooms)
    assert display.digest() == digests[branch.pk]


def test_the_customer_sees_the_change(carl, make_transaction, heard):
    due = make_transaction(Status.AWAITING_PAYMENT)
    sent = heard(lambda: pay(carl, transaction_id=due.pk, amount_paid=due.total_amount + 20))
    [ticket] = [data for _topic, event, data in sent if event == "customer_txn_update"]
    assert ticket["transaction"]["payment"]["change_amount"] == "20.00"
