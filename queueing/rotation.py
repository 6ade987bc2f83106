"""The rotation of a branch as it is now, read from its turn ledger and the therapists' presence."""

import datetime
from collections.abc import Collection, Iterable
from itertools import takewhile
from typing import NamedTuple, TypedDict

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from accounts.models import Branch, Presence, PresenceKind, TurnMode
from accounts.presence import open_in
from queueing.models import RoomStatus, RotationLock, Transaction, TurnEntry
from queueing.turns import Standing, Turn, figure, standings


class Present(NamedTuple):
    """A therapist who has clocked in."""

    therapist_id: int
    name: str
    gender: str
    since: datetime.datetime
    #: On duty, without a customer, and with a room: they could call the next customer now.
    is_free: bool


class Rotation(NamedTuple):
    """The order of those who have clocked in, and who they are."""

    order: list[Standing]
    people: dict[int, Present]
    business_date: datetime.date
    #: How many rows the ledger has.
    version: int
    #: Whether any available room will do.
    shared_rooms: bool

    def quarters_of(self, therapist_id: int) -> int | None:
        """Return what a therapist has, None when they have not clocked in."""
        return next((it.quarters for it in self.order if it.therapist_id == therapist_id), None)


class StandingData(TypedDict):
    therapist_id: int
    name: str
    #: Turns with decimals, such as "2.5".
    turns: str
    since: str


class RotationData(TypedDict):
    """The order of the rotation, who is next first, with those who are busy or on a break."""

    business_date: str
    #: Grows with every row of the day's ledger.
    version: int
    #: Whether whoever has no ready room of their own takes another one.
    shared_rooms: bool
    order: list[StandingData]


def is_strict(branch: Branch) -> bool:
    """Return whether the branch has a strict rotation."""
    return branch.turn_mode == TurnMode.STRICT


def lock_rotation(branch: Branch) -> None:
    """Lock the branch's rotation, so that its claims follow one another."""
    locks = RotationLock.objects.select_for_update().filter(branch=branch)
    if not locks.values_list("pk").first():
        RotationLock.objects.get_or_create(branch=branch)
        locks.values_list("pk").first()


def entries_of(branch_id: int, business_date: datetime.date) -> QuerySet[TurnEntry]:
    """Return the rows of a day's ledger, oldest first."""
    return TurnEntry.objects.filter(branch=branch_id, business_date=business_date).order_by("pk")


def rotation_of(branch: Branch) -> Rotation:
    """Return the branch's rotation now, in two statements."""
    day = branch.business_date()
    people = {it.therapist_id: it for it in _present(branch, day)}
    columns = ("therapist_id", "transaction_id", "quarters", "kind", "at")
    turns = [Turn(*row) for row in entries_of(branch.pk, day).values_list(*columns)]
    since = {pk: it.since for pk, it in people.items()}
    return Rotation(standings(turns, since), people, day, len(turns), branch.shared_rooms)


def _present(branch: Branch, day: datetime.date) -> Iterable[Present]:
    visits = Transaction.objects.filter(active_therapist=OuterRef("active_therapist"))
    first = Presence.objects.filter(
        therapist=OuterRef("therapist"), branch=branch, business_date=day
    ).order_by("began_at")
    rows = open_in({branch.pk: day}).annotate(
        has_customer=Exists(visits), came_at=Subquery(first.values("began_at")[:1])
    )
    columns = (
        "therapist_id",
        "active_therapist__display_name",
        "active_therapist__gender",
        "came_at",
        "kind",
        "has_customer",
        "active_therapist__own_room__status",
    )
    for pk, name, gender, since, kind, has_customer, room in rows.values_list(*columns):
        # In an occupied room of their own is a colleague, who left them theirs.
        has_room = branch.shared_rooms or room in (RoomStatus.AVAILABLE, RoomStatus.OCCUPIED)
        is_free = kind == PresenceKind.ON_DUTY and not has_customer and has_room
        yield Present(pk, name, gender, since, is_free)


def free_before(rotation: Rotation, therapist_id: int) -> list[Present]:
    """Return who could call a customer now and comes before a therapist; next one first.

    Whoever has not clocked in comes after all.
    """
    before = list(takewhile(lambda it: it.therapist_id != therapist_id, rotation.order))
    people = [rotation.people[it.therapist_id] for it in before]
    return [person for person in people if person.is_free]


def serialize_rotation(rotation: Rotation) -> RotationData:
    """Return a rotation for the screens of staff."""
    return {
        "business_date": rotation.business_date.isoformat(),
        "version": rotation.version,
        "shared_rooms": rotation.shared_rooms,
        "order": [
            {
                "therapist_id": it.therapist_id,
                "name": rotation.people[it.therapist_id].name,
                "turns": f"{figure(it.quarters):f}",
                "since": it.since.isoformat(),
            }
            for it in rotation.order
        ],
    }


def rotation_digests(branches: Collection[Branch]) -> dict[int, int]:
    """Return how many rows the ledger of today has in each branch with a strict rotation."""
    strict = [branch for branch in branches if is_strict(branch)]
    counts = {branch.pk: 0 for branch in strict}
    days = {branch.pk: branch.business_date() for branch in strict}
    if not strict:
        return counts
    rows = TurnEntry.objects.filter(branch__in=days, business_date__in=set(days.values()))
    grouped = rows.order_by().values_list("branch", "business_date").annotate(Count("pk"))
    for branch_id, day, count in grouped:
        if day == days[branch_id]:
            counts[branch_id] = count
    return counts
