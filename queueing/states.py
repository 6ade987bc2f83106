"""The life of a transaction as a table. No database here; read it in a minute.

selecting > pending_therapist > therapist_confirmed > in_service > finished
          > awaiting_payment > paying > paid
beside the line: on_hold          ways out: cancelled, no_show
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Where a customer is on their way through the spa."""

    SELECTING = "selecting", _("Choosing")
    PENDING_THERAPIST = "pending_therapist", _("Waiting")
    ON_HOLD = "on_hold", _("On hold")
    THERAPIST_CONFIRMED = "therapist_confirmed", _("Called")
    IN_SERVICE = "in_service", _("In treatment")
    FINISHED = "finished", _("Finished")
    AWAITING_PAYMENT = "awaiting_payment", _("At the counter")
    PAYING = "paying", _("Paying")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("Did not come")


#: Every allowed arrow. From a status to itself: something about it changed, such as the services,
#: the room or the therapist; or the customer was called once more.
MOVES: dict[Status, frozenset[Status]] = {
    Status.SELECTING: frozenset({Status.PENDING_THERAPIST}),
    Status.PENDING_THERAPIST: frozenset(
        {Status.THERAPIST_CONFIRMED, Status.ON_HOLD, Status.CANCELLED}
    ),
    Status.ON_HOLD: frozenset({Status.PENDING_THERAPIST, Status.CANCELLED}),
    Status.THERAPIST_CONFIRMED: frozenset(
        {
            Status.THERAPIST_CONFIRMED,
            Status.IN_SERVICE,
            Status.PENDING_THERAPIST,
            Status.ON_HOLD,
            Status.CANCELLED,
            Status.NO_SHOW,
        }
    ),
    Status.IN_SERVICE: frozenset({Status.IN_SERVICE, Status.FINISHED, Status.CANCELLED}),
    Status.FINISHED: frozenset({Status.AWAITING_PAYMENT, Status.CANCELLED}),
    Status.AWAITING_PAYMENT: frozenset({Status.PAYING, Status.FINISHED, Status.CANCELLED}),
    Status.PAYING: frozenset({Status.PAID, Status.AWAITING_PAYMENT}),
    Status.PAID: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.NO_SHOW: frozenset({Status.PENDING_THERAPIST}),
}

#: Arrows that can be gone back along by `undo`. Not among them: money, what has its own way back
#: (hold and give back lead to the line, from which one claims again), and arrows to oneself.
UNDOABLE: dict[Status, frozenset[Status]] = {
    Status.PENDING_THERAPIST: frozenset(
        {Status.THERAPIST_CONFIRMED, Status.ON_HOLD, Status.CANCELLED}
    ),
    Status.ON_HOLD: frozenset({Status.CANCELLED}),
    Status.THERAPIST_CONFIRMED: frozenset({Status.IN_SERVICE, Status.CANCELLED, Status.NO_SHOW}),
    Status.IN_SERVICE: frozenset({Status.FINISHED, Status.CANCELLED}),
    Status.FINISHED: frozenset({Status.AWAITING_PAYMENT, Status.CANCELLED}),
    Status.AWAITING_PAYMENT: frozenset({Status.CANCELLED}),
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

#: Statuses before anybody of the staff has the customer.
UNCLAIMED = frozenset({Status.PENDING_THERAPIST, Status.ON_HOLD})
#: Statuses before a cashier has had the customer; leaving aside the ways out.
BEFORE_CASHIER = UNCLAIMED | WITH_THERAPIST | {Status.FINISHED}

#: Where a visit ends. Only who did not come may come after all, or somebody takes a step back.
CLOSED = frozenset({Status.PAID, Status.CANCELLED, Status.NO_SHOW})
OPEN = frozenset(Status) - CLOSED


def can_move(was: Status, to: Status) -> bool:
    """Whether the table has this arrow."""
    return to in MOVES[was]


def can_undo(was: Status, to: Status) -> bool:
    """Whether a step from `was` to `to` may be taken back."""
    return to in UNDOABLE.get(was, frozenset())


def _stamps_after(status: Status) -> tuple[str, ...]:
    road, stamps = list(STAMPS), list(STAMPS.values())
    return tuple(stamps[road.index(status) + 1 :])


#: What has not happened yet in a status, so what somebody who goes back there loses.
LATER_STAMPS: dict[Status, tuple[str, ...]] = {
    **{status: _stamps_after(status) for status in STAMPS},
    Status.ON_HOLD: _stamps_after(Status.PENDING_THERAPIST),
    Status.PAYING: _stamps_after(Status.AWAITING_PAYMENT),
}
