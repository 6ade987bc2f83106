"""Operations that return a customer to the line or hold their place."""

import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Branch, Therapist, User
from queueing import codes, rooms
from queueing.access import branch_of, branch_transaction, therapist_transaction
from queueing.declined import asks_for_another
from queueing.errors import TransactionNotFound, WrongState
from queueing.lifecycle import advance
from queueing.models import Transaction, TurnKind
from queueing.states import Status
from queueing.turn_ledger import move_to_the_end
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Conflict

HOLD = datetime.timedelta(minutes=10)
REOPEN_WITHIN = datetime.timedelta(minutes=15)


@durable
def recall(therapist: Therapist, *, transaction_id: int) -> Transaction:
    """Call the customer once more. Raises `TransactionNotFound`, `WrongState`."""
    transaction = therapist_transaction(therapist, transaction_id, Status.THERAPIST_CONFIRMED)
    return advance(transaction, Status.THERAPIST_CONFIRMED, by=therapist.user, reason=_("recall"))


@durable
def release(therapist: Therapist, *, transaction_id: int, reason: str) -> Transaction:
    """Release the customer to the line, at their old place.

    One who asked for another therapist is not called by this one again; for any other reason the
    therapist goes to the end of a rotation. Raises `TransactionNotFound`, `WrongState`.
    """
    transaction = therapist_transaction(therapist, transaction_id, Status.THERAPIST_CONFIRMED)
    rooms.free_room_of(transaction)
    declined = asks_for_another(reason)
    fields: dict[str, Any] = {"declined_therapist": therapist if declined else None}
    if declined and transaction.requested_therapist_id == therapist.pk:
        fields |= {"requested_therapist": None, "request_until": None}
    by = therapist.user
    advance(transaction, Status.PENDING_THERAPIST, by=by, reason=reason, **fields)
    if not declined:
        move_to_the_end(
            therapist,
            transaction.branch,
            TurnKind.GAVE_UP,
            by=by,
            transaction=transaction,
            reason=reason,
        )
    return transaction


@durable
def hold(user: User, *, transaction_id: int, reason: str = "") -> Transaction:
    """Put the customer on hold: not to be claimed until released or `HOLD` is over.

    Raises `TransactionNotFound`, `WrongState`.
    """
    transaction = branch_transaction(
        user, transaction_id, Status.PENDING_THERAPIST, Status.THERAPIST_CONFIRMED
    )
    until = timezone.now() + HOLD
    rooms.free_room_of(transaction)
    return advance(
        transaction,
        Status.ON_HOLD,
        by=user,
        reason=reason,
        held_until=until,
        hold_reason=reason,
    )


@durable
def release_hold(user: User, *, transaction_id: int) -> Transaction:
    """End a customer's hold. Raises `TransactionNotFound`, `WrongState`."""
    transaction = branch_transaction(user, transaction_id, Status.ON_HOLD)
    return advance(transaction, Status.PENDING_THERAPIST, by=user)


@durable
def reopen(user: User, *, code: str) -> Transaction:
    """Return a no-show to their old place in the line, within `REOPEN_WITHIN`.

    Raises `TransactionNotFound`, `WrongState` (too late), `Conflict` (the code is in use).
    """
    branch = branch_of(user)
    missed = _last_missed(branch, code)
    transaction = missed and branch_transaction(user, missed, Status.NO_SHOW)
    if not transaction:
        raise TransactionNotFound(_("No missed customer with this number."))
    if timezone.now() - _reached_at(transaction) > REOPEN_WITHIN:
        raise WrongState(_("Missed more than 15 minutes ago. Enter a new order."))
    return advance(
        transaction, Status.PENDING_THERAPIST, by=user, active_code=code_again(transaction)
    )


def code_again(transaction: Transaction) -> str:
    """Return the code a closed visit had; raise `Conflict` when another visit has it now."""
    if not codes.is_free(transaction.branch, transaction.code):
        raise Conflict(
            _("Number %(code)s is in use again. Enter a new order.") % {"code": transaction.code}
        )
    return transaction.code


def _last_missed(branch: Branch, code: str) -> int | None:
    since = branch.business_date() - datetime.timedelta(days=1)
    missed = Transaction.objects.filter(
        branch=branch, business_date__gte=since, code=code, status=Status.NO_SHOW
    )
    return missed.order_by("-pk").values_list("pk", flat=True).first()


def _reached_at(transaction: Transaction) -> datetime.datetime:
    """Return when the transaction reached its status."""
    return transaction.events.get(version=transaction.version).at
