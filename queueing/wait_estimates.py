"""How long somebody in a line will probably wait: a range of minutes, or nothing at all.

What is known: how many are before them, which therapists are at work, when each of those will be
free again, and how long the day's treatments have taken.
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

from queueing.models import Transaction
from queueing.states import WITH_THERAPIST, Status

MINUTE = datetime.timedelta(minutes=1)
#: Who has treated nobody for so long has a break, or has gone home.
GONE_AFTER = datetime.timedelta(hours=1)
#: People hear steps of so many minutes, a quarter to either side of what is reckoned; from an hour
#: on larger ones.
STEP, LONG_STEP = 5, 15
HOUR = 60
MARGIN = 0.25

#: How long a treatment took.
LENGTH = ExpressionWrapper(
    F("service_finish_at") - F("service_start_at"), output_field=DurationField()
)

#: From how many minutes to how many.
WaitRange = tuple[int, int]


class _Work(NamedTuple):
    """What one therapist has done today, and has in hand."""

    branch_id: int
    treated: int
    took: datetime.timedelta | None
    last_finish: datetime.datetime | None
    booked: int | None
    start: datetime.datetime | None

    def free_in(self, now: datetime.datetime) -> float | None:
        """In how many minutes they can take the next customer; nothing when they are not there."""
        if self.booked is not None:
            spent = (now - self.start) / MINUTE if self.start else 0
            return max(0, self.booked - spent)
        is_there = self.last_finish is not None and now - self.last_finish < GONE_AFTER
        return 0 if is_there else None


def waits_in(days: Mapping[int, datetime.date]) -> dict[int, Iterator[WaitRange]]:
    """By branch, with its business day: how long the first in its line waits, the second, ...

    One small query. A branch of which too little is known is left out: nobody is at work, or no
    treatment has ended yet."""
    works = defaultdict(list)
    for work in map(_Work._make, _work_of(days)):
        works[work.branch_id].append(work)
    now = timezone.now()
    waits = {branch_id: _waits(of_branch, now) for branch_id, of_branch in works.items()}
    return {branch_id: found for branch_id, found in waits.items() if found is not None}


def _work_of(days: Mapping[int, datetime.date]) -> Any:
    """One row for each therapist of these days; an index begins with branch and day."""
    here = reduce(or_, (Q(branch=pk, business_date=day) for pk, day in days.items()))
    treated = Q(service_finish_at__isnull=False)
    in_hand = Q(status__in=WITH_THERAPIST)
    return (
        Transaction.objects.filter(here, therapist__isnull=False)
        .order_by()
        .values("branch_id", "therapist_id")
        .annotate(
            treated=Count("pk", filter=treated),
            took=Sum(LENGTH, filter=treated),
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
    """Minutes until the first in line is called, the second, ...; each by who is free soonest."""
    soonest = free_in.copy()
    heapify(soonest)
    while True:
        yield soonest[0]
        heapreplace(soonest, soonest[0] + length)


def as_range(minutes: float) -> WaitRange:
    """An estimate as people should hear it: never more exact than it is."""
    step = STEP if minutes < HOUR else LONG_STEP
    low = math.floor(minutes * (1 - MARGIN) / step) * step
    high = math.ceil(minutes * (1 + MARGIN) / step) * step
    return low, max(high, low + step)
