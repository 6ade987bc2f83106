"""Idempotency keys of payments: the `request_id` of one intent, stored with what it made."""

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from payments.models import Payment, PaymentAttempt
from queueing.lifecycle import wrong_state
from queueing.models import Transaction
from spa_project.lib.errors import Conflict


class Request(NamedTuple):
    """An idempotency key and a digest of the request's content."""

    id: str | None
    digest: str


def first_answer(transaction: Transaction, request: Request) -> Transaction:
    """Return the first reply again when this request is a repetition."""
    if not _made_by(request, transaction=transaction):
        raise wrong_state(transaction)
    return transaction


def transaction_made_by(request: Request) -> Transaction | None:
    """Return the transaction that a concurrent run of this request has made."""
    if row := _made_by(request):
        return Transaction.objects.with_people().get(pk=row.transaction_id)
    return None


def _made_by(request: Request, **where: Transaction) -> Payment | PaymentAttempt | None:
    """Return what this request made; raise `Conflict` when its content was another."""
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
        raise used_otherwise()
    return None


def used_otherwise() -> Conflict:
    """Return the refusal of an idempotency key that was used for another payment."""
    return Conflict(_("This payment was already sent."))
