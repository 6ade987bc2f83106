"""Receipts: numbers without a gap, and how often each was printed."""

from django.db import connection

from accounts.models import Branch, User
from payments.errors import ReceiptNotFound
from payments.models import Payment, ReceiptCounter, ReceiptPrint
from spa_project.lib.db.transactions import durable

# Inside the payment's own transaction: undone with it, so no number is lost. Whoever takes a
# number holds the branch's counter until the commit, and locks nothing that others may hold.
_COUNT_UP = {
    "mysql": """
        INSERT INTO {table} (branch_id, last) VALUES (%s, LAST_INSERT_ID(1))
        ON DUPLICATE KEY UPDATE last = LAST_INSERT_ID(last + 1)
    """,
    "sqlite": """
        INSERT INTO {table} (branch_id, last) VALUES (%s, 1)
        ON CONFLICT (branch_id) DO UPDATE SET last = last + 1 RETURNING last
    """,
}


def next_number(branch: Branch) -> int:
    """Take the branch's next receipt number; to be called last, as others wait for the commit."""
    statement = _COUNT_UP[connection.vendor].format(table=ReceiptCounter._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(statement, [branch.pk])
        if connection.vendor == "mysql":
            return int(cursor.lastrowid)
        return int(cursor.fetchone()[0])


@durable
def print_receipt(key: str, *, by: User | None) -> int:
    """Record a print of this receipt and return its ordinal (1 = original).

    The payment itself is only locked, never changed. Raises `ReceiptNotFound`.
    """
    payment = Payment.objects.select_for_update().filter(receipt_key=key).first()
    if payment is None:
        raise ReceiptNotFound
    number = payment.prints.count() + 1
    ReceiptPrint.objects.create(payment=payment, number=number, by=by)
    return number
