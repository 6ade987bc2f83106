"""A price changes between the display and the confirmation, in other processes."""

from decimal import Decimal

import pytest

from accounts.models import Branch
from catalog.models import ServiceClassification
from queueing import services
from queueing.errors import PriceChanged
from queueing.models import Transaction
from queueing.services import Choice
from spa_project.tests.concurrency import shared_workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CUSTOMERS = 3
ROUNDS = 10


workers = shared_workers(CUSTOMERS + 1)


def reprice(offer: int, price: Decimal) -> None:
    ServiceClassification.objects.filter(pk=offer).update(price=price)


def order(branch: int, offer: int, displayed: Decimal) -> tuple[str, Decimal]:
    """Order at a displayed price; return what is charged, or the new price of the refusal."""
    try:
        transaction = services.confirm_selection(
            Branch.objects.get(pk=branch), choices=[Choice(offer)], expected_total=displayed
        )
    except PriceChanged as refusal:
        return refusal.code, refusal.charged
    return "ok", transaction.total_amount


def test_everybody_is_charged_what_they_saw_or_told_the_new_price(branch, hour, workers):
    old, new = Decimal("500.00"), Decimal("530.00")
    taken = 0
    for _round in range(ROUNDS):
        customer = (order, branch.pk, hour.pk, old)
        repriced, *outcomes = workers.at_once([(reprice, hour.pk, new), *[customer] * CUSTOMERS])
        assert repriced is None
        assert set(outcomes) <= {("ok", old), ("price_changed", new)}
        taken += outcomes.count(("ok", old))
        assert workers.at_once([customer]) == [("price_changed", new)]
        assert order(branch.pk, hour.pk, new) == ("ok", new)
        old, new = new, old
    totals = Transaction.objects.values_list("total_amount", flat=True)
    assert len(totals) == taken + ROUNDS
