"""A comparison of the last state shown to customers with the database."""

from collections import Counter

from queueing.models import Transaction, TransactionEvent
from queueing.simulation.day import Tally, Visit
from queueing.states import Status


def wrong_tickets(tally: Tally) -> list[str]:
    """Return every ticket of an ended visit that does not show the database's state, in words.

    Customers leave once they have paid, so they may miss what happens to a paid visit: a refund.
    """
    rows = Transaction.objects.filter(key__in=tally.tickets).values_list("key", "status", "version")
    held = {key: (status, version) for key, status, version in rows}
    later = Counter(
        TransactionEvent.objects.filter(
            transaction__key__in=tally.tickets, from_status=Status.PAID, to_status=Status.PAID
        ).values_list("transaction__key", flat=True)
    )
    return [
        f"customer {ticket['code']} was told {ticket['status']}, the database has {held.get(key)}"
        for key, ticket in tally.tickets.items()
        if key not in held or not _is_right(ticket, *held[key], later[key])
    ]


def _is_right(ticket: Visit, status: str, version: int, later: int) -> bool:
    told: int = ticket["version"]
    return ticket["status"] == status and version - later <= told <= version
