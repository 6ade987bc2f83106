"""Tests of the promises of docs/protocol.md over WebSockets, by a client written from that page."""

import asyncio
import json

import pytest

from spa_project.tests.wire.client import PATIENCE, open_screen
from tools.servers import reset_spa
from tools.servers.clients import PASSWORD

pytestmark = [pytest.mark.servers, pytest.mark.asyncio]

SETUP = {"setup", "branch", "server_now"}
THERAPIST = {
    *("id", "name", "room_number"),
    *("presence", "presence_since", "back_at", "version"),
}


@pytest.fixture
def opened(server, staff):
    """Return a function that opens a socket, for a person or a visitor."""

    def opened(path: str, who: str = "", **headers: str):
        login = {"Authorization": staff(who).headers["Authorization"]} if who else {}
        return open_screen(server.url, path, **login, **headers)

    return opened


@pytest.fixture
def ordered(visitor, offers) -> dict:
    """Return the result of an order."""
    items = [{"service_classification_id": offers[0]["id"]}]
    return visitor.does("customer_confirm_selection", items=items)


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("path", "who", "keys"),
    [
        ("customer/?branch=main", "", {"wait_minutes"}),
        ("board/?branch=main", "", {"transactions", "message", "picture"}),
        (
            "therapist/",
            "therapist1",
            {"me", "therapists", "skills", "transactions", "rooms", "rotation"},
        ),
        ("cashier/", "cashier1", {"me", "transactions", "methods", "discounts"}),
        (
            "monitor/",
            "monitor1",
            {
                *("transactions", "rooms", "therapists", "skills", "rotation"),
                *("cashiers", "statistics"),
            },
        ),
    ],
)
async def test_a_screen_first_hears_its_snapshot_and_then_matching_heartbeats(
    opened, path, who, keys
):
    async with opened(path, who) as screen:
        data = (await screen.hear("snapshot"))["data"]
        assert data.keys() == SETUP | keys
        known = {"slug", "name", "time_zone", "currency", "active", "suggests_add_ons"}
        assert data["branch"].keys() == known
        await screen.send(json.dumps({"command": "snapshot"}))
        again = (await screen.hear("snapshot"))["data"]
        assert again | {"server_now": 0} == data | {"server_now": 0}
        if path.startswith("customer"):
            heartbeat = (await screen.hear("heartbeat"))["data"]
            assert heartbeat == {name: data[name] for name in ("setup", "wait_minutes")}
        else:
            heartbeat = await screen.in_step()
            more = {"statistics"} if who == "monitor1" else set()
            more |= {"presence"} if "therapists" in keys else set()
            assert heartbeat.keys() == {"count", "versions", "setup"} | more


@pytest.mark.timed
async def test_heartbeats_come_every_five_seconds(spa, processes):
    reset_spa(**spa)
    async with open_screen(processes.one.url, "board/?branch=main") as board:
        await board.hear("heartbeat")
        begun = asyncio.get_running_loop().time()
        await board.hear("heartbeat")
        assert 4 < asyncio.get_running_loop().time() - begun < 7


async def test_the_screen_of_therapists_knows_who_they_are(opened):
    async with opened("therapist/", "therapist1") as screen:
        me = (await screen.hear("snapshot"))["data"]["me"]
        assert me.keys() == {"id", "name", "room_number", "gender", "shared_rooms"}
        for each in screen.snapshot["therapists"]:
            assert each.keys() == THERAPIST


async def test_presence_is_announced_to_who_shows_therapists(opened, staff):
    async with opened("monitor/", "monitor1") as monitor:
        await monitor.hear("snapshot")
        took = staff("therapist2").does("therapist_break", minutes=15)["therapist"]
        told = await monitor.hear_of("therapist", "presence_updated", **took)
        assert told.keys() == THERAPIST
        assert (told["presence"], bool(told["back_at"])) == ("on_break", True)
        await monitor.in_step()
        staff("therapist2").does("therapist_clock_out")
        await monitor.in_step()


async def test_the_snapshot_over_http_is_the_sockets(opened, staff, ordered):
    async with opened("monitor/", "monitor1") as monitor:
        told = (await monitor.hear("snapshot"))["data"]
    read = staff("monitor1").get("/api/snapshots/monitor/").data
    assert read | {"server_now": 0} == told | {"server_now": 0}


