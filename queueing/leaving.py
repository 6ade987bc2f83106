"""Operations that end a visit before it is paid: cancel, end, no-show."""

from accounts.models import Therapist, User
from queueing import rooms
from queueing.access import own_transaction, transaction_of_branch
from queueing.errors import TransactionNotFound
from queueing.lifecycle import advance, must_be
from queueing.models import Transaction
from queueing.states import UNCLAIMED, Status
from spa_project.lib.db.compiled_queries import CompiledQuery, Param
from spa_project.lib.db.transactions import durable

#: Statuses in which nothing has been done for the customer yet.
UNTREATED = UNCLAIMED | {Status.THERAPIST_CONFIRMED}


#: Statuses in which something has been done, and no money is on its way.
TREATED = (Status.IN_SERVICE, Status.FINISHED, Status.AWAITING_PAYMENT)


_BY_KEY = CompiledQuery(lambda: Transaction.objects.select_for_update().filter(key=Param("key")))


@durable
def customer_cancel(key: str) -> Transaction:
    """The customer leaves the line. Raises `TransactionNotFound`, `WrongState`."""
    transaction = _BY_KEY.first(key=key)
    if transaction is None:
        raise TransactionNotFound
    must_be(transaction, *UNCLAIMED)
    return advance(transaction, Status.CANCELLED, by=None)


@durable
def staff_cancel(user: User, *, transaction_id: int, reason: str) -> Transaction:
    """Staff let a customer go whose treatment has not begun.

    Raises `TransactionNotFound`, `WrongState`."""
    transaction = transaction_of_branch(user, transaction_id, *UNTREATED)
    rooms.free_room_of(transaction)
    return advance(transaction, Status.CANCELLED, by=user, reason=reason)


@durable
def manager_cancel(manager: User, *, transaction_id: int, reason: str, bill: bool) -> Transaction:
    """A manager ends a visit after its treatment began: `bill` what is on the list, or nothing.

    Raises `TransactionNotFound`, `WrongState`."""
    statuses = (Status.IN_SERVICE,) if bill else TREATED
    transaction = transaction_of_branch(manager, transaction_id, *statuses)
    end = Status.FINISHED if bill else Status.CANCELLED
    rooms.free_room_of(transaction)
    return advance(transaction, end, by=manager, reason=reason)


@durable
def no_show(therapist: Therapist, *, transaction_id: int, reason: str = "") -> Transaction:
    """The customer was called and did not come. Raises `TransactionNotFound`, `WrongState`."""
    transaction = own_transaction(transaction_id, Status.THERAPIST_CONFIRMED, therapist=therapist)
    rooms.free_room_of(transaction)
    return advance(transaction, Status.NO_SHOW, by=therapist.user, reason=reason)
