"""The operation that takes a payment: cash at once, else by a terminal.

Locks are taken in one order everywhere: actor, transaction, then what belongs to it; the drawer,
where the branch has them; the branch's receipt counter last.
"""

from decimal import Decimal
from typing import NamedTuple

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import Cashier
from payments import queries, terminal
from payments.drawers import drawer_for_payment
from payments.errors import (
    AmountDoubtful,
    InsufficientPayment,
    MethodNotOffered,
    NotTheTotal,
)
from payments.idempotency import Request, first_answer, transaction_made_by, used_otherwise
from payments.models import CASH, Kind
from payments.settlement import settle
from queueing.access import of_cashier
from queueing.errors import PriceChanged, TransactionNotFound
from queueing.lifecycle import advance
from queueing.models import Transaction
from queueing.prices import require_displayed
from queueing.states import Status
from spa_project.lib.db.transactions import durable
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import display_amount, format_amount


class _Tender(NamedTuple):
    """The customer's offer: amount, method, whether it was confirmed, and for which total."""

    amount: Decimal
    method: str
    reference: str
    confirmed: bool
    expected_total: Decimal | None


def pay(
    cashier: Cashier,
    *,
    transaction_id: int,
    amount_paid: Decimal,
    method: str = CASH,
    reference: str = "",
    confirmed: bool = False,
    expected_total: Decimal | None = None,
    request_id: str | None = None,
) -> Transaction:
    """Take the payment of the cashier's own customer: cash at once, else ask the terminal.

    `confirmed` accepts an amount far above the total; `expected_total` is what the till displayed.
    Sent again with the same `request_id` (idempotency key) and content it returns the same
    transaction and changes nothing. Raises, and then changes nothing: `TransactionNotFound`,
    `WrongState`, `MethodNotOffered`, `PriceChanged`, `InsufficientPayment`, `NotTheTotal`,
    `AmountDoubtful`, `DrawerClosed`, `CloseYesterdayFirst`, or `Conflict` for a `request_id` with
    other content.
    """
    content = [cashier.pk, transaction_id, format_amount(amount_paid), method, reference]
    if expected_total is not None:
        content.append(format_amount(expected_total))
    request = Request(request_id, fingerprint(content))
    tender = _Tender(amount_paid, method, reference, confirmed, expected_total)
    try:
        return _take(cashier, transaction_id, tender, request)
    except (IntegrityError, PriceChanged):
        if first := transaction_made_by(request):
            return first
        raise


@durable
def _take(cashier: Cashier, transaction_id: int, tender: _Tender, request: Request) -> Transaction:
    transaction, kind = _to_pay(cashier, transaction_id, tender.method, request)
    if transaction.status != Status.AWAITING_PAYMENT:
        return first_answer(transaction, request)
    if kind is None:
        raise MethodNotOffered
    require_displayed(tender.expected_total, transaction.amount_due)
    _check_amount(transaction, kind, tender)
    drawer = drawer_for_payment(cashier)
    if kind == Kind.TERMINAL:
        return terminal.ask(
            transaction,
            cashier,
            drawer=drawer,
            amount=tender.amount,
            method_code=tender.method,
            reference=tender.reference,
            request=request,
        )
    settle(
        transaction,
        method_id=tender.method,
        amount_paid=tender.amount,
        reference=tender.reference,
        drawer=drawer,
        request_id=request.id,
        request_digest=request.digest,
    )
    return advance(transaction, Status.PAYING, Status.PAID, by=cashier.user)


def _to_pay(
    cashier: Cashier, transaction_id: int, method: str, request: Request
) -> tuple[Transaction, str | None]:
    """Lock and return the cashier's own transaction, and the kind of the method, if offered.

    Raises `TransactionNotFound`, `WrongState`, and `Conflict` when the idempotency key has already
    made something else.
    """
    found = queries.lock_to_pay(transaction_id, cashier.pk, method=method, request_id=request.id)
    if found is None:
        raise TransactionNotFound
    statuses = (Status.AWAITING_PAYMENT, Status.PAYING, Status.PAID)
    transaction = of_cashier(cashier, found.transaction, *statuses)
    if found.request_digests - {request.digest}:
        raise used_otherwise()
    return transaction, found.method_kind


def _check_amount(transaction: Transaction, kind: str, tender: _Tender) -> None:
    change = tender.amount - transaction.amount_due
    if not change:
        return
    if change < 0:
        raise InsufficientPayment(
            _words(_("%(amount)s is less than the total of %(total)s."), transaction, tender)
        )
    if kind == Kind.TERMINAL:
        raise NotTheTotal(
            _words(_("Card payments must equal the total: %(total)s."), transaction, tender)
        )
    doubtful = transaction.branch.doubtful_change
    # Empty and 0 both mean never ask; without change nothing is unlikely.
    if doubtful and change >= doubtful and not tender.confirmed:
        raise AmountDoubtful(
            _words(_("%(amount)s received? Change would be %(change)s."), transaction, tender)
        )


def _words(sentence: str, transaction: Transaction, tender: _Tender) -> str:
    """Return a refusal with the amounts as people write them."""
    return sentence % {
        "amount": display_amount(tender.amount),
        "total": display_amount(transaction.amount_due),
        "change": display_amount(tender.amount - transaction.amount_due),
    }