async def test_a_ticket_hears_its_place_and_its_own_steps(opened, staff, ordered, visitor, offers):
    items = [{"service_classification_id": offers[0]["id"]}]
    second = visitor.does("customer_confirm_selection", items=items)
    async with opened(f"ticket/{second['key']}/") as ticket:
        data = (await ticket.hear("snapshot"))["data"]
        assert data.keys() == SETUP | {"transaction", "before", "wait_minutes"}
        # Null before the day's first treatment has ended, which tests of other files may have done.
        low, high = data["wait_minutes"] or (0, 0)
        assert (data["before"], low % 5, high % 5, low <= high) == (1, 0, 0, True)
        heartbeat = await ticket.in_step()
        assert heartbeat.keys() == {"count", "versions", "setup", "before", "wait_minutes"}
        staff("therapist1").does("therapist_confirm_next")
        staff("therapist2").does("therapist_confirm_next")
        told = await ticket.hear_of(
            "transaction", "customer_txn_update", status="therapist_confirmed"
        )
        assert told["id"] == second["transaction"]["id"]
        while (await ticket.in_step())["before"] is not None:
            pass


async def test_results_go_to_the_asker_alone_and_carry_its_id(opened):
    async with opened("therapist/", "therapist1") as one, opened("therapist/", "therapist1") as two:
        for sent in ("any text", 7, 7.5):
            result = await one.ask("therapist_confirm_next", id=sent)
            assert (result["ok"], result["code"]) == (False, "queue_empty")
            assert result["error"]
        await two.send(json.dumps({"command": "snapshot"}))
        heard = [message["event"] for message in two._unread]
        await two.hear("snapshot")
        await two.hear("heartbeat")
        heard += [message["event"] for message in two._unread]
        assert "therapist_confirm_next_result" not in heard


async def test_every_screen_hears_every_step_in_order(opened, staff, visitor, offers):
    async with (
        opened("therapist/", "therapist1") as therapist,
        opened("cashier/", "cashier1") as cashier,
        opened("monitor/", "monitor1") as monitor,
        opened("board/?branch=main") as board,
    ):
        screens = (therapist, cashier, monitor, board)
        for screen in screens:
            await screen.hear("snapshot")
        items = [{"service_classification_id": offers[0]["id"]}]
        pk = visitor.does("customer_confirm_selection", items=items)["transaction"]["id"]
        number = {"transaction_id": pk}
        assert (await therapist.ask("therapist_confirm_next"))["transaction"]["id"] == pk
        assert (await therapist.ask("therapist_start_service", **number))["ok"]
        assert (await therapist.ask("therapist_finish_service", **number))["ok"]
        assert (await cashier.ask("cashier_claim_next"))["transaction"]["id"] == pk
        due = cashier.rows[pk]["total_amount"]
        assert (await cashier.ask("cashier_pay", **number, amount_paid=due))["ok"]
        statuses = ["pending_therapist", "therapist_confirmed", "in_service", "finished"]
        await hears(therapist, "therapist_queue_updated", pk, statuses)
        await hears(board, "board_updated", pk, statuses)
        await hears(monitor, "monitor_updated", pk, [*statuses, "awaiting_payment"])
        await hears(cashier, "cashier_queue_updated", pk, ["finished", "awaiting_payment"])
        for screen in screens:
            heartbeat = await screen.in_step()
            assert pk not in screen.rows
            assert heartbeat["count"] == len(screen.rooms)


async def hears(screen, event: str, pk: int, statuses: list[str]) -> None:
    """Hear of each of these states of a visit, with growing versions; other events are skipped."""
    version = 0
    for status in statuses:
        row = await screen.hear_of("transaction", event, id=pk)
        assert row["status"] == status
        assert row["version"] > version
        version = row["version"]


async def test_the_board_is_told_no_names_and_no_money(opened, ordered):
    async with opened("board/?branch=main") as board:
        [row] = (await board.hear("snapshot"))["data"]["transactions"]
        assert row.keys() == {
            "id",
            "version",
            "code",
            "status",
            "room_number",
            "calls",
            "counter_number",
        }


