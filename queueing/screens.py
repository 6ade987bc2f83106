"""The floor's screens, for sockets and for their HTTP twins."""

from functools import cache
from typing import Any, NotRequired, TypedDict

from accounts.auth import Caller
from accounts.models import Branch, Role
from queueing.errors import TransactionNotFound
from queueing.events import BOARD, MONITOR, THERAPISTS, Audience, menu_topic, ticket_topic
from queueing.models import Transaction
from queueing.rotation import RotationData
from queueing.serializers import (
    BoardRow,
    RoomData,
    SkillData,
    TherapistData,
    TransactionData,
    for_customer,
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
    digests_of_menus,
    digests_of_tickets,
    open_transactions,
    rooms_of,
    rotation_in,
    serialize_setup,
    setup_of,
    setup_row,
    skills_in,
    therapists_of,
    transactions_of,
    waits_of_newcomers,
)
from queueing.statistics import Statistics, statistics_in, statistics_of, takings_in, takings_of
from queueing.wait_estimates import WaitRange
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
    skills: list[SkillData]
    #: Null without a strict rotation.
    rotation: RotationData | None


class TherapistSnapshot(TherapistRows, ServerTime):
    me: TherapistSelf


class MonitorRows(Setup):
    transactions: list[TransactionData]
    rooms: list[RoomData]
    therapists: list[TherapistData]
    skills: list[SkillData]
    #: Null without a strict rotation.
    rotation: RotationData | None
    cashiers: list[CashierData]
    statistics: Statistics


class MonitorSnapshot(MonitorRows, ServerTime):
    #: Managers only.
    revenue_today: NotRequired[str]


class MonitorDigest(FloorDigest):
    statistics: Statistics


class BoardRows(Setup):
    transactions: list[BoardRow]
    #: The branch's own words and picture, both empty without one.
    message: str
    picture: str


class MenuRows(Setup):
    #: How long who orders now will wait, from and to; None where it cannot be known.
    wait_minutes: WaitRange | None


class MenuSnapshot(MenuRows, ServerTime):
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
        setup = setup_row(branch)
        return {
            **serialize_setup(setup),
            "transactions": transactions_of(branch, THERAPISTS.shows),
            "rooms": rooms_of(branch),
            "therapists": therapists_of(branch),
            "skills": skills_in(branch),
            "rotation": rotation_in(setup.branch),
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
        setup = setup_row(branch)
        return {
            **serialize_setup(setup),
            "transactions": transactions_of(branch, MONITOR.shows),
            "rooms": rooms_of(branch),
            "therapists": therapists_of(branch),
            "skills": skills_in(branch),
            "rotation": rotation_in(setup.branch),
            "cashiers": cashiers_of(branch),
            "statistics": statistics_of(branch),
        }

    digest = DigestSource(monitor_digests, branch.pk)
    confidential = takings_screen(branch) if Role.MANAGER in caller.roles else None
    return Screen(MONITOR.topic(branch.pk), snapshot, digest, confidential=confidential)


def monitor_digests(branch_ids: list[int]) -> dict[int, Any]:
    """Return the digests of the rows, and the figures that no row contains."""
    digests = digests_read_for(MONITOR)(branch_ids)
    statistics = statistics_in(Branch.objects.filter(pk__in=branch_ids))
    return {pk: digests[pk] | {"statistics": found} for pk, found in statistics.items()}


def takings_screen(branch: Branch) -> Screen:
    """Return the part of the monitor that only managers see."""
    digest = DigestSource(takings_digests, branch.pk)
    return Screen(f"takings.{branch.pk}", lambda: takings_of(branch), digest)


def takings_digests(branch_ids: list[int]) -> dict[int, Any]:
    """Return the takings, which are small enough to be their own digest."""
    return takings_in(Branch.objects.filter(pk__in=branch_ids))


def menu_screen(branch: Branch) -> Screen:
    """Return the setup behind an open menu, and how long who orders now will wait."""

    def snapshot() -> MenuRows:
        waits = waits_of_newcomers([branch.pk])
        return {**setup_of(branch), "wait_minutes": waits.get(branch.pk)}

    return Screen(menu_topic(branch.pk), snapshot, DigestSource(digests_of_menus, branch.pk))


def board_screen(caller: Caller) -> Screen:
    """Return the public board: codes, rooms and counters, and what the branch shows there."""
    branch = caller.here

    def snapshot() -> BoardRows:
        setup = setup_of(branch)
        rows = open_transactions(branch, BOARD.shows)
        now = Branch.objects.get(pk=branch.pk)
        return {
            **setup,
            "transactions": [serialize_board_row(row) for row in rows],
            "message": now.board_message,
            "picture": now.board_picture.url if now.board_picture else "",
        }

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
            "transaction": for_customer(serialize_transaction(visit)),
            "before": place["before"],
            "wait_minutes": place["wait_minutes"],
        }

    return Screen(ticket_topic(found), snapshot, DigestSource(digests_of_tickets, found))
