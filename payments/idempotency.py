"""Idempotency keys of payments: the `request_id` of one intent, stored with what it made."""

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from payments.models import Payment, PaymentAttempt
from queueing.lifecycle import wrong_state
from queueing.models import Transaction
from spa_project.lib.errors import Conflict


class Request(NamedTuple):
    """The mark of one intent, and what it contained."""

    id: str | None
    digest: str


def first_answer(transaction: Transaction, request: Request) -> Transaction:
    """The first answer again, when this is the first request again."""
    if not _made_by(request, transaction=transaction):
        raise wrong_state(transaction)
    return transaction


def transaction_made_by(request: Request) -> Transaction | None:
    """What another run of this request has made meanwhile."""
    if row := _made_by(request):
        return Transaction.objects.with_people().get(pk=row.transaction_id)
    return None


def _made_by(request: Request, **where: Transaction) -> Payment | PaymentAttempt | None:
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
        raise used_otherwise()
    return None


def used_otherwise() -> Conflict:
    return Conflict(_("This request was already used for another payment."))
