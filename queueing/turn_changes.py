"""The operation by which a manager changes a therapist's place in the rotation, with a reason."""

from django.utils.translation import gettext as _

from accounts.models import Therapist, User
from queueing import turn_ledger
from queueing.access import branch_of, lock_therapist, therapist_here
from queueing.errors import WrongState
from queueing.models import TurnKind
from queueing.rotation import RotationData, is_strict, rotation_of, serialize_rotation
from spa_project.lib.db.transactions import durable


@durable
def change_turns(
    manager: User, *, therapist_id: int, quarters: int | None, reason: str
) -> RotationData:
    """Add turns to a therapist's, or take some off; with None move them to the end of the order.

    Raises `WrongState` (no such therapist here, not on duty, or a branch without a rotation).
    """
    branch = branch_of(manager)
    if not is_strict(branch):
        raise WrongState(_("%(branch)s has no strict rotation.") % {"branch": branch})
    therapist = _lock_present(therapist_here(manager, therapist_id))
    if quarters is None:
        turn_ledger.move_to_the_end(
            therapist, branch, TurnKind.MOVED_BACK, by=manager, reason=reason
        )
    else:
        turn_ledger.change(therapist, branch, quarters, TurnKind.MANUAL, by=manager, reason=reason)
    return serialize_rotation(rotation_of(branch))


def _lock_present(therapist: Therapist) -> Therapist:
    if lock_therapist(therapist).presence is None:
        raise WrongState(_("%(name)s isn't on duty.") % {"name": therapist})
    return therapist
