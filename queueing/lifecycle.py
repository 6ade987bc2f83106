"""The only code that writes `Transaction.status`, along the transition table in states.py."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from queueing import presence, queries, turn_ledger
from queueing.errors import ConsentNeeded, WrongState
from queueing.events import announce, counter_of
from queueing.lanes import lane_of
from queueing.models import Consent, Transaction, TransactionEvent, TransactionItem
from queueing.states import (
    BEFORE_CASHIER,
    CLOSED,
    LATER_STAMPS,
    STAMPS,
    UNCLAIMED,
    UNTREATED,
    WITH_CASHIER,
    WITH_THERAPIST,
    Status,
    can_move,
    can_undo,
)
from spa_project.lib.db.compiled_queries import insert, insert_new, update_one
from spa_project.lib.money import display_amount


def join_line(
    transaction: Transaction, items: Sequence[TransactionItem], *, by: User | None
) -> Transaction:
    """Insert a new visit and its items, as the last in the therapists' line, and announce it."""
    was = Status(transaction.status)
    cause = turn_ledger.Cause(was, by, _not_before_last_stamp(transaction, timezone.now()))
    events, _changes = _take_steps(transaction, (Status.PENDING_THERAPIST,), cause, {})
    insert_new(transaction)
    for item in items:
        item.transaction = transaction
    insert_new(*items)
    if all(item.pk for item in items):  # MySQL does not return the keys of several rows
        transaction.use_items(list(items))
    insert(TransactionEvent, events)
    announce(transaction, was)
    return transaction


def advance(
    transaction: Transaction,
    *steps: Status,
    by: User | None,
    reason: str = "",
    undo: bool = False,
    note_read: bool = False,
    consent: str = "",
    **fields: Any,
) -> Transaction:
    """Move a transaction along one or more arrows, change `fields` with it, and announce it.

    The caller holds the row lock inside a database transaction. `by` is None when the customer
    acts. `undo` goes back along an arrow; `note_read` is a step in place that calls nobody, and
    `consent` what the step did about the customer's consent to a treatment. Raises `WrongState`
    for an arrow the transition table lacks, `StaleRow` when the row has changed since it was read,
    at the latest with the commit.
    """
    was, treated_by = Status(transaction.status), transaction.active_therapist_id
    counter = counter_of(transaction)
    seen = {"id": transaction.pk, "status": was, "version": transaction.version}
    counted = turn_ledger.Counted.of(transaction)
    now = _not_before_last_stamp(transaction, timezone.now())
    cause = turn_ledger.Cause(was, by, now, reason, undo, note_read, consent)
    events, changes = _take_steps(transaction, steps, cause, fields)
    # Optimistic concurrency: even without row locks (SQLite) no unseen change is overwritten.
    update_one(Transaction, seen, changes)
    insert(TransactionEvent, events)
    turn_ledger.record(transaction, counted, cause)
    if treated_by and treated_by != transaction.active_therapist_id:
        # Read by the statement that locked the row, but for those of `undo`.
        is_due = getattr(transaction, "breaks_next", None)
        presence.begin_due_break(treated_by, is_due=is_due)
    queries.complete(transaction)
    announce(transaction, was, counter=counter)
    return transaction


