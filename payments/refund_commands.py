"""The command of refunds and voids (docs/protocol.md, "Refunds")."""

from typing import Annotated, TypedDict

from pydantic import Field

from accounts.auth import Caller
from accounts.models import Role
from payments.commands import Code
from payments.models import Refund
from payments.refunds import Wanted, refund
from queueing.commands import MAX_ITEMS, ApprovalSecret, GivenReason, Id, RequestId
from queueing.serializers import TransactionData, serialize_transaction
from spa_project.lib.commands import Data, command
from spa_project.lib.money import Amount, format_amount


class Refunded(Data):
    receipt_number: Id | None = None
    receipt_key: Annotated[str, Field(min_length=1, max_length=43)] | None = None
    lines: Annotated[list[Id], Field(max_length=MAX_ITEMS)] = []
    amount: Amount | None = None
    method: Code | None = None
    tip: bool = False
    void: bool = False
    reason: GivenReason
    approval: ApprovalSecret | None = None
    request_id: RequestId


class RefundPartData(TypedDict):
    """The amount that one method gives back."""

    method: str
    amount: str


class RefundData(TypedDict):
    """A refund; `amount` is of the treatments and contains `tax_amount`, the tip is on top."""

    number: int
    key: str
    receipt_number: int
    amount: str
    tax_amount: str
    tip_amount: str
    is_void: bool
    reason: str
    tenders: list[RefundPartData]
    created_at: str


class RefundReply(TypedDict):
    """A reply with a refund, and the transaction that it is for."""

    transaction: TransactionData
    refund: RefundData


@command(Role.CASHIER)
def cashier_refund(caller: Caller, data: Refunded) -> RefundReply:
    """Give money back for a payment, whole or a part, or make a sale void."""
    asked = dict(data)
    keys = {name: asked.pop(name) for name in ("approval", "request_id")}
    made = refund(caller.cashier, Wanted(**asked), **keys)
    visit = made.payment.transaction
    return {"transaction": serialize_transaction(visit), "refund": serialize_refund(made)}


def serialize_refund(made: Refund) -> RefundData:
    """Return a refund with what each method gives back."""
    return {
        "number": made.number,
        "key": made.key,
        "receipt_number": made.payment.receipt_number,
        "amount": format_amount(made.amount),
        "tax_amount": format_amount(made.tax_amount),
        "tip_amount": format_amount(made.tip_amount),
        "is_void": made.is_void,
        "reason": made.reason,
        "tenders": [
            {"method": part.method_id, "amount": format_amount(part.amount)}
            for part in made.tenders.order_by("pk")
        ],
        "created_at": made.at.isoformat(),
    }
