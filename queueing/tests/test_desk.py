"""Tests of the commands on a visit and their roles, and of a therapist's day."""

import json

import pytest

from accounts.auth import Caller
from accounts.models import User
from conftest import session_of
from queueing.models import TransactionEvent
from queueing.states import Status
from spa_project.lib.commands import answer
from spa_project.lib.errors import Invalid, NotAllowed, NotAuthenticated

STAFF = {"maya", "carl", "maria"}
MAY = {
    "staff_confirm_selection": STAFF,
    "therapist_recall": {"maya"},
    "therapist_no_show": {"maya"},
    "therapist_release": {"maya"},
    "therapist_hand_over": {"maya", "maria"},
    "therapist_change_room": {"maya", "maria"},
    "staff_hold": STAFF,
    "staff_release_hold": STAFF,
    "staff_cancel": STAFF,
    "staff_reopen": STAFF,
    "manager_cancel": {"maria"},
    "undo": STAFF,
}


@pytest.fixture
def people(maya, carl, maria, mona) -> dict[str, User]:
    return {"maya": maya.user, "carl": carl.user, "maria": maria, "mona": mona}


@pytest.mark.parametrize("command", MAY)
@pytest.mark.parametrize("person", ["maya", "carl", "maria", "mona"])
def test_a_command_is_for_its_roles(people, person, command):
    caller = Caller(people[person], people[person].branch)
    # A permitted caller is refused for the data, any other for the role.
    with pytest.raises(Invalid if person in MAY[command] else NotAllowed):
        answer(caller, command, {"nonsense": True})


@pytest.mark.parametrize("command", MAY)
def test_a_visitor_may_none_of_it(branch, command):
    with pytest.raises(NotAuthenticated):
        answer(Caller(None, branch), command, {})


@pytest.mark.parametrize("command", ["therapist_release", "staff_cancel"])
@pytest.mark.parametrize("reason", ["", "  ", "\u202e"])
def test_a_reason_has_something_to_read(maya, make_transaction, command, reason):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    data = {"transaction_id": called.pk, "reason": reason}
    with pytest.raises(Invalid) as refusal:
        answer(Caller(maya.user, maya.user.branch), command, data)
    assert refusal.value.as_reply()["field"] == "reason"


def test_the_history_names_who_entered_an_order(branch, carl, hour):
    data = {"items": [{"service_classification_id": hour.pk}], "customer_name": "Ben"}
    reply = answer(Caller(carl.user, branch), "staff_confirm_selection", data)
    event = TransactionEvent.objects.get(transaction=reply["transaction"]["id"])
    assert (event.by, event.to_status) == (carl.user, Status.PENDING_THERAPIST)
    assert reply["key"]


def test_a_customer_cancels_without_logging_in(branch, client, make_transaction):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    body = json.dumps({"key": waiting.key})
    reply = client.post("/api/commands/customer_cancel/", body, content_type="application/json")
    assert reply.json()["transaction"]["status"] == "cancelled"


def test_a_therapists_day_has_their_customers_and_totals(maya, noor, make_transaction):
    first = make_transaction(Status.FINISHED)
    second = make_transaction(Status.FINISHED)
    make_transaction(Status.FINISHED, therapist=noor)
    make_transaction(Status.THERAPIST_CONFIRMED)
    day = session_of(maya.user).get("/api/days/therapist/").json()
    assert [row["id"] for row in day["transactions"]] == [second.pk, first.pk]
    assert (day["customers"], day["minutes"], day["amount"]) == (2, 120, "1000.00")


def test_only_a_therapist_has_a_therapists_day(carl, client):
    assert client.get("/api/days/therapist/").status_code == 401
    assert session_of(carl.user).get("/api/days/therapist/").status_code == 403


def test_the_current_customer_is_there_again_after_a_reload_or_elsewhere(maya, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    shown = session_of(maya.user).get("/api/snapshots/therapist/").json()
    mine = [row for row in shown["transactions"] if row["therapist_id"] == shown["me"]["id"]]
    assert [(row["id"], row["status"]) for row in mine] == [(treated.pk, "in_service")]
