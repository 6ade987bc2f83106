"""Integrity rules of staff, rooms and codes: held by one transaction, while it needs them."""

from django.db.models import Case, Count, F, Q, When

from queueing.integrity.expressions import another_key, any_of, value_of
from queueing.models import Room, RoomStatus, Transaction
from queueing.states import OPEN, WITH_CASHIER, WITH_THERAPIST, Status
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()

#: The statuses in which each column is filled, and the column it then equals.
HELD = {
    "active_therapist": (WITH_THERAPIST, "therapist"),
    "active_room": (WITH_THERAPIST, None),
    "active_cashier": (WITH_CASHIER, "cashier"),
    "active_code": (OPEN, "code"),
    "held_until": (frozenset({Status.ON_HOLD}), None),
}


@rules.rule(
    "A visit holds its therapist, room, cashier and code only in the statuses that need them.",
    of=Transaction,
)
def held(rows: Rows) -> Broken:
    """Find current staff, rooms, codes and holds that do not fit the status."""
    wrong = {name: _wrongly_held(name, *rule) for name, rule in HELD.items()}
    marked = rows.annotate(
        **{f"wrong_{name}": Case(When(q, then=1), default=0) for name, q in wrong.items()}
    )
    for row in marked.filter(any_of(wrong.values())):
        names = (name for name in HELD if getattr(row, f"wrong_{name}"))
        holds = ", ".join(f"{name} is {value_of(row, name) or 'empty'}" for name in names)
        yield row.pk, f"it is {row.status}, but {holds}"


def _wrongly_held(name: str, statuses: frozenset[Status], copy_of: str | None) -> Q:
    empty, needed = Q(**{f"{name}__isnull": True}), Q(status__in=statuses)
    wrong = (needed & empty) | (~needed & ~empty)
    return wrong | (~empty & ~Q(**{name: F(copy_of)})) if copy_of else wrong


@rules.rule("No therapist or cashier has two customers at once.", of=Transaction)
def one_customer_each(rows: Rows) -> Broken:
    """Find therapists and cashiers with more than one current customer."""
    for role, statuses in (("therapist", WITH_THERAPIST), ("cashier", WITH_CASHIER)):
        another = another_key(Transaction, **{f"active_{role}": role})
        for row in rows.filter(status__in=statuses).annotate(another=another):
            if row.another:
                person = getattr(row, f"{role}_id")
                yield row.pk, f"{role} {person} also has transaction {row.another}"


@rules.rule("An occupied room has exactly one customer; any other room has none.", of=Room)
def occupied_rooms(rows: Rows) -> Broken:
    """Find occupied rooms without one customer, and other rooms with a customer."""
    counted = rows.annotate(customers=Count("current_transaction"))
    expected = Case(When(status=RoomStatus.OCCUPIED, then=1), default=0)
    for room in counted.exclude(customers=expected):
        yield room.pk, f"number {room.number} is {room.status}; customers in it: {room.customers}"


@rules.rule(
    "Only an occupied room is due to close, only a room being prepared to become ready.",
    of=Room,
)
def pending_room_changes(rows: Rows) -> Broken:
    """Find rooms with a pending change that no longer applies."""
    closes = Q(closing=True) & ~Q(status=RoomStatus.OCCUPIED)
    gets_ready = Q(ready_at__isnull=False) & ~Q(status=RoomStatus.PREPARING)
    for room in rows.filter(closes | gets_ready):
        due = "close" if room.closing else "become ready"
        yield room.pk, f"number {room.number} is due to {due}, but it is {room.status}"
