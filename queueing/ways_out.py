"""The verbs off the straight road: to leave, to step aside, to come back, to change hands.

Each is one database transaction that frees the therapist, the room and the cashier with the step.
Locks are taken in the order of services.py.
"""

import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Branch, Role, Therapist, User
from queueing import codes, rooms
from queueing.errors import TransactionNotFound, WrongState
from queueing.lifecycle import advance, must_be
from queueing.models import Room, Transaction
from queueing.services import branch_of, held_by, own_transaction
from queueing.states import UNCLAIMED, WITH_THERAPIST, Status
from spa_project.lib.db.compiled_queries import Param, Prepared
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Conflict

HOLD = datetime.timedelta(minutes=10)
REOPEN_WITHIN = datetime.timedelta(minutes=15)

#: Statuses in which nothing has been done for the customer yet.
UNTREATED = UNCLAIMED | {Status.THERAPIST_CONFIRMED}
#: Statuses in which something has been done, and no money is on its way.
TREATED = (Status.IN_SERVICE, Status.FINISHED, Status.AWAITING_PAYMENT)

_OF_BRANCH = Prepared(
    lambda: Transaction.objects.select_for_update().filter(
        pk=Param("pk"), branch_id=Param("branch_id")
    )
)
_BY_KEY = Prepared(lambda: Transaction.objects.select_for_update().filter(key=Param("key")))


# -- To leave -----------------------------------------------------------------------------------


@durable
def cancel_own(key: str) -> Transaction:
    """The customer leaves the line. Raises `TransactionNotFound`, `WrongState`."""
    transaction = _BY_KEY.first(key=key)
    if transaction is None:
        raise TransactionNotFound
    must_be(transaction, *UNCLAIMED)
    return advance(transaction, Status.CANCELLED, by=None)


@durable
def cancel(user: User, *, transaction_id: int, reason: str) -> Transaction:
    """Staff let a customer go whose treatment has not begun.

    Raises `TransactionNotFound`, `WrongState`."""
    transaction = transaction_of_branch(user, transaction_id, *UNTREATED)
    return _leave(transaction, Status.CANCELLED, by=user, reason=reason)


@durable
def stop(manager: User, *, transaction_id: int, reason: str, bill: bool) -> Transaction:
    """A manager ends a visit after its treatment began: `bill` what is on the list, or nothing.

    Raises `TransactionNotFound`, `WrongState`."""
    statuses = (Status.IN_SERVICE,) if bill else TREATED
    transaction = transaction_of_branch(manager, transaction_id, *statuses)
    end = Status.FINISHED if bill else Status.CANCELLED
    return _leave(transaction, end, by=manager, reason=reason)


@durable
def no_show(therapist: Therapist, *, transaction_id: int, reason: str = "") -> Transaction:
    """The customer was called and did not come. Raises `TransactionNotFound`, `WrongState`."""
    transaction = own_transaction(transaction_id, Status.THERAPIST_CONFIRMED, therapist=therapist)
    return _leave(transaction, Status.NO_SHOW, by=therapist.user, reason=reason)


# -- To step aside and come back ----------------------------------------------------------------


@durable
def recall(therapist: Therapist, *, transaction_id: int) -> Transaction:
    """Call the customer once more. Raises `TransactionNotFound`, `WrongState`."""
    transaction = own_transaction(transaction_id, Status.THERAPIST_CONFIRMED, therapist=therapist)
    return advance(transaction, Status.THERAPIST_CONFIRMED, by=therapist.user, reason=_("recall"))


@durable
def give_back(therapist: Therapist, *, transaction_id: int, reason: str) -> Transaction:
    """The customer stands in line again, at their old place.

    Raises `TransactionNotFound`, `WrongState`."""
    transaction = own_transaction(transaction_id, Status.THERAPIST_CONFIRMED, therapist=therapist)
    return _leave(transaction, Status.PENDING_THERAPIST, by=therapist.user, reason=reason)


@durable
def hold(user: User, *, transaction_id: int, reason: str = "") -> Transaction:
    """The customer keeps their place, and cannot be claimed until released or `HOLD` is over.

    Raises `TransactionNotFound`, `WrongState`."""
    transaction = transaction_of_branch(
        user, transaction_id, Status.PENDING_THERAPIST, Status.THERAPIST_CONFIRMED
    )
    until = timezone.now() + HOLD
    return _leave(transaction, Status.ON_HOLD, by=user, reason=reason, held_until=until)


@durable
def release_hold(user: User, *, transaction_id: int) -> Transaction:
    """The customer can be claimed again. Raises `TransactionNotFound`, `WrongState`."""
    transaction = transaction_of_branch(user, transaction_id, Status.ON_HOLD)
    return advance(transaction, Status.PENDING_THERAPIST, by=user)


