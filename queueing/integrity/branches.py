"""Integrity rules of branches: a visit, its room and its staff belong to one branch."""

from django.db.models import F

from accounts.models import Therapist
from queueing.models import Transaction
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


@rules.rule(
    "A visit's room belongs to the visit's branch, and has the number shown.", of=Transaction
)
def rooms_of_the_branch(rows: Rows) -> Broken:
    """Find open visits in a room of another branch, or that show another number."""
    inside = rows.filter(active_room__isnull=False)
    elsewhere = inside.exclude(active_room__branch=F("branch"))
    renamed = inside.exclude(active_room__number=F("room_number"))
    for visit in (elsewhere | renamed).select_related("active_room"):
        room = visit.active_room
        yield visit.pk, f"room {visit.room_number} is number {room} of branch {room.branch_id}"


@rules.rule("The staff of a visit works in the visit's branch.", of=Transaction)
def staff_of_the_branch(rows: Rows) -> Broken:
    """Find visits whose present therapist or cashier belongs to another branch."""
    for role in ("therapist", "cashier"):
        held = rows.filter(**{f"active_{role}__isnull": False})
        for visit in held.exclude(**{f"active_{role}__user__branch": F("branch")}):
            yield visit.pk, f"its {role} belongs to another branch"


@rules.rule("A therapist's own room belongs to the therapist's branch.", of=Therapist)
def own_rooms_of_the_branch(rows: Rows) -> Broken:
    """Find therapists whose own room belongs to another branch."""
    for therapist in rows.exclude(own_room=None).exclude(own_room__branch=F("user__branch")):
        yield therapist.pk, f"own room {therapist.room_number} belongs to another branch"
