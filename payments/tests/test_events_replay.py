"""Old screen + events = new screen, when the money is taken."""

import pytest

from payments.services import pay
from queueing.events import AUDIENCES
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


def test_the_customer_sees_the_change(carl, make_transaction, heard):
    due = make_transaction(Status.AWAITING_PAYMENT)
    sent = heard(lambda: pay(carl, transaction_id=due.pk, amount_paid=due.total_amount + 20))
    [ticket] = [data for _topic, event, data in sent if event == "customer_txn_update"]
    assert ticket["transaction"]["payment"]["change_amount"] == "20.00"
