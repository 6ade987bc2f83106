"""Choice of the database for reports, day lists, checks and backups: the replica, or the primary.

The age of the replica's data is measured by the log of all operations, which is append-only: the
first entry that the replica lacks tells since when it is behind. So a replica whose replication has
stopped is up to date as long as nothing happens, and needs no clock and no privilege of its own.
While the primary does not answer, the replica is read however old it is, and the age that is told
is that of its newest entry.
"""

import datetime
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import DEFAULT_DB_ALIAS, Error, InterfaceError, OperationalError, connections
from django.db.models import Model
from django.utils import timezone

from spa_project.lib.db.router import REPORTS, is_replica_alone

R = TypeVar("R")

UP_TO_DATE = datetime.timedelta()
#: Errors of a database that cannot be reached, or is cut off from its cluster.
UNAVAILABLE = (OperationalError, InterfaceError)


class State(StrEnum):
    """Where the data comes from, and why."""

    NO_REPLICA = "no_replica"
    REPLICA = "replica"
    #: From the primary, because the replica is too far behind.
    LATE = "late"
    #: From the primary, because the replica does not answer.
    UNREACHABLE = "unreachable"
    #: From the replica, because the primary does not answer.
    NO_PRIMARY = "no_primary"
    #: From the database that an operator has named.
    NAMED = "named"


class Source(NamedTuple):
    """A database to read reports from, and how far the replica is behind.

    Without the primary it is behind by the age of its newest entry, at most.
    """

    alias: str
    state: State
    age: datetime.timedelta = UP_TO_DATE

    @property
    def seconds(self) -> int:
        """Return the age in whole seconds."""
        return int(self.age.total_seconds())

    @property
    def minutes(self) -> int:
        """Return the age in whole minutes."""
        return self.seconds // 60

    @property
    def seconds_behind(self) -> int:
        """Return by how many whole seconds what is read is out of date."""
        return self.seconds if self.alias == REPORTS else 0

    def in_words(self) -> str:
        """Return a sentence about the source for an operator; empty where there is no choice."""
        behind = f"{self.seconds} s behind" if self.seconds else "up to date"
        return {
            State.REPLICA: f"Read from the replica, {behind}.",
            State.LATE: f"Read from the primary, because the replica is {behind}.",
            State.UNREACHABLE: "Read from the primary, because the replica cannot be reached.",
            State.NO_PRIMARY: "Read from the replica, because the primary cannot be reached. "
            f"Newest entry: {self.seconds} s ago.",
        }.get(self.state, "")


class _Log:
    """The append-only log by which the replica is measured."""

    model: type[Model]
    #: The field with the time of an entry.
    time: str


class _Entry(NamedTuple):
    """An entry of the log; the key is 0 where there is none."""

    key: int = 0
    at: datetime.datetime | None = None


def measure_by(model: type[Model], *, time: str) -> None:
    """Measure the replica's age by this log, which every operation appends to."""
    _Log.model, _Log.time = model, time


def add_database_option(parser: CommandParser) -> None:
    """Let an operator name the database that a command reads."""
    parser.add_argument(
        "--database",
        choices=[*settings.DATABASES],
        help="else the replica, if there is one and it is fresh, or the primary in its place",
    )


def source_named(alias: str | None) -> Source:
    """Return the database of this alias; without one, that of the reports."""
    return Source(alias, State.NAMED) if alias else source_for_reports()


def source_for_reports() -> Source:
    """Return the replica while it answers and is fresh enough, or is alone; else the primary."""
    if REPORTS not in settings.DATABASES:
        return Source(DEFAULT_DB_ALIAS, State.NO_REPLICA)
    if is_replica_alone():
        return _alone(_last_entry())
    try:
        last = _last_entry()
    except Error:
        return _unreachable()
    try:
        since = _first_after(last.key)
    except UNAVAILABLE:
        return _alone(last)
    age = _age_of(since)
    if age > datetime.timedelta(seconds=settings.REPORTS_MAX_AGE):
        return Source(DEFAULT_DB_ALIAS, State.LATE, age)
    return Source(REPORTS, State.REPLICA, age)


def read_for_reports(read: Callable[[str], R]) -> tuple[R, Source]:
    """Return what `read` finds in the chosen database, and which one that was.

    A replica that breaks off in the middle is replaced by the primary.
    """
    source = source_for_reports()
    try:
        return read(source.alias), source
    except Error:
        if source.state != State.REPLICA:
            raise
    source = _unreachable()
    return read(source.alias), source


def primary_answers() -> bool:
    """Return whether the primary can be reached, by the check before a connection's first use.

    That check is not repeated by the next statement, so it costs nothing. It takes as long as
    connecting to a database may that is gone.
    """
    primary = connections[DEFAULT_DB_ALIAS]
    try:
        primary.close_if_health_check_failed()
        primary.ensure_connection()
    except UNAVAILABLE:
        return False
    return True


def _alone(last: _Entry) -> Source:
    return Source(REPORTS, State.NO_PRIMARY, _age_of(last.at))


def _age_of(moment: datetime.datetime | None) -> datetime.timedelta:
    return max(timezone.now() - moment, UP_TO_DATE) if moment else UP_TO_DATE


def _unreachable() -> Source:
    # A connection that broke would be tried again by the next page on this thread.
    connections[REPORTS].close()
    return Source(DEFAULT_DB_ALIAS, State.UNREACHABLE)


def _last_entry() -> _Entry:
    """Return the last entry that has reached the replica."""
    entries: Any = _Log.model._default_manager.using(REPORTS).order_by("-pk")
    found = entries.values_list("pk", _Log.time).first()
    return _Entry(*found) if found else _Entry()


def _first_after(key: int) -> datetime.datetime | None:
    """Return the time of the primary's first entry after this one, None when there is none."""
    later: Any = _Log.model._default_manager.using(DEFAULT_DB_ALIAS).filter(pk__gt=key)
    found: datetime.datetime | None = later.order_by("pk").values_list(_Log.time, flat=True).first()
    return found
