"""Tests that a retried command takes effect once when a process died around its commit."""

import asyncio
import uuid
from contextlib import AsyncExitStack
from typing import Any, Self

import pytest

from queueing.simulation.client import ConnectionLost, LiveClient, log_in
from spa_project.tests.faults.points import POINTS
from tools.faults.people import all_are_right, screens_on
from tools.faults.screen import living
from tools.servers import AppServer
from tools.servers.clients import PASSWORD

pytestmark = [pytest.mark.servers, pytest.mark.asyncio]

#: Number of changes to a customer, once each command has succeeded.
VERSIONS = {"customer_confirm_selection": 1, "therapist_confirm_next": 2, "cashier_pay": 7}
PATHS = {"customer": "/ws/customer/", "therapist": "/ws/therapist/", "cashier": "/ws/cashier/"}


class People(AsyncExitStack):
    """Customer, therapist and cashier, all at one process."""

    def __init__(self, server: AppServer, tokens: dict[str, str]) -> None:
        super().__init__()
        self.lines = {
            role: LiveClient([server.url], path, token=tokens.get(role, ""))
            for role, path in PATHS.items()
        }

    async def __aenter__(self) -> Self:
        for line in self.lines.values():
            await self.enter_async_context(line)
        return self

    async def ask(self, command: str, **data: Any) -> dict[str, Any]:
        """Send a command as the role that it belongs to."""
        return await self.lines[command.partition("_")[0]].ask(command, **data)

    async def does(self, command: str, **data: Any) -> dict[str, Any]:
        """Send a command that must succeed."""
        reply = await self.ask(command, **data)
        assert reply["ok"], reply
        return reply


@pytest.fixture(scope="package")
def tokens(processes, staff) -> dict[str, str]:
    url = processes.one.url
    return {role: log_in(url, f"{role}2", PASSWORD).token for role in ("therapist", "cashier")}


async def bring_to(command: str, people: People, order: dict[str, Any]) -> dict[str, Any]:
    """Do everything that precedes a command; return the command's data."""
    if command == "customer_confirm_selection":
        return order
    visit = (await people.does("customer_confirm_selection", **order))["transaction"]
    this = {"transaction_id": visit["id"]}
    if command == "therapist_confirm_next":
        return {}
    await people.does("therapist_confirm_next")
    await people.does("therapist_start_service", **this)
    await people.does("therapist_finish_service", **this)
    await people.does("cashier_claim_next")
    return this | {"amount_paid": visit["total_amount"], "request_id": str(uuid.uuid4())}


async def go_home(command: str, done: dict[str, Any], people: People) -> None:
    """Leave the floor as it was found: no customer, and the room available."""
    this = {"transaction_id": done["id"]}
    if command == "customer_confirm_selection":
        done = (await people.does("therapist_confirm_next"))["transaction"]
        assert done["id"] == this["transaction_id"]
    if command != "cashier_pay":
        if done["status"] == "therapist_confirmed":  # else another test left the visit unfinished
            await people.does("therapist_start_service", **this)
        await people.does("therapist_finish_service", **this)
        await people.does("cashier_claim_next")
        await people.does("cashier_pay", **this, amount_paid=done["total_amount"])
    ready = await room_made_ready(people)
    assert ready["ok"], ready


async def room_made_ready(people: People) -> dict[str, Any]:
    therapist = people.lines["therapist"]
    room = therapist.snapshot["me"]["room_number"]
    return await therapist.ask("room_set_status", room_number=room, status="available")


async def death_of(server: AppServer) -> None:
    async with asyncio.timeout(10):
        while server.running:
            await asyncio.sleep(0.02)


async def empty_the_floor(people: People) -> None:
    """Serve all customers whom other tests have left in a queue, or with the therapist."""
    while (reply := await people.ask("therapist_confirm_next"))["ok"]:
        await go_home("therapist_confirm_next", reply["transaction"], people)
    assert reply["code"] == "queue_empty", reply
    while (reply := await people.ask("cashier_claim_next"))["ok"]:
        visit = reply["transaction"]
        due = {"transaction_id": visit["id"], "amount_paid": visit["total_amount"]}
        await people.does("cashier_pay", **due)


@pytest.mark.sample(3)
@pytest.mark.parametrize("command", VERSIONS)
@pytest.mark.parametrize("point", POINTS)
async def test_what_died_half_way_is_done_once_when_asked_again(
    command, point, processes, staff, tokens, start_faulty
):
    offer = processes.offers()[0]
    order = {
        "items": [{"service_classification_id": offer["id"]}],
        "request_id": str(uuid.uuid4()),
    }
    doomed = start_faulty(f"points:{command}@{point}")
    screens = screens_on(processes.two, staff)
    async with living(screens), People(processes.one, tokens) as people:
        await empty_the_floor(people)
        data = await bring_to(command, people, order)
        await all_are_right(processes.two, screens)
        before = [screen.shown()["rows"].copy() for screen in screens]
        async with People(doomed, tokens) as unlucky:
            if point == "after reply":
                first = await unlucky.does(command, **data)
            else:
                with pytest.raises(ConnectionLost):
                    await unlucky.ask(command, **data)
        await death_of(doomed)
        if point in ("after lock", "after status", "after another row", "before commit"):
            shown = [screen.shown()["rows"] for screen in screens]
            assert shown == before, "a screen was told of what never happened"
        again = await people.does(command, **data)
        if point == "after reply":
            assert again == first | {"id": again["id"]}
        assert again["transaction"]["version"] == VERSIONS[command]
        await all_are_right(processes.two, screens)
        await go_home(command, again["transaction"], people)
