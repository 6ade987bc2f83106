"""Estimates of the wait in a line: a range of minutes, or nothing at all.

The next hours are played: each therapist on duty, as soon as they are free and their room is ready,
calls the first customer whom they may call. How long a treatment takes compared with what was
booked, and what passes around it, is taken from the day's visits.
"""

import datetime
import heapq
import math
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from operator import or_
from statistics import median
from typing import Any, NamedTuple

from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.utils import timezone

from accounts.models import PresenceKind
from accounts.presence import open_in
from queueing.lanes import ANYONE, OF_GENDER, Lane, OpenLanes, is_own
from queueing.models import SERVED, RoomStatus, Transaction
from queueing.skills import lanes_open_to
from queueing.states import Status
from spa_project.lib.db.compiled_queries import CompiledQuery, Param, Reading, read_together

MINUTE = datetime.timedelta(minutes=1)
#: Estimates are shown in steps of this many minutes, with a quarter to either side; in larger steps
#: from an hour on.
STEP, LONG_STEP = 5, 15
HOUR = 60
MARGIN = 0.25
#: The treatments from which the pace of a day is taken: the latest.
RECENT = 20

#: How long a treatment took.
LENGTH = ExpressionWrapper(
    F("service_finish_at") - F("service_start_at"), output_field=DurationField()
)

#: The estimated wait from and to, in minutes.
WaitRange = tuple[int, int]


class Waiting(NamedTuple):
    """A waiting customer, as estimates need it, in the order of the columns."""

    lane: int
    #: The minutes that are booked; of no account for the last in line.
    minutes: float = 0
    #: The end of a request after which somebody else will do, and who that is (a `Preference`).
    request_until: datetime.datetime | None = None
    preference: str = ""

    def fallback(self, now: datetime.datetime) -> tuple[float, int] | None:
        """Return in how many minutes others may call, and the lane from then on, if ever."""
        if self.request_until is None or not is_own(self.lane):
            return None
        who = OF_GENDER.get(self.preference, ANYONE)
        lane = Lane(who, Lane.of(self.lane).skill_set).number
        return max(0.0, (self.request_until - now) / MINUTE), lane


#: The columns of a visit that a `Waiting` is made of.
WAITING = ("lane", "total_duration_minutes", "request_until", "preference")

_LINE: CompiledQuery[Any] = CompiledQuery(
    lambda: Transaction.objects.in_line(Param("branch_id"), Param("status")).values_list(*WAITING)
)


class _Work(NamedTuple):
    """A therapist at work, their current customer and their own room."""

    branch_id: int
    therapist_id: int
    gender: str
    kind: str
    began_at: datetime.datetime
    break_minutes: int | None
    shared_rooms: bool
    room_status: str | None
    room_ready_at: datetime.datetime | None
    status: str | None
    booked: int | None
    start: datetime.datetime | None

    def free_in(self, now: datetime.datetime, pace: "_Pace") -> float | None:
        """Return the minutes until they call the next customer, None if that is not known."""
        if self.kind == PresenceKind.ON_BREAK:
            return self._back_in(now)
        busy = self._busy(now, pace)
        if self.kind == PresenceKind.BREAK_NEXT:
            return None if self.break_minutes is None else busy + self.break_minutes
        if self.booked is not None or self.shared_rooms:
            return busy
        return self._room_in(now, pace)

    def _back_in(self, now: datetime.datetime) -> float | None:
        if self.break_minutes is None:
            return None
        return max(0.0, self.break_minutes - (now - self.began_at) / MINUTE)

    def _busy(self, now: datetime.datetime, pace: "_Pace") -> float:
        if self.booked is None:
            return 0.0
        is_begun = self.status == Status.IN_SERVICE and self.start is not None
        spent = (now - self.start) / MINUTE if is_begun and self.start else -pace.before
        return max(0.0, self.booked - spent) + pace.after

    def _room_in(self, now: datetime.datetime, pace: "_Pace") -> float | None:
        """Return the minutes until their own room is ready, None while it is closed."""
        if self.room_status == RoomStatus.OUT_OF_SERVICE:
            return None
        if self.room_status != RoomStatus.PREPARING:
            return 0.0
        if self.room_ready_at is None:
            return pace.after
        left = max(0.0, (self.room_ready_at - now) / MINUTE)
        return min(left, pace.after) if pace.after else left


class _Visit(NamedTuple):
    """A visit of the day whose treatment has ended."""

    branch_id: int
    therapist_id: int
    booked: int
    joined: datetime.datetime
    called: datetime.datetime
    start: datetime.datetime
    finish: datetime.datetime


