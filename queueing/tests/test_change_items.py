"""Tests of adding and removing services during the treatment."""

from decimal import Decimal

import pytest

from conftest import make_offer
from queueing import services
from queueing.errors import EmptySelection, ServiceNotFound, TransactionNotFound, WrongState
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.errors import Invalid


def test_an_added_service_counts_at_once(maya, compress, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    services.add_service(maya, transaction_id=treated.pk, service_classification_id=compress.pk)
    treated.refresh_from_db()
    assert treated.total_amount == Decimal("600.50")
    assert treated.total_duration_minutes == 70
    assert treated.items.count() == 2


def test_what_was_done_is_written_down(maya, compress, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    services.add_service(maya, transaction_id=treated.pk, service_classification_id=compress.pk)
    event = treated.events.last()
    assert event.by == maya.user
    assert event.reason == "+ Swedish Massage · Hot compress"


def test_a_removed_service_no_longer_counts(maya, hour, compress, make_transaction):
    treated = make_transaction(Status.IN_SERVICE, choices=[Choice(hour.pk), Choice(compress.pk)])
    item = treated.items.get(service_classification=compress)
    services.remove_item(maya, transaction_id=treated.pk, item_id=item.pk)
    treated.refresh_from_db()
    assert treated.total_amount == Decimal("500.00")
    assert [kept.service_classification for kept in treated.items.all()] == [hour]


def test_the_last_service_stays(maya, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    with pytest.raises(EmptySelection):
        services.remove_item(maya, transaction_id=treated.pk, item_id=treated.items.get().pk)
    assert treated.items.count() == 1


def test_an_item_of_another_customer_cannot_be_removed(maya, noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    other = make_transaction(Status.IN_SERVICE, therapist=noor)
    with pytest.raises(ServiceNotFound):
        services.remove_item(maya, transaction_id=treated.pk, item_id=other.items.get().pk)


def test_an_inactive_service_cannot_be_added(maya, compress, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    compress.active = False
    compress.save()
    with pytest.raises(ServiceNotFound):
        services.add_service(maya, transaction_id=treated.pk, service_classification_id=compress.pk)


@pytest.mark.parametrize("status", [Status.THERAPIST_CONFIRMED, Status.FINISHED])
def test_nothing_changes_before_or_after_the_treatment(maya, compress, make_transaction, status):
    transaction = make_transaction(status)
    with pytest.raises(WrongState):
        services.add_service(
            maya, transaction_id=transaction.pk, service_classification_id=compress.pk
        )


def test_a_stranger_cannot_change_a_treatment(noor, compress, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    with pytest.raises(TransactionNotFound):
        services.add_service(noor, transaction_id=treated.pk, service_classification_id=compress.pk)


def test_treatments_too_dear_together_are_refused_in_words(branch, maya, massage, make_transaction):
    dear = make_offer(massage, "Gold", "99999999.99", 60)
    with pytest.raises(Invalid, match=r"total can't exceed ₱99,999,999\.99"):
        services.confirm_selection(branch, choices=[Choice(dear.pk, 2)])
    treated = make_transaction(Status.IN_SERVICE, choices=[Choice(dear.pk)])
    with pytest.raises(Invalid, match="total can't exceed"):
        services.add_service(maya, transaction_id=treated.pk, service_classification_id=dear.pk)
    treated.refresh_from_db()
    assert treated.total_amount == Decimal("99999999.99")
    assert treated.items.count() == 1


def test_a_sent_order_is_answered_again_though_it_has_become_too_dear(branch, massage):
    offer = make_offer(massage, "Gold", "600.00", 60)
    choices, request_id = [Choice(offer.pk, 2)], "once-and-again"
    first = services.confirm_selection(branch, choices=choices, request_id=request_id)
    type(offer).objects.update(price=Decimal("99999999.99"))
    again = services.confirm_selection(branch, choices=choices, request_id=request_id)
    assert again == first
