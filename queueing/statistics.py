"""Figures of the running business day that the rows on a screen do not contain.

The browser counts what the rows do contain (customers waiting and for how long, busy staff). These
figures come with each snapshot and heartbeat of the monitor, so they converge as rows do.
"""

import datetime
from decimal import Decimal
from typing import TypedDict

from django.db.models import Avg, Count, Q, Sum
from django.utils import timezone

from accounts.models import Branch, User
from queueing.models import Transaction, TransactionQuerySet
from queueing.states import Status
from queueing.wait_estimates import LENGTH
from spa_project.lib.money import format_amount

HOUR = datetime.timedelta(hours=1)


class Statistics(TypedDict):
    """A branch's day: treatments finished, in all and within the last hour; who is on duty."""

    served_today: int
    served_last_hour: int
    #: Average length of today's finished treatments, None before the first.
    service_minutes: float | None
    therapists: int
    cashiers: int


class Takings(TypedDict):
    """Figures for managers only: money taken today, as text with two decimals."""

    revenue_today: str


def statistics_of(branch: Branch) -> Statistics:
    """Return the branch's business day so far, in two small queries."""
    served = Q(service_finish_at__isnull=False)
    found = _today(branch).aggregate(
        today=Count("pk", filter=served),
        last_hour=Count("pk", filter=Q(service_finish_at__gt=timezone.now() - HOUR)),
        length=Avg(LENGTH, filter=served),
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
    """Return what has been paid in the branch's business day, in one small query."""
    paid = _today(branch).filter(status=Status.PAID)
    revenue = paid.aggregate(sum=Sum("total_amount", default=Decimal(0)))["sum"]
    return {"revenue_today": format_amount(revenue)}


def _today(branch: Branch) -> TransactionQuerySet:
    """Return the customers of the running business day; an index begins with branch and day."""
    return Transaction.objects.filter(branch=branch, business_date=branch.business_date())


def _on_duty(branch: Branch) -> dict[str, int]:
    people = User.objects.filter(branch=branch, is_active=True)
    return people.aggregate(
        therapists=Count("therapist", filter=Q(therapist__active=True)),
        cashiers=Count("cashier", filter=Q(cashier__active=True)),
    )