async def test_who_is_on_hold_stays_on_the_screens(opened, staff, ordered):
    pk = ordered["transaction"]["id"]
    async with opened("board/?branch=main") as board, opened("therapist/", "therapist1") as desk:
        for screen in (board, desk):
            await screen.hear("snapshot")
        held = staff("cashier1").does("staff_hold", transaction_id=pk)["transaction"]
        assert held["held_until"]
        for screen in (board, desk):
            await screen.in_step()
            assert screen.rows[pk]["status"] == "on_hold"


async def test_rooms_are_announced_to_who_shows_them(opened, staff):
    async with opened("monitor/", "monitor1") as monitor:
        number = (await monitor.hear("snapshot"))["data"]["rooms"][0]["number"]
        staff("manager1").does("room_set_status", room_number=number, status="out_of_service")
        room = await monitor.hear_of("room", "room_updated", number=number)
        assert room.keys() == {"number", "status", "version", "closing"}
        assert room["status"] == "out_of_service"
        await monitor.in_step()


async def test_who_reconnects_has_what_happened_meanwhile(opened, staff, ordered):
    pk = ordered["transaction"]["id"]
    async with opened("monitor/", "monitor1") as monitor:
        await monitor.hear("snapshot")
        assert monitor.rows[pk]["status"] == "pending_therapist"
    staff("therapist1").does("therapist_confirm_next")
    async with opened("monitor/", "monitor1") as monitor:
        await monitor.hear("snapshot")
        assert monitor.rows[pk]["status"] == "therapist_confirmed"
        await monitor.in_step()


async def test_takings_come_to_managers_in_a_heartbeat_of_their_own(opened):
    async with opened("monitor/", "manager1") as monitor:
        assert "revenue_today" in (await monitor.hear("snapshot"))["data"]
        async with asyncio.timeout(PATIENCE):
            while (data := (await monitor.hear("heartbeat"))["data"]).keys() != {"revenue_today"}:
                assert "revenue_today" not in data


# -- Closing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "who", "code"),
    [
        ("therapist/", "", 4401),
        ("monitor/", "", 4401),
        ("therapist/", "cashier1", 4403),
        ("cashier/", "therapist1", 4403),
        ("ticket/no-such-key/", "", 4404),
        ("nothing-here/", "", 4404),
    ],
)
async def test_a_refused_socket_says_why(opened, path, who, code):
    async with opened(path, who) as screen:
        assert await screen.close_code() == code


async def test_three_frames_that_are_no_messages_close(opened):
    async with opened("customer/?branch=main") as screen:
        await screen.hear("snapshot")
        for frame in ("no json", "[]", '{"no": "command"}'):
            await screen.send(frame)
            error = await screen.hear("error")
            assert error.keys() == {"event", "id", "ok", "code", "error"}
            assert (error["id"], error["ok"], error["code"]) == (None, False, "invalid")
        assert await screen.close_code() == 4400


async def test_a_message_over_16_kib_closes(opened):
    async with opened("customer/?branch=main") as screen:
        await screen.send(json.dumps({"command": "snapshot", "data": {"x": "x" * 16_384}}))
        assert await screen.close_code() == 1009


async def test_who_sends_too_fast_is_closed(opened):
    async with opened("board/?branch=main") as screen:
        await screen.hear("snapshot")
        for _each in range(200):
            await screen.send(json.dumps({"command": "snapshot"}))
        assert await screen.close_code() == 4429


async def test_a_ticket_opens_one_socket_once(opened, staff):
    answer = staff("therapist1").post("/api/ws-ticket/").data
    assert answer.keys() == {"ok", "ticket", "expires_at"}
    path = f"therapist/?auth_token={answer['ticket']}"
    async with opened(path) as screen:
        assert (await screen.hear("snapshot"))["data"]["me"]
    async with opened(path) as screen:
        assert await screen.close_code() == 4401


async def test_a_token_is_no_ticket(opened, staff):
    token = staff("therapist1").headers["Authorization"].removeprefix("Bearer ")
    async with opened(f"therapist/?auth_token={token}") as screen:
        assert await screen.close_code() == 4401


async def test_a_logout_closes_the_socket(opened, visitor):
    login = {"username": "therapist3", "password": PASSWORD}
    token = visitor.post("/api/login/", login).data["token"]
    async with opened("therapist/", X_Auth_Token=token) as screen:
        await screen.hear("snapshot")
        visitor.with_headers(X_Auth_Token=token).post("/api/logout/")
        assert await screen.close_code() == 4401
