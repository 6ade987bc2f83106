"""Hours on duty: what the rows of `Presence` add up to, by business day and therapist."""

import datetime
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from accounts.models import AT_WORK, Branch, Presence
from accounts.namesakes import tell_apart
from accounts.presence import end_of

MINUTE = datetime.timedelta(minutes=1)


class Hours(NamedTuple):
    """A therapist's business day: when it began and ended, and how long they worked."""

    day: datetime.date
    name: str
    began_at: datetime.datetime
    #: None while the therapist is on duty or on a break.
    ended_at: datetime.datetime | None
    worked: datetime.timedelta
    breaks: datetime.timedelta
    #: Whether the day ended before the therapist clocked out.
    is_forgotten: bool

    @property
    def worked_minutes(self) -> int:
        """Return the time on duty in whole minutes, without breaks."""
        return self.worked // MINUTE

    @property
    def break_minutes(self) -> int:
        """Return the time on breaks in whole minutes."""
        return self.breaks // MINUTE


def hours_of(
    branch: Branch,
    period: tuple[datetime.date, datetime.date],
    database: str = DEFAULT_DB_ALIAS,
) -> list[Hours]:
    """Return a row for each business day and therapist, by day and name."""
    found = Presence.objects.using(database).filter(branch=branch, business_date__range=period)
    rows = list(
        found.select_related("therapist__user").order_by("business_date", "therapist_id", "pk")
    )
    names = tell_apart(_person(row) for row in rows)
    now = timezone.now()
    days = groupby(rows, key=lambda row: (row.business_date, row.therapist_id))
    hours = [_day_of(branch, list(of_day), names, now) for _key, of_day in days]
    return sorted(hours, key=lambda each: (each.day, each.name))


def _person(row: Presence) -> tuple[str, str]:
    return row.therapist.display_name, row.therapist.user.username


def _day_of(
    branch: Branch,
    rows: list[Presence],
    names: dict[tuple[str, str], str],
    now: datetime.datetime,
) -> Hours:
    first, last = rows[0], rows[-1]
    for row in rows:
        row.branch = branch
    is_over = last.business_date < branch.business_date(now)
    end = end_of(last, now)
    return Hours(
        day=first.business_date,
        name=names[_person(first)],
        began_at=first.began_at,
        ended_at=None if last.ended_at is None and not is_over else end,
        worked=_length(now, (row for row in rows if row.kind in AT_WORK)),
        breaks=_length(now, (row for row in rows if row.kind not in AT_WORK)),
        is_forgotten=is_over and end == branch.end_of_day(last.business_date),
    )


def _length(now: datetime.datetime, rows: Iterable[Presence]) -> datetime.timedelta:
    return sum((end_of(row, now) - row.began_at for row in rows), datetime.timedelta())
