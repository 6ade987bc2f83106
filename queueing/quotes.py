"""Quotes: the wait that a customer is told when they order, kept with the visit.

So what was told can be compared with what happened.
"""

from datetime import timedelta

from django.db.transaction import on_commit

from queueing.lanes import lane_of
from queueing.models import Transaction
from queueing.states import Status
from queueing.wait_estimates import Waiting, line_and_estimate
from spa_project.lib.metrics import QUOTES

NO_QUOTE = (None, None)


def quote(transaction: Transaction) -> tuple[int, int] | tuple[None, None]:
    """Return the wait of a customer who is about to join the line, from and to, in minutes.

    None for both where nothing can be said. Three small reads in one round trip, two more where
    skills are needed.
    """
    waiting = Waiting(
        lane_of(transaction, Status.PENDING_THERAPIST),
        transaction.total_duration_minutes,
        transaction.request_until,
        transaction.preference,
    )
    line, estimate = line_and_estimate(transaction.branch_id, transaction.business_date, [waiting])
    return (estimate.waits(line)[-1] if estimate else None) or NO_QUOTE


def count_quote(transaction: Transaction) -> None:
    """Count the quote of a visit whose treatment begins, by what came of it (`/metrics`).

    The wait ended with the call, as in the reports. A treatment that is begun again after an undo
    counts twice, since a counter takes nothing back.
    """
    if outcome := outcome_of(transaction):
        counter = QUOTES.labels(transaction.branch.slug, outcome)
        on_commit(counter.inc, robust=True)


def outcome_of(transaction: Transaction) -> str:
    """Return whether a called customer's wait was within the quote, shorter or longer.

    Empty where no wait was quoted.
    """
    joined, called = transaction.selection_confirmed_at, transaction.therapist_confirmed_at
    low, high = transaction.quoted_from_minutes, transaction.quoted_to_minutes
    if low is None or high is None or not joined or not called:
        return ""
    if called - joined < timedelta(minutes=low):
        return "shorter"
    return "longer" if called - joined > timedelta(minutes=high) else "within"
