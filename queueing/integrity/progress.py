"""Integrity rules of progress: fields that a status requires, and fields it must not have yet."""

from itertools import pairwise

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from queueing.integrity.expressions import any_of, is_empty, value_of
from queueing.models import Transaction
from queueing.states import BEFORE_CASHIER, LATER_STAMPS, MOVES, STAMPS, UNCLAIMED, Status
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()

#: The timestamps of a visit in their order.
LIFE = ("created_at", *STAMPS.values())


@rules.rule("A visit's times are in order.", of=Transaction)
def order_of_stamps(rows: Rows) -> Broken:
    """Find timestamps that come before the previous one."""
    pairs = tuple(pairwise(LIFE))
    backwards = (Q(**{f"{later}__lt": F(earlier)}) for earlier, later in pairs)
    for row in rows.filter(any_of(backwards)):
        wrong = (
            f"{later} is before {earlier}"
            for earlier, later in pairs
            if (was := getattr(row, earlier)) and (at := getattr(row, later)) and at < was
        )
        yield row.pk, ", ".join(wrong)


def _passed(status: Status) -> frozenset[Status]:
    """Return the statuses that every path to `status` passes through."""
    return frozenset(s for s in Status if status not in _reached_without(s))


def _reached_without(closed: Status) -> frozenset[Status]:
    reached: set[Status] = set()
    ahead = {Status.SELECTING} - {closed}
    while ahead:
        reached |= ahead
        ahead = {to for was in ahead for to in MOVES[was]} - reached - {closed}
    return frozenset(reached)


#: The fields besides its timestamp that each status sets for good.
GIVEN = {
    Status.PENDING_THERAPIST: ("queued_at",),
    Status.THERAPIST_CONFIRMED: ("therapist", "room_number"),
    Status.AWAITING_PAYMENT: ("cashier",),
}
#: The fields that each status requires, from all statuses a visit must have passed through.
NEEDED = {
    status: tuple(
        name
        for passed in Status
        if passed in _passed(status)
        for name in (*filter(None, [STAMPS.get(passed)]), *GIVEN.get(passed, ()))
    )
    for status in Status
}


@rules.rule("A visit has every time and person that its status requires.", of=Transaction)
def needed(rows: Rows) -> Broken:
    """Find transactions without a time or person that their status requires."""
    lacks = (Q(status=status) & is_empty(name) for status in Status for name in NEEDED[status])
    for row in rows.filter(any_of(lacks)):
        missing = [name for name in NEEDED[Status(row.status)] if not value_of(row, name)]
        yield row.pk, f"it is {row.status} without {', '.join(missing)}"


#: The fields that must still be empty in each status.
AHEAD: dict[Status, tuple[str, ...]] = {
    status: (
        *stamps,
        *(("therapist", "room_number") if status in UNCLAIMED else ()),
        *(("cashier",) if status in BEFORE_CASHIER else ()),
    )
    for status, stamps in LATER_STAMPS.items()
    if status != Status.PAID
}


@rules.rule("A visit has no time or person of a later status.", of=Transaction)
def not_yet(rows: Rows) -> Broken:
    """Find transactions with a time or person that their status excludes, as after an undo."""
    has = (Q(status=status) & ~is_empty(name) for status, names in AHEAD.items() for name in names)
    for row in rows.filter(any_of(has)):
        ahead = [name for name in AHEAD[Status(row.status)] if value_of(row, name)]
        yield row.pk, f"it is {row.status} and has {', '.join(ahead)}"


@rules.rule("A place in line dates from when the customer joined the line.", of=Transaction)
def places(rows: Rows) -> Broken:
    """Find customers whose place does not date from when they first joined their line."""
    joined = Coalesce("service_finish_at", "selection_confirmed_at")
    for row in rows.annotate(joined=joined).exclude(queued_at=F("joined")):
        if row.joined:
            yield (
                row.pk,
                f"it joined the line at {row.joined}, but its place dates from {row.queued_at}",
            )