def _take_steps(
    transaction: Transaction,
    steps: Sequence[Status],
    cause: turn_ledger.Cause,
    fields: dict[str, Any],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Change the object along arrows; return the rows of its events, and all changed fields."""
    counted = turn_ledger.Counted.of(transaction)
    events = []
    for to in steps:
        _check_arrow(transaction, to, undo=cause.undo)
        fields |= _stamps(transaction, to, cause.at) | _calls(transaction, to, cause)
        events.append(_event(transaction, to, cause))
        transaction.status = to
        transaction.version += 1
    fields |= _ended_parts(transaction, steps[-1])
    for name, value in fields.items():
        setattr(transaction, name, value)
    fields |= _lane(transaction, steps[-1]) | _turn(transaction, counted)
    return events, {"status": transaction.status, "version": transaction.version, **fields}


def _check_arrow(transaction: Transaction, to: Status, *, undo: bool) -> None:
    was = Status(transaction.status)
    if not (can_undo(to, was) if undo else can_move(was, to)):
        raise wrong_state(transaction)


def must_be(transaction: Transaction, *statuses: Status) -> None:
    """Raise `WrongState` unless the transaction is in one of these statuses."""
    if transaction.status not in statuses:
        raise wrong_state(transaction)


def must_be_untouched(transaction: Transaction) -> None:
    """Raise `WrongState` when a part was already charged, so that the bill must stay as it is."""
    if transaction.received_amount:
        raise WrongState(
            _("%(amount)s was already charged for %(code)s. Take the rest of the payment first.")
            % {
                "amount": display_amount(transaction.received_amount),
                "code": transaction.code,
            }
        )


def must_be_answered(transaction: Transaction) -> None:
    """Raise `ConsentNeeded` while an added treatment waits for the customer's answer."""
    for item in transaction.item_list:
        if item.consent == Consent.ASKED:
            raise ConsentNeeded(item.service_name)


def wrong_state(transaction: Transaction) -> WrongState:
    """Return the refusal that names the customer's current status."""
    return WrongState(
        _("Can't do that: %(code)s is now “%(status)s”.")
        % {"code": transaction.code, "status": Status(transaction.status).label}
    )


def _event(transaction: Transaction, to: Status, cause: turn_ledger.Cause) -> dict[str, Any]:
    return {
        "transaction": transaction,
        "version": transaction.version + 1,
        "at": cause.at,
        "by": cause.by,
        "from_status": transaction.status,
        "to_status": to,
        "reason": cause.reason,
        "is_undo": cause.undo,
        "note_read": cause.note_read,
        "consent": cause.consent,
    }


def _stamps(transaction: Transaction, to: Status, now: datetime.datetime) -> dict[str, Any]:
    """Return the times that the new status sets; a customer who comes back keeps the old ones."""
    changes: dict[str, Any] = {
        name: None for name in LATER_STAMPS.get(to, ()) if getattr(transaction, name)
    }
    stamp = STAMPS.get(to)
    if stamp and getattr(transaction, stamp) is None:
        changes[stamp] = now
    lines = ("service_finish_at", "selection_confirmed_at")
    finished, joined = (changes.get(name, getattr(transaction, name)) for name in lines)
    place = finished or joined
    if place and place != transaction.queued_at:
        changes["queued_at"] = place
    return changes


def _calls(transaction: Transaction, to: Status, cause: turn_ledger.Cause) -> dict[str, int]:
    """Return how often the customer was called since they last joined the line."""
    if to == Status.THERAPIST_CONFIRMED and not (cause.undo or cause.note_read):
        return {"calls": transaction.calls + 1}
    return {"calls": 0} if to in UNCLAIMED and transaction.calls else {}


def _lane(transaction: Transaction, status: Status) -> dict[str, Any]:
    """Set the lane by the request the visit has now; return the changed fields."""
    changes: dict[str, Any] = {}
    if status not in UNTREATED and transaction.request_until:
        changes["request_until"] = transaction.request_until = None
    if (lane := lane_of(transaction, status)) != transaction.lane:
        changes["lane"] = transaction.lane = lane
    return changes


def _turn(transaction: Transaction, counted: turn_ledger.Counted) -> dict[str, Any]:
    """Set what the visit counts in the rotation now; return the changed fields."""
    quarters = turn_ledger.recount(transaction, counted)
    if quarters == transaction.turn_quarters:
        return {}
    transaction.turn_quarters = quarters
    return {"turn_quarters": quarters}


def _ended_parts(transaction: Transaction, status: Status) -> dict[str, Any]:
    """Return the fields that this status clears: unique columns, and people not yet known."""
    ended: dict[str, Any] = {}
    if status not in WITH_THERAPIST and (
        transaction.active_therapist_id or transaction.active_room_id
    ):
        ended |= {"active_therapist": None, "active_room": None}
    if status not in WITH_CASHIER and transaction.active_cashier_id:
        ended |= {"active_cashier": None}
    if status in CLOSED:
        ended |= {"active_code": None}
    if status in UNCLAIMED and transaction.therapist_id:
        ended |= {"therapist": None, "room_number": ""}
    if status in BEFORE_CASHIER and transaction.cashier_id:
        ended |= {"cashier": None}
    if status != Status.PENDING_THERAPIST and transaction.declined_therapist_id:
        ended |= {"declined_therapist": None}
    if status != Status.ON_HOLD and transaction.held_until:
        ended |= {"held_until": None, "hold_reason": ""}
    return ended


def _not_before_last_stamp(transaction: Transaction, now: datetime.datetime) -> datetime.datetime:
    """Return the time, or the last timestamp if a clock was set back."""
    stamps: list[datetime.datetime | None] = [
        getattr(transaction, name) for name in STAMPS.values()
    ]
    return max([now, transaction.created_at, *(stamp for stamp in stamps if stamp)])
