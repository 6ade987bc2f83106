"""The floor's screens, for sockets and for their HTTP twins."""

from functools import partial
from typing import Any

from accounts.auth import Caller
from accounts.models import Branch
from queueing.errors import TransactionNotFound
from queueing.events import BOARD, MONITOR, THERAPISTS, Audience, ticket_topic
from queueing.models import Transaction
from queueing.serializers import serialize_board_row, serialize_transaction
from queueing.snapshots import (
    digest_of,
    digest_of_ticket,
    open_transactions,
    rooms_of,
    transactions_of,
)
from spa_project.lib.screens import Screen


def audience_screen(audience: Audience, branch: Branch, snapshot: Any, **own: Any) -> Screen:
    """A screen of one branch that shows what its audience shows, and its caller's `own`."""
    digest = partial(digest_of, branch.pk, audience.shows, with_rooms=audience.shows_rooms)
    return Screen(audience.topic(branch.pk), snapshot, digest, own)


def therapist_screen(caller: Caller) -> Screen:
    """The line, who is with which therapist, the rooms, and who is looking."""
    branch, therapist = caller.here, caller.therapist

    def snapshot() -> dict[str, Any]:
        return {
            "transactions": transactions_of(branch, THERAPISTS.shows),
            "rooms": rooms_of(branch),
        }

    me = {
        "id": therapist.pk,
        "name": therapist.display_name,
        "room_number": therapist.room_number,
    }
    return audience_screen(THERAPISTS, branch, snapshot, me=me)


def monitor_screen(caller: Caller) -> Screen:
    """The whole floor."""
    branch = caller.here

    def snapshot() -> dict[str, Any]:
        return {
            "transactions": transactions_of(branch, MONITOR.shows),
            "rooms": rooms_of(branch),
        }

    return audience_screen(MONITOR, branch, snapshot)


def board_screen(caller: Caller) -> Screen:
    """The waiting room's TV: codes and rooms."""
    branch = caller.here

    def snapshot() -> dict[str, Any]:
        rows = open_transactions(branch, BOARD.shows)
        return {"transactions": [serialize_board_row(row) for row in rows]}

    return audience_screen(BOARD, branch, snapshot)


def ticket_screen(key: str) -> Screen:
    """A customer's own visit. Raises `TransactionNotFound` for an unknown key."""
    found = Transaction.objects.filter(key=key).values_list("pk", flat=True).first()
    if found is None:
        raise TransactionNotFound

    def snapshot() -> dict[str, Any]:
        return {
            "transaction": serialize_transaction(Transaction.objects.with_people().get(pk=found))
        }

    return Screen(ticket_topic(found), snapshot, partial(digest_of_ticket, found))
