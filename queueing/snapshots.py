"""Snapshots of screens, and the digests that heartbeats send to check them.

A screen whose rows do not match the digest requests a snapshot: so all screens converge.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any, NotRequired, TypedDict

from django.conf import settings
from django.db.models import Count, QuerySet, Sum

from accounts.models import Branch, Cashier, Therapist, TherapistSkill
from accounts.presence import open_in
from catalog.models import Skill
from queueing.lanes import ANYONE, is_own
from queueing.models import Room, SetupVersion, Transaction
from queueing.rotation import (
    RotationData,
    is_strict,
    rotation_digests,
    rotation_of,
    serialize_rotation,
)
from queueing.serializers import (
    PersonData,
    RoomData,
    SkillData,
    TherapistData,
    TransactionData,
    serialize_room,
    serialize_therapist,
    serialize_transaction,
)
from queueing.states import Status
from queueing.wait_estimates import WAITING, Waiting, WaitRange, estimates_in
from spa_project.lib.natural_order import natural_key


class SetupDigest(TypedDict):
    """The branch's setup version; a screen with another number is out of date."""

    setup: int


class Digest(SetupDigest):
    """The number of rows a screen should show, and the sum of their versions."""

    count: int
    versions: int


class BranchData(TypedDict):
    slug: str
    name: str
    time_zone: str
    currency: str
    #: Whether it takes new customers.
    active: bool
    #: Whether customers are offered an add-on once per order.
    suggests_add_ons: bool


class Setup(SetupDigest):
    """The part of the setup that every snapshot contains."""

    branch: BranchData


class Place(TypedDict):
    """A customer's place in the line, None for both outside of it.

    The number of customers before them, and the estimated wait from and to, in minutes.
    """

    before: int | None
    wait_minutes: WaitRange | None


class MenuDigest(SetupDigest):
    """The digest of an open menu, and the wait of who orders now, from and to, in minutes."""

    wait_minutes: WaitRange | None


class FloorDigest(Digest):
    """The digest of a screen that shows the therapists, too."""

    #: The sum of the versions of those who are on duty or on a break.
    presence: NotRequired[int]
    #: How many rows the day's turn ledger has; only where there is a strict rotation.
    turns: NotRequired[int]


class TicketDigest(Digest, Place):
    """The digest of a customer's own page, and their place."""


_NOWHERE: Place = {"before": None, "wait_minutes": None}


class CashierData(PersonData):
    counter_number: str


def setup_of(branch: Branch) -> Setup:
    """Return the branch as it is now, and the version of its setup.

    To be read before the rows: with a version older than the rows a screen only reads them again.
    """
    return serialize_setup(setup_row(branch))


def setup_row(branch: Branch) -> SetupVersion:
    """Return the version of the branch's setup, with the branch as it is now."""
    return SetupVersion.objects.select_related("branch").get(branch=branch)


def serialize_setup(row: SetupVersion) -> Setup:
    """Return what every snapshot contains of a setup."""
    now = row.branch
    return {
        "setup": row.last,
        "branch": {
            "slug": now.slug,
            "name": now.name,
            "time_zone": now.time_zone,
            "currency": settings.CURRENCY,
            "active": now.active,
            "suggests_add_ons": now.suggests_add_ons,
        },
    }


def setup_digests(branch_ids: Collection[int]) -> dict[int, SetupDigest]:
    """Return the setup version of each of these branches, in one query."""
    rows = SetupVersion.objects.filter(branch__in=branch_ids).values_list("branch_id", "last")
    return {pk: {"setup": version} for pk, version in rows}


def open_transactions(branch: Branch, statuses: Iterable[Status]) -> list[Transaction]:
    """Return the branch's transactions in these statuses, oldest in their line first."""
    rows = (
        Transaction.objects.with_people()
        .filter(branch=branch, status__in=statuses)
        .order_by("queued_at", "id")
    )
    return list(rows)


def transactions_of(branch: Branch, statuses: Iterable[Status]) -> list[TransactionData]:
    """Return the same transactions, serialized."""
    return [serialize_transaction(row) for row in open_transactions(branch, statuses)]


def rooms_of(branch: Branch) -> list[RoomData]:
    """Return all rooms of the branch, by number as people count."""
    rooms = Room.objects.filter(branch=branch)
    return [serialize_room(room) for room in sorted(rooms, key=lambda it: natural_key(it.number))]


def therapists_of(branch: Branch) -> list[TherapistData]:
    """Return the branch's therapists by name, each with their own room and their presence."""
    people = Therapist.objects.active_in(branch).select_related("own_room")
    present = {row.therapist_id: row for row in open_in({branch.pk: branch.business_date()})}
    return [
        serialize_therapist(therapist, present.get(therapist.pk))
        for therapist in people.order_by("display_name", "pk")
    ]


def skills_in(branch: Branch) -> list[SkillData]:
    """Return the skills by name, each with the branch's therapists who have it."""
    found = TherapistSkill.objects.filter(therapist__user__branch=branch)
    able = defaultdict(list)
    for skill_id, therapist_id in found.order_by("therapist").values_list("skill", "therapist"):
        able[skill_id].append(therapist_id)
    return [{"name": skill.name, "therapist_ids": able[skill.pk]} for skill in Skill.objects.all()]


def rotation_in(branch: Branch) -> RotationData | None:
    """Return the order of a branch that was just read, None without a strict rotation."""
    return serialize_rotation(rotation_of(branch)) if is_strict(branch) else None