class _Pace(NamedTuple):
    """The pace of the day's treatments."""

    #: How long they took, as a multiple of the booked minutes.
    factor: float
    #: The minutes between the call and the treatment.
    before: float
    #: The minutes between a treatment and the next call, while somebody waited.
    after: float

    @classmethod
    def of(cls, visits: Sequence[_Visit]) -> "_Pace":
        """Return the pace of at least one visit."""
        took = sum((it.finish - it.start) / MINUTE for it in visits)
        booked = sum(it.booked for it in visits)
        before = median((it.start - it.called) / MINUTE for it in visits)
        return cls(took / booked if booked else 1.0, max(0.0, before), _turnaround(visits))


def _turnaround(visits: Sequence[_Visit]) -> float:
    """Return the usual minutes between a treatment and the next call, while somebody waited."""
    of_therapists = defaultdict(list)
    for visit in sorted(visits, key=lambda it: it.called):
        of_therapists[visit.therapist_id].append(visit)
    gaps = [
        (following.called - visit.finish) / MINUTE
        for own in of_therapists.values()
        for visit, following in pairwise(own)
        if following.joined <= visit.finish <= following.called
    ]
    return median(gaps) if gaps else 0.0


class Estimate(NamedTuple):
    """The basis of a branch's estimated waits, at one moment."""

    #: The minutes until each therapist on duty is free, and the lanes they call from.
    free: list[tuple[float, OpenLanes]]
    pace: _Pace
    now: datetime.datetime

    def waits(self, line: Iterable[Waiting]) -> list[WaitRange | None]:
        """Return the wait of each customer of a line.

        None: nobody on duty may call them.
        """
        turns = [self._turn(waiting) for waiting in line]
        return [
            None if minutes is None else as_range(minutes) for minutes in expected(self.free, turns)
        ]

    def _turn(self, waiting: Waiting) -> "Turn":
        _factor, before, after = self.pace
        minutes = before + waiting.minutes * self.pace.factor + after
        return Turn(waiting.lane, minutes, waiting.fallback(self.now))


class Turn(NamedTuple):
    """A customer who waits, and the minutes for which they keep a therapist from the next one."""

    lane: int
    minutes: float
    #: In how many minutes they wait in another lane, and in which.
    fallback: tuple[float, int] | None = None

    def lane_at(self, minutes: float) -> int:
        """Return the lane in which they wait after so many minutes."""
        return self.fallback[1] if self.fallback and self.fallback[0] <= minutes else self.lane


def estimates_in(
    days: Mapping[int, datetime.date],
    lanes: Iterable[int] = (),
    *,
    asked: frozenset[int] = frozenset(),
) -> dict[int, Estimate]:
    """Return what the waits are estimated from, by branch with its business day.

    `lanes` are those to be estimated, `asked` the skills of an order that is not placed yet. Two
    small queries (together for one branch), and two more where skills are needed. A branch without
    an estimate is left out: nobody is on duty, or no treatment has ended yet.
    """
    if len(days) == 1:
        [(branch_id, day)] = days.items()
        works, visits = read_together(*_readings_of(branch_id, day))
        return _estimates(works, visits, lanes, asked)
    return _estimates(_work_in(days), _visits_in(days), lanes, asked)


def line_and_estimate(
    branch_id: int,
    day: datetime.date,
    more: Iterable[Waiting] = (),
    *,
    asked: frozenset[int] = frozenset(),
) -> tuple[list[Waiting], Estimate | None]:
    """Return who waits in a branch, first come first served, and what waits are estimated from.

    `more` are those who would join the line; they are in it, at its end.
    """
    waiting, works, visits = read_together(
        (_LINE, {"branch_id": branch_id, "status": Status.PENDING_THERAPIST}),
        *_readings_of(branch_id, day),
    )
    line = [*(Waiting(*columns) for columns in waiting), *more]
    return line, _estimates(works, visits, {it.lane for it in line}, asked).get(branch_id)


