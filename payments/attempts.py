"""What a terminal was asked, and what it answered."""

from django.utils import timezone

from accounts.models import User
from payments.models import PaymentAttempt
from queueing.lifecycle import wrong_state
from queueing.models import Transaction
from spa_project.lib.errors import Conflict


def asked_about(transaction: Transaction, attempt_id: int | None) -> PaymentAttempt:
    """The attempt of this id, or the latest, of a locked transaction; raises `WrongState`."""
    attempts = transaction.attempts.select_related("method", "ended_by").order_by("-id")
    if attempt_id is not None:
        attempts = attempts.filter(pk=attempt_id)
    attempt = attempts.first()
    if attempt is None:
        raise wrong_state(transaction)
    return attempt


def end(attempt: PaymentAttempt, *, approved: bool, reference: str, by: User) -> None:
    """Write the terminal's answer, once. Raises `Conflict` when there is one already."""
    answer = {
        "approved": approved,
        "reference": reference or attempt.reference,
        # A clock set back must not make an answer come before the question.
        "ended_at": max(timezone.now(), attempt.started_at),
        "ended_by": by,
        "active_transaction": None,
    }
    if PaymentAttempt.objects.filter(pk=attempt.pk, ended_at=None).update(**answer) != 1:
        raise Conflict
    for name, value in answer.items():
        setattr(attempt, name, value)
