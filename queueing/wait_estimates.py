"""Estimates of the wait in a line: a range of minutes, or nothing at all.

They are made of the customers before, the therapists on duty, when each of those will be free
again, and how long the day's treatments have taken.
"""

import datetime
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.utils import timezone

from accounts.models import PresenceKind
from accounts.presence import open_in
from queueing.lanes import lanes_open_to
from queueing.models import SERVED, Transaction
from queueing.states import Status

MINUTE = datetime.timedelta(minutes=1)
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
    """A therapist at work, and their current customer."""

    branch_id: int
    therapist_id: int
    gender: str
    kind: str
    status: str | None
    booked: int | None
    start: datetime.datetime | None

    @property
    def lanes(self) -> frozenset[int]:
        """Return the lanes they call from."""
        return frozenset({self.therapist_id, *lanes_open_to(self.gender)})

    def free_in(self, now: datetime.datetime) -> float | None:
        """Return the minutes until they take the next customer, None if a break comes first."""
        if self.kind != PresenceKind.ON_DUTY:
            return None
        if self.booked is None:
            return 0
        is_begun = self.status == Status.IN_SERVICE and self.start is not None
        spent = (now - self.start) / MINUTE if is_begun and self.start else 0
        return max(0, self.booked - spent)


class _Lengths(NamedTuple):
    """How many treatments have ended today, and how long they took together."""

    branch_id: int
    treated: int
    took: datetime.timedelta | None


class Estimate(NamedTuple):
    """What the waits of a branch are estimated from, at one moment."""

    #: The minutes until each therapist on duty is free, and the lanes they call from.
    free: list[tuple[float, frozenset[int]]]
    #: The average minutes of the day's treatments.
    length: float

    def waits(self, line: Iterable[int]) -> list[WaitRange | None]:
        """Return the wait of each customer of a line, given the lanes in which they wait.

        None: nobody on duty calls from that lane.
        """
        waits = expected(self.free, self.length, line)
        return [None if minutes is None else as_range(minutes) for minutes in waits]


def estimates_in(days: Mapping[int, datetime.date]) -> dict[int, Estimate]:
    """Return what the waits are estimated from, by branch with its business day.

    Two small queries. A branch without an estimate is left out: nobody is on duty, or no treatment
    has ended yet.
    """
    works = defaultdict(list)
    for work in map(_Work._make, _work_in(days)):
        works[work.branch_id].append(work)
    now = timezone.now()
    found = {
        lengths.branch_id: _estimate(works[lengths.branch_id], lengths, now)
        for lengths in map(_Lengths._make, _lengths_in(days))
    }
    return {branch_id: estimate for branch_id, estimate in found.items() if estimate is not None}


def _estimate(works: list[_Work], lengths: _Lengths, now: datetime.datetime) -> Estimate | None:
    free = [(minutes, it.lanes) for it in works if (minutes := it.free_in(now)) is not None]
    if not free or lengths.took is None:
        return None
    return Estimate(free, lengths.took / MINUTE / lengths.treated)


def _work_in(days: Mapping[int, datetime.date]) -> Any:
    """Return one row for each therapist who has clocked in, with their customer."""
    visit = "active_therapist__current_transaction"
    return open_in(days).values_list(
        "branch_id",
        "therapist_id",
        "active_therapist__gender",
        "kind",
        f"{visit}__status",
        f"{visit}__total_duration_minutes",
        f"{visit}__service_start_at",
    )


def _lengths_in(days: Mapping[int, datetime.date]) -> Any:
    """Return one row for each branch; an index begins with branch and day."""
    here = reduce(or_, (Q(branch=pk, business_date=day) for pk, day in days.items()))
    treated = Transaction.objects.filter(here, SERVED)
    counted = treated.order_by().values_list("branch_id")
    return counted.annotate(treated=Count("pk"), took=Sum(LENGTH))


def expected(
    free: Iterable[tuple[float, Collection[int]]], length: float, line: Iterable[int]
) -> Iterator[float | None]:
    """Return the minutes until the first in line is called, the second, ...

    `free` has the minutes until each therapist is free, and the lanes they call from; `line` the
    lanes of those who wait. Each is called by the one of their lane who is free soonest.
    """
    free_in, lanes = zip(*free, strict=True)
    soonest = list(free_in)
    for lane in line:
        able = [each for each, open_lanes in enumerate(lanes) if lane in open_lanes]
        if not able:
            yield None
            continue
        first = min(able, key=soonest.__getitem__)
        yield soonest[first]
        soonest[first] += length


def as_range(minutes: float) -> WaitRange:
    """Return an estimate as a range that is no more exact than the estimate."""
    step = STEP if minutes < HOUR else LONG_STEP
    low = math.floor(minutes * (1 - MARGIN) / step) * step
    high = math.ceil(minutes * (1 + MARGIN) / step) * step
    return low, max(high, low + step)
