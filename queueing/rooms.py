"""The only code that writes `Room.status`."""

from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Therapist
from queueing.errors import RoomNotReady, WrongState
from queueing.events import announce_room
from queueing.models import Room, RoomStatus
from spa_project.lib.errors import Conflict
from spa_project.lib.statements import Param, Prepared, update_where

# By primary key: the model's own order joins the branch, and MariaDB would lock its row too, for
# every therapist and every new customer in it.
_ROOM = Prepared(
    lambda: (
        Room.objects.select_for_update()
        .filter(branch_id=Param("branch_id"), number=Param("number"))
        .order_by("pk")
    )
)


def occupy_own(branch: Branch, therapist: Therapist) -> Room:
    """Lock the therapist's own room and put a customer in it; raises `RoomNotReady`."""
    room = _lock(branch, therapist.room_number)
    if room is None:
        raise RoomNotReady(_("You have no room. Please ask a manager to give you one."))
    if room.status != RoomStatus.AVAILABLE:
        raise RoomNotReady(
            _("Room %(room)s is not ready: %(status)s.")
            % {"room": room.number, "status": RoomStatus(room.status).label}
        )
    return _write(room, RoomStatus.OCCUPIED)


def vacate(room_id: int) -> Room:
    """The customer has left; the room is prepared for the next one."""
    return _write(Room.objects.select_for_update().get(pk=room_id), RoomStatus.PREPARING)


def set_status(branch: Branch, room_number: str, status: RoomStatus) -> Room:
    """Set an empty room by hand; raises `RoomNotReady` (no such room) or `WrongState` (in use)."""
    if status == RoomStatus.OCCUPIED:
        raise WrongState(_("Only a customer can occupy a room."))
    room = _lock(branch, room_number)
    if room is None:
        raise RoomNotReady(_("There is no such room here."))
    if room.status == RoomStatus.OCCUPIED:
        raise WrongState(_("Room %(room)s is in use.") % {"room": room.number})
    return room if room.status == status else _write(room, status)


def _lock(branch: Branch, number: str) -> Room | None:
    return _ROOM.first(branch_id=branch.pk, number=number)


def _write(room: Room, status: RoomStatus) -> Room:
    seen = {"id": room.pk, "version": room.version}
    room.status = status
    room.version += 1
    if update_where(Room, seen, {"status": status, "version": room.version}) != 1:
        raise Conflict
    announce_room(room)
    return room
