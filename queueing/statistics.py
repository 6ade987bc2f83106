"""Figures of the floor: who waits in each line, and of the business day what no row contains.

The browser counts what the rows do contain (customers waiting and for how long, busy staff), by the
statuses in `GROUPS`. The other figures come with each snapshot and heartbeat of the monitor, so
they converge as rows do.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple, TypedDict

from django.db.models import Avg, Count, F, Min, Q, Sum
from django.utils import timezone

from accounts.models import AT_WORK, Branch, User
from accounts.queries import on_days
from queueing.models import SERVED, Transaction
from queueing.states import UNCLAIMED, WITH_CASHIER, WITH_THERAPIST, Status
from queueing.wait_estimates import LENGTH
from spa_project.lib.money import format_amount

HOUR = datetime.timedelta(hours=1)


class StatusGroups(TypedDict):
    """The statuses that each figure counts, for the pages' scripts too."""

    waiting: list[Status]
    with_therapist: list[Status]
    ready_to_pay: list[Status]
    with_cashier: list[Status]


GROUPS: StatusGroups = {
    "waiting": sorted(UNCLAIMED),
    "with_therapist": sorted(WITH_THERAPIST),
    "ready_to_pay": [Status.FINISHED],
    "with_cashier": sorted(WITH_CASHIER),
}

#: The line that each status stands in, by the name of those who serve it.
LINES = dict.fromkeys(GROUPS["waiting"], "therapists") | {Status.FINISHED: "cashiers"}


class Line(NamedTuple):
    """How many customers wait in a line, and since when the first of them."""

    customers: int = 0
    since: datetime.datetime | None = None

    def and_also(self, other: "Line") -> "Line":
        """Return both together."""
        since = [each.since for each in (self, other) if each.since]
        return Line(self.customers + other.customers, min(since, default=None))


class Statistics(TypedDict):
    """A branch's day: treatments finished, in all and within the last hour; who is on duty.

    A therapist is on duty from clocking in, apart from breaks, a cashier whenever active.
    """

    served_today: int
    served_last_hour: int
    #: Average length of today's finished treatments, None before the first.
    service_minutes: float | None
    therapists: int
    cashiers: int


class Takings(TypedDict):
    """Figures for managers only: money taken today, as text with two decimals."""

    revenue_today: str


def lines_in(branch_ids: Collection[int]) -> dict[tuple[int, str], Line]:
    """Return every line of these branches, in one small query by the claim's own index."""
    found = (
        # By branch, because the index begins with it.
        Transaction.objects.filter(branch__in=branch_ids, status__in=LINES)
        .order_by()
        .values_list("branch", "status")
        .annotate(Count("pk"), Min("queued_at"))
    )
    lines = {(branch, line): Line() for branch in branch_ids for line in LINES.values()}
    for branch, status, customers, since in found:
        place = branch, LINES[status]
        lines[place] = lines[place].and_also(Line(customers, since))
    return lines


def statistics_of(branch: Branch) -> Statistics:
    """Return the branch's business day so far, in two small queries."""
    return statistics_in([branch])[branch.pk]


def statistics_in(branches: Iterable[Branch]) -> dict[int, Statistics]:
    """Return the business day of each of these branches so far, in two queries for all."""
    days = _days_of(branches)
    served: dict[int, _Served] = dict.fromkeys(days, _Served())
    # An index begins with branch and day.
    today = Transaction.objects.filter(on_days(days)).order_by().values_list("branch_id")
    since = timezone.now() - HOUR
    for branch_id, *figures in today.annotate(
        today=Count("pk", filter=SERVED),
        last_hour=Count("pk", filter=SERVED & Q(service_finish_at__gt=since)),
        length=Avg(LENGTH, filter=SERVED),
    ):
        served[branch_id] = _Served(*figures)
    on_duty = on_duty_in(days)
    return {
        pk: {
            "served_today": found.today,
            "served_last_hour": found.last_hour,
            "service_minutes": _minutes(found.length),
            "therapists": on_duty.get(pk, _NOBODY)[0],
            "cashiers": on_duty.get(pk, _NOBODY)[1],
        }
        for pk, found in served.items()
    }


class _Served(NamedTuple):
    today: int = 0
    last_hour: int = 0
    length: datetime.timedelta | None = None


_NOBODY = (0, 0)


def takings_of(branch: Branch) -> Takings:
    """Return what has been paid in the branch's business day, in one small query."""
    return takings_in([branch])[branch.pk]


def takings_in(branches: Iterable[Branch]) -> dict[int, Takings]:
    """Return what has been paid in the business day of each of these branches, in one query.

    A payment counts on the day it was taken, as in the reports and the cashier's own day; the
    customer may have come the day before.
    """
    days = _days_of(branches)
    paid = Transaction.objects.filter(
        on_days(days, branch="payment__branch", day="payment__business_date")
    )
    of_branches = paid.order_by().values_list("payment__branch")
    sums = dict.fromkeys(days, Decimal(0)) | dict(of_branches.annotate(Sum("payment__amount_due")))
    return {pk: {"revenue_today": format_amount(revenue)} for pk, revenue in sums.items()}


def _days_of(branches: Iterable[Branch]) -> dict[int, datetime.date]:
    return {branch.pk: branch.business_date() for branch in branches}


def _minutes(length: datetime.timedelta | None) -> float | None:
    return round(length.total_seconds() / 60, 1) if length is not None else None


def on_duty_in(days: Mapping[int, datetime.date]) -> dict[int, tuple[int, int]]:
    """Return the therapists on duty and the active cashiers of these branches."""
    people = User.objects.filter(branch__in=days, is_active=True).order_by()
    row = "therapist__presence"
    at_work = on_days(days, day=f"{row}__business_date") & Q(
        **{"therapist__active": True, f"{row}__branch": F("branch"), f"{row}__kind__in": AT_WORK}
    )
    found = people.values_list("branch_id").annotate(
        therapists=Count("therapist", filter=at_work),
        cashiers=Count("cashier", filter=Q(cashier__active=True)),
    )
    return {branch_id: (therapists, cashiers) for branch_id, therapists, cashiers in found}
