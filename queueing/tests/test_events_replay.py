"""Tests of convergence: old screen + events = new screen, for every arrow and every screen."""

import json
from typing import Any

import pytest
from django.db.transaction import atomic, set_rollback
from django.utils import timezone

from conftest import make_therapist
from queueing import duty
from queueing.events import (
    AUDIENCES,
    BOARD,
    PRESENCE_EVENT,
    ROOM_EVENT,
    THERAPISTS,
    TICKET_EVENT,
    Audience,
    ticket_topic,
)
from queueing.lifecycle import advance
from queueing.models import Room, RoomStatus, Transaction
from queueing.screens import ticket_screen
from queueing.serializers import serialize_board_row, serialize_transaction
from queueing.services import confirm_next, finish_service, room_set_status
from queueing.snapshots import digests_of, open_transactions, rooms_of, setup_of, therapists_of
from queueing.states import CLOSED, MOVES, UNDOABLE, WITH_CASHIER, WITH_THERAPIST, Status

#: Payment arrows are in payments/tests/test_events_replay.py, with their fixtures.
MONEY = {Status.PAYING, Status.PAID}
AHEAD = [
    (was, to, False)
    for was, targets in MOVES.items()
    for to in sorted(targets)
    if not {was, to} & MONEY
]
BACK = [(was, to, True) for to, steps in UNDOABLE.items() for was in sorted(steps)]


class Display:
    """The state a browser builds of a snapshot and the events after it (static/js/lib/store.js)."""

    def __init__(self, audience: Audience, branch) -> None:
        self.audience = audience
        self.setup = setup_of(branch)["setup"]
        self.rows = snapshot_of(audience, branch)
        self.rooms = {room["number"]: room for room in rooms_of(branch)}
        self.therapists = {each["id"]: each for each in therapists_of(branch)}

    def hear(self, event: str, data: dict) -> None:
        if event == ROOM_EVENT:
            self.rooms[data["room"]["number"]] = data["room"]
            return
        if event == PRESENCE_EVENT:
            self.therapists[data["therapist"]["id"]] = data["therapist"]
            return
        assert event == self.audience.event
        row = data["transaction"]
        self.rows.pop(row["id"], None)
        if row["status"] in self.audience.shows:
            self.rows[row["id"]] = row

    def digest(self) -> dict[str, int]:
        shown = [*self.rows.values(), *(self.rooms.values() if self.audience.shows_rooms else ())]
        versions = sum(row["version"] for row in shown)
        digest = {"count": len(shown), "versions": versions, "setup": self.setup}
        here = (each for each in self.therapists.values() if each["presence"] != "off_duty")
        presence = {"presence": sum(each["version"] for each in here)}
        return digest | (presence if self.audience.shows_rooms else {})


def snapshot_of(audience: Audience, branch) -> dict[int, dict]:
    serialize = serialize_board_row if audience is BOARD else serialize_transaction
    rows = open_transactions(branch, audience.shows)
    return {row.pk: json.loads(json.dumps(serialize(row))) for row in rows}


@pytest.fixture
def transaction_in(branch, maya, carl, make_transaction):
    """Return a transaction in any status, with the people that status demands."""

    def make(status: Status) -> Transaction:
        transaction = make_transaction(Status.PENDING_THERAPIST)
        held: dict[str, Any] = {}
        if status in CLOSED:
            held = {"active_code": None}
        if status == Status.ON_HOLD:
            held = {"held_until": timezone.now()}
        if status in WITH_THERAPIST:
            held = {"therapist": maya, "active_therapist": maya}
        if status in WITH_CASHIER:
            held = {"therapist": maya, "cashier": carl, "active_cashier": carl}
        if status not in MOVES[Status.PENDING_THERAPIST] | {Status.PENDING_THERAPIST}:
            held |= {"room_number": "1"}
        Transaction.objects.filter(pk=transaction.pk).update(status=status, **held)
        return Transaction.objects.get(pk=transaction.pk)

    return make


def owners_for(to: Status, maya, carl) -> dict:
    if to in WITH_THERAPIST:
        return {"therapist": maya, "active_therapist": maya}
    if to == Status.ON_HOLD:
        return {"held_until": timezone.now()}
    return {"cashier": carl, "active_cashier": carl} if to in WITH_CASHIER else {}


@pytest.mark.parametrize("audience", AUDIENCES, ids=lambda audience: audience.name)
@pytest.mark.parametrize(("was", "to", "undo"), AHEAD + BACK)
def test_old_screen_plus_events_is_the_new_screen(
    branch, maya, carl, transaction_in, heard, audience, was, to, undo
):
    transaction = transaction_in(was)
    display = Display(audience, branch)
    for topic, event, data in heard(
        lambda: advance(transaction, to, by=None, undo=undo, **owners_for(to, maya, carl))
    ):
        if topic == audience.topic(branch.pk):
            display.hear(event, data)
    assert display.rows == snapshot_of(audience, branch)
    digests = digests_of(audience.shows, [branch.pk], with_rooms=audience.shows_rooms)
    assert display.digest() == digests[branch.pk]


@pytest.mark.parametrize(
    ("was", "to", "undo"), [arrow for arrow in AHEAD + BACK if arrow[1] != Status.PAID]
)
def test_a_ticket_and_its_events_are_the_ticket_afterwards(
    branch, maya, carl, transaction_in, heard, was, to, undo
):
    transaction = transaction_in(was)
    screen = ticket_screen(transaction.key)
    shown = screen.snapshot()["transaction"]
    for topic, event, data in heard(
        lambda: advance(transaction, to, by=None, undo=undo, **owners_for(to, maya, carl))
    ):
        if topic == screen.topic:
            assert event == TICKET_EVENT
            assert data["transaction"]["version"] > shown["version"]
            shown = data["transaction"]
    snapshot = screen.snapshot()
    assert shown == snapshot["transaction"]
    digest = screen.digest.read([screen.digest.key])[transaction.pk]
    # Their place depends on other customers: only the heartbeat updates it.
    place = {name: snapshot[name] for name in ("before", "wait_minutes")}
    versions = {"versions": shown["version"], "setup": setup_of(branch)["setup"]}
    assert digest == {"count": 1, **versions, **place}