def _estimates(
    work_rows: Iterable[Any],
    visit_rows: Iterable[Any],
    lanes: Iterable[int],
    asked: frozenset[int],
) -> dict[int, Estimate]:
    works: dict[int, list[_Work]] = defaultdict(list)
    visits: dict[int, list[_Visit]] = defaultdict(list)
    for work in map(_Work._make, work_rows):
        works[work.branch_id].append(work)
    if not works:
        return {}
    for visit in map(_Visit._make, visit_rows):
        if len(visits[visit.branch_id]) < RECENT:
            visits[visit.branch_id].append(visit)
    people = [(it.therapist_id, it.gender) for here in works.values() for it in here]
    open_to = lanes_open_to(people, lanes, asked=asked)
    now = timezone.now()
    estimates = {}
    for branch_id, ended in visits.items():
        pace = _Pace.of(ended)
        free = [
            (minutes, open_to[work.therapist_id])
            for work in works[branch_id]
            if (minutes := work.free_in(now, pace)) is not None
        ]
        if free:
            estimates[branch_id] = Estimate(free, pace, now)
    return estimates


def _work_in(days: Mapping[Any, Any]) -> Any:
    """Return one row for each therapist who has clocked in, with their customer and room."""
    visit, room = "active_therapist__current_transaction", "active_therapist__own_room"
    return open_in(days).values_list(
        *("branch_id", "therapist_id", "active_therapist__gender", "kind", "began_at", "minutes"),
        *("branch__shared_rooms", f"{room}__status", f"{room}__ready_at"),
        *(f"{visit}__status", f"{visit}__total_duration_minutes", f"{visit}__service_start_at"),
    )


def _visits_in(days: Mapping[Any, Any]) -> Any:
    """Return one row for each treatment of the day that has ended, the latest orders first.

    Of one branch no more than are used: the index of its numbers is read from its end.
    """
    here = reduce(or_, (Q(branch=pk, business_date=day) for pk, day in days.items()))
    treated = Transaction.objects.filter(here, SERVED).order_by("-running_number")
    rows = treated.values_list(
        *("branch_id", "therapist_id", "total_duration_minutes", "selection_confirmed_at"),
        *("therapist_confirmed_at", "service_start_at", "service_finish_at"),
    )
    return rows[:RECENT] if len(days) == 1 else rows


_ONE = {Param("branch_id"): Param("day")}
_WORK_IN_ONE: CompiledQuery[Any] = CompiledQuery(lambda: _work_in(_ONE))
_VISITS_IN_ONE: CompiledQuery[Any] = CompiledQuery(lambda: _visits_in(_ONE))


def _readings_of(branch_id: int, day: datetime.date) -> tuple[Reading, Reading]:
    """Return the queries for one branch."""
    values = {"branch_id": branch_id, "day": day}
    return (_WORK_IN_ONE, values), (_VISITS_IN_ONE, values)


def expected(
    free: Iterable[tuple[float, Container[object]]], line: Iterable[Turn]
) -> list[float | None]:
    """Return the minutes until each customer of a line is called, None for those who never are.

    `free` has the minutes until each therapist is free, and the lanes they call from. Whoever is
    free soonest calls first: who asked for them, then the first in line.
    """
    turns = list(line)
    called: list[float | None] = [None] * len(turns)
    waiting = list(range(len(turns)))
    lanes: list[Container[object]] = []
    soonest: list[tuple[float, int]] = []
    for number, (minutes, open_lanes) in enumerate(free):
        lanes.append(open_lanes)
        heapq.heappush(soonest, (minutes, number))
    while soonest and waiting:
        minutes, number = heapq.heappop(soonest)
        found = _first_of(waiting, turns, lanes[number], minutes)
        if found is not None:
            waiting.remove(found)
            called[found] = minutes
            heapq.heappush(soonest, (minutes + turns[found].minutes, number))
        elif (later := _next_fallback(waiting, turns, minutes)) is not None:
            heapq.heappush(soonest, (later, number))
    return called


def _first_of(
    waiting: Sequence[int], turns: Sequence[Turn], lanes: Container[object], minutes: float
) -> int | None:
    """Return whom a therapist calls at that time: who asked for them, else the first in line."""
    able = [each for each in waiting if turns[each].lane_at(minutes) in lanes]
    own = (each for each in able if is_own(turns[each].lane_at(minutes)))
    return next(own, able[0] if able else None)


def _next_fallback(waiting: Sequence[int], turns: Sequence[Turn], minutes: float) -> float | None:
    """Return when the next request ends, after which somebody else may call the customer."""
    ends = [turns[each].fallback for each in waiting]
    return min((end[0] for end in ends if end and end[0] > minutes), default=None)


def as_range(minutes: float) -> WaitRange:
    """Return an estimate as a range that is no more exact than the estimate."""
    step = STEP if minutes < HOUR else LONG_STEP
    low = math.floor(minutes * (1 - MARGIN) / step) * step
    high = math.ceil(minutes * (1 + MARGIN) / step) * step
    return low, max(high, low + step)
