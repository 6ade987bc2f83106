"""Tests of a customer's journey over real sockets of two processes, on MariaDB and Redis."""

import asyncio
import uuid
from itertools import chain

import pytest

from tools.servers.clients import Desk, Visit, desk

pytestmark = [pytest.mark.servers, pytest.mark.asyncio]

WAITING = 40


async def step(who: Desk, command: str, *seen_by: Desk, **data) -> Visit:
    """Send a command, and wait until every screen concerned has received the change."""
    visit = await who.does(command, **data)
    await asyncio.gather(*(screen.sees(visit) for screen in seen_by))
    return visit


async def test_every_screen_follows_a_customer_through_two_processes(floor):
    first, second = floor.offers()[:2]
    order = {
        "items": [{"service_classification_id": first["id"]}],
        "customer_name": "Ana",
        "request_id": str(uuid.uuid4()),
    }
    async with (
        desk(floor.one, "/ws/customer/") as customer,
        desk(floor.two, "/ws/therapist/", "therapist1") as therapist,
        desk(floor.one, "/ws/cashier/", "cashier1") as cashier,
        desk(floor.two, "/ws/monitor/", "monitor1") as monitor,
        desk(floor.one, "/ws/board/") as board,
    ):
        reply = await customer.ask("customer_confirm_selection", **order)
        visit = reply["transaction"]
        assert visit["status"] == "pending_therapist"
        await asyncio.gather(*(screen.sees(visit) for screen in (therapist, monitor, board)))

        async with desk(floor.two, f"/ws/ticket/{reply['key']}/") as ticket:
            await ticket.sees(visit)
            this = {"transaction_id": visit["id"]}
            public = (ticket, monitor, board)

            visit = await step(therapist, "therapist_confirm_next", *public)
            assert (visit["id"], visit["status"]) == (this["transaction_id"], "therapist_confirmed")
            assert visit["room_number"] == therapist.snapshot["me"]["room_number"]

            visit = await step(therapist, "therapist_start_service", *public, **this)
            assert visit["status"] == "in_service"

            added = this | {"service_classification_id": second["id"]}
            visit = await step(therapist, "therapist_add_service", *public, **added)
            assert len(ticket.visits[visit["id"]]["items"]) == 2

            removed = this | {"item_id": visit["items"][1]["id"]}
            visit = await step(therapist, "therapist_remove_item", *public, **removed)
            assert ticket.visits[visit["id"]]["total_amount"] == first["price"]

            visit = await step(therapist, "therapist_finish_service", cashier, *public, **this)
            assert visit["status"] == "finished"

            visit = await step(cashier, "cashier_claim_next", ticket, monitor)
            assert (visit["id"], visit["status"]) == (this["transaction_id"], "awaiting_payment")

            money = {"amount_paid": "99999.00", "confirmed": True, "request_id": str(uuid.uuid4())}
            visit = await step(cashier, "cashier_pay", ticket, monitor, **this, **money)
            assert visit["status"] == "paid"
            assert ticket.visits[visit["id"]]["payment"]["amount_due"] == first["price"]


async def serve_everybody(therapist: Desk) -> list[int]:
    """Claim, start and finish until nobody waits; return whom this therapist served."""
    served: list[int] = []
    room = {"room_number": therapist.snapshot["me"]["room_number"], "status": "available"}
    assert (await therapist.ask("room_set_status", **room))["ok"]
    while (reply := await therapist.ask("therapist_confirm_next"))["ok"]:
        this = {"transaction_id": reply["transaction"]["id"]}
        served.append(this["transaction_id"])
        await therapist.does("therapist_start_service", **this)
        await therapist.does("therapist_finish_service", **this)
        assert (await therapist.ask("room_set_status", **room))["ok"]
    assert reply["code"] == "queue_empty"
    return served


async def test_therapists_on_two_processes_never_get_the_same_customer(floor):
    order = {"items": [{"service_classification_id": floor.offers()[0]["id"]}]}
    async with (
        desk(floor.one, "/ws/customer/") as customer,
        desk(floor.one, "/ws/therapist/", "therapist1") as anna,
        desk(floor.two, "/ws/therapist/", "therapist2") as ben,
        desk(floor.one, "/ws/therapist/", "therapist3") as carmen,
        desk(floor.two, "/ws/therapist/", "therapist4") as dario,
    ):
        waiting = [
            (await customer.does("customer_confirm_selection", **order))["id"]
            for _each in range(WAITING)
        ]
        therapists = (anna, ben, carmen, dario)
        served = await asyncio.gather(*(serve_everybody(each) for each in therapists))

    assert sorted(chain(*served)) == waiting
    assert all(served), "a therapist served nobody"
    # Each of them claimed whoever had waited longest.
    assert served == [sorted(each) for each in served]
