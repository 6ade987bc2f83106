"""The undo of the last step: a new step back along the same arrow, nothing deleted."""

import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Cashier, Role, Therapist, User
from queueing import presence, rooms
from queueing.errors import TransactionNotFound, WrongState
from queueing.holding import HOLD, code_again
from queueing.lifecycle import advance
from queueing.models import Transaction, TransactionEvent
from queueing.states import CLOSED, WITH_CASHIER, WITH_THERAPIST, Status, can_undo
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Conflict

WITHIN = datetime.timedelta(seconds=60)


@durable
def undo(user: User, *, transaction_id: int, version: int | None = None) -> Transaction:
    """Undo the last step of a visit: its author within `WITHIN`, a manager later too.

    `version` is the one the person saw (optimistic concurrency). Raises `TransactionNotFound`,
    `Conflict` (somebody has gone on), `WrongState` (too late, or a step that cannot be undone),
    `RoomNotReady`.
    """
    transaction = _locked(user, transaction_id)
    last = transaction.events.select_related("by__therapist", "by__cashier").latest("version")
    _require_last_step(user, last, version)
    back = Status(last.from_status)
    if not can_undo(back, Status(last.to_status)):
        raise WrongState(_("This can't be undone."))
    if Role.MANAGER not in user.roles and timezone.now() - last.at > WITHIN:
        raise WrongState(_("Too late to undo. Ask a manager."))
    fields = _fields_of_return(transaction, back)
    if therapist := fields.get("active_therapist"):
        presence.return_to_customer(therapist)
    return advance(transaction, back, by=user, undo=True, **fields)


def _locked(user: User, transaction_id: int) -> Transaction:
    """Lock everyone who had a part in the visit, then the visit, in the order of all operations."""
    here = Transaction.objects.filter(pk=transaction_id, branch=user.branch)
    seen = here.select_related("therapist", "cashier").first()
    if seen is None:
        raise TransactionNotFound
    for person in filter(None, (seen.therapist, seen.cashier)):
        type(person)._default_manager.select_for_update().get(pk=person.pk)
    transaction = here.select_for_update().get()
    if transaction.version != seen.version:
        raise Conflict
    return transaction


def _require_last_step(user: User, last: TransactionEvent, version: int | None) -> None:
    is_theirs = last.by_id == user.pk or Role.MANAGER in user.roles
    is_news = version is not None and version != last.version
    if is_news or last.is_undo or not is_theirs:
        raise Conflict(
            _("%(name)s already took the next step. Nothing to undo.")
            % {"name": last.by.shown_name if last.by else _("the customer")}
        )


def _fields_of_return(transaction: Transaction, back: Status) -> dict[str, Any]:
    """Return what the customer gets again by going back; free what they lose."""
    fields: dict[str, Any] = {}
    if transaction.status in CLOSED:
        fields["active_code"] = code_again(transaction)
    if back == Status.ON_HOLD:
        fields["held_until"] = timezone.now() + HOLD
        fields["hold_reason"] = _reason_of_last_hold(transaction)
    if back in WITH_CASHIER:
        fields["active_cashier"] = _if_still_free(transaction.cashier)
    if back in WITH_THERAPIST and not transaction.active_therapist_id:
        fields["active_therapist"] = _if_still_free(transaction.therapist)
        fields["active_room"] = rooms.occupy_again(transaction.branch, transaction.room_number)
    elif back not in WITH_THERAPIST and transaction.active_room_id:
        rooms.vacate(transaction.active_room_id, transaction.branch, used=False)
    return fields


def _reason_of_last_hold(transaction: Transaction) -> str:
    holds = transaction.events.filter(to_status=Status.ON_HOLD, is_undo=False)
    return holds.order_by("-version").values_list("reason", flat=True).first() or ""


def _if_still_free(person: Therapist | Cashier | None) -> Therapist | Cashier:
    """Return the former actor if they have no other customer now; their row is locked."""
    assert person is not None, "this status demands somebody"
    if Transaction.objects.filter(**{f"active_{type(person).__name__.lower()}": person}).exists():
        raise WrongState(_("%(name)s has another customer now.") % {"name": person})
    return person
