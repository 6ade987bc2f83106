"""Operations that claim a finished customer for a counter, or release them to the line.

Locks are taken in one order everywhere: actor, transaction, then what belongs to it.
"""

from django.utils.translation import gettext_lazy as _

from accounts.models import Cashier, User
from payments.authority import transaction_in_charge_of
from queueing.access import (
    branch_of,
    current_transaction_of,
    next_in_line,
    ready,
)
from queueing.errors import TransactionNotFound, WrongState
from queueing.lifecycle import advance, must_be_untouched
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.db.transactions import durable


@durable
def claim_next(cashier: Cashier) -> Transaction:
    """Claim the customer who finished first.

    A cashier who already has a customer gets that one again. Raises `QueueEmpty`.
    """
    if held := current_transaction_of(cashier):
        return held
    return _to_the_counter(next_in_line(branch_of(cashier.user), Status.FINISHED), cashier)


@durable
def claim(cashier: Cashier, *, code: str) -> Transaction:
    """Claim the finished customer with this code, out of order.

    The cashier who already has this customer gets them again. Raises `WrongState` when the cashier
    has another one or the customer has not finished, `TransactionNotFound` for an unknown code.
    """
    if held := current_transaction_of(cashier):
        if held.code == code:
            return held
        raise WrongState(
            _("Finish %(code)s or return them to the line first.") % {"code": held.code}
        )
    branch = branch_of(cashier.user)
    # The key is found first, then locked: locking by the code could deadlock with a payment.
    open_here = Transaction.objects.filter(branch=branch, active_code=code)
    found = open_here.values_list("pk", flat=True).first()
    transaction = found and open_here.select_for_update().filter(pk=found).first()
    if not transaction:
        raise TransactionNotFound(_("No customer with number %(code)s.") % {"code": code})
    return _to_the_counter(ready(transaction, branch, Status.FINISHED), cashier)


def _to_the_counter(transaction: Transaction, cashier: Cashier) -> Transaction:
    return advance(
        transaction,
        Status.AWAITING_PAYMENT,
        by=cashier.user,
        cashier=cashier,
        active_cashier=cashier,
    )


@durable
def release(user: User, *, transaction_id: int, reason: str = "") -> Transaction:
    """Release a customer who has not paid to the line, at their old place.

    Only their cashier or a manager may. Raises `TransactionNotFound`, `WrongState`.
    """
    transaction = transaction_in_charge_of(user, transaction_id, Status.AWAITING_PAYMENT)
    must_be_untouched(transaction)
    return advance(transaction, Status.FINISHED, by=user, reason=reason)
