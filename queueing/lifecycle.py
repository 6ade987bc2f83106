"""The only code that writes `Transaction.status`."""

import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from queueing.errors import WrongState
from queueing.events import announce
from queueing.models import Transaction, TransactionEvent
from queueing.states import CLOSED, QUEUES, STAMPS, WITH_CASHIER, WITH_THERAPIST, Status, can_move
from spa_project.lib.errors import Conflict
from spa_project.lib.statements import insert, update_where


def advance(
    transaction: Transaction, *steps: Status, by: User | None, reason: str = "", **fields: Any
) -> Transaction:
    """Move a transaction along one or more arrows, change `fields` with it, and announce it.

    The caller holds the row's lock inside a database transaction. `by` is nobody when the
    customer acts. Raises `WrongState` for an arrow the table lacks, `Conflict` when the row
    changed under us.
    """
    was = Status(transaction.status)
    seen = {"id": transaction.pk, "status": was, "version": transaction.version}
    now = _not_before_its_past(transaction, timezone.now())
    events = []
    for to in steps:
        _check_arrow(transaction, to)
        fields |= _stamps(transaction, to, now)
        events.append(_event(transaction, to, by=by, at=now, reason=reason))
        transaction.status = to
        transaction.version += 1
    fields |= _ended_parts(steps[-1])
    for name, value in fields.items():
        setattr(transaction, name, value)
    # Guarded, so that even without row locks (SQLite) nobody overwrites what they did not see.
    changes = {"status": transaction.status, "version": transaction.version, **fields}
    if update_where(Transaction, seen, changes) != 1:
        raise Conflict
    insert(TransactionEvent, events)
    announce(transaction, was)
    return transaction


def _check_arrow(transaction: Transaction, to: Status) -> None:
    if not can_move(Status(transaction.status), to):
        raise wrong_state(transaction)


def wrong_state(transaction: Transaction) -> WrongState:
    """The refusal that names where the customer is now."""
    return WrongState(
        _("This step is not possible: customer %(code)s is now “%(status)s”.")
        % {"code": transaction.code, "status": Status(transaction.status).label}
    )


def _event(
    transaction: Transaction, to: Status, *, by: User | None, at: datetime.datetime, reason: str
) -> dict[str, Any]:
    return {
        "transaction": transaction,
        "version": transaction.version + 1,
        "at": at,
        "by": by,
        "from_status": transaction.status,
        "to_status": to,
        "reason": reason,
    }


def _stamps(transaction: Transaction, to: Status, now: datetime.datetime) -> dict[str, Any]:
    stamp = STAMPS.get(to)
    if stamp is None or to == transaction.status:
        return {}
    if to not in QUEUES:
        return {stamp: now}
    # Whoever is given back to a line keeps the place they had.
    return {} if getattr(transaction, stamp) else {stamp: now, "queued_at": now}


def _ended_parts(status: Status) -> dict[str, None]:
    """The nullable unique columns that this status leaves empty."""
    ended: dict[str, None] = {}
    if status not in WITH_THERAPIST:
        ended |= {"active_therapist": None, "active_room": None}
    if status not in WITH_CASHIER:
        ended |= {"active_cashier": None}
    if status in CLOSED:
        ended |= {"active_code": None}
    return ended


def _not_before_its_past(transaction: Transaction, now: datetime.datetime) -> datetime.datetime:
    """A clock set back must not make a life run backwards."""
    stamps: list[datetime.datetime | None] = [
        getattr(transaction, name) for name in STAMPS.values()
    ]
    return max([now, transaction.created_at, *(stamp for stamp in stamps if stamp)])
