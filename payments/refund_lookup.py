"""A receipt as the till's refund dialog shows it: what was paid, and what is left to give back."""

from typing import TypedDict

from accounts.models import Branch, Cashier
from payments import drawers
from payments.errors import ReceiptNotFound
from payments.models import DrawerSession, Payment
from payments.refundable import left_of
from payments.refunds import can_void
from spa_project.lib.money import format_amount


class LineLeftData(TypedDict):
    """A treatment, and what of its price after discounts can still be given back."""

    item_id: int
    service_name: str
    classification: str
    left: str


class MethodLeftData(TypedDict):
    """A method that took money, and what it can still give back."""

    method: str
    left: str


class RefundableData(TypedDict):
    receipt_number: int
    receipt_key: str
    transaction_id: int
    code: str
    customer_name: str
    cashier: str
    created_at: str
    amount_due: str
    tip_amount: str
    refunded_amount: str
    lines: list[LineLeftData]
    #: Of the treatments and of the tip.
    left: str
    tip_left: str
    methods: list[MethodLeftData]
    can_void: bool


def refundable(branch: Branch, cashier: Cashier, receipt_number: int) -> RefundableData:
    """Return a receipt of the branch with what is left of it; raises `ReceiptNotFound`."""
    found = Payment.objects.select_related("transaction__branch", "method", "cashier", "branch")
    payment = found.filter(branch=branch, receipt_number=receipt_number).first()
    if payment is None:
        raise ReceiptNotFound
    left, visit = left_of(payment), payment.transaction
    lines = {line.key: line for line in left.lines}
    return {
        "receipt_number": payment.receipt_number,
        "receipt_key": payment.receipt_key,
        "transaction_id": visit.pk,
        "code": visit.code,
        "customer_name": visit.customer_name,
        "cashier": payment.cashier.display_name,
        "created_at": payment.created_at.isoformat(),
        "amount_due": format_amount(payment.amount_due),
        "tip_amount": format_amount(payment.tip_amount),
        "refunded_amount": format_amount(visit.refunded_amount),
        "lines": [
            {
                "item_id": item.pk,
                "service_name": item.service_name,
                "classification": item.classification,
                "left": format_amount(lines[item.pk].amount),
            }
            for item in visit.item_list
        ],
        "left": format_amount(left.amount),
        "tip_left": format_amount(left.tip),
        "methods": [
            {"method": each.method, "left": format_amount(each.amount)} for each in left.methods
        ],
        "can_void": not left.refunds
        and bool(left.amount + left.tip)
        and can_void(payment, cashier, _open_drawer(branch, cashier)),
    }


def _open_drawer(branch: Branch, cashier: Cashier) -> DrawerSession | None:
    if not branch.drawers:
        return None
    found = drawers.latest_of(branch, cashier.counter_number)
    return None if found is None or drawers.close_of(found) else found
