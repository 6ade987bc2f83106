"""The floor's screens, for sockets and for their HTTP twins."""

from functools import cache
from typing import Any, NotRequired, TypedDict

from accounts.auth import Caller
from accounts.models import Branch, Role
from queueing.errors import TransactionNotFound
from queueing.events import BOARD, MONITOR, THERAPISTS, Audience, menu_topic, ticket_topic
from queueing.models import Transaction
from queueing.serializers import (
    BoardRow,
    RoomData,
    TherapistData,
    TransactionData,
    serialize_board_row,
    serialize_transaction,
)
from queueing.snapshots import (
    CashierData,
    FloorDigest,
    Place,
    Setup,
    cashiers_of,
    digests_of,
    digests_of_tickets,
    open_transactions,
    rooms_of,
    setup_digests,
    setup_of,
    therapists_of,
    transactions_of,
)
from queueing.statistics import Statistics, statistics_of, takings_of
from spa_project.lib.realtime.screen import DigestSource, ReadAll, Screen, ServerTime


class TherapistSelf(TypedDict):
    """The therapist who is logged in."""

    id: int
    name: str
    room_number: str
    #: Empty when it is not stated.
    gender: str
    shared_rooms: bool


class TherapistRows(Setup):
    transactions: list[TransactionData]
    rooms: list[RoomData]
    therapists: list[TherapistData]


class TherapistSnapshot(TherapistRows, ServerTime):
    me: TherapistSelf


class MonitorRows(Setup):
    transactions: list[TransactionData]
    rooms: list[RoomData]
    therapists: list[TherapistData]
    cashiers: list[CashierData]
    statistics: Statistics


class MonitorSnapshot(MonitorRows, ServerTime):
    #: Managers only.
    revenue_today: NotRequired[str]


class MonitorDigest(FloorDigest):
    statistics: Statistics


class BoardRows(Setup):
    transactions: list[BoardRow]


class MenuSnapshot(Setup, ServerTime):
    """The snapshot of an open menu, on a kiosk or a phone."""


class BoardSnapshot(BoardRows, ServerTime):
    """The snapshot of the public board."""


class TicketRows(Setup, Place):
    transaction: TransactionData


class TicketSnapshot(TicketRows, ServerTime):
    """The snapshot of a customer's own visit."""


def audience_screen(audience: Audience, branch: Branch, snapshot: Any, **own: Any) -> Screen:
    """Return a screen of one branch that shows its audience's rows, and its caller's `own`."""
    digest = DigestSource(digests_read_for(audience), branch.pk)
    return Screen(audience.topic(branch.pk), snapshot, digest, own)


@cache
def digests_read_for(audience: Audience) -> ReadAll:
    """Return the function that reads the digests of all screens of this kind, always the same."""

    def read(branch_ids: list[int]) -> dict[int, Any]:
        return digests_of(audience.shows, branch_ids, with_rooms=audience.shows_rooms)

    return read


def therapist_screen(caller: Caller) -> Screen:
    """Return the line, the therapists' customers, the rooms, and the therapist."""
    branch, therapist = caller.here, caller.therapist

    def snapshot() -> TherapistRows:
        return {
            **setup_of(branch),
            "transactions": transactions_of(branch, THERAPISTS.shows),
            "rooms": rooms_of(branch),
            "therapists": therapists_of(branch),
        }

    me: TherapistSelf = {
        "id": therapist.pk,
        "name": therapist.display_name,
        "room_number": therapist.room_number,
        "gender": therapist.gender,
        "shared_rooms": branch.shared_rooms,
    }
    return audience_screen(THERAPISTS, branch, snapshot, me=me)


def monitor_screen(caller: Caller) -> Screen:
    """Return the whole floor and the day's figures, for managers also its takings."""
    branch = caller.here

    def snapshot() -> MonitorRows:
        return {
            **setup_of(branch),
            "transactions": transactions_of(branch, MONITOR.shows),
            "rooms": rooms_of(branch),
            "therapists": therapists_of(branch),
            "cashiers": cashiers_of(branch),
            "statistics": statistics_of(branch),
        }

    digest = DigestSource(monitor_digests, branch.pk)
    confidential = takings_screen(branch) if Role.MANAGER in caller.roles else None
    return Screen(MONITOR.topic(branch.pk), snapshot, digest, confidential=confidential)


def monitor_digests(branch_ids: list[int]) -> dict[int, Any]:
    """Return the digests of the rows, and the figures that no row contains."""
    digests = digests_read_for(MONITOR)(branch_ids)
    branches = Branch.objects.in_bulk(branch_ids)
    return {
        pk: digests[pk] | {"statistics": statistics_of(branch)} for pk, branch in branches.items()
    }


def takings_screen(branch: Branch) -> Screen:
    """Return the part of the monitor that only managers see."""
    digest = DigestSource(takings_digests, branch.pk)
    return Screen(f"takings.{branch.pk}", lambda: takings_of(branch), digest)


def takings_digests(branch_ids: list[int]) -> dict[int, Any]:
    """Return the takings, which are small enough to be their own digest."""
    branches = Branch.objects.in_bulk(branch_ids)
    return {pk: takings_of(branch) for pk, branch in branches.items()}


def menu_screen(branch: Branch) -> Screen:
    """Return the setup behind an open menu."""
    digest = DigestSource(setup_digests, branch.pk)
    return Screen(menu_topic(branch.pk), lambda: setup_of(branch), digest)


def board_screen(caller: Caller) -> Screen:
    """Return the public board: codes and rooms."""
    branch = caller.here

    def snapshot() -> BoardRows:
        setup = setup_of(branch)
        rows = open_transactions(branch, BOARD.shows)
        return {**setup, "transactions": [serialize_board_row(row) for row in rows]}

    return audience_screen(BOARD, branch, snapshot)


def ticket_screen(key: str) -> Screen:
    """Return a customer's own visit; raise `TransactionNotFound` for an unknown key."""
    of_key = Transaction.objects.filter(key=key).select_related("branch").only("branch")
    visited = of_key.first()
    if visited is None:
        raise TransactionNotFound
    found, branch = visited.pk, visited.branch

    def snapshot() -> TicketRows:
        setup = setup_of(branch)
        visit = Transaction.objects.with_people().get(pk=found)
        place = digests_of_tickets([found])[found]
        return {
            **setup,
            "transaction": serialize_transaction(visit),
            "before": place["before"],
            "wait_minutes": place["wait_minutes"],
        }

    return Screen(ticket_topic(found), snapshot, DigestSource(digests_of_tickets, found))
