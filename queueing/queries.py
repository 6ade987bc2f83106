"""Compiled queries of the queue, each behind a function with a name and a type.

A row that a function locks stays locked until the database transaction ends. Claims skip rows that
others have locked (FOR UPDATE SKIP LOCKED), so they never wait for each other.
"""

import datetime
from collections.abc import Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from accounts.models import Cashier, Presence, PresenceKind, Therapist, User
from queueing.lanes import ANYONE
from queueing.models import Room, Transaction, TransactionItem
from queueing.states import Status
from spa_project.lib.db.compiled_queries import CompiledQuery, Param, read_together

# -- Staff --------------------------------------------------------------------------------------


def _waiting_in_lanes() -> QuerySet[Transaction]:
    """Return those whom not everyone may call: two ranges of the pick index."""
    return _waiting().exclude(lane=ANYONE)


def _waiting() -> QuerySet[Transaction]:
    return Transaction.objects.filter(branch_id=Param("branch_id"), status=Status.PENDING_THERAPIST)


class LockedTherapist(NamedTuple):
    """A therapist whose row is locked, and what decides whom they may call."""

    pk: int
    gender: str
    current_id: int | None
    #: The kind of the open row of the running business day, None when off duty.
    presence: str | None
    is_declined: bool
    #: Whether anybody who waits in the branch asked for a therapist, or needs skills.
    has_requests: bool
    #: Where they work now: they may have moved since the command was sent.
    branch_id: int | None


class LockedCashier(NamedTuple):
    """A cashier whose row is locked, with their customer and where they work now."""

    current_id: int | None
    branch_id: int | None


def _branch_now() -> Subquery:
    """Return the branch of a therapist or cashier, whose person's row is not locked."""
    return Subquery(User.objects.filter(pk=OuterRef("user_id")).values("branch_id"))


_LOCK_THERAPIST = CompiledQuery(
    lambda: (
        Therapist.objects.select_for_update()
        .filter(pk=Param("pk"))
        .values_list(
            "pk",
            "gender",
            Subquery(Transaction.objects.filter(active_therapist=OuterRef("pk")).values("pk")),
            Subquery(
                Presence.objects.filter(
                    active_therapist=OuterRef("pk"),
                    branch_id=Param("branch_id"),
                    business_date=Param("business_date"),
                ).values("kind")
            ),
            Exists(Transaction.objects.filter(declined_therapist=OuterRef("pk"))),
            Exists(_waiting_in_lanes()),
            _branch_now(),
        )
    )
)
_LOCK_CASHIER = CompiledQuery(
    lambda: (
        Cashier.objects.select_for_update().filter(pk=Param("pk")).values_list("pk", _branch_now())
    )
)
_CURRENT_OF_CASHIER = CompiledQuery(
    lambda: Transaction.objects.filter(active_cashier_id=Param("pk")).values_list("pk")
)
_THERAPIST_FIELD: Any = Transaction._meta.get_field("therapist")
_THERAPIST = CompiledQuery(lambda: Therapist.objects.filter(pk=Param("pk")))


def lock_therapist(pk: int, branch_id: int, business_date: datetime.date) -> LockedTherapist:
    """Lock the row of a therapist; return it with what decides about a claim.

    That is read in subqueries, whose rows MariaDB does not lock, at one moment after the lock.
    """
    day = business_date.isoformat()
    found = _LOCK_THERAPIST.first(pk=pk, branch_id=branch_id, business_date=day)
    if found is None:
        return LockedTherapist(pk, "", None, None, False, False, None)
    return LockedTherapist(*found)


def lock_cashier(pk: int) -> LockedCashier:
    """Lock the row of a cashier; return what decides whether they may take a customer."""
    row, current = read_together((_LOCK_CASHIER, {"pk": pk}), (_CURRENT_OF_CASHIER, {"pk": pk}))
    return LockedCashier(current[0][0] if current else None, row[0][1] if row else None)


# -- Transactions -------------------------------------------------------------------------------

