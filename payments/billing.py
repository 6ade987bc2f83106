"""Changes of a bill at the till: the one place that writes what discounts take off."""

from typing import Any

from accounts.models import User
from payments.authority import transaction_in_charge_of
from payments.models import AppliedDiscount
from queueing.bill import Line, bill_of
from queueing.lifecycle import advance, must_be_untouched
from queueing.models import Transaction, TransactionItem
from queueing.services import totals_of
from queueing.states import Status
from queueing.visit_bills import as_discount, in_force


def billed_transaction(user: User, transaction_id: int) -> Transaction:
    """Lock and return a transaction whose bill this person may change.

    Raises `TransactionNotFound`, `WrongState`.
    """
    transaction = transaction_in_charge_of(user, transaction_id, Status.AWAITING_PAYMENT)
    must_be_untouched(transaction)
    return transaction


def active_discounts(transaction: Transaction) -> list[AppliedDiscount]:
    """Return the discounts of a locked transaction, also those that take nothing off."""
    return in_force(AppliedDiscount.objects.filter(transaction=transaction))


def change_bill(
    transaction: Transaction, discounts: list[AppliedDiscount], *, by: User, reason: str
) -> Transaction:
    """Write the totals of changed items or discounts to a locked transaction, and announce them.

    `discounts` are those in force from now on. Raises `Invalid` (too dear together).
    """
    items = transaction.item_list
    bill = bill_of(
        [Line(item.pk, item.price) for item in items], [as_discount(row) for row in discounts]
    )
    for item in items:
        reduction = bill.reductions[item.pk]
        if item.discount_amount != reduction:
            item.discount_amount = reduction
            TransactionItem.objects.filter(pk=item.pk).update(discount_amount=reduction)
    fields: dict[str, Any] = totals_of(items) | {"discount_amount": bill.reduction}
    return advance(transaction, Status.AWAITING_PAYMENT, by=by, reason=reason, **fields)
