"""The life of a transaction as a table. No database here; read it in a minute.

selecting > pending_therapist > therapist_confirmed > in_service > finished
          > awaiting_payment > paying > paid           (ways out: cancelled, no_show)
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Where a customer is on their way through the spa."""

    SELECTING = "selecting", _("Choosing")
    PENDING_THERAPIST = "pending_therapist", _("Waiting")
    THERAPIST_CONFIRMED = "therapist_confirmed", _("Called")
    IN_SERVICE = "in_service", _("In treatment")
    FINISHED = "finished", _("Finished")
    AWAITING_PAYMENT = "awaiting_payment", _("At the counter")
    PAYING = "paying", _("Paying")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("Did not come")


#: Every allowed arrow. in_service > in_service: services added or removed during the treatment.
MOVES: dict[Status, frozenset[Status]] = {
    Status.SELECTING: frozenset({Status.PENDING_THERAPIST}),
    Status.PENDING_THERAPIST: frozenset({Status.THERAPIST_CONFIRMED, Status.CANCELLED}),
    Status.THERAPIST_CONFIRMED: frozenset(
        {Status.IN_SERVICE, Status.PENDING_THERAPIST, Status.CANCELLED, Status.NO_SHOW}
    ),
    Status.IN_SERVICE: frozenset({Status.IN_SERVICE, Status.FINISHED}),
    Status.FINISHED: frozenset({Status.AWAITING_PAYMENT}),
    Status.AWAITING_PAYMENT: frozenset({Status.PAYING, Status.FINISHED}),
    Status.PAYING: frozenset({Status.PAID, Status.AWAITING_PAYMENT}),
    Status.PAID: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.NO_SHOW: frozenset(),
}

#: The moment each status begins, as a field of Transaction (the others need none).
STAMPS: dict[Status, str] = {
    Status.PENDING_THERAPIST: "selection_confirmed_at",
    Status.THERAPIST_CONFIRMED: "therapist_confirmed_at",
    Status.IN_SERVICE: "service_start_at",
    Status.FINISHED: "service_finish_at",
    Status.AWAITING_PAYMENT: "cashier_claimed_at",
    Status.PAID: "paid_at",
}

#: Statuses in which a customer stands in a line that somebody claims from.
QUEUES = frozenset({Status.PENDING_THERAPIST, Status.FINISHED})

#: Statuses in which a therapist has the customer, or a cashier.
WITH_THERAPIST = frozenset({Status.THERAPIST_CONFIRMED, Status.IN_SERVICE})
WITH_CASHIER = frozenset({Status.AWAITING_PAYMENT, Status.PAYING})

#: Statuses nothing leads out of.
CLOSED = frozenset(status for status, targets in MOVES.items() if not targets)
OPEN = frozenset(Status) - CLOSED


def can_move(was: Status, to: Status) -> bool:
    """Whether the table has this arrow."""
    return to in MOVES[was]
