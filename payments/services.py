"""The cashier's verbs: each one function, one database transaction, money taken once."""

from decimal import Decimal

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from accounts.models import Cashier
from payments.errors import InsufficientPayment
from payments.models import Method, Payment
from queueing.lifecycle import advance, wrong_state
from queueing.models import Transaction
from queueing.services import held_by, next_in_line, own_transaction, staff_branch
from queueing.states import Status
from spa_project.lib.durable import durable
from spa_project.lib.errors import Conflict
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import format_amount


@durable
def claim_next(cashier: Cashier) -> Transaction:
    """Bring the customer who finished first to this counter.

    Whoever already has a customer gets that one again. Raises `QueueEmpty`.
    """
    if held := held_by(cashier):
        return held
    return advance(
        next_in_line(staff_branch(cashier), Status.FINISHED),
        Status.AWAITING_PAYMENT,
        by=cashier.user,
        cashier=cashier,
        active_cashier=cashier,
    )


def pay(
    cashier: Cashier,
    *,
    transaction_id: int,
    amount_paid: Decimal,
    request_id: str | None = None,
) -> Transaction:
    """Take cash for the cashier's own customer, once, and keep what change was due.

    Sent again with the same `request_id` and content it returns the same payment. Raises
    `TransactionNotFound`, `WrongState`, `InsufficientPayment` (nothing changes then), or
    `Conflict` for a `request_id` with other content.
    """
    try:
        return _take(cashier, transaction_id, amount_paid, request_id)
    except IntegrityError as error:
        if request_id and Payment.objects.filter(request_id=request_id).exists():
            raise _used_for_another() from error
        raise


@durable
def _take(
    cashier: Cashier, transaction_id: int, amount_paid: Decimal, request_id: str | None
) -> Transaction:
    transaction = own_transaction(
        transaction_id, Status.AWAITING_PAYMENT, Status.PAID, cashier=cashier
    )
    digest = fingerprint([cashier.pk, transaction_id, format_amount(amount_paid)])
    if transaction.status == Status.PAID:
        return _paid_before(transaction, request_id, digest)
    due = transaction.total_amount
    if amount_paid < due:
        raise InsufficientPayment(
            _("%(amount)s is less than the total of %(total)s.")
            % {"amount": format_amount(amount_paid), "total": format_amount(due)}
        )
    Payment.objects.create(
        transaction=transaction,
        cashier=cashier,
        amount_due=due,
        amount_paid=amount_paid,
        change_amount=amount_paid - due,
        method=Method.CASH,
        request_id=request_id,
        request_digest=digest,
    )
    return advance(transaction, Status.PAYING, Status.PAID, by=cashier.user)


def _paid_before(transaction: Transaction, request_id: str | None, digest: str) -> Transaction:
    """The first answer again, when this is the first request again."""
    payment = transaction.payment
    if not request_id or payment.request_id != request_id:
        raise wrong_state(transaction)
    if payment.request_digest != digest:
        raise _used_for_another()
    return transaction


def _used_for_another() -> Conflict:
    return Conflict(_("This request was already used for another payment."))
