"""Quotes: the wait that a customer is told when they order, kept with the visit.

So what was told can be compared with what happened.
"""

from queueing.lanes import lane_of
from queueing.models import Transaction
from queueing.states import Status
from queueing.wait_estimates import Waiting, line_and_estimate

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
