"""A summary of a cashier's own day: the last payments, and the totals of all."""

import datetime
from decimal import Decimal
from typing import TypedDict

from django.db.models import Count, Sum

from accounts.models import Cashier
from payments.models import Payment, Refund
from payments.takings import Taking, by_method, refunded_by_method
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
    refunded_amount: str


class RefundedData(TypedDict):
    """One refund of the day."""

    number: int
    key: str
    receipt_number: int
    code: str
    amount: str
    tip_amount: str
    is_void: bool
    created_at: str


class TotalData(TypedDict):
    """The takings of one method, with tips."""

    method: str
    name: str
    count: int
    amount: str


class RefundsOfDay(TypedDict):
    """Today's refunds, with tips, for sales of any day: their sum, by method, and each."""

    refunded: str
    refund_totals: list[TotalData]
    refunds: list[RefundedData]


class DayData(RefundsOfDay):
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
        "totals": _totals(by_method(payments)),
        "payments": [_taken(payment) for payment in latest],
        **_refunded(cashier, today),
    }


def _refunded(cashier: Cashier, today: datetime.date) -> RefundsOfDay:
    refunds = Refund.objects.filter(by=cashier.user_id, business_date=today)
    totals = refunded_by_method(refunds)
    latest = refunds.select_related("payment__transaction").order_by("-id")[:SHOWN]
    return {
        "refunded": format_amount(sum((row.amount for row in totals), Decimal(0))),
        "refund_totals": _totals(totals),
        "refunds": [
            {
                "number": each.number,
                "key": each.key,
                "receipt_number": each.payment.receipt_number,
                "code": each.payment.transaction.code,
                "amount": format_amount(each.amount),
                "tip_amount": format_amount(each.tip_amount),
                "is_void": each.is_void,
                "created_at": each.at.isoformat(),
            }
            for each in latest
        ],
    }


def _totals(takings: list[Taking]) -> list[TotalData]:
    return [
        {
            "method": row.method,
            "name": row.name,
            "count": row.times,
            "amount": format_amount(row.amount),
        }
        for row in takings
    ]


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
        "refunded_amount": format_amount(payment.transaction.refunded_amount),
    }
