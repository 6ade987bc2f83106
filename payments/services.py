"""The cashier's operations: each one function, one database transaction, money taken once.

Locks as everywhere: actor, transaction, then what belongs to it; the branch's receipt counter
last.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from django.db import IntegrityError
from django.db.models import Subquery
from django.utils.translation import gettext_lazy as _

from accounts.models import Cashier, Role, User
from payments import attempts, methods, receipts
from payments.errors import (
    AmountDoubtful,
    InsufficientPayment,
    MethodNotOffered,
    NotTheTotal,
)
from payments.models import CASH, Kind, Payment, PaymentAttempt, PaymentMethod
from queueing.access import (
    branch_of,
    counter_rows,
    current_transaction_of,
    next_in_line,
    own_transaction,
    owned,
    transaction_of_branch,
)
from queueing.errors import TransactionNotFound, WrongState
from queueing.lifecycle import advance, must_be, wrong_state
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.db.compiled_queries import CompiledQuery, Param, insert_new
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Conflict
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import format_amount


def _digest_of(made: type[Payment | PaymentAttempt]) -> Subquery:
    """What the request asked for when it made one of these, if it did."""
    rows = made._default_manager.filter(request_id=Param("request_id"))
    return Subquery(rows.values("request_digest"))


_TO_PAY = CompiledQuery(
    lambda: counter_rows().annotate(
        kind=Subquery(methods.offered(Param("method")).values("kind")),
        paid=_digest_of(Payment),
        asked=_digest_of(PaymentAttempt),
    )
)


@durable
def claim_next(cashier: Cashier) -> Transaction:
    """Bring the customer who finished first to this counter.

    Whoever already has a customer gets that one again. Raises `QueueEmpty`.
    """
    if held := current_transaction_of(cashier):
        return held
    return _to_the_counter(next_in_line(branch_of(cashier.user), Status.FINISHED), cashier)


@durable
def claim(cashier: Cashier, *, code: str) -> Transaction:
    """Bring the finished customer with this code to this counter, out of order.

    Whoever already has this customer gets them again. Raises `WrongState` when the cashier has
    another one or the customer has not finished, `TransactionNotFound` for an unknown code.
    """
    if held := current_transaction_of(cashier):
        if held.code == code:
            return held
        raise WrongState(
            _("Customer %(code)s is at your counter. Please finish or give back first.")
            % {"code": held.code}
        )
    branch = branch_of(cashier.user)
    # Found first and locked by the key: locking by the code could meet a payment in a deadlock.
    open_here = Transaction.objects.filter(branch=branch, active_code=code)
    found = open_here.values_list("pk", flat=True).first()
    transaction = found and open_here.select_for_update().filter(pk=found).first()
    if not transaction:
        raise TransactionNotFound(_("Nobody here has the number %(code)s.") % {"code": code})
    transaction.branch = branch
    must_be(transaction, Status.FINISHED)
    return _to_the_counter(transaction, cashier)


def _to_the_counter(transaction: Transaction, cashier: Cashier) -> Transaction:
    return advance(
        transaction,
        Status.AWAITING_PAYMENT,
        by=cashier.user,
        cashier=cashier,
        active_cashier=cashier,
    )


@durable
def release(user: User, *, transaction_id: int, reason: str = "") -> Transaction:
    """Give a customer who has not paid back to the line, with the place they had.

    Their cashier or a manager may. Raises `TransactionNotFound`, `WrongState`.
    """
    transaction = _in_charge_of(user, transaction_id)
    must_be(transaction, Status.AWAITING_PAYMENT)
    return advance(transaction, Status.FINISHED, by=user, reason=reason)


class _Tender(NamedTuple):
    """What a customer offers: how much, how, and whether an unlikely amount was confirmed."""

    amount: Decimal
    method: str
    reference: str
    confirmed: bool


class _Request(NamedTuple):
    """The mark of one intent, and what it contained."""

    id: str | None
    digest: str


def pay(
    cashier: Cashier,
    *,
    transaction_id: int,
    amount_paid: Decimal,
    method: str = CASH,
    reference: str = "",
    confirmed: bool = False,
    request_id: str | None = None,
) -> Transaction:
    """Take what the cashier's own customer offers: cash at once, else the terminal is asked.

    `confirmed` says that much too much is no slip. Sent again with the same `request_id` and
    content it returns the same transaction and changes nothing. Raises `TransactionNotFound`,
    `WrongState`, `MethodNotOffered`, `InsufficientPayment`, `NotTheTotal`, `AmountDoubtful`
    (nothing changes then), or `Conflict` for a `request_id` with other content.
    """
    content = [cashier.pk, transaction_id, format_amount(amount_paid), method, reference]
    request = _Request(request_id, fingerprint(content))
    tender = _Tender(amount_paid, method, reference, confirmed)
    try:
        return _take(cashier, transaction_id, tender, request)
    except IntegrityError:
        if first := _transaction_of(request):
            return first
        raise


@durable
def _take(cashier: Cashier, transaction_id: int, tender: _Tender, request: _Request) -> Transaction:
    transaction, kind = _to_pay(cashier, transaction_id, tender.method, request)
    if transaction.status != Status.AWAITING_PAYMENT:
        return _asked_before(transaction, request)
    if kind is None:
        raise MethodNotOffered
    _check_amount(transaction, kind, tender)
    if kind == Kind.TERMINAL:
        return _ask_terminal(transaction, cashier, tender, request)
    _settle(
        transaction,
        method_id=tender.method,
        amount_paid=tender.amount,
        reference=tender.reference,
        request_id=request.id,
        request_digest=request.digest,
    )
    return advance(transaction, Status.PAYING, Status.PAID, by=cashier.user)


def _to_pay(
    cashier: Cashier, transaction_id: int, method: str, request: _Request
) -> tuple[Transaction, str | None]:
    """Lock the cashier's own transaction; with it how the method takes money, if it is offered.

    Raises `Conflict` when the request has already made something else."""
    found: Any = _TO_PAY.first(
        pk=transaction_id, owner=cashier.pk, method=method, request_id=request.id
    )
    statuses = (Status.AWAITING_PAYMENT, Status.PAYING, Status.PAID)
    transaction = owned(found, *statuses, cashier=cashier)
    if not {found.paid, found.asked} <= {None, request.digest}:
        raise _used_otherwise()
    return transaction, found.kind


def _check_amount(transaction: Transaction, kind: str, tender: _Tender) -> None:
    change = tender.amount - transaction.total_amount
    words = {
        "amount": format_amount(tender.amount),
        "total": format_amount(transaction.total_amount),
        "change": format_amount(change),
    }
    if change < 0:
        raise InsufficientPayment(_("%(amount)s is less than the total of %(total)s.") % words)
    if kind == Kind.TERMINAL and change:
        raise NotTheTotal(_("A terminal takes exactly the total of %(total)s.") % words)
    doubtful = transaction.branch.doubtful_change
    if doubtful is not None and change >= doubtful and not tender.confirmed:
        raise AmountDoubtful(_("Really %(amount)s? The change would be %(change)s.") % words)


def _ask_terminal(
    transaction: Transaction,
    cashier: Cashier,
    tender: _Tender,
    request: _Request,
) -> Transaction:
    method = PaymentMethod.objects.get(pk=tender.method)
    PaymentAttempt.objects.create(
        transaction=transaction,
        active_transaction=transaction,
        cashier=cashier,
        method=method,
        amount_due=tender.amount,
        reference=tender.reference,
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
    """Enter what the terminal answered: approved is paid, declined goes back to the counter.

    The customer's cashier or a manager may. Without `attempt_id` the latest attempt is meant. The
    same answer again changes nothing. Raises `TransactionNotFound`, `WrongState` when no terminal
    was asked, `Conflict` when the other answer was entered already.
    """
    transaction = _in_charge_of(user, transaction_id)
    attempt = attempts.asked_about(transaction, attempt_id)
    if attempt.ended_at:
        return _answered_before(transaction, attempt, approved)
    attempts.end(attempt, approved=approved, reference=reference, by=user)
    if not approved:
        return advance(transaction, Status.AWAITING_PAYMENT, by=user, reason=attempt.method.name)
    _settle(
        transaction,
        method=attempt.method,
        amount_paid=attempt.amount_due,
        reference=attempt.reference,
    )
    return advance(transaction, Status.PAID, by=user, reason=attempt.method.name)


def _answered_before(
    transaction: Transaction, attempt: PaymentAttempt, approved: bool
) -> Transaction:
    if attempt.approved == approved:
        return transaction
    entered = _("approved") if attempt.approved else _("declined")
    raise Conflict(
        _("%(name)s has already entered that the terminal %(answer)s.")
        % {"name": attempt.ended_by, "answer": entered}
    )


def _settle(transaction: Transaction, *, amount_paid: Decimal, **fields: object) -> None:
    """Write the payment, and with it the receipt's number."""
    branch, cashier = transaction.branch, transaction.cashier
    assert cashier is not None, "whoever pays is at a cashier's counter"
    insert_new(
        Payment(
            transaction=transaction,
            branch=branch,
            business_date=branch.business_date(),
            cashier=cashier,
            amount_due=transaction.total_amount,
            amount_paid=amount_paid,
            change_amount=amount_paid - transaction.total_amount,
            receipt_number=receipts.next_number(branch),
            **fields,
        )
    )


