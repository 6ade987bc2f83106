"""Operations that hand a visit over to another therapist, or move it to another room."""

from django.utils.translation import gettext as _

from accounts.models import PresenceKind, Therapist, User
from queueing import rooms
from queueing.access import branch_transaction, lock_therapist, therapist_here
from queueing.errors import WrongState
from queueing.lifecycle import advance
from queueing.models import Transaction, TurnKind
from queueing.skills import require_able
from queueing.states import WITH_THERAPIST, Status
from queueing.turn_ledger import move_to_the_end
from spa_project.lib.db.transactions import durable


@durable
def hand_over(
    user: User, *, transaction_id: int, therapist_id: int, reason: str = ""
) -> Transaction:
    """Hand the customer over to another therapist, in the same room.

    Whoever gives their own customer away goes to the end of a rotation. Raises
    `TransactionNotFound`, `WrongState` (no such colleague, not on duty, or not free), `NotAble`.
    """
    colleague = _lock_free(therapist_here(user, therapist_id))
    transaction = branch_transaction(user, transaction_id, *WITH_THERAPIST)
    require_able(colleague, transaction.item_list)
    giver = transaction.therapist
    described = _described(f"{giver} > {colleague}", reason)
    advance(
        transaction,
        Status(transaction.status),
        by=user,
        reason=described,
        therapist=colleague,
        active_therapist=colleague,
    )
    if giver is not None and giver.user_id == user.pk:
        move_to_the_end(
            giver,
            transaction.branch,
            TurnKind.GAVE_UP,
            by=user,
            transaction=transaction,
            reason=described,
        )
    return transaction


@durable
def change_room(
    user: User, *, transaction_id: int, room_number: str, reason: str = ""
) -> Transaction:
    """Move the customer to another room that is available.

    Raises `TransactionNotFound`, `WrongState`, `RoomNotReady`.
    """
    transaction = branch_transaction(user, transaction_id, *WITH_THERAPIST)
    room = rooms.occupy_number(transaction.branch, room_number)
    rooms.free_room_of(transaction)
    return advance(
        transaction,
        Status(transaction.status),
        by=user,
        reason=_described(f"{transaction.room_number} > {room}", reason),
        active_room=room,
        room_number=room.number,
    )


def _lock_free(colleague: Therapist) -> Therapist:
    """Lock a colleague's row; raise `WrongState` unless they are on duty without a customer."""
    locked = lock_therapist(colleague)
    if locked.current_id:
        raise WrongState(_("%(name)s already has a customer.") % {"name": colleague})
    if locked.presence is None:
        raise WrongState(_("%(name)s isn't on duty.") % {"name": colleague})
    if locked.presence == PresenceKind.ON_BREAK:
        raise WrongState(_("%(name)s is on a break.") % {"name": colleague})
    return colleague


def _described(change: str, reason: str) -> str:
    return f"{change}: {reason}" if reason else change
