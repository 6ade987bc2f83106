"""The state machine of a transaction: its table of transitions, without any database access.

selecting > pending_therapist > therapist_confirmed > in_service > finished
          > awaiting_payment > paying > paid
beside the line: on_hold          ways out: cancelled, no_show
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """The status of a customer's visit."""

    SELECTING = "selecting", _("Choosing")
    PENDING_THERAPIST = "pending_therapist", _("Waiting")
    ON_HOLD = "on_hold", _("On hold")
    THERAPIST_CONFIRMED = "therapist_confirmed", _("Called")
    IN_SERVICE = "in_service", _("In treatment")
    FINISHED = "finished", _("Ready to pay")
    AWAITING_PAYMENT = "awaiting_payment", _("At the counter")
    PAYING = "paying", _("Paying")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", _("Canceled")
    NO_SHOW = "no_show", _("No-show")


#: The transition table. An arrow from a status to itself: something about it changed, such as the
#: services, the room, the therapist or whom they asked for; the customer was called once more; or
#: money was given back.
MOVES: dict[Status, frozenset[Status]] = {
    Status.SELECTING: frozenset({Status.PENDING_THERAPIST}),
    Status.PENDING_THERAPIST: frozenset(
        {
            Status.PENDING_THERAPIST,
            Status.THERAPIST_CONFIRMED,
            Status.ON_HOLD,
            Status.CANCELLED,
        }
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
    Status.AWAITING_PAYMENT: frozenset(
        {Status.AWAITING_PAYMENT, Status.PAYING, Status.FINISHED, Status.CANCELLED}
    ),
    Status.PAYING: frozenset({Status.PAID, Status.AWAITING_PAYMENT}),
    Status.PAID: frozenset({Status.PAID}),
    Status.CANCELLED: frozenset(),
    Status.NO_SHOW: frozenset({Status.PENDING_THERAPIST}),
}

#: Arrows that `undo` can reverse. Not among them: payments, steps with their own way back (hold and
#: release lead to the line, from which one claims again), and arrows to the same status.
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

#: The field of Transaction with the time each status begins (the others need none).
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

#: Statuses in which the customer has a therapist, or a cashier.
WITH_THERAPIST = frozenset({Status.THERAPIST_CONFIRMED, Status.IN_SERVICE})
WITH_CASHIER = frozenset({Status.AWAITING_PAYMENT, Status.PAYING})

#: Statuses before the customer has a therapist: everyone who waits, on every screen and in every
#: figure. Who is on hold keeps their place, so they wait too.
UNCLAIMED = frozenset({Status.PENDING_THERAPIST, Status.ON_HOLD})
#: Statuses before the treatment began.
UNTREATED = UNCLAIMED | {Status.THERAPIST_CONFIRMED}
#: Statuses before the customer has had a cashier, apart from those that end a visit early.
BEFORE_CASHIER = UNCLAIMED | WITH_THERAPIST | {Status.FINISHED}

#: Final statuses. Only a no-show may be reopened, or a step be undone.
CLOSED = frozenset({Status.PAID, Status.CANCELLED, Status.NO_SHOW})
OPEN = frozenset(Status) - CLOSED


def can_move(was: Status, to: Status) -> bool:
    """Return whether the transition table has this arrow."""
    return to in MOVES[was]


def can_undo(was: Status, to: Status) -> bool:
    """Return whether a step from `was` to `to` may be undone."""
    return to in UNDOABLE.get(was, frozenset())


def _stamps_after(status: Status) -> tuple[str, ...]:
    road, stamps = list(STAMPS), list(STAMPS.values())
    return tuple(stamps[road.index(status) + 1 :])


#: The times that a status excludes, so those an undo clears.
LATER_STAMPS: dict[Status, tuple[str, ...]] = {
    **{status: _stamps_after(status) for status in STAMPS},
    Status.ON_HOLD: _stamps_after(Status.PENDING_THERAPIST),
    Status.PAYING: _stamps_after(Status.AWAITING_PAYMENT),
}
