"""Fan-out of changes: the audience of an event is derived from what each screen shows."""

import json
from dataclasses import dataclass
from functools import lru_cache

from django.db import transaction as database

from accounts.models import Branch
from queueing.models import Room, Transaction
from queueing.rotation import rotation_of, serialize_rotation
from queueing.serializers import (
    TherapistData,
    TransactionData,
    for_customer,
    for_display,
    serialize_board_row,
    serialize_changed,
    serialize_room,
)
from queueing.states import UNCLAIMED, WITH_CASHIER, WITH_THERAPIST, Status
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.realtime.messages import Event, text_of
from spa_project.lib.realtime.publish import encoded, publish, publish_to_all


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
    #: A public screen gets codes, rooms and counters only.
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
    shows=WITH_THERAPIST | UNCLAIMED | {Status.AWAITING_PAYMENT},
    public=True,
)
AUDIENCES = (THERAPISTS, CASHIERS, MONITOR, BOARD)
#: The screens of staff that show the menu; the front desk shows the monitor's rows.
MENU_AUDIENCES = (THERAPISTS, MONITOR)

#: The statuses in which a counter's customer-facing screen shows a sale; a paid one for a minute.
ON_DISPLAY = WITH_CASHIER | {Status.PAID}

TICKET_EVENT = "customer_txn_update"
ROOM_EVENT = "room_updated"
PRESENCE_EVENT = "presence_updated"
TURNS_EVENT = "turns_updated"
DISPLAY_EVENT = "display_updated"
SETUP_EVENT = "setup_updated"
MENU_EVENT = "menu_updated"


def menu_topic(branch_id: int) -> str:
    """Return the topic of a branch's open menus, on kiosks and phones."""
    return f"customer.{branch_id}"


def ticket_topic(transaction_id: int) -> str:
    """Return the topic of a customer's own page."""
    return f"txn_{transaction_id}"


@lru_cache(maxsize=256)  # a digest takes as long as the rest of an event
def display_topic(branch_id: int, counter_number: str) -> str:
    """Return the topic of the customer-facing screens of one counter."""
    # A digest: what people call a counter may have any letters, a topic may not.
    return f"display.{branch_id}.{fingerprint(counter_number)[:32]}"


def counter_of(transaction: Transaction) -> str:
    """Return the number of the counter that shows this sale, empty where none does."""
    if transaction.status not in ON_DISPLAY or transaction.cashier is None:
        return ""
    return transaction.cashier.counter_number


def announce(transaction: Transaction, was: Status, *, counter: str = "") -> None:
    """Publish a transaction to its customer and to the screens that it is news for.

    `counter` is that at which it was before the change.
    """
    # Encoded once for all subscribers (fan-out).
    data = serialize_changed(transaction)
    whole = f'{{"transaction": {text_of(data)}}}'
    public = json.dumps({"transaction": serialize_board_row(transaction)})
    own = for_customer(data)
    ticket = whole if own == data else json.dumps({"transaction": own})
    events = [Event(ticket_topic(transaction.pk), encoded(TICKET_EVENT, ticket))]
    for audience in AUDIENCES:
        if audience.shows & {was, transaction.status} or was in audience.follows:
            text = encoded(audience.event, public if audience.public else whole)
            events.append(Event(audience.topic(transaction.branch_id), text))
    publish([*events, *_display_events(transaction, data, counter)])


def _display_events(transaction: Transaction, data: TransactionData, counter: str) -> list[Event]:
    """Return the event for the screens of the counter at which the sale was or now is."""
    counters = {counter, counter_of(transaction)} - {""}
    if not counters:
        return []
    text = encoded(DISPLAY_EVENT, json.dumps({"transaction": for_display(data)}))
    return [Event(display_topic(transaction.branch_id, each), text) for each in counters]


def announce_room(room: Room) -> None:
    """Publish a room to the screens that show rooms."""
    _announce_on_floor(
        room.branch_id, encoded(ROOM_EVENT, json.dumps({"room": serialize_room(room)}))
    )


def announce_presence(branch_id: int, therapist: TherapistData) -> None:
    """Publish a therapist's presence to the screens that show therapists."""
    _announce_on_floor(branch_id, encoded(PRESENCE_EVENT, json.dumps({"therapist": therapist})))


def announce_turns(branch_id: int) -> None:
    """Publish the order of the rotation to the same screens, as it is after the commit.

    Read only then, so that the claim holds its locks no longer for it.
    """

    def send() -> None:
        rotation = serialize_rotation(rotation_of(Branch.objects.get(pk=branch_id)))
        publish_to_all(_floor_topics(branch_id), TURNS_EVENT, {"rotation": rotation})

    database.on_commit(send, robust=True)


def _announce_on_floor(branch_id: int, text: str) -> None:
    publish([Event(topic, text) for topic in _floor_topics(branch_id)])


def _floor_topics(branch_id: int) -> list[str]:
    return [audience.topic(branch_id) for audience in AUDIENCES if audience.shows_rooms]
