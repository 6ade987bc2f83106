"""Fan-out of changes: the audience of an event is derived from what each screen shows."""

import json
from dataclasses import dataclass

from queueing.models import Room, Transaction
from queueing.serializers import (
    TherapistData,
    serialize_board_row,
    serialize_room,
    serialize_transaction,
)
from queueing.states import UNCLAIMED, WITH_CASHIER, WITH_THERAPIST, Status
from spa_project.lib.realtime.publish import Event, encoded, publish


@dataclass(frozen=True)
class Audience:
    """A kind of screen: the statuses it shows, and the event that announces a change to it."""

    name: str
    event: str
    shows: frozenset[Status]
    #: Statuses it does not show, but whose next change decides whether a step can be undone there.
    follows: frozenset[Status] = frozenset()
    #: Whether it shows the rooms, and which therapists are on duty.
    shows_rooms: bool = False
    #: A public screen gets codes and rooms only.
    public: bool = False

    def topic(self, branch_id: int) -> str:
        """Return the topic of this kind of screen in one branch."""
        return f"{self.name}.{branch_id}"


THERAPISTS = Audience(
    name="therapist_queue",
    event="therapist_queue_updated",
    shows=WITH_THERAPIST | UNCLAIMED,
    follows=frozenset({Status.FINISHED}),
    shows_rooms=True,
)
CASHIERS = Audience(
    name="cashier_queue",
    event="cashier_queue_updated",
    shows=WITH_CASHIER | {Status.FINISHED},
)
MONITOR = Audience(
    name="monitor",
    event="monitor_updated",
    shows=THERAPISTS.shows | CASHIERS.shows,
    shows_rooms=True,
)
BOARD = Audience(
    name="board",
    event="board_updated",
    shows=WITH_THERAPIST | UNCLAIMED,
    public=True,
)
AUDIENCES = (THERAPISTS, CASHIERS, MONITOR, BOARD)
#: The screens of staff that show the menu; the front desk shows the monitor's rows.
MENU_AUDIENCES = (THERAPISTS, MONITOR)

TICKET_EVENT = "customer_txn_update"
ROOM_EVENT = "room_updated"
PRESENCE_EVENT = "presence_updated"
SETUP_EVENT = "setup_updated"
MENU_EVENT = "menu_updated"


def menu_topic(branch_id: int) -> str:
    """Return the topic of a branch's open menus, on kiosks and phones."""
    return f"customer.{branch_id}"


def ticket_topic(transaction_id: int) -> str:
    """Return the topic of a customer's own page."""
    return f"txn_{transaction_id}"


def announce(transaction: Transaction, was: Status) -> None:
    """Publish a transaction to its customer and to the screens that it is news for."""
    # Encoded once for all subscribers (fan-out).
    whole = json.dumps({"transaction": serialize_transaction(transaction)})
    public = json.dumps({"transaction": serialize_board_row(transaction)})
    events = [Event(ticket_topic(transaction.pk), encoded(TICKET_EVENT, whole))]
    for audience in AUDIENCES:
        if audience.shows & {was, transaction.status} or was in audience.follows:
            text = encoded(audience.event, public if audience.public else whole)
            events.append(Event(audience.topic(transaction.branch_id), text))
    publish(events)


def announce_room(room: Room) -> None:
    """Publish a room to the screens that show rooms."""
    _announce_on_floor(
        room.branch_id, encoded(ROOM_EVENT, json.dumps({"room": serialize_room(room)}))
    )


def announce_presence(branch_id: int, therapist: TherapistData) -> None:
    """Publish a therapist's presence to the screens that show therapists."""
    _announce_on_floor(branch_id, encoded(PRESENCE_EVENT, json.dumps({"therapist": therapist})))


def _announce_on_floor(branch_id: int, text: str) -> None:
    audiences = (audience for audience in AUDIENCES if audience.shows_rooms)
    publish([Event(audience.topic(branch_id), text) for audience in audiences])
