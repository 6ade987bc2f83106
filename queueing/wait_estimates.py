"""Estimates of the wait in a line: a range of minutes, or nothing at all.

They are made of the customers before, the therapists at work, when each of those will be free
again, and how long the day's treatments have taken.
"""

import datetime
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import reduce
from heapq import heapify, heapreplace
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q, Sum
from django.utils import timezone

from queueing.models import SERVED, Transaction
from queueing.states import WITH_THERAPIST, Status

MINUTE = datetime.timedelta(minutes=1)
#: After so long without a treatment a therapist counts as absent.
GONE_AFTER = datetime.timedelta(hours=1)
#: Estimates are shown in steps of this many minutes, with a quarter to either side; in larger steps
#: from an hour on.
STEP, LONG_STEP = 5, 15
HOUR = 60
MARGIN = 0.25

#: How long a treatment took.
LENGTH = ExpressionWrapper(
    F("service_finish_at") - F("service_start_at"), output_field=DurationField()
)

#: The estimated wait from and to, in minutes.
WaitRange = tuple[int, int]


class _Work(NamedTuple):
    """The work of one therapist today, and their current customer."""

    branch_id: int
    treated: int
    took: datetime.timedelta | None
    last_finish: datetime.datetime | None
    booked: int | None
    start: datetime.datetime | None

    def free_in(self, now: datetime.datetime) -> float | None:
        """Return the minutes until they can take the next customer, None when they are absent."""
        if self.booked is not None:
            spent = (now - self.start) / MINUTE if self.start else 0
            return max(0, self.booked - spent)
        is_there = self.last_finish is not None and now - self.last_finish < GONE_AFTER
        return 0 if is_there else None


def waits_in(days: Mapping[int, datetime.date]) -> dict[int, Iterator[WaitRange]]:
    """Return the expected waits of each line, by branch with its business day.

    One small query. A branch without an estimate is left out: nobody is at work, or no treatment
    has ended yet.
    """
    works = defaultdict(list)
    for work in map(_Work._make, _work_of(days)):
        works[work.branch_id].append(work)
    now = timezone.now()
    waits = {branch_id: _waits(of_branch, now) for branch_id, of_branch in works.items()}
    return {branch_id: found for branch_id, found in waits.items() if found is not None}


def _work_of(days: Mapping[int, datetime.date]) -> Any:
    """Return one row for each therapist of these days; an index begins with branch and day."""
    here = reduce(or_, (Q(branch=pk, business_date=day) for pk, day in days.items()))
    in_hand = Q(status__in=WITH_THERAPIST)
    return (
        Transaction.objects.filter(here, therapist__isnull=False)
        .order_by()
        .values("branch_id", "therapist_id")
        .annotate(
            treated=Count("pk", filter=SERVED),
            took=Sum(LENGTH, filter=SERVED),
            last_finish=Max("service_finish_at"),
            booked=Max("total_duration_minutes", filter=in_hand),
            start=Max("service_start_at", filter=Q(status=Status.IN_SERVICE)),
        )
        .values_list("branch_id", "treated", "took", "last_finish", "booked", "start")
    )


def _waits(works: list[_Work], now: datetime.datetime) -> Iterator[WaitRange] | None:
    free_in = [minutes for work in works if (minutes := work.free_in(now)) is not None]
    treated = sum(work.treated for work in works)
    if not free_in or not treated:
        return None
    took = sum((work.took for work in works if work.took), datetime.timedelta())
    return map(as_range, expected(free_in, took / MINUTE / treated))


def expected(free_in: list[float], length: float) -> Iterator[float]:
    """Return the minutes until the first in line is called, the second, ...

    Each is called by the therapist who is free soonest.
    """
    soonest = free_in.copy()
    heapify(soonest)
    while True:
        yield soonest[0]
        heapreplace(soonest, soonest[0] + length)


def as_range(minutes: float) -> WaitRange:
    """Return an estimate as a range that is no more exact than the estimate."""
    step = STEP if minutes < HOUR else LONG_STEP
    low = math.floor(minutes * (1 - MARGIN) / step) * step
    high = math.ceil(minutes * (1 + MARGIN) / step) * step
    return low, max(high, low + step)
