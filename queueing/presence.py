"""Changes of therapists' presence, announced to the screens that show therapists."""

from accounts import presence as rows
from accounts.models import Branch, Presence, PresenceKind, Therapist
from queueing.events import announce_presence
from queueing.models import TurnKind
from queueing.serializers import TherapistData, serialize_therapist
from queueing.turn_ledger import move_to_the_end


def change(
    therapist: Therapist, kind: PresenceKind | None, *, minutes: int | None = None
) -> TherapistData:
    """Put a therapist on duty or on a break, or off duty with None, and announce it.

    Whoever clocks in joins a rotation at its end. The caller has locked the therapist's row, or the
    row of the visit they have.
    """
    branch = _branch_of(therapist)
    before = rows.open_row(therapist.pk)
    row = rows.change(therapist.pk, branch, kind, minutes=minutes, found=before)
    data = serialize_therapist(therapist, row, after=before)
    if row is None or row != before:
        announce_presence(branch.pk, data)
    if row and not (before and rows.is_of_today(before, branch)):
        move_to_the_end(therapist, branch, TurnKind.CLOCKED_IN, by=None)
    return data


def begin_due_break(therapist_id: int, *, is_due: bool | None) -> None:
    """Begin the break that waited until a customer left the therapist, if there is one.

    `is_due` is None where the visit was locked without reading it.
    """
    if is_due is False:
        return
    waiting = Presence.objects.filter(active_therapist=therapist_id, kind=PresenceKind.BREAK_NEXT)
    if not (found := waiting.first()):
        return
    therapist = Therapist.objects.select_related("own_room", "user__branch").get(pk=therapist_id)
    change(therapist, PresenceKind.ON_BREAK, minutes=found.minutes)


def return_to_customer(therapist: Therapist) -> None:
    """Put a therapist on duty who gets their customer back; the break comes after them again."""
    found = rows.open_row(therapist.pk)
    if found and found.kind == PresenceKind.ON_BREAK:
        change(therapist, PresenceKind.BREAK_NEXT, minutes=found.minutes)
    elif not found or found.kind != PresenceKind.BREAK_NEXT:
        change(therapist, PresenceKind.ON_DUTY)


def _branch_of(therapist: Therapist) -> Branch:
    assert therapist.user.branch is not None, "therapists without a branch do not act"
    return therapist.user.branch
