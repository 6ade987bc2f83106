"""Operations that hand a visit over to another therapist, or move it to another room."""

from django.utils.translation import gettext as _

from accounts.models import Branch, Therapist, User
from queueing import rooms
from queueing.access import branch_of, branch_transaction, current_transaction_of
from queueing.errors import WrongState
from queueing.lifecycle import advance
from queueing.models import Transaction
from queueing.states import WITH_THERAPIST, Status
from spa_project.lib.db.transactions import durable


@durable
def hand_over(
    user: User, *, transaction_id: int, therapist_id: int, reason: str = ""
) -> Transaction:
    """Hand the customer over to another therapist, in the same room.

    Raises `TransactionNotFound`, `WrongState` (no such colleague, or not free).
    """
    colleague = _colleague(branch_of(user), therapist_id)
    if current_transaction_of(colleague):
        raise WrongState(_("%(name)s already has a customer.") % {"name": colleague})
    transaction = branch_transaction(user, transaction_id, *WITH_THERAPIST)
    return advance(
        transaction,
        Status(transaction.status),
        by=user,
        reason=_described(f"{transaction.therapist} > {colleague}", reason),
        therapist=colleague,
        active_therapist=colleague,
    )


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


def _colleague(branch: Branch, therapist_id: int) -> Therapist:
    people = Therapist.objects.on_duty(branch).select_related("user__branch")
    if not (found := people.filter(pk=therapist_id).first()):
        raise WrongState(_("That therapist isn't available here."))
    return found


def _described(change: str, reason: str) -> str:
    return f"{change}: {reason}" if reason else change