# One table, status and lane, the pick index's own order: anything more would lock other rows.
_NEXT_IN_LANE = CompiledQuery(
    lambda: Transaction.objects.in_lane(
        Param("branch_id"), Param("status"), Param("lane")
    ).select_for_update(skip_locked=True)[:1]
)
# A loose scan of the index, which reads one record of each lane.
_LANES = CompiledQuery(lambda: _waiting().values_list("lane").distinct())
_OF_THERAPIST = CompiledQuery(
    lambda: _locked_with_break().filter(therapist_id=Param("therapist_id"))
)
_OF_CASHIER = CompiledQuery(lambda: rows_of_cashier())
_OF_BRANCH = CompiledQuery(lambda: _locked_with_break().filter(branch_id=Param("branch_id")))
_BY_KEY = CompiledQuery(lambda: Transaction.objects.select_for_update().filter(key=Param("key")))
_UNLESS_LOCKED = CompiledQuery(
    lambda: Transaction.objects.select_for_update(skip_locked=True).filter(pk=Param("pk"))
)
_ITEMS = CompiledQuery(
    lambda: (
        TransactionItem.objects.select_related("skill")
        .filter(transaction_id=Param("transaction_id"))
        .order_by("id")
    )
)
_HOLDER_OF_CODE = CompiledQuery(
    lambda: Transaction.objects.filter(
        branch_id=Param("branch_id"), active_code=Param("code")
    ).values_list("pk")
)


def _locked() -> QuerySet[Transaction]:
    return Transaction.objects.select_for_update().filter(pk=Param("pk"))


def _locked_with_break() -> QuerySet[Transaction]:
    """Return the row to compile, with whether a break of its therapist follows (a subquery)."""
    breaks = Presence.objects.filter(
        active_therapist=OuterRef("active_therapist_id"), kind=PresenceKind.BREAK_NEXT
    )
    return _locked().annotate(breaks_next=Exists(breaks))


def lock_next(branch_id: int, status: Status, lane: int = ANYONE) -> Transaction | None:
    """Lock and return the first transaction of a lane that nobody has locked."""
    return _NEXT_IN_LANE.first(branch_id=branch_id, status=status, lane=lane)


def lanes_in(branch_id: int) -> list[int]:
    """Return the lanes in which anybody waits."""
    return [lane for (lane,) in _LANES.all(branch_id=branch_id)]


def waiting_in(
    branch_id: int, lanes: Sequence[int], *, but_declining: int
) -> list[tuple[int, int]]:
    """Return the lane and the key of those who wait in these lanes, by their time; locks none.

    Left out is who declined the therapist `but_declining`. One statement, so that nobody who
    changes lanes meanwhile is missed in both. A locking statement would lock more rows than the one
    that is claimed, and hide them from the colleagues meanwhile.
    """
    keys = {f"lane{number}": lane for number, lane in enumerate(lanes)}
    rows = _waiting_in_lanes_of(*keys).all(branch_id=branch_id, **keys)
    rows.sort(key=itemgetter(0, 1))
    return [(lane, pk) for _at, pk, lane, declined in rows if declined != but_declining]


@cache
def _waiting_in_lanes_of(*keys: str) -> CompiledQuery[Any]:
    """Return the query for as many lanes as are open to a therapist; each is a range of the index.

    It has no order: sorting several lanes would take a filesort.
    """
    lanes: list[Any] = [Param(key) for key in keys]
    columns = ("queued_at", "pk", "lane", "declined_therapist_id")
    return CompiledQuery(lambda: _waiting().filter(lane__in=lanes).values_list(*columns))


def lock_with_items(query: CompiledQuery[Any], pk: int, **values: Any) -> Any:
    """Lock and return the transaction of a query by key, with its items."""
    rows, items = read_together((query, {"pk": pk, **values}), (_ITEMS, {"transaction_id": pk}))
    if not rows:
        return None
    rows[0].use_items(items)
    return rows[0]


def lock_of_therapist(pk: int, therapist_id: int) -> Transaction | None:
    """Lock and return a transaction of this therapist, with its items."""
    found: Transaction | None = lock_with_items(_OF_THERAPIST, pk, therapist_id=therapist_id)
    return found


