"""The displayed price is the charged price, and nothing is done at another."""

from decimal import Decimal

import pytest

from queueing import services
from queueing.errors import PriceChanged
from queueing.models import Transaction, TransactionEvent, TransactionItem
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.errors import Conflict

DISPLAYED = Decimal("500.00")
NEW = Decimal("530.00")


def order(branch, offer, expected_total=DISPLAYED, request_id="tap-00001") -> Transaction:
    return services.confirm_selection(
        branch, choices=[Choice(offer.pk)], expected_total=expected_total, request_id=request_id
    )


def reprice(offer) -> None:
    offer.price = NEW
    offer.save()


def test_an_order_at_the_displayed_total_is_taken(branch, hour, compress):
    transaction = services.confirm_selection(
        branch, choices=[Choice(hour.pk), Choice(compress.pk, 2)], expected_total=Decimal("701.00")
    )
    assert transaction.total_amount == Decimal("701.00")


def test_an_order_at_another_total_is_refused_with_the_new_figures(branch, hour, client):
    reprice(hour)
    with pytest.raises(PriceChanged) as refusal:
        order(branch, hour)
    assert refusal.value.as_reply() == {
        "ok": False,
        "code": "price_changed",
        "error": "The price changed from ₱500.00 to ₱530.00. Please check and confirm again.",
        "total_amount": "530.00",
        "menu": client.get("/api/menu/").json()["version"],
    }
    assert not Transaction.objects.exists()
    assert not TransactionItem.objects.exists()
    assert not TransactionEvent.objects.exists()


def test_the_refused_request_may_be_sent_again_at_the_new_total(branch, hour):
    reprice(hour)
    with pytest.raises(PriceChanged):
        order(branch, hour)
    assert order(branch, hour, NEW).total_amount == NEW


def test_the_same_order_again_gets_the_first_customer_though_the_price_changed(branch, hour):
    first = order(branch, hour)
    reprice(hour)
    again = order(branch, hour)
    assert (again, again.total_amount) == (first, DISPLAYED)
    assert Transaction.objects.count() == 1


def test_the_same_order_again_gets_the_first_customer_though_the_service_is_gone(branch, hour):
    first = order(branch, hour)
    hour.active = False
    hour.save()
    assert order(branch, hour) == first


def test_the_same_request_at_another_displayed_total_is_a_conflict(branch, hour):
    order(branch, hour)
    reprice(hour)
    with pytest.raises(Conflict):
        order(branch, hour, NEW)
    assert Transaction.objects.count() == 1


def test_a_program_that_displays_nothing_pays_the_price_of_the_menu(branch, hour):
    reprice(hour)
    assert order(branch, hour, None).total_amount == NEW


def test_an_added_service_at_another_price_is_refused_with_the_new_one(
    maya, compress, make_transaction
):
    treated = make_transaction(Status.IN_SERVICE)
    displayed = compress.price
    reprice(compress)
    addition = {"transaction_id": treated.pk, "service_classification_id": compress.pk}
    with pytest.raises(PriceChanged) as refusal:
        services.add_service(maya, **addition, expected_price=displayed)
    assert refusal.value.as_reply()["total_amount"] == "530.00"
    before = treated.version
    treated.refresh_from_db()
    assert (treated.version, treated.items.count()) == (before, 1)
    added = services.add_service(maya, **addition, expected_price=NEW)
    assert added.total_amount == DISPLAYED + NEW


def test_over_http_the_refusal_is_409(branch, hour, client):
    reprice(hour)
    items = [{"service_classification_id": hour.pk}]
    answer = client.post(
        f"/api/commands/customer_confirm_selection/?branch={branch.slug}",
        {"items": items, "expected_total": "500"},
        "application/json",
    )
    assert answer.status_code == 409
    assert answer.json()["total_amount"] == "530.00"
