"""The only code that writes the turn ledger (`TurnEntry`).

What a visit counts follows from its therapist, status and items, so `lifecycle.advance` has it
counted with every step. The other rows move a therapist within the order.
"""

import datetime
from typing import Any, NamedTuple

from django.utils import timezone

from accounts.models import Branch, Therapist, User
from queueing import queries
from queueing.events import announce_turns
from queueing.models import Transaction, TurnEntry, TurnKind
from queueing.rotation import is_strict, rotation_of
from queueing.states import Status
from queueing.turns import kind_of_change, kind_of_gain, level_with_last, quarters_of
from spa_project.lib.db.compiled_queries import insert


class Counted(NamedTuple):
    """The count of a visit before a step, and its therapist; None outside of a rotation."""

    therapist_id: int | None
    quarters: int | None

    @classmethod
    def of(cls, transaction: Transaction) -> "Counted":
        """Return what a visit counts now."""
        return cls(transaction.therapist_id, transaction.turn_quarters)


class Cause(NamedTuple):
    """A step of a visit, which may change what it counts."""

    was: Status
    by: User | None
    at: datetime.datetime
    reason: str = ""
    undo: bool = False
    #: The therapist has read the note, which is no call.
    note_read: bool = False
    #: What the step did about the consent to a treatment.
    consent: str = ""


def recount(transaction: Transaction, before: Counted) -> int | None:
    """Return what a visit counts after a step, None outside of a rotation.

    A visit enters the rotation with a new therapist, and stays in it while it has one.
    """
    if transaction.therapist_id is None:
        return None
    if before.quarters is None and (
        transaction.therapist_id == before.therapist_id or not is_strict(transaction.branch)
    ):
        return None
    queries.complete(transaction)
    return quarters_of(transaction, transaction.item_list)


def record(transaction: Transaction, before: Counted, cause: Cause) -> None:
    """Add the rows that lead from what a visit counted before to what it counts now."""
    now = Counted.of(transaction)
    if now == before or now.quarters is before.quarters is None:
        return
    to = Status(transaction.status)
    change = kind_of_change(cause.was, to, undo=cause.undo)
    rows: list[tuple[int | None, int, TurnKind]] = []
    if now.therapist_id == before.therapist_id:
        rows.append((now.therapist_id, (now.quarters or 0) - (before.quarters or 0), change))
    else:
        if before.quarters:
            lost = TurnKind.HANDED_OVER if now.therapist_id else change
            rows.append((before.therapist_id, -before.quarters, lost))
        if now.quarters is not None:
            rows.append((now.therapist_id, now.quarters, kind_of_gain(transaction, cause.was)))
    _insert(
        transaction.branch,
        [
            {
                "business_date": transaction.business_date,
                "therapist": therapist_id,
                "transaction": transaction,
                "quarters": quarters,
                "kind": kind,
                "reason": cause.reason,
                "at": cause.at,
                "by": cause.by,
            }
            for therapist_id, quarters, kind in rows
        ],
    )


def move_to_the_end(
    therapist: Therapist,
    branch: Branch,
    kind: TurnKind,
    *,
    by: User | None,
    transaction: Transaction | None = None,
    reason: str = "",
) -> None:
    """Put a therapist at the end of a strict rotation: level with whoever has most turns."""
    if not is_strict(branch):
        return
    rotation = rotation_of(branch)
    quarters = level_with_last(rotation.order, therapist.pk)
    change(therapist, branch, quarters, kind, by=by, transaction=transaction, reason=reason)


def change(
    therapist: Therapist,
    branch: Branch,
    quarters: int,
    kind: TurnKind,
    *,
    by: User | None,
    transaction: Transaction | None = None,
    reason: str = "",
) -> None:
    """Add a row that no step of a visit makes."""
    now = timezone.now()
    row = {
        "business_date": branch.business_date(now),
        "therapist": therapist,
        "transaction": transaction,
        "quarters": quarters,
        "kind": kind,
        "reason": reason,
        "at": now,
        "by": by,
    }
    _insert(branch, [row])


def _insert(branch: Branch, rows: list[dict[str, Any]]) -> None:
    if rows:
        insert(TurnEntry, [{"branch": branch, **row} for row in rows])
        announce_turns(branch.pk)
