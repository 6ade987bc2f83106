"""Receipts: numbers without a gap, and a record of each print."""

from django.db.models import QuerySet

from accounts.models import Branch, User
from payments.errors import ReceiptNotFound
from payments.models import Payment, ReceiptCounter, Refund
from spa_project.lib.db.counters import increment
from spa_project.lib.db.transactions import durable


def next_number(branch: Branch) -> int:
    """Take the branch's next receipt number; call it last, as others wait for the commit."""
    # Part of the payment's database transaction: a rollback returns the number, so none is lost.
    # The branch's counter stays locked until the commit, and nothing is locked after it, which
    # rules out a deadlock.
    return increment(ReceiptCounter, branch_id=branch.pk)


@durable
def print_receipt(key: str, *, by: User | None) -> int:
    """Record a print of this receipt and return its ordinal (1 = original).

    The payment itself is only locked, never changed. Raises `ReceiptNotFound`.
    """
    return _print(Payment.objects.filter(receipt_key=key), by)


@durable
def print_refund(key: str, *, by: User | None) -> int:
    """Record a print of this refund's receipt and return its ordinal (1 = original).

    Raises `ReceiptNotFound`.
    """
    return _print(Refund.objects.filter(key=key), by)


def _print(found: QuerySet[Payment] | QuerySet[Refund], by: User | None) -> int:
    row = found.select_for_update().first()
    if row is None:
        raise ReceiptNotFound
    number = row.prints.count() + 1
    row.prints.create(number=number, by=by)
    return number
