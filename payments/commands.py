"""The contract's names for the cashier's verbs (docs/protocol.md, "Commands")."""

from typing import Any, Literal

from accounts.auth import Caller
from accounts.models import Role
from payments import services
from queueing.commands import NoData, OfTransaction, RequestId
from queueing.serializers import serialize_transaction
from spa_project.lib.commands import command
from spa_project.lib.money import Amount


class CashPayment(OfTransaction):
    amount_paid: Amount
    method: Literal["cash"] = "cash"
    request_id: RequestId | None = None


@command(Role.CASHIER)
def cashier_claim_next(caller: Caller, data: NoData) -> dict[str, Any]:
    """Claim the customer who finished first."""
    return {"transaction": serialize_transaction(services.claim_next(caller.cashier))}


@command(Role.CASHIER)
def cashier_pay(caller: Caller, data: CashPayment) -> dict[str, Any]:
    """Take the money; the answer's payment has the change."""
    transaction = services.pay(
        caller.cashier,
        transaction_id=data.transaction_id,
        amount_paid=data.amount_paid,
        request_id=data.request_id,
    )
    return {"transaction": serialize_transaction(transaction)}