@durable
def reopen(user: User, *, code: str) -> Transaction:
    """Who did not come is here after all, within `REOPEN_WITHIN`, and gets their old place.

    Raises `TransactionNotFound`, `WrongState` (too late), `Conflict` (the code is in use)."""
    branch = branch_of(user)
    missed = _last_missed(branch, code)
    transaction = missed and transaction_of_branch(user, missed, Status.NO_SHOW)
    if not transaction:
        raise TransactionNotFound(_("Nobody with this number was missed."))
    if timezone.now() - _reached_at(transaction) > REOPEN_WITHIN:
        raise WrongState(_("This was too long ago. Please enter a new order."))
    return advance(
        transaction, Status.PENDING_THERAPIST, by=user, active_code=code_again(transaction)
    )


# -- To change hands ----------------------------------------------------------------------------


@durable
def hand_over(
    user: User, *, transaction_id: int, therapist_id: int, reason: str = ""
) -> Transaction:
    """Another therapist goes on with the customer, in the same room.

    Raises `TransactionNotFound`, `WrongState` (no such colleague, or not free)."""
    colleague = _colleague(branch_of(user), therapist_id)
    if held_by(colleague):
        raise WrongState(_("%(name)s has a customer now.") % {"name": colleague})
    transaction = transaction_of_branch(user, transaction_id, *WITH_THERAPIST)
    return advance(
        transaction,
        Status(transaction.status),
        by=user,
        reason=_described(f"{transaction.therapist} > {colleague}", reason),
        therapist=colleague,
        active_therapist=colleague,
    )


@durable
def change_room(
    user: User, *, transaction_id: int, room_number: str, reason: str = ""
) -> Transaction:
    """The customer goes on in another room that is available.

    Raises `TransactionNotFound`, `WrongState`, `RoomNotReady`."""
    transaction = transaction_of_branch(user, transaction_id, *WITH_THERAPIST)
    room = rooms.occupy_number(transaction.branch, room_number)
    _free_room(transaction)
    return advance(
        transaction,
        Status(transaction.status),
        by=user,
        reason=_described(f"{transaction.room_number} > {room}", reason),
        active_room=room,
        room_number=room.number,
    )


# -- What they share ----------------------------------------------------------------------------


def transaction_of_branch(user: User, transaction_id: int, *statuses: Status) -> Transaction:
    """Fetch and lock a transaction of the person's branch, in one of `statuses`.

    Who is a therapist only does not reach into a colleague's treatment. Raises
    `TransactionNotFound` (elsewhere, or a colleague's), `WrongState`."""
    branch = branch_of(user)
    transaction = _OF_BRANCH.first(pk=transaction_id, branch_id=branch.pk)
    if transaction is None or _is_a_colleagues(user, transaction):
        raise TransactionNotFound
    transaction.branch = branch
    must_be(transaction, *statuses)
    return transaction


def code_again(transaction: Transaction) -> str:
    """The code a closed visit had, for its return; raises `Conflict` when it is another's now."""
    if not codes.is_free(transaction.branch, transaction.code):
        raise Conflict(
            _("Number %(code)s is someone else's now. Please enter a new order.")
            % {"code": transaction.code}
        )
    return transaction.code


def _leave(
    transaction: Transaction, to: Status, *, by: User, reason: str, **fields: Any
) -> Transaction:
    _free_room(transaction)
    return advance(transaction, to, by=by, reason=reason, **fields)


def _free_room(transaction: Transaction) -> Room | None:
    if not transaction.active_room_id:
        return None
    used = transaction.status == Status.IN_SERVICE
    return rooms.vacate(transaction.active_room_id, transaction.branch, used=used)


def _is_a_colleagues(user: User, transaction: Transaction) -> bool:
    if transaction.active_therapist_id is None or user.roles & {Role.CASHIER, Role.MANAGER}:
        return False
    return transaction.active_therapist_id != user.therapist.pk


def _colleague(branch: Branch, therapist_id: int) -> Therapist:
    people = Therapist.objects.on_duty(branch).select_related("user__branch")
    if not (found := people.filter(pk=therapist_id).first()):
        raise WrongState(_("There is no such therapist here."))
    return found


def _last_missed(branch: Branch, code: str) -> int | None:
    since = branch.business_date() - datetime.timedelta(days=1)
    missed = Transaction.objects.filter(
        branch=branch, business_date__gte=since, code=code, status=Status.NO_SHOW
    )
    return missed.order_by("-pk").values_list("pk", flat=True).first()


def _reached_at(transaction: Transaction) -> datetime.datetime:
    """When the transaction came to the status it is in."""
    return transaction.events.get(version=transaction.version).at


def _described(change: str, reason: str) -> str:
    return f"{change}: {reason}" if reason else change
