"""Tests of the floor's sockets: roles, screens and commands."""

from typing import Any

import pytest

from accounts.models import Therapist, User
from conftest import open_socket
from queueing import services
from queueing.models import Transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.db.pool import pool

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


async def test_a_customer_confirms_and_a_therapist_sees_it(branch, maya, hour):
    async with (
        open_socket("/ws/customer/?branch=makati") as customer,
        open_socket("/ws/therapist/", maya.user) as desk,
    ):
        snapshot = await desk.hear("snapshot")
        assert snapshot["data"]["transactions"] == []
        assert snapshot["data"]["me"] == {
            "id": maya.pk,
            "name": "Maya",
            "room_number": "1",
            "gender": "",
            "shared_rooms": False,
        }
        result = await customer.ask(
            "customer_confirm_selection",
            items=[{"service_classification_id": hour.pk}],
            customer_name="Ana",
        )
        assert result["ok"]
        assert result["key"]
        told = await desk.hear("therapist_queue_updated")
        assert told["data"]["transaction"] == result["transaction"]
        assert told["data"]["transaction"]["code"] == "0001"


async def test_the_whole_treatment_over_one_socket(maya, compress, make_transaction):
    waiting = await pool.run(make_transaction, Status.PENDING_THERAPIST)
    async with open_socket("/ws/therapist/", maya.user) as desk:
        claimed = await desk.ask("therapist_confirm_next")
        assert claimed["transaction"]["id"] == waiting.pk
        assert claimed["transaction"]["therapist"] == "Maya"
        await desk.ask("therapist_start_service", transaction_id=waiting.pk)
        added = await desk.ask(
            "therapist_add_service",
            transaction_id=waiting.pk,
            service_classification_id=compress.pk,
        )
        assert added["transaction"]["total_amount"] == "600.50"
        item_id = added["transaction"]["items"][1]["id"]
        removed = await desk.ask(
            "therapist_remove_item", transaction_id=waiting.pk, item_id=item_id
        )
        assert removed["transaction"]["total_amount"] == "500.00"
        finished = await desk.ask("therapist_finish_service", transaction_id=waiting.pk)
        assert finished["transaction"]["status"] == "finished"
        assert (await desk.hear("room_updated"))["data"]["room"]["status"] == "occupied"
        assert (await desk.hear("room_updated"))["data"]["room"]["status"] == "preparing"
        ready = await desk.ask("room_set_status", room_number="1", status="available")
        assert ready["room"]["status"] == "available"


async def test_a_customer_follows_their_own_ticket_only(maya, make_transaction):
    mine = await pool.run(make_transaction, Status.PENDING_THERAPIST)
    await pool.run(make_transaction, Status.PENDING_THERAPIST)
    async with open_socket(f"/ws/ticket/{mine.key}/") as ticket:
        snapshot = await ticket.hear("snapshot")
        assert snapshot["data"]["transaction"]["code"] == mine.code
        await pool.run(services.confirm_next, maya)
        update = await ticket.hear("customer_txn_update")
        assert update["data"]["transaction"]["room_number"] == "1"
        assert update["data"]["transaction"]["id"] == mine.pk


async def test_an_unknown_ticket_is_closed_with_4404(db):
    async with open_socket("/ws/ticket/no-such-key/") as ticket:
        assert await ticket.close_code() == 4404


async def test_the_board_and_the_monitor_follow(branch, mona, maya, make_transaction):
    await pool.run(make_transaction, Status.PENDING_THERAPIST)
    async with (
        open_socket("/ws/board/?branch=makati") as board,
        open_socket("/ws/monitor/", mona) as monitor,
    ):
        rows = (await board.hear("snapshot"))["data"]["transactions"]
        shown = {"id", "version", "code", "status", "room_number", "calls", "counter_number"}
        assert [set(row) for row in rows] == [shown]
        floor = (await monitor.hear("snapshot"))["data"]
        assert [row["code"] for row in floor["transactions"]] == ["0001"]
        assert [room["number"] for room in floor["rooms"]] == ["1"]
        await pool.run(services.confirm_next, maya)
        called = (await board.hear("board_updated"))["data"]["transaction"]
        assert (called["code"], called["room_number"]) == ("0001", "1")
        assert (await monitor.hear("monitor_updated"))["data"]["transaction"]["status"] == (
            "therapist_confirmed"
        )


@pytest.mark.parametrize("path", ["/ws/therapist/", "/ws/cashier/", "/ws/monitor/"])
async def test_a_stranger_is_closed_with_4401(db, path):
    async with open_socket(path) as socket:
        assert await socket.close_code() == 4401


@pytest.mark.parametrize("path", ["/ws/therapist/", "/ws/cashier/"])
async def test_a_desk_is_for_its_own_role(mona, path):
    async with open_socket(path, mona) as socket:
        assert await socket.close_code() == 4403


async def test_an_unknown_address_is_closed_with_4404(db):
    async with open_socket("/ws/nowhere/") as socket:
        assert await socket.close_code() == 4404


async def test_one_person_may_hold_two_roles(carl, make_transaction):
    await pool.run(Therapist.objects.create, user=carl.user, display_name="Carl")
    for path in ("/ws/therapist/", "/ws/cashier/"):
        async with open_socket(path, carl.user) as socket:
            assert await socket.hear("snapshot")