def cashiers_of(branch: Branch) -> list[CashierData]:
    """Return the branch's cashiers, by counter as people count, then by name."""
    found = Cashier.objects.active_in(branch).order_by("display_name", "pk")
    cashiers: list[CashierData] = [
        {"id": pk, "name": name, "counter_number": number}
        for pk, name, number in found.values_list("pk", "display_name", "counter_number")
    ]
    return sorted(cashiers, key=lambda cashier: natural_key(cashier["counter_number"]))


def digests_of(
    statuses: Iterable[Status], branch_ids: list[int], *, with_rooms: bool
) -> dict[int, FloorDigest]:
    """Return the digest of a kind of screen for each branch, in five queries at most.

    A screen with rooms shows the therapists' presence, too, and where there is a strict rotation
    its order, which takes a sixth query.
    """
    shown: list[QuerySet[Any]] = [Transaction.objects.filter(status__in=statuses)]
    if with_rooms:
        shown.append(Room.objects.all())
    digests: dict[int, FloorDigest] = {
        pk: {"count": 0, "versions": 0, "setup": setup["setup"]}
        for pk, setup in setup_digests(branch_ids).items()
    }
    for rows in shown:
        of_branches = rows.filter(branch__in=branch_ids).order_by().values_list("branch_id")
        for branch_id, count, versions in of_branches.annotate(Count("id"), Sum("version")):
            digests[branch_id]["count"] += count
            digests[branch_id]["versions"] += versions
    if with_rooms:
        branches = Branch.objects.filter(pk__in=branch_ids)
        for branch_id, presence in presence_digests(branches).items():
            digests[branch_id]["presence"] = presence
        for branch_id, turns in rotation_digests(branches).items():
            digests[branch_id]["turns"] = turns
    return digests


def presence_digests(branches: Iterable[Branch]) -> dict[int, int]:
    """Return the sum of the versions of the therapists' presence in each of these branches."""
    days = {it.pk: it.business_date() for it in branches}
    sums = open_in(days).order_by().values_list("branch_id").annotate(Sum("pk"))
    # MariaDB adds up keys as decimals, which JSON does not know.
    return dict.fromkeys(days, 0) | {branch_id: int(total) for branch_id, total in sums}


def digests_of_tickets(transaction_ids: list[int]) -> dict[int, TicketDigest]:
    """Return the digests of customers' own pages, one row each; all pages in five queries."""
    tickets = Transaction.objects.filter(pk__in=transaction_ids)
    rows = list(tickets.values_list("pk", "version", "branch_id", "status", "business_date"))
    days: dict[int, datetime.date] = {}
    for *_, branch_id, status, day in rows:
        if status == Status.PENDING_THERAPIST:
            days[branch_id] = max(day, days.get(branch_id, day))
    places = places_in_line(days) if days else {}
    setups = setup_digests({branch_id for _, _, branch_id, *_ in rows})
    return {
        pk: {"count": 1, "versions": version, **setups[branch_id], **places.get(pk, _NOWHERE)}
        for pk, version, branch_id, *_ in rows
    }


def digests_of_menus(branch_ids: Collection[int]) -> dict[int, MenuDigest]:
    """Return the digests of open menus, one for each branch, in five queries at most."""
    setups = setup_digests(branch_ids)
    waits = waits_of_newcomers(branch_ids)
    return {pk: {"setup": setups[pk]["setup"], "wait_minutes": waits.get(pk)} for pk in setups}


def waits_of_newcomers(branch_ids: Collection[int]) -> dict[int, WaitRange | None]:
    """Return the wait of a customer who orders now; branches without an estimate are left out."""
    days = {it.pk: it.business_date() for it in Branch.objects.filter(pk__in=branch_ids)}
    lines = _lines_in(days)
    newcomer = Waiting(ANYONE)
    return {
        pk: estimate.waits([*lines[pk].values(), newcomer])[-1]
        for pk, estimate in estimates_in(days, _lanes_of(lines)).items()
    }


def _lines_in(days: Mapping[int, datetime.date]) -> dict[int, dict[int, Waiting]]:
    """Return each branch's waiting customers by transaction; reads the index alone."""
    line = Transaction.objects.filter(branch__in=days, status=Status.PENDING_THERAPIST).order_by(
        "branch_id", "queued_at", "id"
    )
    lines: dict[int, dict[int, Waiting]] = defaultdict(dict)
    for branch_id, pk, *columns in line.values_list("branch_id", "pk", *WAITING):
        lines[branch_id][pk] = Waiting(*columns)
    return lines


def _lanes_of(lines: Mapping[int, Mapping[int, Waiting]]) -> set[int]:
    return {it.lane for here in lines.values() for it in here.values()}


def places_in_line(days: Mapping[int, datetime.date]) -> dict[int, Place]:
    """Return the place of each waiting customer by transaction."""
    lines = _lines_in(days)
    estimates = estimates_in(days, _lanes_of(lines))
    places: dict[int, Place] = {}
    for branch_id, here in lines.items():
        estimate = estimates.get(branch_id)
        waits = estimate.waits(here.values()) if estimate else repeat(None)
        before = _before(it.lane for it in here.values())
        for pk, customers, wait in zip(here, before, waits, strict=False):
            places[pk] = {"before": customers, "wait_minutes": wait}
    return places


def _before(line: Iterable[int]) -> Iterator[int]:
    """Return how many are called before each one of a line, by the lanes in which they wait.

    Who asked for a therapist holds up those alone who asked for the same one.
    """
    waiting = Counter[int]()
    for lane in line:
        shared = (count for each, count in waiting.items() if not is_own(each))
        yield waiting[lane] if is_own(lane) else sum(shared)
        waiting[lane] += 1
