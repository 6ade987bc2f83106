"""The only code that writes `Presence`: who is on duty, and who is on a break.

The caller has locked the therapist's row, or the visit that the therapist has.
"""

import datetime
from collections.abc import Mapping

from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import Branch, Presence, PresenceKind
from accounts.queries import on_days
from spa_project.lib.errors import Conflict


def change(
    therapist_id: int,
    branch: Branch,
    kind: PresenceKind | None,
    *,
    minutes: int | None,
    found: Presence | None,
) -> Presence | None:
    """Put a therapist on duty or on a break, or off duty with None; return the open row.

    `minutes` is how long a break is meant to take, `found` the open row as it was read. Raises
    `Conflict` when it has changed since.
    """
    now = timezone.now()
    if found and is_of_today(found, branch) and (found.kind, found.minutes) == (kind, minutes):
        return found
    began_at = max(now, _end(found, now)) if found else now
    if kind is None:
        return None
    return Presence.objects.create(
        therapist_id=therapist_id,
        active_therapist_id=therapist_id,
        branch=branch,
        business_date=branch.business_date(now),
        kind=kind,
        began_at=began_at,
        minutes=minutes,
    )


def open_row(therapist_id: int) -> Presence | None:
    """Return the open row, which may be a forgotten one of an earlier day."""
    found = Presence.objects.filter(active_therapist_id=therapist_id)
    return found.select_related("branch").first()


def open_in(days: Mapping[int, datetime.date]) -> QuerySet[Presence]:
    """Return the open rows that count in each branch on its running business day.

    Whoever has been switched off or moved to another branch since does not count.
    """
    rows = Presence.objects.filter(on_days(days), active_therapist__active=True)
    user = "active_therapist__user"
    return rows.filter(**{f"{user}__is_active": True, f"{user}__branch": F("branch")})


def is_of_today(row: Presence, branch: Branch) -> bool:
    """Return whether an open row counts now."""
    return row.branch_id == branch.pk and row.business_date == branch.business_date()


def end_of(row: Presence, now: datetime.datetime) -> datetime.datetime:
    """Return when a row ended, or ends if nothing is done: at the latest with its business day."""
    end = row.ended_at or min(now, row.branch.end_of_day(row.business_date))
    return max(row.began_at, end)


def _end(row: Presence, now: datetime.datetime) -> datetime.datetime:
    end = end_of(row, now)
    still_open = Presence.objects.filter(pk=row.pk, ended_at=None)
    if still_open.update(ended_at=end, active_therapist=None) != 1:
        raise Conflict
    return end
