"""Operations that end a visit before it is paid: cancel, end, no-show."""

from accounts.models import Therapist, User
from queueing import queries, rooms
from queueing.access import branch_transaction, therapist_transaction
from queueing.consent import remove_unanswered
from queueing.errors import TransactionNotFound
from queueing.lifecycle import advance, must_be, must_be_untouched
from queueing.models import Transaction
from queueing.states import UNCLAIMED, UNTREATED, Status
from spa_project.lib.db.transactions import durable

#: Statuses after the treatment began, while no payment is pending.
TREATED = (Status.IN_SERVICE, Status.FINISHED, Status.AWAITING_PAYMENT)


@durable
def customer_cancel(key: str) -> Transaction:
    """Cancel a visit for its customer. Raises `TransactionNotFound`, `WrongState`."""
    transaction = queries.lock_by_key(key)
    if transaction is None:
        raise TransactionNotFound
    must_be(transaction, *UNCLAIMED)
    return advance(transaction, Status.CANCELLED, by=None)


@durable
def staff_cancel(user: User, *, transaction_id: int, reason: str) -> Transaction:
    """Cancel a visit whose treatment has not begun, for a member of staff.

    Raises `TransactionNotFound`, `WrongState`.
    """
    transaction = branch_transaction(user, transaction_id, *UNTREATED)
    rooms.free_room_of(transaction)
    return advance(transaction, Status.CANCELLED, by=user, reason=reason)


@durable
def manager_cancel(manager: User, *, transaction_id: int, reason: str, bill: bool) -> Transaction:
    """End a visit after its treatment began: `bill` what was done, or nothing.

    A bill leaves out what still waits for the customer's answer. Raises `TransactionNotFound`,
    `WrongState`.
    """
    statuses = (Status.IN_SERVICE,) if bill else TREATED
    transaction = branch_transaction(manager, transaction_id, *statuses)
    must_be_untouched(transaction)
    if bill:
        remove_unanswered(transaction, by=manager)
    end = Status.FINISHED if bill else Status.CANCELLED
    rooms.free_room_of(transaction)
    return advance(transaction, end, by=manager, reason=reason)


@durable
def no_show(therapist: Therapist, *, transaction_id: int, reason: str = "") -> Transaction:
    """Record that a called customer did not come. Raises `TransactionNotFound`, `WrongState`."""
    transaction = therapist_transaction(therapist, transaction_id, Status.THERAPIST_CONFIRMED)
    rooms.free_room_of(transaction)
    return advance(transaction, Status.NO_SHOW, by=therapist.user, reason=reason)
