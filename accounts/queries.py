"""Compiled queries of people, logins and branches, and the condition of branches' days."""

import datetime
from collections import defaultdict
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.contrib.sessions.models import Session
from django.db.models import Q, Subquery
from django.db.models.functions import Coalesce

from accounts.models import AuthToken, Branch, User
from spa_project.lib.db.compiled_queries import CompiledQuery, Param


class PersonOfLogin(NamedTuple):
    """A person with roles and branch, and when the login expires (None: it does not exist)."""

    user: User
    expires_at: datetime.datetime | None


#: Columns that no command needs of its sender, whom each one reads; Django reads them when needed.
_OF_BRANCHES = (
    "note_days",
    "suggests_add_ons",
    "offers_gender",
    "board_message",
    "board_picture",
    "address",
    "tax_id",
    "variance_note_above",
    "variance_approval_above",
)
_OF_OWN_ROOMS = ("status", "version", "closing", "ready_at")
_NOT_FOR_COMMANDS = (
    *("first_name", "last_name", "email", "date_joined"),
    *(f"branch__{name}" for name in _OF_BRANCHES),
    *(f"therapist__own_room__{name}" for name in _OF_OWN_ROOMS),
)


def _people_with_end_of_login() -> Any:
    tokens = AuthToken.objects.filter(digest=Param("key")).values("expires_at")
    sessions = Session.objects.filter(session_key=Param("key")).values("expire_date")
    people = User.objects.with_roles().filter(pk=Param("user_id"))
    return people.defer(*_NOT_FOR_COMMANDS).annotate(
        login_expires_at=Coalesce(Subquery(tokens), Subquery(sessions))
    )


_PERSON: CompiledQuery[Any] = CompiledQuery(_people_with_end_of_login)
_BRANCH = CompiledQuery(lambda: Branch.objects.filter(slug=Param("slug")))
_TOKEN = CompiledQuery(lambda: AuthToken.objects.filter(digest=Param("digest")))


def person_of_login(user_id: int, key: str) -> PersonOfLogin | None:
    """Return a person and the end of their login, in one statement."""
    row = _PERSON.first(user_id=user_id, key=key)
    return PersonOfLogin(row, row.login_expires_at) if row else None


def branch_by_slug(slug: str) -> Branch | None:
    """Return the branch of this name, open or not."""
    return _BRANCH.first(slug=slug)


def token_by_digest(digest: str) -> AuthToken | None:
    """Return the token with this digest."""
    return _TOKEN.first(digest=digest)


def on_days(
    days: Mapping[int, datetime.date], *, branch: str = "branch", day: str = "business_date"
) -> Q:
    """Return the condition of rows of these branches, each on its day; the keywords are lookups.

    By day, of which a chain has two or three: a condition for each branch would take the square of
    their number to put together.
    """
    branches: dict[datetime.date, list[int]] = defaultdict(list)
    for branch_id, date in days.items():
        branches[date].append(branch_id)
    each = (Q(**{day: date}) & _in(branch, found) for date, found in branches.items())
    return reduce(or_, each, Q(pk__in=()))


def _in(branch: str, ids: list[int]) -> Q:
    # A compiled query has a parameter for one branch, not for a list.
    return Q(**{f"{branch}__in": ids}) if len(ids) > 1 else Q(**{branch: ids[0]})
