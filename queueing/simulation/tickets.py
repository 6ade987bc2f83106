"""A comparison of the last state shown to customers with the database."""

from queueing.models import Transaction
from queueing.simulation.day import Tally


def wrong_tickets(tally: Tally) -> list[str]:
    """Return every ticket of an ended visit that does not show the database's state, in words."""
    rows = Transaction.objects.filter(key__in=tally.tickets).values_list("key", "status", "version")
    held = {key: (status, version) for key, status, version in rows}
    return [
        f"customer {ticket['code']} was told {ticket['status']}, the database has {held.get(key)}"
        for key, ticket in tally.tickets.items()
        if held.get(key) != (ticket["status"], ticket["version"])
    ]
