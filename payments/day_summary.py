"""A summary of a cashier's own day: the last payments, and the totals of all."""

from decimal import Decimal
from typing import TypedDict

from django.db.models import Count, Sum

from accounts.models import Cashier
from payments.models import Payment
from payments.takings import by_method
from queueing.access import branch_of
from spa_project.lib.money import format_amount

#: The number of payments that are shown; the totals count all.
SHOWN = 50


class TakenData(TypedDict):
    """One payment of the day."""

    transaction_id: int
    code: str
    customer_name: str
    method: str
    amount_due: str
    amount_paid: str
    tip_amount: str
    change_amount: str
    reference: str
    receipt_number: int
    receipt_key: str
    created_at: str


class TotalData(TypedDict):
    """What one method has brought in, with tips."""

    method: str
    name: str
    count: int
    amount: str


class DayData(TypedDict):
    """A business day so far, the latest payment first."""

    date: str
    count: int
    #: The sales, without tips.
    amount: str
    tips: str
    totals: list[TotalData]
    payments: list[TakenData]


def day_of(cashier: Cashier) -> DayData:
    """Return the cashier's business day so far."""
    today = branch_of(cashier.user).business_date()
    payments = Payment.objects.filter(cashier=cashier, business_date=today)
    sums = payments.aggregate(count=Count("pk"), amount=Sum("amount_due"), tips=Sum("tip_amount"))
    latest = payments.select_related("transaction", "method").order_by("-id")[:SHOWN]
    return {
        "date": today.isoformat(),
        "count": sums["count"],
        "amount": format_amount(sums["amount"] or Decimal(0)),
        "tips": format_amount(sums["tips"] or Decimal(0)),
        "totals": [
            {
                "method": row.method,
                "name": row.name,
                "count": row.times,
                "amount": format_amount(row.amount),
            }
            for row in by_method(payments)
        ],
        "payments": [_taken(payment) for payment in latest],
    }


def _taken(payment: Payment) -> TakenData:
    return {
        "transaction_id": payment.transaction_id,
        "code": payment.transaction.code,
        "customer_name": payment.transaction.customer_name,
        "method": payment.method.code,
        "amount_due": format_amount(payment.amount_due),
        "amount_paid": format_amount(payment.amount_paid),
        "tip_amount": format_amount(payment.tip_amount),
        "change_amount": format_amount(payment.change_amount),
        "reference": payment.reference,
        "receipt_number": payment.receipt_number,
        "receipt_key": payment.receipt_key,
        "created_at": payment.created_at.isoformat(),
    }
