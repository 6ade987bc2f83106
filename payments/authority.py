"""Authorization of operations on a customer at a counter: their cashier, or a manager."""

from accounts.models import Role, User
from queueing.access import branch_transaction, cashier_transaction
from queueing.models import Transaction
from queueing.states import Status


def transaction_in_charge_of(user: User, transaction_id: int, *statuses: Status) -> Transaction:
    """Lock and return a transaction: any of the branch for managers, else one's own.

    Raises `TransactionNotFound`, `WrongState` outside of `statuses`.
    """
    if Role.MANAGER in user.roles:
        return branch_transaction(user, transaction_id, *statuses)
    return cashier_transaction(user.cashier, transaction_id, *statuses)