STEPS_OF_PRESENCE = {
    "clocks in": (duty.clock_out, duty.clock_in),
    "breaks": (duty.clock_in, duty.therapist_break),
    "comes back": (duty.therapist_break, duty.clock_in),
    "clocks out": (duty.clock_in, duty.clock_out),
    "clocks out of a break": (duty.therapist_break, duty.clock_out),
    "changes nothing": (duty.clock_in, duty.clock_in),
}


@pytest.mark.parametrize("audience", AUDIENCES, ids=lambda audience: audience.name)
@pytest.mark.parametrize("step", STEPS_OF_PRESENCE)
def test_old_screen_plus_events_is_the_new_one_when_a_therapist(
    branch, maya, noor, heard, audience, step
):
    prepare, act = STEPS_OF_PRESENCE[step]
    prepare(maya)
    assert_follows(audience, branch, heard, lambda: act(maya))


@pytest.mark.parametrize("audience", AUDIENCES, ids=lambda audience: audience.name)
def test_old_screen_plus_events_is_the_new_one_when_a_break_is_due(
    branch, maya, make_transaction, heard, audience
):
    treated = make_transaction(Status.IN_SERVICE)
    assert_follows(audience, branch, heard, lambda: duty.therapist_break(maya, minutes=15))
    assert_follows(audience, branch, heard, lambda: finish_service(maya, transaction_id=treated.pk))
    [seen] = therapists_of(branch)
    assert seen["presence"] == "on_break"


@pytest.mark.parametrize("audience", AUDIENCES, ids=lambda audience: audience.name)
def test_old_screen_plus_events_is_the_new_one_when_a_claim_clocks_in(
    branch, make_transaction, heard, audience
):
    newcomer = make_therapist("Nadia", branch, "7")
    make_transaction(Status.PENDING_THERAPIST)
    assert_follows(audience, branch, heard, lambda: confirm_next(newcomer))


def assert_follows(audience, branch, heard, step) -> None:
    display = Display(audience, branch)
    for topic, event, data in heard(step):
        if topic == audience.topic(branch.pk):
            display.hear(event, data)
    assert display.rows == snapshot_of(audience, branch)
    digests = digests_of(audience.shows, [branch.pk], with_rooms=audience.shows_rooms)
    assert display.digest() == digests[branch.pk]
    if audience.shows_rooms:
        assert shown(display.therapists.values()) == shown(therapists_of(branch))


def shown(therapists) -> dict[int, dict]:
    return {
        each["id"]: {name: value for name, value in each.items() if name != "version"}
        for each in therapists
    }


@pytest.mark.parametrize("to", [RoomStatus.PREPARING, RoomStatus.OUT_OF_SERVICE])
def test_a_room_changes_on_the_screens_that_show_rooms(branch, maya, heard, to):
    sent = heard(lambda: room_set_status(branch, "1", to))
    assert {topic for topic, _event, _data in sent} == {
        audience.topic(branch.pk) for audience in AUDIENCES if audience.shows_rooms
    }
    assert [sent[0][2]["room"]] == rooms_of(branch)


def test_the_customer_hears_of_every_step(make_transaction, heard):
    transaction = make_transaction(Status.PENDING_THERAPIST)
    sent = heard(lambda: advance(transaction, Status.CANCELLED, by=None))
    [ticket] = [data for topic, event, data in sent if event == TICKET_EVENT]
    assert ticket["transaction"] == serialize_transaction(
        Transaction.objects.with_people().get(pk=transaction.pk)
    )
    assert ticket_topic(transaction.pk) in {topic for topic, _event, _data in sent}


def test_the_board_tells_no_names_and_no_money(make_transaction, heard):
    transaction = make_transaction(Status.PENDING_THERAPIST)
    sent = heard(lambda: advance(transaction, Status.CANCELLED, by=None))
    [row] = [data["transaction"] for _topic, event, data in sent if event == BOARD.event]
    assert set(row) == {"id", "version", "code", "status", "room_number", "calls", "counter_number"}


def test_nothing_is_said_before_the_commit(make_transaction, monkeypatch):
    sent = []
    monkeypatch.setattr(
        "spa_project.lib.realtime.publish.hub.publish", lambda *events: sent.extend(events)
    )
    transaction = make_transaction(Status.PENDING_THERAPIST)  # this test's commit never comes
    advance(transaction, Status.CANCELLED, by=None)
    assert sent == []


def test_what_was_rolled_back_is_never_said(make_transaction, heard):
    transaction = make_transaction(Status.PENDING_THERAPIST)

    def step() -> None:
        with atomic():
            advance(transaction, Status.CANCELLED, by=None)
            set_rollback(True)

    assert heard(step) == []


def test_every_room_is_shown(branch, maya, noor):
    assert len(rooms_of(branch)) == Room.objects.filter(branch=branch).count() == 2


def test_therapists_hear_when_a_finished_visit_goes_on(transaction_in, maya, carl, heard):
    transaction = transaction_in(Status.FINISHED)
    owners = owners_for(Status.AWAITING_PAYMENT, maya, carl)
    sent = heard(lambda: advance(transaction, Status.AWAITING_PAYMENT, by=None, **owners))
    topics = {topic for topic, _event, _data in sent}
    assert THERAPISTS.topic(transaction.branch_id) in topics
