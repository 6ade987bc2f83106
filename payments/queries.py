"""Compiled queries of payments, each behind a function with a name and a type."""

from typing import Any, NamedTuple

from django.db.models import Subquery

from payments.models import Payment, PaymentAttempt, PaymentMethod
from queueing.models import Transaction
from queueing.queries import lock_with_items, rows_of_cashier, with_therapist
from spa_project.lib.db.compiled_queries import CompiledQuery, Param


class TransactionToPay(NamedTuple):
    """A cashier's locked transaction, and what a payment for it depends on."""

    transaction: Transaction
    #: The kind of the chosen method; NULL when the till does not offer it.
    method_kind: str | None
    #: The digests of what this idempotency key made before: a payment, or an attempt.
    request_digests: frozenset[str]


def _digest_of(made: type[Payment | PaymentAttempt]) -> Subquery:
    rows = made._default_manager.filter(request_id=Param("request_id"))
    return Subquery(rows.values("request_digest"))


_TO_PAY: CompiledQuery[Any] = CompiledQuery(
    lambda: rows_of_cashier().annotate(
        method_kind=Subquery(
            PaymentMethod.objects.filter(code=Param("method"), active=True).values("kind")
        ),
        payment_digest=_digest_of(Payment),
        attempt_digest=_digest_of(PaymentAttempt),
    )
)


def lock_to_pay(
    pk: int, cashier_id: int, *, method: str, request_id: str | None
) -> TransactionToPay | None:
    """Lock and return a transaction of this cashier, with its items and all a payment needs."""
    row = lock_with_items(_TO_PAY, pk, cashier_id=cashier_id, method=method, request_id=request_id)
    if row is None:
        return None
    digests = {row.payment_digest, row.attempt_digest} - {None}
    return TransactionToPay(with_therapist(row), row.method_kind, frozenset(digests))
