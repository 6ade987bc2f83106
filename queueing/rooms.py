"""The only code that writes `Room.status`."""

import datetime
from typing import NoReturn

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Therapist
from queueing import queries
from queueing.errors import RoomNotReady, WrongState
from queueing.events import announce_room
from queueing.models import Room, RoomStatus, Transaction
from queueing.states import Status
from spa_project.lib.db.compiled_queries import update_one


def occupy(branch: Branch, therapist: Therapist) -> Room:
    """Lock a room for the therapist's customer: their own, or any where rooms are shared.

    After a hand-over a colleague works in the own room: then it is that colleague's. Raises
    `RoomNotReady` with the reason.
    """
    room = _own_room(branch, therapist)
    if room is not None and room.status == RoomStatus.OCCUPIED:
        room = _exchanged_for(room) or room
    if room is None or room.status != RoomStatus.AVAILABLE:
        room = _any_available(branch) if branch.shared_rooms else _refuse(room)
    return _write(room, RoomStatus.OCCUPIED)


def _own_room(branch: Branch, therapist: Therapist) -> Room | None:
    """Lock the therapist's own room, if they have one in this branch."""
    room = queries.lock_room(therapist.own_room_id) if therapist.own_room_id else None
    return room if room and room.branch_id == branch.pk else None


def _exchanged_for(room: Room) -> Room | None:
    """Lock the own room of whoever works in this one, unless it is in use too."""
    visits = Transaction.objects.filter(active_room=room)
    own_room_id = visits.values_list("active_therapist__own_room", flat=True).first()
    # Never waited for, since this transaction has a room's lock already.
    other = queries.lock_room_unless_locked(own_room_id) if own_room_id else None
    is_free = other and other.branch_id == room.branch_id and other.status == RoomStatus.AVAILABLE
    return other if is_free else None


def is_exchanged(therapist: Therapist, room_number: str) -> bool:
    """Return whether this is the own room of whoever works in the therapist's own one."""
    if not therapist.own_room_id:
        return False
    visits = Transaction.objects.filter(active_room=therapist.own_room_id)
    return visits.filter(active_therapist__own_room__number=room_number).exists()


def occupy_number(branch: Branch, room_number: str) -> Room:
    """Lock the room of this number for a customer; raise `RoomNotReady` with the reason."""
    room = _existing(branch, room_number)
    if room.status != RoomStatus.AVAILABLE:
        _refuse(room)
    return _write(room, RoomStatus.OCCUPIED)


def occupy_again(branch: Branch, room_number: str) -> Room:
    """Lock the room a customer had a moment ago, prepared or not; raise `RoomNotReady`."""
    room = _existing(branch, room_number)
    if room.status not in (RoomStatus.AVAILABLE, RoomStatus.PREPARING):
        _refuse(room)
    return _write(room, RoomStatus.OCCUPIED)


def vacate(room_id: int, branch: Branch, *, used: bool) -> Room:
    """Free a room: a `used` one has to be prepared for the next customer, unless it closes."""
    room = queries.lock_room(room_id)
    assert room is not None, "a customer's room stays"
    if room.closing:
        return _write(room, RoomStatus.OUT_OF_SERVICE)
    return _prepare(room, branch) if used else _write(room, RoomStatus.AVAILABLE)


def free_room_of(transaction: Transaction) -> None:
    """Vacate a visit's room, if any; it was used if the treatment had begun."""
    if transaction.active_room_id:
        used = transaction.status == Status.IN_SERVICE
        vacate(transaction.active_room_id, transaction.branch, used=used)


def set_status(branch: Branch, room_number: str, status: RoomStatus) -> Room:
    """Set a room's status by hand.

    A room in use is closed when its customer has left; only that can be undone. Raises
    `RoomNotReady` (no such room) or `WrongState` (in use).
    """
    if status == RoomStatus.OCCUPIED:
        raise WrongState(_("A room becomes occupied when a customer is called."))
    room = _existing(branch, room_number)
    if room.status == RoomStatus.OCCUPIED:
        closing = status == RoomStatus.OUT_OF_SERVICE
        if not (closing or room.closing):
            raise WrongState(_("Room %(room)s is occupied.") % {"room": room.number})
        return room if room.closing == closing else _write(room, room.status, closing=closing)
    if room.status == status:
        return room
    return _prepare(room, branch) if status == RoomStatus.PREPARING else _write(room, status)


def make_ready(room_id: int, now: datetime.datetime) -> Room | None:
    """Make a room available whose time of preparation is over, unless it has changed."""
    room = queries.lock_room_unless_locked(room_id)
    if room is None or room.ready_at is None or room.ready_at > now:
        return None
    return _write(room, RoomStatus.AVAILABLE)


def _existing(branch: Branch, number: str) -> Room:
    room = queries.lock_room_by_number(branch.pk, number)
    if room is None:
        raise RoomNotReady(_("That room doesn't exist here."))
    return room


def _any_available(branch: Branch) -> Room:
    """Lock a free room, preferring one that is nobody's own.

    Looked for without locks, then locked by key with SKIP LOCKED: a search that locks would lock
    every room it passes, and another therapist would find none free.
    """
    owners = Therapist.objects.filter(own_room=OuterRef("pk"), active=True)
    free = Room.objects.filter(branch=branch, status=RoomStatus.AVAILABLE)
    for pk in free.order_by(Exists(owners), "pk").values_list("pk", flat=True):
        room = queries.lock_room_unless_locked(pk)
        if room is not None and room.status == RoomStatus.AVAILABLE:
            return room
    raise RoomNotReady(_("No room available."))


def _refuse(room: Room | None) -> NoReturn:
    if room is None:
        raise RoomNotReady(_("No room assigned. Ask a manager."))
    raise RoomNotReady(_NOT_READY[RoomStatus(room.status)] % {"room": room.number})


_NOT_READY = {
    RoomStatus.PREPARING: _("Room %(room)s is still being prepared."),
    RoomStatus.OCCUPIED: _("Room %(room)s is occupied."),
    RoomStatus.OUT_OF_SERVICE: _("Room %(room)s is closed."),
}


def _prepare(room: Room, branch: Branch) -> Room:
    minutes = branch.preparing_minutes
    ready_at = timezone.now() + datetime.timedelta(minutes=minutes) if minutes else None
    return _write(room, RoomStatus.PREPARING, ready_at=ready_at)


def _write(
    room: Room,
    status: RoomStatus | str,
    *,
    closing: bool = False,
    ready_at: datetime.datetime | None = None,
) -> Room:
    seen = {"id": room.pk, "version": room.version}
    room.status = status
    room.version += 1
    room.closing, room.ready_at = closing, ready_at
    changes = {name: getattr(room, name) for name in ("status", "version", "closing", "ready_at")}
    update_one(Room, seen, changes)
    announce_room(room)
    return room
