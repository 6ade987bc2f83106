"""The branches of a chain at a glance: who waits, who is on duty, the takings, what needs a look.

All pages of all managers are read together, in a fixed number of statements however many branches
there are.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Annotated, TypedDict

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.models import Branch, Cashier, User, Workplace
from payments.models import DrawerSession
from queueing.statistics import Line, lines_in, on_duty_in, takings_in
from spa_project.lib.realtime.screen import ServerTime

LONG_WAIT = datetime.timedelta(minutes=30)


class Need(StrEnum):
    """Why a manager should look at a branch."""

    NOBODY_ON_DUTY = "nobody_on_duty"
    LONG_WAIT = "long_wait"
    DRAWER_OPEN = "drawer_open"


class ChainRow(TypedDict):
    """A branch, as its managers see it beside their others."""

    slug: str
    name: str
    #: Whether it takes new customers.
    active: bool
    #: Customers in the therapists' line, and the longest wait of one in minutes.
    waiting: int
    longest_wait: int
    #: Therapists who have clocked in, apart from breaks.
    on_duty: int
    takings: str
    needs: list[Annotated[str, Need]]


class ChainRows(TypedDict):
    #: Those that need a look first, then by name.
    branches: list[ChainRow]


class ChainSnapshot(ChainRows, ServerTime):
    """The snapshot of a chain's page."""


def overviews_of(user_ids: Collection[int]) -> dict[int, ChainRows]:
    """Return the branches of each of these managers; who manages nothing is left out."""
    places = _places_of(user_ids)
    rows = _rows_of({branch.pk: branch for found in places.values() for branch in found})
    return {
        user_id: {"branches": _by_need(rows[branch.pk] for branch in found)}
        for user_id, found in places.items()
    }


def _by_need(rows: Iterable[ChainRow]) -> list[ChainRow]:
    return sorted(rows, key=lambda row: not row["needs"])


def _places_of(user_ids: Collection[int]) -> dict[int, list[Branch]]:
    """Return the branches of each manager, by name; an owner's are all (accounts/branches.py)."""
    managers = User.objects.filter(pk__in=user_ids, is_active=True, is_staff=True)
    people = list(managers.values_list("pk", "branch_id", "is_superuser"))
    places: dict[int, set[int]] = defaultdict(set)
    others = Workplace.objects.filter(user__in=user_ids)
    for user_id, branch_id in others.values_list("user", "branch"):
        places[user_id].add(branch_id)
    for user_id, branch_id, _is_owner in people:
        if branch_id is not None:
            places[user_id].add(branch_id)
    branches = Branch.objects.all()
    if not any(is_owner for *_, is_owner in people):
        branches = branches.filter(pk__in=set[int]().union(*places.values()))
    found = list(branches)
    return {
        user_id: [it for it in found if is_owner or it.pk in places[user_id]]
        for user_id, _branch_id, is_owner in people
    }


def _rows_of(branches: Mapping[int, Branch]) -> dict[int, ChainRow]:
    days = {pk: branch.business_date() for pk, branch in branches.items()}
    lines = lines_in(days)
    on_duty = {pk: therapists for pk, (therapists, _cashiers) in on_duty_in(days).items()}
    takings = takings_in(branches.values())
    forgotten = _forgotten_drawers(branches.values(), days)
    now = timezone.now()
    rows = {}
    for pk, branch in branches.items():
        line = lines[pk, "therapists"]
        rows[pk] = ChainRow(
            slug=branch.slug,
            name=branch.name,
            active=branch.active,
            waiting=line.customers,
            longest_wait=_minutes(line, now),
            on_duty=on_duty.get(pk, 0),
            takings=takings[pk]["revenue_today"],
            needs=_needs(line, now, on_duty=on_duty.get(pk, 0), has_drawer=pk in forgotten),
        )
    return rows


def _needs(
    line: Line, now: datetime.datetime, *, on_duty: int, has_drawer: bool
) -> list[Annotated[str, Need]]:
    found = {
        Need.NOBODY_ON_DUTY: line.customers and not on_duty,
        Need.LONG_WAIT: line.since and now - line.since > LONG_WAIT,
        Need.DRAWER_OPEN: has_drawer,
    }
    return [need.value for need, is_so in found.items() if is_so]


def _minutes(line: Line, now: datetime.datetime) -> int:
    return max(0, int((now - line.since).total_seconds() // 60)) if line.since else 0


def _forgotten_drawers(branches: Iterable[Branch], days: Mapping[int, datetime.date]) -> set[int]:
    """Return the branches with a drawer of an earlier day that nobody has closed.

    The last session of each counter is read by its index: a chain's past ones are many.
    """
    with_drawers = [branch.pk for branch in branches if branch.drawers]
    sessions = DrawerSession.objects.filter(
        branch=OuterRef("user__branch"), counter_number=OuterRef("counter_number")
    )
    last = Subquery(sessions.order_by("-number").values("pk")[:1])
    counters = Cashier.objects.filter(user__branch__in=with_drawers, active=True)
    latest = set(counters.values_list(last, flat=True)) - {None}
    still_open = DrawerSession.objects.filter(pk__in=latest, close=None)
    found = still_open.values_list("branch_id", "business_date")
    return {branch_id for branch_id, day in found if day < days[branch_id]}