@durable
def print_receipt(key: str, *, by: User | None) -> int:
    """Count a print of this receipt: 1 is the original. Raises `ReceiptNotFound`."""
    return receipts.count_print(key, by)


def _in_charge_of(user: User, transaction_id: int) -> Transaction:
    """Lock the transaction this person answers for: of their branch as a manager, else their own.

    Raises `TransactionNotFound`.
    """
    if Role.MANAGER not in user.roles:
        return own_transaction(transaction_id, *Status, cashier=user.cashier)
    return transaction_of_branch(user, transaction_id, *Status)


def _asked_before(transaction: Transaction, request: _Request) -> Transaction:
    """The first answer again, when this is the first request again."""
    if not _made_by(request, transaction=transaction):
        raise wrong_state(transaction)
    return transaction


def _transaction_of(request: _Request) -> Transaction | None:
    """What another run of this request has made meanwhile."""
    if row := _made_by(request):
        return Transaction.objects.with_people().get(pk=row.transaction_id)
    return None


def _made_by(request: _Request, **where: Transaction) -> Payment | PaymentAttempt | None:
    """What this request made; raises `Conflict` when it made something else."""
    if request.id is None:
        return None
    made: list[Payment | PaymentAttempt] = [
        *Payment.objects.filter(request_id=request.id, **where),
        *PaymentAttempt.objects.filter(request_id=request.id, **where),
    ]
    for row in made:
        if row.request_digest == request.digest:
            return row
    if made:
        raise _used_otherwise()
    return None


def _used_otherwise() -> Conflict:
    return Conflict(_("This request was already used for another payment."))