def rows_of_cashier() -> QuerySet[Transaction]:
    """Return the cashier's row to compile, with its therapist's name, which saves a statement.

    In a subquery: MariaDB locks the joined rows of a locking statement, but not those. Finish the
    row with `with_therapist`.
    """
    therapist = Therapist.objects.filter(pk=OuterRef("therapist_id"))
    rows = _locked().filter(cashier_id=Param("cashier_id"))
    return rows.annotate(therapist_name=Subquery(therapist.values("display_name")))


def with_therapist(row: Any) -> Transaction:
    """Return a row of `rows_of_cashier` with its therapist, of whom only the name is loaded."""
    transaction: Transaction = row
    if row.therapist_name:
        loaded = {"id": transaction.therapist_id, "display_name": row.therapist_name}
        transaction.therapist = Therapist.from_db(None, list(loaded), list(loaded.values()))
    return transaction


def lock_of_cashier(pk: int, cashier_id: int) -> Transaction | None:
    """Lock and return a transaction of this cashier, with its items."""
    row = lock_with_items(_OF_CASHIER, pk, cashier_id=cashier_id)
    return with_therapist(row) if row else None


def lock_of_branch(pk: int, branch_id: int) -> Transaction | None:
    """Lock and return a transaction of this branch, with its items."""
    found: Transaction | None = lock_with_items(_OF_BRANCH, pk, branch_id=branch_id)
    return found


def lock_by_key(key: str) -> Transaction | None:
    """Lock and return the transaction of a ticket's key."""
    return _BY_KEY.first(key=key)


def lock_unless_locked(pk: int) -> Transaction | None:
    """Lock and return a transaction, or None while another connection has it locked."""
    return _UNLESS_LOCKED.first(pk=pk)


def complete(transaction: Transaction) -> None:
    """Set the items of a transaction, and its therapist if any, unless they were read before."""
    if transaction.has_items:
        return
    if not transaction.therapist_id or _THERAPIST_FIELD.is_cached(transaction):
        transaction.use_items(items_of(transaction.pk))
        return
    [therapist], items = read_together(
        (_THERAPIST, {"pk": transaction.therapist_id}),
        (_ITEMS, {"transaction_id": transaction.pk}),
    )
    transaction.therapist = therapist
    transaction.use_items(items)


def items_of(transaction_id: int) -> list[TransactionItem]:
    """Return the items of a transaction in their order."""
    return _ITEMS.all(transaction_id=transaction_id)


def is_code_in_use(branch_id: int, code: str) -> bool:
    """Return whether an open transaction of the branch has this code."""
    return _HOLDER_OF_CODE.first(branch_id=branch_id, code=code) is not None


# -- Rooms --------------------------------------------------------------------------------------

# Ordered by primary key: the model's own order joins the branch, and MariaDB would lock its row
# too, for every therapist and every new customer in it.
_ROOM_BY_NUMBER = CompiledQuery(
    lambda: (
        Room.objects.select_for_update()
        .filter(branch_id=Param("branch_id"), number=Param("number"))
        .order_by("pk")
    )
)
_ROOM = CompiledQuery(
    lambda: Room.objects.select_for_update().filter(pk=Param("pk")).order_by("pk")
)
_ROOM_UNLESS_LOCKED = CompiledQuery(
    lambda: Room.objects.select_for_update(skip_locked=True).filter(pk=Param("pk")).order_by("pk")
)


def lock_room_by_number(branch_id: int, number: str) -> Room | None:
    """Lock and return a branch's room."""
    return _ROOM_BY_NUMBER.first(branch_id=branch_id, number=number)


def lock_room(pk: int) -> Room | None:
    """Lock and return a room."""
    return _ROOM.first(pk=pk)


def lock_room_unless_locked(pk: int) -> Room | None:
    """Lock and return a room, or None while another connection has it locked."""
    return _ROOM_UNLESS_LOCKED.first(pk=pk)
