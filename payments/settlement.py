"""The one place that writes payments, each with its receipt number."""

from decimal import Decimal

from payments import receipts
from payments.models import Payment
from queueing.models import Transaction
from queueing.visit_bills import bill_of_visit
from spa_project.lib.db.compiled_queries import insert_new


def settle(transaction: Transaction, *, amount_paid: Decimal, **fields: object) -> None:
    """Write the payment with its receipt number, and mark the transaction as paid."""
    branch, cashier = transaction.branch, transaction.cashier
    bill = bill_of_visit(transaction)
    assert cashier is not None, "whoever pays is at a cashier's counter"
    insert_new(
        Payment(
            transaction=transaction,
            branch=branch,
            business_date=branch.business_date(),
            cashier=cashier,
            amount_due=transaction.amount_due,
            amount_paid=amount_paid,
            change_amount=amount_paid - transaction.amount_due,
            tax_rate=branch.tax_rate,
            tax_label=branch.tax_label,
            tax_amount=bill.tax,
            receipt_number=receipts.next_number(branch),
            **fields,
        )
    )
