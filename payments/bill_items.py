"""Operations that add a treatment to a bill before payment, or remove one."""

from decimal import Decimal

from accounts.models import User
from payments.billing import active_discounts, billed_transaction, change_bill
from payments.discounts import remove
from queueing.models import Transaction
from queueing.services import put_item, take_item
from spa_project.lib.db.transactions import durable


@durable
def add_item(
    user: User,
    *,
    transaction_id: int,
    service_classification_id: int,
    expected_price: Decimal | None = None,
) -> Transaction:
    """Add a treatment to the bill; `expected_price` is what the screen displayed.

    The bill's discounts cover it too. Raises `TransactionNotFound`, `WrongState`,
    `ServiceNotFound`, `PriceChanged`, `Invalid` (too many, or too dear together).
    """
    transaction = billed_transaction(user, transaction_id)
    item = put_item(transaction, service_classification_id, expected_price)
    return change_bill(transaction, active_discounts(transaction), by=user, reason=f"+ {item}")


@durable
def remove_item(user: User, *, transaction_id: int, item_id: int, reason: str) -> Transaction:
    """Remove a treatment from the bill, with the discounts that were given for it.

    Raises `TransactionNotFound`, `WrongState`, `ServiceNotFound`, `EmptySelection`.
    """
    transaction = billed_transaction(user, transaction_id)
    item = take_item(transaction, item_id)
    kept = []
    for given in active_discounts(transaction):
        if given.item_id == item_id:
            remove(given, by=user, reason=reason)
        else:
            kept.append(given)
    return change_bill(transaction, kept, by=user, reason=f"- {item}: {reason}")
