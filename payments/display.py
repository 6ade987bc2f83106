"""The customer-facing screen of a counter: the sale at its till, and for a minute the paid one."""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

from django.utils import timezone

from accounts.models import Branch, Cashier
from payments.models import Payment
from queueing.events import display_topic
from queueing.models import Transaction
from queueing.serializers import DisplayRow, for_display, serialize_transaction
from queueing.snapshots import Digest, Setup, setup_digests, setup_of
from spa_project.lib.errors import NotFound
from spa_project.lib.realtime.screen import DigestSource, Screen, ServerTime

#: For how long the change is shown, unless the next customer comes before.
PAID_SHOWN = timedelta(minutes=1)


class Place(NamedTuple):
    """A counter of a branch."""

    branch_id: int
    counter_number: str


class Shown(NamedTuple):
    """A sale on a screen, as far as its digest needs it."""

    pk: int
    version: int


class DisplayRows(Setup):
    transactions: list[DisplayRow]


class DisplaySnapshot(DisplayRows, ServerTime):
    """The snapshot of a counter's customer-facing screen."""


def display_screen(branch: Branch, counter_number: str) -> Screen:
    """Return the screen of one counter; raise `NotFound` where nobody of the branch works."""
    place = Place(branch.pk, counter_number)
    if not (counter_number and _cashiers_at({place})):
        raise NotFound

    def snapshot() -> DisplayRows:
        setup = setup_of(branch)
        keys = [each.pk for each in shown_at({place})[place]]
        rows = Transaction.objects.with_people().filter(pk__in=keys)
        return {
            **setup,
            "transactions": [
                for_display(serialize_transaction(row))
                for row in rows.order_by("cashier_claimed_at", "pk")
            ],
        }

    topic = display_topic(branch.pk, counter_number)
    return Screen(topic, snapshot, DigestSource(display_digests, place))


def display_digests(places: Collection[Place]) -> dict[Place, Digest]:
    """Return the digests of these counters' screens; all of them in four queries."""
    setups = setup_digests({place.branch_id for place in places})
    shown = shown_at(places)
    return {
        place: {
            "count": len(shown[place]),
            "versions": sum(each.version for each in shown[place]),
            "setup": setups[place.branch_id]["setup"],
        }
        for place in places
    }


def shown_at(places: Collection[Place]) -> dict[Place, list[Shown]]:
    """Return the sales that these counters' screens show now."""
    cashiers = _cashiers_at(places)
    since = timezone.now() - PAID_SHOWN
    # The day, because the index of a cashier's payments has it; two, as branches count their own.
    paid = Payment.objects.filter(
        cashier__in=cashiers,
        business_date__gte=since.date() - timedelta(days=1),
        created_at__gt=since,
    )
    at_till = Transaction.objects.filter(active_cashier__in=cashiers)
    rows = [
        *at_till.values_list("active_cashier", "branch", "pk", "version"),
        *paid.values_list("cashier", "branch", "transaction", "transaction__version"),
    ]
    shown: dict[Place, list[Shown]] = defaultdict(list)
    for cashier_id, branch_id, pk, version in rows:
        place = cashiers[cashier_id]
        if place.branch_id == branch_id:
            shown[place].append(Shown(pk, version))
    return shown


def _cashiers_at(places: Collection[Place]) -> dict[int, Place]:
    """Return the counter of each cashier who works at one of these.

    Compared here: for MariaDB's collation counter "A" equals "a".
    """
    people = Cashier.objects.filter(user__branch__in={place.branch_id for place in places})
    found = people.values_list("pk", "user__branch", "counter_number")
    at = {pk: Place(branch_id, number) for pk, branch_id, number in found if branch_id}
    return {pk: place for pk, place in at.items() if place in places}
