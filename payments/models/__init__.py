"""Models of money: methods, discounts, payments with their receipts, drawers, refunds.

Records are append-only: a payment is inserted once and never changed, a refund is rows of its own.
"""

from payments.models.approvals import Approval, PinTries
from payments.models.discounts import WHOLE, AppliedDiscount, Discount, Scope
from payments.models.drawers import (
    CashMovement,
    DrawerClose,
    DrawerCount,
    DrawerSession,
    Movement,
    ZCounter,
)
from payments.models.methods import CASH, Kind, PaymentMethod
from payments.models.payments import (
    Payment,
    PaymentAttempt,
    ReceiptCounter,
    ReceiptPrint,
    Tender,
    TipShare,
)
from payments.models.records import SUM_DIGITS, PersonsRecord, Print, Record
from payments.models.refunds import (
    Refund,
    RefundCounter,
    RefundedTip,
    RefundLine,
    RefundPrint,
    RefundTender,
)

__all__ = [
    "CASH",
    "SUM_DIGITS",
    "WHOLE",
    "AppliedDiscount",
    "Approval",
    "CashMovement",
    "Discount",
    "DrawerClose",
    "DrawerCount",
    "DrawerSession",
    "Kind",
    "Movement",
    "Payment",
    "PaymentAttempt",
    "PaymentMethod",
    "PersonsRecord",
    "PinTries",
    "Print",
    "ReceiptCounter",
    "ReceiptPrint",
    "Record",
    "Refund",
    "RefundCounter",
    "RefundLine",
    "RefundPrint",
    "RefundTender",
    "RefundedTip",
    "Scope",
    "Tender",
    "TipShare",
    "ZCounter",
]
