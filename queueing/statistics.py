"""Figures of the floor: who waits in each line, and of the business day what no row contains.

The browser counts what the rows do contain (customers waiting and for how long, busy staff), by the
statuses in `GROUPS`. The other figures come with each snapshot and heartbeat of the monitor, so
they converge as rows do.
"""

import datetime
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple, TypedDict

from django.db.models import Avg, Count, Min, Q, Sum
from django.utils import timezone

from accounts.models import AT_WORK, Branch, User
from queueing.models import SERVED, Transaction, TransactionQuerySet
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
    found = _today(branch).aggregate(
        today=Count("pk", filter=SERVED),
        last_hour=Count("pk", filter=SERVED & Q(service_finish_at__gt=timezone.now() - HOUR)),
        length=Avg(LENGTH, filter=SERVED),
    )
    length: datetime.timedelta | None = found["length"]
    on_duty = _on_duty(branch)
    return {
        "served_today": found["today"],
        "served_last_hour": found["last_hour"],
        "service_minutes": round(length.total_seconds() / 60, 1) if length is not None else None,
        "therapists": on_duty["therapists"],
        "cashiers": on_duty["cashiers"],
    }


def takings_of(branch: Branch) -> Takings:
    """Return what has been paid in the branch's business day, in one small query.

    A payment counts on the day it was taken, as in the reports and the cashier's own day; the
    customer may have come the day before.
    """
    paid = Transaction.objects.filter(
        payment__branch=branch, payment__business_date=branch.business_date()
    )
    revenue = paid.aggregate(sum=Sum("payment__amount_due", default=Decimal(0)))["sum"]
    return {"revenue_today": format_amount(revenue)}


def _today(branch: Branch) -> TransactionQuerySet:
    """Return the customers of the running business day; an index begins with branch and day."""
    return Transaction.objects.filter(branch=branch, business_date=branch.business_date())


def _on_duty(branch: Branch) -> dict[str, int]:
    people = User.objects.filter(branch=branch, is_active=True)
    row = "therapist__presence"
    at_work = Q(therapist__active=True) & Q(
        **{
            f"{row}__branch": branch,
            f"{row}__business_date": branch.business_date(),
            f"{row}__kind__in": AT_WORK,
        }
    )
    return people.aggregate(
        therapists=Count("therapist", filter=at_work),
        cashiers=Count("cashier", filter=Q(cashier__active=True)),
    )
