"""The rest of a payment that can be given back: treatments, tip, and methods."""

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from payments.allotment import LineLeft, MethodLeft
from payments.models import Kind, Payment, Refund, RefundLine, RefundTender
from queueing.bill import ZERO, exempt_lines, rounded
from queueing.visit_bills import as_discount, discounts_of


class Left(NamedTuple):
    """The rest of one payment that can still be given back."""

    lines: list[LineLeft]
    tip: Decimal
    methods: list[MethodLeft]
    #: How many refunds there are.
    refunds: int

    @property
    def amount(self) -> Decimal:
        """Return what is left of the treatments."""
        return sum((line.amount for line in self.lines), ZERO)


def left_of(payment: Payment) -> Left:
    """Return what is left of a payment; read it under the lock of its visit to change it."""
    refunds = list(Refund.objects.filter(payment=payment))
    returned: defaultdict[int, Decimal] = defaultdict(Decimal)
    by_method: defaultdict[str, Decimal] = defaultdict(Decimal)
    if refunds:
        lines = RefundLine.objects.filter(refund__payment=payment).order_by().values_list("item")
        returned.update((key, rounded(sum)) for key, sum in lines.annotate(Sum("amount")))
        parts = RefundTender.objects.filter(refund__payment=payment).order_by()
        sums = parts.values_list("method").annotate(Sum("amount"))
        by_method.update((method, rounded(sum)) for method, sum in sums)
    return Left(
        [line._replace(amount=line.amount - returned[line.key]) for line in lines_of(payment)],
        payment.tip_amount - sum((each.tip_amount for each in refunds), ZERO),
        [
            # One who approved another method may have given back by it more than it took.
            it._replace(amount=max(ZERO, it.amount - by_method[it.method]))
            for it in _methods_of(payment)
        ],
        len(refunds),
    )


def lines_of(payment: Payment) -> list[LineLeft]:
    """Return what was paid for each treatment, without discounts."""
    visit = payment.transaction
    items = visit.item_list
    discounts = [as_discount(row) for row in discounts_of(visit)]
    exempt = exempt_lines(discounts, [item.pk for item in items])
    return [
        LineLeft(item.pk, item.price - item.discount_amount, item.pk not in exempt)
        for item in items
    ]


def _methods_of(payment: Payment) -> list[MethodLeft]:
    """Return what each method took, without the change, in the order in which they did."""
    if not payment.is_split:
        method = payment.method
        taken = payment.amount_due + payment.tip_amount
        return [MethodLeft(method.code, method.kind == Kind.CASH, taken)]
    sums: dict[str, MethodLeft] = {}
    for part in payment.tenders.select_related("method").order_by("pk"):
        before = sums[part.method_id].amount if part.method_id in sums else ZERO
        amount = before + part.amount - part.change_amount
        sums[part.method_id] = MethodLeft(part.method_id, part.method.kind == Kind.CASH, amount)
    return list(sums.values())
