"""Commands of the cashier's operations (docs/protocol.md, "Commands")."""

from typing import Annotated

from django.utils.translation import gettext_lazy as _
from pydantic import Field, StringConstraints

from accounts.auth import Caller
from accounts.models import Role
from payments import bill_items, counter, discounts, payment, terminal
from payments.models import CASH
from payments.payment import NO_TIP
from payments.tenders import Share
from queueing.commands import (
    ApprovalSecret,
    Because,
    GivenReason,
    Id,
    Name,
    NoData,
    OfCode,
    OfTransaction,
    Reason,
    RequestId,
    TransactionReply,
)
from queueing.serializers import serialize_changed
from spa_project.lib.commands import Data, command
from spa_project.lib.errors import Invalid
from spa_project.lib.money import Amount

#: The most parts of one payment, or of one tip.
MAX_TENDERS = 10
#: The code of a payment method or a discount.
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20}$")]


class TenderPart(Data):
    method: Code
    amount: Amount
    reference: Name = ""


class TipPart(Data):
    therapist_id: Id
    amount: Amount


class Tendered(OfTransaction):
    amount_paid: Amount | None = None
    method: Code = CASH
    reference: Name = ""
    confirmed: bool = False
    expected_total: Amount | None = None
    tip_amount: Amount = NO_TIP
    tip_shares: Annotated[list[TipPart], Field(max_length=MAX_TENDERS)] = []
    tenders: Annotated[list[TenderPart], Field(max_length=MAX_TENDERS)] = []
    request_id: RequestId | None = None


class TerminalAnswer(OfTransaction):
    approved: bool
    reference: Name = ""
    attempt_id: Id | None = None


class AddedItem(OfTransaction):
    service_classification_id: Id
    expected_price: Amount | None = None


class TakenItem(OfTransaction):
    item_id: Id
    reason: GivenReason


class NamedDiscount(OfTransaction):
    discount: Code
    item_id: Id | None = None
    reason: Reason = ""


class GivenDiscount(NamedDiscount):
    value: Amount | None = None
    id_number: Annotated[Name, Field(max_length=40)] = ""
    name: Name = ""
    approval: ApprovalSecret | None = None


@command(Role.CASHIER)
def cashier_claim_next(caller: Caller, data: NoData) -> TransactionReply:
    """Claim the customer who finished first."""
    return {"transaction": serialize_changed(counter.claim_next(caller.cashier))}


@command(Role.CASHIER)
def cashier_claim(caller: Caller, data: OfCode) -> TransactionReply:
    """Claim the finished customer with this code, out of order."""
    return {"transaction": serialize_changed(counter.claim(caller.cashier, code=data.code))}


@command(Role.CASHIER, Role.MANAGER)
def cashier_release(caller: Caller, data: Because) -> TransactionReply:
    """Release a customer who has not paid to the line, old place kept."""
    transaction = counter.release(caller.person, **data.model_dump())
    return {"transaction": serialize_changed(transaction)}


@command(Role.CASHIER)
def cashier_pay(caller: Caller, data: Tendered) -> TransactionReply:
    """Take the money; the reply's payment has the change, or its attempt awaits the terminal."""
    if (data.amount_paid is None) == (not data.tenders):
        # One of the two forms, and not both.
        raise Invalid(_("Enter an amount like 150 or 150.50."))
    given = dict(data)
    given["tenders"] = [payment.Given(**part.model_dump()) for part in data.tenders]
    given["tip_shares"] = [Share(**part.model_dump()) for part in data.tip_shares]
    transaction = payment.pay(caller.cashier, **given)
    return {"transaction": serialize_changed(transaction)}


@command(Role.CASHIER, Role.MANAGER)
def cashier_payment_result(caller: Caller, data: TerminalAnswer) -> TransactionReply:
    """Record the terminal's answer."""
    transaction = terminal.payment_result(caller.person, **data.model_dump())
    return {"transaction": serialize_changed(transaction)}


@command(Role.CASHIER, Role.MANAGER)
def cashier_add_item(caller: Caller, data: AddedItem) -> TransactionReply:
    """Add a treatment to the bill before payment."""
    transaction = bill_items.add_item(caller.person, **data.model_dump())
    return {"transaction": serialize_changed(transaction)}


@command(Role.CASHIER, Role.MANAGER)
def cashier_remove_item(caller: Caller, data: TakenItem) -> TransactionReply:
    """Remove a treatment from the bill before payment."""
    transaction = bill_items.remove_item(caller.person, **data.model_dump())
    return {"transaction": serialize_changed(transaction)}


@command(Role.CASHIER, Role.MANAGER)
def cashier_apply_discount(caller: Caller, data: GivenDiscount) -> TransactionReply:
    """Give a discount for the bill, or for one treatment of it."""
    transaction = discounts.apply_discount(caller.person, **data.model_dump())
    return {"transaction": serialize_changed(transaction)}


@command(Role.CASHIER, Role.MANAGER)
def cashier_remove_discount(caller: Caller, data: NamedDiscount) -> TransactionReply:
    """Remove a discount from the bill."""
    transaction = discounts.remove_discount(caller.person, **data.model_dump())
    return {"transaction": serialize_changed(transaction)}
