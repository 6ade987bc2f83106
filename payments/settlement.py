"""The one place that writes payments, each with its receipt number."""

from collections.abc import Sequence
from decimal import Decimal

from payments import receipts
from payments.models import Payment, PaymentAttempt, Tender, TipShare
from payments.tenders import Part, Share
from queueing.models import Transaction
from queueing.visit_bills import bill_of_visit
from spa_project.lib.db.compiled_queries import insert, insert_new


def settle(
    transaction: Transaction,
    parts: Sequence[Part],
    *,
    tip: Decimal,
    shares: Sequence[Share],
    **fields: object,
) -> None:
    """Write the payment of these parts with its receipt number, its tenders and its tip."""
    branch, cashier = transaction.branch, transaction.cashier
    assert cashier is not None, "whoever pays is at a cashier's counter"
    amount_paid = sum((part.amount for part in parts), Decimal(0))
    payment = Payment(
        transaction=transaction,
        branch=branch,
        business_date=branch.business_date(),
        cashier=cashier,
        amount_due=transaction.amount_due,
        amount_paid=amount_paid,
        change_amount=amount_paid - transaction.amount_due - tip,
        tip_amount=tip,
        method_id=parts[0].method,
        reference=parts[0].reference,
        is_split=len(parts) > 1,
        tax_rate=branch.tax_rate,
        tax_label=branch.tax_label,
        tax_amount=bill_of_visit(transaction).tax,
        receipt_number=receipts.next_number(branch),
        **fields,
    )
    insert_new(payment)
    if payment.is_split:
        _insert_tenders(payment, parts)
    if tip:
        _insert_shares(payment, shares)


def approved_parts(transaction: Transaction) -> list[Part]:
    """Return what terminals have approved for a transaction."""
    attempts = PaymentAttempt.objects.filter(transaction=transaction, approved=True)
    return [
        Part(each.method_id, each.method.kind, each.amount_due, each.reference)
        for each in attempts.select_related("method").order_by("pk")
    ]


def _insert_tenders(payment: Payment, parts: Sequence[Part]) -> None:
    """Write the parts; the change comes from the last cash, then from what was given before."""
    left = payment.change_amount
    rows = []
    for part in reversed(parts):
        change = min(left, part.amount) if part.is_cash else Decimal(0)
        left -= change
        rows.append(
            {
                "payment": payment,
                "method": part.method,
                "amount": part.amount,
                "change_amount": change,
                "reference": part.reference,
            }
        )
    insert(Tender, rows[::-1])


def _insert_shares(payment: Payment, shares: Sequence[Share]) -> None:
    therapist_id = payment.transaction.therapist_id
    assert therapist_id is not None, "whoever pays was treated"
    rows = shares or [Share(therapist_id, payment.tip_amount)]
    insert(
        TipShare,
        [
            {"payment": payment, "therapist": share.therapist_id, "amount": share.amount}
            for share in rows
        ],
    )
