"""Sums of payments and refunds by method: with tips, without change."""

from collections import defaultdict
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, F, QuerySet, Sum

from payments.models import Payment, Refund, RefundTender, Tender


class Taking(NamedTuple):
    """The count and the sum of one method."""

    method: str
    name: str
    kind: str
    times: int
    amount: Decimal


def by_method(payments: QuerySet[Payment]) -> list[Taking]:
    """Return what each method has brought in, in the order in which a till offers them.

    Each part of a split payment counts for its own method.
    """
    whole = payments.filter(is_split=False).annotate(taken=F("amount_due") + F("tip_amount"))
    parts = Tender.objects.using(payments.db).filter(payment__in=payments)
    return _summed(whole, parts.annotate(taken=F("amount") - F("change_amount")))


def refunded_by_method(refunds: QuerySet[Refund]) -> list[Taking]:
    """Return what each method has given back, in the order in which a till offers them."""
    parts = RefundTender.objects.using(refunds.db).filter(refund__in=refunds)
    return _summed(parts.annotate(taken=F("amount")))


def _summed(*kinds: QuerySet[Any]) -> list[Taking]:
    found: dict[tuple[int, str, str, str], list[tuple[int, Decimal]]] = defaultdict(list)
    for rows in kinds:
        grouped = rows.order_by().values_list(
            "method__position", "method", "method__name", "method__kind"
        )
        for *method, times, taken in grouped.annotate(Count("pk"), Sum("taken")):
            found[tuple(method)].append((times, taken))
    return [
        Taking(
            code, name, kind, sum(row[0] for row in sums), sum((row[1] for row in sums), Decimal(0))
        )
        for (_position, code, name, kind), sums in sorted(found.items())
    ]
