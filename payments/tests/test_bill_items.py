"""Tests of changing the treatments of a bill before payment."""

from decimal import Decimal

import pytest

from payments.bill_items import add_item, remove_item
from payments.payment import pay
from queueing.day_summary import day_of_therapist
from queueing.errors import (
    EmptySelection,
    PriceChanged,
    ServiceNotFound,
    TransactionNotFound,
    WrongState,
)
from queueing.models import TransactionEvent, TransactionItem
from queueing.services import Choice
from queueing.states import Status


@pytest.fixture
def due(make_transaction, hour, compress):
    return make_transaction(Status.AWAITING_PAYMENT, choices=[Choice(hour.pk), Choice(compress.pk)])


def test_a_forgotten_treatment_is_added_and_paid(branch, maya, carl, compress, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    added = add_item(
        carl.user,
        transaction_id=due.pk,
        service_classification_id=compress.pk,
        expected_price=Decimal("100.50"),
    )
    assert added.total_amount == Decimal("600.50")
    pay(carl, transaction_id=due.pk, amount_paid=Decimal("600.50"))
    assert day_of_therapist(branch, maya)["amount"] == "600.50"


def test_a_treatment_not_given_is_removed_for_a_reason(branch, maya, carl, due):
    [_hour, compress] = due.items.all()
    left = remove_item(carl.user, transaction_id=due.pk, item_id=compress.pk, reason="not done")
    assert left.total_amount == Decimal("500.00")
    assert day_of_therapist(branch, maya)["amount"] == "500.00"
    event = TransactionEvent.objects.filter(transaction=due).latest("version")
    assert event.reason == "- Swedish Massage · Hot compress: not done"
    assert event.by == carl.user


def test_the_customers_page_follows(carl, compress, make_transaction, heard):
    due = make_transaction(Status.AWAITING_PAYMENT)
    sent = heard(
        lambda: add_item(carl.user, transaction_id=due.pk, service_classification_id=compress.pk)
    )
    [ticket] = [data for _topic, event, data in sent if event == "customer_txn_update"]
    assert ticket["transaction"]["amount_due"] == "600.50"


def test_a_treatment_is_added_at_the_displayed_price_only(carl, due, hour):
    with pytest.raises(PriceChanged):
        add_item(
            carl.user,
            transaction_id=due.pk,
            service_classification_id=hour.pk,
            expected_price=Decimal("430.00"),
        )
    assert TransactionItem.objects.count() == 2


def test_the_last_treatment_stays(carl, make_transaction):
    due = make_transaction(Status.AWAITING_PAYMENT)
    with pytest.raises(EmptySelection):
        remove_item(carl.user, transaction_id=due.pk, item_id=due.items.get().pk, reason="no")


def test_an_item_of_another_visit_is_not_found(carl, noor, due, make_transaction):
    other = make_transaction(Status.FINISHED, therapist=noor)
    with pytest.raises(ServiceNotFound):
        remove_item(carl.user, transaction_id=due.pk, item_id=other.items.get().pk, reason="no")


def test_a_bill_is_changed_at_its_own_counter_before_payment(carl, cora, maria, due, hour):
    with pytest.raises(TransactionNotFound):
        add_item(cora.user, transaction_id=due.pk, service_classification_id=hour.pk)
    add_item(maria, transaction_id=due.pk, service_classification_id=hour.pk)
    pay(carl, transaction_id=due.pk, amount_paid=Decimal("1100.50"))
    with pytest.raises(WrongState):
        add_item(carl.user, transaction_id=due.pk, service_classification_id=hour.pk)


def test_the_till_asks_for_no_consent(branch, carl, compress, make_transaction):
    for here in (branch, carl.user.branch):
        here.asks_consent = True
        here.save()
    due = make_transaction(Status.AWAITING_PAYMENT)
    after = add_item(carl.user, transaction_id=due.pk, service_classification_id=compress.pk)
    assert [item.consent for item in after.item_list] == ["", ""]