async def test_who_is_switched_off_while_connected_hears_4401(maya):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        await desk.hear("snapshot")
        await pool.run(User.objects.filter(pk=maya.user.pk).update, is_active=False)
        reply = await desk.ask("therapist_confirm_next")
        assert reply["code"] == "not_authenticated"
        assert await desk.close_code() == 4401


async def test_a_visitor_cannot_use_staff_commands(branch, make_transaction):
    await pool.run(make_transaction, Status.PENDING_THERAPIST)
    async with open_socket("/ws/customer/?branch=makati") as customer:
        reply = await customer.ask("therapist_confirm_next")
        assert (reply["ok"], reply["code"]) == (False, "not_authenticated")


async def test_a_cashier_cannot_use_a_therapists_commands(carl, make_transaction):
    waiting = await pool.run(make_transaction, Status.PENDING_THERAPIST)
    async with open_socket("/ws/monitor/", carl.user) as socket:
        reply = await socket.ask("therapist_confirm_next")
        assert reply["code"] == "not_allowed"
    await pool.run(waiting.refresh_from_db)
    assert waiting.status == Status.PENDING_THERAPIST


async def test_another_therapists_room_is_not_mine_to_set(maya, noor):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        reply = await desk.ask("room_set_status", room_number="2", status="preparing")
        assert reply["code"] == "not_allowed"


async def test_a_snapshot_can_be_asked_for(maya):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        first = await desk.hear("snapshot")
        await desk.send('{"command": "snapshot"}')
        again = await desk.hear("snapshot")
        assert again["data"]["rooms"] == first["data"]["rooms"]
        assert again["data"]["server_now"] > first["data"]["server_now"]


async def test_a_change_made_elsewhere_reaches_the_screen(branch, maya, hour):
    async with open_socket("/ws/therapist/", maya.user) as desk:
        await desk.hear("snapshot")
        await pool.run(services.confirm_selection, branch, choices=[Choice(hour.pk)])
        assert (await desk.hear("therapist_queue_updated"))["data"]["transaction"]["id"]


async def test_another_branch_hears_nothing(other_branch, olga, make_transaction):
    async with open_socket("/ws/therapist/", olga.user) as desk:
        assert (await desk.hear("snapshot"))["data"]["transactions"] == []
        await pool.run(make_transaction, Status.PENDING_THERAPIST)
        await desk.send('{"command": "snapshot"}')
        assert (await desk.hear_any())["event"] == "snapshot"


BAD_CONFIRMATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no items": ({"items": []}, "empty_selection"),
    "items missing": ({}, "invalid"),
    "items not a list": ({"items": "all"}, "invalid"),
    "unknown service": ({"items": [{"service_classification_id": 999999}]}, "service_not_found"),
    "number as text": ({"items": [{"service_classification_id": "1"}]}, "invalid"),
    "truth as number": ({"items": [{"service_classification_id": True}]}, "invalid"),
    "no whole number": ({"items": [{"service_classification_id": 1.5}]}, "invalid"),
    "number too big": ({"items": [{"service_classification_id": 2**64}]}, "invalid"),
    "zero of it": ({"items": [{"service_classification_id": 1, "quantity": 0}]}, "invalid"),
    "too many of it": ({"items": [{"service_classification_id": 1, "quantity": 99}]}, "invalid"),
    "too many lines": ({"items": [{"service_classification_id": 1}] * 21}, "invalid"),
    "something unknown": ({"items": [], "discount": 1}, "invalid"),
    "name too long": (
        {"items": [{"service_classification_id": 1}], "customer_name": "x" * 61},
        "invalid",
    ),
    "half a character": (
        {"items": [{"service_classification_id": 1}], "customer_name": "\ud800"},
        "invalid",
    ),
    "request id with blanks": (
        {"items": [{"service_classification_id": 1}], "request_id": "a b c d e f"},
        "invalid",
    ),
}


@pytest.mark.parametrize("case", BAD_CONFIRMATIONS)
async def test_a_bad_confirmation_is_refused_in_words(branch, hour, case):
    data, code = BAD_CONFIRMATIONS[case]
    async with open_socket("/ws/customer/?branch=makati") as customer:
        reply = await customer.ask("customer_confirm_selection", **data)
        assert (reply["ok"], reply["code"]) == (False, code)
        assert reply["error"]
    assert await pool.run(Transaction.objects.count) == 0


async def test_without_a_branch_a_customer_is_asked_for_one(branch, other_branch, hour):
    async with open_socket("/ws/customer/") as customer:
        reply = await customer.ask(
            "customer_confirm_selection", items=[{"service_classification_id": hour.pk}]
        )
        assert reply["code"] == "invalid"
        assert "branch" in reply["error"]


async def test_a_name_is_kept_on_one_line(branch, hour):
    async with open_socket("/ws/customer/?branch=makati") as customer:
        reply = await customer.ask(
            "customer_confirm_selection",
            items=[{"service_classification_id": hour.pk}],
            customer_name=" A\r\nna\u202e <b>💆</b>\x00 ",
        )
        assert reply["transaction"]["customer_name"] == "Ana <b>💆</b>"
