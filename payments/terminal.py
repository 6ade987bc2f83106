"""Requests to a card or e-wallet terminal, and their answers."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Cashier, User
from payments.authority import transaction_in_charge_of
from payments.idempotency import Request
from payments.models import DrawerSession, PaymentAttempt, PaymentMethod
from payments.settlement import approved_parts, settle
from payments.tenders import Part, Plan, plan_from
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
    plan: Plan,
    *,
    drawer: DrawerSession | None,
    request: Request | None = None,
) -> Transaction:
    """Ask a terminal for the first part of a plan; the locked transaction waits for the answer."""
    part, *others = plan.parts
    method = PaymentMethod.objects.get(pk=part.method)
    rest = plan._replace(parts=others)
    PaymentAttempt.objects.create(
        transaction=transaction,
        active_transaction=transaction,
        cashier=cashier,
        method=method,
        amount_due=part.amount,
        tip_amount=plan.tip,
        plan=rest.as_json() if others or plan.shares else None,
        drawer=drawer,
        reference=part.reference,
        request_id=request.id if request else None,
        request_digest=request.digest if request else "",
    )
    return _asked(transaction, cashier.user, method.name)


def _asked(transaction: Transaction, user: User, method: str) -> Transaction:
    """Let the transaction wait for a terminal, also after another terminal's answer."""
    again = (Status.AWAITING_PAYMENT,) if transaction.status == Status.PAYING else ()
    received: dict[str, Any] = {"received_amount": transaction.received_amount} if again else {}
    return advance(transaction, *again, Status.PAYING, by=user, reason=method, **received)


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
    return _approved(transaction, attempt, by=user)


def _approved(transaction: Transaction, attempt: PaymentAttempt, *, by: User) -> Transaction:
    """Go on to the next terminal of a split payment, else write the payment."""
    plan = plan_from(attempt.tip_amount, attempt.plan)
    is_part = bool(plan.parts or transaction.received_amount)
    if plan.parts and not plan.parts[0].is_cash:
        transaction.received_amount += attempt.amount_due
        return ask(transaction, attempt.cashier, plan, drawer=attempt.drawer)
    parts = approved_parts(transaction) if is_part else [_part_of(attempt)]
    settle(
        transaction,
        [*parts, *plan.parts],
        tip=plan.tip,
        shares=plan.shares,
        drawer_id=attempt.drawer_id,
    )
    done: dict[str, Any] = {"received_amount": Decimal(0)} if is_part else {}
    return advance(transaction, Status.PAID, by=by, reason=attempt.method.name, **done)


def _part_of(attempt: PaymentAttempt) -> Part:
    return Part(attempt.method_id, attempt.method.kind, attempt.amount_due, attempt.reference)


def _answered_before(
    transaction: Transaction, attempt: PaymentAttempt, approved: bool
) -> Transaction:
    if attempt.approved == approved:
        return transaction
    entered = _("approved") if attempt.approved else _("declined")
    raise Conflict(
        _("%(name)s already recorded: %(answer)s.") % {"name": attempt.ended_by, "answer": entered}
    )
