"""Requests to a card or e-wallet terminal, and their answers."""

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Cashier, User
from payments.authority import transaction_in_charge_of
from payments.idempotency import Request
from payments.models import DrawerSession, PaymentAttempt, PaymentMethod
from payments.settlement import settle
from queueing.lifecycle import advance, wrong_state
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Conflict


def _attempt_of(transaction: Transaction, attempt_id: int | None) -> PaymentAttempt:
    """Return this attempt, or the latest, of a locked transaction; raise `WrongState`."""
    attempts = transaction.attempts.select_related("method", "ended_by").order_by("-id")
    if attempt_id is not None:
        attempts = attempts.filter(pk=attempt_id)
    attempt = attempts.first()
    if attempt is None:
        raise wrong_state(transaction)
    return attempt


def _end(attempt: PaymentAttempt, *, approved: bool, reference: str, by: User) -> None:
    """Write the terminal's answer, once; raise `Conflict` when there is one already."""
    answer = {
        "approved": approved,
        "reference": reference or attempt.reference,
        # A clock that was set back must not date an answer before its request.
        "ended_at": max(timezone.now(), attempt.started_at),
        "ended_by": by,
        "active_transaction": None,
    }
    if PaymentAttempt.objects.filter(pk=attempt.pk, ended_at=None).update(**answer) != 1:
        raise Conflict
    for name, value in answer.items():
        setattr(attempt, name, value)


def ask(
    transaction: Transaction,
    cashier: Cashier,
    *,
    amount: Decimal,
    method_code: str,
    reference: str,
    request: Request,
    drawer: DrawerSession | None,
) -> Transaction:
    """Ask a terminal for an amount; the locked transaction waits for `payment_result`."""
    method = PaymentMethod.objects.get(pk=method_code)
    PaymentAttempt.objects.create(
        transaction=transaction,
        active_transaction=transaction,
        cashier=cashier,
        method=method,
        amount_due=amount,
        drawer=drawer,
        reference=reference,
        request_id=request.id,
        request_digest=request.digest,
    )
    return advance(transaction, Status.PAYING, by=cashier.user, reason=method.name)


@durable
def payment_result(
    user: User,
    *,
    transaction_id: int,
    approved: bool,
    reference: str = "",
    attempt_id: int | None = None,
) -> Transaction:
    """Record the terminal's answer: approved is paid, declined goes back to the counter.

    Only the customer's cashier or a manager may. Without `attempt_id` the latest attempt is meant.
    The same answer again changes nothing. Raises `TransactionNotFound`, `WrongState` when no
    terminal was asked, `Conflict` when the other answer was recorded already.
    """
    transaction = transaction_in_charge_of(user, transaction_id, *Status)
    attempt = _attempt_of(transaction, attempt_id)
    if attempt.ended_at:
        return _answered_before(transaction, attempt, approved)
    _end(attempt, approved=approved, reference=reference, by=user)
    if not approved:
        return advance(transaction, Status.AWAITING_PAYMENT, by=user, reason=attempt.method.name)
    settle(
        transaction,
        method=attempt.method,
        amount_paid=attempt.amount_due,
        reference=attempt.reference,
        drawer_id=attempt.drawer_id,
    )
    return advance(transaction, Status.PAID, by=user, reason=attempt.method.name)


def _answered_before(
    transaction: Transaction, attempt: PaymentAttempt, approved: bool
) -> Transaction:
    if attempt.approved == approved:
        return transaction
    entered = _("approved") if attempt.approved else _("declined")
    raise Conflict(
        _("%(name)s already recorded: %(answer)s.") % {"name": attempt.ended_by, "answer": entered}
    )
